"""The squid's channels: printed rates, rest, Hopf points, and an action potential by LSODA."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from spinebook.neurons.channels import steady_gates
from spinebook.neurons.hodgkin_huxley import Leak, PotassiumHH, SodiumHH, temperature_factor

from tests import tolerances
from tests.neurons.printed import half_a_unit
from tests.neurons.single_compartment import Compartment

CONDUCTANCES = (0.3, 120.0, 36.0)
# alpha and beta of m, h and n, 1/ms, with the digits that were written down.
RATES = {
    -65.0: "0.2235637 4 0.07 0.04742587 0.05819767 0.125",
    -40.0: "1 0.9974088 0.02005534 0.3775407 0.1930825 0.09145195",
    0.0: "4.0746294 0.1080872 0.002714195 0.9706878 0.5522569 0.05546841",
}

pytestmark = pytest.mark.usefixtures("float64")


def squid(leak_mV=-54.3):
    return Compartment((Leak(leak_mV), SodiumHH(), PotassiumHH()), CONDUCTANCES)


@pytest.mark.parametrize("v", RATES)
def test_rates__published(v):
    (opening_m, opening_h), (closing_m, closing_h) = SodiumHH().transition_rates(v)
    (opening_n,), (closing_n,) = PotassiumHH().transition_rates(v)
    got = (opening_m, closing_m, opening_h, closing_h, opening_n, closing_n)
    for value, printed in zip(got, RATES[v].split(), strict=True):
        assert float(value) == pytest.approx(
            float(printed), abs=half_a_unit(printed, significant=7)
        )


def test_gates_at_minus_65__published():
    m, h = steady_gates(SodiumHH(), -65.0)
    (n,) = steady_gates(PotassiumHH(), -65.0)
    expected = [0.05293249, 0.59612075, 0.31767691]
    np.testing.assert_allclose([m, h, n], expected, atol=tolerances.NEURONS_CHANNELS_EIGHT_DIGITS)


@pytest.mark.parametrize(
    ("leak_mV", "rest"), [(-54.3, -64.97405), (-54.387, -64.99638), (-54.4, -64.99972)]
)
def test_rest__published(leak_mV, rest):
    assert squid(leak_mV).fixed_point(-70, -60) == pytest.approx(
        rest, abs=tolerances.NEURONS_CHANNELS_FIVE_DIGITS
    )


def test_conductance_and_resistance_at_rest__published():
    cell = squid()
    rest = cell.fixed_point(-70, -60)
    chord = sum(
        conductance * float(channel.conductance(gates))
        for channel, conductance, gates in cell.parts(cell.at_rest(rest))
    )
    assert chord == pytest.approx(0.679175, abs=tolerances.NEURONS_CHANNELS_SIX_DIGITS)
    slope = jax.grad(lambda v: -cell.derivative(cell.at_rest(v))[0])(rest)
    assert 1 / float(slope) == pytest.approx(0.853901, abs=tolerances.NEURONS_CHANNELS_SIX_DIGITS)


@pytest.mark.parametrize(
    ("low", "high", "v", "current", "frequency_Hz"),
    [(-61, -58, -59.654, 9.749, 93.30), (-45, -42, -43.058, 154.496, 169.17)],
)
def test_hopf_points__published(low, high, v, current, frequency_Hz):
    cell = squid()
    found = brentq(lambda v: cell.eigenvalues(v).real.max(), low, high, xtol=1e-10)
    assert found == pytest.approx(v, abs=half_a_unit("59.654"))
    assert cell.holding_current(found) == pytest.approx(current, abs=half_a_unit("9.749"))
    turning = np.abs(cell.eigenvalues(found).imag).max() / (2 * np.pi) * 1000
    assert turning == pytest.approx(frequency_Hz, abs=half_a_unit("93.30"))


def test_action_potential_is_reached_at_first_order__independent_package():
    """Twelve ms from rest at 10 uA/cm2, one spike: halving the step halves the error."""
    cell = squid()
    start = cell.at_rest(cell.fixed_point(-70, -60))
    times = np.linspace(0, 12, 61)
    lsoda = solve_ivp(
        lambda t, state: np.asarray(cell.derivative(jnp.asarray(state), 10.0)),
        (0, 12),
        np.asarray(start),
        "LSODA",
        times,
        jac=lambda t, state: np.asarray(cell.jacobian(jnp.asarray(state), 10.0)),
        rtol=1e-9,
        atol=1e-9,
    ).y
    assert (np.diff(np.sign(lsoda[0])) > 0).sum() == 1
    assert lsoda[0].max() > 20
    assert lsoda[0].min() < -70

    @jax.jit
    def run(dt, inner):
        def until_next_time(state, _):
            state = jax.lax.fori_loop(0, inner, lambda _, s: cell.step(s, 10.0, dt), state)
            return state, state

        return jax.lax.scan(until_next_time, start, length=60)[1]

    runs = np.stack([np.asarray(run(0.2 / inner, inner)).T for inner in (50, 100, 200)])
    assert np.all((runs[:, 1:] >= 0) & (runs[:, 1:] <= 1))
    error = np.abs(runs - lsoda[:, 1:]).mean(axis=2)
    np.testing.assert_allclose(
        error[:-1] / error[1:], 2, atol=tolerances.NEURONS_CHANNELS_FIRST_ORDER
    )
    # With the first order taken out the rest is of second order: the limit is LSODA's solution.
    rest = np.abs(2 * runs[1:] - runs[:-1] - lsoda[:, 1:]).mean(axis=2)

    np.testing.assert_allclose(rest[0] / rest[1], 4, atol=tolerances.NEURONS_CHANNELS_SECOND_ORDER)


def test_temperature__published():
    assert temperature_factor(18.5) == pytest.approx(3.8202, abs=half_a_unit("3.8202"))
    v = jnp.array([-65.0, 0.0])
    for channel in (SodiumHH, PotassiumHH):
        cold, warm = channel().rates(v), channel(temperature_C=16.3, q10=2.5).rates(v)
        np.testing.assert_array_equal(cold.steady, warm.steady)
        np.testing.assert_allclose(
            warm.relaxation_per_ms,
            2.5 * cold.relaxation_per_ms,
            rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM,
        )


def test_leak_is_always_open__closed_form():
    leak = Leak(-70.0)
    assert leak.rates(jnp.zeros((2, 3))).relaxation_per_ms.shape == (0, 2, 3)
    assert leak.conductance(jnp.zeros((0, 2), "float32")).tolist() == [1.0, 1.0]
    assert leak.conductance(jnp.zeros((0, 2), "float32")).dtype == jnp.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Leak(-54_300.0), "is it in millivolts"),
        (lambda: SodiumHH(temperature_C=279.45), "is it in °C"),
        (lambda: PotassiumHH(temperature_C=float("nan")), "finite"),
        (lambda: PotassiumHH(q10=0.0), "q10 must be above 0"),
        (lambda: temperature_factor(-40.0), "between -10 and 60"),
    ],
)
def test_wrong_units__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
