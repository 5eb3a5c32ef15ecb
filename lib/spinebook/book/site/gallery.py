"""All figures of the book as small pictures that lead to their places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from spinebook.book.site.figure_html import download_links, drawings_of
from spinebook.book.site.html import FILTER_END, inline, select_field, text_field

if TYPE_CHECKING:
    from spinebook.book.site.data import ChapterData, SiteData

_FORMS = (("drawn", "drawn"), ("interactive", "to move"))
Record = dict[str, Any]


@dataclass(frozen=True)
class Links:
    """What the gallery asks of the page it stands on.

    Attributes:
        page: gives the address of a page and a place on it.
        file: gives the address of a file of a chapter's results.
        compared: the same for the results of the other profile.
        provenance: gives the folded account of the run that made a figure.
    """

    page: Callable[..., str]
    file: Callable[[str, str], str]
    compared: Callable[[str, str], str]
    provenance: Callable[[ChapterData, Record], str]


def gallery(site: SiteData, links: Links) -> str:
    """Return the filters, and one list of figures for each chapter."""
    chapters = site.chapters.values()
    others = {
        slug: {record["name"]: record for record in chapter.figures()}
        for slug, chapter in site.compared.items()
    }
    lists = "".join(
        _chapter(site, chapter, others.get(chapter.slug, {}), links) for chapter in chapters
    )
    return f'<div class="sb-wide">{_filters(site)}{lists}</div>'


def _filters(site: SiteData) -> str:
    chapters = [(slug, chapter.title) for slug, chapter in site.chapters.items()]
    return (
        '<form class="sb-filters" data-gallery role="search" aria-label="Filter the figures" '
        "hidden>"
        + select_field("chapter", "Chapter", chapters)
        + select_field("form", "Form", _FORMS)
        + text_field("word or claim")
        + FILTER_END
    )


def _chapter(site: SiteData, chapter: ChapterData, others: dict[str, Record], links: Links) -> str:
    items = "".join(
        _item(site, chapter, record, others.get(record["name"]), links)
        for record in chapter.figures()
    )
    if not items:
        items = f"<li>No figures yet: run <code>spinebook run {escape(chapter.slug)}</code>.</li>"
    title = f'<a href="{escape(links.page(chapter.docname))}">{inline(chapter.title)}</a>'
    heading = f'<h2 id="{chapter.slug}">{title}</h2>'
    return f'<section>{heading}<ul class="sb-gallery">{items}</ul></section>'


def _item(
    site: SiteData, chapter: ChapterData, record: Record, other: Record | None, links: Links
) -> str:
    link = escape(links.page(chapter.docname, record["name"]))
    claims = " ".join(record.get("claims", []))
    files = ""
    if not record["interactive"]:
        shown = download_links(record, lambda path: links.file(chapter.slug, path))
        files = f'<p class="sb-downloads">Download: {shown}</p>'
    comparison = _comparison(site, chapter, record, other, links) if other else ""
    return (
        f'<li data-chapter="{chapter.slug}" data-words="{escape(claims)}" '
        f'data-form="{"interactive" if record["interactive"] else "drawn"}">'
        f'<a class="sb-tile" href="{link}">{_picture(chapter, record, links)}'
        f'<span class="sb-tile-title">{inline(record["title"])}</span></a>'
        f'<p class="sb-note">{inline(record["caption"])}</p>{files}'
        f"{comparison}{links.provenance(chapter, record)}</li>"
    )


def _picture(chapter: ChapterData, record: Record, links: Links) -> str:
    """Return both drawings with empty alternative text, since the title beside them is the link."""
    if record["interactive"]:
        return (
            '<svg class="sb-tile-sliders" viewBox="0 0 120 70" aria-hidden="true">'
            '<path d="M15 20h90M15 35h90M15 50h90"/><circle cx="45" cy="20" r="5"/>'
            '<circle cx="80" cy="35" r="5"/><circle cx="35" cy="50" r="5"/></svg>'
        )
    return drawings_of(chapter, record, links.file, alt="")


def _comparison(
    site: SiteData, chapter: ChapterData, record: Record, other: Record, links: Links
) -> str:
    """Return the figure as both profiles draw it, one below the other, folded."""
    if record["interactive"] or other["interactive"]:
        return ""
    pairs = (
        (chapter, record, links.file),
        (site.compared[chapter.slug], other, links.compared),
    )
    figures = "".join(_of_profile(*pair) for pair in pairs)
    return f'<details class="sb-compare"><summary>Compare profiles</summary>{figures}</details>'


def _of_profile(chapter: ChapterData, record: Record, file: Callable[[str, str], str]) -> str:
    images = drawings_of(chapter, record, file, alt=record["alt"])
    profile = escape(str((chapter.results or {})["profile"]))
    return f"<figure>{images}<figcaption>{profile} profile</figcaption></figure>"
