"""One step of a neuron in time: gates by exponential Euler, the voltage by an implicit solve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import jax.numpy as jnp
from jaxtyping import Array

from spinebook.neurons.channels import Channel, GateRates, exp_euler_gate, split_gates
from spinebook.neurons.neuron import State
from spinebook.neurons.rows import Rows
from spinebook.neurons.tree_solve import tree_solve
from spinebook.types import AnyArray

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
    """A state laid out in rows, with an array of its own for each gate of each channel."""

    v_mV: Array
    gates: tuple[tuple[Array, ...], ...]


# From a state, injected currents (nA) and how long gates move (ms) to the next state.
Step: TypeAlias = Callable[[Packed, Array, Array], Packed]


def pack(rows: Rows, state: State) -> Packed:
    """Lay a state out."""

    def full(values: AnyArray) -> Array:
        packed = rows.pack(jnp.asarray(values))
        return jnp.broadcast_to(packed, (*packed.shape[:-1], rows.lanes))

    gates = tuple(tuple(full(x) for x in split_gates(gates)) for gates in state.gates)
    return Packed(full(state.v_mV), gates)


def unpack(rows: Rows, state: Packed) -> State:
    """Return the state that was laid out."""
    gates = tuple(
        rows.unpack(_stack(gates, state.v_mV), rows.nodes, axes=1) for gates in state.gates
    )
    return State(rows.unpack(state.v_mV, rows.nodes), gates)


def move_gates(channels: tuple[Channel, ...], state: Packed, dt_ms: Array) -> Packed:
    """Move all gates at the voltage so far."""
    moved = []
    for channel, gates in zip(channels, state.gates, strict=True):
        targets = map(GateRates, *map(split_gates, channel.rates(state.v_mV)))
        both = zip(gates, targets, strict=True)
        moved.append(tuple(exp_euler_gate(x, target, dt_ms) for x, target in both))
    return state._replace(gates=tuple(moved))


def open_shares(channels: tuple[Channel, ...], state: Packed) -> list[Array]:
    """Return the open share of each channel."""
    return [
        channel.conductance(_stack(gates, state.v_mV))
        for channel, gates in zip(channels, state.gates, strict=True)
    ]


def gate_times(steps: int, dt_ms: Array, scheme: Scheme) -> tuple[Array, Array | None]:
    """Return how long gates move before the voltage in each step, and after the last one, if so.

    Half a step of the gates on either side of the voltage (Strang 1968) makes Crank and Nicolson's
    rule second order. Two halves that meet are one whole step at the same voltage.
    """
    whole = jnp.full(steps, dt_ms)
    if scheme == "backward_euler":
        return whole, None
    return whole.at[0].set(dt_ms / 2), dt_ms / 2


def make_step(
    membrane: Membrane, channels: tuple[Channel, ...], rows: Rows, dt_ms: Array, scheme: Scheme
) -> Step:
    """Return the function that moves gates and then the voltage."""

    def backward_euler(state: Packed, current_nA: Array, gates_ms: Array) -> Packed:
        state = move_gates(channels, state, gates_ms)
        return state._replace(v_mV=_implicit(membrane, channels, rows, state, current_nA, dt_ms))

    def crank_nicolson(state: Packed, current_nA: Array, gates_ms: Array) -> Packed:
        state = move_gates(channels, state, gates_ms)
        middle = _implicit(membrane, channels, rows, state, current_nA, dt_ms / 2)
        return state._replace(v_mV=2 * middle - state.v_mV)

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
    shares = open_shares(channels, state)
    for channel, maximal, share in zip(channels, membrane.maximal_uS, shares, strict=True):
        conductance = maximal * share
        diagonal = diagonal + conductance
        right_side = right_side + conductance * channel.reversal_mV
    shape = (rows.nodes, rows.blocks * rows.lanes)
    diagonal = jnp.broadcast_to(diagonal, right_side.shape)
    solved = tree_solve(
        membrane.parents, diagonal.reshape(shape), membrane.axial_uS, right_side.reshape(shape)
    )
    return solved.reshape(right_side.shape)


def _stack(gates: tuple[Array, ...], like: Array) -> Array:
    return jnp.stack(gates) if gates else jnp.zeros((0, *like.shape), like.dtype)
