"""Where in a chapter's code each row of the ledger is measured, read without running it.

Chapters record a row by a call with its id, such as ``book.measure("DEN-4", ...)``, directly or
through a function of their own, and some fill in the letter of a row, as in ``f"FC-10{letter}"``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import nbformat

from spinebook.book.site.helper_links import parse_cell
from spinebook.book.site.merge import read_page

_ID = re.compile(r"[A-Z]+-[A-Z]?[0-9]+[a-z]?")
CELL_TAG = "cell-"
"""Code cells of a page carry this and their number as a tag and as the id of their place."""


@dataclass(frozen=True)
class CodePlace:
    """A line of code.

    Attributes:
        cell: number of the code cell on its page, from 1.
        line: line of ``index.md``, from 1.
    """

    cell: int
    line: int

    @property
    def anchor(self) -> str:
        """Fragment of the cell on the page."""
        return f"{CELL_TAG}{self.cell}"


def number_cells(notebook: nbformat.NotebookNode) -> None:
    """Tag each code cell of a page with its number, from which its place gets an id."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    for number, cell in enumerate(cells, start=1):
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), f"{CELL_TAG}{number}"]


def code_places(text: str, claims: Iterable[str]) -> dict[str, CodePlace]:
    """Return where each row is measured.

    Args:
        text: the chapter's page.
        claims: ids of its rows.

    Returns:
        Id to place. A call that begins with the id comes first, then any other mention of it in
        the code, then a text with a letter to fill in; a list of what a figure shows is none.
    """
    found: dict[str, dict[int, CodePlace]] = {claim: {} for claim in claims}
    for number, (source, first_line) in enumerate(_cells(text), start=1):
        for rank, pattern, line in _mentions(source):
            place = CodePlace(number, first_line + line - 1)
            for claim in filter(pattern.fullmatch, found):
                found[claim].setdefault(rank, place)
    return {claim: places[min(places)] for claim, places in found.items() if places}


def _cells(text: str) -> Iterator[tuple[str, int]]:
    """Yield the source of each code cell with the line of the page on which it begins."""
    page = read_page(text)
    lines = text.splitlines(keepends=True)
    for cell, fence in zip(page.cells, page.metadata["source_map"], strict=True):
        if cell.cell_type == "code":
            rest = "".join(lines[fence:])
            before = rest[: rest.index(cell.source)]
            yield cell.source, fence + 1 + before.count("\n")


def _mentions(source: str) -> Iterator[tuple[int, re.Pattern[str], int]]:
    """Yield rank, what an id must match, and line of each text that may be an id."""
    nodes = list(ast.walk(parse_cell(source)))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    shown = [k.value for call in calls for k in call.keywords if k.arg == "claims"]
    filled_in = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    skipped = {id(part) for value in shown for part in ast.walk(value)}
    skipped |= {id(part) for text in filled_in for part in text.values}
    leading = {id(call.args[0]) for call in calls if call.args}
    texts = [node for node in nodes if isinstance(node, ast.Constant | ast.JoinedStr)]
    for node in sorted(texts, key=lambda node: node.lineno):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (getattr(part, "value", None) for part in node.values)
            letters = (re.escape(p) if isinstance(p, str) else "[a-z]" for p in parts)
            yield 2, re.compile("".join(letters)), node.lineno
        elif isinstance(node.value, str) and _ID.fullmatch(node.value):
            yield (0 if id(node) in leading else 1), re.compile(node.value), node.lineno
