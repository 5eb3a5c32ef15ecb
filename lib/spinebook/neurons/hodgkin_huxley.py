"""The leak, and the sodium and potassium channels of the squid's giant axon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.checks import check_number, is_traced
from spinebook.misuse import explains_misuse
from spinebook.neurons.channel_checks import check_reversal
from spinebook.neurons.channels import GateRates, two_state_rates
from spinebook.neurons.rates import linoid
from spinebook.types import AnyArray

REFERENCE_TEMPERATURE_C = 6.3
"""Temperature of the axons whose rates Hodgkin and Huxley (1952) give."""


@explains_misuse
@dataclass(frozen=True)
class Leak:
    r"""A conductance without gates, :math:`I = g_L\,(v - E_L)`.

    Attributes:
        reversal_mV: E_L. The squid's is -54.3 mV, as NEURON has it; it is a rest near -65 mV.

    Examples:
        >>> Leak(-70.0).rates(jnp.zeros(5)).steady.shape
        (0, 5)
    """

    reversal_mV: float = -54.3
    n_gates: ClassVar[int] = 0

    def __post_init__(self) -> None:
        """Refuse a reversal potential in other units."""
        check_reversal("reversal_mV", self.reversal_mV)

    def rates(self, v_mV: Float[AnyArray, "*cells"]) -> GateRates:
        """Steady states and rates of no gates."""
        none = jnp.zeros((0, *v_mV.shape), v_mV.dtype)
        return GateRates(none, none)

    def conductance(self, gates: Float[AnyArray, "0 *cells"]) -> Float[Array, "*cells"]:
        """One: it is always open."""
        return jnp.ones(gates.shape[1:], gates.dtype)


@explains_misuse
@dataclass(frozen=True)
class SodiumHH:
    r"""The squid's sodium channel, open share :math:`m^3 h` (Hodgkin and Huxley 1952).

    .. math::

        \alpha_m &= B\Big(\!-\frac{v + 40}{10}\Big), &
        \beta_m &= 4\,e^{-(v + 65)/18}, \\
        \alpha_h &= 0.07\,e^{-(v + 65)/20}, &
        \beta_h &= \frac{1}{1 + e^{-(v + 35)/10}}

    in 1/ms with :math:`B(x) = x/(e^x - 1)`; both gates run
    :math:`q_{10}^{(T - 6.3\,^\circ\mathrm C)/10}` times as fast at temperature T. Voltages are
    absolute, with the rest at -65 mV, where the paper counts from rest and downwards.

    Attributes:
        reversal_mV: E_Na.
        temperature_C: T, °C.
        q10: factor on all rates for ten degrees.

    Examples:
        >>> m, h = SodiumHH().rates(jnp.array(-65.0)).steady
        >>> print(f"{m:.4f} {h:.4f}")
        0.0529 0.5961
    """

    reversal_mV: float = 50.0
    temperature_C: float = REFERENCE_TEMPERATURE_C
    q10: float = 3.0
    n_gates: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Refuse numbers in other units."""
        check_reversal("reversal_mV", self.reversal_mV)
        _check_temperature(self.temperature_C, self.q10)

    def transition_rates(
        self, v_mV: Float[AnyArray, "*cells"] | float
    ) -> tuple[Float[Array, "2 *cells"], Float[Array, "2 *cells"]]:
        """Opening and closing rates of m and h at 6.3 °C, 1/ms."""
        opening_m = linoid(-(v_mV + 40.0) / 10.0)
        closing_m = 4.0 * jnp.exp(-(v_mV + 65.0) / 18.0)
        opening_h = 0.07 * jnp.exp(-(v_mV + 65.0) / 20.0)
        closing_h = jax.nn.sigmoid((v_mV + 35.0) / 10.0)
        return jnp.stack([opening_m, opening_h]), jnp.stack([closing_m, closing_h])

    def rates(self, v_mV: Float[AnyArray, "*cells"] | float) -> GateRates:
        """Steady states and rates of relaxation of m and h."""
        factor = temperature_factor(self.temperature_C, q10=self.q10)
        return two_state_rates(*self.transition_rates(v_mV), factor)

    def conductance(self, gates: Float[AnyArray, "2 *cells"]) -> Float[Array, "*cells"]:
        """Open share, m³h."""
        m, h = gates
        return m * m * m * h


@explains_misuse
@dataclass(frozen=True)
class PotassiumHH:
    r"""The squid's potassium channel, open share :math:`n^4` (Hodgkin and Huxley 1952).

    .. math::

        \alpha_n = 0.1\,B\Big(\!-\frac{v + 55}{10}\Big), \qquad
        \beta_n = 0.125\,e^{-(v + 65)/80}

    with B and the temperature as for :class:`SodiumHH`.

    Attributes:
        reversal_mV: E_K.
        temperature_C: T, °C.
        q10: factor on all rates for ten degrees.

    Examples:
        >>> (n,) = PotassiumHH().rates(jnp.array(-65.0)).steady
        >>> print(f"{n:.4f}")
        0.3177
    """

    reversal_mV: float = -77.0
    temperature_C: float = REFERENCE_TEMPERATURE_C
    q10: float = 3.0
    n_gates: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse numbers in other units."""
        check_reversal("reversal_mV", self.reversal_mV)
        _check_temperature(self.temperature_C, self.q10)

    def transition_rates(
        self, v_mV: Float[AnyArray, "*cells"] | float
    ) -> tuple[Float[Array, "1 *cells"], Float[Array, "1 *cells"]]:
        """Opening and closing rate of n at 6.3 °C, 1/ms."""
        opening = 0.1 * linoid(-(v_mV + 55.0) / 10.0)
        closing = 0.125 * jnp.exp(-(v_mV + 65.0) / 80.0)
        return opening[None], closing[None]

    def rates(self, v_mV: Float[AnyArray, "*cells"] | float) -> GateRates:
        """Steady state and rate of relaxation of n."""
        factor = temperature_factor(self.temperature_C, q10=self.q10)
        return two_state_rates(*self.transition_rates(v_mV), factor)

    def conductance(self, gates: Float[AnyArray, "1 *cells"]) -> Float[Array, "*cells"]:
        """Open share, n⁴."""
        square = gates[0] * gates[0]
        return square * square


@explains_misuse
def temperature_factor(
    temperature_C: float, reference_C: float = REFERENCE_TEMPERATURE_C, *, q10: float = 3.0
) -> float:
    r"""Compute how much faster gates move at a temperature, :math:`q_{10}^{(T - T_0)/10}`.

    Args:
        temperature_C: T, °C.
        reference_C: :math:`T_0`, °C, where the rates were measured.
        q10: factor for ten degrees, above 0.

    Returns:
        The factor.

    Raises:
        ValueError: a temperature outside -10 to 60 °C, or a factor that is not positive.

    Examples:
        >>> round(temperature_factor(18.5), 4)
        3.8202
    """
    _check_temperature(temperature_C, q10)
    return q10 ** ((temperature_C - reference_C) / 10.0)


def _check_temperature(temperature_C: Any, q10: Any) -> None:
    check_number("temperature_C", temperature_C)
    check_number("q10", q10)
    if not is_traced(temperature_C) and not -10 <= temperature_C <= 60:
        raise ValueError(
            f"temperature_C must lie between -10 and 60, got {temperature_C}; is it in °C?"
        )
    if not is_traced(q10) and not q10 > 0:
        raise ValueError(f"q10 must be above 0, got {q10}; 3 is usual")
