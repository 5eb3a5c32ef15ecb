"""The current page joined with the outputs of its executed notebook."""

from __future__ import annotations

import ast
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat


class StalePageError(ValueError):
    """The code of a page differs from the code that was run."""


def merge(page: nbformat.NotebookNode, executed: nbformat.NotebookNode, slug: str) -> Any:
    """Give each code cell of a page the outputs of the same cell of the executed notebook.

    Prose may have changed since the run; code may not. Figures and interactive figures that the
    book records are replaced by a directive, which draws them with caption and downloads.

    Args:
        page: the chapter's source, read as a notebook.
        executed: what papermill wrote.
        slug: name of the chapter, for messages.

    Returns:
        A notebook with the page's cells and the run's outputs.

    Raises:
        StalePageError: if the code differs; the message names the first cell that does.
    """
    ran = [cell for cell in executed.cells if cell.cell_type == "code" and not _injected(cell)]
    merged = nbformat.v4.new_notebook(metadata=deepcopy(page.metadata))
    lines = list(page.metadata.get("source_map", [0] * len(page.cells)))
    source_map: list[int] = []
    position = 0
    for cell, line in zip(page.cells, lines, strict=True):
        cell = deepcopy(cell)
        merged.cells.append(cell)
        source_map.append(line)
        if cell.cell_type != "code":
            continue
        if position >= len(ran) or _code(ran[position]) != _code(cell):
            raise StalePageError(_stale(slug, position, line))
        cell.outputs, directives = _outputs(ran[position])
        cell.execution_count = ran[position].get("execution_count")
        position += 1
        if directives:
            merged.cells.append(nbformat.v4.new_markdown_cell("\n\n".join(directives)))
            source_map.append(line)
    if position != len(ran):
        raise StalePageError(_stale(slug, position, lines[-1] if lines else 0))
    merged.metadata["source_map"] = source_map
    return merged


def read_page(text: str, config: Any = None) -> nbformat.NotebookNode:
    """Read the text of a chapter as a notebook that remembers its line numbers."""
    from myst_nb.core.read import read_myst_markdown_notebook

    return read_myst_markdown_notebook(text, config=config, add_source_map=True)


def read_executed(path: Path) -> nbformat.NotebookNode:
    """Read an executed notebook."""
    return nbformat.reads(path.read_text("utf-8"), as_version=4)


def without_results(page: nbformat.NotebookNode, slug: str) -> nbformat.NotebookNode:
    """Return the page with a note that its chapter has not been run."""
    page = deepcopy(page)
    note = (
        "```{admonition} Not run yet\n:class: warning\n"
        f"This page has no results: run `spinebook run {slug}` and build the site again.\n```"
    )
    after_title = 1 if page.cells and page.cells[0].cell_type == "markdown" else 0
    page.cells.insert(after_title, nbformat.v4.new_markdown_cell(note))
    if "source_map" in page.metadata:
        page.metadata["source_map"].insert(after_title, 0)
    return page


def _injected(cell: nbformat.NotebookNode) -> bool:
    return "injected-parameters" in cell.metadata.get("tags", [])


def _code(cell: nbformat.NotebookNode) -> str:
    return "\n".join(line.rstrip() for line in cell.source.strip().splitlines())


def _outputs(cell: nbformat.NotebookNode) -> tuple[list[Any], list[str]]:
    """Split a cell's outputs into those shown as they are and directives for the recorded ones."""
    kept, directives = [], []
    for output in cell.get("outputs", []):
        if output.output_type == "execute_result" and _ends_in_recording(cell.source):
            continue
        mark = output.get("metadata", {}).get("spinebook", {})
        if "figure" in mark:
            directives.append(f"```{{book-figure}} {mark['figure']}\n```")
        elif "explorer" in mark:
            directives.append(f"```{{book-explorer}} {mark['explorer']}\n```")
        else:
            kept.append(deepcopy(output))
    return kept, directives


def _ends_in_recording(source: str) -> bool:
    """Tell whether a cell ends in a call such as ``book.measure(...)``.

    A notebook shows what the last call returns; a reader of the page wants the number in the prose
    and in the ledger, not the echo of having recorded it.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a cell with magic commands
        return False
    match body[-1:]:
        case [ast.Expr(ast.Call(func=ast.Attribute(value=ast.Name(id="book"))))]:
            return True
    return False


def _stale(slug: str, position: int, line: int) -> str:
    return (
        f"results of chapter {slug!r} are stale: code cell {position + 1} (line {line + 1} of "
        f"chapters/{slug}/index.md) differs from the code that was run; run `spinebook run {slug}`"
    )
