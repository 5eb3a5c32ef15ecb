"""Axes of a figure that say numbers and not what they are numbers of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_MARKUP = re.compile(r"\\(?:mathdefault|mathregular|mathrm|times|cdot|pi|infty)(?![a-z])")
_LETTER = re.compile(r"[^\W\d_]")


def unlabelled_axes(fig: Any) -> list[str]:
    """Return the axes of a drawn figure whose ticks are numbers and that have no label.

    A label may also stand on an axis that shares the scale, or belong to the whole figure. Ticks
    that are names (words or symbols) need no label, and neither does an axis without tick labels.

    Args:
        fig: a Matplotlib figure.

    Returns:
        Such as ``"y axis of panel 2"``, panels counted from 1 in the order in which they were made.
    """
    return [
        f"{direction} axis of panel {number}"
        for number, panel in enumerate(fig.axes, start=1)
        if panel.get_visible() and panel.axison
        for direction in ("x", "y")
        if _has_numbers(getattr(panel, f"{direction}axis"))
        and not any(text.strip() for text in _labels(fig, panel, direction))
    ]


def _labels(fig: Any, panel: Any, direction: str) -> Iterator[str]:
    """Yield the labels that count for an axis of a panel."""
    yield getattr(fig, f"get_sup{direction}label")()
    shared = getattr(panel, f"get_shared_{direction}_axes")()
    for other in shared.get_siblings(panel):
        yield getattr(other, f"get_{direction}label")()


def _has_numbers(axis: Any) -> bool:
    if not axis.get_visible():
        return False
    texts = (label.get_text() for label in axis.get_ticklabels() if label.get_visible())
    return any(_is_number(text) for text in texts)


def _is_number(text: str) -> bool:
    bare = _MARKUP.sub("", text)
    return any(sign.isdigit() for sign in bare) and not _LETTER.search(bare)
