"""The points of an SWC file, checked line by line and joined to a tree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from spinebook.neurons.morphology import RADII_UM, check_size

_FIELDS = ("id", "type", "x", "y", "z", "radius", "parent")


@dataclass(frozen=True, eq=False)
class SwcTree:
    """Points in the order of their lines, each with its parent and children by index."""

    name: str
    lines: tuple[int, ...]
    kinds: tuple[int, ...]
    positions_um: Float[np.ndarray, "points 3"]
    radii_um: Float[np.ndarray, " points"]
    parents: tuple[int, ...]
    children: tuple[tuple[int, ...], ...]

    def where(self, point: int) -> str:
        """Return file and line of a point, to begin a message with."""
        return f"{self.name} line {self.lines[point]}"

    def distance_um(self, first: int, second: int) -> float:
        """Return the straight distance between two points."""
        return float(np.linalg.norm(self.positions_um[first] - self.positions_um[second]))

    def frusta(self, path: list[int]) -> Float[np.ndarray, "rows 2"]:
        """Return distance along a path of points and radius there, or refuse repeated points."""
        steps = [self.distance_um(*pair) for pair in pairwise(path)]
        if 0 in steps:
            first, second = path[steps.index(0) :][:2]
            raise ValueError(
                f"{self.where(second)}: the point lies on its parent, line {self.lines[first]}; "
                "remove the line and give its parent to its children."
            )
        return np.stack([np.concatenate([[0.0], np.cumsum(steps)]), self.radii_um[path]], axis=1)


def parse_swc(text: str, name: str) -> SwcTree:
    """Read the text of an SWC file.

    Args:
        text: Lines ``id type x y z radius parent``; a ``#`` begins a comment.
        name: What messages call the file.

    Returns:
        Its points.

    Raises:
        ValueError: If a line is malformed or the points are no tree.

    Examples:
        >>> parse_swc("1 1 0 0 0 5 -1", "cell.swc").children
        ((),)
        >>> parse_swc("1 1 0", "cell.swc")
        Traceback (most recent call last):
        ...
        ValueError: cell.swc line 1: expected 7 numbers (id type x y z radius parent), got '1 1 0'.
    """
    rows: dict[int, tuple[int, list[float]]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.split("#", 1)[0].strip()
        if content:
            values = _numbers(content, f"{name} line {number}")
            identifier = int(values[0])
            if identifier in rows:
                raise ValueError(
                    f"{name} line {number}: id {identifier} is that of line "
                    f"{rows[identifier][0]} already; give each point an id of its own."
                )
            rows[identifier] = number, values
    if not rows:
        raise ValueError(f"{name} has no points: expected lines of {' '.join(_FIELDS)}.")
    lines = tuple(number for number, _ in rows.values())
    table = np.array([values for _, values in rows.values()])
    parents = _parents(table, list(rows), [f"{name} line {line}" for line in lines])
    children: list[list[int]] = [[] for _ in parents]
    for point, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(point)
    tree = SwcTree(
        name,
        lines,
        tuple(int(kind) for kind in table[:, 1]),
        table[:, 2:5],
        table[:, 5],
        parents,
        tuple(tuple(below) for below in children),
    )
    _check_connected(tree)
    return tree


def _numbers(content: str, where: str) -> list[float]:
    fields = content.split()
    try:
        values = [float(field) for field in fields]
    except ValueError:
        values = []
    if len(values) != len(_FIELDS) or not np.isfinite(values).all():
        raise ValueError(
            f"{where}: expected {len(_FIELDS)} numbers ({' '.join(_FIELDS)}), got {content!r}."
        )
    for name, value in zip(_FIELDS, values, strict=True):
        if name in ("id", "type", "parent") and value != int(value):
            raise ValueError(f"{where}: {name} must be a whole number, got {value}.")
    if min(values[0], values[1]) < 0:
        raise ValueError(f"{where}: id and type must be at least 0, got {content!r}.")
    check_size(f"{where}: radius", np.array(values[5:6]), RADII_UM)
    return values


def _parents(
    table: Float[np.ndarray, "points 7"], identifiers: list[int], where: list[str]
) -> tuple[int, ...]:
    """Index of each point's parent, -1 for the only root."""
    index = {identifier: point for point, identifier in enumerate(identifiers)}
    parents = [int(parent) for parent in table[:, 6]]
    for point, parent in enumerate(parents):
        if parent >= 0 and parent not in index:
            raise ValueError(f"{where[point]}: no line has the parent's id, {parent}.")
    roots = [point for point, parent in enumerate(parents) if parent < 0]
    if len(roots) > 1:
        raise ValueError(
            f"{where[roots[1]]}: a second root, after {where[roots[0]]}; a file must hold one tree."
        )
    return tuple(index.get(parent, -1) for parent in parents)


def _check_connected(tree: SwcTree) -> None:
    """Refuse points that are no descendants of the root: their ancestors go round in a circle."""
    reached = [point for point, parent in enumerate(tree.parents) if parent < 0]
    for point in reached:  # grows while it is walked
        reached.extend(tree.children[point])
    circular = sorted(set(range(len(tree.parents))) - set(reached))
    if circular:
        raise ValueError(
            f"{tree.where(circular[0])}: following parents from here never ends at a root "
            "(parent -1); cut the circle."
        )
