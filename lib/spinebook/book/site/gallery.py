"""All figures of the book as small pictures that lead to their places."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from spinebook.book.site.figure_html import drawings, svg_size
from spinebook.book.site.html import inline

if TYPE_CHECKING:
    from spinebook.book.site.data import ChapterData, SiteData


def gallery(site: SiteData, page: Callable[..., str], file: Callable[[str, str], str]) -> str:
    """Return one list of figures for each chapter.

    Args:
        site: the book.
        page: gives the address of a page.
        file: gives the address of a file of a chapter's results.
    """
    lists = "".join(_chapter(chapter, page, file) for chapter in site.chapters.values())
    return f'<div class="sb-wide">{lists}</div>'


def _chapter(
    chapter: ChapterData, page: Callable[..., str], file: Callable[[str, str], str]
) -> str:
    items = "".join(_item(chapter, record, page, file) for record in chapter.figures())
    if not items:
        items = f"<li>No figures yet: run <code>spinebook run {escape(chapter.slug)}</code>.</li>"
    title = f'<a href="{escape(page(chapter.docname))}">{inline(chapter.title)}</a>'
    heading = f'<h2 id="{chapter.slug}">{title}</h2>'
    return f'<section>{heading}<ul class="sb-gallery">{items}</ul></section>'


def _item(
    chapter: ChapterData,
    record: dict[str, Any],
    page: Callable[..., str],
    file: Callable[[str, str], str],
) -> str:
    link = escape(page(chapter.docname, record["name"]))
    picture = _picture(chapter, record, file)
    return (
        f'<li><a class="sb-tile" href="{link}">{picture}'
        f'<span class="sb-tile-title">{inline(record["title"])}</span></a>'
        f'<p class="sb-note">{inline(record["caption"])}</p></li>'
    )


def _picture(chapter: ChapterData, record: dict[str, Any], file: Callable[[str, str], str]) -> str:
    """Return both drawings with empty alternative text, since the title beside them is the link."""
    if record["interactive"]:
        return (
            '<svg class="sb-tile-sliders" viewBox="0 0 120 70" aria-hidden="true">'
            '<path d="M15 20h90M15 35h90M15 50h90"/><circle cx="45" cy="20" r="5"/>'
            '<circle cx="80" cy="35" r="5"/><circle cx="35" cy="50" r="5"/></svg>'
        )
    size = svg_size(chapter.results_folder / record["files"]["svg"])
    return drawings(record, size, lambda path: file(chapter.slug, path), alt="")
