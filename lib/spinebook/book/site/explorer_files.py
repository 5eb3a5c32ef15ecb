"""The scripts of interactive figures as files, so that a page never evaluates text as a script.

The executed notebook holds each script as text among the figure's settings, for JupyterLab. The
site writes it to ``_static/explorers/SLUG-NAME.js``, which only the chapter's page loads.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinebook.book.site.reader import site_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sphinx.application import Sphinx

    from spinebook.book.site.data import ChapterData

FOLDER = "explorers"
_SPEC = re.compile(r'<script type="application/json"[^>]*>(.*?)</script>', re.DOTALL)


def register(app: Sphinx) -> None:
    """Write the files before any page is written, since a page's links carry their checksums."""
    app.connect("builder-inited", _write_files)
    # Before `config` leaves out scripts of others, which puts a new list in the place of Sphinx's.
    app.connect("html-page-context", _load_where_needed, priority=400)


def settings_of(chapter: ChapterData) -> dict[str, dict[str, Any]]:
    """Return the settings of each interactive figure that stands in the executed notebook."""
    if not chapter.notebook.is_file():
        return {}
    notebook = json.loads(chapter.notebook.read_text("utf-8"))
    found = {}
    for output in (out for cell in notebook["cells"] for out in cell.get("outputs", [])):
        name = output.get("metadata", {}).get("spinebook", {}).get("explorer")
        match = _SPEC.search("".join(output["data"]["text/html"])) if name else None
        if match:
            found[name] = json.loads(match[1])
    return found


def script_file(name: str, body: str) -> str:
    """Return the script that hands the function of one figure to ``explorer.js``.

    Args:
        name: id of the figure on its page.
        body: body of the function of ``values`` and ``tables``.
    """
    opening = f"window.spinebookExplorer({json.dumps(name)}, function (values, tables) {{"
    return f"{opening}\n{body.strip()}\n}});\n"


def write_scripts(chapters: Mapping[str, ChapterData], folder: Path) -> None:
    """Write the scripts of all chapters into a folder and remove those of figures that are gone."""
    wanted = {
        folder / _file_name(slug, name): script_file(name, spec["script"])
        for slug, chapter in chapters.items()
        for name, spec in settings_of(chapter).items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    for path in set(folder.iterdir()) - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, "utf-8")


def _file_name(slug: str, name: str) -> str:
    return f"{slug}-{name}.js"


def _write_files(app: Sphinx) -> None:
    if app.builder.format == "html":
        write_scripts(site_of(app).chapters, Path(app.outdir) / "_static" / FOLDER)


def _load_where_needed(app: Sphinx, pagename: str, *_: Any) -> None:
    chapter = site_of(app).chapter_of(pagename)
    if chapter is not None and (names := _interactive(chapter.figures())):
        app.add_css_file("explorer.css", priority=900)
        app.add_js_file("explorer.js", loading_method="defer")
        for name in names:
            path = f"{FOLDER}/{_file_name(chapter.slug, name)}"
            app.add_js_file(path, loading_method="defer")


def _interactive(figures: Iterable[Mapping[str, Any]]) -> list[str]:
    return [record["name"] for record in figures if record["interactive"]]
