"""What a learning curve is judged by: error, epochs to a threshold, share of runs that reach it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from spinebook import stats
from spinebook.checks import check_probability, check_real
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


@explains_misuse
def error_at_minimum_loss(
    loss: Float[AnyArray, "*runs epochs"], accuracy: Float[AnyArray, "*runs epochs"]
) -> Float[np.ndarray, "*runs"]:
    r"""Return the validation error at the epoch of smallest validation loss, in per cent.

    .. math:: 100\,(1 - A_{e^*}), \qquad e^* = \arg\min_e L_e

    (Wang et al. 2023, code; the first such epoch). The same points choose the epoch and give the
    error, so that it is a little too small, for all scenarios alike. A loss that is not a number
    counts as infinite.

    Args:
        loss: validation loss L after each epoch.
        accuracy: validation accuracy A after each epoch, 0 to 1.

    Returns:
        Error of each run, 0 to 100; a number only where the run has a loss.

    Raises:
        ValueError: shapes that differ, or no epochs.

    Examples:
        >>> error_at_minimum_loss(np.array([[0.7, 0.3, 0.5]]), np.array([[0.5, 0.75, 1.0]]))
        array([25.])
    """
    check_real("loss", loss)
    check_real("accuracy", accuracy)
    loss, accuracy = np.asarray(loss), np.asarray(accuracy)
    if loss.shape != accuracy.shape or not loss.shape[-1]:
        raise ValueError(
            f"loss and accuracy need the same shape, one epoch or more last, got {loss.shape} "
            f"and {accuracy.shape}"
        )
    best = np.where(np.isnan(loss), np.inf, loss).argmin(axis=-1)[..., None]
    error = 100 * (1 - np.take_along_axis(accuracy, best, axis=-1)[..., 0].astype(float))
    return np.where(np.isnan(loss).all(axis=-1), np.nan, error)


class EpochsToThreshold(NamedTuple):
    """When runs reached a threshold, and whether they did: censored times are the epochs trained.

    ``epochs`` is the first epoch, from 0, at which the threshold was reached, and the number of
    epochs where it was not, which ranks such runs behind all others and ties them with each other.
    ``reached`` is False where the time is censored.
    """

    epochs: Int[np.ndarray, "*runs"]
    reached: Bool[np.ndarray, "*runs"]


@explains_misuse
def epochs_to_threshold(
    accuracy: Float[AnyArray, "*runs epochs"], threshold: float
) -> EpochsToThreshold:
    r"""Return the first epoch with an accuracy of at least ``threshold``, from 0.

    Runs that never get there are kept as right-censored. Leaving them out, as medians over the
    successful runs do, favours a scenario in which only the fastest arrive.

    Args:
        accuracy: validation accuracy after each epoch, 0 to 1.
        threshold: accuracy to reach, 0 to 1.

    Returns:
        Epochs and whether they are times of arrival.

    Raises:
        ValueError: a threshold outside 0 to 1, or no epochs.

    Examples:
        >>> times = epochs_to_threshold(np.array([[0.5, 0.9, 0.8], [0.5, 0.6, 0.7]]), 0.9)
        >>> times.epochs.tolist(), times.reached.tolist()
        ([1, 3], [True, False])
    """
    over = np.asarray(_curve(accuracy, threshold) >= threshold)
    reached = over.any(axis=-1)
    epochs = np.where(reached, over.argmax(axis=-1), over.shape[-1])
    return EpochsToThreshold(epochs, np.asarray(reached))


@explains_misuse
def share_reaching(
    accuracy: Float[AnyArray, "runs epochs"], threshold: float, confidence: float = 0.95
) -> stats.Estimate:
    """Return the share of runs that exceed a threshold at any epoch, with its exact interval.

    The comparison is strict, as in the code of Wang et al. (2023), so that it may differ from
    :func:`epochs_to_threshold` for accuracies that equal the threshold.

    Args:
        accuracy: validation accuracy after each epoch, one row a run, 0 to 1.
        threshold: accuracy to exceed, 0 to 1.
        confidence: coverage of the interval.

    Returns:
        Share and both ends of the interval of Clopper and Pearson (1934).

    Raises:
        ValueError: an argument outside its range, no runs or no epochs.

    Examples:
        >>> share_reaching(np.array([[0.5, 0.96], [0.5, 0.95]]), 0.95).value
        0.5
    """
    passed = np.asarray((_curve(accuracy, threshold) > threshold).any(axis=-1))
    interval = stats.binomial_interval(int(passed.sum()), len(passed), confidence)
    return stats.Estimate(float(passed.mean()), float(interval.low), float(interval.high))


def _curve(accuracy: Float[AnyArray, "*runs epochs"], threshold: float) -> np.ndarray:
    check_probability("threshold", threshold)
    curve = np.asarray(accuracy)
    if not curve.shape or not curve.size:
        raise ValueError(f"accuracy needs runs with one epoch or more last, got {curve.shape}")
    return curve
