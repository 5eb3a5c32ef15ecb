"""The shape of a neuron: a tree of unbranched sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from spinebook.checks import check_at_most, check_count, check_number, check_probability
from spinebook.misuse import explains_misuse
from spinebook.neurons.frusta import area_up_to_um2
from spinebook.types import Numbers

# Wider than any neurite and soma (a squid axon has 250 um), narrower than a slip of units.
RADII_UM = (1e-3, 1e3)
LENGTHS_UM = (1e-3, 1e6)


@explains_misuse
@dataclass(frozen=True, eq=False)
class Morphology:
    """A tree of unbranched sections, each a row of frusta.

    Places on a section are shares of its length: 0 is the end nearer the root, 1 the other one.
    Section 0 is the root, and every parent comes before its children. Arrays live on the host and
    are read-only copies of what is passed.

    Args:
        parents: Index of the section each one starts on, -1 for the root.
        attach: Place on the parent where it starts, 0 to 1. The root's own entry means nothing.
        points: For each section two or more rows of distance along it, rising from 0, and radius,
            both in um; radii of 1e-3 to 1e3 um, lengths of 1e-3 to 1e6 um.
        kinds: What each section is, as in SWC files: 1 soma, 2 axon, 3 basal dendrite, 4 apical
            dendrite, 0 unknown, others free.

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If the sections are no tree, a parent comes after its child, or a place,
            distance or radius is out of range; the message names the section.

    Examples:
        >>> stick = np.array([[0.0, 1.0], [100.0, 0.5]])
        >>> parents, attach, kinds = np.array([-1, 0, 0]), np.ones(3), np.array([1, 3, 3])
        >>> fork = Morphology(parents, attach, (stick, stick, stick), kinds)
        >>> fork.n_sections, fork.lengths_um
        (3, array([100., 100., 100.]))
        >>> float(fork.path_distance_um(2, 0.5))
        150.0
    """

    parents: Int[np.ndarray, " sections"]
    attach: Float[np.ndarray, " sections"]
    points: tuple[Float[np.ndarray, "_ 2"], ...]
    kinds: Int[np.ndarray, " sections"]

    def __post_init__(self) -> None:
        """Copy what is passed and refuse what is no neuron."""
        check_count("parents", self.parents, minimum=-1)
        check_probability("attach", self.attach)
        check_count("kinds", self.kinds)
        points = tuple(_section_points(index, rows) for index, rows in enumerate(self.points))
        for name, dtype in {"parents": np.int64, "attach": np.float64, "kinds": np.int64}.items():
            array = np.array(getattr(self, name)).astype(dtype)
            if array.shape != (len(points),):
                raise ValueError(
                    f"{name} must have one entry for each of the {len(points)} sections of points, "
                    f"got shape {array.shape}."
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "points", points)
        _check_tree(self.parents.tolist())

    @property
    def n_sections(self) -> int:
        """Number of sections."""
        return len(self.points)

    @property
    def lengths_um(self) -> Float[np.ndarray, " sections"]:
        """Length of each section, um."""
        return np.array([rows[-1, 0] for rows in self.points])

    @property
    def areas_um2(self) -> Float[np.ndarray, " sections"]:
        """Lateral area of each section, um2; flat ends are not membrane."""
        return np.array([float(area_up_to_um2(rows, rows[-1, 0])) for rows in self.points])

    def path_distance_um(
        self, section: Numbers, place: Numbers, *, origin: tuple[int, float] = (0, 0.0)
    ) -> Float[np.ndarray, "..."]:
        """Return how far places are from an origin, along the tree.

        Args:
            section: Index of each place's section; broadcasts with ``place``.
            place: Share of the section's length, 0 to 1.
            origin: Section and place to measure from: the start of the root if not given;
                (0, 0.5) is the middle of a soma.

        Returns:
            The distances, um.

        Raises:
            ValueError: If there is no such section, or a place is outside 0 to 1.

        Examples:
            >>> from spinebook.neurons.builders import cylinders
            >>> chain = cylinders([-1, 0], 100.0, 1.0)
            >>> chain.path_distance_um(1, [0.0, 0.5], origin=(0, 0.5))
            array([ 50., 100.])
        """
        for index, share in ((section, place), origin):
            check_count("section", index)
            check_at_most("section", index, "the last section", self.n_sections - 1)
            check_probability("place", share)
        lengths = self.lengths_um
        # The path from the origin meets section s first at place met[s], after reached[s] um.
        met, reached = np.zeros(self.n_sections), np.full(self.n_sections, np.nan)
        (ancestor, met_at), gone = origin, 0.0
        while ancestor >= 0:
            met[ancestor], reached[ancestor] = met_at, gone
            gone += met_at * lengths[ancestor]
            ancestor, met_at = int(self.parents[ancestor]), float(self.attach[ancestor])
        for child in np.flatnonzero(np.isnan(reached)):
            parent = self.parents[child]
            along = abs(self.attach[child] - met[parent]) * lengths[parent]
            reached[child] = reached[parent] + along
        index = np.asarray(section).astype(np.int64)
        return np.asarray(reached[index] + np.abs(np.asarray(place) - met[index]) * lengths[index])


def _section_points(section: int, rows: Any) -> Float[np.ndarray, "points 2"]:
    """Return a section's points as an array of its own, or say what is wrong with them."""
    name = f"points of section {section}"
    check_number(name, rows)
    array = np.array(rows).astype(np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < 2:
        raise ValueError(
            f"{name} must be two or more rows of (distance, radius), got shape {array.shape}."
        )
    distances, radii = array.T
    if distances[0] != 0:
        raise ValueError(f"{name} must start at distance 0, got {distances[0]}; subtract it.")
    steps = np.diff(distances)
    if (steps <= 0).any():
        row = int(np.argmax(steps <= 0)) + 1
        raise ValueError(
            f"{name}: distances must rise, but row {row} is at {distances[row]} um after "
            f"{distances[row - 1]} um; remove duplicate points."
        )
    check_size(f"{name}: radius", radii, RADII_UM)
    check_size(f"{name}: length", distances[-1:], LENGTHS_UM)
    array.setflags(write=False)
    return array


def check_size(name: str, values: Float[np.ndarray, " n"], limits: tuple[float, float]) -> None:
    """Refuse sizes that no neuron has, which most often are sizes in another unit.

    Args:
        name: How the caller's reader knows the values.
        values: Sizes, um.
        limits: Smallest and largest size allowed, um.

    Raises:
        ValueError: If a value is out of range.

    Examples:
        >>> check_size("radius", np.array([1e-6]), RADII_UM)
        Traceback (most recent call last):
        ...
        ValueError: radius must lie between 0.001 and 1000 um, got 1e-06; convert it to micrometres.
    """
    low, high = limits
    outside = ~((values >= low) & (values <= high))
    if outside.any():
        bad = values[outside][0]
        remedy = "convert it to micrometres" if bad > 0 else "it must be positive"
        raise ValueError(f"{name} must lie between {low:g} and {high:g} um, got {bad:g}; {remedy}.")


def _check_tree(parents: Sequence[int]) -> None:
    """Refuse sections that are no tree, or whose parents do not come first."""
    roots = [section for section, parent in enumerate(parents) if parent == -1]
    if len(roots) > 1:
        raise ValueError(
            f"the morphology is disconnected: sections {', '.join(map(str, roots))} have no "
            "parent; attach all but one of them, or make a morphology of each."
        )
    for section, parent in enumerate(parents):
        if parent >= len(parents):
            raise ValueError(
                f"section {section} has parent {parent}, but the last section is "
                f"{len(parents) - 1}; parents are counted from 0."
            )
    late = [section for section, parent in enumerate(parents) if parent >= section]
    for section in late:
        ancestors = [section]
        while parents[ancestors[-1]] not in (-1, *ancestors):
            ancestors.append(parents[ancestors[-1]])
        again = parents[ancestors[-1]]
        if again != -1:
            circle = [*ancestors[ancestors.index(again) :], again]
            raise ValueError(
                f"the morphology is cyclic: {' -> '.join(map(str, circle))} (each is followed by "
                "its parent); cut the circle, so that one section has parent -1."
            )
    if late:
        raise ValueError(
            f"section {late[0]} comes before its parent {parents[late[0]]}; number sections so "
            "that parents come before children."
        )
