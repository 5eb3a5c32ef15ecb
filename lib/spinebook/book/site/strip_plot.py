"""A measured value on a small strip beside the region that its rule allows.

The drawing repeats what the text beside it says, so screen readers skip it. Side of the bounds is
told by shape as well as by colour: a disc lies inside, a ring across a bound, a cross outside; an
arrow at the edge stands for what lies far outside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spinebook.book.numerals import compact
from spinebook.book.rules import Region, Verdict

WIDTH, HEIGHT = 150, 26
LEFT, RIGHT = 8, WIDTH - 8
MIDDLE = 8
DECADES = 1.5
"""From this many powers of ten on, positive numbers are drawn on a logarithmic scale."""

SIDES = {
    Verdict.REPRODUCED: "inside",
    Verdict.CONTRADICTED: "outside",
    Verdict.INCONCLUSIVE: "across",
}
_LETTER = 6.2
"""Estimated width of a character of a label."""


@dataclass(frozen=True)
class Scale:
    """Where numbers lie on the strip: linear, or logarithmic in base ten.

    Attributes:
        start: what the left end stands for (its logarithm on a logarithmic scale).
        end: the same for the right end.
    """

    start: float
    end: float
    log: bool

    def place(self, value: float) -> float:
        """Return the horizontal position, that of the nearer end for what lies beyond it."""
        share = (_moved(value, self.log) - self.start) / (self.end - self.start)
        return LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0)

    def beyond(self, value: float) -> int:
        """Return -1 for what lies left of the strip, 1 for what lies right of it, 0 otherwise."""
        moved = _moved(value, self.log)
        return (moved > self.end) - (moved < self.start)


def scale_for(region: Region, low: float, high: float) -> Scale:
    """Choose a scale that shows every bound, and the interval as far as that leaves room.

    With one bound the whole interval is in view. With two, the region takes a quarter of the strip
    or more, so that a value far outside does not shrink it to nothing.
    """
    bounds = finite_bounds(region)
    numbers = bounds if len(bounds) == 2 else [*bounds, low, high]
    spread = min(*numbers, low) > 0 and max(numbers) / min(numbers) >= 10**DECADES
    ends = [_moved(bound, spread) for bound in bounds]
    bottom, top = _moved(low, spread), _moved(high, spread)
    start, end = min(ends[0], bottom), max(ends[-1], top)
    if len(bounds) == 2:
        width = ends[1] - ends[0]
        start, end = max(start, ends[0] - width), min(end, ends[1] + width)
    margin = 0.2 * (end - start) or 0.5 * abs(ends[0]) or 1.0
    return Scale(start - margin, end + margin, spread)


def finite_bounds(region: Region) -> list[float]:
    """Return the bounds of a region that are numbers; one for a region of a single point."""
    return [bound for bound in dict.fromkeys((region.low, region.high)) if math.isfinite(bound)]


def strip(region: Region, record: Mapping[str, Any]) -> str:
    """Draw a measured value and its interval beside the allowed region.

    Args:
        region: the region that the rule allows.
        record: value, low and high of the measurement.
    """
    scale = scale_for(region, record["low"], record["high"])
    side = SIDES[region.judge(record["low"], record["high"])]
    axis = f'<path class="sb-strip-{"log" if scale.log else "axis"}" d="M2 {MIDDLE}H{WIDTH - 2}"/>'
    return (
        f'<svg class="sb-strip sb-{side}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f"{_shade(region, scale)}{axis}{_bound_marks(region, scale)}"
        f"{_interval(scale, record)}{_mark(side, scale, record['value'])}</svg>"
    )


def _moved(value: float, log: bool) -> float:
    if not log:
        return value
    return math.log10(value) if value > 0 else -math.inf


def _shade(region: Region, scale: Scale) -> str:
    left = scale.place(region.low) if math.isfinite(region.low) else 0.0
    right = scale.place(region.high) if math.isfinite(region.high) else float(WIDTH)
    if region.low == region.high:  # a single point, which would have no width
        left, right = left - 2.5, right + 2.5
    return f'<path class="sb-strip-region" d="M{_at(left)} 1H{_at(right)}V15H{_at(left)}z"/>'


def _bound_marks(region: Region, scale: Scale) -> str:
    bounds = finite_bounds(region)
    places = [scale.place(bound) for bound in bounds]
    lines = "".join(f"M{_at(place)} 1v14" for place in places)
    labels = [compact(bound, 10) for bound in bounds]
    texts = "".join(
        f'<text x="{_at(centre)}" y="25">{label}</text>'
        for centre, label in zip(_apart(places, labels), labels, strict=False)
    )
    return f'<path class="sb-strip-bound" d="{lines}"/>{texts}'


def _apart(places: list[float], labels: list[str]) -> list[float]:
    """Return the centres of labels that neither overlap nor leave the strip; none if too long."""
    halves = [_LETTER * len(label) / 2 for label in labels]
    gap = 5.0
    if 2 * sum(halves) + gap * (len(halves) - 1) > WIDTH:
        return []
    if len(places) == 1:
        return [min(max(places[0], halves[0]), WIDTH - halves[0])]
    needed = sum(halves) + gap
    shift = max(0.0, needed - (places[1] - places[0])) / 2
    first = min(max(places[0] - shift, halves[0]), WIDTH - halves[1] - needed)
    second = min(max(places[1] + shift, first + needed), WIDTH - halves[1])
    return [first, second]


def _interval(scale: Scale, record: Mapping[str, Any]) -> str:
    low, high = record["low"], record["high"]
    if low == high:
        return ""
    line = f"M{_at(scale.place(low))} {MIDDLE}H{_at(scale.place(high))}"
    for end in (low, high):
        beyond = scale.beyond(end)
        if beyond:  # the line goes on: an open arrow at the edge
            edge = scale.place(end) + 5 * beyond
            line += f"M{_at(edge - 4 * beyond)} 4L{_at(edge)} {MIDDLE}l{-4 * beyond} 4"
        else:
            line += f"M{_at(scale.place(end))} 5v6"
    return f'<path class="sb-strip-line" d="{line}"/>'


def _mark(side: str, scale: Scale, value: float) -> str:
    x = scale.place(value)
    if beyond := scale.beyond(value):
        base = x - 3 * beyond
        return f'<path class="sb-strip-dot" d="M{_at(base)} 3l{8 * beyond} 5l{-8 * beyond} 5z"/>'
    if side == "outside":
        return f'<path class="sb-strip-line" d="M{_at(x - 4)} 4l8 8m0-8l-8 8"/>'
    shape = "dot" if side == "inside" else "ring"
    return f'<circle class="sb-strip-{shape}" cx="{_at(x)}" cy="{MIDDLE}" r="4"/>'


def _at(position: float) -> str:
    """Write a position with a tenth of a unit, as short as it gets."""
    return f"{position:.1f}".removesuffix(".0")
