"""The badge of a verdict: a shape, a word and a colour, so that no reader depends on colour."""

from __future__ import annotations

from html import escape

_SHAPES = {
    "reproduced": '<path d="M3.5 8.5l3 3 6-7"/>',
    "contradicted": '<path d="M4 4l8 8M12 4l-8 8"/>',
    "inconclusive": '<path d="M2.5 9.5c1.8-3.4 3.6-3.4 5.5-1.5s3.7 1.9 5.5-1.5"/>',
    "not tested": '<circle cx="8" cy="8" r="4.6" stroke-dasharray="2.2 2.6"/>',
    "not run": '<circle cx="8" cy="8" r="4.6" stroke-dasharray="2.2 2.6"/>',
    "question": '<path d="M5.5 6a2.5 2.5 0 1 1 3.4 2.3c-.7.3-.9.7-.9 1.5M8 12.2v.2"/>',
}


def icon(verdict: str) -> str:
    """Return the drawing of a verdict; screen readers skip it, since the word stands beside it."""
    shape = _SHAPES.get(verdict, _SHAPES["not tested"])
    attributes = 'viewBox="0 0 16 16" aria-hidden="true" focusable="false"'
    return f'<svg class="sb-icon" {attributes}>{shape}</svg>'


def look(verdict: str, label: str) -> str:
    """Return what chooses shape and colour: the verdict, but an open question looks like one."""
    return "question" if "question" in label else verdict


def badge(verdict: str, label: str, count: int | None = None) -> str:
    """Return a verdict as a badge, with a number before the word if one is given.

    Args:
        verdict: one of the ledger's verdicts; it chooses shape and colour.
        label: the word a reader sees.
        count: how many rows it stands for.
    """
    shown = look(verdict, label)
    number = "" if count is None else f'<span class="sb-badge-count">{count}</span> '
    return (
        f'<span class="sb-badge sb-{shown.replace(" ", "-")}">{icon(shown)}'
        f"{number}{escape(label)}</span>"
    )
