"""The graph against closed forms and other cuts of the same neuron."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spinebook.neurons import (
    Compartments,
    Morphology,
    binary_tree,
    compartments,
    cylinder,
    cylinders,
    graph_compartments,
    locate,
)

from tests.neurons.passive import conductances, voltages
from tests.tolerances import (
    NEURONS_DENSE_SOLVE,
    NEURONS_SHAPE_CLOSED_FORM,
)


def sites(tree, graph, places=(0.1, 0.5, 0.9)):
    return [locate(graph, section, place) for section in range(tree.n_sections) for place in places]


def random_tree(seed, n=8):
    """Tapering sections, attached to the ends and insides of earlier ones."""
    rng = np.random.default_rng(seed)
    parents = np.array([-1, *(int(rng.integers(0, child)) for child in range(1, n))])
    attach = rng.choice([0.0, 0.3, 0.5, 0.77, 1.0, 1.0, 1.0], size=n)
    points = []
    for _ in range(n):
        distances = np.cumsum([0.0, *rng.uniform(5, 60, size=3)])
        points.append(np.stack([distances, rng.uniform(0.3, 3, size=4)], axis=1))
    return Morphology(parents, attach, tuple(points), rng.integers(1, 5, size=n))


def test_cylinder_in_three__closed_form():
    graph = compartments(cylinder(300.0, 2.0), counts=3, axial_resistivity_ohm_cm=150.0)
    resistance = 1e-2 * 150 * 100 / (np.pi * 4)
    np.testing.assert_allclose(graph.axial_uS, [0, 1 / resistance, 1 / resistance])
    np.testing.assert_allclose(graph.areas_um2, np.full(3, 400 * np.pi))
    np.testing.assert_allclose(graph.centre, [1 / 6, 1 / 2, 5 / 6])
    assert graph.parents.tolist() == [-1, 0, 1]
    assert graph.parents.dtype == graph.section.dtype == np.int32


@pytest.mark.parametrize(
    ("parents", "attach", "count", "expected"),
    [
        # Two sections end to end: no fork. Two or more on an end: one.
        ([-1, 0], [0, 1], 1, [-1, 0]),
        ([-1, 0, 0], [0, 1, 1], 1, [-1, 0, 1, 1]),
        ([-1, 0, 0, 0], [0, 1, 1, 1], 1, [-1, 0, 1, 1, 1]),
        # On both ends of the root: its first centre stays node 0.
        ([-1, 0, 0], [0, 0, 1], 2, [-1, 0, 0, 2, 1, 4]),
        ([-1, 0, 0], [0, 0, 0], 1, [-1, 0, 1, 1]),
        # On a centre; between the centres; a second one at the same place.
        ([-1, 0], [0, 0.5], 1, [-1, 0]),
        ([-1, 0], [0, 0.5], 2, [-1, 0, 1, 1, 3]),
        ([-1, 0, 0], [0, 0.5, 0.5], 2, [-1, 0, 1, 1, 3, 1, 5]),
        # Beyond the last centre: alone, in series; two places, a fork at the nearer one.
        ([-1, 0], [0, 0.9], 1, [-1, 0]),
        ([-1, 0, 0], [0, 0.9, 0.8], 1, [-1, 0, 1, 1]),
        # On the start of another: all three meet there.
        ([-1, 0, 1], [0, 1, 0], 1, [-1, 0, 1, 1]),
        ([-1, 0, 1, 2], [0, 0.5, 0, 0], 1, [-1, 0, 0, 0]),
        # Three tenths is a float that hits the centre of the second of five only nearly.
        ([-1, 0], [0, 0.1 * 3], 5, [-1, 0, 1, 2, 3, 1, 5, 6, 7, 8]),
    ],
)
def test_who_hangs_on_whom__closed_form(parents, attach, count, expected):
    graph = compartments(cylinders(parents, 100.0, 1.0, attach=attach), counts=count)
    assert graph.parents.tolist() == expected
    assert (graph.section < 0).tolist() == (graph.areas_um2 == 0).tolist()


def test_child_inside_a_section__brute_force():
    """A side branch at a quarter is a fork of two sections, one of a quarter's length."""
    whole = cylinders([-1, 0], [400.0, 90.0], [1.0, 0.5], attach=0.25)
    split = cylinders([-1, 0, 0], [100.0, 300.0, 90.0], [1.0, 1.0, 0.5])
    one, two = compartments(whole, counts=[4, 3]), compartments(split, counts=[1, 3, 3])
    first = voltages(one, 0.05, locate(one, 1, 0.9))
    second = voltages(two, 0.05, locate(two, 2, 0.9))
    ours = first[[*np.flatnonzero(one.section == 0), *np.flatnonzero(one.section == 1)]]
    theirs = second[np.concatenate([np.flatnonzero(two.section == s) for s in (0, 1, 2)])]
    np.testing.assert_allclose(ours, theirs, rtol=NEURONS_DENSE_SOLVE)


