"""Files of the site that are not pages: MathJax, drawings, data, notebooks, archives."""

from __future__ import annotations

import html
import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.errors import ExtensionError

from spinebook.book.site import ledger_files
from spinebook.book.site.archive import write_archive
from spinebook.book.site.config import repository_url
from spinebook.book.site.launch import public_commit
from spinebook.book.site.notebooks import write_download
from spinebook.book.site.reader import site_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from spinebook.book.site.data import ChapterData, SiteData

# The address without a page leads to the first one. The icon is named because a browser that knows
# of none asks for /favicon.ico, which no book has.
ENTRANCE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={first}">
<link rel="canonical" href="{first}">
<link rel="icon" href="{icon}">
<title>{title}</title>
</head>
<body><p><a href="{first}">{title}</a></p></body>
</html>
"""
MATHJAX_PARTS = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts")


def register(app: Sphinx) -> None:
    """Copy files once the pages are written."""
    app.connect("builder-inited", _make_static_folder)
    # Before sphinx-external-toc, which writes an entrance without an icon where there is none yet.
    app.connect("build-finished", _copy_everything, priority=400)


def _make_static_folder(app: Sphinx) -> None:
    # After a failed build the theme copies its logo to "_static"; without the folder it would make
    # a file of that name, on which every later build stumbles.
    (Path(app.outdir) / "_static").mkdir(parents=True, exist_ok=True)


def _copy_everything(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    write_entrance(app, out / "index.html")
    copy_mathjax(out / "_static" / "mathjax")
    site = site_of(app)
    copy_results(site, out / "results", repository_url(app.config))
    ledger_files.write(site, out)
    copy_compared(site.compared, out / "compared")


def write_entrance(app: Sphinx, target: Path) -> None:
    """Write the page that leads from the site's bare address to the book's first page."""
    if app.config.root_doc == "index":
        return
    icon = app.config.html_favicon
    text = ENTRANCE.format(
        language=app.config.language,
        first=f"{app.config.root_doc}.html",
        icon=f"_static/{Path(icon).name}" if icon else "data:,",
        title=html.escape(app.config.html_title or app.config.project),
    )
    target.write_text(text, "utf-8")


def copy_mathjax(target: Path) -> None:
    """Copy the parts of MathJax that pages load, from the package that ships it.

    Raises:
        ExtensionError: if the package is not installed.
    """
    if (target / MATHJAX_PARTS[0]).is_file():
        return
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise ExtensionError(
            "MathJax is missing: install the book's packages with `pip install 'spinebook[book]'`"
        )
    source = Path(spec.origin).parent / "static" / "mathjax"
    for part in MATHJAX_PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / part, target / part)


def copy_results(site: SiteData, target: Path, repository: str) -> None:
    """Copy figures and data of every chapter, and write its notebook and its archive for download.

    Files of figures that no longer exist are removed.
    """
    for old in target.glob("*"):
        if old.name not in site.chapters:
            shutil.rmtree(old)
    for slug, chapter in site.chapters.items():
        folder = target / slug
        drawn = {folder / path for record in chapter.figures() for path in _files(record)}
        for path in drawn:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(chapter.results_folder / path.relative_to(folder), path)
        made = {folder / f"{slug}.ipynb", folder / f"{slug}.zip"}
        if chapter.results is not None and chapter.notebook.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            _write_downloads(site, chapter, folder, repository)
        for path in folder.rglob("*"):
            if path.is_file() and path not in drawn | made:
                path.unlink()


def copy_compared(chapters: dict[str, ChapterData], target: Path) -> None:
    """Copy the drawings of the other profile, which the gallery sets beside those shown."""
    shutil.rmtree(target, ignore_errors=True)
    for slug, chapter in chapters.items():
        for record in chapter.figures():
            for path in record.get("files", {}).values():
                (target / slug / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(chapter.results_folder / path, target / slug / path)


def _write_downloads(site: SiteData, chapter: ChapterData, folder: Path, repository: str) -> None:
    notebook = folder / f"{chapter.slug}.ipynb"
    write_download(chapter.notebook, notebook, repository, public_commit(chapter.results or {}))
    paper = site.ledger.papers[chapter.slug]
    archive = folder / f"{chapter.slug}.zip"
    write_archive(chapter, paper, notebook, archive, site.book.root, repository)


def _files(record: dict[str, Any]) -> list[str]:
    return [*record.get("files", {}).values(), *record.get("data", [])]
