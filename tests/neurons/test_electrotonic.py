"""Length constants and the d_lambda rule, as they were published."""

import numpy as np
import pytest
from spinebook.neurons import (
    Morphology,
    ac_length_constant_um,
    compartments,
    cylinder,
    d_lambda_counts,
)

from tests.tolerances import (
    NEURONS_CABLE_DIGITS,
)


def test_length_constant_at_100_Hz__published():
    """NEURON's d_lambda rule: 282.0948 um for a diameter of 1 um, 100 ohm cm and 1 uF/cm2."""
    assert ac_length_constant_um(0.5) == pytest.approx(282.0948, rel=NEURONS_CABLE_DIGITS)
    thick = ac_length_constant_um(
        2.0, axial_resistivity_ohm_cm=50.0, frequency_Hz=200.0, capacitance_uF_cm2=0.25
    )
    assert thick == pytest.approx(1e5 * np.sqrt(4 / (4 * np.pi * 200 * 50 * 0.25)))


@pytest.mark.parametrize("length", [1.0, 30.0, 31.1, 500.0, 1000.0])
def test_d_lambda_rule__published(length):
    """nseg = int((L / (0.1 lambda) + 0.9) / 2) 2 + 1 (Hines and Carnevale 2001)."""
    expected = int((length / (0.1 * 282.0948) + 0.9) / 2) * 2 + 1
    assert d_lambda_counts(cylinder(length, 0.5)).tolist() == [expected]
    graph = compartments(cylinder(length, 0.5))
    assert len(graph.parents) == expected
    assert len(compartments(cylinder(length, 0.5), d_lambda=0.1).parents) == expected


def test_d_lambda_rule_on_a_taper__published():
    """NEURON sums each frustum's length over the root of its mean diameter."""
    points = np.array([[0.0, 2.0], [300.0, 0.5], [900.0, 0.2]])
    tree = Morphology(np.array([-1]), np.zeros(1), (points,), np.array([3]))
    per_um = np.sqrt(4 * np.pi * 50 * 120 * 0.9) * 1e-5
    electrotonic = per_um * (300 / np.sqrt(2.5) + 600 / np.sqrt(0.7))
    expected = int((electrotonic / 0.05 + 0.9) / 2) * 2 + 1
    found = d_lambda_counts(
        tree,
        d_lambda=0.05,
        axial_resistivity_ohm_cm=120.0,
        frequency_Hz=50.0,
        capacitance_uF_cm2=0.9,
    )
    assert found.tolist() == [expected]
