"""The soma of an SWC file: a sphere, three points that mean one, or a chain of frusta."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.neurons.builders import SOMA
from spinebook.neurons.swc_points import SwcTree

# Files round coordinates; NEURON allows three points the same error.
_ROUNDING = 0.01
# The axis of a soma is nearly straight; the ends of a contour meet.
_STRAIGHT = 0.5
_REMEDY = (
    "write it as one point in its middle, with the radius of a sphere of its area, "
    "or as a chain of points along its axis"
)


class SwcSoma(NamedTuple):
    """A soma as a section, and where neurites start on it."""

    frusta: Float[np.ndarray, "rows 2"]
    places: dict[int, float]
    """Place on the section of each point that may have neurites."""
    ends: frozenset[int]
    """Points at an end of the axis, from where the way to a neurite is cable."""


def read_soma(tree: SwcTree) -> SwcSoma | None:
    """Return the soma of an SWC file.

    Args:
        tree: The points of the file.

    Returns:
        The soma, or None for a file without one.

    Raises:
        ValueError: If the soma is not at the root, or has an unknown form.

    Examples:
        >>> from spinebook.neurons.swc_points import parse_swc
        >>> read_soma(parse_swc("1 1 0 0 0 5 -1", "cell.swc")).frusta.tolist()
        [[0.0, 5.0], [10.0, 5.0]]
    """
    points = [point for point, kind in enumerate(tree.kinds) if kind == SOMA]
    for point in points:
        parent = tree.parents[point]
        if parent >= 0 and tree.kinds[parent] != SOMA:
            raise ValueError(
                f"{tree.where(point)}: a soma point (type 1) has a parent of type "
                f"{tree.kinds[parent]}; number the file so that the soma comes first, as the root."
            )
    if not points:
        return None
    root = next(point for point in points if tree.parents[point] < 0)
    if len(points) == 1 or _means_sphere(tree, root, points):
        radius = float(tree.radii_um[root])
        sphere = np.array([[0.0, radius], [2 * radius, radius]])
        return SwcSoma(sphere, {root: 0.5}, frozenset())
    chain = _chain(tree, root)
    frusta = tree.frusta(chain)
    if tree.distance_um(chain[0], chain[-1]) < _STRAIGHT * frusta[-1, 0]:
        raise ValueError(
            f"{tree.where(chain[-1])}: the soma's {len(chain)} points turn back, as a contour "
            f"does, and have no axis; {_REMEDY}."
        )
    shares = frusta[:, 0] / frusta[-1, 0]
    places = dict(zip(chain, shares.tolist(), strict=True))
    return SwcSoma(frusta, places, frozenset((chain[0], chain[-1])))


def _means_sphere(tree: SwcTree, root: int, points: list[int]) -> bool:
    """Whether the soma is a point and two more beside it, a radius away on opposite sides."""
    sides = [point for point in points if point != root]
    if len(sides) != 2 or any(tree.parents[side] != root or tree.children[side] for side in sides):
        return False
    radius = tree.radii_um[root]
    diameters = [tree.distance_um(root, side) * 2 for side in sides] + [tree.distance_um(*sides)]
    equal = np.allclose(tree.radii_um[sides], radius, rtol=_ROUNDING)
    return bool(equal and np.allclose(diameters, 2 * radius, rtol=_ROUNDING))


def _chain(tree: SwcTree, root: int) -> list[int]:
    """Points of the soma from the root on, or an error where they fork."""
    chain = [root]
    while below := [child for child in tree.children[chain[-1]] if tree.kinds[child] == SOMA]:
        if len(below) > 1:
            raise ValueError(
                f"{tree.where(chain[-1])}: the soma forks here, a form of unknown meaning; "
                f"{_REMEDY}."
            )
        chain.extend(below)
    return chain
