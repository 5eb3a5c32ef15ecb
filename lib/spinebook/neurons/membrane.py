"""One step of a neuron in time: gates by exponential Euler, the voltage by an implicit solve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import jax.numpy as jnp
from jaxtyping import Array

from spinebook.neurons.channels import Channel, exp_euler_gate
from spinebook.neurons.rows import Rows
from spinebook.neurons.tree_solve import tree_solve

Scheme: TypeAlias = Literal["backward_euler", "crank_nicolson"]
# 1 mS/cm2 on 1 um2 is 1e-5 uS, and 1 uF/cm2 is 1e-5 nF: with nA and mV, time comes in ms.
PER_UM2 = 1e-5


class Membrane(NamedTuple):
    """What a step needs and no step changes, laid out in rows.

    Attributes:
        parents: Tree of the nodes.
        axial_uS: Conductance of each node to its parent.
        neighbours_uS: Sum of the axial conductances of each node.
        capacitance_nF: Capacitance of each node, 0 for a fork.
        maximal_uS: Maximal conductance of each channel in each node.
    """

    parents: Array
    axial_uS: Array
    neighbours_uS: Array
    capacitance_nF: Array
    maximal_uS: Array


class Packed(NamedTuple):
    """A state laid out in rows."""

    v_mV: Array
    gates: tuple[Array, ...]


Step: TypeAlias = Callable[[Packed, Array], Packed]


def make_step(
    membrane: Membrane, channels: tuple[Channel, ...], rows: Rows, dt_ms: Array, scheme: Scheme
) -> Step:
    """Return the function that moves a state by one step under injected currents (nA)."""

    def move_gates(state: Packed, dt: Array) -> Packed:
        gates = tuple(
            exp_euler_gate(x, channel.rates(state.v_mV), dt)
            for channel, x in zip(channels, state.gates, strict=True)
        )
        return state._replace(gates=gates)

    def backward_euler(state: Packed, current_nA: Array) -> Packed:
        state = move_gates(state, dt_ms)
        return state._replace(v_mV=_implicit(membrane, channels, rows, state, current_nA, dt_ms))

    def crank_nicolson(state: Packed, current_nA: Array) -> Packed:
        # Half a step of the gates before and after (Strang 1968) makes the whole second order.
        state = move_gates(state, dt_ms / 2)
        middle = _implicit(membrane, channels, rows, state, current_nA, dt_ms / 2)
        return move_gates(state._replace(v_mV=2 * middle - state.v_mV), dt_ms / 2)

    return backward_euler if scheme == "backward_euler" else crank_nicolson


def _implicit(
    membrane: Membrane,
    channels: tuple[Channel, ...],
    rows: Rows,
    state: Packed,
    current_nA: Array,
    dt_ms: Array,
) -> Array:
    """Solve (C/dt + G + A) v = C/dt v_old + G E + I for the voltage after backward Euler."""
    capacitive = membrane.capacitance_nF / dt_ms
    diagonal = capacitive + membrane.neighbours_uS
    right_side = capacitive * state.v_mV + current_nA
    for channel, maximal, gates in zip(channels, membrane.maximal_uS, state.gates, strict=True):
        conductance = maximal * channel.conductance(gates)
        diagonal = diagonal + conductance
        right_side = right_side + conductance * channel.reversal_mV
    shape = (rows.nodes, rows.blocks * rows.lanes)
    diagonal = jnp.broadcast_to(diagonal, right_side.shape)
    solved = tree_solve(
        membrane.parents, diagonal.reshape(shape), membrane.axial_uS, right_side.reshape(shape)
    )
    return solved.reshape(right_side.shape)
