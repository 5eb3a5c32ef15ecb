r"""Which sign patterns of a small ReLU network can express XOR, with the networks that do it.

Only the signs of the two relevant weights :math:`s_1, s_2` and of the output weight
:math:`s_{out}` matter, since weights of irrelevant inputs can be as small as one likes. They are a
unit's type; it is useful where :math:`s_{out} = s_1 s_2`. Networks that reach accuracy 1 exist for
32 of the 120 multisets of three types, all built from the two constructions below, which are our
own. The other 88, and therefore two units, fail already on twelve points of the task: the tests go
through all activation patterns by linear programming.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Num

from spinebook.checks import check_number
from spinebook.misuse import explains_misuse
from spinebook.polarity.xor import XorNetwork
from spinebook.types import AnyArray

UnitType: TypeAlias = tuple[int, int, int]
TYPES: tuple[UnitType, ...] = tuple(
    (s1, s2, out) for s1 in (-1, 1) for s2 in (-1, 1) for out in (-1, 1)
)
"""The eight types (s1, s2, s_out) of a hidden unit, in the order of their index."""

SLIGHT = 1e-6  # magnitude of a weight that is there for its sign only


class _Magnitudes(NamedTuple):
    """Sizes for three units of given types, about the centre of the task's gap."""

    hidden: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    hidden_bias: tuple[float, float, float]
    output_bias: float


def _steep_pair(
    first: UnitType, second: UnitType, third: UnitType, steep: float
) -> _Magnitudes | None:
    r"""Two steep steps in :math:`x_1` that differ by a tilt, on top of a line in :math:`x_2`.

    The line alone decides by :math:`x_2` on one side of :math:`x_1 = 0`; on the other side both
    steps are on, and the tilt of the useful one turns the line round.
    """
    side, tilt_of_first, _ = first
    falling = third[1] * third[2] == -side
    if (first[2], second[0], second[2]) != (1, side, -1) or not falling:
        return None
    if side not in (tilt_of_first, -second[1]):  # neither of the two is useful
        return None
    tilts = (2.0, SLIGHT) if tilt_of_first == side else (SLIGHT, 2.0)
    above_zero = 3.0  # keeps the line's unit on everywhere
    return _Magnitudes(
        ((steep, tilts[0]), (steep, tilts[1]), (SLIGHT, 1.0)),
        (0.0, 0.0, above_zero),
        -third[2] * above_zero,
    )


def _cancelled_line(
    first: UnitType, second: UnitType, third: UnitType, steep: float
) -> _Magnitudes | None:
    r"""A steep line in :math:`x_2` that one unit cancels above :math:`x_2 = 0`, another below it.

    What is left are slopes in :math:`x_1`, which must rise above and fall below.
    """
    slope = first[1] * first[2]
    if second[1:] != (1, -slope) or third[1:] != (-1, slope):
        return None
    rises = first[0] * first[2]
    turned_below, turned_above = third[0] == -slope, second[0] == -slope
    if rises == 1 and turned_below:
        slopes = (SLIGHT, 2.0)
    elif rises == -1 and turned_above:
        slopes = (2.0, SLIGHT)
    else:
        return None
    above_zero = 2 * steep
    return _Magnitudes(
        ((1.0, steep), (slopes[0], steep), (slopes[1], steep)),
        (above_zero, 0.0, 0.0),
        -first[2] * above_zero,
    )


def _solve(triple: tuple[UnitType, ...], gap: float) -> XorNetwork | None:
    """Weights for three types in their order, or None where no construction fits."""
    half = gap / 2
    steep = 4 * (1 + half) / half  # a step outweighs a tilt of 2 from the edge of the gap on
    for swapped, order in itertools.product((False, True), itertools.permutations(range(3))):
        first, second, third = (
            (s2, s1, out) if swapped else (s1, s2, out)
            for s1, s2, out in (triple[i] for i in order)
        )
        found = _steep_pair(first, second, third, steep)
        found = found or _cancelled_line(first, second, third, steep)
        if found is None:
            continue
        hidden, bias = np.empty((2, 3)), np.empty(3)
        hidden[:, order] = np.array(found.hidden).T[::-1] if swapped else np.array(found.hidden).T
        bias[list(order)] = found.hidden_bias
        signs = np.array(triple).T
        hidden *= signs[:2]
        bias -= half * hidden.sum(axis=0)
        return XorNetwork(hidden, bias, signs[2].astype(float), np.array(found.output_bias))
    return None


