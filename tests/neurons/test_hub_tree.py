"""Trees with given degrees: the stand-in for the published large neuron, and random ones."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, depth_first_order
from spinebook.neurons.compartments import graph_compartments
from spinebook.neurons.hub_tree import hub_tree, neighbour_counts

# Degrees of the matrix stored with the public code of Jones and Kording (2024).
STORED = {23: 1, 4: 3, 3: 12, 2: 127, 1: 41}


def repeated(counts):
    return np.repeat(list(counts), list(counts.values()))


def adjacency(parents):
    child = np.arange(1, len(parents))
    half = coo_array((np.ones(len(child)), (child, parents[1:])), shape=(len(parents),) * 2)
    return (half + half.T).tocsr()


def test_stored_degrees__published():
    parents = hub_tree(repeated(STORED))
    counts = neighbour_counts(parents)
    assert len(parents) == 184
    assert Counter(counts.tolist()) == STORED
    assert counts[0] == 23
    assert len(graph_compartments(parents, 0.01).parents) == 184


def test_small_trees__closed_form():
    assert hub_tree([1, 1]).tolist() == [-1, 0]
    assert hub_tree([1, 2, 2, 1]).tolist() == [-1, 0, 1, 0]  # a chain, from a middle one
    assert hub_tree([1] * 5 + [5]).tolist() == [-1, 0, 0, 0, 0, 0]
    # Hub of 4, whose first run ends in a branch point of 3: five runs share seven passed nodes.
    parents = hub_tree([4, 3, *[2] * 8, *[1] * 5])
    assert parents.tolist() == [-1, 0, 1, 2, 3, 4, 3, 6, 0, 8, 9, 0, 11, 0, 13]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_degrees_of_any_tree__independent_package(draws):
    """A random recursive tree gives degrees that exist; SciPy walks the tree that they give."""
    random = np.array([-1, *(draw % (node + 1) for node, draw in enumerate(draws))])
    degrees = neighbour_counts(random)
    parents = hub_tree(degrees)
    matrix = adjacency(parents)
    assert sorted(matrix.sum(axis=0).astype(int)) == sorted(degrees.tolist())
    assert connected_components(matrix)[0] == 1
    assert (parents < np.arange(len(parents))).all()
    assert neighbour_counts(parents)[0] == degrees.max()
    # Numbered depth first: a node follows its parent, or a node that descends from that.
    order, before = depth_first_order(matrix, 0)
    assert order[0] == 0
    assert (before[1:] == parents[1:]).all()
    for node in range(1, len(parents)):
        ancestor = node - 1
        while ancestor > parents[node]:
            ancestor = parents[ancestor]
        assert ancestor == parents[node]


def test_runs_are_even__property():
    """Lengths of unbranched runs, from branch point to branch point or end, differ by one."""
    parents = hub_tree(repeated(STORED))
    counts = neighbour_counts(parents)
    lengths = []
    for end in np.flatnonzero((counts != 2) & (parents >= 0)):
        node, length = parents[end], 0
        while counts[node] == 2 and node:
            node, length = parents[node], length + 1
        lengths.append(length)
    assert len(lengths) == 3 + 12 + 41
    assert sum(lengths) == 127
    assert set(lengths) == {2, 3}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: hub_tree([2, 2, 2]), ValueError, "has a cycle or several parts"),
        (lambda: hub_tree([1]), ValueError, "twice the number of edges"),
        (lambda: hub_tree([1, 1, 0]), ValueError, "degrees"),
        (lambda: hub_tree([1.5, 0.5]), (TypeError, ValueError), "degrees"),
        (lambda: neighbour_counts([-1, 5]), ValueError, "the last node is 1"),
    ],
)
def test_refusals__property(call, error, message):
    with pytest.raises(error, match=message):
        call()
