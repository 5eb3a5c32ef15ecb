"""The graph of compartments that stands for a neuron: areas, axial conductances, parents."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from spinebook.checks import (
    check_at_most,
    check_broadcast,
    check_count,
    check_number,
    check_probability,
)
from spinebook.misuse import explains_misuse
from spinebook.neurons.builders import cylinders
from spinebook.neurons.cutting import cut_sections
from spinebook.neurons.electrotonic import d_lambda_counts
from spinebook.neurons.morphology import Morphology
from spinebook.types import AnyArray, Numbers

# On this area 1 mS/cm2 is 1 uS, 1 uA/cm2 is 1 nA and 1 uF/cm2 is 1 nF.
UNIT_AREA_UM2 = 1e5
# Cytoplasm has 30 to 300 ohm cm; its value in ohm m or kohm cm falls below.
_RESISTIVITIES_OHM_CM = (5.0, 1e4)


class Compartments(NamedTuple):
    """The tree of nodes that is solved: the centres of compartments, and forks without membrane.

    Nodes are numbered so that a parent comes before its children (Hines 1984); node 0 is the
    centre of the root section's first compartment. Membrane of 1 mS/cm2 on an area of A um2 has
    1e-5 A uS, and 1 uF/cm2 is 1e-5 A nF.

    Attributes:
        parents: Index of each node's parent, -1 for node 0.
        areas_um2: Membrane of each node; 0 for a fork.
        axial_uS: Conductance between each node and its parent; 0 for node 0.
        section: Section of the morphology each node belongs to; -1 for a fork.
        centre: Place of each compartment's centre in its section, 0 to 1; 0 for a fork.
    """

    parents: Int[AnyArray, " nodes"]
    areas_um2: Float[AnyArray, " nodes"]
    axial_uS: Float[AnyArray, " nodes"]
    section: Int[AnyArray, " nodes"]
    centre: Float[AnyArray, " nodes"]


@explains_misuse
def compartments(
    morphology: Morphology,
    *,
    axial_resistivity_ohm_cm: float = 100.0,
    counts: Numbers | None = None,
    d_lambda: float | None = None,
    frequency_Hz: float = 100.0,
    capacitance_uF_cm2: float = 1.0,
) -> Compartments:
    r"""Cut each section into compartments of equal length.

    Voltages live at the centres. Areas, and resistances between neighbours, are those of the
    frusta in between, without rounding to cylinders. Where three or more pieces of cable meet
    away from a centre there is a node without membrane; two sections that meet end to end need
    none. A place of attachment is kept exactly, not moved to the nearest centre as in NEURON.

    Args:
        morphology: The neuron.
        axial_resistivity_ohm_cm: Resistivity of the cytoplasm, 5 to 1e4.
        counts: Number of compartments of each section, or one for all; if not given, the
            smallest odd number by the ``d_lambda`` rule.
        d_lambda: Longest compartment in AC length constants, 0.1 if not given (Hines and
            Carnevale 2001). Not together with ``counts``.
        frequency_Hz: Frequency of that length constant, positive.
        capacitance_uF_cm2: Membrane capacitance for that length constant, positive.

    Returns:
        The graph, NumPy arrays in float64 and int32.

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If one is out of range, or both ``counts`` and ``d_lambda`` are given.

    Examples:
        >>> from spinebook.neurons.builders import binary_tree
        >>> graph = compartments(binary_tree(1, 100.0, 1.0), counts=1)
        >>> graph.parents.tolist(), graph.section.tolist()  # trunk, fork, two daughters
        ([-1, 0, 1, 1], [0, -1, 1, 2])
    """
    check_number("axial_resistivity_ohm_cm", axial_resistivity_ohm_cm)
    low, high = _RESISTIVITIES_OHM_CM
    if not low <= axial_resistivity_ohm_cm <= high:
        raise ValueError(
            f"axial_resistivity_ohm_cm must lie between {low:g} and {high:g}, got "
            f"{axial_resistivity_ohm_cm:g}; 1 ohm m is 100 ohm cm."
        )
    if counts is not None and d_lambda is not None:
        raise ValueError("pass counts or d_lambda, not both: each sets the number of compartments.")
    if counts is None:
        counts = d_lambda_counts(
            morphology,
            d_lambda=0.1 if d_lambda is None else d_lambda,
            axial_resistivity_ohm_cm=axial_resistivity_ohm_cm,
            frequency_Hz=frequency_Hz,
            capacitance_uF_cm2=capacitance_uF_cm2,
        )
    check_count("counts", counts, minimum=1)
    if check_broadcast(counts=counts, sections=morphology.parents) != morphology.parents.shape:
        raise ValueError(
            f"counts must be one number or one for each of {morphology.n_sections} sections, "
            f"got shape {np.shape(counts)}."
        )
    per_section = np.broadcast_to(counts, morphology.parents.shape).astype(np.int64)
    columns = zip(*cut_sections(morphology, per_section, axial_resistivity_ohm_cm), strict=True)
    types = (np.int32, np.float64, np.float64, np.int32, np.float64)
    return Compartments(
        *(np.array(column, dtype) for column, dtype in zip(columns, types, strict=True))
    )


@explains_misuse
def graph_compartments(parents: Numbers, axial_mS_cm2: Numbers) -> Compartments:
    """Return identical compartments without a shape, coupled by a conductance density per edge.

    All areas are 1e5 um2, on which 1 mS/cm2 is 1 uS and 1 uA/cm2 is 1 nA: densities and absolute
    values have the same numbers. Each compartment is a section of its own.

    Args:
        parents: Index of each compartment's parent, -1 for the first, parents before children.
        axial_mS_cm2: Coupling of each compartment to its parent (the first one's is ignored), or
            one for all edges; not negative.

    Returns:
        The graph.

    Raises:
        ValueError: If ``parents`` is no tree with parents first, or a coupling is negative.

    Examples:
        >>> graph_compartments([-1, 0, 1], 0.5).axial_uS.tolist()
        [0.0, 0.5, 0.5]
    """
    # A morphology of unit cylinders has the same rules for parents, and says what is wrong.
    nodes = cylinders(parents, 1.0, 1.0).parents
    check_number("axial_mS_cm2", axial_mS_cm2)
    if check_broadcast(axial_mS_cm2=axial_mS_cm2, parents=nodes) != nodes.shape:
        raise ValueError(
            f"axial_mS_cm2 must be one number or one for each of {len(nodes)} compartments, "
            f"got shape {np.shape(axial_mS_cm2)}."
        )
    axial = np.where(nodes >= 0, axial_mS_cm2, 0.0) * (UNIT_AREA_UM2 * 1e-5)
    if (axial < 0).any():
        raise ValueError(f"axial_mS_cm2 must not be negative, got {axial.min():g}.")
    return Compartments(
        nodes.astype(np.int32),
        np.full(len(nodes), UNIT_AREA_UM2),
        axial,
        np.arange(len(nodes), dtype=np.int32),
        np.full(len(nodes), 0.5),
    )


@explains_misuse
def locate(graph: Compartments, section: int, place: float) -> int:
    """Return the node of the compartment that a place lies in.

    Args:
        graph: The compartments.
        section: Index of the section.
        place: Share of its length, 0 to 1; a border belongs to the compartment after it.

    Returns:
        Index of the node.

    Raises:
        ValueError: If there is no such section, or the place is outside 0 to 1.

    Examples:
        >>> from spinebook.neurons.builders import cylinder
        >>> graph = compartments(cylinder(100.0, 1.0), counts=5)
        >>> locate(graph, 0, 0.5), locate(graph, 0, 1.0)
        (2, 4)
    """
    check_count("section", section)
    check_probability("place", place)
    sections = np.asarray(graph.section)
    check_at_most("section", section, "the last section", sections.max())
    nodes = np.flatnonzero(sections == section)
    return int(nodes[min(int(place * len(nodes)), len(nodes) - 1)])
