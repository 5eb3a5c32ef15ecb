"""Tests of an indirect effect: their formulas, O3 and the singular null O4."""

import numpy as np
import pytest
from scipy.stats import norm, t
from spinebook.mediation.significance import (
    aroian,
    goodman,
    joint_significance,
    product_variance,
    sobel,
)

from tests.tolerances import MEDIATION_EXACT, MEDIATION_NINE_DIGITS, MEDIATION_STANDARD_ERRORS


@pytest.mark.parametrize(
    ("setting", "variance"),
    [
        ((0.5, 0.8, 50), 0.0195143386),
        ((0.5, 0.8, 1000), 8.93936831e-4),
        ((0.0, 0.0, 50), 4.6253469e-4),
        ((0.5, 0.0, 100), 2.71155498e-3),
    ],
)
def test_product_variance__published(setting, variance):
    """O3; the last digit of each is rounded."""
    assert product_variance(*setting) == pytest.approx(variance, rel=10 * MEDIATION_NINE_DIGITS)


def test_product_variance__brute_force():
    """200,000 samples of n = 20 with unequal spreads; the fourth moment gives the error."""
    generator = np.random.default_rng(0)
    reps, n, alpha, beta = 200_000, 20, 0.4, -0.6
    x = 1.5 * generator.normal(size=(reps, n))
    m = alpha * x + 0.7 * generator.normal(size=(reps, n))
    y = 0.3 * x + beta * m + 1.2 * generator.normal(size=(reps, n))
    x, m, y = (v - v.mean(axis=1, keepdims=True) for v in (x, m, y))
    xx, xm, mm, xy, my = ((u * v).sum(axis=1) for u, v in ((x, x), (x, m), (m, m), (x, y), (m, y)))
    a, b = xm / xx, (xx * my - xm * xy) / (xx * mm - xm**2)
    square = (a * b - alpha * beta) ** 2
    expected = product_variance(alpha, beta, n, stimulus_sd=1.5, mediator_sd=0.7, outcome_sd=1.2)
    error = square.std() / np.sqrt(reps)
    assert abs(square.mean() - expected) < MEDIATION_STANDARD_ERRORS * error
    correlation = np.corrcoef(a, b)[0, 1]
    assert abs(correlation) < MEDIATION_STANDARD_ERRORS / np.sqrt(reps)


def test_three_variances__closed_form():
    a, b, s_a, s_b = 0.5, np.array([0.8, 0.1]), 0.2, 0.3
    delta = a**2 * s_b**2 + b**2 * s_a**2
    for function, last in ((sobel, 0), (aroian, 1), (goodman, -1)):
        found = function(a, b, s_a, s_b)
        error = np.sqrt(delta + last * (s_a * s_b) ** 2)
        np.testing.assert_allclose(found.standard_error, error, rtol=1e-14)
        np.testing.assert_allclose(found.z, a * b / error, rtol=1e-14)
        np.testing.assert_allclose(found.p_value, 2 * norm.sf(a * b / error), rtol=1e-12)


def test_goodman_variance_can_be_negative__closed_form():
    found = goodman(0.1, 0.1, 1.0, 1.0)
    assert np.isnan(found.standard_error)
    assert np.isnan(found.p_value)
    assert sobel(0.0, 0.0, 1.0, 1.0).p_value == 1.0


def test_joint_significance__independent_package():
    p = joint_significance([4.0, -1.0], [2.0, -5.0], 98, 97)
    np.testing.assert_allclose(p, [2 * t.sf(2.0, 97), 2 * t.sf(1.0, 98)], rtol=MEDIATION_EXACT)


def test_null_of_sobel__closed_form():
    """O4: two Gaussian ratios of mean 0 give z = N(0, 1/4), which passes 1.96 in 8.86e-5."""
    generator = np.random.default_rng(1)
    z = sobel(*generator.normal(size=(2, 400_000)), 1.0, 1.0).z
    error = np.sqrt(2 / 400_000) / 4
    assert abs(z.var() - 0.25) < MEDIATION_STANDARD_ERRORS * error
    assert 2 * norm.sf(2 * norm.isf(0.025)) == pytest.approx(8.86e-5, abs=5e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sobel(0.5, 0.5, 0.0, 0.1), "must be positive"),
        (lambda: sobel(0.5, np.nan, 0.1, 0.1), "b must be finite"),
        (lambda: sobel([0.5, 1], [1.0, 2, 3], 0.1, 0.1), "do not broadcast"),
        (lambda: joint_significance(1.0, 1.0, 0, 5), "a_degrees must be at least 1"),
        (lambda: product_variance(0.5, 0.5, 4), "n must be at least 5"),
        (lambda: product_variance(0.5, 0.5, 50, mediator_sd=0.0), "mediator_sd must be positive"),
    ],
)
def test_bad_input__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
