"""The loss and accuracy that no learner can beat when a binary choice has to be made from noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import special

from spinebook.checks import check_number
from spinebook.types import Numbers

_EDGE = 10.0  # standard deviations; beyond them lies 1e-23 of a Gaussian
_POINTS = 2001


class BayesFloor(NamedTuple):
    """Cross-entropy in nats and accuracy of the ideal observer."""

    loss: float
    accuracy: float


def evidence_floor(strengths: Numbers, deviation: float) -> BayesFloor:
    r"""Return the floor of telling the sign of a Gaussian's mean, whose size is drawn from a list.

    The evidence is :math:`u \sim \mathcal N(\pm m, s^2)` with both signs and all strengths m
    equally likely, and the best answer is the posterior
    :math:`p(u) = \sum_m \varphi_s(u - m) / \sum_m [\varphi_s(u - m) + \varphi_s(u + m)]`:

    .. math:: L = \mathbb E[-p \log p - (1 - p)\log(1 - p)], \qquad
        A = \mathbb E[\max(p, 1 - p)] = \langle \Phi(m/s) \rangle_m,

    L by the trapezoidal rule, exact to rounding for such smooth integrands.

    Args:
        strengths: values of m, not negative, in the unit of the evidence.
        deviation: s, positive.

    Returns:
        Loss in nats and accuracy.

    Raises:
        ValueError: no strength, a negative or non-finite one, or a deviation that is not positive.

    Examples:
        >>> floor = evidence_floor([0.0], 1.0)
        >>> round(floor.loss, 6), round(floor.accuracy, 6)
        (0.693147, 0.5)
    """
    means = _standardised(strengths, deviation)
    weight, odds = _evidence(means)
    return BayesFloor(_entropy(weight, odds), float(np.mean(special.ndtr(means))))


def comparison_floor(strengths: Numbers, deviation: float) -> BayesFloor:
    r"""Return the floor of telling whether the signs of two such Gaussians' means are equal.

    With the posteriors :math:`p, q` of the two signs, that of a match is
    :math:`pq + (1 - p)(1 - q)`; the answer is right if both signs are or neither is.

    Args:
        strengths: as :func:`evidence_floor`, the same list for both.
        deviation: standard deviation of each evidence, positive.

    Returns:
        Loss in nats and accuracy.

    Raises:
        ValueError: as :func:`evidence_floor`.

    Examples:
        >>> round(comparison_floor([1.0], 0.5).accuracy, 4)
        0.9555
    """
    means = _standardised(strengths, deviation)
    weight, odds = _evidence(means)
    # tanh(match odds / 2) is the product of the two; the logarithm of 1 - |tanh| keeps its digits.
    half = np.abs(odds) / 2
    low, high = np.minimum.outer(half, half), np.maximum.outer(half, half)
    # atanh(tanh a tanh b) = a - [log(1 + e^{2(a-b)}) - log(1 + e^{-2(a+b)})] / 2 for a < b.
    match = low - (np.log1p(np.exp(2 * (low - high))) - np.log1p(np.exp(-2 * (low + high)))) / 2
    right = np.mean(special.ndtr(means))
    accuracy = right**2 + (1 - right) ** 2
    return BayesFloor(_entropy(np.outer(weight, weight), 2 * match), float(accuracy))


def _standardised(strengths: Numbers, deviation: float) -> Float[np.ndarray, " strengths"]:
    """Refuse strengths and deviations without meaning; return their quotients."""
    check_number("strengths", strengths)
    means = np.atleast_1d(np.asarray(strengths, np.float64)).ravel()
    if (means < 0).any():
        raise ValueError(f"strengths must not be negative, got {means.min()}")
    if not 0.0 < float(deviation) < np.inf:
        raise ValueError(f"deviation must be positive and finite, got {deviation!r}")
    # Beyond 40 deviations nothing is left to lose, and the grid would become coarse.
    return np.minimum(means / float(deviation), 40.0)


def _evidence(
    means: Float[np.ndarray, " strengths"],
) -> tuple[Float[np.ndarray, " u"], Float[np.ndarray, " u"]]:
    """Return the probability of each value of a grid, and the log odds of a positive sign there."""
    edge = means.max() + _EDGE
    u = np.linspace(-edge, edge, _POINTS)
    up, down = (special.logsumexp(-((u[:, None] - s * means) ** 2) / 2, axis=1) for s in (1, -1))
    density = np.exp(np.logaddexp(up, down)) / (2 * len(means) * np.sqrt(2 * np.pi))
    return density * (u[1] - u[0]), up - down


def _entropy(weight: Float[np.ndarray, "*grid"], odds: Float[np.ndarray, "*grid"]) -> float:
    """Average the entropy of the posterior with the given log odds."""
    size = np.abs(odds)
    wrong = special.expit(-size)
    entropy = -special.expit(size) * special.log_expit(size) - special.xlogy(wrong, wrong)
    return float(np.sum(weight * entropy))
