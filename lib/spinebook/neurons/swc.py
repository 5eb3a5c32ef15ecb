"""Morphologies from SWC files, with the conventions for the soma spelled out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.misuse import explains_misuse
from spinebook.neurons.builders import SOMA
from spinebook.neurons.morphology import Morphology
from spinebook.neurons.swc_points import SwcTree, parse_swc
from spinebook.neurons.swc_soma import SwcSoma, read_soma


class _Start(NamedTuple):
    """Where a section may begin."""

    point: int
    section: int
    place: float
    lead: int | None = None
    """A point of the parent from where on the way to ``point`` is cable."""
    on_soma: bool = False


@explains_misuse
def read_swc(path: str | os.PathLike[str]) -> Morphology:
    """Read a morphology from an SWC file (Cannon and others 1998).

    Sections are unbranched runs of points of one type. One that starts on another neurite runs
    from the point it starts on, with that point's radius. The root section is the soma, in one of
    three forms: one point, a sphere, kept as a cylinder as long as wide, which has its area;
    three points, the second and third a radius beside the first (the convention of
    NeuroMorpho.Org), the same; or an unbranched chain of two or more points, frusta along the
    soma's axis. Anything else, a contour above all, is refused. Neurites start at the middle of a
    sphere, and at the place of their parent point on a chain. The way there from inside the soma
    is no cable, unless the neurite starts on a chain's end or has one point only; it then has the
    radius of the neurite's first point. A file without a soma has its first neurite as root.

    Args:
        path: File with lines ``id type x y z radius parent`` in um; parents may come later.

    Returns:
        The morphology; types are kept as ``kinds``.

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If it cannot be read.
        ValueError: If a line is malformed, the points are no tree, two neighbours coincide, a
            radius is out of range or the soma has an unknown form; the message names the line.

    Examples:
        >>> import tempfile
        >>> lines = "1 1 0 0 0 10 -1", "2 3 10 0 0 1 1", "3 3 110 0 0 1 2"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "cell.swc").write_text(chr(10).join(lines))
        ...     cell = read_swc(Path(folder, "cell.swc"))
        >>> cell.kinds, cell.lengths_um, cell.attach
        (array([1, 3]), array([ 20., 100.]), array([0. , 0.5]))
    """
    path = Path(path)
    # Comments come in any encoding, numbers do not.
    tree = parse_swc(path.read_text(encoding="utf-8", errors="replace"), path.name)
    soma = read_soma(tree)
    parents, attach, points, kinds = [], [], [], []
    if soma is not None:
        parents, attach, points, kinds = [-1], [0.0], [soma.frusta], [SOMA]
    waiting = _first_starts(tree, soma)
    while waiting:
        start = waiting.pop()
        run = _run(tree, start.point)
        below = tree.children[run[-1]]
        if start.lead is None and len(run) == 1 and below:
            # No cable leads to this fork: what starts here starts where it does.
            section, place = start.section, start.place
        else:
            section, place = len(parents), 1.0
            # Without a soma, all that starts at the file's root starts on the first section's.
            parents.append(max(start.section, 0) if parents else -1)
            attach.append(start.place)
            points.append(_frusta(tree, start, run))
            kinds.append(tree.kinds[start.point])
        waiting.extend(_Start(child, section, place, run[-1]) for child in reversed(below))
    return Morphology(np.array(parents), np.array(attach), tuple(points), np.array(kinds))


def _first_starts(tree: SwcTree, soma: SwcSoma | None) -> list[_Start]:
    """Where neurites start on the soma, or on nothing; the last of the list comes first."""
    if soma is None:
        return [_Start(tree.parents.index(-1), -1, 0.0)]
    starts = []
    for point, place in soma.places.items():
        for child in tree.children[point]:
            if tree.kinds[child] != SOMA:
                cable = point in soma.ends and tree.distance_um(point, child) > 0
                starts.append(_Start(child, 0, place, point if cable else None, on_soma=True))
    return starts[::-1]


def _run(tree: SwcTree, point: int) -> list[int]:
    """Points from one on to the next fork, tip or change of type."""
    run = [point]
    while len(below := tree.children[run[-1]]) == 1 and tree.kinds[below[0]] == tree.kinds[point]:
        run.extend(below)
    return run


def _frusta(tree: SwcTree, start: _Start, run: list[int]) -> Float[np.ndarray, "rows 2"]:
    lead = start.lead
    if lead is None and len(run) == 1:
        lead = tree.parents[start.point]
        if lead < 0:
            raise ValueError(f"{tree.where(start.point)}: a neuron needs more than one point.")
    frusta = tree.frusta(run if lead is None else [lead, *run])
    if start.on_soma and lead is not None:
        frusta[0, 1] = tree.radii_um[start.point]  # a dendrite is not as wide as its soma
    return frusta
