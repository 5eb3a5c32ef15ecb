"""When a neuron spikes, and how often."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_count, check_number, check_real
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


@explains_misuse
def spike_times(
    t_ms: Float[AnyArray, " samples"],
    v_mV: Float[AnyArray, " samples"],
    *,
    threshold_mV: float = 0.0,
) -> Float[np.ndarray, " spikes"]:
    """Return when a voltage rises through a threshold, by linear interpolation of the samples.

    Args:
        t_ms: Times of the samples, rising.
        v_mV: Voltage at these times.
        threshold_mV: Threshold; a spike is a sample below it and the next one at it or above.

    Returns:
        The times.

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If times and voltages differ in length.

    Examples:
        >>> v = np.array([-20.0, 20.0, -20.0, -10.0])
        >>> spike_times(np.arange(4.0), v).tolist()
        [0.5]
    """
    for name, value in {"t_ms": t_ms, "v_mV": v_mV, "threshold_mV": threshold_mV}.items():
        check_number(name, value)
    t, v = np.asarray(t_ms, np.float64), np.asarray(v_mV, np.float64) - threshold_mV
    if t.shape != v.shape or t.ndim != 1:
        raise ValueError(
            f"t_ms and v_mV must be two lists of one length, got shapes {t.shape} and {v.shape}; "
            "pass one trace at a time."
        )
    before = np.flatnonzero((v[:-1] < 0) & (v[1:] >= 0))
    share = v[before] / (v[before] - v[before + 1])
    return t[before] + share * (t[before + 1] - t[before])


@explains_misuse
def firing_rate_Hz(spikes_ms: Float[AnyArray, " spikes"], *, intervals: int = 5) -> float:
    """Return the rate at the end of a train of spikes, from its last intervals.

    Args:
        spikes_ms: Times of the spikes, rising.
        intervals: How many intervals to average; all of them if there are fewer.

    Returns:
        The rate, 0 for fewer than two spikes.

    Raises:
        TypeError: If ``intervals`` is no integer.
        ValueError: If it is not positive, or the times do not rise.

    Examples:
        >>> firing_rate_Hz(np.array([3.0, 5.0, 25.0, 45.0]), intervals=2)
        50.0
    """
    check_count("intervals", intervals, minimum=1)
    check_real("spikes_ms", spikes_ms)
    last = np.asarray(spikes_ms, np.float64)[-intervals - 1 :]
    if (np.diff(last) <= 0).any():
        raise ValueError("spikes_ms must rise; sort them and remove those that come twice.")
    return float(1e3 * (len(last) - 1) / (last[-1] - last[0])) if len(last) > 1 else 0.0
