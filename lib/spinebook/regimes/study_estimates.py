"""Estimates that stay undecided where too few networks have learned the task."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Num

from spinebook.stats import Estimate, bootstrap_estimate, hodges_lehmann, spearman_within
from spinebook.types import AnyArray, Numbers

LEAST_PAIRS = 10


def undecided(reach: float = 1.0) -> Estimate:
    """Return an estimate that decides nothing about a sign.

    Examples:
        >>> undecided()
        Estimate(value=0.0, low=-1.0, high=1.0)
    """
    return Estimate(0.0, -reach, reach)


def shift(differences: Numbers, *, least: int = LEAST_PAIRS, reach: float = 1.0) -> Estimate:
    """Hodges-Lehmann shift with its Wilcoxon interval at one-sided 1 %, if there are enough pairs.

    Examples:
        >>> shift(np.arange(1.0, 11.0)).low
        2.5
        >>> shift([1.0, 2.0])
        Estimate(value=0.0, low=-1.0, high=1.0)
    """
    if np.size(differences) < least:
        return undecided(reach)
    return hodges_lehmann(differences)


def mean_with_bootstrap(
    values: Num[np.ndarray, " n"], *, seed: int, least: int = LEAST_PAIRS
) -> Estimate:
    """Mean with its bootstrap 95 % interval, if there are enough values.

    Examples:
        >>> mean_with_bootstrap(np.ones(12), seed=0)
        Estimate(value=1.0, low=1.0, high=1.0)
    """
    if len(values) < least:
        return undecided()
    return bootstrap_estimate(np.mean, values, seed=seed)


def order_within(
    labels: Num[AnyArray, " n"],
    table: Float[AnyArray, "seeds n"],
    *,
    seed: int,
    least: int = LEAST_PAIRS,
) -> Estimate:
    """Spearman correlation of labels and values over all runs, permuted within seeds.

    Examples:
        >>> order_within(np.arange(3), np.tile(np.arange(3.0), (12, 1)), seed=0).value
        1.0
    """
    values = np.asarray(table, np.float64)
    if len(values) < least:
        return undecided()
    return spearman_within(np.broadcast_to(labels, values.shape), values, seed=seed)


def seed_correlations(
    labels: Num[AnyArray, " n"], table: Float[AnyArray, "seeds n"]
) -> Float[np.ndarray, " seeds"]:
    """Spearman correlation of labels and values for each seed.

    Examples:
        >>> seed_correlations(np.arange(3), np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])).tolist()
        [1.0, -1.0]
    """
    from scipy.stats import rankdata

    x, y = (rankdata(values, axis=-1) for values in (np.atleast_2d(labels), np.asarray(table)))
    x, y = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (x, y))
    lengths = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    return np.round((x * y).sum(axis=-1) / lengths, 12)
