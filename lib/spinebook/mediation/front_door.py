"""The front door: a total effect from a mediator, in spite of what drives stimulus and outcome."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_real
from spinebook.mediation.formula import check_distribution
from spinebook.mediation.trials import trial_columns
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


class FrontDoorEstimate(NamedTuple):
    """Slopes of the front-door regressions, the effect they give and the slope of Y on X alone."""

    a: float
    b: float
    effect: float
    naive: float


@explains_misuse
def front_door(
    stimulus: Float[AnyArray, " n"],
    mediator: Float[AnyArray, " n"],
    outcome: Float[AnyArray, " n"],
) -> FrontDoorEstimate:
    r"""Estimate a total effect through the front door, all relations linear.

    .. math:: \text{effect} = a\,b, \qquad M \sim a X, \quad Y \sim b M + c' X

    (Pearl 1995). An unrecorded cause may drive stimulus and outcome, but not the mediator, and all
    of the effect must pass through the mediator. With a direct path besides, the result is no
    longer the total effect but what the mediator carries of it (Fulcher et al. 2020).

    Args:
        stimulus: X.
        mediator: M.
        outcome: Y.

    Returns:
        a, b, their product and, for comparison, the slope of Y on X alone.

    Raises:
        ValueError: If lengths differ, values are missing, there are fewer than three trials, or
            stimulus and mediator do not vary independently.

    Examples:
        >>> x, e = np.array([-1.0, -1.0, 1.0, 1.0]), np.array([-1.0, 1.0, -1.0, 1.0])
        >>> found = front_door(x, 0.5 * x + e, 0.8 * (0.5 * x + e) + x)
        >>> round(found.effect, 9), round(found.naive, 9)
        (0.4, 1.4)
    """
    columns = trial_columns(3, stimulus=stimulus, mediator=mediator, outcome=outcome)
    X, M, Y = columns - columns.mean(axis=1, keepdims=True)
    if X @ X == 0:
        raise ValueError("stimulus is constant, so it has no effect to estimate.")
    a = X @ M / (X @ X)
    residual = M - a * X
    # A mediator that is a multiple of the stimulus leaves rounding errors of relative size 1e-16.
    if residual @ residual <= 1e-24 * (M @ M):
        raise ValueError("mediator is a function of the stimulus; they cannot be told apart.")
    b = residual @ Y / (residual @ residual)
    return FrontDoorEstimate(float(a), float(b), float(a * b), float(X @ Y / (X @ X)))


@explains_misuse
def front_door_discrete(
    p_m_x: Float[AnyArray, "x m"],
    p_y_mx: Float[AnyArray, "m x y"],
    p_x: Float[AnyArray, " x"],
) -> Float[np.ndarray, "x y"]:
    r"""Return the law of the outcome under intervention, from observed tables.

    .. math:: p(y \mid do(x)) = \sum_m p(m \mid x) \sum_{x'} p(y \mid m, x')\, p(x')

    (Pearl 1995).

    Args:
        p_m_x: p(m | x), rows sum to 1.
        p_y_mx: p(y | m, x), sums to 1 over the last axis.
        p_x: p(x), sums to 1.

    Returns:
        p(y | do(x)), one row for each x.

    Raises:
        ValueError: If the shapes do not fit or probabilities do not sum to 1.

    Examples:
        >>> p_y_mx = np.array([[[0.8, 0.2], [0.4, 0.6]], [[0.5, 0.5], [0.1, 0.9]]])
        >>> front_door_discrete(np.eye(2), p_y_mx, np.array([0.5, 0.5])).round(6)
        array([[0.6, 0.4],
               [0.3, 0.7]])
    """
    for name, table in (("p_m_x", p_m_x), ("p_y_mx", p_y_mx), ("p_x", p_x)):
        check_real(name, table)
    mediator, outcome, stimulus = (np.asarray(table, np.float64) for table in (p_m_x, p_y_mx, p_x))
    fits = mediator.ndim == 2 and outcome.ndim == 3 and stimulus.ndim == 1
    if not fits or outcome.shape[:2] != mediator.shape[::-1] or len(mediator) != len(stimulus):
        raise ValueError(
            "expected p_m_x (x, m), p_y_mx (m, x, y) and p_x (x,), got "
            f"{mediator.shape}, {outcome.shape} and {stimulus.shape}."
        )
    check_distribution("p_m_x", mediator, axis=1)
    check_distribution("p_y_mx", outcome, axis=2)
    check_distribution("p_x", stimulus, axis=0)
    return np.einsum("xm,mzy,z->xy", mediator, outcome, stimulus)
