"""Argument checks and statistics that several results share."""

import itertools

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, spearmanr, ttest_1samp, wilcoxon
from spinebook.checks import check_count, check_number, check_probability
from spinebook.stats import (
    binomial_chi_square,
    binomial_interval,
    binomial_p_value,
    bootstrap_estimate,
    hodges_lehmann,
    mean_interval,
    spearman_within,
)

from tests import tolerances


@given(st.integers(1, 1000), st.data())
def test_binomial_interval__independent_package(trials, data):
    hits = data.draw(st.integers(0, trials))
    low, high = binomial_interval(hits, trials, 0.99)
    expected = binomtest(hits, trials).proportion_ci(0.99, "exact")
    assert low == pytest.approx(expected.low, rel=1e-9, abs=1e-12)
    assert high == pytest.approx(expected.high, rel=1e-9, abs=1e-12)


def test_binomial_p_value__closed_form():
    assert binomial_p_value(0, 10, 0.5) == pytest.approx(2 / 1024)
    assert binomial_p_value(5, 10, 0.5) == 1.0
    rare = binomial_p_value(3, 10**8, 1e-10)
    assert rare == pytest.approx(2 * binom.sf(2, 10**8, 1e-10))


def test_chi_square_leaves_rare_points_out__closed_form():
    found = binomial_chi_square(np.array([50, 1]), 100, np.array([0.5, 0.001]))
    assert found.degrees == 1
    assert found.statistic == 0
    assert found.limit == pytest.approx(10.8276, rel=1e-4)
    with pytest.raises(ValueError, match="no point expects"):
        binomial_chi_square(0, 10, 0.01)


def test_bootstrap_covers__property():
    sample = np.random.default_rng(1).normal(3, 1, 400)
    _, low, high = bootstrap_estimate(np.mean, sample, seed=0)
    assert low < sample.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.15)


def test_bad_statistics_are_refused__property():
    with pytest.raises(ValueError, match="successes must not exceed trials"):
        binomial_interval(11, 10)
    with pytest.raises(ValueError, match="confidence"):
        binomial_interval(1, 10, 1.0)
    with pytest.raises(ValueError, match="two observations"):
        bootstrap_estimate(np.mean, np.ones(1), seed=0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        check_probability("p", np.array([0.2, 1.2]))
    with pytest.raises(TypeError, match="must be a number"):
        check_number("x", "three")
    with pytest.raises(ValueError, match="at least 0"):
        check_count("k", -1)


def test_traced_values_pass_unseen__property():
    assert float(jax.jit(lambda x: (check_count("x", x), x)[1])(-1.5)) == -1.5


def test_mean_interval__independent_package():
    sample = np.random.default_rng(0).normal(size=9)
    expected = ttest_1samp(sample, 0).confidence_interval(0.9)
    found = mean_interval(sample, 0.9)
    assert found.value == pytest.approx(sample.mean())
    np.testing.assert_allclose((found.low, found.high), (expected.low, expected.high), rtol=1e-12)


@given(st.integers(7, 20), st.integers(0, 10**6))
def test_hodges_lehmann_excludes_zero_as_wilcoxon_rejects__independent_package(n, seed):
    differences = np.random.default_rng(seed).normal(0.6, 1.0, n)
    found = hodges_lehmann(differences)
    p = wilcoxon(differences, alternative="greater", method="exact").pvalue
    assert (found.low > 0) == (p <= 0.01)
    assert found.low <= found.value <= found.high
    below = wilcoxon(differences, alternative="less", method="exact").pvalue
    assert (found.high < 0) == (below <= 0.01)


def test_hodges_lehmann_needs_seven__closed_form():
    assert np.isfinite(hodges_lehmann(np.arange(7.0))).all()  # 1 / 2^7 < 0.01
    with pytest.raises(ValueError, match="6 differences"):
        hodges_lehmann(np.arange(6.0))


def test_spearman_within__independent_package():
    generator = np.random.default_rng(1)
    x = np.tile([1, 8, 64], (12, 1))
    y = generator.normal(size=x.shape) + 0.1 * np.log(x)
    found = spearman_within(x, y, seed=0)
    assert found.value == pytest.approx(spearmanr(x.ravel(), y.ravel()).statistic)
    other = spearman_within(x, y, seed=1)
    assert found.high - found.value == pytest.approx(other.high - other.value, rel=0.1)


def test_spearman_within_two_observations_a_stratum__brute_force():
    x = np.tile([1.0, 2.0], (5, 1))
    y = np.random.default_rng(3).normal(size=x.shape)
    law = []
    for flips in itertools.product([False, True], repeat=5):
        turned = np.where(np.array(flips)[:, None], x[:, ::-1], x)
        law.append(spearmanr(turned.ravel(), y.ravel()).statistic)
    found = spearman_within(x, y, confidence=0.8, permutations=20_000, seed=0)
    exact = np.quantile(law, 0.9)
    assert found.high - found.value == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([1.0]), "two observations"),
        (lambda: mean_interval([1.0, 2.0], 1.0), "strictly between"),
        (lambda: hodges_lehmann([]), "empty"),
        (lambda: spearman_within(np.ones((2, 2)), np.ones((2, 3)), seed=0), "same shape"),
        (lambda: spearman_within(np.ones((2, 2)), np.eye(2), seed=0), "x is constant"),
    ],
)
def test_bad_samples_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_bootstrap_of_two_samples_has_the_normal_width__closed_form():
    rng = np.random.default_rng(2)
    x, y = rng.normal(1.0, 1.0, 400), rng.normal(0.0, 2.0, 100)
    found = bootstrap_estimate(lambda a, b: a.mean() - b.mean(), x, y, seed=0)
    half = 1.96 * np.sqrt(x.var() / 400 + y.var() / 100)
    assert found.value == pytest.approx(x.mean() - y.mean())
    assert (found.high - found.low) / 2 == pytest.approx(
        half, rel=tolerances.STATISTICS_BOOTSTRAP_WIDTH
    )
