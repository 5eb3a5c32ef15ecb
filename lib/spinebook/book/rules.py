"""Decision rules: an allowed region for a measured quantity, and the verdict that follows.

An interval wholly inside the region reproduces the claim, one wholly outside contradicts it, and
one across the edge decides nothing. Regions are closed for ``between`` and ``equals`` and open for
``above`` and ``below``, as the words say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from spinebook.book.numerals import compact


class Verdict(StrEnum):
    """What a run says about a row of the ledger."""

    REPRODUCED = "reproduced"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTED = "not tested"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Region:
    """The allowed region of one measured quantity."""

    quantity: str
    low: float
    high: float
    closed: bool
    text: str
    key: str | None = None
    unit: str | None = None

    def judge(self, low: float, high: float) -> Verdict:
        """Return the verdict for a measured interval ``[low, high]``."""
        if self._holds(low) and self._holds(high):
            return Verdict.REPRODUCED
        below = high < self.low or (not self.closed and high <= self.low)
        above = low > self.high or (not self.closed and low >= self.high)
        return Verdict.CONTRADICTED if below or above else Verdict.INCONCLUSIVE

    def _holds(self, value: float) -> bool:
        if self.closed:
            return self.low <= value <= self.high
        return self.low < value < self.high


@dataclass(frozen=True)
class Rule:
    """One region, or several of which at least ``needed`` must hold."""

    regions: tuple[Region, ...]
    needed: int

    @property
    def text(self) -> str:
        """The rule in words."""
        if len(self.regions) == 1 and self.regions[0].key is None:
            return self.regions[0].text
        if self.needed == len(self.regions):
            return f"all {self.needed} of the quantities listed"
        return f"at least {self.needed} of the {len(self.regions)} quantities listed"

    def judge(self, intervals: Sequence[tuple[float, float]]) -> Verdict:
        """Return the verdict for the measured intervals, in the order of the regions."""
        verdicts = [r.judge(*i) for r, i in zip(self.regions, intervals, strict=True)]
        if verdicts.count(Verdict.REPRODUCED) >= self.needed:
            return Verdict.REPRODUCED
        allowed_misses = len(self.regions) - self.needed
        if verdicts.count(Verdict.CONTRADICTED) > allowed_misses:
            return Verdict.CONTRADICTED
        return Verdict.INCONCLUSIVE


def parse_rule(source: Mapping[str, Any]) -> Rule:
    """Build a rule from its form in ``claims.yml`` (already checked against the schema).

    Raises:
        ValueError: if bounds are not finite or out of order, keys repeat, or ``at_least`` asks for
            more quantities than there are.
    """
    if "all_of" in source:
        parts, needed = source["all_of"], len(source["all_of"])
    elif "of" in source:
        parts, needed = source["of"], source["at_least"]
    else:
        return Rule((_region(source),), 1)
    keys = [part["key"] for part in parts]
    if len(set(keys)) != len(keys):
        raise ValueError(f"the keys of a rule must differ, got {keys}")
    if needed > len(parts):
        raise ValueError(f"at_least: {needed} of only {len(parts)} quantities can never hold")
    return Rule(tuple(_region(part) for part in parts), needed)


def _bound(value: float) -> str:
    """Write a bound as it was set, not rounded as a measurement is: 0.99999 is not 1."""
    return compact(value, 10)


def _region(source: Mapping[str, Any]) -> Region:
    unit = f" {source['unit']}" if "unit" in source else ""
    names = ("above", "below", "equals", "within", "within_relative")
    bounds = [source.get(name, 0.0) for name in names]
    if not all(map(math.isfinite, (*bounds, *source.get("between", ())))):
        raise ValueError(f"the bounds of a rule must be finite, got {dict(source)}")
    closed = True
    if "above" in source:
        low, high, closed = source["above"], math.inf, False
        text = f"above {_bound(low)}{unit}"
    elif "below" in source:
        low, high, closed = -math.inf, source["below"], False
        text = f"below {_bound(high)}{unit}"
    elif "between" in source:
        low, high = source["between"]
        text = f"between {_bound(low)} and {_bound(high)}{unit}"
    else:
        low, high, text = _around(source, unit)
    if not low <= high:
        raise ValueError(f"the bounds of a rule must be in order, got {low} and {high}")
    return Region(
        source["quantity"], low, high, closed, text, source.get("key"), source.get("unit")
    )


def _around(source: Mapping[str, Any], unit: str) -> tuple[float, float, str]:
    centre = source["equals"]
    if "within" in source:
        distance = source["within"]
        return (
            centre - distance,
            centre + distance,
            f"{_bound(centre)} ± {_bound(distance)}{unit}",
        )
    relative = source["within_relative"]
    distance = abs(centre) * relative
    text = f"{_bound(centre)}{unit} within {_bound(relative)} relative"
    return centre - distance, centre + distance, text
