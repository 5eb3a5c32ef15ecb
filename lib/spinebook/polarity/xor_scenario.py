"""The arms of the XOR study: which signs weights have, and how they are trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.polarity.freeze import RESETS, Reset

RULES = {"random": 0, "sufficient": 1, "adversarial": -1}
"""The sign rules of output weights, with what each multiplies the sufficient one by."""


@explains_misuse
@dataclass(frozen=True)
class Scenario:
    """One arm of the study: which signs the weights start with, and whether they are kept.

    Attributes:
        signs: of the output weights; "random" keeps the drawn ones, the other two follow
            :func:`sufficient_polarity_xor` and :func:`adversarial_polarity_xor`. The signs of the
            hidden weights are always the drawn ones.
        frozen: whether signs are fixed. A fluid network starts where its frozen twin would.
        reset: what becomes of a weight that crosses zero.
        start: what becomes, before training, of a drawn weight with the wrong sign; None for the
            same as ``reset``, as in the code of Wang et al. (2023).
        l1: factor of the summed magnitudes of all weights but biases that is added to the loss: a
            soft threshold of this times the learning rate after each step, which leaves weights at
            exactly zero.
        mirror: rate of the exponentiated gradient, ``mirror_descent(rate, NegativeEntropy())`` in
            :mod:`spinebook.geometry`, on all weights but biases; 0 for Adam.
        free_every: one of every so many hidden weights, counted input by input, has no sign and is
            free; 0 for none.
        fresh: whether the scenario has runs of its own; otherwise run r starts from the same draw
            and has the same data in all of them, for comparisons in pairs.
    """

    signs: Literal["random", "sufficient", "adversarial"] = "random"
    frozen: bool = True
    reset: Reset = "random"
    start: Reset | None = None
    l1: float = 0.0
    mirror: float = 0.0
    free_every: int = 0
    fresh: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no scenario."""
        if self.signs not in RULES:
            raise ValueError(f"signs must be one of {', '.join(RULES)}, got {self.signs!r}")
        for name in ("reset", "start"):
            rule = getattr(self, name)
            if rule not in RESETS and not (name == "start" and rule is None):
                raise ValueError(f"{name} must be one of {', '.join(RESETS)}, got {rule!r}")
        for name in ("l1", "mirror"):
            check_number(name, getattr(self, name))
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        check_count("free_every", self.free_every)


SUFFICIENT = Scenario("sufficient")
RAND = Scenario("random")
FLUID = Scenario("random", frozen=False)
ADVERSARIAL = Scenario("adversarial")
