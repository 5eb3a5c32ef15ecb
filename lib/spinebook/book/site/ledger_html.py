"""Ledger rows as a table that becomes a list of cards on a narrow screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from spinebook.book.ledger import Row
from spinebook.book.numerals import compact
from spinebook.book.rules import Region, Verdict
from spinebook.book.site.badge import badge, icon
from spinebook.book.site.html import anchor, inline
from spinebook.book.site.rows import KIND_TITLES

COLUMNS = ("Claim", "Published, and the rule", "Measured", "Verdict")

_ONE_POINT = re.compile(r"^(.+) ± 0(?![\d.×])")

_SIDES = {
    Verdict.REPRODUCED: "inside the bounds",
    Verdict.CONTRADICTED: "outside the bounds",
    Verdict.INCONCLUSIVE: "across a bound",
}

FigureLink = Callable[[Row], tuple[str, str] | None]
CodeLink = Callable[[Row], str]


def ledger_table(
    rows: Iterable[Row], label: str, figure_link: FigureLink, code_link: CodeLink | None = None
) -> str:
    """Return a table of ledger rows.

    Args:
        rows: rows with their verdicts.
        label: what the table holds, for screen readers.
        figure_link: gives the address and the title of the figure a row points at, or None.
        code_link: gives the address of the chapter, on pages that show more than one.

    Returns:
        HTML; roles are written out because cards on narrow screens are no longer displayed as a
        table, which would otherwise take the meaning of rows and cells away.
    """
    head = "".join(f'<th role="columnheader" scope="col">{name}</th>' for name in COLUMNS)
    body = "".join(_row(row, figure_link, code_link) for row in rows)
    return (
        '<div class="sb-ledger-box">'
        f'<table class="sb-ledger" role="table" aria-label="{escape(label)}">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table></div>'
    )


def _row(row: Row, figure_link: FigureLink, code_link: CodeLink | None) -> str:
    names = ("claim", "rule", "measured", "verdict")
    cells = (_statement(row), _rule(row), _measured(row), _verdict(row, figure_link, code_link))
    inner = "".join(
        f'<td role="cell" class="sb-cell-{name}" data-label="{column}">{cell}</td>'
        for name, column, cell in zip(names, COLUMNS, cells, strict=True)
    )
    data = f'data-chapter="{escape(row.chapter)}" data-kind="{row.claim.kind}"'
    return (
        f'<tr role="row" id="{anchor(row.claim.id)}" class="sb-row" {data} '
        f'data-verdict="{escape(row.label)}">{inner}</tr>'
    )


def _statement(row: Row) -> str:
    claim = row.claim
    link = f'<a class="sb-id" href="#{anchor(claim.id)}">{escape(claim.id)}</a>'
    return (
        f'<div class="sb-row-head">{link} <span class="sb-kind">{KIND_TITLES[claim.kind]}</span>'
        f'</div><div class="sb-statement">{inline(claim.statement)}</div>'
        f'<div class="sb-note">{inline(claim.where)}</div>'
    )


def _rule(row: Row) -> str:
    claim = row.claim
    parts = [f'<div class="sb-published">{inline(claim.published)}</div>']
    if claim.rule:
        regions = claim.rule.regions
        if len(regions) == 1:
            text = f"{_bounds(regions[0])} for {inline(regions[0].quantity)}"
        else:
            needed, number = claim.rule.needed, len(regions)
            text = "all of these" if needed == number else f"at least {needed} of these {number}"
        parts.append(f'<div class="sb-rule"><b>Rule:</b> {text}</div>')
        if len(regions) > 1:
            items = "".join(
                f"<li>{_letter(index)} {inline(part.quantity)}: {_bounds(part)}</li>"
                for index, part in enumerate(regions)
            )
            parts.append(f'<ul class="sb-regions">{items}</ul>')
    if claim.reason:
        parts.append(f'<div class="sb-note">{inline(claim.reason)}</div>')
    return "".join(parts)


def _bounds(region: Region) -> str:
    """Return the bounds in words; a region of one point reads better than "9 ± 0"."""
    return escape(_ONE_POINT.sub(r"exactly \1", region.text))


def _measured(row: Row) -> str:
    if not row.measurements:
        return '<span class="sb-note">nothing measured</span>'
    several = len(row.measurements) > 1
    items = "".join(
        f"<li>{_part(index, region, record) if several else ''}{_value(record)}{_note(record)}</li>"
        for index, (region, record) in enumerate(row.measurements)
    )
    return f'<ul class="sb-measured">{items}</ul>'


def _part(index: int, region: Region, record: dict[str, Any]) -> str:
    """Say which quantity of the rule a value is, and on which side of its bounds it lies."""
    verdict = region.judge(record["low"], record["high"])
    side = f'<span class="sb-part sb-{verdict.value}" title="{_SIDES[verdict]}">{icon(verdict)}'
    hidden = f'<span class="sb-hidden">{_SIDES[verdict]}:</span>'
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


def _verdict(row: Row, figure_link: FigureLink, code_link: CodeLink | None) -> str:
    claim = row.claim
    notes = []
    if claim.kind == "erratum":
        notes.append(f"graded {escape(str(claim.grade))}; evidence: {inline(str(claim.evidence))}")
    if row.reason_not_tested:
        notes.append(inline(row.reason_not_tested))
    links = []
    figure = figure_link(row)
    if figure:
        links.append(f'<a href="{escape(figure[0])}">{inline(figure[1])}</a>')
    if code_link:
        links.append(f'<a class="sb-tight" href="{escape(code_link(row))}">in the chapter</a>')
    if links:
        notes.append(" ".join(links))
    lines = "".join(f'<div class="sb-note">{note}</div>' for note in notes)
    return badge(row.verdict.value, row.label) + lines
