"""Causal diagrams: who drives whom, what is recorded, and what is randomised."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from spinebook.misuse import explains_misuse

Arrow: TypeAlias = tuple[str, str] | tuple[str, str, str]
"""Cause, effect and, if there is a third entry, the label beside the arrow."""

# All sizes are in points, so that every diagram of a page looks alike whatever its panel's scale.
NODE_RADIUS = 12.0
_GAP = 2.0
_LABEL_DISTANCE = 4.0
_DASHED: Any = (0, (4, 3))


@explains_misuse
def draw_diagram(
    ax: Any,
    positions: Mapping[str, tuple[float, float]],
    arrows: Sequence[Arrow],
    *,
    unrecorded: Collection[str] = (),
    randomised: Collection[str] = (),
    labels: Mapping[str, str] | None = None,
    faint: Collection[tuple[str, str]] = (),
) -> None:
    """Draw a causal diagram into Matplotlib axes, whose frame is taken away.

    Recorded variables are circles with a solid line; unrecorded ones, and all arrows from or to
    them, are dashed. What an experimenter sets at random is a square. Everything has the colour
    of the current style's text.

    Args:
        ax: Matplotlib axes.
        positions: Place (x, y) of each node, in units of your choice; they are equal on both axes.
        arrows: Cause and effect of each arrow, with a label as a third entry where one is wanted.
            It stands on the side of the arrow that looks away from the diagram's centre.
        unrecorded: Nodes that nobody records.
        randomised: Nodes that are set at random.
        labels: Text of nodes that are not to be called by their own name in mathematical type.
        faint: Arrows to be drawn pale, such as those that an intervention has cut.

    Raises:
        ValueError: If there is no node, two nodes share a place, an arrow leads from a node to
            itself, or a name or a pale arrow is unknown.

    Examples:
        >>> import matplotlib.pyplot as plt
        >>> fig, ax = plt.subplots()
        >>> places = {"X": (0.0, 0.0), "M": (1.0, 0.6), "Y": (2.0, 0.0)}
        >>> draw_diagram(ax, places, [("X", "M", r"$\\alpha$"), ("M", "Y")], randomised=["X"])
        >>> [text.get_text() for text in ax.texts]
        ['$X$', '$M$', '$Y$', '$\\\\alpha$']
        >>> plt.close(fig)
    """
    from matplotlib import rcParams
    from matplotlib.patches import FancyArrowPatch

    if not hasattr(ax, "add_patch"):
        raise TypeError(f"ax must be Matplotlib's axes, got {ax!r}; plt.subplots() makes them")
    _check_diagram(positions, arrows, unrecorded, randomised, labels or {}, faint)
    color, centre = rcParams["text.color"], np.mean(list(positions.values()), axis=0)
    for name, place in positions.items():
        _outline(ax, place, name in randomised, _DASHED if name in unrecorded else "-", color)
        text = (labels or {}).get(name, f"${name}$")
        ax.annotate(text, place, ha="center", va="center", fontsize=11)
    for arrow in arrows:
        start, end = (np.asarray(positions[name], float) for name in arrow[:2])
        direction = (end - start) / np.linalg.norm(end - start)
        margins = [_GAP + _reach(direction, name in randomised) for name in arrow[:2]]
        alpha = 0.3 if (arrow[0], arrow[1]) in faint else 1.0
        hidden = arrow[0] in unrecorded or arrow[1] in unrecorded
        patch = FancyArrowPatch(
            tuple(start),
            tuple(end),
            arrowstyle="-|>",
            mutation_scale=11,
            shrinkA=margins[0],
            shrinkB=margins[1],
            color=color,
            linestyle=_DASHED if hidden else "-",
            linewidth=1.2,
            alpha=alpha,
            clip_on=False,
        )
        ax.add_patch(patch)
        if len(arrow) == 3:
            _label_beside(ax, arrow[2], (start + end) / 2, direction, centre, alpha)
    ax.update_datalim(list(positions.values()))
    ax.set_axis_off()
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.15)


def _outline(ax: Any, place: tuple[float, float], square: bool, linestyle: Any, color: str) -> None:
    """Draw a circle or a square of fixed size, whatever the scale of the axes."""
    from matplotlib.patches import Circle, Rectangle
    from matplotlib.transforms import ScaledTranslation

    r = NODE_RADIUS / 72
    outline = Rectangle((-r, -r), 2 * r, 2 * r) if square else Circle((0, 0), r)
    outline.set(fill=False, edgecolor=color, linewidth=1.2, linestyle=linestyle, clip_on=False)
    outline.set_transform(ax.figure.dpi_scale_trans + ScaledTranslation(*place, ax.transData))
    ax.add_artist(outline)


def _reach(direction: np.ndarray, square: bool) -> float:
    """Distance in points from a node's centre to its outline, along a direction."""
    return NODE_RADIUS / float(np.abs(direction).max()) if square else NODE_RADIUS


def _label_beside(
    ax: Any, text: str, middle: np.ndarray, direction: np.ndarray, centre: np.ndarray, alpha: float
) -> None:
    """Put a text beside an arrow, anchored at the corner or edge of its box nearest to it."""
    normal = np.array([-direction[1], direction[0]])
    away = float(normal @ (middle - centre))
    # Above and to the right where neither side looks away from the centre.
    if away < -1e-9 or (abs(away) <= 1e-9 and tuple(normal[::-1]) < (0.0, 0.0)):
        normal = -normal
    steep, level = abs(normal[0]) > 0.2, abs(normal[1]) > 0.2
    ax.annotate(
        text,
        tuple(middle),
        xytext=tuple(_LABEL_DISTANCE * normal),
        textcoords="offset points",
        ha=("left" if normal[0] > 0 else "right") if steep else "center",
        va=("bottom" if normal[1] > 0 else "top") if level else "center",
        fontsize=10,
        alpha=alpha,
    )


def _check_diagram(
    positions: Mapping[str, tuple[float, float]],
    arrows: Sequence[Arrow],
    unrecorded: Collection[str],
    randomised: Collection[str],
    labels: Iterable[str],
    faint: Collection[tuple[str, str]],
) -> None:
    if not positions:
        raise ValueError("a diagram needs at least one node in positions.")
    if len(set(positions.values())) < len(positions):
        raise ValueError(f"two nodes share a place: {dict(positions)}; move one of them.")
    ends = [name for arrow in arrows for name in arrow[:2]]
    named = {"arrows": ends, "unrecorded": unrecorded, "randomised": randomised, "labels": labels}
    for what, names in named.items():
        unknown = sorted(set(names) - set(positions))
        if unknown:
            raise ValueError(
                f"{what} names {', '.join(unknown)}, which has no place; positions holds "
                f"{', '.join(positions)}."
            )
    loops = [arrow for arrow in arrows if arrow[0] == arrow[1]]
    if loops:
        raise ValueError(
            f"an arrow leads from {loops[0][0]} to itself; causes come before effects."
        )
    lost = set(faint) - {(arrow[0], arrow[1]) for arrow in arrows}
    if lost:
        raise ValueError(f"faint holds {sorted(lost)[0]}, which is none of the arrows.")
