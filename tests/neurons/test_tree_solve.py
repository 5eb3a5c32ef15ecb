"""Elimination on a tree against dense solves and derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.neurons import tree_solve

from tests import tolerances

PARENTS = np.array([-1, 0, 1, 1, 3, 0, 5, 5, 5, 2])


def problem(cells):
    """A random diagonally dominant system on a tree of ten nodes."""
    rng = np.random.default_rng(0)
    coupling = rng.uniform(0.1, 1, PARENTS.size)
    diagonal = rng.uniform(8, 9, (PARENTS.size, *cells))
    return diagonal, coupling, rng.normal(size=(PARENTS.size, *cells))


def dense(diagonal, coupling, right_side):
    """The same by NumPy, one cell."""
    matrix = np.diag(diagonal)
    for node in range(1, PARENTS.size):
        matrix[node, PARENTS[node]] = matrix[PARENTS[node], node] = -coupling[node]
    return np.linalg.solve(matrix, right_side)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("cells", [(), (3, 3)])
def test_solution_for_each_cell__brute_force(cells):
    diagonal, coupling, right_side = problem(cells)
    x = np.asarray(tree_solve(PARENTS, diagonal, coupling, right_side))
    for cell in np.ndindex(*cells):
        place = (slice(None), *cell)
        expected = dense(diagonal[place], coupling, right_side[place])
        np.testing.assert_allclose(x[place], expected, rtol=0, atol=tolerances.NEURONS_TREE_SOLVE)


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
