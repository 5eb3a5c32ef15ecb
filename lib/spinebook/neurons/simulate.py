"""The voltage of a neuron over time, differentiable in what it is made of and driven by."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from spinebook.misuse import explains_misuse
from spinebook.neurons.integration import Task, first_failure, integrate
from spinebook.neurons.membrane import Scheme
from spinebook.neurons.neuron import Neuron, State, steady_state
from spinebook.neurons.simulation_checks import check_result, check_simulation
from spinebook.types import AnyArray, Numbers


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


@explains_misuse
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
    side of the voltage, and costs the same: halves that meet are one step.

    Axes after the named ones are cells that run at the same time, such as ``(seeds, stimuli)``;
    they broadcast as in NumPy. Gradients in both modes are exact for the scheme, and cost time
    proportional to nodes, steps and cells. The first call for given shapes compiles. One run uses
    one core of a processor; :func:`spinebook.devices.over_devices` gives cells to all of them.

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
    densities, stimuli = (_as_jax(a, dtype) for a in (densities_mS_cm2, stimuli_nA))
    state = jax.tree.map(lambda values: _as_jax(values, dtype), initial)
    cells = _cells(densities, stimuli, state)
    if not stimuli.shape[1]:
        stimuli, sites = jnp.zeros((len(stimuli), 1), dtype), [0]
    task = Task(
        _cast(neuron, dtype), densities, stimuli, _as_jax(sites, jnp.int32),
        _as_jax(record, jnp.int32), jnp.asarray(dt_ms, dtype), state,
    )  # fmt: skip
    samples, final = integrate(
        task, cells=cells, scheme=scheme, every=int(record_every), checkpoint=checkpoint_steps
    )
    search = functools.partial(first_failure, task, cells=cells, scheme=scheme)
    check_result(samples, final, search, dt_ms)
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
        parents=_as_jax(neuron.graph.parents, jnp.int32),
        areas_um2=_as_jax(neuron.graph.areas_um2, dtype),
        axial_uS=_as_jax(neuron.graph.axial_uS, dtype),
    )
    return Neuron(graph, neuron.channels, _as_jax(neuron.capacitance_uF_cm2, dtype))


def _as_jax(values: Any, dtype: Any) -> Array:
    """Convert; what JAX does not hold yet gets its type from NumPy, in an array of its own.

    JAX (0.10) remembers a NumPy constant by its identity, in the precision of the first program
    that has met it, and fails when a program of the other precision meets it again.
    """
    if isinstance(values, jax.Array):
        return values.astype(dtype)
    return jnp.asarray(np.array(values, dtype))
