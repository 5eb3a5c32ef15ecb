"""The mediation formula: natural effects of any outcome, by quadrature or by sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_count, check_number, check_real
from spinebook.mediation.structural import Exact, Value
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


class NaturalEffects(NamedTuple):
    r"""Mean outcomes in the four worlds of a contrast, and the effects they define.

    ``worlds[s, t]`` is E[Y(s, M(t))] with index 0 for control and 1 for treated: the stimulus acts
    directly as s, and the mediator behaves as under t. The names are those of
    :class:`spinebook.mediation.structural.Effects`.
    """

    worlds: Float[np.ndarray, "2 2 ..."]

    @property
    def total(self) -> Exact:
        """Both paths switched."""
        return self.worlds[1, 1] - self.worlds[0, 0]

    @property
    def pure_direct(self) -> Exact:
        """Direct path switched, the mediator as under control."""
        return self.worlds[1, 0] - self.worlds[0, 0]

    @property
    def total_direct(self) -> Exact:
        """Direct path switched, the mediator as under treatment."""
        return self.worlds[1, 1] - self.worlds[0, 1]

    @property
    def pure_indirect(self) -> Exact:
        """Mediator switched, the direct path as under control."""
        return self.worlds[0, 1] - self.worlds[0, 0]

    @property
    def total_indirect(self) -> Exact:
        """Mediator switched, the direct path as under treatment."""
        return self.worlds[1, 1] - self.worlds[1, 0]

    @property
    def log_odds_direct(self) -> Exact:
        """Log odds ratio of the pure direct effect, for outcomes that are probabilities."""
        log_odds = self._log_odds()
        return log_odds[1, 0] - log_odds[0, 0]

    @property
    def log_odds_indirect(self) -> Exact:
        """Log odds ratio of the total indirect effect, for outcomes that are probabilities."""
        log_odds = self._log_odds()
        return log_odds[1, 1] - log_odds[1, 0]

    def _log_odds(self) -> Float[np.ndarray, "2 2 ..."]:
        if np.any(self.worlds <= 0) or np.any(self.worlds >= 1):
            raise ValueError(
                "odds need mean outcomes strictly between 0 and 1, got values from "
                f"{self.worlds.min()} to {self.worlds.max()}; use the differences instead."
            )
        return np.log(self.worlds) - np.log1p(-self.worlds)


@explains_misuse
def mediation_formula(
    outcome_mean: Callable[[Any, Any], Any],
    mediator_mean: Callable[[Any], Any],
    mediator_sd: Value,
    *,
    control: Value = 0.0,
    treated: Value = 1.0,
    nodes: int = 80,
) -> NaturalEffects:
    r"""Return the natural effects on any outcome of a Gaussian mediator.

    .. math:: E[Y(x, M(x^*))] = \int g(x, m)\, N(m;\, \mu(x^*), \sigma^2)\, dm

    by Gauss-Hermite quadrature in float64 (Pearl 2001, mediation formula; Imai, Keele & Tingley
    2010). It assumes that nothing unmeasured drives both mediator and outcome.

    Args:
        outcome_mean: g(x, m), mean outcome for one stimulus and an array of mediator values, whose
            last axis runs over the nodes. NumPy in, numbers out; JAX functions give float32 unless
            64-bit numbers are on.
        mediator_mean: mu(x), mean mediator for one stimulus; a number or an array of any shape.
        mediator_sd: sigma, not negative; broadcasts with the mean.
        control: x*, the stimulus one comes from.
        treated: x, the stimulus one goes to.
        nodes: Number of nodes, 1 to 300; polynomials up to degree 2 nodes - 1 are exact.

    Returns:
        Mean outcomes of the four worlds, with the effects as attributes.

    Raises:
        TypeError: If a function is not callable or a number not numeric.
        ValueError: If a number is out of range, or an outcome does not fit its mediators.

    Examples:
        >>> found = mediation_formula(lambda x, m: 0.3 * x + 0.8 * m, lambda x: 0.5 * x, 1.0)
        >>> float(found.pure_direct.round(9)), float(found.total_indirect.round(9))
        (0.3, 0.4)
    """
    for name, function in (("outcome_mean", outcome_mean), ("mediator_mean", mediator_mean)):
        if not callable(function):
            raise TypeError(f"{name} must be a function, got {type(function).__name__}.")
    for name, value in (("control", control), ("treated", treated), ("mediator_sd", mediator_sd)):
        check_number(name, value)
    check_count("nodes", nodes, minimum=1)
    if nodes > 300:
        raise ValueError(f"nodes must not exceed 300, where the weights underflow, got {nodes}.")
    if np.min(mediator_sd) < 0:
        raise ValueError(f"mediator_sd must be at least 0, got {np.min(mediator_sd)}.")
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = weights / weights.sum()

    def world(stimulus: Value, mediator_stimulus: Value) -> Exact:
        mean = np.asarray(mediator_mean(mediator_stimulus), np.float64)[..., None]
        mediators = mean + np.asarray(mediator_sd, np.float64)[..., None] * points
        values = np.asarray(outcome_mean(stimulus, mediators), np.float64)
        if values.shape[-1:] not in ((), (nodes,)):
            raise ValueError(
                f"outcome_mean must return one value for each mediator, shape {mediators.shape}, "
                f"got {values.shape}."
            )
        return np.sum(values * weights, axis=-1)

    rows = [[world(s, t) for t in (control, treated)] for s in (control, treated)]
    return NaturalEffects(np.array(rows))


@explains_misuse
def mediation_formula_discrete(
    outcome: Float[AnyArray, "x m c"],
    mediator: Float[AnyArray, "x m c"],
    covariate: Float[AnyArray, " c"],
    *,
    control: int = 0,
    treated: int = 1,
) -> NaturalEffects:
    r"""Return the natural effects of tables: discrete stimulus, mediator and covariate.

    .. math:: E[Y(x, M(x^*))] = \sum_c \sum_m E[Y \mid x, m, c]\, p(m \mid x^*, c)\, p(c)

    (Pearl 2001). Without a covariate give the last axis length 1.

    Args:
        outcome: E[Y | x, m, c].
        mediator: p(m | x, c); sums to 1 over m.
        covariate: p(c); sums to 1.
        control: Index of x* on the first axis.
        treated: Index of x.

    Returns:
        Mean outcomes of the four worlds, with the effects as attributes.

    Raises:
        ValueError: If shapes differ, probabilities do not sum to 1 or an index is out of range.

    Examples:
        >>> p_spike = np.array([[[0.9], [0.1]], [[0.1], [0.9]]])
        >>> either = np.array([[[0.1], [1.0]], [[0.9], [1.0]]])  # a second neuron does the same
        >>> found = mediation_formula_discrete(either, p_spike, np.ones(1))
        >>> float(found.pure_indirect.round(9)), float(found.total_indirect.round(9))
        (0.72, 0.08)
    """
    for name, table in (("outcome", outcome), ("mediator", mediator), ("covariate", covariate)):
        check_real(name, table)
    y, p, q = (np.asarray(table, np.float64) for table in (outcome, mediator, covariate))
    if y.ndim != 3 or y.shape != p.shape or q.shape != y.shape[2:]:
        raise ValueError(
            "expected outcome (x, m, c), mediator (x, m, c) and covariate (c,), got "
            f"{y.shape}, {p.shape} and {q.shape}."
        )
    check_number("outcome", y)
    check_distribution("mediator", p, axis=1)
    check_distribution("covariate", q, axis=0)
    for name, index in (("control", control), ("treated", treated)):
        check_count(name, index)
        if index >= len(y):
            raise ValueError(f"{name} must be an index below {len(y)}, got {index}.")
    picked = [control, treated]
    return NaturalEffects(np.einsum("smc,tmc,c->st", y[picked], p[picked], q))


def check_distribution(name: str, table: Float[np.ndarray, "..."], *, axis: int) -> None:
    """Refuse a table that does not hold probabilities summing to 1 along an axis."""
    check_number(name, table)
    if table.min() < 0:
        raise ValueError(f"{name} must hold probabilities, got {table.min()}.")
    sums = table.sum(axis=axis)
    # Tables computed in float32 sum to 1 within a few units of its last place.
    wrong = np.abs(sums - 1) > 1e-5
    if wrong.any():
        raise ValueError(
            f"{name} must sum to 1 along axis {axis}, got {sums[wrong].flat[0]}; normalise it."
        )
