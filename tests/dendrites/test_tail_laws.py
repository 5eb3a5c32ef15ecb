"""Laws that the tails obey at every setting, searched by hypothesis."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from spinebook.dendrites import (
    log_binomial,
    log_false_match,
    log_false_negative,
    log_many_segments,
    log_overlap_pmf,
    log_overlap_set_size,
)

from tests.dendrites import rationals
from tests.tolerances import DENDRITES_EXACT


@st.composite
def settings(draw, most=3000):
    n = draw(st.integers(2, most))
    a = draw(st.integers(1, n))
    s = draw(st.integers(1, min(n, 200)))
    return n, a, s


@given(settings(), st.data())
def test_tail_is_exact__brute_force(setting, data):
    n, a, s = setting
    theta = data.draw(st.integers(1, s))
    got = float(log_false_match(n, a, s, theta))
    exact = rationals.false_match(n, a, s, theta)
    if exact == 0:
        assert got == -np.inf
    elif rationals.log(exact) > -690:
        assert rationals.relative_error(got, exact) < DENDRITES_EXACT


@given(settings())
def test_tail_falls_with_the_threshold__property(setting):
    n, a, s = setting
    tails = np.asarray(log_false_match(n, a, s, np.arange(0, s + 1)))
    assert tails[0] == 0
    assert (tails <= 0).all()
    possible = np.isfinite(tails)
    assert (np.diff(tails[possible]) <= 1e-13).all()
    assert not possible[min(a, s) + 1 :].any()


@given(settings(), st.data())
def test_tail_is_symmetric_in_active_cells_and_synapses__property(setting, data):
    n, a, s = setting
    a = min(a, 300)
    theta = data.draw(st.integers(1, min(a, s)))
    # Passing real cells keeps the helper from interchanging the two on its own.
    one = np.asarray(log_false_match(n, a, s, theta, continuous=True))
    other = np.asarray(log_false_match(n, s, a, theta, continuous=True))
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


@given(settings(), st.data())
def test_tail_rises_with_activity_and_synapses__property(setting, data):
    n, a, s = setting
    theta = data.draw(st.integers(1, s))
    a_values = np.unique(np.clip([a - 1, a, a + 1], 1, n))
    s_values = np.unique(np.clip([s, s + 1, s + 2], theta, n))
    slack = 1e-12
    with np.errstate(invalid="ignore"):
        by_a = np.exp(np.asarray(log_false_match(n, a_values, s, theta)))
        by_s = np.exp(np.asarray(log_false_match(n, a, s_values, theta)))
    assert (np.diff(by_a) >= -slack * by_a[1:]).all()
    assert (np.diff(by_s) >= -slack * by_s[1:]).all()


@given(settings())
def test_masses_add_up__property(setting):
    n, a, s = setting
    overlaps = np.arange(0, s + 1)
    masses = np.exp(np.asarray(log_overlap_pmf(n, a, s, overlaps)))
    assert abs(masses.sum() - 1) < 1e-12
    tails = np.exp(np.asarray(log_false_match(n, a, s, overlaps)))
    np.testing.assert_allclose(np.cumsum(masses[::-1])[::-1], tails, rtol=1e-11, atol=1e-300)


@given(settings(most=400))
def test_overlap_sets_fill_all_patterns__property(setting):
    n, a, s = setting  # Vandermonde: the sets of all overlaps together are all patterns
    sizes = np.asarray(log_overlap_set_size(n, a, s, np.arange(0, s + 1)))
    total = np.logaddexp.reduce(sizes)
    np.testing.assert_allclose(total, float(log_binomial(n, a)), rtol=1e-12, atol=1e-12)


@given(st.integers(1, 200), st.data())
def test_misses_grow_with_noise_and_threshold__property(a, data):
    s = data.draw(st.integers(1, a))
    theta = data.draw(st.integers(1, s))
    swaps = np.arange(0, a + 1)
    missed = np.exp(np.asarray(log_false_negative(a, s, swaps, theta)))
    assert (missed[: s - theta + 1] == 0).all()
    assert (np.diff(missed) >= -1e-12).all()
    harder = np.exp(np.asarray(log_false_negative(a, s, swaps, min(theta + 1, s))))
    assert (harder >= missed - 1e-12).all()


@given(st.floats(-800, -1e-12), st.integers(1, 10**9))
def test_many_segments_stay_under_the_union_bound__property(log_p, m):
    several = float(log_many_segments(log_p, m))
    assert log_p - 1e-12 <= several <= min(0.0, log_p + np.log(m)) + 1e-12
