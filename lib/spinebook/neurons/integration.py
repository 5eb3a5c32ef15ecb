"""All steps of a simulation as one compiled program, and the step at which one went wrong."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from spinebook.neurons.checkpointing import checkpointed_scan, chunk_length
from spinebook.neurons.membrane import (
    PER_UM2,
    Membrane,
    Packed,
    Scheme,
    Step,
    gate_times,
    make_step,
    move_gates,
    open_shares,
    pack,
    unpack,
)
from spinebook.neurons.neuron import Neuron, State
from spinebook.neurons.rows import Rows

# Up to this size the states of all steps are kept for the reverse pass, which then computes each
# step once again; beyond, states are kept at about sqrt(steps) places, which costs a third run.
_KEPT_BYTES = 8 * 2**20


class Task(NamedTuple):
    """What is simulated, in arrays of JAX of one precision.

    Attributes:
        neuron: Compartments and channels.
        densities: Maximal conductances, mS/cm2, (channels, nodes or 1, *cells).
        stimuli: Currents, nA, (steps, sites, *cells).
        sites: Nodes they go into.
        record: Nodes whose voltage is returned.
        dt: Step, ms.
        initial: State at the start.
    """

    neuron: Neuron
    densities: Array
    stimuli: Array
    sites: Array
    record: Array
    dt: Array
    initial: State


def _prepare(task: Task, cells: tuple[int, ...], scheme: Scheme) -> tuple[Rows, Step]:
    """Return the layout, and the step under the currents of the sites."""
    neuron, densities, sites = task.neuron, task.densities, task.sites
    rows = Rows.of(neuron.n_nodes, cells, densities.dtype)
    graph = neuron.graph
    parents, axial = jnp.asarray(graph.parents), jnp.asarray(graph.axial_uS).at[0].set(0.0)
    area = jnp.asarray(graph.areas_um2) * PER_UM2
    neighbours = axial.at[parents[1:]].add(axial[1:])
    membrane = Membrane(
        parents,
        axial,
        rows.pack(neighbours),
        rows.pack(jnp.asarray(neuron.capacitance_uF_cm2) * area),
        rows.pack(densities * area.reshape(-1, *(1,) * (densities.ndim - 2)), axes=1),
    )
    step = make_step(membrane, neuron.channels, rows, task.dt, scheme)
    # Each node looks its current up; adding into the nodes would keep XLA from fusing the step.
    # Nodes that are no site find a row of zeros after the last one.
    source = jnp.full(neuron.n_nodes, len(sites), jnp.int32)
    source = source.at[sites].set(jnp.arange(len(sites), dtype=jnp.int32))

    def currents(stimulus: Array) -> Array:
        found = jnp.pad(stimulus, ((0, 1), (0, 0), (0, 0)))[source]
        spread = jnp.broadcast_to(found, (rows.nodes, rows.blocks, found.shape[-1]))
        return spread.reshape(rows.nodes * rows.blocks, -1)

    return rows, lambda state, stimulus, gates_ms: step(state, currents(stimulus), gates_ms)


@functools.partial(jax.jit, static_argnames=("cells", "scheme", "every", "checkpoint"))
def integrate(
    task: Task, *, cells: tuple[int, ...], scheme: Scheme, every: int, checkpoint: int | None
) -> tuple[Array, State]:
    """Return the recorded voltages, the start among them, and the state after the last step."""
    rows, step = _prepare(task, cells, scheme)
    stimuli, record = task.stimuli, task.record
    state = pack(rows, task.initial)
    first = _look(rows, state, record)
    kept = jax.checkpoint(step, prevent_cse=False)
    between = _between(rows, state, len(stimuli), checkpoint)

    def move(state: Packed, inputs: tuple[Array, Array]) -> tuple[Packed, None]:
        return kept(state, *inputs), None

    def sample(state: Packed, inputs: tuple[Array, Array]) -> tuple[Packed, Array]:
        if every == 1:
            state = kept(state, *(values[0] for values in inputs))
        else:
            inner = chunk_length(every, between) if every > between else 1
            state, _ = checkpointed_scan(move, state, inputs, inner)
        return state, _look(rows, state, record)

    gates_ms, after_ms = gate_times(len(stimuli), task.dt, scheme)
    per_step = rows.split(stimuli, 2), gates_ms
    inputs = jax.tree.map(lambda values: values.reshape(-1, every, *values.shape[1:]), per_step)
    count = len(inputs[1])
    if between > every:
        state, samples = checkpointed_scan(
            sample, state, inputs, chunk_length(count, between // every)
        )
    else:
        if between > 1 and count > 1:
            sample = jax.checkpoint(sample, prevent_cse=False)
        state, samples = lax.scan(sample, state, inputs)
    values = jnp.concatenate([first[None], samples])
    values = rows.unpack(values.reshape(len(values), -1, rows.lanes), len(record), axes=1)
    if after_ms is not None:
        state = move_gates(task.neuron.channels, state, after_ms)
    return values, unpack(rows, state)


def _between(rows: Rows, state: Packed, steps: int, checkpoint: int | None) -> int:
    """Return how many steps should lie between two states that are kept."""
    if checkpoint is not None:
        return checkpoint
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
    return 1 if size * steps <= _KEPT_BYTES else chunk_length(steps)


def _look(rows: Rows, state: Packed, record: Array) -> Array:
    return state.v_mV.reshape(rows.nodes, rows.blocks, rows.lanes)[record]


@functools.partial(jax.jit, static_argnames=("cells", "scheme"))
def first_failure(task: Task, *, cells: tuple[int, ...], scheme: Scheme) -> tuple[Array, Array]:
    """Run again up to the first step after which a voltage is not finite."""
    rows, step = _prepare(task, cells, scheme)
    channels, steps = task.neuron.channels, len(task.stimuli)
    currents = rows.split(task.stimuli, 2)
    gates_ms, _ = gate_times(steps, task.dt, scheme)

    def fine(carry: tuple[Array, Packed, Packed]) -> Array:
        v = rows.unpack(carry[1].v_mV, rows.nodes)
        return (carry[0] < steps) & jnp.isfinite(v).all()

    def forward(carry: tuple[Array, Packed, Packed]) -> tuple[Array, Packed, Packed]:
        count, state, _ = carry
        return count + 1, step(state, currents[count], gates_ms[count]), state

    start = pack(rows, task.initial)
    count, state, before = lax.while_loop(fine, forward, (jnp.asarray(0), start, start))
    # A solve spreads what is not finite over the tree; channels before it know where it arose.
    shares = open_shares(channels, move_gates(channels, before, task.dt))
    share = rows.unpack(sum(shares, jnp.zeros_like(state.v_mV)), rows.nodes)
    v = rows.unpack(state.v_mV, rows.nodes)
    return count, jnp.where(jnp.isfinite(share).all(), v, share)
