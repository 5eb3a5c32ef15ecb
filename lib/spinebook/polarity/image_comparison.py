"""Comparing two scenarios over several sample sizes at once."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from spinebook import stats
from spinebook.checks import check_number
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


@explains_misuse
def mean_superiority(
    first: Float[AnyArray, "runs sizes"],
    second: Float[AnyArray, "_ _"],
    *,
    seed: int,
    confidence: float = 0.95,
    resamples: int = 2000,
) -> stats.Estimate:
    r"""Probability that a run of the first scenario has the lower error, mean over sizes.

    .. math:: \bar A = \frac1m \sum_{n} \Bigl[P(X_n < Y_n) + \tfrac12 P(X_n = Y_n)\Bigr]

    over all pairs of runs of a size. Its percentile bootstrap draws whole rows, a run with both
    scenarios at all sizes: rows may share a source network, images and first weights inside, and
    only have to be independent of one another.

    Args:
        first: errors of the first scenario, a row for each run, a column for each size.
        second: errors of the second scenario, of the same shape.
        seed: seed of the bootstrap.
        confidence: coverage asked for, strictly between 0 and 1.
        resamples: how many times to resample.

    Returns:
        :math:`\bar A`, low and high end; above 0.5 the first scenario tends to be better.

    Raises:
        ValueError: shapes that differ, fewer than two runs, or errors that are no numbers.

    Examples:
        >>> mean_superiority(np.zeros((9, 2)), np.ones((9, 2)), seed=0, resamples=50).value
        1.0
    """
    check_number("first", first)
    check_number("second", second)
    x, y = np.asarray(first, float), np.asarray(second, float)
    if x.shape != y.shape or x.ndim != 2:
        raise ValueError(
            f"first and second need the same shape (runs, sizes), got {x.shape} and {y.shape}"
        )

    def superiority(rows: np.ndarray) -> float:
        better = np.sign(rows[None, :, 1] - rows[:, None, 0])
        return float(0.5 + 0.5 * better.mean())

    both = np.stack([x, y], axis=1)
    return stats.bootstrap_estimate(
        superiority, both, confidence=confidence, resamples=resamples, seed=seed
    )
