"""A neuron that drives a yes-or-no choice, and the logistic regression that is fitted to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from spinebook.checks import check_number
from spinebook.mediation.structural import StructuralModel, Value, model_pytree
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray, Numbers

# Newton's method doubles its digits in each step; from zero it needs about six.
_STEPS, _SMALL = 30, 1e-9


class ChoiceNoise(NamedTuple):
    """The mediator's Gaussian error and the uniform number that decides a trial."""

    mediator: Float[AnyArray, " n"]
    choice: Float[AnyArray, " n"]


@explains_misuse
@model_pytree
@dataclass(frozen=True)
class LogisticChoice(StructuralModel):
    r"""A linear mediator and a binary choice, with nothing unrecorded that drives both.

    .. math:: M = \alpha X + \varepsilon, \qquad
        P(Y = 1 \mid X, M) = \frac{1}{1 + \exp[-(y_0 + c' X + \beta M)]}

    with a standard Gaussian error.

    Args:
        alpha: Effect of the stimulus on the mediator.
        beta: Change of the log odds of the choice per unit of the mediator.
        direct: c', change of the log odds per unit of the stimulus, the mediator held fixed.
        outcome_intercept: y_0, log odds where stimulus and mediator are 0.

    Raises:
        TypeError: If a parameter is not numeric.
        ValueError: If one is not finite.

    Examples:
        >>> model = LogisticChoice()
        >>> noise = model.draw_noise(3, key=jax.random.key(0))
        >>> round(float(model.probability(0.0, 0.0)), 6)
        0.268941
    """

    alpha: Value = 1.0
    beta: Value = 1.5
    direct: Value = 0.5
    outcome_intercept: Value = -1.0

    def __post_init__(self) -> None:
        """Refuse parameters that are no finite numbers."""
        for name in ("alpha", "beta", "direct", "outcome_intercept"):
            check_number(name, getattr(self, name))

    def draw_noise(self, n: int, *, key: PRNGKeyArray) -> ChoiceNoise:
        """Draw the errors of n trials."""
        for_mediator, for_choice = jax.random.split(key)
        error = jax.random.normal(for_mediator, (n,))
        return ChoiceNoise(error, jax.random.uniform(for_choice, (n,)))

    def mediator(self, stimulus: Value, noise: ChoiceNoise) -> Value:
        """Return M(x) of each trial."""
        return self.alpha * stimulus + noise.mediator

    def probability(self, stimulus: Value, mediator: Value) -> Value:
        """Return P(Y(x, m) = 1)."""
        driven = self.outcome_intercept + self.direct * stimulus + self.beta * mediator
        return jax.nn.sigmoid(driven)

    def outcome(self, stimulus: Value, mediator: Value, noise: ChoiceNoise) -> Value:
        """Return the choice Y(x, m) of each trial, 0 or 1."""
        return (noise.choice < self.probability(stimulus, mediator)).astype(noise.choice.dtype)


@explains_misuse
def logistic_slopes(predictors: Numbers, choice: Numbers) -> Float[np.ndarray, " coefficients"]:
    r"""Fit a logistic regression by maximum likelihood, Newton's method in float64.

    .. math:: \log\frac{P(Y = 1)}{P(Y = 0)} = b_0 + \sum_j b_j z_j

    Args:
        predictors: z, (n, p), one row a trial.
        choice: Y, (n,), 0 or 1.

    Returns:
        The intercept and the slopes.

    Raises:
        ValueError: If the shapes do not fit, a choice is neither 0 nor 1, or the likelihood has no
            maximum because a boundary separates the choices or predictors are collinear.

    Examples:
        >>> found = logistic_slopes(np.array([[0.0], [0], [0], [1], [1], [1]]), [0, 0, 1, 0, 1, 1])
        >>> (found / np.log(2)).round(6).tolist()
        [-1.0, 2.0]
    """
    check_number("predictors", predictors)
    check_number("choice", choice)
    z, y = np.asarray(predictors, np.float64), np.asarray(choice, np.float64)
    if z.ndim != 2 or y.shape != z.shape[:1]:
        raise ValueError(f"expected predictors (n, p) and choice (n,), got {z.shape}, {y.shape}.")
    if not np.isin(y, (0, 1)).all():
        raise ValueError("choice must hold 0 and 1 only; code the two choices so.")
    design = np.column_stack([np.ones(len(z)), z])
    slopes = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ slopes, -500, 500)))
        curvature = (design * (p * (1 - p))[:, None]).T @ design
        if np.linalg.cond(curvature) > 1e12:
            break
        step = np.linalg.solve(curvature, design.T @ (y - p))
        slopes += step
        if np.abs(step).max() < _SMALL:
            return slopes
    raise ValueError(
        "no maximum of the likelihood was found: a boundary separates the choices, or the "
        "predictors are collinear; leave predictors out or record more trials."
    )
