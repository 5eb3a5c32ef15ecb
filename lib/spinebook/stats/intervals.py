"""Intervals, and those of a mean or any other statistic of independent observations."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.types import Numbers


class Interval(NamedTuple):
    """Both ends of an interval, as arrays of the same shape (or numbers)."""

    low: Float[np.ndarray, "..."] | float
    high: Float[np.ndarray, "..."] | float


def check_level(confidence: float) -> None:
    """Refuse a confidence that is no probability strictly between 0 and 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie strictly between 0 and 1, got {confidence}.")


class Estimate(NamedTuple):
    """A value with both ends of its interval, in the order that ``book.measure`` takes them."""

    value: float
    low: float
    high: float


@explains_misuse
def mean_interval(sample: Numbers, confidence: float = 0.95) -> Estimate:
    r"""Mean of independent observations with its t interval.

    .. math:: \bar x \pm t_{n-1,\,(1+c)/2}\, s/\sqrt n

    (Student 1908): exact for normal observations, and for few of them wider than a percentile
    bootstrap, which covers too little.

    Args:
        sample: Two or more observations.
        confidence: Coverage :math:`c`, strictly between 0 and 1.

    Returns:
        Mean, low and high end.

    Raises:
        ValueError: If there are fewer than two observations, or an argument is out of range.

    Examples:
        >>> [round(end, 3) for end in mean_interval([1.0, 2.0, 3.0])]
        [2.0, -0.484, 4.484]
    """
    from scipy.stats import t

    check_number("sample", sample)
    check_level(confidence)
    values = np.asarray(sample, float).ravel()
    if len(values) < 2:
        raise ValueError(f"an interval needs two observations or more, got {len(values)}.")
    half = t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    centre = float(values.mean())
    return Estimate(centre, centre - float(half), centre + float(half))


@explains_misuse
def bootstrap_estimate(
    statistic: Callable[..., float],
    *samples: Num[np.ndarray, "_ ..."],
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int,
) -> Estimate:
    """Value and percentile bootstrap interval of a statistic of independent samples.

    Each sample is resampled on its own along its first axis. The interval is widened where it
    would not hold the value, which a skewed statistic of few observations can bring about.

    Args:
        statistic: Function of as many arrays as there are samples to a number.
        *samples: Observations along the first axis, two or more in each.
        confidence: Coverage asked for, strictly between 0 and 1.
        resamples: How many times to resample.
        seed: Seed of the resampling.

    Returns:
        The statistic, low and high end.

    Raises:
        ValueError: If a sample has fewer than two observations, or an argument is out of range.

    Examples:
        >>> apart = lambda x, y: float(x.mean() - y.mean())
        >>> bootstrap_estimate(apart, np.ones(12), np.zeros(12), seed=0)
        Estimate(value=1.0, low=1.0, high=1.0)
    """
    check_count("resamples", resamples, minimum=1)
    check_count("seed", seed)
    check_level(confidence)
    for sample in samples:
        check_number("sample", sample)
        if len(sample) < 2:
            raise ValueError(f"a bootstrap needs two observations or more, got {len(sample)}.")
    generator = np.random.default_rng(seed)
    values = np.empty(resamples)
    for i in range(resamples):
        rows = [generator.integers(len(sample), size=len(sample)) for sample in samples]
        values[i] = statistic(*(x[row] for x, row in zip(samples, rows, strict=True)))
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    value = float(statistic(*samples))
    return Estimate(value, min(float(low), value), max(float(high), value))
