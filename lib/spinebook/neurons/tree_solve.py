"""Linear systems on a tree, solved in time and memory proportional to its nodes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from spinebook.checks import is_traced
from spinebook.misuse import explains_misuse
from spinebook.neurons.rows import LANE_BYTES
from spinebook.types import AnyArray


@explains_misuse
def tree_solve(
    parents: Int[AnyArray, " nodes"],
    diagonal: Float[AnyArray, "nodes *cells"],
    coupling: Float[AnyArray, " nodes"],
    right_side: Float[AnyArray, "nodes *cells"],
) -> Float[Array, "nodes *cells"]:
    r"""Solve a symmetric system whose graph is a tree by elimination from the ends (Hines 1984).

    .. math:: D_i x_i - c_i x_{p(i)} - \sum_{j:\,p(j) = i} c_j x_j = b_i

    One sweep to the root and one back, without fill-in. The matrix must be diagonally dominant,
    as that of an implicit step of a cable is; there is no pivoting, and values are not looked at.
    Derivatives in forward and reverse mode are solutions of the same kind of system. ``jax.vmap``
    works, but cells in trailing axes are faster.

    Args:
        parents: p, index of each node's parent; -1 for node 0, parents before their children.
        diagonal: D, positive, in any unit of conductance (uS in a neuron).
        coupling: c, at least 0, between each node and its parent, in the unit of D, the same for
            all cells; that of node 0 is not read.
        right_side: b, in the shape of D (nA, if D is in uS).

    Returns:
        x, in the shape and the wider precision of D and b (mV); not finite where D makes the
        matrix singular.

    Raises:
        ValueError: If shapes do not belong together, or ``parents`` is no tree in that order
            (which inside a compiled function can only be checked if it is a constant).

    Examples:
        >>> parents = jnp.array([-1, 0, 0])
        >>> x = tree_solve(parents, jnp.full(3, 2.0), jnp.array([0.0, 1.0, 1.0]), jnp.ones(3) * 2)
        >>> x.tolist()  # 2 x0 - x1 - x2 = 2, 2 x1 - x0 = 2
        [4.0, 3.0, 3.0]
    """
    shapes = np.shape(parents), np.shape(diagonal), np.shape(coupling), np.shape(right_side)
    if len(shapes[0]) != 1 or shapes[2] != shapes[0] or shapes[1][:1] != shapes[0]:
        raise ValueError(
            "parents and coupling must have one entry a node, and diagonal the nodes as first "
            f"axis; got shapes {shapes[0]}, {shapes[2]} and {shapes[1]}."
        )
    if shapes[1] != shapes[3]:
        raise ValueError(
            f"diagonal and right_side must have the same shape, got {shapes[1]} and {shapes[3]}; "
            "broadcast the smaller one."
        )
    if not is_traced(parents):
        _check_order(np.asarray(parents))
    dtype = jnp.result_type(diagonal, coupling, right_side, jnp.float32)
    values = (jnp.asarray(array, dtype) for array in (diagonal, coupling, right_side))
    return _solve(jnp.asarray(parents, jnp.int32), *values)


def _check_order(parents: np.ndarray) -> None:
    """Refuse parents that elimination from the last node to the first would get wrong."""
    nodes = np.arange(parents.size)
    wrong = np.flatnonzero(np.where(nodes == 0, parents != -1, (parents < 0) | (parents >= nodes)))
    if parents.size == 0 or wrong.size:
        where = f"node {wrong[0]} has parent {parents[wrong[0]]}" if wrong.size else "no node"
        raise ValueError(
            f"parents must be -1 for node 0 and an earlier node for each other one: {where}."
        )


@jax.custom_jvp
def _solve(parents: Array, diagonal: Array, coupling: Array, right_side: Array) -> Array:
    """Lay cells out in rows of equal width, eliminate, and lay them back."""
    nodes, cells = right_side.shape[0], right_side[0].size
    lanes = max(1, min(cells, LANE_BYTES // right_side.dtype.itemsize))
    blocks = -(-cells // lanes)

    def rows(values: Array, padding: float) -> Array:
        empty = ((0, 0), (0, blocks * lanes - cells))
        filled = jnp.pad(values.reshape(nodes, cells), empty, constant_values=padding)
        return filled.reshape(nodes * blocks, lanes)

    x = _eliminate(parents, coupling, rows(diagonal, 1.0), rows(right_side, 0.0), blocks)
    return x.reshape(nodes, blocks * lanes)[:, :cells].reshape(right_side.shape)


@_solve.defjvp
def _solve_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    """Differentiate M x = b: M dx = db - dM x, linear in the tangents and its own transpose."""
    parents, diagonal, coupling, right_side = primals
    _, d_diagonal, d_coupling, d_right = tangents
    x = _solve(parents, diagonal, coupling, right_side)
    change = d_right - _times(parents, d_diagonal, d_coupling, x)
    return x, lax.custom_linear_solve(
        lambda y: _times(parents, diagonal, coupling, y),
        change,
        lambda _, b: _solve(parents, diagonal, coupling, b),
        symmetric=True,
    )


def _times(parents: Array, diagonal: Array, coupling: Array, x: Array) -> Array:
    """Multiply the matrix with x."""
    edges, above = coupling[1:].reshape(-1, *(1,) * (x.ndim - 1)), parents[1:]
    result = diagonal * x
    result = result.at[1:].add(-edges * x[above])
    return result.at[above].add(-edges * x[1:])


def _eliminate(
    parents: Array, coupling: Array, diagonal: Array, right_side: Array, blocks: int
) -> Array:
    """Sweep to the root and back, one row of one node at a time."""
    nodes = parents.shape[0]

    # Plain slices: indexing checks bounds in every round, which costs a fifth of the time.
    def at(values: Array, row: Array) -> Array:
        return lax.dynamic_slice_in_dim(values, row, 1)

    def put(values: Array, row: Array, new: Array) -> Array:
        return lax.dynamic_update_slice_in_dim(values, new, row, 0)

    def inwards(count: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        d, b = carry
        node, block = nodes - 1 - count // blocks, count % blocks
        row, above = node * blocks + block, parents[node] * blocks + block
        share = coupling[node] / at(d, row)
        d = put(d, above, at(d, above) - share * coupling[node])
        return d, put(b, above, at(b, above) + share * at(b, row))

    d, b = lax.fori_loop(0, (nodes - 1) * blocks, inwards, (diagonal, right_side))

    def outwards(row: Array, x: Array) -> Array:
        node, block = row // blocks, row % blocks
        above = parents[node] * blocks + block
        return put(x, row, (at(x, row) + coupling[node] * at(x, above)) / at(d, row))

    root = b.at[:blocks].divide(d[:blocks])
    return lax.fori_loop(blocks, nodes * blocks, outwards, root)