@pytest.mark.parametrize("place", [0.0, 0.2, 0.5, 0.61, 1.0])
def test_current_into_a_branch_leaves_through_the_membrane__property(place):
    tree = cylinders([-1, 0, 0], 100.0, [2.0, 1.0, 0.5], attach=[0.0, place, 0.5])
    graph = compartments(tree, counts=6)
    volts = voltages(graph, 0.05, locate(graph, 1, 0.7))
    assert np.sum(1e-5 * 0.05 * graph.areas_um2 * volts) == pytest.approx(
        1, rel=NEURONS_DENSE_SOLVE
    )
    # Kirchhoff at a fork: nothing is lost there.
    for fork in np.flatnonzero(graph.section < 0):
        below = np.flatnonzero(graph.parents == fork)
        up = graph.axial_uS[fork] * (volts[fork] - volts[graph.parents[fork]])
        down = np.sum(graph.axial_uS[below] * (volts[fork] - volts[below]))
        assert len(below) >= 1
        assert up + down == pytest.approx(0, abs=NEURONS_DENSE_SOLVE)


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_order_of_sections_means_nothing__property(seed):
    tree, rng = random_tree(seed), np.random.default_rng(seed + 1)
    order, waiting = [], [0]
    while waiting:  # any order with parents first
        order.append(waiting.pop(int(rng.integers(len(waiting)))))
        waiting.extend(np.flatnonzero(tree.parents == order[-1]).tolist())
    new = {old: index for index, old in enumerate(order)} | {-1: -1}
    other = Morphology(
        np.array([new[int(tree.parents[old])] for old in order]),
        tree.attach[order],
        tuple(tree.points[old] for old in order),
        tree.kinds[order],
    )
    counts = rng.integers(1, 6, size=len(order))
    graph, moved = compartments(tree, counts=counts), compartments(other, counts=counts[order])
    places = (0.1, 0.5, 0.9)
    here = voltages(graph, 0.05, locate(graph, 5, 0.5))[sites(tree, graph)]
    there = voltages(moved, 0.05, locate(moved, new[5], 0.5))
    there = there[[locate(moved, new[s], place) for s in range(len(order)) for place in places]]
    np.testing.assert_allclose(here, there, rtol=NEURONS_DENSE_SOLVE)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_graph_is_a_tree_with_all_the_membrane__property(seed):
    tree, rng = random_tree(seed), np.random.default_rng(seed + 1)
    counts = rng.integers(1, 6, size=tree.n_sections)
    graph = compartments(tree, counts=counts)
    nodes = np.arange(len(graph.parents))
    assert graph.parents[0] == -1
    assert (graph.parents[1:] < nodes[1:]).all()
    assert (graph.axial_uS[1:] > 0).all()
    assert graph.axial_uS[0] == 0
    assert graph.areas_um2[0] > 0
    for section in range(tree.n_sections):
        own = graph.section == section
        assert own.sum() == counts[section]
        np.testing.assert_allclose(graph.areas_um2[own].sum(), tree.areas_um2[section])
        np.testing.assert_allclose(
            graph.centre[own], (np.arange(counts[section]) + 0.5) / counts[section]
        )
    # A fork joins three or more; otherwise there would be no need of it.
    for fork in np.flatnonzero(graph.section < 0):
        assert np.sum(graph.parents == fork) + 1 >= 3


