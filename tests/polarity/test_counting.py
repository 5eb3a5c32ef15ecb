"""Counts of sign patterns: enumeration, the published recursion, and numbers written down."""

import itertools
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from spinebook.polarity.capability import TYPES, capable_triples, is_xor_capable
from spinebook.polarity.counting import (
    capability_lower_bound,
    probability_capable,
    theory_by_width,
    word_counts,
)

from tests import tolerances


@pytest.mark.parametrize(("n", "useful", "useless"), [(1, 2, 1), (4, 3, 2), (6, 2, 3), (5, 4, 0)])
def test_word_counts__brute_force(n, useful, useless):
    expected = [0] * (useful + 1)
    for word in itertools.product(range(useful + useless), repeat=n):
        expected[len({letter for letter in word if letter < useful})] += 1
    assert word_counts(n, useful, useless) == expected


def by_recursion(k, n, useful, useless):
    """The recursion of the public code: words over k useful letters, less those with fewer."""
    fewer = sum(by_recursion(p, n, k, useless) for p in range(k))
    return comb(useful, k) * ((useless + k) ** n - fewer)


@pytest.mark.parametrize(("useful", "useless"), [(32, 32), (4, 4)])
def test_word_counts_by_the_recursion__published(useful, useless):
    for n in (1, 3, 10, 64):
        counts = word_counts(n, useful, useless)
        assert counts[:5] == [by_recursion(k, n, useful, useless) for k in range(5)]
        assert sum(counts) == (useful + useless) ** n


def test_probability_of_three_letters__closed_form():
    for n in range(1, 70):
        six_signs = Fraction(465 * 32**n - 960 * 33**n + 496 * 34**n, 64**n)
        three_signs = Fraction(3 * 4**n - 8 * 5**n + 6 * 6**n, 8**n)
        assert probability_capable(n) == 1 - six_signs
        assert probability_capable(n, 3, 4, 4) == 1 - three_signs
    assert probability_capable(3) == Fraction(comb(32, 3) * 6, 64**3)
    assert probability_capable(2) == 0
    assert probability_capable(2, k=0) == 1


ALL_SIGNS = {3: 0.113525, 4: 0.28913, 5: 0.47026, 8: 0.83347, 11: 0.9587, 15: 0.99471, 20: 0.99966}
RELEVANT_SIGNS = {3: 0.046875, 5: 0.24536, 8: 0.57387, 10: 0.73195, 20: 0.98163, 30: 0.99893}


def test_probabilities__published():
    for n, expected in ALL_SIGNS.items():
        digits = tolerances.POLARITY_FOUR_DIGITS if n == 11 else tolerances.POLARITY_FIVE_DIGITS
        assert float(probability_capable(n)) == pytest.approx(expected, abs=digits)
    for n, expected in RELEVANT_SIGNS.items():
        found = float(probability_capable(n, useful=4, useless=4))
        assert found == pytest.approx(expected, abs=tolerances.POLARITY_FIVE_DIGITS)


@pytest.mark.parametrize(
    ("letters", "widths"), [((32, 32), [6, 10, 11, 14]), ((4, 4), [8, 14, 17, 23])]
)
def test_width_that_reaches_a_probability__published(letters, widths):
    for level, width in zip((0.5, 0.9, 0.95, 0.99), widths, strict=True):
        assert probability_capable(width, 3, *letters) >= level
        assert probability_capable(width - 1, 3, *letters) < level


def test_many_letters_approach_three_useful_units__property():
    """With ever more patterns no two units agree: P(Bin(n, 1/2) >= 3) from below."""
    for n, envelope in ((3, Fraction(1, 8)), (5, Fraction(1, 2))):
        few, many = probability_capable(n), probability_capable(n, useful=4000, useless=4000)
        assert few < many < envelope
        assert float(envelope - many) < 1e-3


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_capability_lower_bound__brute_force(n):
    """Every word of up to five types, by the definition of holding a triple."""
    triples = capable_triples()
    useful = [kind for kind in TYPES if kind[0] * kind[1] == kind[2]]
    for rule, letters in (("any", TYPES), ("useful", useful)):
        capable = 0
        for word in itertools.combinations_with_replacement(letters, n):
            if any(triple in triples for triple in itertools.combinations(word, 3)):
                capable += arrangements(word)
        assert capability_lower_bound(n, rule) == Fraction(capable, len(letters) ** n)


def arrangements(word):
    total, left = 1, len(word)
    for kind in set(word):
        total *= comb(left, word.count(kind))
        left -= word.count(kind)
    return total


def test_capability_lower_bound_of_useful_units__closed_form():
    for n in range(1, 65):
        expected = 1 - Fraction(4 + 6 * (2**n - 2), 4**n)
        assert capability_lower_bound(n, "useful") == expected


def test_capability_lower_bound__published():
    expected = {3: 0.3515625, 5: 0.768433, 8: 0.963195, 10: 0.990132, 15: 0.999671}
    for n, bound in expected.items():
        found = float(capability_lower_bound(n))
        assert found == pytest.approx(bound, abs=tolerances.POLARITY_SIX_DIGITS)
    assert capability_lower_bound(3) == Fraction(180, 512)


def test_random_signs_are_as_often_capable__property():
    generator = np.random.default_rng(3)
    for n in (3, 5, 8):
        hidden = generator.choice([-1, 1], size=(5, n, 20_000))
        output = generator.choice([-1, 1], size=(n, 20_000))
        share = is_xor_capable(hidden, output).mean()
        p = float(capability_lower_bound(n))
        assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / 20_000)


def test_order_of_the_bounds__property():
    """Counting stays below the capability bound, and that below what useless units allow."""
    for n in range(3, 65):
        bound = capability_lower_bound(n)
        assert probability_capable(n, useful=4, useless=4) < probability_capable(n) < bound
        assert bound < capability_lower_bound(n, "useful")
        assert bound < 1 - Fraction(1, 2**n)


def test_curves_by_width__closed_form():
    curves = theory_by_width()
    assert all(curve.shape == (64,) and curve.dtype == np.float64 for curve in curves)
    assert all((np.diff(curve) >= 0).all() for curve in curves)
    for n in (1, 7, 64):
        assert curves.all_signs[n - 1] == float(probability_capable(n))
        assert curves.relevant_signs[n - 1] == float(probability_capable(n, 3, 4, 4))
        assert curves.capable[n - 1] == float(capability_lower_bound(n))
        assert curves.capable_if_useful[n - 1] == float(capability_lower_bound(n, "useful"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: word_counts(-1), "n must be at least 0"),
        (lambda: probability_capable(0), "n must be at least 1"),
        (lambda: probability_capable(3, useful=0, useless=0), "must be at least 1"),
        (lambda: theory_by_width([3, 5000]), "widths must not exceed"),
    ],
)
def test_bad_counts_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
