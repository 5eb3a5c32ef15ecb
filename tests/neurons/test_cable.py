"""Passive neurons against cable theory and closed forms."""

import numpy as np
import pytest
from spinebook.neurons import (
    Morphology,
    ball_and_stick,
    binary_tree,
    compartments,
    cylinder,
    cylinders,
    locate,
)

from tests.neurons.passive import conductances, voltages
from tests.tolerances import (
    NEURONS_CABLE_DIGITS,
    NEURONS_CABLE_MOHM,
    NEURONS_CABLE_RATIOS,
    NEURONS_DENSE_SOLVE,
    NEURONS_SECOND_ORDER,
    NEURONS_SHAPE_CLOSED_FORM,
)

# Diameter um, membrane ohm cm2, cytoplasm ohm cm; length constant um, semi-infinite input
# resistance MOhm, and that of sealed cylinders 0.5, 1 and 2 length constants long.
CABLES = [
    ((1.0, 20000.0, 100.0), 707.107, 900.3163, (1948.243, 1182.147, 933.911)),
    ((2.0, 10000.0, 100.0), 707.107, 225.0791, (487.061, 295.537, 233.478)),
    ((4.0, 20000.0, 150.0), 1154.701, 137.8322, (298.263, 180.979, 142.975)),
]


def star(cable, electrotonic, count):
    """Input resistance of three equal sealed arms that meet on a fork without membrane."""
    (diameter, membrane, cytoplasm), length_constant, *_ = cable
    length_constant = 1e4 * np.sqrt(membrane * diameter * 1e-4 / (4 * cytoplasm))
    arm = electrotonic * length_constant
    tree = cylinders([-1, 0], [2 * arm, arm], diameter / 2, attach=0.5)
    graph = compartments(tree, counts=[2 * count, count], axial_resistivity_ohm_cm=cytoplasm)
    fork = int(np.flatnonzero(graph.section < 0)[0])
    return voltages(graph, 1e3 / membrane, fork)[fork]


@pytest.mark.parametrize("cable", CABLES)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_input_resistance_of_sealed_cylinders__published(cable, which):
    """Extrapolated from two cuts, so that the values' own seven digits decide."""
    coarse, fine = (star(cable, (0.5, 1, 2)[which], count) for count in (30, 60))
    published = cable[3][which]
    assert 3 * (4 * fine - coarse) / 3 == pytest.approx(published, abs=NEURONS_CABLE_MOHM)


def test_error_falls_fourfold__closed_form():
    exact = CABLES[0][2] / np.tanh(1.0) / 3
    errors = [star(CABLES[0], 1.0, count) - exact for count in (10, 20, 40)]
    np.testing.assert_allclose(
        [errors[0] / errors[1], errors[1] / errors[2]], 4, rtol=NEURONS_SECOND_ORDER
    )


def test_attenuation__published():
    """cosh(L - X) / cosh L on each side of the middle, and its end values, for L = 1."""
    length_constant = 1e4 * np.sqrt(20000 * 1e-4 / 400)
    ends = []
    for count in (35, 105):
        graph = compartments(cylinder(2 * length_constant, 0.5), counts=count)
        volts = voltages(graph, 0.05, locate(graph, 0, 0.5))
        away = np.abs(2 * graph.centre - 1)
        found = volts / volts[locate(graph, 0, 0.5)]
        ends.append(found - np.cosh(1 - away) / np.cosh(1))
    middle = ends[0], ends[1][1::3]
    # The same places, three times as many compartments.
    errors = [np.abs(error).max() for error in middle]
    assert errors[0] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(9, rel=NEURONS_SECOND_ORDER)
    assert 1 / np.cosh(1) == pytest.approx(0.648054, abs=NEURONS_CABLE_RATIOS)
    assert np.cosh(0.5) / np.cosh(1) == pytest.approx(0.730763, abs=NEURONS_CABLE_RATIOS)


def test_time_constants_of_a_sealed_cylinder__published():
    """tau_n / tau_0 = 1 / (1 + (n pi / L)^2): .092000, .024705, .011133 for L = 1."""
    length_constant = 1e4 * np.sqrt(20000 * 1e-4 / 400)
    ratios = []
    for count in (60, 120):
        graph = compartments(cylinder(length_constant, 0.5), counts=count)
        # Leak conductance over capacitance is 1 for every node in units of tau.
        scaled = conductances(graph, 0.05) / (1e-5 * graph.areas_um2 * 0.05)[:, None]
        rates = np.sort(np.linalg.eigvals(scaled).real)
        ratios.append(1 / rates[1:4])
    extrapolated = (4 * ratios[1] - ratios[0]) / 3
    np.testing.assert_allclose(extrapolated, [0.092000, 0.024705, 0.011133], atol=1.1e-6)


@pytest.mark.parametrize("depth", [1, 3])
def test_three_halves_tree_is_its_cylinder__closed_form(depth):
    tree, count = binary_tree(depth, 150.0, 2.0), 4
    graph = compartments(tree, counts=count)
    other = compartments(cylinder(150.0 * (depth + 1), 2.0), counts=count * (depth + 1))
    volts, same = (voltages(g, 0.05, 0) for g in (graph, other))
    section = 0
    for level in range(depth + 1):
        found = volts[graph.section == section]
        np.testing.assert_allclose(
            found, same[count * level : count * (level + 1)], rtol=NEURONS_DENSE_SOLVE
        )
        section = 2 * section + 1 + level % 2  # down the tree, now left, now right


def test_ball_and_stick__closed_form():
    length_constant = 1e4 * np.sqrt(20000 * 2e-4 / 400)
    results = []
    for count in (20, 40):
        tree = ball_and_stick(10.0, length_constant, 1.0)
        graph = compartments(tree, counts=[1, count])
        assert len(graph.parents) == count + 1
        results.append(voltages(graph, 0.05, 0)[0])
    semi_infinite = 2 / np.pi * np.sqrt(20000 * 100) * (2e-4) ** -1.5 * 1e-6
    exact = 1 / (1e-5 * 400 * np.pi * 0.05 + np.tanh(1) / semi_infinite)
    errors = np.array(results) - exact
    assert errors[0] / errors[1] == pytest.approx(4, rel=NEURONS_SECOND_ORDER)
    assert (4 * results[1] - results[0]) / 3 == pytest.approx(exact, rel=NEURONS_CABLE_DIGITS)


def test_resistance_between_two_cones__closed_form():
    """From centre to centre: half a frustum of radii 2 and 4, then half of one of 1 and 3."""
    tree = Morphology(
        np.array([-1, 0]),
        np.array([0.0, 1.0]),
        (np.array([[0.0, 2.0], [10.0, 6.0]]), np.array([[0.0, 1.0], [8.0, 5.0]])),
        np.array([3, 3]),
    )
    graph = compartments(tree, counts=1, axial_resistivity_ohm_cm=100.0)
    resistance = 1e-2 * 100 * (5 / (np.pi * 4 * 6) + 4 / (np.pi * 1 * 3))
    np.testing.assert_allclose(graph.axial_uS, [0, 1 / resistance], rtol=NEURONS_SHAPE_CLOSED_FORM)
    np.testing.assert_allclose(graph.areas_um2, tree.areas_um2, rtol=NEURONS_SHAPE_CLOSED_FORM)
    assert graph.section.tolist() == [0, 1]