@settings(max_examples=5)
@given(st.integers(0, 10_000))
def test_finer_cuts_agree__property(seed):
    """Branches inside sections and tapers converge to one answer, as cables do."""
    tree = random_tree(seed)
    answers = []
    for count in (3, 9, 27):
        graph = compartments(tree, counts=count)
        volts = voltages(graph, 0.05, locate(graph, 5, 0.5))
        answers.append(volts[[locate(graph, s, 0.5) for s in range(tree.n_sections)]])
    first, second = (np.abs(a - answers[2]).max() for a in answers[:2])
    # Errors of 1, 1/9 and 1/81 differ by 80/81 and 8/81.
    assert first / second > 7


def test_graph_of_identical_compartments__closed_form():
    """The matrix of densities is the leak plus the coupling times the graph's Laplacian."""
    parents, coupling = [-1, 0, 1, 1, 0], np.array([9.0, 0.5, 0.1, 0.2, 0.3])
    graph = graph_compartments(parents, coupling)
    expected = np.diag([0.8, 0.8, 0.1, 0.2, 0.3]) + 0.027 * np.eye(5)
    for child, parent in enumerate(parents[1:], start=1):
        expected[child, parent] = expected[parent, child] = -coupling[child]
    np.testing.assert_allclose(conductances(graph, 0.027), expected, atol=NEURONS_SHAPE_CLOSED_FORM)
    assert locate(graph, 3, 0.2) == 3


def test_places_of_compartments__closed_form():
    graph = compartments(cylinders([-1, 0, 0], 100.0, 1.0), counts=[4, 5, 1])
    assert [locate(graph, 0, place) for place in (0.0, 0.2, 0.25, 0.99, 1.0)] == [0, 0, 1, 3, 3]
    assert [locate(graph, 1, place) for place in (0.0, 0.5, 1.0)] == [5, 7, 9]
    assert locate(graph, 2, 0.9) == 10


def test_graph_passes_into_compiled_code__property():
    graph = compartments(binary_tree(2, 100.0, 1.0), counts=3)
    doubled = jax.jit(lambda g: g._replace(areas_um2=2 * g.areas_um2))(graph)
    assert isinstance(doubled, Compartments)
    np.testing.assert_allclose(doubled.areas_um2, 2 * graph.areas_um2, rtol=1e-6)


def cut(**settings):
    return compartments(cylinders([-1, 0], 100.0, 1.0), **settings)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cut(axial_resistivity_ohm_cm=1.0), "5 and 10000, got 1; 1 ohm m is 100 ohm cm"),
        (lambda: cut(axial_resistivity_ohm_cm=float("nan")), "must be finite"),
        (lambda: cut(counts=0), "counts must be at least 1"),
        (lambda: cut(counts=2.5), "whole number"),
        (lambda: cut(counts=[1, 2, 3]), "do not broadcast"),
        (lambda: cut(counts=3, d_lambda=0.1), "not both"),
        (lambda: cut(d_lambda=0.0), "d_lambda must be positive"),
        (lambda: cut(d_lambda=1e-9), "asks for .* compartments; is d_lambda"),
        (lambda: cut(frequency_Hz=-1.0), "frequency_Hz must be positive"),
        (lambda: cut(capacitance_uF_cm2=0.0), "capacitance_uF_cm2 must be positive"),
        (lambda: graph_compartments([-1, 2, 1], 0.5), "cyclic"),
        (lambda: graph_compartments([-1, -1], 0.5), "disconnected"),
        (lambda: graph_compartments([-1, 0], -0.5), "must not be negative"),
        (lambda: graph_compartments([-1, 0], [0.5] * 3), "do not broadcast"),
        (lambda: locate(cut(), 2, 0.5), "section must not exceed the last section"),
        (lambda: locate(cut(), 0, 1.5), "place must lie between 0 and 1"),
    ],
)
def test_mistakes_are_refused__property(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
