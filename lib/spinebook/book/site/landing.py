"""The results at a glance: one card per chapter with its verdicts counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from spinebook.book.claims import Paper
from spinebook.book.ledger import Row
from spinebook.book.site.badge import badge, look
from spinebook.book.site.html import inline
from spinebook.book.site.rows import count_labels, select

if TYPE_CHECKING:
    from spinebook.book.site.data import ChapterData, SiteData

_GROUPS = (
    ("claim", "published claim", "published claims"),
    ("erratum", "erratum examined", "errata examined"),
    ("finding", "experiment of our own", "experiments of our own"),
)


def glance(site: SiteData, page: Callable[..., str]) -> str:
    """Return the cards.

    Args:
        site: the book.
        page: gives the address of a page.
    """
    cards = "".join(_card(site, chapter, page) for chapter in site.chapters.values())
    note = (
        f'<p class="sb-note">Results of the {escape(site.profile)} profile; '
        f'<a href="{escape(page("chapters/status"))}">where and when they were made</a>.</p>'
    )
    return f'<div class="sb-cards">{cards}</div>{note}'


def paper_line(paper: Paper) -> str:
    """Return authors, title, venue and year of a chapter's paper."""
    return (
        f"{inline(paper.authors)}: <cite>{inline(paper.title)}</cite>, "
        f"{inline(paper.venue)} ({paper.year})"
    )


def _card(site: SiteData, chapter: ChapterData, page: Callable[..., str]) -> str:
    groups = []
    for kind, one, many in _GROUPS:
        rows = select(site.rows, chapter.slug, [kind])
        if rows:
            name = one if len(rows) == 1 else many
            groups.append(_group(chapter, kind, f"{len(rows)} {name}", rows, page))
    link = escape(page(chapter.docname))
    return (
        f'<section class="sb-card"><h3><a href="{link}">{inline(chapter.title)}</a></h3>'
        f'<p class="sb-paper">{paper_line(site.ledger.papers[chapter.slug])}</p>'
        f"{''.join(groups)}</section>"
    )


def _group(
    chapter: ChapterData, kind: str, title: str, rows: Sequence[Row], page: Callable[..., str]
) -> str:
    counts = count_labels(rows)
    looks = [(look(verdict, label).replace(" ", "-"), number) for verdict, label, number in counts]
    bar = "".join(
        f'<span class="sb-{name}" style="flex-grow:{number}"></span>' for name, number in looks
    )
    badges = "".join(
        f'<li><a href="{escape(page("chapters/claims"))}#'
        f'{escape(urlencode({"chapter": chapter.slug, "kind": kind, "verdict": label}))}">'
        f"{badge(verdict, label, number)}</a></li>"
        for verdict, label, number in counts
    )
    return (
        f'<div class="sb-group"><p class="sb-group-title">{title}</p>'
        f'<div class="sb-bar" aria-hidden="true">{bar}</div>'
        f'<ul class="sb-badges">{badges}</ul></div>'
    )
