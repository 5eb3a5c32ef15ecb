"""Spectrum summaries against matrices with known spectra, NumPy, and the limits of random ones."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.regimes import (
    effective_rank,
    entropy_rank,
    gaussian_init,
    low_rank_init,
    non_normality,
    participation_ratio,
    spectral_radius,
    spectrum_summary,
    stable_rank,
)

from tests.tolerances import REGIMES_THEORY_EXACT, REGIMES_THEORY_RANDOM_MATRIX


def test_diagonal_matrix__closed_form():
    summary = spectrum_summary(np.diag([-4.0, 2.0, 2.0, 0.0]))
    p = np.array([0.5, 0.25, 0.25])
    expected = (8 / 16, 24**2 / 288, 24 / 16, np.exp(-p @ np.log(p)), 4, 4, np.sqrt(24), 0)
    np.testing.assert_allclose(summary, expected, atol=1e-7)


def test_random_matrix__brute_force():
    weights = np.random.default_rng(0).normal(size=(2, 3, 12, 12))
    summary = spectrum_summary(weights)
    for index in np.ndindex(2, 3):
        matrix = weights[index]
        moduli = np.abs(np.linalg.eigvals(matrix))
        gram = matrix.T @ matrix
        size = np.trace(gram)
        expected = {
            "effective_rank": moduli.sum() / (12 * moduli.max()),
            "participation_ratio": size**2 / np.sum(gram**2),
            "stable_rank": size / np.linalg.norm(matrix, 2) ** 2,
            "spectral_radius": moduli.max(),
            "non_normality": np.sqrt((size - np.sum(moduli**2)) / size),
        }
        for name, value in expected.items():
            assert abs(getattr(summary, name)[index] - value) < REGIMES_THEORY_EXACT


def test_single_summaries_are_those_of_the_report__property():
    weights = np.random.default_rng(1).normal(size=(5, 8, 8))
    summary = spectrum_summary(weights)
    for function in (
        effective_rank,
        participation_ratio,
        stable_rank,
        entropy_rank,
        spectral_radius,
        non_normality,
    ):
        assert np.array_equal(function(weights), getattr(summary, function.__name__))
        assert function(weights).dtype == np.float64


def test_rank_one_has_effective_rank_one_over_n__closed_form():
    # In float32 as well: rounding of the 299 missing directions must not be counted.
    weights = low_rank_init(300, 1, key=jax.random.key(0))
    assert abs(300 * effective_rank(weights) - 1) < 1e-12
    assert abs(spectral_radius(weights) - abs(np.trace(weights))) < 1e-5
    assert abs(participation_ratio(weights) - 1) < 1e-6


@pytest.mark.parametrize("rank", [1, 3, 10])
def test_low_rank_eigenvalues__independent_package(rank):
    weights = np.asarray(low_rank_init(60, rank, key=jax.random.key(1)), np.float64)
    moduli = np.sort(np.abs(np.linalg.eigvals(weights)))[-rank:]
    summary = spectrum_summary(weights)
    assert abs(summary.spectral_radius - moduli[-1]) < 1e-5
    assert abs(summary.effective_rank - moduli.sum() / (60 * moduli[-1])) < 1e-5


def test_gaussian_matrices__published():
    draws = np.stack([gaussian_init(300, key=jax.random.key(seed)) for seed in range(6)])
    summary = spectrum_summary(draws)
    assert abs(summary.effective_rank.mean() - 0.645) < REGIMES_THEORY_RANDOM_MATRIX
    assert abs(summary.participation_ratio.mean() / 300 - 0.499) < 0.002
    assert abs(summary.spectral_radius.mean() - 1.30) < 2 * REGIMES_THEORY_RANDOM_MATRIX


def test_gaussian_rectangle__closed_form():
    # PR = d / (1 + d / h) for Gaussian (h, d) matrices, to leading order.
    weights = np.random.default_rng(2).normal(size=(10, 200, 100))
    assert abs(participation_ratio(weights).mean() / (100 / 1.5) - 1) < REGIMES_THEORY_RANDOM_MATRIX


@given(seed=st.integers(0, 1000), n=st.integers(1, 7), factor=st.floats(1e-3, 1e3))
def test_bounds_and_scale__property(seed, n, factor):
    weights = np.random.default_rng(seed).normal(size=(n, n))
    summary, scaled = spectrum_summary(weights), spectrum_summary(factor * weights)
    small = 1 - 1e-12
    assert small / n <= summary.effective_rank <= 1 / small
    assert small <= summary.stable_rank <= summary.participation_ratio / small
    assert summary.participation_ratio <= summary.stable_rank**2 / small
    assert summary.stable_rank <= n / small
    assert small <= summary.entropy_rank <= n / small
    assert 0 <= summary.non_normality <= 1
    for name in ("effective_rank", "participation_ratio", "stable_rank", "entropy_rank"):
        assert abs(getattr(scaled, name) / getattr(summary, name) - 1) < 1e-8


def test_normal_matrices_do_not_depart__closed_form():
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(9, 9)))[0]
    assert non_normality(rotation) < 1e-7
    assert non_normality(rotation + rotation.T) < 1e-7
    assert abs(non_normality(np.triu(np.ones((4, 4)), 1)) - 1) < REGIMES_THEORY_EXACT


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (np.zeros((3, 3)), ValueError, "all zero"),
        (np.stack([np.eye(2), np.zeros((2, 2))]), ValueError, "all zero"),
        (np.full((2, 2), np.inf), ValueError, "finite"),
    ],
)
def test_bad_weights_are_refused__property(weights, error, message):
    for function in (spectrum_summary, participation_ratio, effective_rank):
        with pytest.raises(error, match=message):
            function(weights)


def test_traced_weights_are_refused__property():
    with pytest.raises(TypeError, match="outside jit"):
        jax.jit(effective_rank)(np.eye(3))
