"""Whether a run agrees with the book's own: each measurement beside its reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

# Relative differences that the order of float32 sums explains: on the same kind of device, where
# threads and vector widths differ, and on another kind, whose products may be rounded sooner.
ROUNDING_SAME_DEVICE = 1e-4
ROUNDING_OTHER_DEVICE = 1e-2
# Two independent 95 % intervals: a difference of twice their joint half-width is one of 3.9
# standard errors, which chance brings about once in ten thousand rows.
CHANCE = 2.0


class Agreement(Enum):
    """What a comparison of two values says."""

    SAME = "the same"
    CHANCE = "within chance"
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
    """

    claim: str
    quantity: str | None
    reference: float | None
    value: float | None
    rounding: float = 0.0
    allowed: float = 0.0

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
        return Agreement.CHANCE if difference <= self.allowed else Agreement.DIFFERS


def compare(results: Mapping[str, Any], reference: Mapping[str, Any]) -> list[Compared]:
    """Compare the measurements of a run with those of a reference, in the reference's order.

    Args:
        results: what a run of a chapter left.
        reference: what the repository keeps of the book's own run.
    """
    same_device = device_class(results) == device_class(reference)
    relative = ROUNDING_SAME_DEVICE if same_device else ROUNDING_OTHER_DEVICE
    found, known = _by_name(results), _by_name(reference)
    return [
        _compared(name, known.get(name), found.get(name), relative)
        for name in dict.fromkeys((*known, *found))
    ]


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


def _by_name(content: Mapping[str, Any]) -> dict[tuple[str, str | None], dict[str, Any]]:
    return {(record["claim"], record["quantity"]): record for record in content["measurements"]}


def _compared(
    name: tuple[str, str | None],
    reference: dict[str, Any] | None,
    found: dict[str, Any] | None,
    relative: float,
) -> Compared:
    if reference is None or found is None:
        before = None if reference is None else reference["value"]
        return Compared(*name, before, None if found is None else found["value"])
    low, high = sorted((reference, found), key=lambda record: float(record["value"]))
    rounding = relative * max(abs(low["value"]), abs(high["value"]))
    # Only the sides that face each other count: an interval may be longer on the other one.
    chance = CHANCE * math.hypot(low["high"] - low["value"], high["value"] - high["low"])
    return Compared(*name, reference["value"], found["value"], rounding, max(rounding, chance))
