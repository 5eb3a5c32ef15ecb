"""Neurons that several tests simulate, and the same equations written plainly."""

import numpy as np

from spinebook.neurons import (
    Leak,
    Neuron,
    PotassiumHH,
    SodiumHH,
    binary_tree,
    compartments,
)

SQUID = (SodiumHH(), PotassiumHH(), Leak(-54.3))
DENSITIES = np.array([120.0, 36.0, 0.3])[:, None]


def branched(counts=2):
    """A trunk with two levels of daughters; its forks have no membrane."""
    graph = compartments(binary_tree(2, 300.0, 4.0), counts=counts)
    return Neuron(graph, SQUID)


def slopes(neuron, densities, voltages, gates, current_nA):
    """dv/dt of every node with membrane and dx/dt of every gate, in NumPy, from the equations."""
    graph = neuron.graph
    flow = np.array(current_nA, float)
    for node, parent in enumerate(graph.parents):
        if parent >= 0:
            axial = graph.axial_uS[node] * (voltages[parent] - voltages[node])
            flow[node] += axial
            flow[parent] -= axial
    change = []
    for channel, density, x in zip(neuron.channels, densities, gates, strict=True):
        steady, rate = (np.asarray(a) for a in channel.rates(voltages))
        change.append(rate * (steady - x))
        share = np.asarray(channel.conductance(x))
        flow -= 1e-5 * graph.areas_um2 * density * share * (voltages - channel.reversal_mV)
    capacitance = 1e-5 * graph.areas_um2 * neuron.capacitance_uF_cm2
    return flow / capacitance, change
