"""The symbols of all chapters side by side, read from the table that each chapter has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from spinebook.book.site import html

COLUMNS = ("symbol", "meaning", "shape", "unit", "name in code")
_CELLS = re.compile(r"(?<!\\)\|")


class Symbol(NamedTuple):
    """One row of a chapter's table."""

    symbol: str
    meaning: str
    shape: str
    unit: str
    code: str


def read_symbols(page: str) -> list[Symbol]:
    """Return the rows of the table of symbols on a page; none if it has no such table.

    Args:
        page: text of the page.

    Raises:
        ValueError: if a row has too few or too many cells.

    Examples:
        >>> head = "| symbol | meaning | shape | unit | name in code |"
        >>> row = "| $n$ | cells | scalar | – | `n` |"
        >>> read_symbols(chr(10).join([head, "|---|---|---|---|---|", row]))[0].meaning
        'cells'
    """
    symbols: list[Symbol] = []
    lines = iter(page.splitlines())
    for line in lines:
        if [cell.lower() for cell in _cells(line)] != list(COLUMNS):
            continue
        next(lines)  # the rule under the head
        for row in lines:
            if not row.lstrip().startswith("|"):
                break
            cells = _cells(row)
            if len(cells) != len(COLUMNS):
                raise ValueError(f"expected {len(COLUMNS)} cells ({', '.join(COLUMNS)}): {row}")
            symbols.append(Symbol(*cells))
    return symbols


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in _CELLS.split(line.strip())[1:-1]]


def shared_symbols(tables: Mapping[str, Sequence[Symbol]]) -> dict[str, list[tuple[str, str]]]:
    """Return the symbols that several chapters use: chapter and meaning, in the order given.

    A row may stand for several symbols, as in ``$x_1$, $x_2$``; each counts.
    """
    places: dict[str, list[tuple[str, str]]] = {}
    for chapter, rows in tables.items():
        for row in rows:
            for name in re.findall(r"\$([^$]+)\$", row.symbol):
                places.setdefault(name.strip(), []).append((chapter, row.meaning))
    several = {
        name: found for name, found in places.items() if len({chapter for chapter, _ in found}) > 1
    }
    return dict(sorted(several.items(), key=lambda item: item[0].lstrip("\\").lower()))


def notation(tables: Mapping[str, Sequence[Symbol]], link: Callable[[str], str]) -> str:
    """Return the shared symbols, then the table of each chapter.

    Args:
        tables: symbols of each chapter.
        link: gives a link, as HTML, to a chapter.
    """
    shared = "".join(
        f'<tr><td>{html.inline(f"${name}$")}</td><td><ul class="sb-plain">'
        + "".join(f"<li>{link(slug)}: {html.inline(meaning)}</li>" for slug, meaning in found)
        + "</ul></td></tr>"
        for name, found in shared_symbols(tables).items()
    )
    title = "Symbols of several chapters"
    parts = [f'<h2 id="shared">{title}</h2>{_table(title, ("symbol", "meaning"), shared)}']
    for slug, rows in tables.items():
        if rows:
            body = "".join(
                "<tr>" + "".join(f"<td>{html.inline(cell)}</td>" for cell in row) + "</tr>"
                for row in rows
            )
            table = _table(f"Symbols of {slug.replace('-', ' ')}", COLUMNS, body)
            parts.append(f'<h2 id="symbols-{escape(slug)}">{link(slug)}</h2>{table}')
    return "".join(f"<section>{part}</section>" for part in parts)


def _table(label: str, columns: Sequence[str], body: str) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    return (
        f'<div class="sb-scroll" role="region" aria-label="{escape(label)}" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
