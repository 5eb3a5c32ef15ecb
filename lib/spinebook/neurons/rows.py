"""How the cells of a batch lie in memory while a neuron is simulated."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

# XLA compiles a loop into one kernel on a CPU if one round of it touches less than a kilobyte, and
# a vector register of a common CPU holds this much: cells are solved in rows of that width.
LANE_BYTES = 32


class Rows(NamedTuple):
    """A layout: each node has ``blocks`` rows of ``lanes`` cells, one node after another.

    Two axes, nodes times blocks and lanes, are what XLA turns into wide instructions; three, or
    rows wider than a register, cost two to three times as much (jax 0.10, CPU).
    """

    nodes: int
    cells: tuple[int, ...]
    lanes: int
    blocks: int

    @classmethod
    def of(cls, nodes: int, cells: tuple[int, ...], dtype: np.dtype) -> Rows:
        """Choose the layout for a number of nodes and a shape of cells."""
        count = int(np.prod(cells, dtype=int))
        lanes = max(1, min(count, LANE_BYTES // np.dtype(dtype).itemsize))
        return cls(nodes, cells, lanes, -(-count // lanes))

    def split(self, values: Array, axes: int, padding: float = 0.0) -> Array:
        """Lay the cells after the first ``axes`` axes out as blocks and lanes.

        Values that are the same for all cells stay one: their blocks and lanes are 1.
        """
        front, cells = values.shape[:axes], values.shape[axes:]
        if np.prod(cells, dtype=int) == 1:
            return values.reshape(*front, 1, 1)
        count = int(np.prod(self.cells, dtype=int))
        full = jnp.broadcast_to(values.reshape(*front, *self._aligned(cells)), front + self.cells)
        empty = [(0, 0)] * axes + [(0, self.blocks * self.lanes - count)]
        padded = jnp.pad(full.reshape(*front, count), empty, constant_values=padding)
        return padded.reshape(*front, self.blocks, self.lanes)

    def pack(self, values: Array, axes: int = 0) -> Array:
        """Turn (axes, nodes or 1, cells) into (axes, nodes times blocks, lanes or 1)."""
        parts = self.split(values, axes + 1)
        front = values.shape[:axes]
        spread = jnp.broadcast_to(parts, (*front, self.nodes, self.blocks, parts.shape[-1]))
        return spread.reshape(*front, self.nodes * self.blocks, parts.shape[-1])

    def unpack(self, rows: Array, nodes: int, axes: int = 0) -> Array:
        """Turn (axes, nodes times blocks, lanes) into (axes, nodes, cells)."""
        front, count = rows.shape[:axes], int(np.prod(self.cells, dtype=int))
        flat = rows.reshape(*front, nodes, self.blocks * self.lanes)
        return flat[..., :count].reshape(*front, nodes, *self.cells)

    def _aligned(self, cells: tuple[int, ...]) -> tuple[int, ...]:
        return (1,) * (len(self.cells) - len(cells)) + cells
