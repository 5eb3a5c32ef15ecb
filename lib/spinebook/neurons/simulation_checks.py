"""What a run refuses, before it starts and after it has gone wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from spinebook.checks import check_count, check_number, is_traced
from spinebook.neurons.membrane import PER_UM2, Scheme
from spinebook.neurons.neuron import Neuron, State

_STEPS_MS = (1e-4, 0.25)
_CAPACITANCES_UF_CM2 = (0.05, 50.0)
# The densest membrane known, at nodes of Ranvier, has a few thousand mS/cm2.
_DENSEST_MS_CM2 = 1e5
# Spread over the whole membrane this moves it by 5,000 mV a millisecond.
_STRONGEST_UA_CM2 = 5000.0


def check_simulation(
    neuron: Neuron,
    densities: Any,
    stimuli: Any,
    sites: Any,
    record: Any,
    dt_ms: Any,
    scheme: Any,
    record_every: Any,
    checkpoint_steps: Any,
) -> None:
    """Refuse what :func:`spinebook.neurons.simulate` cannot run or what units make absurd."""
    if not isinstance(neuron, Neuron):
        raise TypeError(f"neuron must be a Neuron, got {type(neuron).__name__}.")
    if scheme not in get_args(Scheme):
        raise ValueError(f"scheme must be one of {', '.join(get_args(Scheme))}, got {scheme!r}.")
    _check_step(neuron, dt_ms)
    _check_capacitance(neuron)
    _check_densities(neuron, densities)
    _check_nodes(neuron, "sites", sites, distinct=True)
    _check_forks(neuron, scheme, sites)
    _check_nodes(neuron, "record", record)
    _check_stimuli(neuron, stimuli, np.size(sites))
    check_count("record_every", record_every, minimum=1)
    if np.shape(stimuli)[0] % int(record_every):
        raise ValueError(
            f"record_every = {record_every} does not divide the {np.shape(stimuli)[0]} steps of "
            "the stimuli; pad them or choose another interval."
        )
    if checkpoint_steps is not None:
        check_count("checkpoint_steps", checkpoint_steps, minimum=1)


def check_result(
    samples: Array, final: State, first_failure: Callable[[], tuple[Array, Array]], dt_ms: float
) -> None:
    """Say where and when a voltage stopped being a number."""
    if is_traced(samples) or is_traced(final.v_mV):
        return
    if bool(jnp.isfinite(final.v_mV).all()) and bool(jnp.isfinite(samples).all()):
        return
    step, voltages = first_failure()
    wrong = np.argwhere(~np.isfinite(np.asarray(voltages)))
    node, *cell = (int(index) for index in wrong[0])
    which = f" of cell {tuple(cell)}" if cell else ""
    raise FloatingPointError(
        f"the voltage of node {node}{which} is not finite after step {int(step)}, "
        f"{int(step) * float(dt_ms):g} ms from the start. Look at the densities, stimulus and "
        "initial state there; if they are meant, a smaller dt_ms or float64 may help."
    )


def _check_step(neuron: Neuron, dt_ms: Any) -> None:
    check_number("dt_ms", dt_ms)
    if is_traced(dt_ms):
        return
    low, high = _STEPS_MS
    if np.ndim(dt_ms) or dt_ms < low:
        raise ValueError(
            f"dt_ms must be one number of at least {low:g} ms, got {dt_ms}; is it in s?"
        )
    if dt_ms > high and any(channel.n_gates for channel in neuron.channels):
        raise ValueError(
            f"dt_ms must be at most {high:g} ms with gated channels, got {dt_ms:g}: gates and "
            "voltage take turns, and a spike of a millisecond would be lost between two of them."
        )


def _check_capacitance(neuron: Neuron) -> None:
    capacitance = neuron.capacitance_uF_cm2
    check_number("capacitance_uF_cm2", capacitance)
    if np.shape(capacitance) not in {(), (1,), (neuron.n_nodes,)}:
        raise ValueError(
            f"capacitance_uF_cm2 must be one number or one for each of {neuron.n_nodes} nodes, got "
            f"shape {np.shape(capacitance)}."
        )
    if is_traced(capacitance):
        return
    low, high = _CAPACITANCES_UF_CM2
    values = np.asarray(capacitance)
    if values.min() < low or values.max() > high:
        wrong = values.min() if values.min() < low else values.max()
        raise ValueError(
            f"capacitance_uF_cm2 must lie between {low:g} and {high:g}, got {wrong:g}; "
            "0.01 F/m2 is 1 uF/cm2."
        )


def _check_densities(neuron: Neuron, densities: Any) -> None:
    check_number("densities_mS_cm2", densities)
    shape, channels = np.shape(densities), len(neuron.channels)
    if len(shape) < 2 or shape[0] != channels or shape[1] not in {1, neuron.n_nodes}:
        raise ValueError(
            f"densities_mS_cm2 must have shape ({channels} channels, {neuron.n_nodes} nodes or 1, "
            f"cells), got {shape}."
        )
    if is_traced(densities):
        return
    values = np.asarray(densities)
    if (values < 0).any():
        channel, node = (int(index) for index in np.argwhere(values < 0)[0][:2])
        raise ValueError(
            f"densities_mS_cm2 must not be negative, got {values.min():g}; the first is of channel "
            f"{channel} in node {node}. Bound the parameters of a fit at 0."
        )
    if values.max() > _DENSEST_MS_CM2:
        raise ValueError(
            f"densities_mS_cm2 must be at most {_DENSEST_MS_CM2:g}, got {values.max():g}; 1 S/cm2 "
            "is 1,000 mS/cm2, and 1 S/m2 is 0.1 mS/cm2."
        )


def _check_nodes(neuron: Neuron, name: str, nodes: Any, *, distinct: bool = False) -> None:
    if is_traced(nodes):
        raise TypeError(f"{name} must be known before compiling; make it a constant.")
    if np.ndim(nodes) != 1:
        raise ValueError(f"{name} must be a list of nodes, got shape {np.shape(nodes)}.")
    if np.size(nodes) == 0:
        return
    check_count(name, nodes)
    values = np.asarray(nodes)
    if values.max() >= neuron.n_nodes:
        raise ValueError(
            f"{name} has node {values.max():g}, but the tree ends at node {neuron.n_nodes - 1}."
        )
    if distinct and len(np.unique(values)) < len(values):
        raise ValueError(f"{name} must differ; add the currents that go into the same node.")


def _check_forks(neuron: Neuron, scheme: Any, sites: Any) -> None:
    """Refuse what would make a voltage without inertia alternate around its value for ever."""
    if scheme != "crank_nicolson" or np.size(sites) == 0 or is_traced(neuron.graph.areas_um2):
        return
    nodes = np.asarray(sites, int)
    wrong = nodes[np.asarray(neuron.graph.areas_um2)[nodes] == 0]
    if wrong.size:
        raise ValueError(
            f"sites has node {wrong[0]}, a fork without membrane, whose voltage jumps with the "
            "current; crank_nicolson cannot follow it. Use backward_euler, or a node beside it."
        )


def _check_stimuli(neuron: Neuron, stimuli: Any, n_sites: int) -> None:
    shape = np.shape(stimuli)
    if len(shape) < 2 or shape[1] != n_sites or shape[0] == 0:
        raise ValueError(
            f"stimuli_nA must have shape (steps, {n_sites} sites, cells) with at least one step, "
            f"got {shape}."
        )
    if n_sites == 0:
        return
    check_number("stimuli_nA", stimuli)
    if is_traced(stimuli) or is_traced(neuron.graph.areas_um2):
        return
    total_cm2_scale = PER_UM2 * float(np.sum(neuron.graph.areas_um2))
    strongest = float(np.abs(np.asarray(stimuli)).sum(1).max()) / total_cm2_scale
    if strongest > _STRONGEST_UA_CM2:
        raise ValueError(
            f"stimuli_nA are {strongest:.3g} uA/cm2 over the whole membrane, which no neuron "
            "holds; 1 pA is 0.001 nA."
        )
