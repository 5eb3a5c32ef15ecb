"""Simple neurons: a cylinder, a ball with a stick, a binary tree, any tree of cylinders."""

from __future__ import annotations

import numpy as np

from spinebook.checks import check_broadcast, check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.neurons.morphology import Morphology
from spinebook.types import Numbers

SOMA, AXON, BASAL, APICAL = 1, 2, 3, 4
_DEEPEST = 16


@explains_misuse
def cylinders(
    parents: Numbers,
    lengths_um: Numbers,
    radii_um: Numbers,
    *,
    attach: Numbers = 1.0,
    kinds: Numbers = BASAL,
) -> Morphology:
    """Return a tree of cylinders.

    Args:
        parents: Index of the section each one starts on, -1 for the root, parents first.
        lengths_um: Length of each section, or one for all.
        radii_um: Radius of each section, or one for all.
        attach: Place on the parent where each starts, 0 to 1, or one for all.
        kinds: Kind of each as in SWC files, or one for all.

    Returns:
        The morphology.

    Raises:
        ValueError: If shapes do not fit, or for what ``Morphology`` refuses.

    Examples:
        >>> cylinders([-1, 0, 0], [100.0, 50.0, 50.0], 1.0).lengths_um
        array([100.,  50.,  50.])
    """
    given = {"lengths_um": lengths_um, "radii_um": radii_um, "attach": attach, "kinds": kinds}
    check_count("parents", parents, minimum=-1)
    for name, value in given.items():
        check_number(name, value)
    check_count("kinds", kinds)
    shape = np.shape(parents)
    if check_broadcast(parents=parents, **given) != shape or len(shape) != 1:
        raise ValueError(
            f"parents must be a list with one entry a section, got shape {shape} beside "
            + ", ".join(f"{name} {np.shape(value)}" for name, value in given.items())
            + "."
        )
    lengths, radii, places, sorts = (
        np.broadcast_to(np.asarray(value, np.float64), shape) for value in given.values()
    )
    points = tuple(
        np.array([[0.0, radius], [length, radius]])
        for length, radius in zip(lengths, radii, strict=True)
    )
    return Morphology(np.asarray(parents).astype(int), places, points, sorts.astype(int))


@explains_misuse
def cylinder(length_um: float, radius_um: float) -> Morphology:
    """Return a single cylinder.

    Args:
        length_um: Its length.
        radius_um: Its radius.

    Returns:
        A morphology of one section.

    Raises:
        ValueError: For sizes that no neurite has.

    Examples:
        >>> bool(np.isclose(cylinder(100.0, 1.0).areas_um2[0], 200 * np.pi))
        True
    """
    return cylinders([-1], length_um, radius_um)


@explains_misuse
def ball_and_stick(
    soma_radius_um: float, stick_length_um: float, stick_radius_um: float
) -> Morphology:
    """Return a soma with one unbranched dendrite.

    The soma, section 0, is a cylinder as long as it is wide, whose lateral area is that of the
    sphere of its radius. The dendrite, section 1, starts at its middle: a soma of one compartment
    is a ball of one voltage, without resistance on the way to the dendrite (Rall 1959).

    Args:
        soma_radius_um: Radius of the soma.
        stick_length_um: Length of the dendrite.
        stick_radius_um: Its radius.

    Returns:
        A morphology of two sections.

    Raises:
        ValueError: For sizes that no neuron has.

    Examples:
        >>> bool(np.isclose(ball_and_stick(10.0, 500.0, 1.0).areas_um2[0], 4 * np.pi * 10**2))
        True
    """
    lengths, radii = [2 * soma_radius_um, stick_length_um], [soma_radius_um, stick_radius_um]
    return cylinders([-1, 0], lengths, radii, attach=0.5, kinds=[SOMA, BASAL])


@explains_misuse
def binary_tree(depth: int, length_um: float, radius_um: float, *, rall: bool = True) -> Morphology:
    r"""Return a trunk that forks into two equal daughters, ``depth`` times in a row.

    With ``rall`` each fork keeps the three-halves power of the radii, and all sections have the
    trunk's electrotonic length (Rall 1962),

    .. math:: 2\, a_{k+1}^{3/2} = a_k^{3/2}, \qquad l_{k+1} / l_k = \sqrt{a_{k+1} / a_k},

    so that the tree, seen from the trunk, is a cylinder of the trunk's radius and ``depth + 1``
    times its length. Without, all sections are alike.

    Args:
        depth: Number of forks on the way to a tip, 0 to 16; there are 2^(depth+1) - 1 sections,
            level after level.
        length_um: Length of the trunk.
        radius_um: Radius of the trunk.
        rall: Whether daughters are thinner and shorter by the three-halves rule.

    Returns:
        The morphology.

    Raises:
        ValueError: If ``depth`` is out of range, or for sizes that no neurite has.

    Examples:
        >>> fork = binary_tree(1, 100.0, 1.0)
        >>> fork.points[2].round(4).tolist()  # 2^(-1/3) of the length, 2^(-2/3) of the radius
        [[0.0, 0.63], [79.3701, 0.63]]
    """
    check_count("depth", depth)
    if depth > _DEEPEST:
        raise ValueError(f"depth must be at most {_DEEPEST}, got {depth}; sections double each.")
    parents = (np.arange(2 ** (int(depth) + 1) - 1) - 1) // 2
    level = np.floor(np.log2(np.arange(len(parents)) + 1))
    ratio = 2.0 ** (-2 * level / 3) if rall else np.ones(len(parents))
    return cylinders(parents, length_um * np.sqrt(ratio), radius_um * ratio)
