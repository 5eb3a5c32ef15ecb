r"""The threshold of a spike as a quasi-experiment on what the spike does."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_broadcast, check_number
from spinebook.mediation.trials import trial_columns
from spinebook.misuse import explains_misuse
from spinebook.types import Numbers


class SpikeEffect(NamedTuple):
    """Estimated effect of a spike, its standard error, and observations below and above."""

    value: float
    standard_error: float
    below: int
    above: int


class _Side(NamedTuple):
    value: Any
    variance: Any
    count: Any


def fit_at_threshold(distance: Any, outcome: Any, inside: Any, order: int) -> _Side:
    r"""Outcome at the threshold from one side of it: a mean, or the end of a straight line.

    Both are weighted sums :math:`\sum_i w_i y_i`, with :math:`w_i = 1/n` or
    :math:`w_i = 1/n - \bar d (d_i - \bar d) / \sum_j (d_j - \bar d)^2`; the variance
    :math:`\frac{n}{n-k} \sum_i w_i^2 e_i^2` takes the residuals as they come, as the spread of
    the outcome need not be the same at each distance. Written for whatever batch of traced arrays.

    Args:
        distance: Drive minus threshold, observations last.
        outcome: The outcome, broadcasts.
        inside: 1 for the observations to use and 0 for others.
        order: 0 for a mean, 1 for a straight line.

    Returns:
        Value, its variance and the number of observations.
    """
    count = inside.sum(-1, keepdims=True)
    weight = inside / count
    centre = (weight * outcome).sum(-1, keepdims=True)
    residual = outcome - centre
    if order == 1:
        middle = (weight * distance).sum(-1, keepdims=True)
        away = inside * (distance - middle)
        spread = (away**2).sum(-1, keepdims=True)
        slope = (away * outcome).sum(-1, keepdims=True) / spread
        residual = residual - slope * (distance - middle)
        weight = weight - middle * away / spread
    value = (weight * outcome).sum(-1)
    freedom = count[..., 0] / (count[..., 0] - 1 - order)
    return _Side(value, freedom * ((weight * residual) ** 2).sum(-1), count[..., 0])


@explains_misuse
def spike_discontinuity(
    drive: Numbers,
    outcome: Numbers,
    *,
    threshold: float = 0.0,
    window: float | None = None,
    order: int = 1,
) -> SpikeEffect:
    r"""Effect of a spike from trials on both sides of the spike threshold.

    A neuron spikes where its drive exceeds a threshold, :math:`H = 1[Z > \theta]`. What else the
    drive tells about the outcome hardly changes across the threshold, so the jump there is the
    effect of the spike (Lansdell and Kording 2023): with ``order`` 0 the difference of the means
    within ``window`` of the threshold, with ``order`` 1 that of two straight lines at the
    threshold. Without a window and with ``order`` 0 it is the naive difference of all trials with
    and without a spike.

    Args:
        drive: Z, (n,), one value a trial.
        outcome: The outcome R, (n,).
        threshold: The spike threshold, in the unit of the drive.
        window: Largest distance from the threshold that counts, or None for all trials.
        order: 0 for means, 1 for straight lines.

    Returns:
        The effect with a standard error that allows for unequal variances.

    Raises:
        ValueError: If the lengths differ, values are missing, the window is not positive, or a
            side holds too few trials (or, for lines, equal drives only).

    Examples:
        >>> z = np.array([-2.0, -1, -1, -0.5, 0.5, 1, 1, 2])
        >>> round(spike_discontinuity(z, 3 * (z > 0) + z).value, 6)
        3.0
    """
    z, r = trial_columns(1, drive=drive, outcome=outcome)
    check_number("threshold", threshold)
    if order not in (0, 1):
        raise ValueError(f"order must be 0 (means) or 1 (straight lines), got {order!r}.")
    if window is not None and not 0 < window < np.inf:
        raise ValueError(f"window must be positive and finite, or None; got {window}.")
    distance = z - threshold
    near = np.abs(distance) < (np.inf if window is None else window)
    sides = []
    for name, side in (("below", distance <= 0), ("above", distance > 0)):
        chosen = near & side
        d = distance[chosen]
        if len(d) < 2 + order or (order == 1 and np.ptp(d) == 0):
            raise ValueError(
                f"only {len(d)} trials lie {name} the threshold within the window, or all at one "
                "drive; widen the window."
            )
        sides.append(fit_at_threshold(d, r[chosen], np.ones(len(d)), order))
    below, above = sides
    error = np.sqrt(below.variance + above.variance)
    counts = int(below.count), int(above.count)
    return SpikeEffect(float(above.value - below.value), float(error), *counts)


@explains_misuse
def naive_difference(
    effect: Numbers, confounding: Numbers, correlation: Numbers, threshold: Numbers = 0.0
) -> Float[np.ndarray, "..."]:
    r"""Expected difference between all trials with and without a spike.

    .. math:: \beta + \lambda c \frac{\varphi(\theta)}{\Phi(\theta)[1 - \Phi(\theta)]}

    for :math:`R = \beta H + \lambda U + \varepsilon` and a standard Gaussian drive Z that
    correlates by c with the unobserved input U.

    Args:
        effect: :math:`\beta`, any shape.
        confounding: :math:`\lambda`, effect of U on the outcome, broadcasts.
        correlation: c, in [-1, 1].
        threshold: :math:`\theta` in standard deviations of the drive.

    Returns:
        The expectation, of the broadcast shape.

    Raises:
        ValueError: If a value is not finite, the correlation out of range, or shapes do not fit.

    Examples:
        >>> round(float(naive_difference(1.0, 1.0, 0.8)), 6)
        2.276615
    """
    from scipy.special import ndtr

    _check_model(effect, confounding, correlation, threshold)
    theta = np.asarray(threshold, float)
    jump = _density(theta) / (ndtr(theta) * ndtr(-theta))
    bias = np.asarray(confounding, float) * np.asarray(correlation, float) * jump
    return np.asarray(np.asarray(effect, float) + bias)


@explains_misuse
def window_difference(
    effect: Numbers,
    confounding: Numbers,
    correlation: Numbers,
    window: Numbers,
    threshold: Numbers = 0.0,
) -> Float[np.ndarray, "..."]:
    r"""Expected difference of the means within a window around the threshold.

    .. math:: \beta + \lambda c \{E[Z \mid \theta < Z < \theta + p]
        - E[Z \mid \theta - p < Z < \theta]\}

    in the model of :func:`naive_difference`; at :math:`\theta = 0` the bracket is
    :math:`2 E[Z \mid 0 < Z < p]`, close to p. Straight lines have no such error there, as
    :math:`E[U \mid Z]` is one.

    Args:
        effect: :math:`\beta`, any shape.
        confounding: :math:`\lambda`, broadcasts.
        correlation: c, in [-1, 1].
        window: p, positive, in standard deviations of the drive.
        threshold: :math:`\theta`, likewise.

    Returns:
        The expectation, of the broadcast shape.

    Raises:
        ValueError: If a value is not finite or out of range, or shapes do not fit.

    Examples:
        >>> round(float(window_difference(1.0, 1.0, 0.8, 0.5)), 6)
        1.391738
    """
    from scipy.special import ndtr

    _check_model(effect, confounding, correlation, threshold)
    check_number("window", window)
    if np.any(np.asarray(window) <= 0):
        raise ValueError(f"window must be positive, got {np.min(np.asarray(window))}.")
    theta, width = np.asarray(threshold, float), np.asarray(window, float)
    low, high = theta - width, theta + width
    above = (_density(theta) - _density(high)) / (ndtr(high) - ndtr(theta))
    below = (_density(low) - _density(theta)) / (ndtr(theta) - ndtr(low))
    jump = above - below
    bias = np.asarray(confounding, float) * np.asarray(correlation, float) * jump
    return np.asarray(np.asarray(effect, float) + bias)


def _density(z: Any) -> Any:
    return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def _check_model(effect: Any, confounding: Any, correlation: Any, threshold: Any) -> None:
    given = {
        "effect": effect,
        "confounding": confounding,
        "correlation": correlation,
        "threshold": threshold,
    }
    for name, value in given.items():
        check_number(name, value)
    check_broadcast(**given)
    if np.any(np.abs(np.asarray(correlation)) > 1):
        raise ValueError("correlation must lie between -1 and 1.")
