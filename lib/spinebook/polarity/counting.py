r"""Sign patterns of a random network, counted: how probable is it that one can express XOR?

All counts are exact Python integers, all probabilities exact fractions; ``float`` turns them into
numbers.
"""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction
from functools import cache
from math import comb, perm
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_at_most, check_count
from spinebook.misuse import explains_misuse
from spinebook.polarity.capability import TYPES, capable_counts
from spinebook.types import Numbers

Rule = Literal["any", "useful"]


@explains_misuse
def word_counts(n: int, useful: int = 32, useless: int = 32) -> list[int]:
    r"""Number of words of ``n`` letters by how many different useful letters they hold.

    .. math:: N_k = \binom{m}{k} \sum_{j=0}^{k} (-1)^j \binom{k}{j} (M + k - j)^n

    for :math:`m` useful and :math:`M` useless letters, the solution of the recursion in the code
    of Wang et al. (2023); :math:`\sum_k N_k = (m + M)^n`. A letter is a hidden unit's pattern of
    signs, a word is a network.

    Args:
        n: Letters of a word (hidden units), 0 or more.
        useful: Number :math:`m` of useful letters.
        useless: Number :math:`M` of useless letters.

    Returns:
        :math:`N_0, \ldots, N_m`, exact.

    Raises:
        ValueError: If an argument is no count.

    Examples:
        >>> word_counts(3, useful=4, useless=4)
        [64, 244, 180, 24, 0]
    """
    for name, count in (("n", n), ("useful", useful), ("useless", useless)):
        check_count(name, count)
    counts = [
        comb(useful, k) * sum((-1) ** j * comb(k, j) * (useless + k - j) ** n for j in range(k + 1))
        for k in range(min(useful, n) + 1)
    ]
    return counts + [0] * (useful - n)


@explains_misuse
def probability_capable(n: int, k: int = 3, useful: int = 32, useless: int = 32) -> Fraction:
    r"""Counting theory: probability of at least ``k`` different useful units among ``n``.

    .. math:: P(n) = 1 - \sum_{p<k} N_p(n) / (m + M)^n

    (code of Wang et al. 2023). With the defaults a unit's pattern holds six signs: five inputs and
    the output. ``useful=4, useless=4`` counts relevant signs only. Despite its name in the paper
    it is neither necessary nor sufficient for expressing XOR: see ``capability_lower_bound``.

    Args:
        n: Hidden units, at least 1.
        k: Different useful units asked for.
        useful: Number :math:`m` of useful patterns.
        useless: Number :math:`M` of useless patterns.

    Returns:
        The exact probability; ``float`` turns it into a number.

    Raises:
        ValueError: If an argument is no count, or no pattern exists.

    Examples:
        >>> round(float(probability_capable(3)), 6), float(probability_capable(3, 3, 4, 4))
        (0.113525, 0.046875)
    """
    check_count("n", n, minimum=1)
    check_count("k", k)
    check_count("useful + useless", useful + useless, minimum=1)
    short = sum(word_counts(n, useful, useless)[:k])
    return 1 - Fraction(short, (useful + useless) ** n)


@explains_misuse
def capability_lower_bound(n: int, rule: Rule = "any") -> Fraction:
    r"""Probability that ``n`` units with random signs hold three that solve XOR together.

    It counts the words over the eight unit types that hold none of the 32 capable triples: types
    that occur :math:`0`, :math:`1` or :math:`\ge 2` times each. A lower bound of the probability
    that a network of this width can express XOR, exact for three units, where no other multiset
    is capable. For the rule ``"useful"`` it is exact at any width,
    :math:`1 - (6 \cdot 2^n - 8)/4^n`: with two useful types a network is monotone in one input,
    convex or concave, and stays below the accuracies of ``accuracy_bounds``.

    Args:
        n: Hidden units, at least 1.
        rule: ``"any"``: all signs random. ``"useful"``: output signs follow
            :math:`s_{out} = s_1 s_2`, so that only the four useful types occur.

    Returns:
        The exact probability; ``float`` turns it into a number.

    Raises:
        ValueError: If ``n`` is no count, or the rule unknown.

    Examples:
        >>> float(capability_lower_bound(3)), float(capability_lower_bound(3, "useful"))
        (0.3515625, 0.375)
    """
    check_count("n", n, minimum=1)
    if rule not in ("any", "useful"):
        raise ValueError(f'rule must be "any" or "useful", got {rule!r}.')
    incapable = sum(
        patterns * perm(n, once) * _words_of_repeated_letters(n - once, repeated)
        for (once, repeated), patterns in _incapable_patterns(rule).items()
        if once <= n
    )
    return 1 - Fraction(incapable, (8 if rule == "any" else 4) ** n)


@cache
def _incapable_patterns(rule: Rule) -> Counter[tuple[int, int]]:
    """How many incapable patterns have so many types once, and so many at least twice."""
    allowed = [rule == "any" or s1 * s2 == out for s1, s2, out in TYPES]
    capable = capable_counts()
    patterns: Counter[tuple[int, int]] = Counter()
    for held in itertools.product(*(range(3) if kind else (0,) for kind in allowed)):
        if not capable[held]:
            patterns[held.count(1), held.count(2)] += 1
    return patterns


def _words_of_repeated_letters(n: int, letters: int) -> int:
    """Words of ``n`` letters that use each of an alphabet twice or more.

    By inclusion and exclusion over the letters that occur at most once, ``alone`` of them once.
    """
    return sum(
        (-1) ** short
        * comb(letters, short)
        * comb(short, alone)
        * perm(n, alone)
        * (letters - short) ** (n - alone)
        for short in range(letters + 1)
        for alone in range(min(short, n) + 1)
    )


class TheoryByWidth(NamedTuple):
    """Curves over the number of hidden units, float64."""

    all_signs: Float[np.ndarray, " widths"]
    relevant_signs: Float[np.ndarray, " widths"]
    capable: Float[np.ndarray, " widths"]
    capable_if_useful: Float[np.ndarray, " widths"]


@explains_misuse
def theory_by_width(widths: Numbers = tuple(range(1, 65))) -> TheoryByWidth:
    """Counting theory beside the proven lower bounds of capability, for a figure.

    Args:
        widths: Numbers of hidden units, 1 to 4096.

    Returns:
        ``probability_capable`` over all six signs and over the three relevant ones;
        ``capability_lower_bound`` for random signs and for units that follow the useful rule.

    Raises:
        ValueError: If a width is no count or out of range.

    Examples:
        >>> curves = theory_by_width([3, 5])
        >>> np.round(curves.all_signs, 4).tolist(), np.round(curves.capable, 4).tolist()
        ([0.1135, 0.4703], [0.3516, 0.7684])
    """
    check_count("widths", widths, minimum=1)
    check_at_most("widths", widths, "4096", 4096)
    numbers = [int(width) for width in np.ravel(np.asarray(widths))]
    curves = [
        [probability_capable(n) for n in numbers],
        [probability_capable(n, useful=4, useless=4) for n in numbers],
        [capability_lower_bound(n) for n in numbers],
        [capability_lower_bound(n, "useful") for n in numbers],
    ]
    return TheoryByWidth(*(np.array([float(p) for p in curve]) for curve in curves))
