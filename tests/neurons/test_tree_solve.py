"""Elimination on a tree against dense solves and derivatives."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.neurons import binary_tree, compartments, tree_solve

from tests import tolerances
from tests.neurons.passive import conductances, tree_matrix, voltages

PARENTS = np.array([-1, 0, 1, 1, 3, 0, 5, 5, 5, 2])


def problem(cells):
    """A random diagonally dominant system on a tree of ten nodes."""
    rng = np.random.default_rng(0)
    coupling = rng.uniform(0.1, 1, PARENTS.size)
    diagonal = rng.uniform(8, 9, (PARENTS.size, *cells))
    return diagonal, coupling, rng.normal(size=(PARENTS.size, *cells))


def dense(diagonal, coupling, right_side):
    """The same by NumPy, one cell."""
    return np.linalg.solve(tree_matrix(PARENTS, diagonal, coupling), right_side)


@pytest.mark.parametrize(
    ("precision", "tolerance"),
    [
        (np.float64, tolerances.NEURONS_TREE_SOLVE),
        (np.float32, tolerances.NEURONS_TREE_SOLVE_FLOAT32),
    ],
)
@pytest.mark.parametrize("cells", [(), (3, 3)])
@pytest.mark.usefixtures("float64")
def test_solution_for_each_cell__brute_force(cells, precision, tolerance):
    """Nine cells fill one row in part, in either precision."""
    diagonal, coupling, right_side = problem(cells)
    x = tree_solve(
        PARENTS, *(array.astype(precision) for array in (diagonal, coupling, right_side))
    )
    assert x.dtype == precision
    for cell in np.ndindex(*cells):
        place = (slice(None), *cell)
        expected = dense(diagonal[place], coupling, right_side[place])
        np.testing.assert_allclose(x[place], expected, rtol=0, atol=tolerance)


@pytest.mark.usefixtures("float64")
def test_passive_neuron_with_forks__brute_force():
    """Forks have no membrane, so that their rows are only just dominant."""
    graph = compartments(binary_tree(3, 150.0, 2.0), counts=3)
    matrix = conductances(graph, 0.05)
    current = np.eye(len(matrix))[7]
    x = tree_solve(graph.parents, np.diag(matrix), graph.axial_uS, current)
    expected = voltages(graph, 0.05, 7)
    np.testing.assert_allclose(x, expected, rtol=tolerances.NEURONS_DENSE_SOLVE)


@pytest.mark.usefixtures("float64")
def test_derivatives_in_both_modes__brute_force():
    arguments = problem(())
    solve = jax.jit(lambda *values: tree_solve(PARENTS, *values))
    forward = jax.jit(jax.jacfwd(solve, argnums=(0, 1, 2)))(*arguments)
    backward = jax.jit(jax.jacrev(solve, argnums=(0, 1, 2)))(*arguments)
    for which, (left, right) in enumerate(zip(forward, backward, strict=True)):
        np.testing.assert_allclose(left, right, rtol=0, atol=tolerances.NEURONS_TREE_SOLVE)
        for node in range(PARENTS.size):
            step = np.zeros(PARENTS.size)
            step[node] = 1e-5
            ends = [
                dense(*(value + sign * step * (i == which) for i, value in enumerate(arguments)))
                for sign in (1, -1)
            ]
            slope = (ends[0] - ends[1]) / 2e-5
            np.testing.assert_allclose(
                left[:, node], slope, rtol=0, atol=tolerances.NEURONS_TREE_SLOPE
            )


@pytest.mark.usefixtures("float64")
def test_mapped_over_cells_it_is_the_same__property():
    diagonal, coupling, right_side = (jnp.asarray(value) for value in problem((3,)))
    mapped = jax.vmap(tree_solve, in_axes=(None, 1, None, 1), out_axes=1)
    np.testing.assert_allclose(
        mapped(PARENTS, diagonal, coupling, right_side),
        tree_solve(PARENTS, diagonal, coupling, right_side),
        rtol=0,
        atol=tolerances.NEURONS_TREE_SOLVE,
    )


def test_one_node_is_a_division__closed_form():
    assert tree_solve(np.array([-1]), np.array([4.0]), np.zeros(1), np.array([2.0])).tolist() == [
        0.5
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parents": [-1, 0, 3, 1]}, "node 2 has parent 3"),
        ({"parents": [-1, 0, -1, 1]}, "node 2 has parent -1"),
        ({"parents": [0, 0, 1, 1]}, "node 0 has parent 0"),
        ({"parents": [-1, 0, 1]}, "one entry a node"),
        ({"coupling": np.ones((4, 1))}, "one entry a node"),
        ({"diagonal": np.ones(5)}, "one entry a node"),
        ({"right_side": np.ones((4, 4))}, "broadcast the smaller one"),
    ],
)
def test_bad_input_is_refused__property(change, message):
    """By the function itself, as for a reader who runs without the shape checks of the tests."""
    good = {"parents": [-1, 0, 1, 1], "coupling": np.ones(4), "right_side": np.ones(4)}
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(tree_solve)(**({"diagonal": np.full(4, 4.0)} | good | change))
