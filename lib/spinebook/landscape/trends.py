"""How a measure moves along training and with the learning rate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Num

from spinebook.stats import Estimate, mean_interval

_LARGEST_LOSS = 1e-3
_FEWEST_RUNS = 6
_FEWEST_CHECKPOINTS = 3
# Wider than any slope: an interval that decides nothing.
_UNDECIDED = Estimate(0.0, -9.0, 9.0)


class Trend(NamedTuple):
    """Mean slope with its interval, and how many runs are behind it."""

    value: float
    low: float
    high: float
    runs: int

    @property
    def open(self) -> bool:
        """Whether too few runs reached the phase for an interval."""
        return self.runs < _FEWEST_RUNS


def interpolating(
    loss: Float[np.ndarray, "*runs records"], accuracy: Float[np.ndarray, "*runs records"]
) -> np.ndarray:
    """Return from which checkpoints on all labels stay right and the loss below 1e-3.

    Args:
        loss: mean squared error over batch and outputs; NaN after divergence.
        accuracy: share of right labels.

    Returns:
        Whether each checkpoint lies in this late phase.

    Examples:
        >>> interpolating(np.array([9.0, 1e-4, 9.0, 1e-4]), np.ones(4)).tolist()
        [False, False, False, True]
    """
    reached = (np.asarray(accuracy) == 1) & (np.asarray(loss) < _LARGEST_LOSS)
    return np.logical_and.accumulate(reached[..., ::-1], axis=-1)[..., ::-1]


def late_trend(
    steps: Int[np.ndarray, " records"],
    log_measure: Float[np.ndarray, "runs records"],
    late: np.ndarray,
    confidence: float = 0.95,
) -> Trend:
    """Fit the slope of a log measure on log step in the late phase of every run.

    Args:
        steps: step of every checkpoint.
        log_measure: what to fit.
        late: from :func:`interpolating`; a run needs three late checkpoints.
        confidence: of Student's interval over runs.

    Returns:
        The mean slope with its interval; 0 within -9 to 9 with fewer than six runs.

    Examples:
        >>> steps = np.array([1, 10, 100, 1000])
        >>> measure = np.tile(-2 * np.log(steps), (6, 1)) + 0.0
        >>> round(late_trend(steps, measure, steps + 0 * measure > 5).value, 6)
        -2.0
    """
    slopes = []
    for values, chosen in zip(log_measure, late, strict=True):
        used = chosen & np.isfinite(values)
        if used.sum() >= _FEWEST_CHECKPOINTS:
            slopes.append(np.polyfit(np.log(steps[used]), values[used], 1)[0])
    ends = _UNDECIDED if len(slopes) < _FEWEST_RUNS else mean_interval(slopes, confidence)
    return Trend(*ends, len(slopes))


def at_equal_loss(
    log_measure: Float[np.ndarray, "seeds rates records"],
    loss: Float[np.ndarray, "seeds rates records"],
) -> Float[np.ndarray, "seeds rates"]:
    r"""Read each run where its loss first reaches the highest final loss of its seed.

    Between checkpoints the measure is interpolated against log loss. A slow rate that has not
    converged would otherwise look flat. Runs that diverged take no part and stay NaN.

    Args:
        log_measure: what to read.
        loss: training loss at the same checkpoints.

    Returns:
        One value a run.

    Examples:
        >>> loss = np.array([[[1.0, 0.1], [1.0, 0.01]]])
        >>> at_equal_loss(np.array([[[0.0, 5.0], [0.0, 8.0]]]), loss)
        array([[5., 4.]])
    """
    values = np.full(loss.shape[:2], np.nan)
    for seed, runs in enumerate(loss):
        finite = np.isfinite(runs[:, -1])
        if not finite.any():
            continue
        level = runs[finite, -1].max()
        for rate in np.flatnonzero(finite):
            course, measure = np.log(runs[rate]), log_measure[seed, rate]
            i = int(np.argmax(runs[rate] <= level))
            if i == 0:
                values[seed, rate] = measure[0]
                continue
            share = (course[i - 1] - np.log(level)) / (course[i - 1] - course[i])
            values[seed, rate] = measure[i - 1] + share * (measure[i] - measure[i - 1])
    return values


def slopes_on_log_rate(
    log_values: Float[np.ndarray, "seeds rates"], rates: Num[np.ndarray, " rates"]
) -> Float[np.ndarray, " used"]:
    """Fit each seed's slope of a log measure on log rate, over the rates at which it is finite.

    Args:
        log_values: one value a run; NaN for one that diverged.
        rates: learning rates.

    Returns:
        The slope of every seed with three rates or more.

    Examples:
        >>> slopes_on_log_rate(np.array([[0.0, 1.0, 2.0, np.nan]]), np.exp([0.0, 1.0, 2.0, 3.0]))
        array([1.])
    """
    slopes = []
    for values in log_values:
        used = np.isfinite(values)
        if used.sum() >= _FEWEST_CHECKPOINTS:
            slopes.append(np.polyfit(np.log(rates[used]), values[used], 1)[0])
    return np.array(slopes)


def mean_or_open(values: Float[np.ndarray, " seeds"], confidence: float = 0.95) -> Trend:
    """Return Student's interval of the finite values, or an open one with fewer than six.

    Args:
        values: one a seed.
        confidence: of the interval.

    Returns:
        Mean, interval and number of seeds.

    Examples:
        >>> mean_or_open(np.array([1.0, 2.0]))
        Trend(value=0.0, low=-9.0, high=9.0, runs=2)
    """
    used = np.asarray(values, float)[np.isfinite(values)]
    ends = _UNDECIDED if len(used) < _FEWEST_RUNS else mean_interval(used, confidence)
    return Trend(*ends, len(used))
