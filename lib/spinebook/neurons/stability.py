"""Steady states of one compartment, and what small deviations from them do."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from spinebook.checks import check_number
from spinebook.misuse import explains_misuse
from spinebook.neurons.channels import Channel, steady_gates
from spinebook.precision import float64_inside
from spinebook.types import Numbers

# All evaluations have this length, so that each tuple of channels is compiled once.
_VOLTAGES = 1000
# Each zoom into an interval makes it 1,000 times shorter; four leave 1e-10 mV of 200 mV.
_ZOOMS = 4


class FixedPoint(NamedTuple):
    """A steady state of one compartment under a constant current.

    Attributes:
        v_mV: Its voltage; gates are steady at it.
        current_uA_cm2: The current that holds it, positive inwards.
        slope_mS_cm2: Slope of that current over the voltage, the steady slope conductance.
        eigenvalues_per_ms: How small deviations grow, the fastest growth first.
    """

    v_mV: float
    current_uA_cm2: float
    slope_mS_cm2: float
    eigenvalues_per_ms: Complex[np.ndarray, " states"]

    @property
    def stable(self) -> bool:
        """Whether all small deviations decay."""
        return bool(self.eigenvalues_per_ms[0].real < 0)

    @property
    def frequency_Hz(self) -> float:
        """Frequency of the deviation that grows fastest, 0 if it does not oscillate."""
        return float(1e3 * abs(self.eigenvalues_per_ms[0].imag) / (2 * np.pi))


@explains_misuse
def fixed_points(
    channels: tuple[Channel, ...],
    densities_mS_cm2: Numbers,
    *,
    current_uA_cm2: float = 0.0,
    capacitance_uF_cm2: float = 1.0,
    between_mV: tuple[float, float] = (-150.0, 100.0),
) -> tuple[FixedPoint, ...]:
    r"""Return the steady states of a compartment under a constant current, and their stability.

    .. math::

        C \frac{dv}{dt} = I - \sum_c \bar g_c\,\phi_c(x_c)\,(v - E_c), \qquad
        \frac{dx_c}{dt} = k_c(v)\,\big(x_{c\infty}(v) - x_c\big)

    stand still where :math:`x = x_\infty(v)` and the currents cancel. The eigenvalues are those of
    the Jacobian of the right sides, by automatic differentiation in float64.

    Args:
        channels: The channels.
        densities_mS_cm2: Maximal conductance of each.
        current_uA_cm2: Constant current I, positive inwards.
        capacitance_uF_cm2: C, positive.
        between_mV: Where to look, on a grid of a thousand voltages.

    Returns:
        The steady states, lowest voltage first; two within one step of the grid may be missed.

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If there is not one density for each channel, or an argument is out of range.

    Examples:
        >>> from spinebook.neurons import Leak, PotassiumHH, SodiumHH
        >>> squid = SodiumHH(), PotassiumHH(), Leak(-54.3)
        >>> (rest,) = fixed_points(squid, [120.0, 36.0, 0.3])
        >>> print(f"{rest.v_mV:.5f} mV", rest.stable)
        -64.97405 mV True
    """
    check_number("current_uA_cm2", current_uA_cm2)
    evaluate = _evaluator(channels, densities_mS_cm2, capacitance_uF_cm2)
    roots = _crossings(lambda v: evaluate(v)[0] - current_uA_cm2, between_mV)
    return _describe(evaluate, roots)


@explains_misuse
def hopf_points(
    channels: tuple[Channel, ...],
    densities_mS_cm2: Numbers,
    *,
    capacitance_uF_cm2: float = 1.0,
    between_mV: tuple[float, float] = (-150.0, 100.0),
) -> tuple[FixedPoint, ...]:
    r"""Return the steady states that gain or lose stability through an oscillation.

    A pair of eigenvalues of :func:`fixed_points`, :math:`\pm i\omega`, is on the imaginary axis
    and no other has a positive real part: on one side of ``current_uA_cm2`` the state is stable,
    on the other small oscillations of ``frequency_Hz`` grow.

    Args:
        channels: The channels.
        densities_mS_cm2: Maximal conductance of each.
        capacitance_uF_cm2: C, positive.
        between_mV: Where to look, on a grid of a thousand voltages.

    Returns:
        The steady states, lowest voltage first.

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If there is not one density for each channel, or an argument is out of range.

    Examples:
        >>> from spinebook.neurons import Leak, PotassiumHH, SodiumHH
        >>> squid = SodiumHH(), PotassiumHH(), Leak(-54.3)
        >>> for point in hopf_points(squid, [120.0, 36.0, 0.3]):
        ...     print(f"{point.current_uA_cm2:.3f} uA/cm2, {point.frequency_Hz:.2f} Hz")
        9.749 uA/cm2, 93.30 Hz
        154.496 uA/cm2, 169.17 Hz
    """
    evaluate = _evaluator(channels, densities_mS_cm2, capacitance_uF_cm2)
    roots = _crossings(lambda v: _eigenvalues(evaluate(v)[2])[:, 0].real, between_mV)
    return tuple(point for point in _describe(evaluate, roots) if point.frequency_Hz > 0)


_Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


def _evaluator(channels: tuple[Channel, ...], densities: Numbers, capacitance: float) -> _Evaluate:
    """Return steady current, its slope and the Jacobian as functions of up to 1,000 voltages."""
    for name, value in {"densities_mS_cm2": densities, "capacitance_uF_cm2": capacitance}.items():
        check_number(name, value)
    given = np.asarray(densities, np.float64)
    if given.shape != (len(channels),):
        raise ValueError(
            f"densities_mS_cm2 must have one entry for each of {len(channels)} channels, got "
            f"shape {given.shape}."
        )
    if capacitance <= 0:
        raise ValueError(f"capacitance_uF_cm2 must be positive, got {capacitance}.")

    def evaluate(voltages: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        padded = np.resize(np.asarray(voltages, np.float64), _VOLTAGES)
        values = _steady(tuple(channels), given, np.float64(capacitance), padded)
        current, slope, jacobian = (np.asarray(value)[: len(voltages)] for value in values)
        return current, slope, jacobian

    return evaluate


@float64_inside
@functools.partial(jax.jit, static_argnums=0)
def _steady(
    channels: tuple[Channel, ...], densities: Array, capacitance: Array, voltages: Array
) -> tuple[Array, Array, Array]:
    """Return current and its slope with steady gates, and the Jacobian of the free system."""

    def steady(v: Array) -> tuple[Array, ...]:
        return tuple(steady_gates(channel, v) for channel in channels)

    def current(v: Array, gates: tuple[Array, ...]) -> Array:
        parts = zip(channels, densities, gates, strict=True)
        return sum(g * c.conductance(x) * (v - c.reversal_mV) for c, g, x in parts)

    def change(state: Array) -> Array:
        v, *rest = state[0], *state[1:]
        gates, changes = [], [jnp.asarray(0.0)]
        for channel in channels:
            x = jnp.stack(rest[: channel.n_gates]) if channel.n_gates else jnp.zeros(0)
            rest = rest[channel.n_gates :]
            where, speed = channel.rates(v)
            gates.append(x)
            changes.extend(speed * (where - x))
        changes[0] = -current(v, tuple(gates)) / capacitance
        return jnp.stack(changes)

    def at(v: Array) -> tuple[Array, Array, Array]:
        value, slope = jax.value_and_grad(lambda v: current(v, steady(v)))(v)
        jacobian = jax.jacfwd(change)(jnp.concatenate([v[None], *steady(v)]))
        return value, slope, jacobian

    return jax.vmap(at)(voltages)


def _eigenvalues(jacobians: np.ndarray) -> np.ndarray:
    """Return eigenvalues, the largest real part first."""
    values = np.linalg.eigvals(jacobians).astype(complex)
    return np.take_along_axis(values, np.argsort(-values.real, axis=1), axis=1)


def _crossings(
    function: Callable[[np.ndarray], np.ndarray], between: tuple[float, float]
) -> np.ndarray:
    """Return where a function of many voltages changes its sign."""
    check_number("between_mV", between)
    low, high = between
    if not low < high:
        raise ValueError(f"between_mV must be two rising voltages, got {low} and {high}.")

    def sign_changes(low: float, high: float) -> list[tuple[float, float]]:
        grid = np.linspace(low, high, _VOLTAGES)
        positive = function(grid) > 0
        return [(grid[i], grid[i + 1]) for i in np.flatnonzero(positive[1:] != positive[:-1])]

    intervals = sign_changes(low, high)
    for _ in range(_ZOOMS - 1):
        # An interval holds one change of sign, or an odd number of which rounding leaves several.
        intervals = [changes[0] for i in intervals if (changes := sign_changes(*i))]
    return np.array([(a + b) / 2 for a, b in intervals])


def _describe(evaluate: _Evaluate, voltages: np.ndarray) -> tuple[FixedPoint, ...]:
    if not len(voltages):
        return ()
    currents, slopes, jacobians = evaluate(voltages)
    return tuple(
        FixedPoint(float(v), float(current), float(slope), eigenvalues)
        for v, current, slope, eigenvalues in zip(
            voltages, currents, slopes, _eigenvalues(jacobians), strict=True
        )
    )
