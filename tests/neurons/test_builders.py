"""Simple neurons have the shapes that their names promise."""

import numpy as np
import pytest
from spinebook.neurons import ball_and_stick, binary_tree, cylinder, cylinders

from tests.tolerances import NEURONS_CABLE_DIGITS, NEURONS_SHAPE_CLOSED_FORM


def test_cylinder__closed_form():
    neuron = cylinder(120.0, 0.5)
    np.testing.assert_allclose(
        neuron.areas_um2, [2 * np.pi * 0.5 * 120], rtol=NEURONS_SHAPE_CLOSED_FORM
    )
    assert neuron.parents.tolist() == [-1]


def test_ball_has_the_area_of_a_sphere__closed_form():
    neuron = ball_and_stick(8.0, 300.0, 1.0)
    np.testing.assert_allclose(
        neuron.areas_um2, [4 * np.pi * 8**2, 600 * np.pi], rtol=NEURONS_SHAPE_CLOSED_FORM
    )
    assert neuron.attach[1] == 0.5
    assert neuron.kinds.tolist() == [1, 3]


def test_three_halves_rule__published():
    """Rall: two daughters of 1 um belong to a parent of 1.587401 um."""
    tree = binary_tree(1, 100.0, 1.587401)
    np.testing.assert_allclose(tree.points[1][:, 1], 1.0, rtol=NEURONS_CABLE_DIGITS)


@pytest.mark.parametrize("depth", [0, 1, 4])
def test_binary_tree__closed_form(depth):
    tree = binary_tree(depth, 200.0, 3.0)
    radii = np.array([points[0, 1] for points in tree.points])
    assert tree.n_sections == 2 ** (depth + 1) - 1
    tips = set(range(tree.n_sections)) - set(tree.parents.tolist())
    assert len(tips) == 2**depth
    for section in range(tree.n_sections):
        daughters = np.flatnonzero(tree.parents == section)
        assert len(daughters) == (0 if section in tips else 2)
        if len(daughters):
            np.testing.assert_allclose(np.sum(radii[daughters] ** 1.5), radii[section] ** 1.5)
    # Equal electrotonic lengths: the length goes with the root of the radius.
    np.testing.assert_allclose(tree.lengths_um / np.sqrt(radii), 200 / np.sqrt(3))


def test_tree_of_equal_sections__closed_form():
    tree = binary_tree(2, 50.0, 1.0, rall=False)
    assert tree.parents.tolist() == [-1, 0, 0, 1, 1, 2, 2]
    np.testing.assert_array_equal(tree.lengths_um, np.full(7, 50.0))
    np.testing.assert_array_equal([points[-1, 1] for points in tree.points], np.ones(7))


def test_cylinders_take_one_or_many_values__property():
    tree = cylinders([-1, 0, 1], 10.0, [1.0, 2.0, 3.0], attach=0.5, kinds=[1, 3, 4])
    np.testing.assert_array_equal(tree.lengths_um, [10, 10, 10])
    assert [points[1, 1] for points in tree.points] == [1, 2, 3]
    assert tree.attach.tolist() == [0.5] * 3
    assert tree.kinds.tolist() == [1, 3, 4]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cylinder(100.0, 0.0), "radius must lie"),
        (lambda: cylinder(-100.0, 1.0), "must rise"),
        (lambda: cylinders([-1, 0], [1.0, 2.0, 3.0], 1.0), "do not broadcast"),
        (lambda: cylinders([-1], [1.0, 2.0, 3.0], 1.0), "one entry a section"),
        (lambda: cylinders([-1, 5], 1.0, 1.0), "section 1 has parent 5"),
        (lambda: binary_tree(-1, 1.0, 1.0), "depth must be at least 0"),
        (lambda: binary_tree(40, 1.0, 1.0), "depth must be at most 16"),
        (lambda: ball_and_stick(1e-5, 100.0, 1.0), "convert it to micrometres"),
    ],
)
def test_mistakes_are_refused__property(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
