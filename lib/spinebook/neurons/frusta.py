"""Surface and axial resistance of a neurite whose radius changes linearly between its points."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from spinebook.types import Numbers


def area_up_to_um2(
    points: Float[np.ndarray, "points 2"], distance_um: Numbers
) -> Float[np.ndarray, "..."]:
    r"""Return the lateral area between the start of a section and places along it.

    .. math:: A = \pi (a + b) \sqrt{l^2 + (b - a)^2}

    for each frustum of radii :math:`a, b` and length :math:`l`, summed; ends are not covered.

    Args:
        points: Distance along the section and radius, um, distances rising.
        distance_um: Places, from the first to the last distance.

    Returns:
        The area up to each place, um2.

    Examples:
        >>> cone = np.array([[0.0, 1.0], [3.0, 5.0]])
        >>> area = area_up_to_um2(cone, 3.0)
        >>> round(float(area / np.pi), 12)  # (1 + 5) times a slant of 5
        30.0
    """
    frustum, start, end, length = _last_frusta(points, np.asarray(distance_um))
    before = _sums(_lateral_area(points[:-1, 1], points[1:, 1], np.diff(points[:, 0])))
    return np.asarray(before[frustum] + _lateral_area(start, end, length))


def axial_integral_up_to_per_um(
    points: Float[np.ndarray, "points 2"], distance_um: Numbers
) -> Float[np.ndarray, "..."]:
    r"""Return what the resistivity is multiplied by to give the resistance along a section.

    .. math:: \int \frac{dx}{\pi r(x)^2} = \frac{l}{\pi a b}

    for each frustum of radii :math:`a, b` and length :math:`l`, summed.

    Args:
        points: Distance along the section and radius, um, distances rising.
        distance_um: Places, from the first to the last distance.

    Returns:
        The integral up to each place, 1/um.

    Examples:
        >>> cone = np.array([[0.0, 1.0], [3.0, 5.0]])
        >>> round(float(axial_integral_up_to_per_um(cone, 3.0) * np.pi), 12)
        0.6
    """
    frustum, start, end, length = _last_frusta(points, np.asarray(distance_um))
    before = _sums(_axial_integral(points[:-1, 1], points[1:, 1], np.diff(points[:, 0])))
    return np.asarray(before[frustum] + _axial_integral(start, end, length))


def _lateral_area(a: Any, b: Any, length: Any) -> Any:
    return np.pi * (a + b) * np.hypot(length, b - a)


def _axial_integral(a: Any, b: Any, length: Any) -> Any:
    return length / (np.pi * a * b)


def _sums(values: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(values)])


def _last_frusta(points: np.ndarray, distance: np.ndarray) -> tuple[Any, Any, Any, Any]:
    """Which frustum each place lies in, and the radii and length of the part before the place."""
    distances, radii = points.T
    frustum = np.clip(np.searchsorted(distances, distance, side="right") - 1, 0, len(radii) - 2)
    passed = distance - distances[frustum]
    share = passed / np.diff(distances)[frustum]
    return frustum, radii[frustum], radii[frustum] + share * np.diff(radii)[frustum], passed
