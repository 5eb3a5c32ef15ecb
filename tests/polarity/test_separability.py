"""Separability with prescribed signs: the exact law, the linear programme, known capacities."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from scipy.optimize import nnls
from spinebook.polarity.separability import (
    count_separable,
    separability_probability,
    separable_lp,
    sign_constrained_capacity,
)
from spinebook.stats import binomial_chi_square

from tests import tolerances


def exact(patterns, inputs, constrained):
    half_spaces = patterns + constrained - 1
    words = sum(comb(half_spaces, i) for i in range(inputs))
    return Fraction(words, 2**half_spaces)


def test_probability_over_a_grid__brute_force():
    patterns = np.array([1, 5, 10, 20, 60])[:, None, None]
    inputs = np.array([1, 10, 20])[:, None]
    constrained = np.array([0, 1])
    found = separability_probability(patterns, inputs, constrained)
    assert found.shape == (5, 3, 2)
    for index in np.ndindex(found.shape):
        p, n, k = patterns[index[0], 0, 0], inputs[index[1], 0], constrained[index[2]]
        expected = float(exact(int(p), int(n), int(k)))
        assert found[index] == pytest.approx(expected, rel=tolerances.POLARITY_BINOMIAL_TAIL)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ((5, 10, 10), 0.9102),
        ((20, 10, 10), 0.0307),
        ((10, 20, 20), 0.9693),
        ((30, 20, 20), 0.0762),
    ],
)
def test_probability__published(setting, expected):
    found = separability_probability(*setting)
    assert found == pytest.approx(expected, abs=tolerances.POLARITY_FOUR_DIGITS)


@pytest.mark.parametrize("inputs", [1, 7, 40])
def test_capacity_halves_the_probability__closed_form(inputs):
    constrained = np.arange(inputs + 1)
    patterns = inputs * sign_constrained_capacity(constrained / inputs)
    patterns = np.round(patterns, 9)
    np.testing.assert_allclose(
        separability_probability(patterns, inputs, constrained),
        0.5,
        rtol=tolerances.POLARITY_BINOMIAL_TAIL,
    )


def test_capacity_of_cover_and_amit__published():
    assert sign_constrained_capacity(0.0) == 2.0
    assert sign_constrained_capacity(1.0) == 1.0


def test_drawn_problems_follow_the_law__closed_form():
    settings = [(5, 10, 10), (10, 10, 10), (15, 10, 5), (20, 10, 0), (10, 20, 20), (30, 20, 20)]
    trials = 200
    counts = np.array([count_separable(*s, trials=trials, seed=i) for i, s in enumerate(settings)])
    probabilities = separability_probability(*np.array(settings).T)
    found = binomial_chi_square(counts, trials, probabilities)
    assert found.degrees == len(settings)
    assert found.statistic < found.limit


def test_linear_programme_of_free_and_signed_weights__independent_package():
    """By Gordan's theorem a problem is inseparable where non-negative weights of the patterns
    cancel; nnls finds them, with slack where a sign is prescribed."""
    generator = np.random.default_rng(5)
    signs = np.array([1, -1, 0, 1, 0])
    x = generator.normal(size=(60, 7, 5))
    y = generator.choice([-1, 1], size=(60, 7))
    found = separable_lp(x, y, signs)
    expected = []
    for patterns, labels in zip(x, y, strict=True):
        generators = np.vstack([labels[:, None] * patterns, np.diag(signs)[signs != 0]])
        system = np.vstack([generators.T, np.append(np.ones(7), np.zeros(3))])
        residual = nnls(system, np.append(np.zeros(5), 1.0))[1]
        expected.append(residual > tolerances.POLARITY_NNLS_RESIDUAL)
    np.testing.assert_array_equal(found, expected)
    assert 10 < found.sum() < 50


def test_gauge__property():
    """Turning an input round together with its prescribed sign changes nothing."""
    generator = np.random.default_rng(6)
    x, y = generator.normal(size=(2, 30, 8, 5)), generator.choice([-1, 1], size=(2, 30, 8))
    signs = np.array([1, 1, 1, 0, -1])
    turned = np.array([-1, 1, -1, -1, 1])
    found = separable_lp(x, y, signs)
    assert found.shape == (2, 30)
    np.testing.assert_array_equal(found, separable_lp(turned * x, y, turned * signs))
    assert (separable_lp(x, y, np.zeros(5)) >= found).all()


def test_batches_across_chunks__brute_force():
    generator = np.random.default_rng(7)
    x, y = generator.normal(size=(120, 4, 2)), generator.choice([-1, 1], size=(120, 4))
    angles = np.linspace(0, np.pi / 2, 4001)  # all directions with two non-negative weights
    weights = np.stack([np.cos(angles), np.sin(angles)])
    expected = (y[..., None] * (x @ weights) > 0).all(axis=1).any(axis=1)
    np.testing.assert_array_equal(separable_lp(x, y, np.array([1, 1])), expected)


def test_positive_rates_are_no_such_patterns__closed_form():
    """All inputs and weights non-negative: every label must be 1, one problem in 2^P."""
    generator = np.random.default_rng(8)
    x = generator.uniform(0.1, 1.0, size=(8, 3, 6))
    y = np.array([[1 - 2 * (i >> j & 1) for j in range(3)] for i in range(8)])
    assert separable_lp(x, y, np.ones(6)).tolist() == [True] + [False] * 7
    assert separability_probability(3, 6, 6) > 1 / 8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: separability_probability(10, 5, 6), "constrained must not exceed inputs"),
        (lambda: separability_probability(0, 5), "patterns must be at least 1"),
        (lambda: sign_constrained_capacity(1.1), "between 0 and 1"),
        (lambda: separable_lp(np.ones((2, 3)), np.array([0, 1]), np.ones(3)), "labels must be"),
        (lambda: separable_lp(np.ones((2, 3)), np.ones(2), np.full(3, 2)), "signs must be"),
        (lambda: count_separable(3, 2, 3, trials=1, seed=0), "constrained must not exceed"),
        (lambda: count_separable(3, 2, 0, trials=0, seed=0), "trials must be at least 1"),
    ],
)
def test_bad_problems_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
