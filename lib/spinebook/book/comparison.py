"""Whether a run agrees with the book's own: each measurement beside its reference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from spinebook.book.claims import Claim
from spinebook.book.rules import Region

# Relative differences that the order of float32 sums explains: on the same kind of device, where
# threads and vector widths differ, and on another kind, whose products may be rounded sooner.
ROUNDING_SAME_DEVICE = 1e-4
ROUNDING_OTHER_DEVICE = 1e-2
# Two independent 95 % intervals: a difference of twice their joint half-width is one of 3.9
# standard errors, which chance brings about once in ten thousand rows.
CHANCE = 2.0
# An error this far below the bound that its rule sets is itself made of roundings.
NEGLIGIBLE = 1e-3

Name: TypeAlias = tuple[str, str | None]


class Agreement(Enum):
    """What a comparison of two values says."""

    SAME = "the same"
    CHANCE = "within chance"
    SIDE = "on the same side of the rule"
    DIFFERS = "differs"
    MISSING = "not measured"
    NEW = "no reference"


@dataclass(frozen=True)
class Compared:
    """A measurement beside its reference.

    Attributes:
        claim: id of the ledger's row.
        quantity: which of the row's quantities, if it has several.
        reference: the value in the repository, None if it has none.
        value: the value of the run, None if it measured none.
        rounding: difference that rounding explains.
        allowed: difference that rounding or chance explains.
        side: whether it is enough to lie on the same side of the row's rule, and whether it does.
    """

    claim: str
    quantity: str | None
    reference: float | None
    value: float | None
    rounding: float = 0.0
    allowed: float = 0.0
    side: bool = False

    @property
    def agreement(self) -> Agreement:
        """What the comparison says."""
        if self.reference is None:
            return Agreement.NEW
        if self.value is None:
            return Agreement.MISSING
        difference = abs(self.value - self.reference)
        if difference <= self.rounding:
            return Agreement.SAME
        if difference <= self.allowed:
            return Agreement.CHANCE
        return Agreement.SIDE if self.side else Agreement.DIFFERS


def compare(
    results: Mapping[str, Any],
    reference: Mapping[str, Any],
    claims: Iterable[Claim],
) -> list[Compared]:
    """Compare the measurements of a run with those of a reference, in the reference's order.

    With another seed or other parameters a value that has no interval (a p value, a count) may be
    any that chance brings about: it then agrees if it lies on the same side of its rule.

    Args:
        results: what a run of a chapter left.
        reference: what the repository keeps of the book's own run.
        claims: the chapter's ledger, for its rules.
    """
    same_device = device_class(results) == device_class(reference)
    relative = ROUNDING_SAME_DEVICE if same_device else ROUNDING_OTHER_DEVICE
    found, known = _by_name(results), _by_name(reference)
    regions = {
        (claim.id, region.key): region
        for claim in claims
        if claim.rule
        for region in claim.rule.regions
    }
    anew = bool(other_parameters(results, reference))
    compared = []
    for name in dict.fromkeys((*known, *found)):
        if name in known and name in found:
            pair = known[name], found[name]
            compared.append(_compared(name, *pair, relative, regions.get(name), anew))
        else:
            before, now = (record.get(name, {}).get("value") for record in (known, found))
            compared.append(Compared(*name, before, now))
    return compared


def device_class(results: Mapping[str, Any]) -> str:
    """Return the kind of device a run had: the processor's architecture, or the name of a GPU."""
    provenance = results["provenance"]
    device = provenance["device"]
    return str(provenance["platform"].split()[-1] if device == "CPU" else device)


def other_parameters(results: Mapping[str, Any], reference: Mapping[str, Any]) -> list[str]:
    """Return which parameters of a run differ from those of the reference, in words."""
    ours, theirs = results["parameters"], reference["parameters"]
    return [
        f"{name} {ours.get(name)!r} for {theirs.get(name)!r}"
        for name in dict.fromkeys((*theirs, *ours))
        if ours.get(name) != theirs.get(name)
    ]


def _by_name(content: Mapping[str, Any]) -> dict[Name, dict[str, Any]]:
    return {(record["claim"], record["quantity"]): record for record in content["measurements"]}


def _compared(
    name: Name,
    reference: Mapping[str, Any],
    found: Mapping[str, Any],
    relative: float,
    region: Region | None,
    anew: bool,
) -> Compared:
    low, high = sorted((reference, found), key=lambda record: float(record["value"]))
    largest = max(abs(low["value"]), abs(high["value"]))
    negligible = _is_negligible(largest, region)
    rounding = largest if negligible else relative * largest
    # Only the sides that face each other count: an interval may be longer on the other one.
    chance = CHANCE * math.hypot(low["high"] - low["value"], high["value"] - high["low"])
    side = False
    if anew and region is not None and chance == 0:
        sides = {region.judge(record["value"], record["value"]) for record in (low, high)}
        side = len(sides) == 1
    return Compared(
        *name, reference["value"], found["value"], rounding, max(rounding, chance), side
    )


def _is_negligible(largest: float, region: Region | None) -> bool:
    if region is None or region.low != -math.inf:
        return False
    return largest < NEGLIGIBLE * region.high
