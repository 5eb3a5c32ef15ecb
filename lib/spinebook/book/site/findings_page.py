"""What we found in the papers and their code: every erratum, as an error or as a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

from spinebook.book.claims import Paper
from spinebook.book.ledger import Row
from spinebook.book.rules import Verdict
from spinebook.book.site.badge import badge
from spinebook.book.site.facts_table import facts_table
from spinebook.book.site.html import inline
from spinebook.book.site.landing import paper_line
from spinebook.book.site.ledger_html import measured, rule_text
from spinebook.book.site.rows import select

if TYPE_CHECKING:
    from spinebook.book.site.data import SiteData

SOURCES = {
    "paper": "In the text of the paper",
    "code": "In the public code",
    "data": "In stored tables, outputs and data",
    "image": "In a figure",
}
"""Where an erratum was seen, in the order of the page."""
UNSORTED = "With the evidence named in the entry"


def is_error(row: Row) -> bool:
    """Tell whether a row is called an error: graded certain, and confirmed by our own run."""
    return row.claim.grade == "certain" and row.verdict is Verdict.REPRODUCED


def summary(site: SiteData) -> str:
    """Return how many errors and questions there are, in words and by chapter."""
    entries = select(site.rows, kinds=["erratum"])
    errors = sum(map(is_error, entries))
    lines = []
    for slug, data in site.chapters.items():
        own = select(entries, slug)
        if own:
            found = sum(map(is_error, own))
            link = f'<a href="#found-in-{slug}">{inline(data.title)}</a>'
            lines.append((link, str(found), str(len(own) - found)))
    counts = (
        f"<p>Entries: {len(entries)}. Errors: {errors}. Questions: {len(entries) - errors}. "
        f"All by the results of the {escape(site.profile)} profile.</p>"
    )
    return counts + facts_table("Entries by chapter", ("Chapter", "Errors", "Questions"), lines)


def chapter(paper: Paper, entries: Sequence[Row], address: Callable[[Row], str]) -> str:
    """Return the entries of one chapter, grouped by where they were seen.

    Args:
        paper: the chapter's paper.
        entries: its errata.
        address: gives the address of a row in its chapter.
    """
    groups: dict[str, list[Row]] = {title: [] for title in (*SOURCES.values(), UNSORTED)}
    for row in entries:
        groups[SOURCES.get(row.claim.source or "", UNSORTED)].append(row)
    parts = [
        f'<div class="sb-found-group"><h3>{title}</h3>'
        f"{''.join(_entry(row, address(row)) for row in found)}</div>"
        for title, found in groups.items()
        if found
    ]
    return f'<p class="sb-paper">{paper_line(paper)}</p>{"".join(parts)}'


def _entry(row: Row, address: str) -> str:
    claim = row.claim
    word = "Error" if is_error(row) else "Question"
    facts = [
        ("Where", inline(claim.where)),
        ("There it says", inline(claim.published)),
        ("Evidence", inline(str(claim.evidence))),
        ("Our check", _check(row)),
    ]
    if claim.reason:
        facts.append(("Remarks", inline(claim.reason)))
    items = "".join(f"<div><dt>{term}</dt><dd>{text}</dd></div>" for term, text in facts)
    return (
        f'<div class="sb-found sb-found-{word.lower()}"><p class="sb-row-head">'
        f'<b class="sb-found-word">{word}</b> <a class="sb-id" href="{escape(address)}">'
        f"{escape(claim.id)}</a> <span>graded {escape(str(claim.grade))}</span> "
        f"{badge(row.verdict.value, row.label)}</p>"
        f'<p class="sb-statement">{inline(claim.statement)}</p><dl>{items}</dl></div>'
    )


def _check(row: Row) -> str:
    if row.reason_not_tested:
        return inline(row.reason_not_tested)
    return rule_text(row) + measured(row)