@cache
def capable_triples() -> frozenset[tuple[UnitType, ...]]:
    r"""The 32 multisets of three unit types with which a network can solve XOR.

    Each type is :math:`(s_1, s_2, s_{out})`; the types of a multiset are in ascending order. The
    set is closed under the symmetries of XOR: :math:`x_1` and :math:`x_2` exchanged, and either
    input reversed together with the output. Four multisets hold a type twice.

    Returns:
        The multisets.

    Examples:
        >>> len(capable_triples())
        32
        >>> ((-1, -1, 1), (-1, 1, -1), (1, -1, -1)) in capable_triples()  # three useful types
        True
    """
    triples = itertools.combinations_with_replacement(TYPES, 3)
    return frozenset(triple for triple in triples if _solve(triple, gap=0.05) is not None)


@cache
def capable_counts() -> Bool[np.ndarray, "3 3 3 3 3 3 3 3"]:
    """Whether units of given types hold a capable triple, by the number of units of each type.

    Returns:
        A read-only table with one axis for each type in the order of ``TYPES``; index 0: no unit,
        1: one, 2: two or more (no triple needs more than two of a type).

    Examples:
        >>> bool(capable_counts()[0, 1, 1, 0, 1, 0, 0, 0])
        True
    """
    needs = np.array([[triple.count(kind) for kind in TYPES] for triple in capable_triples()])
    held = np.indices((3,) * 8).reshape(8, 1, -1)
    table = np.any((held >= needs.T[:, :, None]).all(axis=0), axis=0).reshape((3,) * 8)
    table.setflags(write=False)
    return table


@explains_misuse
def is_xor_capable(
    hidden_signs: Num[AnyArray, "dimensions units *runs"],
    output_signs: Num[AnyArray, "units *runs"],
) -> Bool[np.ndarray, "*runs"]:
    r"""Whether a sign pattern holds three units that solve XOR, so that a network solves it.

    For up to three units that decides it. With more a pattern may be capable without such a triple:
    True is certain, False is not.

    Args:
        hidden_signs: Signs -1 or 1 of the hidden weights, one row an input; only the first two
            rows, of the relevant inputs, count. Further axes are separate patterns.
        output_signs: Signs -1 or 1 of the output weights.

    Returns:
        One truth value for each pattern.

    Raises:
        ValueError: If a sign is neither -1 nor 1, or there are fewer than two inputs.

    Examples:
        >>> hidden = np.array([[1, -1, 1], [1, -1, -1]])
        >>> bool(is_xor_capable(hidden, np.array([1, 1, -1])))  # s_out = s1 s2
        True
        >>> bool(is_xor_capable(hidden, np.array([-1, -1, 1])))  # s_out = -s1 s2
        False
    """
    index = _type_indices(hidden_signs, output_signs)
    counts = (index[..., None] == np.arange(8)).sum(axis=0)
    return np.asarray(capable_counts()[tuple(np.moveaxis(np.minimum(counts, 2), -1, 0))])


