"""Cutting the sections of a neuron into compartments, and joining these to a tree."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from spinebook.neurons.frusta import area_up_to_um2, axial_integral_up_to_per_um
from spinebook.neurons.morphology import Morphology

# Places of a section as near to each other as this are one place.
_SAME_PLACE = 1e-9
_MOHM_PER_OHM_CM_PER_UM = 1e-2


class Node(NamedTuple):
    """One node of the graph; see ``Compartments``."""

    parent: int
    area_um2: float
    axial_uS: float
    section: int
    centre: float


class _Stations(NamedTuple):
    """The nodes of one section, in order of place."""

    places: Float[np.ndarray, " stations"]
    areas_um2: Float[np.ndarray, " stations"]  # 0 for a fork
    resistances_MOhm: Float[np.ndarray, " stations"]  # from the section's start
    nodes: Int[np.ndarray, " stations"]


def cut_sections(
    morphology: Morphology, counts: Int[np.ndarray, " sections"], axial_resistivity_ohm_cm: float
) -> list[Node]:
    """Return the nodes of a neuron, section after section, parents before children.

    Args:
        morphology: The neuron.
        counts: Number of compartments of each section.
        axial_resistivity_ohm_cm: Resistivity of the cytoplasm.

    Returns:
        Compartments and forks; the first is the root section's first compartment.

    Examples:
        >>> from spinebook.neurons.builders import cylinder
        >>> [node.parent for node in cut_sections(cylinder(100.0, 1.0), np.array([3]), 100.0)]
        [-1, 0, 1]
    """
    scale = axial_resistivity_ohm_cm * _MOHM_PER_OHM_CM_PER_UM
    hangs = _hangs(morphology)
    held = defaultdict(list)
    for parent, place in hangs:
        held[parent].append(place)
    nodes: list[Node] = []
    done: list[_Stations] = []
    for section, (points, count) in enumerate(zip(morphology.points, counts, strict=True)):
        centres = (2 * np.arange(count) + 1) / (2 * count)
        forks = _fork_places(held[section], centres, is_root=section == 0)
        stations = _stations(points, centres, forks, scale, len(nodes), is_root=section == 0)
        joint = _joint(morphology, done, hangs[section], scale)
        nodes.extend(_nodes(section, stations, *joint))
        done.append(stations)
    return nodes


def _hangs(morphology: Morphology) -> list[tuple[int, float]]:
    """Where each section starts; what starts on another's start starts where that one does."""
    hangs = [(-1, 0.0)]
    pairs = zip(morphology.parents.tolist(), morphology.attach.tolist(), strict=True)
    for parent, place in list(pairs)[1:]:
        hangs.append(hangs[parent] if parent > 0 and place < _SAME_PLACE else (parent, place))
    return hangs


def _fork_places(
    held: list[float], centres: Float[np.ndarray, " compartments"], *, is_root: bool
) -> list[float]:
    """Places of a section that need a node of their own for the sections they hold."""
    forks: list[float] = []
    for place in sorted(held):
        last = place >= max(*held, *centres)
        first = is_root and place <= min(*held, *centres)
        alone = sum(abs(other - place) < _SAME_PLACE for other in held) == 1
        known = np.abs(np.concatenate([centres, forks]) - place).min() < _SAME_PLACE
        # What hangs alone beyond all other nodes goes on from the nearest one in series.
        if not known and not (alone and (first or last)):
            forks.append(place)
    return forks


def _stations(
    points: Float[np.ndarray, "points 2"],
    centres: Float[np.ndarray, " compartments"],
    forks: list[float],
    scale: float,
    next_node: int,
    *,
    is_root: bool,
) -> _Stations:
    """Put a section's compartments and forks in order, and number them."""
    length, count = points[-1, 0], len(centres)
    borders = area_up_to_um2(points, np.arange(count + 1) / count * length)
    places = np.concatenate([centres, forks])
    areas = np.concatenate([np.diff(borders), np.zeros(len(forks))])
    order = np.argsort(places)
    places, areas = places[order], areas[order]
    # The root's nodes are counted from its first centre backwards to its start, then forwards.
    first = int(np.argmax(areas > 0)) if is_root else 0
    index = np.arange(len(places))
    return _Stations(
        places,
        areas,
        scale * axial_integral_up_to_per_um(points, places * length),
        next_node + np.where(index <= first, first - index, index),
    )


def _joint(
    morphology: Morphology, done: list[_Stations], hang: tuple[int, float], scale: float
) -> tuple[int, float]:
    """Node a section hangs on, and the resistance (MOhm) from there to the section's start."""
    parent, place = hang
    if parent < 0:
        return -1, 0.0
    stations, points = done[parent], morphology.points[parent]
    nearest = int(np.argmin(np.abs(stations.places - place)))
    node = int(stations.nodes[nearest])
    if abs(stations.places[nearest] - place) < _SAME_PLACE:
        return node, 0.0
    # In series with the rest of a compartment, without a node.
    end = scale * float(axial_integral_up_to_per_um(points, place * points[-1, 0]))
    return node, abs(end - stations.resistances_MOhm[nearest])


def _nodes(section: int, stations: _Stations, joint: int, resistance: float) -> list[Node]:
    """Return a section's nodes in the order of their numbers."""
    order = np.argsort(stations.nodes)
    first = order[0]
    nodes = []
    for station in order:
        if station == first:
            parent, between = joint, resistance + stations.resistances_MOhm[first]
        else:
            neighbour = station + 1 if station < first else station - 1
            parent = int(stations.nodes[neighbour])
            between = abs(stations.resistances_MOhm[station] - stations.resistances_MOhm[neighbour])
        area = float(stations.areas_um2[station])
        own = (section, float(stations.places[station])) if area > 0 else (-1, 0.0)
        nodes.append(Node(parent, area, float(1 / between) if parent >= 0 else 0.0, *own))
    return nodes
