"""Sections, their frusta, distances along the tree, and what is no neuron."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from spinebook.neurons import Morphology
from spinebook.neurons.frusta import area_up_to_um2, axial_integral_up_to_per_um

from tests.tolerances import NEURONS_SHAPE_CLOSED_FORM, NEURONS_SHAPE_INTEGRAL

STICK = [[0.0, 1.0], [100.0, 1.0]]
TAPER = np.array([[0.0, 2.0], [7.0, 0.5], [8.0, 3.0], [20.0, 1.0]])


def neuron(parents, attach, points, kinds):
    """A morphology from lists."""
    return Morphology(
        np.array(parents),
        np.array(attach, float),
        tuple(np.array(rows, float) for rows in points),
        np.array(kinds),
    )


def one(points):
    return neuron([-1], [0.0], (points,), [3])


def random_tree(seed, n=7):
    """Sections of random length, attached anywhere on an earlier one."""
    rng = np.random.default_rng(seed)
    parents = [-1, *(int(rng.integers(0, child)) for child in range(1, n))]
    attach = rng.choice([0.0, 0.3, 0.5, 1.0, 1.0], size=n)
    points = tuple([[0.0, 1.0], [length, 0.5]] for length in rng.uniform(5, 50, size=n))
    return neuron(parents, attach, points, [3] * n)


@pytest.mark.parametrize(("a", "b", "length"), [(1.0, 1.0, 100.0), (1.0, 5.0, 3.0), (5.0, 1.0, 3)])
def test_frustum__closed_form(a, b, length):
    cell = one([[0.0, a], [length, b]])
    area = np.pi * (a + b) * np.sqrt(length**2 + (a - b) ** 2)
    np.testing.assert_allclose(cell.areas_um2, [area], rtol=NEURONS_SHAPE_CLOSED_FORM)
    assert cell.lengths_um.tolist() == [length]
    integral = axial_integral_up_to_per_um(cell.points[0], np.array(length, float))
    np.testing.assert_allclose(integral, length / (np.pi * a * b), rtol=NEURONS_SHAPE_CLOSED_FORM)


def test_integrals_along_a_section__brute_force():
    places = np.array([0.0, 3.0, 7.0, 7.5, 12.0, 20.0])
    area, axial = area_up_to_um2(TAPER, places), axial_integral_up_to_per_um(TAPER, places)
    assert area[0] == axial[0] == 0
    for k, end in enumerate(places[1:], start=1):
        # Pieces end where the slope changes.
        knots = [x for x in TAPER[:, 0] if x < end] + [end]
        by_area = by_axial = 0.0
        for low, high in pairwise(knots):
            x = np.linspace(low, high, 400_001)
            radius = np.interp(x, *TAPER.T)
            slope = (radius[-1] - radius[0]) / (high - low)
            by_area += np.trapezoid(2 * np.pi * radius * np.sqrt(1 + slope**2), x)
            by_axial += np.trapezoid(1 / (np.pi * radius**2), x)
        np.testing.assert_allclose(area[k], by_area, rtol=NEURONS_SHAPE_INTEGRAL)
        np.testing.assert_allclose(axial[k], by_axial, rtol=NEURONS_SHAPE_INTEGRAL)


@given(st.integers(0, 10_000))
def test_distances__brute_force(seed):
    """Shortest paths over a graph of all places that matter, by SciPy."""
    tree = random_tree(seed)
    rng = np.random.default_rng(seed + 1)
    origin = (int(rng.integers(tree.n_sections)), float(rng.uniform()))
    target = (int(rng.integers(tree.n_sections)), float(rng.uniform()))
    marks = {(s, place) for s in range(tree.n_sections) for place in (0.0, 1.0)}
    joints = list(zip(tree.parents.tolist(), tree.attach.tolist(), strict=True))[1:]
    marks = sorted(marks | set(joints) | {origin, target})
    edges = [  # an explicit zero is an edge of length 0
        (marks.index(joint), marks.index((child, 0.0)), 0.0)
        for child, joint in enumerate(joints, start=1)
    ]
    for (section, low), (other, high) in pairwise(marks):
        if section == other:
            length = (high - low) * tree.lengths_um[section]
            edges.append((marks.index((section, low)), marks.index((section, high)), length))
    start, end, lengths = zip(*edges, strict=True)
    graph = csr_array((lengths, (start, end)), shape=(len(marks), len(marks)))
    found = dijkstra(graph, directed=False, indices=marks.index(origin))[marks.index(target)]
    ours = tree.path_distance_um(*target, origin=origin)
    np.testing.assert_allclose(ours, found, atol=1e-11)
    assert tree.path_distance_um(*origin, origin=target) == pytest.approx(ours, abs=1e-11)


def test_distances_of_many_places__closed_form():
    tree = neuron([-1, 0, 0], [0, 0.5, 1], (STICK, STICK, STICK), [1, 3, 3])
    np.testing.assert_allclose(tree.path_distance_um([0, 1, 2], 0.1), [10, 60, 110])
    np.testing.assert_allclose(
        tree.path_distance_um([0, 1, 2], 0.1, origin=(1, 1.0)), [140, 90, 160]
    )


def test_arrays_are_copies_that_cannot_change__property():
    points = np.array(STICK)
    cell = one(points)
    points[0, 1] = 7.0
    assert cell.points[0][0, 1] == 1.0
    for array in (cell.parents, cell.attach, cell.kinds, cell.points[0]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ([-1, 2, 1], "cyclic: 1 -> 2 -> 1"),
        ([1, 2, 0], "cyclic: 0 -> 1 -> 2 -> 0"),
        ([-1, 1, 0], "cyclic: 1 -> 1"),
        ([-1, 0, -1], "disconnected: sections 0, 2 have no parent"),
        ([-1, 2, 0], "section 1 comes before its parent 2"),
        ([-1, 0, 3], "section 2 has parent 3, but the last section is 2"),
        ([-1, 0, -2], "parents must be at least -1"),
        ([-1, 0, 0.5], "whole number"),
        ([-1, 0], "one entry for each of the 3 sections"),
    ],
)
def test_what_is_no_tree_is_refused__property(parents, message):
    with pytest.raises((ValueError, TypeError), match=message + "|[Tt]ype-check"):
        neuron(parents, np.ones(3), (STICK,) * 3, np.full(3, 3))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0, 1], [1, -1]], "section 1: radius must lie .* got -1; it must be positive"),
        ([[0, 1], [1, 0]], "radius must lie .* it must be positive"),
        ([[0, 1e-6], [100, 1e-6]], "got 1e-06; convert it to micrometres"),
        ([[0, 2000], [100, 1]], "got 2000; convert it to micrometres"),
        ([[0, 1], [1e-4, 1]], "length must lie .* convert"),
        ([[0, 1], [5e6, 1]], "length must lie .* convert"),
        ([[0, 1], [5, 1], [5, 2]], "row 2 is at 5.0 um after 5.0 um; remove duplicate points"),
        ([[0, 1], [5, 1], [4, 2]], "must rise"),
        ([[1, 1], [5, 1]], "must start at distance 0"),
        ([[0, 1]], "two or more rows"),
        ([[0, 1, 2], [1, 1, 2]], "two or more rows"),
        ([[0, 1], [float("nan"), 1]], "must be finite"),
    ],
)
def test_bad_points_are_refused__property(points, message):
    with pytest.raises((ValueError, TypeError), match=message + "|[Tt]ype-check"):
        neuron([-1, 0], [0, 1], (STICK, points), [3, 3])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: neuron([-1], [1.5], (STICK,), [3]), "attach must lie between 0 and 1"),
        (lambda: neuron([-1], [0], (STICK,), [-3]), "kinds must be at least 0"),
        (lambda: one(STICK).path_distance_um(1, 0.5), "section must not exceed the last section"),
        (lambda: one(STICK).path_distance_um(0, 2.0), "place must lie between 0 and 1"),
        (lambda: one(STICK).path_distance_um(0, 1.0, origin=(3, 0.0)), "section must not exceed"),
    ],
)
def test_bad_places_are_refused__property(call, message):
    with pytest.raises((ValueError, TypeError), match=message + "|[Tt]ype-check"):
        call()
