"""Intervals, and those of a mean or any other statistic of independent observations."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num

from spinebook.checks import check_count, check_number
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


def bootstrap_interval(
    sample: Num[np.ndarray, "observations *rest"],
    statistic: Callable[[np.ndarray], float] = np.mean,
    *,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int,
) -> Interval:
    """Percentile bootstrap interval of a statistic of independent observations.

    Args:
        sample: Observations along the first axis (seeds, cells, synapses).
        statistic: Function of a resampled array to a number.
        resamples: How many times to resample.
        confidence: Coverage asked for, strictly between 0 and 1.
        seed: Seed of the resampling.

    Returns:
        Low and high end.

    Raises:
        ValueError: If there are fewer than two observations, or an argument is out of range.

    Examples:
        >>> low, high = bootstrap_interval(np.arange(100.0), seed=0)
        >>> bool(low < 49.5 < high)
        True
    """
    check_number("sample", sample)
    check_count("resamples", resamples, minimum=1)
    check_level(confidence)
    if len(sample) < 2:
        raise ValueError(f"a bootstrap needs two observations or more, got {len(sample)}.")
    generator = np.random.default_rng(seed)
    rows = generator.integers(len(sample), size=(resamples, len(sample)))
    values = np.array([statistic(sample[row]) for row in rows])
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Interval(low, high)
