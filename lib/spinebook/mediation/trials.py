"""Trials of a mediation experiment, the laws of their stimulus and what regressions give."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, get_args

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from spinebook.checks import check_number
from spinebook.mediation.structural import Value
from spinebook.types import AnyArray, Numbers

StimulusLaw: TypeAlias = Literal["gaussian", "bernoulli"]
"""Gaussian around zero, or 0 and 1 with equal probability."""


class Sample(NamedTuple):
    """Trials of a linear model; only the first three are recorded in an experiment."""

    stimulus: Float[AnyArray, " n"]
    mediator: Float[AnyArray, " n"]
    outcome: Float[AnyArray, " n"]
    confounder: Float[AnyArray, " n"]
    perturbation: Float[AnyArray, " n"]


class LinearNoise(NamedTuple):
    """Common input U and the private errors of the mediator and the outcome."""

    confounder: Float[AnyArray, " n"]
    mediator: Float[AnyArray, " n"]
    outcome: Float[AnyArray, " n"]


class ExpectedRegression(NamedTuple):
    """What least squares converges to: Y ~ X gives total, M ~ X gives a, Y ~ X + M the others."""

    a: Value
    b: Value
    direct: Value
    total: Value
    indirect: Value


def check_law(law: str) -> None:
    """Refuse a stimulus law that does not exist."""
    known = get_args(StimulusLaw)
    if law not in known:
        raise ValueError(f"stimulus must be one of {', '.join(known)}, got {law!r}.")


def stimulus_moments(law: StimulusLaw, sd: Value) -> tuple[float, Value, Value]:
    """Return E[X], Var(X) and Var(X^2); both laws have Cov(X, X^2) = 2 E[X] Var(X)."""
    check_law(law)
    if law == "bernoulli":
        return 0.5, 0.25, 0.25
    return 0.0, sd**2, 2 * sd**4


def draw_stimulus(
    n: int, law: StimulusLaw, sd: Value, *, key: PRNGKeyArray
) -> Float[AnyArray, " n"]:
    """Draw the stimuli of n trials; ``sd`` belongs to the Gaussian law."""
    check_law(law)
    if law == "bernoulli":
        return jax.random.bernoulli(key, 0.5, (n,)).astype(float)
    return sd * jax.random.normal(key, (n,))


def trial_columns(minimum: int, **named: Numbers) -> Float[np.ndarray, "variables n"]:
    """Return recorded variables as float64 rows, or say which of them does not fit."""
    for name, values in named.items():
        check_number(name, values)
    columns = [np.asarray(values, np.float64) for values in named.values()]
    shapes = [column.shape for column in columns]
    if len(set(shapes)) != 1 or len(shapes[0]) != 1 or shapes[0][0] < minimum:
        raise ValueError(
            f"expected {', '.join(named)} of one length, at least {minimum}, got shapes "
            f"{', '.join(map(str, shapes))}."
        )
    return np.stack(columns)
