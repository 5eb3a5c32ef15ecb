"""By how much is the own potential better than the best wrong one?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_count, check_number, check_probability
from spinebook.misuse import explains_misuse
from spinebook.types import Numbers


class Advantage(NamedTuple):
    """A difference of mean distances with its bootstrap interval, and the share of seeds won."""

    value: float
    low: float
    high: float
    wins: int
    seeds: int


@explains_misuse
def own_advantage(
    distances: Numbers, own: int, *, resamples: int = 2000, level: float = 0.95, seed: int
) -> Advantage:
    """Compare the distance under the own potential with that under the best wrong one.

    Distances are paired within seeds: each wrong potential's mean excess over the own one is
    taken over seeds, and the smallest of these means is reported, in the sample and in each
    resample of the seeds.

    Args:
        distances: distance from Gaussian, shape (candidates, seeds), at least two candidates.
        own: position of the own potential among the candidates.
        resamples: bootstrap resamples of the seeds.
        level: coverage of the interval.
        seed: seed of the resampling.

    Returns:
        An :class:`Advantage`; above 0 the own potential is the closest.

    Raises:
        ValueError: distances that are not a finite table, or no such candidate.

    Examples:
        >>> own_advantage(np.array([[0.1, 0.2], [0.3, 0.3]]), 0, seed=0).wins
        2
    """
    check_number("distances", distances)
    check_count("resamples", resamples, minimum=1)
    check_count("seed", seed)
    check_probability("level", level)
    table: Float[np.ndarray, "candidates seeds"] = np.asarray(distances, float)
    if table.ndim != 2 or len(table) < 2:
        raise ValueError(f"expected a table (candidates, seeds), got shape {table.shape}")
    if not 0 <= own < len(table):
        raise ValueError(f"own must be 0 to {len(table) - 1}, got {own}")
    excess = np.delete(table, own, axis=0) - table[own]
    rows = np.random.default_rng(seed).integers(table.shape[1], size=(resamples, table.shape[1]))
    smallest = excess[:, rows].mean(axis=2).min(axis=0)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(smallest, [tail, 1.0 - tail])
    value = float(excess.mean(axis=1).min())
    wins = int(np.sum(np.argmin(table, axis=0) == own))
    # The smallest mean of a resample lies at or below the sample's, so widen the interval to it.
    return Advantage(value, min(float(low), value), max(float(high), value), wins, table.shape[1])
