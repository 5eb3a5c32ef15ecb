"""Multisets of unit types and the symmetries of XOR that act on them."""

import itertools

from spinebook.polarity.capability import TYPES

ALL_TRIPLES = list(itertools.combinations_with_replacement(TYPES, 3))


def useful_types(triple):
    return {kind for kind in triple if kind[0] * kind[1] == kind[2]}


def symmetric(triple):
    """Images of a multiset of types under the eight symmetries of the task."""
    for swapped, first, second in itertools.product((False, True), (-1, 1), (-1, 1)):
        turned = [(a * first, b * second, out * first * second) for a, b, out in triple]
        yield tuple(sorted((b, a, out) if swapped else (a, b, out) for a, b, out in turned))


def classes(size):
    """One multiset of so many types for each class of the symmetries."""
    every = itertools.combinations_with_replacement(TYPES, size)
    return sorted({min(symmetric(multiset)) for multiset in every})
