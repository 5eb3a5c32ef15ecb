"""What the simulator refuses as a channel, with messages for those who write their own."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spinebook.checks import check_number, is_traced
from spinebook.misuse import explains_misuse

LARGEST_REVERSAL_mV = 500.0
"""Reversal potentials beyond it are refused: no cell keeps such a gradient of concentration."""


@explains_misuse
def check_channel(channel: Any) -> None:
    """Refuse what the simulator cannot use as a channel, saying what is missing or wrong.

    Rates are tried at voltages from -150 to 100 mV, in the precision that JAX is set to.

    Args:
        channel: a channel, such as one of a user.

    Raises:
        TypeError: a member is missing, the channel cannot be hashed, or a number is none.
        ValueError: a reversal potential out of range, arrays of another shape than (gates, cells),
            steady states or an open share outside 0 to 1, rates of relaxation that are not
            positive, or any of them or their slopes not finite.

    Examples:
        >>> from spinebook.neurons.hodgkin_huxley import PotassiumHH
        >>> check_channel(PotassiumHH())
        >>> check_channel("potassium")
        Traceback (most recent call last):
        ...
        TypeError: str is no channel: it lacks n_gates, reversal_mV, rates, conductance; ...
    """
    name = type(channel).__name__
    members = ("n_gates", "reversal_mV", "rates", "conductance")
    missing = [member for member in members if not hasattr(channel, member)]
    if missing:
        raise TypeError(
            f"{name} is no channel: it lacks {', '.join(missing)}; see spinebook.neurons.Channel"
        )
    try:
        hash(channel)
    except TypeError:
        raise TypeError(
            f"{name} cannot be hashed; make it a dataclass with frozen=True and plain numbers"
        ) from None
    check_reversal(f"{name}.reversal_mV", channel.reversal_mV)
    with jax.ensure_compile_time_eval():
        v = jnp.linspace(-150.0, 100.0, 251)
        rates, slopes = jax.jvp(lambda v: tuple(channel.rates(v)), (v,), (jnp.ones_like(v),))
        share = channel.conductance(rates[0])
    _check_values(name, channel.n_gates, v, rates, slopes, share)


def check_reversal(name: str, value: Any) -> None:
    """Refuse a reversal potential that is no number of millivolts.

    Args:
        name: how the caller's reader knows it.
        value: the potential, mV.

    Raises:
        TypeError: not a number.
        ValueError: not finite, or further from 0 than :data:`LARGEST_REVERSAL_mV`.

    Examples:
        >>> check_reversal("reversal_mV", -77000.0)
        Traceback (most recent call last):
        ...
        ValueError: reversal_mV must lie within 500 mV of 0, got -77000.0; is it in millivolts?
    """
    check_number(name, value)
    if not is_traced(value) and abs(value) > LARGEST_REVERSAL_mV:
        raise ValueError(
            f"{name} must lie within {LARGEST_REVERSAL_mV:g} mV of 0, got {value}; "
            "is it in millivolts?"
        )


def _check_values(name: str, n_gates: int, v: Any, rates: Any, slopes: Any, share: Any) -> None:
    v, shape = np.asarray(v), (n_gates, len(v))
    labels = ("steady state", "rate of relaxation")
    for label, value, slope in zip(labels, rates, slopes, strict=True):
        if np.shape(value) != shape:
            raise ValueError(
                f"{name}.rates gives a {label} of shape {np.shape(value)} for {len(v)} voltages, "
                f"expected {shape}: its {n_gates} gates come first; stack them"
            )
        _check_range(f"{name}: slope of a {label}", v, np.isfinite(slope), "finite")
    if np.shape(share) != v.shape:
        raise ValueError(
            f"{name}.conductance gives shape {np.shape(share)} for gates of shape {shape}, "
            f"expected {v.shape}: combine the gates into one number"
        )
    steady, relaxation = (np.asarray(value) for value in rates)
    _check_range(f"{name}: steady state", v, (steady >= 0) & (steady <= 1), "from 0 to 1")
    positive = (relaxation > 0) & np.isfinite(relaxation)
    _check_range(f"{name}: rate of relaxation", v, positive, "above 0 and finite")
    share = np.asarray(share)
    _check_range(f"{name}: open share", v, (share >= 0) & (share <= 1), "from 0 to 1")


def _check_range(what: str, v: np.ndarray, good: np.ndarray, expected: str) -> None:
    bad = ~np.atleast_2d(good).all(axis=0)
    if bad.any():
        raise ValueError(f"{what} must be {expected}, it is not at {v[bad][0]:g} mV")
