"""Ledger rows as a table that becomes a list of cards on a narrow screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from spinebook.book.ledger import Row
from spinebook.book.numerals import compact
from spinebook.book.rules import Region, Verdict
from spinebook.book.site.badge import badge, icon
from spinebook.book.site.html import anchor, inline
from spinebook.book.site.rows import KIND_TITLES, PROFILE_TITLES, profiles_of
from spinebook.book.site.strip_plot import strip

COLUMNS = ("Claim", "Published, and the rule", "Measured", "Verdict")

_ONE_POINT = re.compile(r"^(.+) ± 0(?![\d.×])")

PLACES = {
    Verdict.REPRODUCED: "inside the bounds",
    Verdict.CONTRADICTED: "outside the bounds",
    Verdict.INCONCLUSIVE: "across a bound",
}


@dataclass(frozen=True)
class Links:
    """Where a row leads, each as address and text; what is None is left out.

    Attributes:
        chapter: the row's own place in its chapter, on pages that show more than one.
        figure: the figure that shows the row best.
        code: the code cell that measures it.
        source: the line of code in the repository.
    """

    chapter: tuple[str, str] | None = None
    figure: tuple[str, str] | None = None
    code: tuple[str, str] | None = None
    source: tuple[str, str] | None = None


def ledger_table(rows: Iterable[Row], label: str, links: Callable[[Row], Links]) -> str:
    """Return a table of ledger rows.

    Args:
        rows: rows with their verdicts.
        label: what the table holds, for screen readers.
        links: gives where a row leads.

    Returns:
        HTML; roles are written out because cards on narrow screens are no longer displayed as a
        table, which would otherwise take the meaning of rows and cells away.
    """
    head = "".join(f'<th role="columnheader" scope="col">{name}</th>' for name in COLUMNS)
    body = "".join(_row(row, links(row)) for row in rows)
    return (
        '<div class="sb-ledger-box">'
        f'<table class="sb-ledger" role="table" aria-label="{escape(label)}">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table></div>'
    )


def rule_text(row: Row) -> str:
    """Return the rule of a row as HTML, with one line per quantity where there are several."""
    rule = row.claim.rule
    if rule is None:
        return ""
    regions = rule.regions
    if len(regions) == 1:
        text = f"{_bounds(regions[0])} for {inline(regions[0].quantity)}"
        return f'<div class="sb-rule"><b>Rule:</b> {text}</div>'
    number = len(regions)
    text = "all of these" if rule.needed == number else f"at least {rule.needed} of these {number}"
    items = "".join(
        f"<li>{_letter(index)} {inline(part.quantity)}: {_bounds(part)}</li>"
        for index, part in enumerate(regions)
    )
    return f'<div class="sb-rule"><b>Rule:</b> {text}</div><ul class="sb-regions">{items}</ul>'


def measured(row: Row) -> str:
    """Return what was measured for a row as HTML: value, interval, number, and a strip plot."""
    if not row.measurements:
        return '<span class="sb-note">nothing measured</span>'
    several = len(row.measurements) > 1
    items = "".join(
        f"<li>{_part(index, region, record) if several else ''}{_value(record)}"
        f"{strip(region, record)}{_note(record)}</li>"
        for index, (region, record) in enumerate(row.measurements)
    )
    return f'<ul class="sb-measured">{items}</ul>'


def _row(row: Row, links: Links) -> str:
    names = ("claim", "rule", "measured", "verdict")
    cells = (_statement(row, links), _published(row), measured(row), _verdict(row, links))
    inner = "".join(
        f'<td role="cell" class="sb-cell-{name}" data-label="{column}">{cell}</td>'
        for name, column, cell in zip(names, COLUMNS, cells, strict=True)
    )
    data = {
        "chapter": row.chapter,
        "kind": row.claim.kind,
        "verdict": row.label,
        "profile": profiles_of(row),
    }
    attributes = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())
    return f'<tr role="row" id="{anchor(row.claim.id)}" class="sb-row" {attributes}>{inner}</tr>'


def _statement(row: Row, links: Links) -> str:
    claim = row.claim
    name = f'<a class="sb-id" href="#{anchor(claim.id)}">{escape(claim.id)}</a>'
    about = f"{KIND_TITLES[claim.kind]}, {PROFILE_TITLES[profiles_of(row)]}"
    chapter = f"{_link(links.chapter)} · " if links.chapter else ""
    return (
        f'<div class="sb-row-head">{name} <span class="sb-kind">{chapter}{about}</span>'
        f'</div><div class="sb-statement">{inline(claim.statement)}</div>'
        f'<div class="sb-note">{inline(claim.where)}</div>'
    )


def _published(row: Row) -> str:
    claim = row.claim
    reason = f'<div class="sb-note">{inline(claim.reason)}</div>' if claim.reason else ""
    return f'<div class="sb-published">{inline(claim.published)}</div>{rule_text(row)}{reason}'


def _bounds(region: Region) -> str:
    """Return the bounds in words; a region of one point reads better than "9 ± 0"."""
    return escape(_ONE_POINT.sub(r"exactly \1", region.text))


def _part(index: int, region: Region, record: dict[str, Any]) -> str:
    """Say which quantity of the rule a value is, and on which side of its bounds it lies."""
    verdict = region.judge(record["low"], record["high"])
    side = f'<span class="sb-part sb-{verdict.value}" title="{PLACES[verdict]}">{icon(verdict)}'
    hidden = f'<span class="sb-hidden">{PLACES[verdict]}:</span>'
    return f"{_letter(index)}&nbsp;{side}{hidden}</span>&nbsp;"


def _letter(index: int) -> str:
    return f'<span class="sb-letter">{"abcdefghijklmnopqrstuvwxyz"[index]}</span>'


def _value(record: dict[str, Any]) -> str:
    unit = f" {record['unit']}" if record.get("unit") else ""
    text = f"<b>{escape(compact(record['value']))}</b>{escape(unit)}"
    if record["low"] != record["high"]:
        interval = f"[{escape(compact(record['low']))}, {escape(compact(record['high']))}]"
        text += f' <span class="sb-interval">{interval}</span>'
    if record.get("n") is not None:
        text += f' <span class="sb-note sb-interval">n = {record["n"]:,}</span>'
    return text


def _note(record: dict[str, Any]) -> str:
    return f'<div class="sb-note">{inline(record["note"])}</div>' if record.get("note") else ""


def _verdict(row: Row, links: Links) -> str:
    claim = row.claim
    notes = []
    if claim.kind == "erratum":
        notes.append(f"graded {escape(str(claim.grade))}; evidence: {inline(str(claim.evidence))}")
    if row.reason_not_tested:
        notes.append(inline(row.reason_not_tested))
    shown = [_link(link) for link in (links.figure, links.code, links.source) if link]
    if shown:
        notes.append(" ".join(shown))
    lines = "".join(f'<div class="sb-note">{note}</div>' for note in notes)
    return badge(row.verdict.value, row.label) + lines


def _link(link: tuple[str, str]) -> str:
    address, text = link
    return f'<a href="{escape(address)}">{inline(text)}</a>'
