"""Linear systems on a tree, solved in time and memory proportional to its nodes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from spinebook.types import AnyArray

# XLA compiles a loop into one kernel on a CPU if one round of it touches less than a kilobyte, and
# a vector register of a common CPU holds this much: cells are solved in rows of that width.
_LANE_BYTES = 32


def tree_solve(
    parents: Int[AnyArray, " nodes"],
    diagonal: Float[AnyArray, "nodes *cells"],
    coupling: Float[AnyArray, " nodes"],
    right_side: Float[AnyArray, "nodes *cells"],
) -> Float[Array, "nodes *cells"]:
    r"""Solve a symmetric system whose graph is a tree by elimination from the ends (Hines 1984).

    .. math:: D_i x_i - c_i x_{p(i)} - \sum_{j:\,p(j) = i} c_j x_j = b_i

    One sweep to the root and one back, without fill-in. The matrix must be diagonally dominant,
    as that of an implicit step of a cable is; there is no pivoting. Derivatives in forward and
    reverse mode are solutions of the same kind of system, and cost as much.

    Args:
        parents: p, index of each node's parent; -1 for node 0, parents before their children.
        diagonal: D, positive.
        coupling: c, between each node and its parent; that of node 0 is not read.
        right_side: b.

    Returns:
        x.

    Examples:
        >>> parents = jnp.array([-1, 0, 0])
        >>> x = tree_solve(parents, jnp.full(3, 2.0), jnp.array([0.0, 1.0, 1.0]), jnp.ones(3) * 2)
        >>> x.tolist()  # 2 x0 - x1 - x2 = 2, 2 x1 - x0 = 2
        [4.0, 3.0, 3.0]
    """
    parents, coupling = jnp.asarray(parents, jnp.int32), jnp.asarray(coupling)
    diagonal, right_side = jnp.broadcast_arrays(diagonal, right_side)
    return _solve(parents, diagonal, coupling, right_side)


@jax.custom_jvp
def _solve(parents: Array, diagonal: Array, coupling: Array, right_side: Array) -> Array:
    return _in_rows(parents, diagonal, coupling, right_side)


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
    edges, above = _beside(coupling[1:], x), parents[1:]
    result = diagonal * x
    result = result.at[1:].add(-edges * x[above])
    return result.at[above].add(-edges * x[1:])


def _beside(values: Array, like: Array) -> Array:
    """Give one value a node the rank of an array over nodes and cells."""
    return values.reshape(values.shape + (1,) * (like.ndim - 1))


def _in_rows(parents: Array, diagonal: Array, coupling: Array, right_side: Array) -> Array:
    """Lay cells out in rows of equal width, eliminate, and lay them back."""
    nodes, cells = right_side.shape[0], right_side[0].size
    lanes = max(1, min(cells, _LANE_BYTES // right_side.dtype.itemsize))
    blocks = -(-cells // lanes)

    def rows(values: Array, padding: float) -> Array:
        flat = jnp.asarray(values, right_side.dtype).reshape(nodes, cells)
        filled = jnp.pad(flat, ((0, 0), (0, blocks * lanes - cells)), constant_values=padding)
        return filled.reshape(nodes * blocks, lanes)

    coupling = coupling.astype(right_side.dtype)
    x = _eliminate(parents, coupling, rows(diagonal, 1.0), rows(right_side, 0.0), blocks)
    return x.reshape(nodes, blocks * lanes)[:, :cells].reshape(right_side.shape)


def _eliminate(
    parents: Array, coupling: Array, diagonal: Array, right_side: Array, blocks: int
) -> Array:
    """Sweep to the root and back, one row of one node at a time."""
    nodes = parents.shape[0]

    def inwards(count: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        d, b = carry
        node, block = nodes - 1 - count // blocks, count % blocks
        row, above = node * blocks + block, parents[node] * blocks + block
        share = coupling[node] / d[row]
        return d.at[above].add(-share * coupling[node]), b.at[above].add(share * b[row])

    d, b = lax.fori_loop(0, (nodes - 1) * blocks, inwards, (diagonal, right_side))

    def outwards(row: Array, x: Array) -> Array:
        node, block = row // blocks, row % blocks
        above = parents[node] * blocks + block
        return x.at[row].set((x[row] + coupling[node] * x[above]) / d[row])

    root = b.at[:blocks].divide(d[:blocks])
    return lax.fori_loop(blocks, nodes * blocks, outwards, root)
