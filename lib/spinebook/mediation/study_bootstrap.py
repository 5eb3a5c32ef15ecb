r"""Bootstrap of many small studies at once: draws, intervals and p values of each of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, ndtri

from spinebook.checks import check_count, check_number
from spinebook.mediation.moments import covariance_from_moments, moment_rows, regression_paths
from spinebook.misuse import explains_misuse
from spinebook.stats.intervals import Interval, check_level
from spinebook.types import AnyArray

METHODS = ("percentile", "bias-corrected")
# Rows drawn at once, so that their counts stay in the cache.
ROWS = 1 << 19


class BootstrapStudies(NamedTuple):
    """The estimate of each study and its bootstrap draws in rising order."""

    estimate: Float[np.ndarray, " studies"]
    draws: Float[np.ndarray, "studies resamples"]

    def interval(self, method: str = "percentile", *, confidence: float = 0.95) -> Interval:
        r"""Return the ends of each study's interval, as ``bootstrap_interval`` has them.

        .. math:: \Phi(2 z_0 + z), \qquad z_0 = \Phi^{-1}(\text{share of draws below the estimate})

        are the quantiles for "bias-corrected"; :math:`z_0 = 0` for "percentile".

        Args:
            method: "percentile" or "bias-corrected".
            confidence: Coverage asked for.

        Returns:
            Low and high ends, one a study.

        Raises:
            ValueError: If the method is unknown or the confidence out of range.

        Examples:
            >>> found = BootstrapStudies(np.array([51.0]), np.arange(1.0, 102.0)[None])
            >>> low, high = found.interval(confidence=0.9)
            >>> round(float(low[0]), 6), round(float(high[0]), 6)
            (6.0, 96.0)
        """
        check_level(confidence)
        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
        last = self.draws.shape[1] - 1
        shift, edge = np.zeros(len(self.draws)), 1 / (last + 2)
        if method == "bias-corrected":
            share = np.mean(self.draws < self.estimate[:, None], axis=1)
            ties = np.mean(self.draws == self.estimate[:, None], axis=1)
            shift = 2 * ndtri(np.clip(share + ties / 2, edge, 1 - edge))
        tail = ndtri((1 - confidence) / 2)
        return Interval(*(self._quantile(last * ndtr(shift + z)) for z in (tail, -tail)))

    def _quantile(self, place: Float[np.ndarray, " studies"]) -> Float[np.ndarray, " studies"]:
        """Return the draw at a place between 0 and the last of each study, interpolated."""
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, self.draws.shape[1] - 1)
        low, high = (np.take_along_axis(self.draws, at[:, None], 1)[:, 0] for at in (below, above))
        return low + (place - below) * (high - low)

    def p_value_by_sign(self) -> Float[np.ndarray, " studies"]:
        r"""Return twice the smaller share of draws on either side of zero.

        .. math:: p = 2 \min(\text{share} > 0, \text{share} < 0)

        as the R package mediation and pingouin 0.7.0 have it. It belongs to the percentile
        interval and to no other, and it can be 0.

        Returns:
            Two-sided p values, one a study.

        Examples:
            >>> draws = np.array([[-1.0, 1.0, 2.0, 3.0]])
            >>> BootstrapStudies(np.array([1.5]), draws).p_value_by_sign().tolist()
            [0.5]
        """
        shares = np.mean(self.draws > 0, axis=1), np.mean(self.draws < 0, axis=1)
        return 2 * np.minimum(*shares)


@explains_misuse
def bootstrap_studies(
    columns: Float[np.ndarray, "studies n variables"], resamples: int, *, seed: int
) -> BootstrapStudies:
    r"""Bootstrap the indirect effect of many studies, each on its own.

    Every bootstrap sample draws n of a study's n rows with replacement. Only how often each was
    drawn matters: these counts times the rows of products are the moments of the sample, from which
    :math:`\hat a \hat b` follows. Hundreds of thousands of bootstrap samples of fifty rows take a
    second.

    Args:
        columns: Stimulus, mediator and outcome of each study.
        resamples: Bootstrap samples of each study.
        seed: Seed of the resampling.

    Returns:
        Estimates and draws; not finite where a regressor is constant.

    Raises:
        ValueError: If the columns are not three, values are missing, ``resamples`` is no positive
            whole number, or a study has fewer than 20 rows: a bootstrap sample may then hold two
            different rows only, which no plane of stimulus and mediator fits.

    Examples:
        >>> columns = np.random.default_rng(0).normal(size=(2, 20, 3))
        >>> bootstrap_studies(columns, 50, seed=1).draws.shape
        (2, 50)
    """
    check_count("resamples", resamples, minimum=1)
    check_count("seed", seed)
    check_number("columns", columns)
    if columns.ndim != 3 or columns.shape[2] != 3 or columns.shape[1] < 20:
        raise ValueError(
            f"columns must have shape (studies, n, 3) with n at least 20, got {columns.shape}."
        )
    studies, n, _ = columns.shape
    away = np.asarray(columns, np.float64)
    away = away - away.mean(axis=1, keepdims=True)
    rows = moment_rows(away.reshape(-1, 3)).reshape(studies, n, -1)
    generator = np.random.Generator(np.random.SFC64(seed))
    draws, each = np.empty((studies, resamples)), max(1, ROWS // (n * resamples))
    for first in range(0, studies, each):
        some = rows[first : first + each]
        samples = len(some) * resamples
        chosen = generator.integers(n, size=(samples, n), dtype=np.uint32)
        chosen = chosen + n * np.arange(samples)[:, None]
        counts = np.bincount(chosen.reshape(-1), minlength=samples * n).reshape(-1, resamples, n)
        means = np.moveaxis(counts.astype(np.float64) @ some / n, -1, 0)
        draws[first : first + each] = _indirect(means)
    return BootstrapStudies(_indirect(rows.mean(axis=1).T), np.sort(draws, axis=1))


def _indirect(means: Float[AnyArray, "9 *batch"]) -> Float[np.ndarray, "*batch"]:
    """Return the product of the two coefficients from means of moment rows."""
    paths = regression_paths(covariance_from_moments(means, 3))
    return np.asarray(paths.a[0] * paths.b[0])
