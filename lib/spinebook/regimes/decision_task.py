"""What cognitive tasks of fixed length with one decision at the end have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.regimes.ideal_observer import BayesFloor

Trials: TypeAlias = tuple[Float[Array, "steps batch inputs"], Int[Array, "steps batch"]]


@explains_misuse
@dataclass(frozen=True)
class DecisionTask:
    """What the tasks share: a choice of 1 or 2 at the last step and label 0 before it.

    Use one of :class:`TwoAlternativeForcedChoice`, :class:`DelayedMatchToSample` and
    :class:`ContextDependentDecision`. ``inputs``, ``outputs`` and ``steps`` are sizes;
    ``draw(batch, key=...)`` gives float32 inputs (steps, batch, inputs) and int32 labels
    (steps, batch). A task is hashable, and ``draw`` may be used inside ``jit`` and ``scan``.
    """

    noise: float = field(default=0.1, kw_only=True)
    inputs: ClassVar[int] = 3
    outputs: ClassVar[int] = 3

    def __post_init__(self) -> None:
        """Refuse noise, durations and coherences without meaning."""
        check_number("noise", self.noise)
        if self.noise <= 0:
            raise ValueError(f"noise must be positive, got {self.noise}")
        for name in ("stimulus", "delay"):
            if hasattr(self, name):
                check_count(name, getattr(self, name), 1 if name == "stimulus" else 0)
        if hasattr(self, "coherences"):
            object.__setattr__(self, "coherences", tuple(self.coherences))
            check_number("coherences", self.coherences)
            if min(self.coherences) < 0:
                raise ValueError(f"coherences must not be negative, got {min(self.coherences)}")

    @property
    def steps(self) -> int:
        """Length of a trial in steps of 100 ms."""
        raise NotImplementedError

    @cached_property
    def floor(self) -> BayesFloor:
        """Loss and accuracy of the ideal observer at the decision."""
        raise NotImplementedError

    @property
    def bayes_decision_loss(self) -> float:
        """Least cross-entropy of the decision step, in nats."""
        return self.floor.loss

    @property
    def bayes_loss(self) -> float:
        """Least cross-entropy averaged over all steps, in nats; the steps before cost nothing."""
        return self.floor.loss / self.steps

    @property
    def bayes_accuracy(self) -> float:
        """Greatest share of right decisions."""
        return self.floor.accuracy

    def draw(self, batch: int, *, key: PRNGKeyArray) -> Trials:
        """Draw independent trials."""
        raise NotImplementedError

    def labels_after(self, decision: Int[Array, " batch"]) -> Int[Array, "steps batch"]:
        """Return label 0 for all steps but the last one."""
        before = jnp.zeros((self.steps - 1, decision.shape[0]), jnp.int32)
        return jnp.concatenate([before, decision[None].astype(jnp.int32)])

    def fixation(self, batch: int) -> Float[Array, "steps batch 1"]:
        """Return the channel that is on until the decision."""
        until_decision = (jnp.arange(self.steps) < self.steps - 1).astype(jnp.float32)
        return jnp.broadcast_to(until_decision[:, None, None], (self.steps, batch, 1))


def signed_coherences(
    key: PRNGKeyArray, coherences: tuple[float, ...], shape: tuple[int, ...]
) -> tuple[Int[Array, "*shape"], Float[Array, "*shape"]]:
    """Draw choices 0 or 1 and coherences, positive for choice 0, from one random number each."""
    number = jax.random.randint(key, shape, 0, 2 * len(coherences))
    choice, size = number % 2, number // 2
    return choice, (1 - 2 * choice) * jnp.asarray(coherences, jnp.float32)[size]
