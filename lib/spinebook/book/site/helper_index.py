"""Links between library functions and figures, in both directions."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinebook.book.site.helper_links import figures_by_helper, helpers_by_figure
from spinebook.book.site.merge import read_page

if TYPE_CHECKING:
    from spinebook.book.site.data import ChapterData, SiteData


def chapter_index(chapter: ChapterData) -> dict[str, list[str]]:
    """Return, for each figure of a chapter, the library functions behind it.

    Left out is what the reference does not document: constants, and functions that a package keeps
    to itself.
    """
    page = read_page(chapter.page.read_text("utf-8"))
    cells = [cell.source for cell in page.cells if cell.cell_type == "code"]
    pages = reference_pages(chapter.page.parents[1] / "library")
    return {
        figure: [helper for helper in helpers if _documented(helper, pages)]
        for figure, helpers in helpers_by_figure(cells).items()
    }


@cache
def reference_pages(folder: Path) -> dict[str, str]:
    """Return the page of the library's reference that documents each module it names."""
    named = re.compile(r"^\.\. automodule:: (\S+)", re.MULTILINE)
    return {
        module: f"chapters/library/{path.stem}"
        for path in sorted(folder.glob("*.md"))
        for module in named.findall(path.read_text("utf-8"))
    }


def _documented(helper: str, pages: Mapping[str, str]) -> bool:
    module, _, name = helper.rpartition(".")
    return module in pages and callable(getattr(importlib.import_module(module), name, None))


def used_in(site: SiteData) -> dict[str, list[tuple[str, str]]]:
    """Return, for each library function, the chapters and figures that use it."""
    index: dict[str, list[tuple[str, str]]] = {}
    for chapter in site.chapters.values():
        drawn = {record["name"] for record in chapter.figures()}
        for helper, figures in figures_by_helper(chapter_index(chapter)).items():
            places = [(chapter.slug, figure) for figure in figures if figure in drawn]
            index.setdefault(helper, []).extend(places)
    return {helper: places for helper, places in index.items() if places}


def links_to_helpers(
    env: Any, chapter: ChapterData, figure: str, page: Callable[..., str]
) -> list[str]:
    """Return HTML links to the library functions behind a figure."""
    known = env.temp_data.setdefault("spinebook_helpers", {})
    if chapter.slug not in known:
        known[chapter.slug] = chapter_index(chapter)
    pages = reference_pages(chapter.page.parents[1] / "library")
    return [
        f'<a href="{escape(page(pages[helper.rpartition(".")[0]], helper))}"><code>'
        f"{escape(helper.removeprefix('spinebook.'))}</code></a>"
        for helper in known[chapter.slug].get(figure, [])
    ]
