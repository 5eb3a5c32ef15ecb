"""The channel protocol: steps of gates, channels of users, and what is refused."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.neurons.channel_checks import check_channel
from spinebook.neurons.channels import (
    GateRates,
    exp_euler_gate,
    steady_gates,
    two_state_rates,
)
from spinebook.neurons.hodgkin_huxley import Leak, PotassiumHH, SodiumHH
from spinebook.neurons.traub import PotassiumTraub, SodiumTraub

from tests import tolerances
from tests.neurons.single_compartment import Compartment

CHANNELS = [
    Leak(),
    SodiumHH(),
    SodiumHH(temperature_C=18.5),
    PotassiumHH(),
    SodiumTraub(),
    SodiumTraub(legacy_shift=True, kinetics="exact", speed=1.39, floor_per_ms=0.0),
    PotassiumTraub(),
    PotassiumTraub(kinetics="exact"),
]


@dataclass(frozen=True)
class Inward:
    """A user's channel: one gate that opens with hyperpolarisation, time constant fixed."""

    reversal_mV: float = -30.0
    tau_ms: float = 5.0
    n_gates = 1

    def rates(self, v_mV):
        steady = jax.nn.sigmoid(-(v_mV + 80.0) / 8.0)[None]
        return GateRates(steady, jnp.full_like(steady, 1 / self.tau_ms))

    def conductance(self, gates):
        return gates[0]


def variant(**changes):
    """A class like Inward with some members replaced."""
    return type("Odd", (Inward,), changes)()


@pytest.mark.usefixtures("float64")
def test_gates_at_a_clamped_voltage__closed_form():
    """Any number of steps follows the exponential that solves the equation."""
    channel, v = Inward(), jnp.array([-90.0, -60.0])
    gates = start = steady_gates(channel, jnp.array([-60.0, -90.0]))
    for dt in (0.1, 3.0, 0.7):
        gates = exp_euler_gate(gates, channel.rates(v), dt)
    steady = 1 / (1 + np.exp((np.asarray(v) + 80) / 8))
    expected = steady + (start - steady) * np.exp(-3.8 / 5)
    np.testing.assert_allclose(gates, expected, rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM)


@pytest.mark.usefixtures("float64")
def test_a_users_channel_in_a_compartment__closed_form():
    """With the leak alone beside it, the rest solves one scalar equation."""
    check_channel(Inward())
    compartment = Compartment((Leak(-85.0), Inward()), (0.1, 0.2))
    rest = compartment.fixed_point(-84.9, -31)
    share = 1 / (1 + np.exp((rest + 80) / 8))
    expected = (0.1 * -85 + 0.2 * share * -30) / (0.1 + 0.2 * share)
    assert rest == pytest.approx(expected, abs=tolerances.NEURONS_CHANNELS_FIXED_POINT)
    state = compartment.at_rest(rest)
    moved = compartment.step(state, 0.0, 10.0)
    np.testing.assert_allclose(moved, state, rtol=tolerances.NEURONS_CHANNELS_FIXED_POINT)


@pytest.mark.parametrize("channel", CHANNELS, ids=repr)
def test_channels_of_the_library_pass__property(channel):
    check_channel(channel)
    jax.jit(lambda: check_channel(channel))()
    assert hash(channel) == hash(type(channel)(**vars(channel)))
    assert channel == type(channel)(**vars(channel))
    assert channel != Inward()


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("channel", CHANNELS[1:], ids=repr)
def test_steps_are_finite_and_in_range_for_any_voltage__property(channel, precision):
    """Up to 1 V, with finite gradients forward and backward, and gates within 0 and 1."""
    near = np.concatenate([np.linspace(-1000, 1000, 401), [-40, -55, 13.1 - 49.2, 40.1 - 49.2]])
    v = near.astype(precision)
    gates = jnp.tile(jnp.array([0, 0.3, 1], precision), 135)

    def step(v, dt):
        both = jnp.broadcast_to(gates, (channel.n_gates, *v.shape))
        return exp_euler_gate(both, channel.rates(v), dt)

    @jax.jit
    def outputs(v, dt):
        rates, slopes = jax.jvp(lambda v: tuple(channel.rates(v)), (v,), (jnp.ones_like(v),))
        moved, back = jax.vjp(step, v, dt)
        return (
            rates,
            slopes,
            moved,
            back(jnp.ones_like(moved))[0],
            jax.jvp(lambda v: step(v, dt), (v,), (jnp.ones_like(v),))[1],
        )

    for dt in (precision(0.001), precision(10.0)):
        (steady, relaxation), slopes, moved, backward, forward = outputs(v, dt)
        for values in (steady, relaxation, *slopes, moved, backward, forward):
            assert values.dtype == precision
            assert np.isfinite(values).all()
        for within in (steady, moved, channel.conductance(moved)):
            assert np.all((np.asarray(within) >= 0) & (np.asarray(within) <= 1))
        assert np.all(relaxation > 0)
        np.testing.assert_allclose(
            backward, forward.sum(axis=0), rtol=1e3 * np.finfo(precision).eps, atol=1e-6
        )


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("channel", CHANNELS[1:], ids=repr)
def test_slopes_of_rates__brute_force(channel):
    """Against central differences, on the removable singularities too."""
    v = np.array([-90.0, -55.0, -40.0, 13.1 - 49.2, 40.1 - 49.2, 35.1 - 49.2, 10.0])
    step = 1e-4
    slopes = jax.jvp(channel.rates, (v,), (np.ones_like(v),))[1]
    high_low = channel.rates(v + step), channel.rates(v - step)
    for slope, high, low in zip(slopes, *high_low, strict=True):
        difference = (high - low) / (2 * step)
        scale = np.abs(np.asarray(difference)).max() + 1
        np.testing.assert_allclose(
            slope, difference, atol=scale * tolerances.NEURONS_CHANNELS_CENTRAL_DIFFERENCE
        )


def test_two_states__closed_form():
    rates = two_state_rates(jnp.array([[1.0, 0.0]]), jnp.array([[1.0, 4.0]]), 3.0)
    assert rates.steady.tolist() == [[0.5, 0.0]]
    assert rates.relaxation_per_ms.tolist() == [[6.0, 12.0]]


@pytest.mark.parametrize(
    ("channel", "error", "message"),
    [
        (3.0, TypeError, "lacks n_gates"),
        (variant(conductance=property()), TypeError, "lacks conductance;"),
        (variant(__hash__=None), TypeError, "frozen=True"),
        (Inward(reversal_mV=float("nan")), ValueError, "finite"),
        (Inward(reversal_mV=-77_000.0), ValueError, "is it in millivolts"),
        (variant(n_gates=2), ValueError, r"shape \(1, 251\).*expected \(2, 251\)"),
        (variant(conductance=lambda self, gates: gates), ValueError, "one number"),
        (variant(conductance=lambda self, gates: 2 + gates[0]), ValueError, "open share"),
        (Inward(tau_ms=-1.0), ValueError, "above 0 and finite, it is not at -150 mV"),
        (
            variant(rates=lambda self, v: GateRates(v[None], 1 + 0 * v[None])),
            ValueError,
            "steady state must be from 0 to 1, it is not at -150 mV",
        ),
        (
            variant(
                rates=lambda self, v: two_state_rates(jnp.sqrt(v + 150)[None], 1.0 + v[None] ** 2)
            ),
            ValueError,
            "slope of a steady state must be finite, it is not at -150 mV",
        ),
    ],
)
def test_what_is_no_channel__property(channel, error, message):
    with pytest.raises(error, match=message):
        check_channel(channel)
