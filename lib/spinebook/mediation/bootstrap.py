r"""Bootstrap of moments: resampled counts times rows of products, and the intervals it gives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt16
from scipy.special import ndtr, ndtri, pdtr

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.stats.intervals import check_level

METHODS = ("percentile", "bias-corrected", "bca")
# Multiplications in one product: buffers stay in the cache, and OpenBLAS does not share so few
# among cores, which costs many times the work itself where other processes are busy.
PRODUCT = 1 << 19


class BootstrapInterval(NamedTuple):
    """Ends of an interval and the two-sided p value of zero that goes with it."""

    low: float
    high: float
    p_value: float


class _CountLaw(NamedTuple):
    """Where a 16-bit word stops to mean each count, and the law of the few words beyond."""

    ends: UInt16[np.ndarray, " counts"]
    beyond: Float[np.ndarray, " all_counts"]


def _count_law(n: int) -> _CountLaw:
    """Split a Poisson law into whole 65,536ths and the rest, which finer numbers decide."""
    counts = np.arange(30)
    law = np.diff(pdtr(counts, max(0.0, 1 - 2.5 / np.sqrt(n))), prepend=0.0)
    whole = np.floor(65536 * law)
    ends = np.cumsum(whole[whole > 0])
    rest = np.cumsum(law - whole / 65536)
    return _CountLaw(ends[ends < 65536].astype(np.uint16), rest / max(rest[-1], 2.0**-60))


@explains_misuse
def resample_means(
    rows: Float[np.ndarray, "n moments"], resamples: int, *, seed: int
) -> Float[np.ndarray, "resamples moments"]:
    r"""Means of rows over bootstrap samples, without ever forming a sample.

    How often each of n rows is drawn is multinomial. The counts are drawn as independent Poisson
    numbers of rate :math:`1 - 2.5/\sqrt n`, then filled up to n with rows drawn one by one: given
    their sum, independent Poisson numbers of equal rate are multinomial, and so is the sum of two
    multinomial counts. The few with a sum above n are drawn again, which leaves that law as it is.
    The means are then one matrix product. Most rows so cost 16 random bits and seven comparisons,
    a third of what drawing and tallying row numbers takes; words that 16 bits leave undecided are
    decided by a number of 53.

    Args:
        rows: What to average, one row an observation.
        resamples: Number of bootstrap samples.
        seed: Seed of the resampling.

    Returns:
        One mean a bootstrap sample.

    Raises:
        ValueError: If there is no row, or ``resamples`` is no positive whole number.

    Examples:
        >>> means = resample_means(np.array([[0.0], [1.0]]), 400, seed=0)
        >>> np.unique(means).tolist()
        [0.0, 0.5, 1.0]
    """
    check_count("resamples", resamples, minimum=1)
    check_count("seed", seed)
    if rows.ndim != 2 or len(rows) == 0:
        raise ValueError(f"rows must be a matrix with at least one row, got shape {rows.shape}.")
    check_number("rows", rows)
    n, block = len(rows), max(1, PRODUCT // rows.size)
    generator = np.random.Generator(np.random.SFC64(seed))
    ends, beyond = _count_law(n)
    above, small = np.empty((block, n), bool), np.empty((block, n), np.uint8)
    counts = np.empty((block, n))
    means, done = np.empty((resamples, rows.shape[1])), 0
    while done < resamples:
        words = generator.bit_generator.random_raw(-(-counts.size // 4)).view(np.uint16)
        words = words[: counts.size].reshape(block, n)
        small.fill(0)
        for end in ends:
            np.greater_equal(words, end, out=above)
            np.add(small, above.view(np.uint8), out=small)
        if len(ends):
            rare = np.flatnonzero(np.equal(small, len(ends), out=above))
            drawn = np.searchsorted(beyond, generator.random(len(rare)), side="right")
            small.reshape(-1)[rare] = drawn
        counts[...] = small
        missing = n - small.sum(axis=1, dtype=np.int64)
        kept = missing >= 0
        filled = np.maximum(missing, 0)
        places = generator.integers(n, size=filled.sum()) + np.repeat(np.arange(block) * n, filled)
        np.add.at(counts.reshape(-1), places, 1.0)
        found = (counts @ rows)[kept][: resamples - done]
        means[done : done + len(found)] = found
        done += len(found)
    return means / n


@explains_misuse
def bootstrap_interval(
    draws: Float[np.ndarray, " resamples"],
    estimate: float,
    *,
    method: str = "percentile",
    confidence: float = 0.95,
    left_out: Float[np.ndarray, " n"] | None = None,
) -> BootstrapInterval:
    r"""Interval of a statistic from its bootstrap draws, with the p value that agrees with it.

    The ends are the quantiles of the draws at

    .. math:: \Phi\left(z_0 + \frac{z_0 + z}{1 - g (z_0 + z)}\right), \qquad
        z = \Phi^{-1}\left(\frac{1 \mp c}{2}\right)

    (Efron 1987): :math:`z_0` from the share of draws below the estimate and the acceleration g
    from leaving one observation out for "bca", :math:`g = 0` for "bias-corrected", and both 0 for
    "percentile". The p value is the level at which an end of the interval reaches 0, so that
    interval and p value never contradict each other; it is at least
    :math:`2/(\text{resamples} + 1)` for the percentile interval.

    The bias-corrected intervals cover too little in small samples (Fritz, Taylor and MacKinnon
    2012); the percentile interval does not.

    Args:
        draws: The statistic of each bootstrap sample.
        estimate: The statistic of the sample itself.
        method: "percentile", "bias-corrected" or "bca".
        confidence: Coverage c asked for, strictly between 0 and 1.
        left_out: The statistic with each observation left out, which "bca" needs.

    Returns:
        Both ends and the p value.

    Raises:
        ValueError: If the method is unknown, "bca" lacks ``left_out``, or there are too few draws
            for the confidence.

    Examples:
        >>> found = bootstrap_interval(np.arange(1.0, 102.0), 51.0, confidence=0.9)
        >>> round(found.low, 6), round(found.high, 6)
        (6.0, 96.0)
    """
    check_level(confidence)
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
    if method == "bca" and left_out is None:
        raise ValueError("bca needs the statistic with each observation left out.")
    tail = (1 - confidence) / 2
    if len(draws) * tail < 1:
        raise ValueError(
            f"{len(draws)} resamples can not tell the ends at confidence {confidence}; "
            f"take at least {int(np.ceil(1 / tail))}."
        )
    edge = 1 / (len(draws) + 1)
    shift, acceleration = 0.0, 0.0
    if method != "percentile":
        share = np.mean(draws < estimate) + np.mean(draws == estimate) / 2
        shift = float(ndtri(np.clip(share, edge, 1 - edge)))
    if method == "bca" and left_out is not None:
        away = left_out.mean() - left_out
        size = 6 * np.sum(away**2) ** 1.5
        acceleration = float(np.sum(away**3) / size) if size > 0 else 0.0
    reach = shift + ndtri(np.array([tail, 1 - tail]))
    # Quantiles, and where zero lies among the draws, on one interpolated scale.
    ordered, scale = np.sort(draws), np.linspace(0, 1, len(draws))
    low, high = np.interp(ndtr(shift + reach / (1 - acceleration * reach)), scale, ordered)
    zero = np.interp(0.0, ordered, scale)
    away_from_shift = ndtri(np.clip(zero, edge, 1 - edge)) - shift
    level = ndtr(away_from_shift / (1 + acceleration * away_from_shift) - shift)
    return BootstrapInterval(float(low), float(high), float(2 * min(level, 1 - level)))
