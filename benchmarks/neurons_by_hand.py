"""The cells of ``neurons.py`` as one loop written by hand for this membrane, compiled by numba.

It shows what a core can do: no general channels, no gradient, no gates but these three. Cells run
in blocks as wide as a few registers, each through all its steps while its state stays in the first
cache. Rates are 0/0 at two voltages, which no run meets exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from neurons_peers import DENSITIES_MS_CM2, DT_MS, Shape, ours, pulse, scales
from numba import njit, prange

F = np.float32
LOG2_E, LN_2, ONE = F(1.44269504), F(0.69314718), F(1)


@njit(fastmath=True, inline="always")
def _exponentials(x: Any, bits: Any, out: Any) -> None:
    """Put exp(x) into ``out``: 2^k from the bits of a float, the rest from a polynomial."""
    for i in range(x.size):
        y = min(max(x[i] * LOG2_E, F(-126)), F(126))
        k = np.floor(y + F(0.5))
        f = (y - k) * LN_2
        series = F(1 / 120) + f * F(1 / 720)
        series = F(1 / 6) + f * (F(1 / 24) + f * series)
        out[i] = ONE + f * (ONE + f * (F(0.5) + f * series))
        bits[i] = (np.int32(k) + np.int32(127)) << np.int32(23)
    powers = bits.view(np.float32)
    for i in range(x.size):
        out[i] *= powers[i]


@njit(fastmath=True, inline="always")
def _move_gates(v: Any, gates: Any, dt: Any, x: Any, bits: Any, e: Any) -> None:
    """Move the three gates of a node by exponential Euler; the last arguments are scratch."""
    width = v.size
    for c in range(width):
        u = v[c]
        x[c] = -(u + F(40)) * F(0.1)
        x[width + c] = -(u + F(65)) * F(1 / 18)
        x[2 * width + c] = -(u + F(65)) * F(1 / 20)
        x[3 * width + c] = -(u + F(35)) * F(0.1)
        x[4 * width + c] = -(u + F(55)) * F(0.1)
        x[5 * width + c] = -(u + F(65)) * F(1 / 80)
    _exponentials(x[: 6 * width], bits[: 6 * width], e)
    rates, steady = x[6 * width :], e[6 * width :]
    for c in range(width):
        opening = x[c] / (e[c] - ONE)
        rate = opening + F(4) * e[width + c]
        rates[c], steady[c] = -dt * rate, opening / rate
        opening = F(0.07) * e[2 * width + c]
        rate = opening + ONE / (ONE + e[3 * width + c])
        rates[width + c], steady[width + c] = -dt * rate, opening / rate
        opening = F(0.1) * x[4 * width + c] / (e[4 * width + c] - ONE)
        rate = opening + F(0.125) * e[5 * width + c]
        rates[2 * width + c], steady[2 * width + c] = -dt * rate, opening / rate
    _exponentials(rates, bits[6 * width :], e)
    for gate in range(3):
        for c in range(width):
            target = steady[gate * width + c]
            gates[gate, c] = target + (gates[gate, c] - target) * e[gate * width + c]


@njit(fastmath=True, inline="always")
def _solve(parents: Any, axial: Any, d: Any, b: Any, v: Any) -> None:
    """Eliminate from the tips to the root, and put the voltages in on the way back."""
    nodes, width = v.shape
    for i in range(nodes - 1, 0, -1):
        parent, coupling = parents[i], axial[i]
        for c in range(width):
            share = coupling / d[i, c]
            d[parent, c] -= share * coupling
            b[parent, c] += share * b[i, c]
    for c in range(width):
        v[0, c] = b[0, c] / d[0, c]
    for i in range(1, nodes):
        parent, coupling = parents[i], axial[i]
        for c in range(width):
            v[i, c] = (b[i, c] + coupling * v[parent, c]) / d[i, c]


@njit(fastmath=True)
def _block(
    parents: Any, passive: Any, neighbours: Any, axial: Any, g: Any, current: Any, dt: Any
) -> Any:
    """Return the losses of the cells of one block."""
    nodes, width = g.shape[1], g.shape[2]
    v = np.full((nodes, width), F(-65))
    gates = np.empty((nodes, 3, width), np.float32)
    gates[:, 0], gates[:, 1], gates[:, 2] = F(0.05293249), F(0.59612075), F(0.31767691)
    d, b = np.empty_like(v), np.empty_like(v)
    x, e = np.empty(9 * width, np.float32), np.empty(9 * width, np.float32)
    bits = np.empty(9 * width, np.int32)
    total = np.full(width, F(25))
    for step in range(current.size):
        for i in range(nodes):
            _move_gates(v[i], gates[i], dt, x, bits, e)
            for c in range(width):
                m, h, n = gates[i, 0, c], gates[i, 1, c], gates[i, 2, c]
                sodium, potassium = g[0, i, c] * m * m * m * h, g[1, i, c] * n * n * n * n
                leak = g[2, i, c]
                d[i, c] = passive[i] + neighbours[i] + sodium + potassium + leak
                driven = sodium * F(50) - potassium * F(77) - leak * F(54.3)
                b[i, c] = passive[i] * v[i, c] + driven
        for c in range(width):
            b[0, c] += current[step]
        _solve(parents, axial, d, b, v)
        for c in range(width):
            total[c] += (v[nodes - 1, c] + F(60)) ** 2
    return total / F(current.size + 1)


@njit(parallel=True)
def _losses(
    parents: Any, passive: Any, neighbours: Any, axial: Any, g: Any, current: Any, dt: Any
) -> Any:
    losses = np.empty(g.shape[0] * g.shape[3], np.float32)
    for block in prange(g.shape[0]):
        found = _block(parents, passive, neighbours, axial, g[block], current, dt)
        losses[block * found.size : (block + 1) * found.size] = found
    return losses


def losses_by_hand(shape: Shape, cells: int, steps: int) -> Any:
    """Return a function that runs all cells and returns the loss of each."""
    neuron, _ = ours(shape)
    graph, parents = neuron.graph, np.asarray(neuron.graph.parents)
    area = np.asarray(graph.areas_um2) * 1e-5
    axial = np.asarray(graph.axial_uS).astype(np.float32)
    axial[0] = 0
    neighbours = axial.copy()
    np.add.at(neighbours, parents[1:], axial[1:])
    width = min(cells, 16)
    maximal = DENSITIES_MS_CM2[:, None, None] * area[:, None] * scales(cells)
    blocks = maximal.reshape(*maximal.shape[:2], cells // width, width).transpose(2, 0, 1, 3)
    arguments = (
        parents,
        (np.asarray(neuron.capacitance_uF_cm2) * area / DT_MS).astype(np.float32),
        neighbours,
        axial,
        np.ascontiguousarray(blocks, np.float32),
        pulse(shape, steps).astype(np.float32),
        F(DT_MS),
    )
    return lambda: _losses(*arguments)
