"""The voltage of a neuron over time, differentiable in what it is made of and driven by."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from spinebook.neurons.channels import exp_euler_gate
from spinebook.neurons.checkpointing import checkpointed_scan, chunk_length
from spinebook.neurons.membrane import PER_UM2, Membrane, Packed, Scheme, Step, make_step
from spinebook.neurons.neuron import Neuron, State, steady_state
from spinebook.neurons.rows import Rows
from spinebook.neurons.simulation_checks import check_result, check_simulation
from spinebook.types import AnyArray, Numbers

# Up to this size the states of all steps are kept for the reverse pass, which then computes each
# step once again; beyond, states are kept at about sqrt(steps) places, which costs a third run.
_KEPT_BYTES = 8 * 2**20


class Simulation(NamedTuple):
    """What a run leaves.

    Attributes:
        t_ms: Times of the samples, from 0.
        v_mV: Voltages of the recorded nodes at these times.
        final: State after the last step, from which another run can go on.
    """

    t_ms: Float[Array, " samples"]
    v_mV: Float[Array, "samples recorded *cells"]
    final: State


def simulate(
    neuron: Neuron,
    densities_mS_cm2: Float[AnyArray, "channels #nodes *#cells"],
    stimuli_nA: Float[AnyArray, "steps sites *#cells"],
    *,
    sites: Numbers,
    record: Numbers,
    dt_ms: float = 0.025,
    initial: float | State = -65.0,
    scheme: Scheme = "backward_euler",
    record_every: int = 1,
    checkpoint_steps: int | None = None,
) -> Simulation:
    r"""Simulate a neuron with currents injected into some nodes.

    .. math::

        C_i \frac{dv_i}{dt} = \sum_j g_{ij}\,(v_j - v_i)
            - \sum_c \bar g_{ci}\,\phi_c(x_{ci})\,(v_i - E_c) + I_i

    over neighbours j and channels c. In each step gates move first, by exponential Euler at the
    voltage so far; then the voltage, implicitly, through :func:`tree_solve` (Hines 1984). This is
    the sequence of NEURON's fixed step. ``"backward_euler"`` is of first order and damps
    everything; ``"crank_nicolson"`` is of second order, with half a step of the gates on either
    side of the voltage, and costs about twice as much.

    Axes after the named ones are cells that run at the same time, such as ``(seeds, stimuli)``;
    they broadcast as in NumPy. Gradients in both modes are exact for the scheme, and cost time
    proportional to nodes, steps and cells. The first call for given shapes compiles.

    Args:
        neuron: Compartments and channels.
        densities_mS_cm2: Maximal conductance of each channel, in the order of
            ``neuron.channels``, at least 0. An axis of one node means the same density all over.
        stimuli_nA: Current during each step into each site, positive inwards.
        sites: Nodes the stimuli go into, each once (:func:`locate` finds a node).
        record: Nodes whose voltage is returned.
        dt_ms: Step, 1e-4 to 0.25; without gates there is no upper limit.
        initial: Voltage at the start (mV), with gates steady at it, or a state.
        scheme: ``"backward_euler"`` or ``"crank_nicolson"``.
        record_every: Steps from one sample to the next; must divide the number of steps.
        checkpoint_steps: Steps between the states kept for the reverse pass. By default 1 for
            short runs and about the square root of the number of steps for long ones.

    Returns:
        Times, voltages and the final state. The first sample is the start.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If one is out of range, shapes do not fit, or a node does not exist.
        FloatingPointError: If a voltage is not finite; the message says where and when. Inside
            ``jax.jit`` and ``jax.grad`` there are no values to look at: check the result there.

    Examples:
        >>> from spinebook.neurons import Leak, PotassiumHH, SodiumHH, compartments, cylinder
        >>> graph = compartments(cylinder(1000.0, 10.0), counts=5)
        >>> neuron = Neuron(graph, (SodiumHH(), PotassiumHH(), Leak()))
        >>> densities = jnp.array([120.0, 36.0, 0.3])[:, None]
        >>> stimuli = jnp.zeros((400, 1)).at[:40].set(10.0)
        >>> run = simulate(neuron, densities, stimuli, sites=[0], record=[0, 4])
        >>> run.v_mV.shape, bool(run.v_mV[:, 1].max() > 20)
        ((401, 2), True)
    """
    check_simulation(
        neuron, densities_mS_cm2, stimuli_nA, sites, record, dt_ms, scheme, record_every,
        checkpoint_steps,
    )  # fmt: skip
    start = initial.v_mV if isinstance(initial, State) else initial
    dtype = jnp.result_type(densities_mS_cm2, stimuli_nA, start, jnp.float32)
    if not isinstance(initial, State):
        initial = steady_state(neuron, jnp.atleast_1d(jnp.asarray(initial, dtype)))
    densities, stimuli = (jnp.asarray(a, dtype) for a in (densities_mS_cm2, stimuli_nA))
    state = jax.tree.map(lambda values: jnp.asarray(values, dtype), initial)
    cells = _cells(densities, stimuli, state)
    if not stimuli.shape[1]:
        stimuli, sites = jnp.zeros((len(stimuli), 1), dtype), [0]
    arguments = (
        _cast(neuron, dtype), densities, stimuli, np.asarray(sites, np.int32),
        np.asarray(record, np.int32), jnp.asarray(dt_ms, dtype), state,
    )  # fmt: skip
    options = {"cells": cells, "scheme": scheme}
    samples, final = _run(
        *arguments, **options, every=int(record_every), checkpoint=checkpoint_steps
    )
    check_result(samples, final, functools.partial(_first_failure, *arguments, **options), dt_ms)
    t_ms = dt_ms * record_every * jnp.arange(len(samples), dtype=dtype)
    return Simulation(t_ms, samples, final)


def _cells(densities: Array, stimuli: Array, state: State) -> tuple[int, ...]:
    """Return the shape of the cells, common to all arguments."""
    shapes = {
        "densities_mS_cm2": densities.shape[2:],
        "stimuli_nA": stimuli.shape[2:],
        "initial": state.v_mV.shape[1:],
    }
    try:
        return np.broadcast_shapes(*shapes.values(), *(x.shape[2:] for x in state.gates))
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"the axes of cells do not broadcast together: {listed}; densities have cells after "
            "channels and nodes, stimuli after steps and sites."
        ) from None


def _cast(neuron: Neuron, dtype: Any) -> Neuron:
    graph = neuron.graph._replace(
        parents=jnp.asarray(neuron.graph.parents, jnp.int32),
        areas_um2=jnp.asarray(neuron.graph.areas_um2, dtype),
        axial_uS=jnp.asarray(neuron.graph.axial_uS, dtype),
    )
    return Neuron(graph, neuron.channels, jnp.asarray(neuron.capacitance_uF_cm2, dtype))


def _prepare(
    neuron: Neuron,
    densities: Array,
    sites: Array,
    dt: Array,
    cells: tuple[int, ...],
    scheme: Scheme,
) -> tuple[Rows, Step]:
    """Return the layout, and the step under the currents of the sites."""
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
    step = make_step(membrane, neuron.channels, rows, dt, scheme)
    # Each node looks its current up; adding into the nodes would keep XLA from fusing the step.
    # Nodes that are no site find a row of zeros after the last one.
    source = jnp.full(neuron.n_nodes, len(sites), jnp.int32)
    source = source.at[sites].set(jnp.arange(len(sites), dtype=jnp.int32))

    def currents(stimulus: Array) -> Array:
        found = jnp.pad(stimulus, ((0, 1), (0, 0), (0, 0)))[source]
        spread = jnp.broadcast_to(found, (rows.nodes, rows.blocks, found.shape[-1]))
        return spread.reshape(rows.nodes * rows.blocks, -1)

    return rows, lambda state, stimulus: step(state, currents(stimulus))


@functools.partial(jax.jit, static_argnames=("cells", "scheme", "every", "checkpoint"))
def _run(
    neuron: Neuron,
    densities: Array,
    stimuli: Array,
    sites: Array,
    record: Array,
    dt: Array,
    initial: State,
    *,
    cells: tuple[int, ...],
    scheme: Scheme,
    every: int,
    checkpoint: int | None,
) -> tuple[Array, State]:
    rows, step = _prepare(neuron, densities, sites, dt, cells, scheme)
    state = _pack(rows, initial)
    first = _look(rows, state, record)
    kept = jax.checkpoint(step, prevent_cse=False)
    between = _between(rows, state, len(stimuli), checkpoint)

    def move(state: Packed, stimulus: Array) -> tuple[Packed, None]:
        return kept(state, stimulus), None

    def sample(state: Packed, stimuli: Array) -> tuple[Packed, Array]:
        if every == 1:
            state = kept(state, stimuli[0])
        else:
            inner = chunk_length(every, between) if every > between else 1
            state, _ = checkpointed_scan(move, state, stimuli, inner)
        return state, _look(rows, state, record)

    currents = rows.split(stimuli, 2)
    currents = currents.reshape(-1, every, *currents.shape[1:])
    count = len(currents)
    if between > every:
        state, samples = checkpointed_scan(
            sample, state, currents, chunk_length(count, between // every)
        )
    else:
        if between > 1 and count > 1:
            sample = jax.checkpoint(sample, prevent_cse=False)
        state, samples = lax.scan(sample, state, currents)
    values = jnp.concatenate([first[None], samples])
    values = rows.unpack(values.reshape(len(values), -1, rows.lanes), len(record), axes=1)
    return values, _unpack(rows, state)


def _between(rows: Rows, state: Packed, steps: int, checkpoint: int | None) -> int:
    """Return how many steps should lie between two states that are kept."""
    if checkpoint is not None:
        return checkpoint
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
    return 1 if size * steps <= _KEPT_BYTES else chunk_length(steps)


def _look(rows: Rows, state: Packed, record: Array) -> Array:
    return state.v_mV.reshape(rows.nodes, rows.blocks, rows.lanes)[record]


def _pack(rows: Rows, state: State) -> Packed:
    def full(values: AnyArray, axes: int) -> Array:
        packed = rows.pack(jnp.asarray(values), axes)
        return jnp.broadcast_to(packed, (*packed.shape[:-1], rows.lanes))

    return Packed(full(state.v_mV, 0), tuple(full(gates, 1) for gates in state.gates))


def _unpack(rows: Rows, state: Packed) -> State:
    gates = tuple(rows.unpack(x, rows.nodes, axes=1) for x in state.gates)
    return State(rows.unpack(state.v_mV, rows.nodes), gates)


@functools.partial(jax.jit, static_argnames=("cells", "scheme"))
def _first_failure(
    neuron: Neuron,
    densities: Array,
    stimuli: Array,
    sites: Array,
    record: Array,
    dt: Array,
    initial: State,
    *,
    cells: tuple[int, ...],
    scheme: Scheme,
) -> tuple[Array, Array]:
    """Run again up to the first step after which a voltage is not finite."""
    del record
    rows, step = _prepare(neuron, densities, sites, dt, cells, scheme)
    currents = rows.split(stimuli, 2)

    def fine(carry: tuple[Array, Packed, Packed]) -> Array:
        v = rows.unpack(carry[1].v_mV, rows.nodes)
        return (carry[0] < len(stimuli)) & jnp.isfinite(v).all()

    def forward(carry: tuple[Array, Packed, Packed]) -> tuple[Array, Packed, Packed]:
        count, state, _ = carry
        return count + 1, step(state, currents[count]), state

    start = _pack(rows, initial)
    count, state, before = lax.while_loop(fine, forward, (jnp.asarray(0), start, start))
    # A solve spreads what is not finite over the tree; channels before it know where it arose.
    shares = [
        channel.conductance(exp_euler_gate(gates, channel.rates(before.v_mV), dt))
        for channel, gates in zip(neuron.channels, before.gates, strict=True)
    ]
    share = rows.unpack(sum(shares, jnp.zeros_like(state.v_mV)), rows.nodes)
    v = rows.unpack(state.v_mV, rows.nodes)
    return count, jnp.where(jnp.isfinite(share).all(), v, share)
