"""A neuron as the simulator sees it, and the state it is in."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.misuse import explains_misuse
from spinebook.neurons.channels import Channel, steady_gates
from spinebook.neurons.compartments import Compartments
from spinebook.types import AnyArray, Numbers


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Neuron:
    """Compartments and the kinds of channel in their membrane.

    How much of each channel a compartment has is no part of it: densities vary from cell to cell
    and are fitted, so they are an argument of :func:`spinebook.neurons.simulate`. A neuron is a
    pytree whose arrays are those of the graph and the capacitance; channels are static.

    Attributes:
        graph: The compartments.
        channels: The kinds of channel, in the order of the first axis of densities.
        capacitance_uF_cm2: Membrane capacitance, one number or one for each node.

    Examples:
        >>> from spinebook.neurons import Leak, PotassiumHH, SodiumHH, compartments, cylinder
        >>> graph = compartments(cylinder(1000.0, 10.0), counts=5)
        >>> neuron = Neuron(graph, (SodiumHH(), PotassiumHH(), Leak(-54.3)))
        >>> neuron.n_nodes
        5
    """

    graph: Compartments
    channels: tuple[Channel, ...] = field(metadata={"static": True})
    capacitance_uF_cm2: Numbers = 1.0

    @property
    def n_nodes(self) -> int:
        """Number of nodes of the graph, forks included."""
        return len(self.graph.parents)


class State(NamedTuple):
    """Where a neuron is: enough to go on from.

    Attributes:
        v_mV: Voltage of each node.
        gates: Gates of each channel, 0 to 1; an array without rows for a leak.
    """

    v_mV: Float[AnyArray, "nodes *cells"]
    gates: tuple[Float[AnyArray, "gates nodes *cells"], ...]


@explains_misuse
def steady_state(neuron: Neuron, v_mV: float | Float[AnyArray, "#nodes *cells"]) -> State:
    """Return the state after a long time under a voltage clamp, the usual start of a run.

    Args:
        neuron: The neuron.
        v_mV: Voltage, one number, or one for each node and possibly each cell.

    Returns:
        The voltages, and the gates that are steady at them.

    Examples:
        >>> from spinebook.neurons import SodiumHH, compartments, cylinder
        >>> neuron = Neuron(compartments(cylinder(100.0, 1.0), counts=3), (SodiumHH(),))
        >>> state = steady_state(neuron, -65.0)
        >>> state.v_mV.shape, state.gates[0].shape
        ((3,), (2, 3))
    """
    v = jnp.asarray(v_mV, jnp.result_type(v_mV, float))
    v = jnp.broadcast_to(v, (neuron.n_nodes, *v.shape[1:]))
    return State(v, tuple(_gates(channel, v) for channel in neuron.channels))


# One by one, the operations of the rates would take many times as long to compile.
@functools.partial(jax.jit, static_argnums=0)
def _gates(channel: Channel, v: Array) -> Array:
    return jnp.broadcast_to(steady_gates(channel, v), (channel.n_gates, *v.shape))
