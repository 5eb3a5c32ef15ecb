"""What an ion channel is to the simulator, and how its gates move in one step."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from spinebook.misuse import explains_misuse
from spinebook.neurons.rates import open_fraction
from spinebook.types import AnyArray


class GateRates(NamedTuple):
    """Where the gates of a channel go at a voltage, and how fast.

    The rate of relaxation is kept rather than its inverse, the time constant: it is the sum of
    opening and closing rates, costs no division, and may be huge while exponential Euler and its
    gradient stay finite.
    """

    steady: Float[AnyArray, "gates *cells"]
    relaxation_per_ms: Float[AnyArray, "gates *cells"]


@runtime_checkable
class Channel(Protocol):
    r"""An ion channel: gates that relax on their own, and a current when they are open.

    .. math::

        \frac{dx}{dt} = k(v)\,\big(x_\infty(v) - x\big), \qquad
        I = \bar g\,\phi(x)\,(v - E)

    with gates :math:`x`, their steady state and rate of relaxation from :meth:`rates`, the open
    share :math:`\phi` from :meth:`conductance` and E the ``reversal_mV``. The density
    :math:`\bar g` in mS/cm² is no part of the channel: it varies over compartments and is fitted.

    Any class with these four members is a channel; nothing has to be inherited. Make it a frozen
    dataclass of plain numbers, so that it can be compared and hashed and may be a static argument
    of a compiled function. Constants of a channel are therefore not differentiated.
    :func:`spinebook.neurons.check_channel` says what is wrong with a new one.

    Examples:
        A slow potassium current with one gate (the M-current of Yamada, Koch and Adams 1989):

        >>> from dataclasses import dataclass
        >>> import jax
        >>> from spinebook.neurons.channel_checks import check_channel
        >>> @dataclass(frozen=True)
        ... class MCurrent:
        ...     reversal_mV: float = -90.0
        ...     slowest_ms: float = 1000.0
        ...     n_gates = 1
        ...
        ...     def rates(self, v_mV):
        ...         x = (v_mV + 35.0) / 20.0
        ...         steady = jax.nn.sigmoid(2 * x)
        ...         relaxation = (3.3 * jnp.exp(x) + jnp.exp(-x)) / self.slowest_ms
        ...         return GateRates(steady[None], relaxation[None])
        ...
        ...     def conductance(self, gates):
        ...         return gates[0]
        >>> check_channel(MCurrent())
        >>> steady_gates(MCurrent(), jnp.array([-35.0])).tolist()
        [[0.5]]
    """

    @property
    def n_gates(self) -> int:
        """Number of gates, 0 for a leak."""
        ...

    @property
    def reversal_mV(self) -> float:
        """Voltage at which the current changes its sign."""
        ...

    def rates(self, v_mV: Float[AnyArray, "*cells"]) -> GateRates:
        """Steady state (0 to 1) and rate of relaxation (1/ms) of each gate, gates first."""
        ...

    def conductance(self, gates: Float[AnyArray, "gates *cells"]) -> Float[Array, "*cells"]:
        """Share of the maximal conductance that is open, 0 to 1."""
        ...


@explains_misuse
def steady_gates(
    channel: Channel, v_mV: Float[AnyArray, "*cells"] | float
) -> Float[Array, "gates *cells"]:
    """Return the gates of a channel after a long time at a voltage, the usual start of a run.

    Args:
        channel: any channel.
        v_mV: voltages, any shape.

    Returns:
        Gates, 0 to 1.

    Examples:
        >>> from spinebook.neurons.hodgkin_huxley import SodiumHH
        >>> [round(gate, 4) for gate in steady_gates(SodiumHH(), -65.0).tolist()]
        [0.0529, 0.5961]
    """
    return jnp.asarray(channel.rates(jnp.asarray(v_mV)).steady)


@explains_misuse
def two_state_rates(
    opening_per_ms: Float[AnyArray, "gates *cells"],
    closing_per_ms: Float[AnyArray, "gates *cells"],
    speed: float = 1.0,
) -> GateRates:
    r"""Turn opening and closing rates of gates into steady states and rates of relaxation.

    .. math:: x_\infty = \frac{\alpha}{\alpha + \beta}, \qquad k = q\,(\alpha + \beta)

    Args:
        opening_per_ms: alpha of each gate, of which there is at least one, 1/ms, at least 0.
        closing_per_ms: beta, 1/ms, at least 0 and not 0 together with alpha.
        speed: q, such as a temperature factor; it leaves the steady state alone.

    Returns:
        Steady states and rates of relaxation.

    Examples:
        >>> gate = two_state_rates(jnp.array([1.0]), jnp.array([3.0]), speed=2.0)
        >>> gate.steady.tolist(), gate.relaxation_per_ms.tolist()
        ([0.25], [8.0])
    """
    opening, closing = split_gates(opening_per_ms), split_gates(closing_per_ms)
    steady = [open_fraction(*both) for both in zip(opening, closing, strict=True)]
    relaxation = [speed * (a + b) for a, b in zip(opening, closing, strict=True)]
    return GateRates(jnp.stack(steady), jnp.stack(relaxation))


def split_gates(values: Float[AnyArray, "gates *cells"]) -> list[Float[Array, "*cells"]]:
    """Take the gates of a channel apart, for arithmetic on one at a time.

    XLA sees through a stack of gates that are computed one by one and taken apart again, forwards
    and backwards. Arithmetic on whole stacks it fuses with the stacking, into loops that decide for
    each number which gate it belongs to and use no wide instructions (jax 0.10, CPU).

    Args:
        values: One row a gate.

    Returns:
        The rows.

    Examples:
        >>> [row.tolist() for row in split_gates(jnp.array([[1.0, 2.0], [3.0, 4.0]]))]
        [[1.0, 2.0], [3.0, 4.0]]
    """
    return [row[0] for row in lax.split(jnp.asarray(values), (1,) * len(values))]


@explains_misuse
def exp_euler_gate(
    gates: Float[AnyArray, "gates *cells"], rates: GateRates, dt_ms: float | Float[AnyArray, ""]
) -> Float[Array, "gates *cells"]:
    r"""Move gates by one step of exponential Euler, exact while the voltage stands still.

    .. math:: x \leftarrow x_\infty + (x - x_\infty)\,e^{-k\,\Delta t}

    (Rush and Larsen 1978.) The result lies between x and its steady state for any step, so that
    gates never leave the interval from 0 to 1. With a moving voltage the error is of first order.

    Args:
        gates: x, 0 to 1.
        rates: steady states and rates of relaxation at the voltage of the step.
        dt_ms: step, ms, at least 0.

    Returns:
        The gates after the step.

    Examples:
        >>> still = GateRates(jnp.array([1.0]), jnp.array([0.5]))
        >>> exp_euler_gate(jnp.array([0.0]), still, 2.0).round(4).tolist()
        [0.632...]
    """
    steady, relaxation = rates
    return jnp.exp(-relaxation * dt_ms) * (gates - steady) + steady
