"""Argument checks and statistics that several results share."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from spinebook.checks import check_count, check_number, check_probability
from spinebook.stats import (
    binomial_chi_square,
    binomial_interval,
    binomial_p_value,
    bootstrap_interval,
)


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


def test_bootstrap_interval_covers__property():
    sample = np.random.default_rng(1).normal(3, 1, 400)
    low, high = bootstrap_interval(sample, seed=0)
    assert low < sample.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.15)


def test_bad_statistics_are_refused__property():
    with pytest.raises(ValueError, match="successes must not exceed trials"):
        binomial_interval(11, 10)
    with pytest.raises(ValueError, match="confidence"):
        binomial_interval(1, 10, 1.0)
    with pytest.raises(ValueError, match="two observations"):
        bootstrap_interval(np.ones(1), seed=0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        check_probability("p", np.array([0.2, 1.2]))
    with pytest.raises(TypeError, match="must be a number"):
        check_number("x", "three")
    with pytest.raises(ValueError, match="at least 0"):
        check_count("k", -1)


def test_traced_values_pass_unseen__property():
    assert float(jax.jit(lambda x: (check_count("x", x), x)[1])(-1.5)) == -1.5
