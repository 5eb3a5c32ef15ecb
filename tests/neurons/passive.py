"""The passive graph of a neuron as a dense matrix, for the tests alone."""

import numpy as np


def conductances(graph, leak_mS_cm2):
    """The dense symmetric matrix (uS) that maps voltages (mV) to injected currents (nA)."""
    diagonal = 1e-5 * graph.areas_um2 * leak_mS_cm2
    for node, parent in enumerate(graph.parents):
        if parent >= 0:
            diagonal[[node, parent]] += graph.axial_uS[node]
    return tree_matrix(graph.parents, diagonal, graph.axial_uS)


def tree_matrix(parents, diagonal, coupling):
    """The dense symmetric matrix with a diagonal and minus the coupling of nodes to parents."""
    matrix = np.diag(diagonal)
    for node, parent in enumerate(parents):
        if parent >= 0:
            matrix[node, parent] = matrix[parent, node] = -coupling[node]
    return matrix


def voltages(graph, leak_mS_cm2, node):
    """Steady voltages (mV) for 1 nA into a node: MOhm."""
    return np.linalg.solve(conductances(graph, leak_mS_cm2), np.eye(len(graph.parents))[node])
