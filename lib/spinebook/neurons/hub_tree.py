"""A tree with given numbers of neighbours, for a neuron of which no more is known."""

from __future__ import annotations

from collections import deque

import numpy as np
from jaxtyping import Int

from spinebook.checks import check_count
from spinebook.types import Numbers


def hub_tree(degrees: Numbers) -> Int[np.ndarray, " nodes"]:
    r"""Return the parents of a tree whose nodes have given numbers of neighbours.

    Such a tree exists if :math:`\sum_i d_i = 2(n - 1)`. Many do; this one is the most even one.
    The node with most neighbours is the root. Branch points follow as near to it as they can, those
    with more neighbours first, and unbranched runs of nodes with two neighbours differ in length by
    one node at most. Nodes are numbered depth first from the root, so that a run has successive
    numbers, as compartments of a section have.

    Args:
        degrees: Number of neighbours of each node, 1 or more, in any order.

    Returns:
        Index of each node's parent, -1 for node 0, parents before children.

    Raises:
        TypeError: If a degree is no integer.
        ValueError: If no tree has these degrees.

    Examples:
        >>> hub_tree([3, 2, 2, 1, 1, 1]).tolist()  # a hub with runs of two, two and one
        [-1, 0, 1, 0, 3, 0]
    """
    check_count("degrees", degrees, minimum=1)
    ordered = np.sort(np.asarray(degrees).astype(int).ravel())[::-1]
    _check_degrees(ordered)
    hub, *others = ordered.tolist()
    branch_points = deque(degree for degree in others if degree > 2)
    runs, passed = _runs(hub, branch_points), others.count(2)
    lengths = [passed // len(runs) + (run < passed % len(runs)) for run in range(len(runs))]

    parents, open_ends = [-1], [(run, 0) for run in reversed(range(hub))]
    while open_ends:
        run, parent = open_ends.pop()
        for _ in range(lengths[run] + 1):
            parents.append(parent)
            parent = len(parents) - 1
        open_ends.extend((following, parent) for following in reversed(runs[run]))
    return np.array(parents)


def neighbour_counts(parents: Numbers) -> Int[np.ndarray, " nodes"]:
    """Return the number of neighbours of each node.

    Args:
        parents: Index of each node's parent, -1 for a root.

    Returns:
        The counts.

    Raises:
        TypeError: If a parent is no integer.
        ValueError: If one is below -1 or no node.

    Examples:
        >>> neighbour_counts([-1, 0, 0, 0]).tolist()
        [3, 1, 1, 1]
    """
    check_count("parents", parents, minimum=-1)
    array = np.asarray(parents).astype(int)
    if array.max() >= len(array):
        raise ValueError(f"parents has node {array.max()}, but the last node is {len(array) - 1}.")
    child = array >= 0
    return child.astype(int) + np.bincount(array[child], minlength=len(array))


def _check_degrees(ordered: np.ndarray) -> None:
    nodes, total = len(ordered), int(ordered.sum())
    if nodes < 2 or total != 2 * (nodes - 1):
        raise ValueError(
            f"degrees must sum to twice the number of edges, 2 ({nodes} - 1) = {2 * (nodes - 1)} "
            f"for a tree of {nodes} nodes, got {total}; a graph with another sum has a cycle or "
            "several parts."
        )


def _runs(hub: int, branch_points: deque[int]) -> list[list[int]]:
    """Return which runs start where each run ends, breadth first; at a tip none do."""
    runs: list[list[int]] = [[] for _ in range(hub)]
    for run in range(len(branch_points)):
        started = branch_points.popleft() - 1
        runs[run] = list(range(len(runs), len(runs) + started))
        runs.extend([] for _ in range(started))
    return runs
