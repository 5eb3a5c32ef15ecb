"""A place for each code cell of a chapter, so that ledger rows can lead to their code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

from spinebook.book.site.code_lines import CELL_TAG

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_CLASS = f"tag_{CELL_TAG}"


def register(app: Sphinx) -> None:
    """Follow pages as they are read."""
    app.connect("doctree-read", _name_cells)


def _name_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Turn the number with which the reader has tagged a code cell into the id of its place."""
    for cell in doctree.findall(nodes.container):
        for name in [name for name in cell["classes"] if name.startswith(_CLASS)]:
            cell["classes"].remove(name)
            cell["ids"].append(name.removeprefix("tag_"))
