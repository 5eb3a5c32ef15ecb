"""Sodium and potassium channels of the human neuron model that Jones and Kording (2024) fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.checks import check_number, is_traced
from spinebook.misuse import explains_misuse
from spinebook.neurons.channel_checks import check_reversal
from spinebook.neurons.channels import GateRates, two_state_rates
from spinebook.neurons.hodgkin_huxley import Leak
from spinebook.neurons.rates import linoid, softplus_rate
from spinebook.types import AnyArray

Kinetics = Literal["softplus", "exact"]
"""Rates without a removable 0/0 that the paper uses, or those of Traub et al. they stand for."""


@dataclass(frozen=True)
class _ShiftedChannel:
    """What both channels share: the shift, the reversal potential, and the form of their rates."""

    intended_reversal_mV: float
    shift_mV: float = 49.2
    legacy_shift: bool = False
    kinetics: Kinetics = "softplus"
    speed: float = 1.0
    floor_per_ms: float = 1e-8

    def __post_init__(self) -> None:
        """Refuse numbers out of range and unknown kinetics."""
        check_reversal("intended_reversal_mV", self.intended_reversal_mV)
        check_reversal("shift_mV", self.shift_mV)
        check_number("speed", self.speed)
        check_number("floor_per_ms", self.floor_per_ms)
        if self.kinetics not in ("softplus", "exact"):
            raise ValueError(f"kinetics must be 'softplus' or 'exact', got {self.kinetics!r}")
        if not is_traced(self.speed) and not self.speed > 0:
            raise ValueError(f"speed must be above 0, got {self.speed}; 1 leaves rates as they are")
        if not is_traced(self.floor_per_ms) and self.floor_per_ms < 0:
            raise ValueError(f"floor_per_ms must not be negative, got {self.floor_per_ms}")

    @property
    def reversal_mV(self) -> float:
        """Voltage at which the current of this channel changes its sign."""
        return self.intended_reversal_mV - self.shift_mV * self.legacy_shift

    def transition_rates(
        self, shifted_mV: Float[AnyArray, "*cells"] | float
    ) -> tuple[Float[Array, "gates *cells"], Float[Array, "gates *cells"]]:
        """Opening and closing rates of the gates at the voltage u, 1/ms."""
        raise NotImplementedError

    def rates(self, v_mV: Float[AnyArray, "*cells"] | float) -> GateRates:
        """Steady states and rates of relaxation of the gates."""
        opening, closing = self.transition_rates(v_mV + self.shift_mV)
        return two_state_rates(opening, closing + self.floor_per_ms, self.speed)


@explains_misuse
@dataclass(frozen=True)
class SodiumTraub(_ShiftedChannel):
    r"""A sodium channel with open share :math:`m^2 h` in a shifted voltage :math:`u = v + V_s`.

    .. math::

        \alpha_m &= 1.841 \ln(1 + 0.102\,e^{0.17u}), &
        \beta_m &= 2.010 \ln(1 + 266.087\,e^{-0.139u}), \\
        \alpha_h &= 0.128\,e^{(17 - u)/18}, &
        \beta_h &= \frac{4}{1 + e^{(40 - u)/5}}

    in 1/ms (public code of Jones and Kording 2024, commit 2334b66). The first line replaces
    :math:`\alpha_m = 1.28\,B((13.1 - u)/4)` and :math:`\beta_m = 1.4\,B((u - 40.1)/5)` of Traub et
    al. (1991), which ``kinetics="exact"`` gives, with :math:`B(x) = x/(e^x - 1)`. Gates follow

    .. math:: x_\infty = \frac{\alpha}{\alpha + \beta + \varepsilon}, \qquad
              k = q\,(\alpha + \beta + \varepsilon)

    The shift belongs to the gates. The public code adds it to the voltage of the driving force
    too, :math:`I = g\,m^2h\,(v + V_s - E)`, which is the same as a reversal potential of
    :math:`E - V_s`: with ``legacy_shift`` that is what ``reversal_mV`` says, without it E.

    Attributes:
        intended_reversal_mV: E, as the paper sets it.
        shift_mV: V_s.
        legacy_shift: whether the driving force is shifted like the gates, as in the public code.
        kinetics: which rates.
        speed: q on both gates. The public code has 1; the source model (ModelDB 254217) has
            :math:`3^{0.3} = 1.390`, from 32 to 35 °C.
        floor_per_ms: :math:`\varepsilon`, 1e-8 in the public code; 0 leaves it out.

    Examples:
        >>> SodiumTraub().reversal_mV, round(SodiumTraub(legacy_shift=True).reversal_mV, 6)
        (90.0, 40.8)

        The public code starts at -60 mV with gates that leave the shift out:

        >>> from spinebook.neurons.channels import steady_gates
        >>> sodium = SodiumTraub(legacy_shift=True)
        >>> m, h = steady_gates(sodium, -60.0 - sodium.shift_mV)
        >>> print(f"{m:.3e} {h:.3f}")
        2.494e-07 1.000
    """

    intended_reversal_mV: float = 90.0
    n_gates: ClassVar[int] = 2

    def transition_rates(
        self, shifted_mV: Float[AnyArray, "*cells"] | float
    ) -> tuple[Float[Array, "2 *cells"], Float[Array, "2 *cells"]]:
        """Opening and closing rates of m and h at the voltage u, without speed and floor, 1/ms."""
        u = shifted_mV
        if self.kinetics == "exact":
            opening_m, closing_m = 1.28 * linoid((13.1 - u) / 4.0), 1.4 * linoid((u - 40.1) / 5.0)
        else:
            opening_m = softplus_rate(u, 1.841, 0.102, 0.17)
            closing_m = softplus_rate(u, 2.010, 266.087, -0.139)
        opening_h = 0.128 * jnp.exp((17.0 - u) / 18.0)
        closing_h = 4.0 * jax.nn.sigmoid((u - 40.0) / 5.0)
        return jnp.stack([opening_m, opening_h]), jnp.stack([closing_m, closing_h])

    def conductance(self, gates: Float[AnyArray, "2 *cells"]) -> Float[Array, "*cells"]:
        """Open share, m²h."""
        m, h = gates
        return m * m * h


@explains_misuse
@dataclass(frozen=True)
class PotassiumTraub(_ShiftedChannel):
    r"""A potassium channel with open share n in a shifted voltage :math:`u = v + V_s`.

    .. math::

        \alpha_n = 0.114 \ln(1 + 0.007\,e^{0.140u}), \qquad
        \beta_n = 0.25\,e^{(20 - u)/40}

    in 1/ms, from the code named at :class:`SodiumTraub`; with ``kinetics="exact"``
    :math:`\alpha_n = 0.08\,B((35.1 - u)/5)` (Traub et al. 1991). Shift, floor and reversal
    potential are as there.

    Attributes:
        intended_reversal_mV: E, as the paper sets it.
        shift_mV: V_s.
        legacy_shift: whether the driving force is shifted like the gates, as in the public code.
        kinetics: which rates.
        speed: q on the gate. The public code has 2, which in the source model (ModelDB 254217)
            stands only in a comment; times the source's :math:`3^{0.3}` where that is wanted.
        floor_per_ms: :math:`\varepsilon`, 1e-8 in the public code; 0 leaves it out.

    Examples:
        >>> PotassiumTraub().reversal_mV, PotassiumTraub(legacy_shift=True).reversal_mV
        (-80.0, -129.2)
    """

    intended_reversal_mV: float = -80.0
    speed: float = 2.0
    n_gates: ClassVar[int] = 1

    def transition_rates(
        self, shifted_mV: Float[AnyArray, "*cells"] | float
    ) -> tuple[Float[Array, "1 *cells"], Float[Array, "1 *cells"]]:
        """Opening and closing rate of n at the voltage u, without speed and floor, 1/ms."""
        u = shifted_mV
        if self.kinetics == "exact":
            opening = 0.08 * linoid((35.1 - u) / 5.0)
        else:
            opening = softplus_rate(u, 0.114, 0.007, 0.140)
        return opening[None], (0.25 * jnp.exp((20.0 - u) / 40.0))[None]

    def conductance(self, gates: Float[AnyArray, "1 *cells"]) -> Float[Array, "*cells"]:
        """Open share, n."""
        return jnp.asarray(gates[0])


class TraubChannels(NamedTuple):
    """The three channels of a compartment."""

    leak: Leak
    sodium: SodiumTraub
    potassium: PotassiumTraub


@explains_misuse
def traub_channels(
    *,
    legacy_shift: bool,
    shift_mV: float = 49.2,
    kinetics: Kinetics = "softplus",
    temperature_factor: float = 1.0,
    potassium_factor: float = 2.0,
    floor_per_ms: float = 1e-8,
) -> TraubChannels:
    r"""Return the leak, sodium and potassium channels of one model, all shifted alike or not.

    Defaults are those of the public code of Jones and Kording (2024, commit 2334b66), but for the
    shift of the driving forces, which the caller has to decide. The code has it: its currents
    reverse at -123.2, 40.8 and -129.2 mV, where -74, 90 and -80 are meant, so that every voltage
    is 49.2 mV lower than in a model without any shift and otherwise the same. The source model
    (ModelDB 254217) shifts gates only, by 50 mV, with ``kinetics="exact"``,
    ``temperature_factor=temperature_factor(35.0, 32.0)``, ``potassium_factor=1.0`` and
    ``floor_per_ms=0.0``.

    Args:
        legacy_shift: True for the published driving forces, False for the intended ones.
        shift_mV: :math:`V_s`, mV.
        kinetics: "softplus" (paper) or "exact" (Traub et al. 1991).
        temperature_factor: factor on all three gates, above 0.
        potassium_factor: further factor on the potassium gate, above 0.
        floor_per_ms: what is added to the sum of both rates of a gate, at least 0.

    Returns:
        The channels; their ``reversal_mV`` are the effective ones.

    Raises:
        TypeError: something that is no number.
        ValueError: unknown kinetics, or a number out of range.

    Examples:
        >>> [round(channel.reversal_mV, 6) for channel in traub_channels(legacy_shift=True)]
        [-123.2, 40.8, -129.2]
        >>> [channel.reversal_mV for channel in traub_channels(legacy_shift=False)]
        [-74.0, 90.0, -80.0]
    """
    sodium = SodiumTraub(
        shift_mV=shift_mV,
        legacy_shift=legacy_shift,
        kinetics=kinetics,
        speed=temperature_factor,
        floor_per_ms=floor_per_ms,
    )
    potassium = PotassiumTraub(
        shift_mV=shift_mV,
        legacy_shift=legacy_shift,
        kinetics=kinetics,
        speed=temperature_factor * potassium_factor,
        floor_per_ms=floor_per_ms,
    )
    return TraubChannels(Leak(-74.0 - shift_mV * legacy_shift), sodium, potassium)
