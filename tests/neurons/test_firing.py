"""Spikes and rates: against a sine, SciPy's events, and known rates of the squid axon."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from spinebook.neurons import (
    Leak,
    Neuron,
    PotassiumHH,
    SodiumHH,
    graph_compartments,
    simulate,
    steady_state,
)
from spinebook.neurons.firing import firing_rate_Hz, spike_times
from spinebook.neurons.stability import fixed_points

from tests import tolerances
from tests.neurons.single_compartment import Compartment

SQUID, DENSITIES = (SodiumHH(), PotassiumHH(), Leak(-54.3)), np.array([120.0, 36.0, 0.3])


def test_spike_times__closed_form():
    """Upward crossings of a sine, between samples; a start above the threshold is no spike."""
    t = np.arange(0.0, 100.0, 0.05)
    found = spike_times(t, 50 * np.sin(2 * np.pi * t / 10) - 25)
    np.testing.assert_allclose(
        found, 10 / 12 + 10 * np.arange(10), atol=tolerances.NEURONS_FIRING_INTERPOLATION_MS
    )
    assert firing_rate_Hz(found) == pytest.approx(100, rel=1e-9)
    assert spike_times(t, np.where(t < 1, 10.0, -60.0)).size == 0
    assert firing_rate_Hz(found[:1]) == 0 == firing_rate_Hz(found[:0])


def test_rates_of_the_squid__published():
    """Steps of current from rest; known rates are those of LSODA at 1e-10."""
    known = {8.0: 62.56, 10.0: 68.39, 20.0: 86.51, 50.0: 117.06}
    (rest,) = fixed_points(SQUID, DENSITIES)
    neuron = Neuron(graph_compartments([-1], 0.0), SQUID)
    currents = np.array([6.0, *known])
    run = simulate(
        neuron, np.tile(DENSITIES[:, None, None], 5), np.tile(currents, (40000, 1, 1)), sites=[0],
        record=[0], dt_ms=0.0125, initial=steady_state(neuron, rest.v_mV), record_every=8,
    )  # fmt: skip
    trains = [spike_times(run.t_ms, v) for v in np.asarray(run.v_mV[:, 0]).T]
    assert trains[0][-1] < 400
    np.testing.assert_allclose(
        [firing_rate_Hz(train) for train in trains[1:]],
        list(known.values()),
        rtol=tolerances.NEURONS_FIRING_RATES,
    )


@pytest.mark.usefixtures("float64")
def test_spikes_agree__independent_package():
    """SciPy's own events at the same upward crossings, 40 ms at 20 uA/cm2."""
    cell = Compartment(SQUID, tuple(DENSITIES))

    def crossing(t, state):
        return state[0]

    crossing.direction = 1.0
    solution = solve_ivp(
        lambda t, state: np.asarray(cell.derivative(jnp.asarray(state), 20.0)), (0, 40),
        np.asarray(cell.at_rest(-64.97405)), "LSODA", np.arange(0, 40.01, 0.025),
        events=crossing, rtol=1e-7, atol=1e-7,
    )  # fmt: skip
    found = spike_times(solution.t, solution.y[0])
    assert len(found) == 4
    np.testing.assert_allclose(
        found, solution.t_events[0], atol=tolerances.NEURONS_FIRING_INTERPOLATION_MS
    )


def test_trains_of_two_lengths__property():
    # The tests' own check of annotations may come first.
    with pytest.raises((ValueError, TypeError), match=r"of one length|samples"):
        spike_times(np.arange(3.0), np.arange(4.0))


def test_no_intervals__property():
    with pytest.raises(ValueError, match="intervals"):
        firing_rate_Hz(np.arange(3.0), intervals=0)
