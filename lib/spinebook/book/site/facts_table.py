"""A small table of facts drawn from the ledger, which scrolls where it does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def facts_table(label: str, heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column names its rows.

    Args:
        label: what the table holds, for screen readers.
        heads: titles of the columns.
        lines: cells of each row, already HTML.
    """
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in lines
    )
    return (
        f'<div class="sb-scroll sb-facts-table" role="region" aria-label="{escape(label)}" '
        f'tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
