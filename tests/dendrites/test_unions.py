"""The union law, its moments and the false matches of mixed segments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spinebook.dendrites import (
    log_union_false_match,
    union_size_mean,
    union_size_pmf,
    union_size_variance,
)

from tests.dendrites import rationals
from tests.tolerances import DENDRITES_EXACT, DENDRITES_PUBLISHED


def union_rate(*setting):
    return np.exp(float(log_union_false_match(*setting)))


def test_union_law_of_two_small_sets__closed_form():
    law = np.asarray(union_size_pmf(20, 4, 2))
    expected = [1 / 4845, 64 / 4845, 48 / 323, 448 / 969, 364 / 969]
    np.testing.assert_allclose(law[4:9], expected, rtol=DENDRITES_EXACT)
    assert law.shape == (21,)
    assert law[:4].sum() == 0
    assert law[9:].sum() == 0


@pytest.mark.parametrize("setting", [(30, 5, 4), (9, 3, 6), (200, 10, 5), (6, 6, 3)])
def test_union_law__brute_force(setting):
    n, s, m = setting
    law = np.asarray(union_size_pmf(n, s, m))
    exact = np.zeros(n + 1)
    for size, probability in rationals.union_law(n, s, m).items():
        exact[size] = float(probability)
    np.testing.assert_allclose(law, exact, rtol=DENDRITES_EXACT)


def test_union_laws_of_several_sizes_at_once__property():
    laws = np.asarray(union_size_pmf(100, 7, np.array([1, 3, 5])))
    assert laws.shape == (3, 101)
    np.testing.assert_allclose(laws[1], np.asarray(union_size_pmf(100, 7, 3)), rtol=1e-13)
    assert laws[0, 7] == 1


def test_union_moments__published():
    n = np.array([1000, 1000, 20_000, 50])
    s = np.array([25, 25, 25, 5])
    m = np.array([2, 10, 10, 3])
    mean = np.asarray(union_size_mean(n, s, m))
    variance = np.asarray(union_size_variance(n, s, m))
    np.testing.assert_allclose(mean, [49.375, 223.670379, 248.598427, 13.55], rtol=1e-8)
    np.testing.assert_allclose(
        variance, [0.59473536, 19.1244856, 1.37961102, 1.04066951], rtol=1e-8
    )


@given(st.integers(2, 120), st.data())
@settings(max_examples=12)
def test_union_moments_agree_with_the_law__property(n, data):
    s = data.draw(st.integers(1, n))
    m = data.draw(st.integers(1, 6))
    law = np.asarray(union_size_pmf(n, s, m))
    sizes = np.arange(n + 1)
    mean = (law * sizes).sum()
    assert law.sum() == pytest.approx(1, rel=1e-12)
    assert float(union_size_mean(n, s, m)) == pytest.approx(mean, rel=1e-12)
    variance = (law * (sizes - mean) ** 2).sum()
    assert float(union_size_variance(n, s, m)) == pytest.approx(variance, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("setting", [(20, 5, 4, 2, 3), (64, 8, 6, 3, 4), (60, 12, 5, 5, 5)])
def test_exact_union_rate__brute_force(setting):
    n, a, s, m, theta = setting
    exact = rationals.union_false_match(n, a, s, m, theta)
    assert rationals.relative_error(log_union_false_match(*setting), exact) < DENDRITES_EXACT


@pytest.mark.parametrize(
    ("setting", "exact", "rounded", "real"),
    [
        ((20, 5, 4, 2, 3), 213467 / 938961, 0.2067853, None),
        ((64, 8, 6, 3, 4), 0.108715550219, 0.0992461, 0.1071932),
        ((200, 20, 10, 5, 8), 0.0532021176923, 0.0506137, 0.0522013),
        ((20_000, 100, 25, 10, 15), 1.698373e-12, 1.734743e-12, 1.694785e-12),
    ],
)
def test_union_rates__published(setting, exact, rounded, real):
    assert union_rate(*setting) == pytest.approx(exact, rel=1e-6)
    assert union_rate(*setting, "plugin") == pytest.approx(rounded, rel=1e-6)
    if real is not None:
        assert union_rate(*setting, "plugin_real") == pytest.approx(real, rel=1e-6)


@pytest.mark.parametrize(
    ("n", "w", "m", "bloom", "rounded", "exact"),
    [
        (1024, 2, 20, 1.47043e-3, 1.41473e-3, 1.43505e-3),
        (1024, 20, 20, 1.83536e-10, 1.25320e-10, 1.32868e-10),
        (1024, 20, 40, 5.48219e-6, 4.72036e-6, 4.94186e-6),
        (2048, 20, 50, 5.91491e-9, 5.07510e-9, 5.27206e-9),
    ],
)
def test_exact_matches_in_a_union__published(n, w, m, bloom, rounded, exact):
    setting = (n, w, w, m, w)
    got = [union_rate(*setting, mode) for mode in ("bloom", "plugin", "exact")]
    np.testing.assert_allclose(got, [bloom, rounded, exact], rtol=DENDRITES_PUBLISHED)


def test_one_pattern_is_no_mixture__closed_form():
    from spinebook.dendrites import log_false_match

    alone = float(log_false_match(5000, 100, 25, 9))
    assert float(log_union_false_match(5000, 100, 25, 1, 9)) == pytest.approx(alone, rel=1e-14)


def test_saturated_union_always_fires__closed_form():
    assert union_rate(30, 10, 10, 60, 8) == pytest.approx(1, abs=1e-9)


def test_union_rates_broadcast__property():
    table = np.asarray(log_union_false_match(np.array([[500], [900]]), 40, 20, np.array([1, 4]), 9))
    assert table.shape == (2, 2)
    assert (np.diff(table, axis=0) < 0).all()
    assert (np.diff(table, axis=1) > 0).all()
    assert table[1, 0] == pytest.approx(float(log_union_false_match(900, 40, 20, 1, 9)), rel=1e-13)
