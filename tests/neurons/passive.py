"""The passive graph of a neuron as a dense matrix, for the tests alone."""

import numpy as np


def conductances(graph, leak_mS_cm2):
    """The dense symmetric matrix (uS) that maps voltages (mV) to injected currents (nA)."""
    matrix = np.diag(1e-5 * graph.areas_um2 * leak_mS_cm2)
    for node, parent in enumerate(graph.parents):
        if parent >= 0:
            g = graph.axial_uS[node]
            matrix[node, node] += g
            matrix[parent, parent] += g
            matrix[node, parent] -= g
            matrix[parent, node] -= g
    return matrix


def voltages(graph, leak_mS_cm2, node):
    """Steady voltages (mV) for 1 nA into a node: MOhm."""
    return np.linalg.solve(conductances(graph, leak_mS_cm2), np.eye(len(graph.parents))[node])
