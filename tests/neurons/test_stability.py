"""Steady states and their stability: known values, closed forms and central differences."""

import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.neurons import Leak, PotassiumHH, SodiumHH, traub_channels
from spinebook.neurons.stability import fixed_points, hopf_points

from tests import tolerances
from tests.neurons.printed import half_a_unit
from tests.neurons.single_compartment import Compartment

SQUID, DENSITIES = (SodiumHH(), PotassiumHH(), Leak(-54.3)), np.array([120.0, 36.0, 0.3])
TRAUB = np.array([1 / 37, 100.0, 45.0])


def test_rest_of_the_squid__published():
    (rest,) = fixed_points(SQUID, DENSITIES)
    assert rest.v_mV == pytest.approx(-64.97405, abs=half_a_unit("64.97405"))
    assert 1 / rest.slope_mS_cm2 == pytest.approx(0.853901, abs=half_a_unit("0.853901"))
    assert abs(rest.current_uA_cm2) < tolerances.NEURONS_FIRING_ROOT_CURRENT
    assert rest.stable


def test_hopf_points_of_the_squid__published():
    points = hopf_points(SQUID, DENSITIES)
    for point, (v, current, frequency) in zip(
        points,
        [("-59.654", "9.749", "93.30"), ("-43.058", "154.496", "169.17")],
        strict=True,
    ):
        assert point.v_mV == pytest.approx(float(v), abs=half_a_unit(v))
        assert point.current_uA_cm2 == pytest.approx(float(current), abs=half_a_unit(current))
        assert point.frequency_Hz == pytest.approx(float(frequency), abs=half_a_unit(frequency))


@pytest.mark.parametrize(
    ("legacy", "voltages"), [(True, ["-123.20", "-41.66", "-24.67"]), (False, ["-74.28"])]
)
def test_fixed_points_of_the_published_model__published(legacy, voltages):
    found = fixed_points(tuple(traub_channels(legacy_shift=legacy)), TRAUB, capacitance_uF_cm2=0.45)
    assert len(found) == 3
    for point, v in zip(found, voltages, strict=False):
        assert point.v_mV == pytest.approx(float(v), abs=half_a_unit(v))
    # One stable node, a saddle, and a state that two directions leave.
    assert [int((p.eigenvalues_per_ms.real > 0).sum()) for p in found] == [0, 1, 2]


def test_passive_compartment__closed_form():
    """A leak alone: v = E + I / g, slope g, eigenvalue -g / C, no oscillation."""
    (state,) = fixed_points((Leak(-70.0),), [0.2], current_uA_cm2=3.0, capacitance_uF_cm2=2.0)
    assert state.v_mV == pytest.approx(-55.0, abs=tolerances.NEURONS_FIRING_ROOT_MV)
    assert state.slope_mS_cm2 == pytest.approx(0.2, rel=tolerances.NEURONS_CHANNELS_CLOSED_FORM)
    np.testing.assert_allclose(
        state.eigenvalues_per_ms, [-0.1], rtol=tolerances.NEURONS_CHANNELS_CLOSED_FORM
    )
    assert state.frequency_Hz == 0
    assert hopf_points((Leak(-70.0),), [0.2]) == ()
    assert fixed_points((Leak(-70.0),), [0.2], current_uA_cm2=100.0) == ()


@pytest.mark.usefixtures("float64")
def test_eigenvalues__brute_force():
    """Central differences of the equations as the tests write them, capacitance included."""
    cell = Compartment(SQUID, tuple(DENSITIES), 1.7)
    (state,) = fixed_points(SQUID, DENSITIES, current_uA_cm2=20.0, capacitance_uF_cm2=1.7)
    at = np.asarray(cell.at_rest(state.v_mV))
    assert cell.holding_current(state.v_mV) == pytest.approx(20.0)
    steps = np.diag([1e-4, 1e-6, 1e-6, 1e-6])
    columns = [
        np.asarray(cell.derivative(jnp.asarray(at + step), 20.0))
        - np.asarray(cell.derivative(jnp.asarray(at - step), 20.0))
        for step in steps
    ]
    jacobian = np.stack(columns, axis=1) / (2 * steps.diagonal())
    expected = np.sort_complex(np.linalg.eigvals(jacobian))
    np.testing.assert_allclose(
        np.sort_complex(state.eigenvalues_per_ms), expected, rtol=tolerances.NEURONS_FIRING_SLOPES
    )
    assert not state.stable


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fixed_points(SQUID, [120.0, 36.0]), "one entry for each of 3 channels"),
        (lambda: fixed_points(SQUID, DENSITIES, capacitance_uF_cm2=0.0), "must be positive"),
        (lambda: hopf_points(SQUID, DENSITIES, between_mV=(0.0, -80.0)), "two rising voltages"),
        (lambda: fixed_points(SQUID, DENSITIES, current_uA_cm2=float("nan")), "finite"),
    ],
)
def test_refusals__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
