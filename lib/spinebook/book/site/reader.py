"""How Sphinx reads a chapter: the page as it is now, with the outputs of its last run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from sphinx.errors import ExtensionError
from sphinx.util import logging

from spinebook.book.provenance import digest
from spinebook.book.site import merge
from spinebook.book.site.code_lines import number_cells
from spinebook.book.site.data import SiteData

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOGGER = logging.getLogger(__name__)


def register(app: Sphinx) -> None:
    """Replace the content of chapter pages and follow what pages depend on."""
    # After myst-nb has made its own configuration, which is at the default priority.
    app.connect("builder-inited", _read_chapters_as_notebooks, priority=800)
    app.connect("source-read", _replace_by_merged_notebook)
    app.connect("env-get-outdated", _pages_with_changed_results)
    app.connect("env-get-outdated", _pages_with_changed_files)
    app.connect("env-updated", _note_files)
    app.connect("env-purge-doc", _forget_page)
    app.connect("html-page-context", _load_mathjax_where_needed, priority=400)


def site_of(app: Sphinx) -> SiteData:
    """Return the book that this build shows."""
    return app.spinebook_site  # type: ignore[attr-defined]


def depend_on(env: Any, docname: str, slugs: list[str]) -> None:
    """Note that a page shows results of these chapters, so that it is redrawn when they change."""
    _memory(env, "spinebook_pages").setdefault(docname, set()).update(slugs)


def note_math(env: Any, docname: str) -> None:
    """Note that a page has mathematics in HTML of our own."""
    _memory(env, "spinebook_math")[docname] = True


def read_notebook(text: str) -> nbformat.NotebookNode:
    """Read what ``source-read`` left: a notebook as JSON."""
    return nbformat.reads(text, as_version=4)


def _memory(env: Any, name: str) -> dict[str, Any]:
    if not hasattr(env, name):
        setattr(env, name, {})
    return getattr(env, name)


def _read_chapters_as_notebooks(app: Sphinx) -> None:
    formats: dict[str, Any] = {
        f"{chapter.docname}.md": (f"{__name__}.read_notebook", {}, False)
        for chapter in site_of(app).chapters.values()
    }
    env: Any = app.env
    env.mystnb_config = env.mystnb_config.copy(custom_formats=formats)


def _replace_by_merged_notebook(app: Sphinx, docname: str, content: list[str]) -> None:
    chapter = site_of(app).chapter_of(docname)
    if chapter is None:
        return
    env: Any = app.env
    depend_on(env, docname, [chapter.slug])
    page = merge.read_page(content[0], env.myst_config)
    if chapter.notebook.is_file():
        try:
            page = merge.merge(page, merge.read_executed(chapter.notebook), chapter.slug)
        except merge.StalePageError as error:
            raise ExtensionError(str(error)) from error
        page = _with_downloads(page)
    else:
        LOGGER.warning(
            "chapter %r has no results in %s: run `spinebook run %s`",
            chapter.slug,
            chapter.results_folder,
            chapter.slug,
            location=docname,
        )
        page = merge.without_results(page, chapter.slug)
    number_cells(page)
    content[0] = json.dumps(page)


def _with_downloads(page: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Put the line of paper, verdicts and downloads under the title of the page."""
    first = page.cells[0]
    parts = re.split(r"^(# .*)$", first.source, maxsplit=1, flags=re.MULTILINE)
    if first.cell_type == "markdown" and len(parts) == 3:
        before, title, rest = parts
        first.source = f"{before}{title}\n\n```{{chapter-links}}\n```\n{rest}"
    return page


def _pages_with_changed_results(
    app: Sphinx, env: Any, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    chapters = site_of(app).chapters
    now = {slug: chapter.fingerprint() for slug, chapter in chapters.items()}
    before = getattr(env, "spinebook_fingerprints", {})
    env.spinebook_fingerprints = now
    different = {slug for slug in now.keys() | before.keys() if now.get(slug) != before.get(slug)}
    pages = _memory(env, "spinebook_pages")
    return [name for name, slugs in pages.items() if slugs & different and name not in removed]


def _pages_with_changed_files(app: Sphinx, env: Any, *_: set[str]) -> list[str]:
    """Find pages whose text changed, by content: Sphinx compares times, and clocks are set back."""
    before = _memory(env, "spinebook_files")
    return [name for name in env.found_docs if before.get(name, "") not in ("", _digest(env, name))]


def _note_files(app: Sphinx, env: Any) -> None:
    _memory(env, "spinebook_files").update({name: _digest(env, name) for name in env.found_docs})


def _digest(env: Any, name: str) -> str:
    """Digest of a page's source and of the files that it was made from."""
    files = [env.doc2path(name), *sorted(env.dependencies[name])]
    paths = [Path(env.srcdir, file) for file in files]
    return digest(b"".join(path.read_bytes() for path in paths if path.is_file()))


def _forget_page(app: Sphinx, env: Any, docname: str) -> None:
    _memory(env, "spinebook_pages").pop(docname, None)
    _memory(env, "spinebook_math").pop(docname, None)


def _load_mathjax_where_needed(app: Sphinx, pagename: str, *_: Any) -> None:
    if pagename in _memory(app.env, "spinebook_math"):
        app.env.get_domain("math").data["has_equations"][pagename] = True