@explains_misuse
def capable_network(
    hidden_signs: Num[AnyArray, "dimensions units"],
    output_signs: Num[AnyArray, " units"],
    gap: float = 0.05,
) -> XorNetwork:
    r"""Build a network with the given signs that classifies every XOR point correctly.

    Three units of a capable triple do the work; all others, and all weights of irrelevant inputs,
    have the magnitude :math:`10^{-6}` or less.

    Args:
        hidden_signs: Signs -1 or 1 of the hidden weights; rows 0 and 1 are the relevant inputs.
        output_signs: Signs -1 or 1 of the output weights.
        gap: Width of the empty stripes of the task, above 0. Points lie in [-1, 0) or
            [``gap``, 1 + ``gap``) along each relevant input.

    Returns:
        Weights and biases; the output is positive exactly for the class :math:`x_1 x_2 > 0`.

    Raises:
        ValueError: If the pattern holds no capable triple, a sign is neither -1 nor 1, or ``gap``
            is not above 0.

    Examples:
        >>> hidden, output = np.array([[1, -1, 1], [1, -1, -1]]), np.array([1, 1, -1])
        >>> network = capable_network(hidden, output)
        >>> x = np.array([[0.5, 0.7], [-0.5, 0.7], [-0.1, -0.9], [0.6, -0.2]])
        >>> active = np.maximum(x @ network.hidden + network.hidden_bias, 0)
        >>> active @ network.output + network.output_bias > 0
        array([ True, False,  True, False])
    """
    check_number("gap", gap)
    if gap <= 0:
        raise ValueError(f"gap must be above 0, got {gap}: a network's step needs room.")
    index = _type_indices(hidden_signs, output_signs)
    for members in itertools.combinations(range(len(index)), 3):
        found = _solve(tuple(TYPES[index[i]] for i in members), gap)
        if found is not None:
            break
    else:
        raise ValueError(
            "no three units of this sign pattern are known to solve XOR; see is_xor_capable."
        )
    hidden = SLIGHT * np.asarray(hidden_signs, float)
    output = SLIGHT * np.asarray(output_signs, float)
    bias = np.zeros(len(output))
    columns = list(members)
    hidden[:2, columns], bias[columns], output[columns] = found[:3]
    return XorNetwork(hidden, bias, output, found.output_bias)


def _type_indices(hidden_signs: AnyArray, output_signs: AnyArray) -> np.ndarray:
    """Index into ``TYPES`` of each unit."""
    hidden, output = np.asarray(hidden_signs), np.asarray(output_signs)
    for name, signs in (("hidden_signs", hidden), ("output_signs", output)):
        wrong = abs(signs) != 1
        if wrong.any():
            raise ValueError(
                f"{name} must be -1 or 1, got {signs[wrong].flat[0]}; decide the sign of weights "
                "that are zero or free."
            )
    if len(hidden) < 2:
        raise ValueError(f"XOR needs two inputs or more, got {len(hidden)}.")
    positive = np.stack([hidden[0], hidden[1], output]) > 0
    return np.tensordot([4, 2, 1], positive, axes=1)


class AccuracyBounds(NamedTuple):
    """Largest accuracies that limited families of classifiers reach on XOR."""

    linear: float
    monotone: float
    convex: float


@explains_misuse
def accuracy_bounds(gap: float = 0.05) -> AccuracyBounds:
    r"""Largest population accuracy of linear, monotone and convex functions on XOR.

    With :math:`c = (2+g)/3` and the error :math:`e = (c-g)^2/2 + (1-c)^2` that one oblique line
    makes at best on the three squares it crosses,

    .. math:: A_{linear} = 1 - \frac{1+e}{4}, \qquad A_{monotone} = \frac34, \qquad
        A_{convex} = 1 - \frac{e}{2}.

    A network is monotone in each input if all its weights are non-negative (Wang et al. 2022), and
    so is every network whose units share one type; units of useless types alone do not exceed 3/4
    either. It is convex, or concave, if all output weights have one sign.

    Args:
        gap: Width :math:`g` of the empty stripes, in [0, 1/2].

    Returns:
        The three accuracies.

    Raises:
        ValueError: If ``gap`` is out of range.

    Examples:
        >>> [round(bound, 6) for bound in accuracy_bounds()]
        [0.674792, 0.75, 0.849583]
    """
    check_number("gap", gap)
    if not 0 <= gap <= 0.5:
        raise ValueError(f"gap must lie between 0 and 1/2, got {gap}.")
    cut = (2 + gap) / 3
    error = (cut - gap) ** 2 / 2 + (1 - cut) ** 2
    return AccuracyBounds(1 - (1 + error) / 4, 0.75, 1 - error / 2)
