"""The results at a glance: one card per chapter with its claim, its figure and its verdicts."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from spinebook.book.claims import Paper
from spinebook.book.site.badge import icon, look
from spinebook.book.site.figure_html import drawings_of
from spinebook.book.site.html import inline
from spinebook.book.site.rows import count_labels, select

if TYPE_CHECKING:
    from spinebook.book.site.data import ChapterData, SiteData

_NAMES = {
    "claim": ("claim", "claims"),
    "erratum": ("erratum", "errata"),
    "finding": ("own experiment", "own experiments"),
}

PageLink = Callable[..., str]
FileLink = Callable[[str, str], str]


def glance(site: SiteData, page: PageLink, file: FileLink) -> str:
    """Return the cards.

    Args:
        site: the book.
        page: gives the address of a page.
        file: gives the address of a file of a chapter's results.
    """
    cards = "".join(_card(site, chapter, page, file) for chapter in site.chapters.values())
    return f'<div class="sb-cards sb-wide">{cards}{_all_together(site, page)}</div>'


def paper_line(paper: Paper) -> str:
    """Return authors, title, venue and year of a chapter's paper."""
    return (
        f"{inline(paper.authors)}: <cite>{inline(paper.title)}</cite>, "
        f"{inline(paper.venue)} ({paper.year})"
    )


def short_paper(paper: Paper) -> str:
    """Return first author and year.

    Examples:
        >>> short_paper(Paper("T", "Q. Wang, M. A. Powell", 2023, "V", "key"))
        'Wang and Powell 2023'
        >>> short_paper(Paper("T", "S. Ahmad, J. Hawkins, C. Lai", 2016, "V", "key"))
        'Ahmad et al. 2016'
    """
    names = [name.split()[-1] for name in paper.authors.split(", ")]
    if len(names) > 2:
        return f"{names[0]} et al. {paper.year}"
    return f"{' and '.join(names)} {paper.year}"


def _card(site: SiteData, chapter: ChapterData, page: PageLink, file: FileLink) -> str:
    paper = site.ledger.papers[chapter.slug]
    link = escape(page(chapter.docname))
    claim = f'<p class="sb-card-claim">{inline(paper.claim)}</p>' if paper.claim else ""
    return (
        f'<section class="sb-card">{_picture(chapter, paper, file)}'
        f'<h3><a href="{link}">{inline(chapter.title)}</a></h3>'
        f'<p class="sb-paper">{inline(short_paper(paper))}</p>{claim}'
        f"{_tallies(site, page, 'claim', chapter=chapter.slug)}</section>"
    )


def _picture(chapter: ChapterData, paper: Paper, file: FileLink) -> str:
    """Return the figure without alternative text: it stands in the chapter, described."""
    for record in chapter.figures():
        if record["name"] == paper.figure and not record["interactive"]:
            images = drawings_of(chapter, record, file, alt="")
            return f'<div class="sb-card-figure">{images}</div>'
    return ""


def _claims_link(page: PageLink, **choice: str) -> str:
    return escape(f"{page('chapters/claims')}#{urlencode(choice)}")


def _tallies(site: SiteData, page: PageLink, kind: str, **chapter: str) -> str:
    """Return how many rows of a kind there are, and how many have each verdict, by its sign."""
    rows = select(site.rows, chapter.get("chapter"), [kind])
    tallies = "".join(
        f'<li><a class="sb-tally sb-{look(verdict, label).replace(" ", "-")}" href="'
        f'{_claims_link(page, **chapter, kind=kind, verdict=label)}" '
        f'title="{number} {escape(label)}">{icon(look(verdict, label))}{number}'
        f'<span class="sb-hidden"> {escape(label)}</span></a></li>'
        for verdict, label, number in count_labels(rows)
    )
    name = _NAMES[kind][len(rows) != 1]
    return f'<ul class="sb-tallies"><li><span>{len(rows)} {name}</span></li>{tallies}</ul>'


def _all_together(site: SiteData, page: PageLink) -> str:
    """Return a last card: all rows by kind and verdict, and what the signs mean."""
    kinds = [kind for kind in _NAMES if select(site.rows, kinds=[kind])]
    tallies = "".join(_tallies(site, page, kind) for kind in kinds)
    signs = "".join(
        f"<li>{icon(look(verdict, label))} {escape(label)}</li>"
        for verdict, label, _ in count_labels(select(site.rows, kinds=["claim"]))
    )
    return (
        '<section class="sb-card sb-card-sum">'
        f'<h3><a href="{escape(page("chapters/claims"))}">All together: the ledger</a></h3>'
        f'{tallies}<ul class="sb-key">{signs}</ul>'
        f'<p class="sb-note">{escape(site.profile.capitalize())} profile; '
        f'<a href="{escape(page("chapters/status"))}">where it was run</a>.</p></section>'
    )
