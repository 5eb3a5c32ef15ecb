"""Correlations over trained networks, with intervals that respect what the runs of a seed share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Num

from spinebook.stats import Estimate, bootstrap_estimate


def pearson(x: Num[np.ndarray, "*shape"], y: Num[np.ndarray, "*shape"]) -> float:
    """Return Pearson's correlation of two arrays of one shape.

    Args:
        x: one variable.
        y: the other.

    Returns:
        The correlation, 0 if a variable is constant.

    Examples:
        >>> pearson(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
        1.0
    """
    a, b = (np.ravel(v) - np.mean(v) for v in (x, y))
    scale = float((a @ a) * (b @ b)) ** 0.5
    return float(a @ b) / scale if scale > 0 else 0.0


def partial_correlation(
    x: Num[np.ndarray, "*shape"], y: Num[np.ndarray, "*shape"], given: Num[np.ndarray, "*shape"]
) -> float:
    r"""Return the correlation of what is left of two variables after a third one.

    .. math:: r_{xy\cdot z} = \frac{r_{xy} - r_{xz} r_{yz}}{\sqrt{(1-r_{xz}^2)(1-r_{yz}^2)}}

    Args:
        x: one variable.
        y: the other.
        given: the variable removed from both by linear regression.

    Returns:
        The partial correlation.

    Examples:
        >>> x, z = np.array([1.0, -1.0, 2.0, -2.0]), np.array([1.0, 1.0, -1.0, -1.0])
        >>> round(partial_correlation(x, x + 5 * z, z), 6)
        1.0
    """
    xy, xz, yz = pearson(x, y), pearson(x, given), pearson(y, given)
    return (xy - xz * yz) / float(np.sqrt((1 - xz**2) * (1 - yz**2)))


def within_settings(values: Num[np.ndarray, "seeds settings"]) -> Num[np.ndarray, "seeds settings"]:
    """Remove the mean of every setting.

    Args:
        values: one a run.

    Returns:
        Deviations from the settings' means.

    Examples:
        >>> within_settings(np.array([[1.0, 10.0], [3.0, 12.0]])).tolist()
        [[-1.0, -1.0], [1.0, 1.0]]
    """
    return values - values.mean(axis=0)


def over_seeds(
    tables: list[Num[np.ndarray, "seeds settings"]],
    statistic: Callable[..., float],
    *,
    confidence: float = 0.95,
    seed: int,
) -> Estimate:
    """Return a statistic of all runs with its bootstrap interval over whole seeds.

    The runs of a seed share images and start, so they are drawn together.

    Args:
        tables: one measure each, by seed and setting.
        statistic: function of the tables to a number.
        confidence: of the percentile interval of 2,000 draws.
        seed: seed of the draws.

    Returns:
        The statistic with its interval, widened where it does not hold the statistic.

    Examples:
        >>> x = np.arange(12.0).reshape(6, 2)
        >>> over_seeds([x, 2 * x], pearson, seed=0).value
        1.0
    """
    together = np.stack(tables, axis=1)

    def of(sample: np.ndarray) -> float:
        return statistic(*np.moveaxis(sample, 1, 0))

    return bootstrap_estimate(of, together, confidence=confidence, seed=seed)


def largest_block(finite: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return seeds and settings whose runs all stayed finite, as many runs as possible.

    Settings are taken in the order of how many of their runs are finite.

    Args:
        finite: whether each run stayed finite, by seed and setting.

    Returns:
        Which seeds and which settings to keep, rising.

    Examples:
        >>> seeds, settings = largest_block(np.array([[True, False], [True, False], [True, True]]))
        >>> seeds.tolist(), settings.tolist()
        ([0, 1, 2], [0])
    """
    order = np.argsort(-finite.sum(axis=0), kind="stable")
    sizes = [k * finite[:, order[:k]].all(axis=1).sum() for k in range(1, len(order) + 1)]
    kept = np.sort(order[: int(np.argmax(sizes)) + 1])
    return np.flatnonzero(finite[:, kept].all(axis=1)), kept
