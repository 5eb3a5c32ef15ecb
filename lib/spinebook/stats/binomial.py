"""Exact intervals and tests of binomial counts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from spinebook.checks import check_at_most, check_count, check_probability
from spinebook.misuse import explains_misuse
from spinebook.stats.intervals import Interval, check_level


@explains_misuse
def binomial_interval(
    successes: ArrayLike, trials: ArrayLike, confidence: float = 0.95
) -> Interval:
    r"""Exact (Clopper-Pearson) interval of a proportion.

    The ends solve :math:`P(X \ge k \mid p_{low}) = P(X \le k \mid p_{high}) = (1-c)/2` for
    :math:`X \sim \mathrm{Bin}(N, p)` (Clopper and Pearson 1934), so that the interval covers the
    true proportion with probability at least :math:`c`, at every :math:`N` and :math:`p`.

    Args:
        successes: Number of successes, any shape, 0 to ``trials``.
        trials: Number of trials, broadcasts with ``successes``, at least 1.
        confidence: Coverage, strictly between 0 and 1.

    Returns:
        Low and high end, each of the broadcast shape, in [0, 1].

    Raises:
        ValueError: If counts are negative, fractional or inconsistent, or the level out of range.

    Examples:
        >>> low, high = binomial_interval(0, 100)
        >>> float(low), round(float(high), 5)
        (0.0, 0.03622)
    """
    from scipy.special import betaincinv

    check_count("successes", successes)
    check_count("trials", trials, minimum=1)
    check_at_most("successes", successes, "trials", trials)
    check_level(confidence)
    hits, total = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    tail = (1 - confidence) / 2
    low = np.where(hits == 0, 0.0, betaincinv(np.maximum(hits, 1), total - hits + 1, tail))
    high = np.where(hits == total, 1.0, betaincinv(hits + 1, np.maximum(total - hits, 1), 1 - tail))
    return Interval(low[()], high[()])


@explains_misuse
def binomial_p_value(
    successes: ArrayLike, trials: ArrayLike, probability: ArrayLike
) -> Float[np.ndarray, "..."] | float:
    r"""Two-sided p value of a count, twice the smaller exact binomial tail.

    Args:
        successes: Observed counts, any shape.
        trials: Number of trials, broadcasts.
        probability: Proportion under the hypothesis, in [0, 1], broadcasts.

    Returns:
        :math:`\min(1, 2\min(P(X \le k), P(X \ge k)))`, of the broadcast shape.

    Raises:
        ValueError: If counts are negative, fractional or inconsistent, or a probability is no one.

    Examples:
        >>> round(float(binomial_p_value(10, 10, 0.5)), 6)
        0.001953
    """
    from scipy.stats import binom

    check_count("successes", successes)
    check_count("trials", trials, minimum=1)
    check_at_most("successes", successes, "trials", trials)
    check_probability("probability", probability)
    hits = np.asarray(successes)
    below = binom.cdf(hits, trials, probability)
    above = binom.sf(hits - 1, trials, probability)
    return np.minimum(1.0, 2 * np.minimum(below, above))


class ChiSquare(NamedTuple):
    """Sum of squared deviations, its degrees of freedom and the quantile it should stay below."""

    statistic: float
    degrees: int
    limit: float


@explains_misuse
def binomial_chi_square(
    successes: ArrayLike,
    trials: ArrayLike,
    probability: ArrayLike,
    *,
    smallest_expected: float = 5.0,
    confidence: float = 0.999,
) -> ChiSquare:
    r"""Sum of squared standardised deviations of independent binomial counts.

    .. math:: \chi^2 = \sum_i \frac{(k_i - N_i p_i)^2}{N_i p_i (1 - p_i)},

    over the points where both :math:`N_i p_i` and :math:`N_i (1-p_i)` reach
    ``smallest_expected``; nothing is fitted, so each point is one degree of freedom.

    Args:
        successes: Observed counts, any shape.
        trials: Number of trials, broadcasts.
        probability: Proportions under the hypothesis, broadcasts.
        smallest_expected: Points with fewer expected counts are left out.
        confidence: Level of the quantile returned as ``limit``.

    Returns:
        The statistic, the number of points used and the chi-square quantile.

    Raises:
        ValueError: If no point has enough expected counts, or an argument is out of range.

    Examples:
        >>> binomial_chi_square(np.array([50, 60]), 100, 0.5).statistic
        4.0
    """
    from scipy.stats import chi2

    check_count("successes", successes)
    check_count("trials", trials, minimum=1)
    check_probability("probability", probability)
    check_level(confidence)
    hits, total, p = np.broadcast_arrays(
        np.asarray(successes, float), np.asarray(trials, float), np.asarray(probability, float)
    )
    used = (total * p >= smallest_expected) & (total * (1 - p) >= smallest_expected)
    if not used.any():
        raise ValueError(f"no point expects {smallest_expected} counts or more; take more trials.")
    z = (hits - total * p)[used] / np.sqrt((total * p * (1 - p))[used])
    degrees = int(used.sum())
    return ChiSquare(float((z**2).sum()), degrees, float(chi2.ppf(confidence, degrees)))
