"""Tests on ranks, turned into intervals: Wilcoxon's signed ranks and Spearman's correlation."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Num

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.stats.intervals import Estimate, check_level
from spinebook.types import Numbers


@explains_misuse
def hodges_lehmann(differences: Numbers, confidence: float = 0.98) -> Estimate:
    r"""Centre of paired differences with the interval of Wilcoxon's exact signed-rank test.

    The estimate is the median of all averages :math:`(x_i + x_j)/2`, :math:`i \le j` (Hodges and
    Lehmann 1963). With :math:`k` the largest number for which
    :math:`P(T < k) \le (1 - c)/2` under the exact law of the signed-rank sum :math:`T`, the
    interval reaches from the :math:`k`-th smallest average to the :math:`k`-th largest. Its low
    end exceeds 0 exactly when the one-sided test rejects a shift of 0 at level
    :math:`(1 - c)/2`.

    Args:
        differences: Paired differences, one a seed.
        confidence: Coverage :math:`c`, strictly between 0 and 1.

    Returns:
        Estimate, low and high end.

    Raises:
        ValueError: If there are too few differences for this confidence (seven for 0.98).

    Examples:
        >>> hodges_lehmann([3.0, 1.0, 2.0, 4.0, 5.0, 6.0, 7.0])
        Estimate(value=4.0, low=1.0, high=7.0)
    """
    check_number("differences", differences)
    check_level(confidence)
    values = np.asarray(differences, float).ravel()
    n = len(values)
    tail = np.cumsum(_signed_rank_law(n))
    k = int(np.searchsorted(tail, (1 - confidence) / 2 * (1 + 1e-12), side="right"))
    if k == 0:
        raise ValueError(
            f"{n} differences can not decide anything at confidence {confidence}; take more of "
            "them or lower it."
        )
    rows, columns = np.triu_indices(n)
    averages = np.sort((values[rows] + values[columns]) / 2)
    return Estimate(float(np.median(averages)), float(averages[k - 1]), float(averages[-k]))


def _signed_rank_law(n: int) -> Float[np.ndarray, " sums"]:
    """Return the probability of each sum of positive ranks when all signs are equally likely."""
    law = np.ones(1)
    for rank in range(1, n + 1):
        longer = np.zeros(len(law) + rank)
        longer[: len(law)] += law / 2
        longer[rank:] += law / 2
        law = longer
    return law


@explains_misuse
def spearman_within(
    x: Num[np.ndarray, "strata n"],
    y: Num[np.ndarray, "_ _"],
    *,
    confidence: float = 0.98,
    permutations: int = 4000,
    seed: int,
) -> Estimate:
    r"""Spearman's correlation over all observations, tested by permutations within strata.

    The observations of a stratum (a seed) are paired, so that only their labels :math:`x` may be
    exchanged under the hypothesis of no effect. The ends of the interval are
    :math:`\rho \pm q`, where :math:`q` is the :math:`(1 + c)/2` quantile of :math:`\rho` over such
    permutations: the low end exceeds 0 exactly when the one-sided p value is below
    :math:`(1 - c)/2`. It is no interval of an underlying correlation, and may pass 1.

    Args:
        x: Labels, such as ranks, one row a stratum.
        y: What was measured, of the same shape.
        confidence: :math:`c`, strictly between 0 and 1.
        permutations: How many to draw.
        seed: Seed of the permutations.

    Returns:
        Correlation, low and high end.

    Raises:
        ValueError: If the shapes differ, either variable is constant, or an argument is out of
            range.

    Examples:
        >>> x = np.array([[1, 2, 3]] * 5)
        >>> spearman_within(x, x**2.0, seed=0).value
        1.0
    """
    check_number("x", x)
    check_number("y", y)
    check_level(confidence)
    check_count("permutations", permutations, minimum=1)
    check_count("seed", seed)
    if x.shape != y.shape:
        raise ValueError(f"x and y must have the same shape, got {x.shape} and {y.shape}.")
    first, second = _standard_ranks("x", x), _standard_ranks("y", y)
    generator = np.random.default_rng(seed)
    shuffled = np.broadcast_to(first, (permutations, *x.shape))
    law = (generator.permuted(shuffled, axis=2) * second).sum(axis=(1, 2))
    rho = float((first * second).sum())
    reach = float(np.quantile(law, (1 + confidence) / 2))
    return Estimate(round(rho, 12), rho - abs(reach), rho + abs(reach))


def _standard_ranks(name: str, values: np.ndarray) -> np.ndarray:
    """Return ranks over all values, centred and with sum of squares one."""
    from scipy.stats import rankdata

    ranks = rankdata(values).reshape(values.shape)
    centred = ranks - ranks.mean()
    size = np.sqrt((centred**2).sum())
    if size == 0:
        raise ValueError(f"{name} is constant, so no correlation is defined.")
    return np.asarray(centred / size)
