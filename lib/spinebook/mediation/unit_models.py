"""Models whose units differ in more than noise: slopes, response types, redundant neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from spinebook.checks import check_number, check_probability, is_traced
from spinebook.mediation.structural import (
    Effects,
    StructuralModel,
    Value,
    model_pytree,
    unit_effects,
)
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


class UnitSlopes(NamedTuple):
    """Slopes and private errors of units."""

    alpha: Float[AnyArray, " n"]
    beta: Float[AnyArray, " n"]
    mediator: Float[AnyArray, " n"]
    outcome: Float[AnyArray, " n"]


class ExperimentalLaw(NamedTuple):
    """All that randomizing a binary stimulus, and then stimulus and mediator, can show.

    ``randomized[x, m, y]`` is P(M = m, Y = y | do(x)), ``controlled[x, m]`` is E[Y | do(x, m)].
    """

    randomized: Float[np.ndarray, "2 2 2"]
    controlled: Float[np.ndarray, "2 2"]


@explains_misuse
@model_pytree
@dataclass(frozen=True)
class HeterogeneousSCM(StructuralModel):
    r"""A linear model in which every unit has slopes of its own and none has an interaction.

    .. math:: M_i = \alpha_i X + \varepsilon_M, \qquad Y_i = c' X + \beta_i M_i + \varepsilon_Y

    with Gaussian slopes of equal variances and standard Gaussian errors. The mean indirect effect
    is :math:`E[\alpha_i\beta_i] = \bar\alpha\bar\beta + \mathrm{Cov}(\alpha_i, \beta_i)`, and the
    product of two average effects misses the covariance (Imai, Tingley & Yamamoto 2013).

    Args:
        alpha: Mean effect of the stimulus on the mediator.
        beta: Mean effect of the mediator on the outcome.
        direct: c'.
        slope_variance: Variance of either slope over units, positive.
        slope_covariance: Covariance of the two slopes, at most ``slope_variance`` in size.

    Raises:
        ValueError: If a value is not finite or the covariance is impossible.

    Examples:
        >>> round(HeterogeneousSCM(slope_covariance=-0.3).indirect, 6)
        0.1
    """

    alpha: Value = 0.5
    beta: Value = 0.8
    direct: Value = 0.3
    slope_variance: Value = 0.5
    slope_covariance: Value = 0.0

    def __post_init__(self) -> None:
        """Refuse slopes that cannot exist."""
        for name in ("alpha", "beta", "direct", "slope_variance", "slope_covariance"):
            check_number(name, getattr(self, name))
        variance, covariance = self.slope_variance, self.slope_covariance
        if is_traced(variance) or is_traced(covariance):
            return
        if np.min(variance) <= 0 or np.any(np.abs(covariance) > variance):
            raise ValueError(
                "slope_variance must be positive and no smaller than the size of "
                f"slope_covariance, got {variance} and {covariance}."
            )

    @property
    def indirect(self) -> Value:
        """Mean indirect effect of a unit step, pure and total alike."""
        return self.alpha * self.beta + self.slope_covariance

    def draw_noise(self, n: int, *, key: PRNGKeyArray) -> UnitSlopes:
        """Draw slopes and errors of n units."""
        first, second, mediator, outcome = jax.random.normal(key, (4, n))
        spread = jnp.sqrt(self.slope_variance)
        along = self.slope_covariance / spread
        across = jnp.sqrt(self.slope_variance - along**2)
        return UnitSlopes(
            self.alpha + spread * first,
            self.beta + along * first + across * second,
            mediator,
            outcome,
        )

    def mediator(self, stimulus: Value, noise: UnitSlopes) -> Value:
        """Return M(x) of each unit."""
        return noise.alpha * stimulus + noise.mediator

    def outcome(self, stimulus: Value, mediator: Value, noise: UnitSlopes) -> Value:
        """Return Y(x, m) of each unit."""
        return self.direct * stimulus + noise.beta * mediator + noise.outcome


@explains_misuse
@model_pytree
@dataclass(frozen=True)
class TypeMixture(StructuralModel):
    """A population of units without noise, each of one of a few types; all variables are 0 or 1.

    Args:
        weights: Share of each type (types,); sums to 1.
        mediators: Mediator of each type under stimulus x, (types, 2).
        outcomes: Outcome of each type under stimulus x and mediator m, (types, 2, 2).

    Raises:
        ValueError: If shapes do not fit, an entry is not 0 or 1, or shares do not sum to 1.

    Examples:
        >>> relay = TypeMixture([1.0], [[0, 1]], [[[0, 1], [0, 1]]])  # M = X, Y = M
        >>> float(relay.exact_effects().pure_indirect)
        1.0
    """

    weights: Any
    mediators: Any
    outcomes: Any

    def __post_init__(self) -> None:
        """Refuse tables that describe no types."""
        check_probability("weights", self.weights)
        shapes = tuple(np.shape(t) for t in (self.weights, self.mediators, self.outcomes))
        types = shapes[0][:1]
        if shapes != (types, (*types, 2), (*types, 2, 2)):
            raise ValueError(
                "expected weights (types,), mediators (types, 2) and outcomes (types, 2, 2), got "
                f"{shapes[0]}, {shapes[1]} and {shapes[2]}."
            )
        for name in ("mediators", "outcomes"):
            if not np.isin(getattr(self, name), (0, 1)).all():
                raise ValueError(f"{name} must hold 0 and 1 only, got {getattr(self, name)}.")
        if abs(np.sum(self.weights) - 1) > 1e-6:
            raise ValueError(f"weights must sum to 1, got {np.sum(self.weights)}.")

    def draw_noise(self, n: int, *, key: PRNGKeyArray) -> Int[Array, " n"]:
        """Draw the types of n units."""
        shares = jnp.asarray(self.weights)
        return jax.random.choice(key, shares.size, (n,), p=shares)

    def mediator(self, stimulus: Value, noise: Int[Array, " n"]) -> Float[Array, " n"]:
        """Return M(x) of each unit."""
        return jnp.asarray(self.mediators, float)[noise, jnp.asarray(stimulus, int)]

    def outcome(
        self, stimulus: Value, mediator: Value, noise: Int[Array, " n"]
    ) -> Float[Array, " n"]:
        """Return Y(x, m) of each unit."""
        picked = (noise, jnp.asarray(stimulus, int), jnp.asarray(mediator, int))
        return jnp.asarray(self.outcomes, float)[picked]

    def exact_effects(self) -> Effects:
        """Return the effects of 0 to 1 by enumeration of the types, the mediator clamped at 0."""
        types = jnp.arange(len(self.weights))
        units = unit_effects(self, types, control=0.0, treated=1.0, level=0.0)
        return Effects(*(jnp.asarray(self.weights, float) @ values for values in units))

    def experimental_law(self) -> ExperimentalLaw:
        """Return the exact law of everything that experiments can show, in float64."""
        weights, outcomes = np.asarray(self.weights, np.float64), np.asarray(self.outcomes)
        randomized = np.zeros((2, 2, 2))
        for weight, mediators, table in zip(weights, self.mediators, outcomes, strict=True):
            for x in (0, 1):
                m = int(mediators[x])
                randomized[x, m, int(table[x, m])] += weight
        return ExperimentalLaw(randomized, np.einsum("t,txm->xm", weights, outcomes))


@explains_misuse
@model_pytree
@dataclass(frozen=True)
class RedundantNeurons(StructuralModel):
    r"""Two neurons, each of which is enough: behaviour happens if either fires.

    Both fire independently, with a probability that the stimulus moves from ``p_control`` to
    ``p_treated``. The first one is the mediator; what goes through the second counts as direct.
    Silencing either leaves behaviour almost unchanged, though nothing but the two carries the
    effect.

    Args:
        p_control: Probability that a neuron fires under stimulus 0.
        p_treated: Probability under stimulus 1.

    Raises:
        ValueError: If a probability is out of range.

    Examples:
        >>> found = RedundantNeurons().exact_effects()
        >>> round(found.total, 6), round(found.controlled_direct, 6)  # silencing removes nothing
        (0.8, 0.8)
        >>> round(found.pure_indirect, 6), round(found.total_indirect, 6)
        (0.72, 0.08)
    """

    p_control: Value = 0.1
    p_treated: Value = 0.9

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        check_probability("p_control", self.p_control)
        check_probability("p_treated", self.p_treated)

    def draw_noise(self, n: int, *, key: PRNGKeyArray) -> Float[Array, "2 n"]:
        """Draw a uniform number for each neuron of n units."""
        return jax.random.uniform(key, (2, n))

    def mediator(self, stimulus: Value, noise: Float[Array, "2 n"]) -> Float[Array, " n"]:
        """Return whether the first neuron fires under x."""
        return self._fires(stimulus, noise[0]).astype(noise.dtype)

    def outcome(
        self, stimulus: Value, mediator: Value, noise: Float[Array, "2 n"]
    ) -> Float[Array, " n"]:
        """Return whether behaviour happens under x if the first neuron is set to m."""
        return jnp.maximum(mediator, self._fires(stimulus, noise[1]).astype(noise.dtype))

    def exact_effects(self) -> Effects:
        """Return the effects of 0 to 1 that go through the first neuron, which is clamped at 0."""
        before, after = self.p_control, self.p_treated
        change, quiet, busy = after - before, 1 - before, 1 - after
        return Effects(
            total=quiet**2 - busy**2,
            controlled_direct=change,
            pure_direct=change * quiet,
            total_direct=change * busy,
            pure_indirect=change * quiet,
            total_indirect=change * busy,
            reference_interaction=-change * before,
            mediated_interaction=-(change**2),
        )

    def _fires(self, stimulus: Value, uniform: Float[Array, " n"]) -> Bool[Array, " n"]:
        return uniform < self.p_control + (self.p_treated - self.p_control) * stimulus
