"""A neuron as dense matrices, with the voltages of forks solved for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.neurons.membrane import PER_UM2
from spinebook.neurons.neuron import Neuron
from spinebook.types import AnyArray


class Circuit(NamedTuple):
    """A neuron in dense matrices, with the voltages of forks solved for.

    A fork has no capacitance, so that its currents always add up to 0 (Kirchhoff). That makes its
    voltage a sum of those of the nodes with membrane and of currents injected into forks.

    Attributes:
        axial_uS: Currents out of all nodes from voltages of all nodes.
        lift: Voltages of all nodes from those of nodes with membrane.
        lift_MOhm: What injected currents add to the voltages of forks.
        membrane: Indices of the nodes with membrane.
        capacitance_nF: Their capacitance.
        maximal_uS: Maximal conductance of each channel in them.
    """

    axial_uS: AnyArray
    lift: AnyArray
    lift_MOhm: AnyArray
    membrane: AnyArray
    capacitance_nF: AnyArray
    maximal_uS: AnyArray


def dense_circuit(neuron: Neuron, densities_mS_cm2: Float[AnyArray, "channels #nodes"]) -> Circuit:
    """Assemble the matrices of one cell and eliminate the forks.

    Args:
        neuron: Compartments and channels, with known values.
        densities_mS_cm2: Maximal conductance of each channel.

    Returns:
        The matrices, in float64.

    Raises:
        ValueError: If a fork is connected to nothing.

    Examples:
        >>> from spinebook.neurons import Leak, binary_tree, compartments
        >>> neuron = Neuron(compartments(binary_tree(1, 100.0, 1.0), counts=1), (Leak(),))
        >>> dense_circuit(neuron, np.ones((1, 1))).lift[1]  # a fork: mean of its three neighbours
        array([0.5 , 0.25, 0.25])
    """
    graph = neuron.graph
    area = PER_UM2 * np.asarray(graph.areas_um2, float)
    axial = np.zeros((len(area), len(area)))
    for node, (parent, coupling) in enumerate(zip(graph.parents, graph.axial_uS, strict=True)):
        if parent >= 0:
            axial[[node, parent], [node, parent]] += coupling
            axial[[node, parent], [parent, node]] -= coupling
    there, fork = np.flatnonzero(area > 0), np.flatnonzero(area == 0)
    loose = fork[np.diag(axial)[fork] == 0]
    if loose.size:
        raise ValueError(f"node {loose[0]} has neither membrane nor neighbours, and no voltage.")
    lift, lift_MOhm = np.eye(len(area))[:, there], np.zeros_like(axial)
    lift[fork] = -np.linalg.solve(axial[np.ix_(fork, fork)], axial[np.ix_(fork, there)])
    lift_MOhm[np.ix_(fork, fork)] = np.linalg.inv(axial[np.ix_(fork, fork)])
    capacitance = area * np.asarray(neuron.capacitance_uF_cm2, float)
    maximal = area * np.asarray(densities_mS_cm2, float)
    return Circuit(axial, lift, lift_MOhm, there, capacitance[there], maximal[:, there])
