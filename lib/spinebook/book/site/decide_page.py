"""The parts of the page on how rows are decided that come from the ledger itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from html import escape

from spinebook.book.ledger import LABELS, Row
from spinebook.book.rules import Verdict
from spinebook.book.site.badge import badge
from spinebook.book.site.facts_table import facts_table
from spinebook.book.site.html import inline
from spinebook.book.site.ledger_files import COLUMNS
from spinebook.book.site.ledger_html import PLACES, measured, rule_text
from spinebook.book.site.rows import (
    KIND_ORDER,
    KIND_PLURALS,
    KIND_TITLES,
    PROFILE_TITLES,
    count_labels,
    profiles_of,
)

GRADES = ("certain", "likely", "uncertain")
DECIDED = (Verdict.REPRODUCED, Verdict.CONTRADICTED, Verdict.INCONCLUSIVE)


def examples(rows: Sequence[Row], address: Callable[[Row], str]) -> str:
    """Return one real row for each verdict that a run can reach, and one with several quantities.

    Args:
        rows: the ledger, in the order of the book.
        address: gives the address of a row in its chapter.
    """
    claims = [row for row in rows if row.claim.kind == "claim" and row.measurements]
    single = [row for row in claims if len(row.measurements) == 1]
    several = [row for row in claims if 1 < len(row.measurements) <= 3]
    chosen = [_plainest([row for row in single if row.verdict is v]) for v in DECIDED]
    chosen.append(_plainest(several))
    items = "".join(f"<li>{_example(row, address(row))}</li>" for row in chosen if row)
    return f'<ol class="sb-examples">{items}</ol>'


def verdict_words() -> str:
    """Return what each verdict is called for each kind of row."""
    lines = [
        (escape(verdict.value), *(badge(verdict.value, LABELS[k][verdict]) for k in KIND_ORDER))
        for verdict in Verdict
    ]
    heads = ("Verdict", *(KIND_TITLES[kind] for kind in KIND_ORDER))
    return facts_table("Words for verdicts", heads, lines)


def profiles(rows: Iterable[Row]) -> str:
    """Return how many rows of each kind each profile tests."""
    counts = Counter((profiles_of(row), row.claim.kind) for row in rows)
    lines = [
        (title, *(str(counts[key, kind]) for kind in KIND_ORDER))
        for key, title in PROFILE_TITLES.items()
    ]
    heads = ("Tested by", *(KIND_PLURALS[kind] for kind in KIND_ORDER))
    return facts_table("Rows by profile", heads, lines)


def grades(rows: Iterable[Row]) -> str:
    """Return how the errata of each grade came out."""
    errata = [row for row in rows if row.claim.kind == "erratum"]
    lines = []
    for grade in GRADES:
        counted = count_labels(row for row in errata if row.claim.grade == grade)
        lines.append((grade, " ".join(badge(*entry) for entry in counted) or "none"))
    return facts_table("Errata by grade", ("Grade", "What our runs say"), lines)


def columns() -> str:
    """Return what the columns of the ledger's files hold."""
    lines = [(f"<code>{name}</code>", escape(text)) for name, text in COLUMNS.items()]
    return facts_table("Columns of the ledger's files", ("Column", "Content"), lines)


def _plainest(rows: Sequence[Row]) -> Row | None:
    """Return the first row that stands by itself and has an interval and a number of samples."""

    def lacks(row: Row) -> tuple[bool, bool, bool]:
        records = [record for _, record in row.measurements]
        text = f"{row.claim.statement} {row.claim.rule}".lower()
        later = re.search(r"\d[b-z]$", row.claim.id) is not None  # a row that goes on from another
        exact = any(record["low"] == record["high"] for record in records)
        uncounted = any(record["n"] is None for record in records)
        return later or "the same" in text, exact, uncounted

    return min(rows, key=lacks, default=None)


def _example(row: Row, address: str) -> str:
    sides = [region.judge(record["low"], record["high"]) for region, record in row.measurements]
    exact = all(record["low"] == record["high"] for _, record in row.measurements)
    if len(sides) == 1:
        text = f"The {'value' if exact else 'interval'} lies {PLACES[sides[0]]}, so the row is"
    else:
        inside = sides.count(Verdict.REPRODUCED)
        needed = row.claim.rule.needed if row.claim.rule else 0
        text = f"{inside} of {len(sides)} lie inside their bounds and {needed} must, so the row is"
    return (
        f'<p><a class="sb-id" href="{escape(address)}">{escape(row.claim.id)}</a> '
        f"{inline(row.claim.statement)}</p>{rule_text(row)}"
        f'<div class="sb-example-measured"><b>Measured:</b> {measured(row)}</div>'
        f"<p>{text} {badge(row.verdict.value, row.label)}</p>"
    )
