"""Initial weights and correlated inputs against moments, Cholesky and spectra."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg
from spinebook.geometry import (
    NegativeEntropy,
    alternating_autocovariance,
    signed_lognormal,
    toeplitz_gaussian,
)

from tests.tolerances import GEOMETRY_MOMENT


@pytest.mark.parametrize("exponent", [2.0, 1.0])
def test_sample_covariance_is_the_covariance__brute_force(float64, exponent):
    covariance = alternating_autocovariance(6, exponent)
    draws = np.asarray(toeplitz_gaussian(200_000, covariance, key=jax.random.key(0)))
    np.testing.assert_allclose(np.cov(draws.T), linalg.toeplitz(covariance), atol=GEOMETRY_MOMENT)
    np.testing.assert_allclose(draws.mean(0), 0.0, atol=GEOMETRY_MOMENT)


def test_input_spectrum_limits__closed_form():
    # Fourier series of the autocovariance: between pi / sinh pi and pi coth pi for exponent 2.
    spectrum = linalg.eigvalsh(linalg.toeplitz(alternating_autocovariance(400, 2.0)))
    assert 0 < spectrum[0] - np.pi / np.sinh(np.pi) < 1e-3
    assert 0 < np.pi / np.tanh(np.pi) - spectrum[-1] < 0.03
    slow = linalg.eigvalsh(linalg.toeplitz(alternating_autocovariance(400, 1.0)))
    assert 0 < slow[0] - (2 * np.log(2) - 1) < 1e-3


@pytest.mark.parametrize("features", [100, 1000, 20_000])
@pytest.mark.parametrize("exponent", [2.0, 1.0])
def test_circulant_embedding_exists__brute_force(features, exponent):
    draws = toeplitz_gaussian(
        1, alternating_autocovariance(features, exponent), key=jax.random.key(0)
    )
    assert draws.shape == (1, features)
    assert bool(jnp.all(jnp.isfinite(draws)))


def test_covariance_without_embedding_is_refused__closed_form():
    with pytest.raises(ValueError, match="circulant"):
        toeplitz_gaussian(1, np.array([1.0, 0.9, 0.9, 0.0]), key=jax.random.key(0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda k: toeplitz_gaussian(0, [1.0, 0.5], key=k), "samples"),
        (lambda k: toeplitz_gaussian(1, [], key=k), "empty"),
        (lambda k: toeplitz_gaussian(1, [1.0, np.nan], key=k), "finite"),
        (lambda k: alternating_autocovariance(0, 2.0), "features"),
        (lambda k: alternating_autocovariance(5, 0.0), "exponent"),
        (lambda k: signed_lognormal((3,), -1.0, key=k), "positive"),
        (lambda k: signed_lognormal((3,), key=k, mean_sd_ratio=0.0), "positive"),
    ],
)
def test_bad_arguments_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call(jax.random.key(0))


@pytest.mark.parametrize("ratio", [1.0, 1.5])
def test_log_normal_moments__closed_form(ratio):
    w = np.asarray(signed_lognormal((400_000,), 0.5, key=jax.random.key(0), mean_sd_ratio=ratio))
    size = np.abs(w)
    assert abs(np.sqrt(np.mean(w**2)) / 0.5 - 1) < GEOMETRY_MOMENT
    assert abs(size.mean() / size.std() / ratio - 1) < GEOMETRY_MOMENT
    assert abs(np.mean(np.sign(w))) < GEOMETRY_MOMENT
    assert np.all(w != 0)


def test_log_normal_start_of_the_robustness_experiment__published():
    w = np.log(np.abs(signed_lognormal((400_000,), np.sqrt(2 / 1000), key=jax.random.key(1))))
    assert abs(w.mean() + 3.8005) < GEOMETRY_MOMENT
    assert abs(w.std() - 0.8326) < GEOMETRY_MOMENT


def test_entropic_dual_of_normal_weights__closed_form(float64):
    # log|N(0, 1/D)| has mean -(ln D)/2 - 0.6352 and variance pi^2 / 8.
    D = 1000
    w = jax.random.normal(jax.random.key(0), (400_000,)) / np.sqrt(D)
    log_size = np.asarray(jnp.abs(NegativeEntropy().dual(jnp.abs(w)) - 1) * -1.0)
    assert abs(log_size.mean() + np.log(D) / 2 + 0.6352) < GEOMETRY_MOMENT
    assert abs(log_size.var() - np.pi**2 / 8) < GEOMETRY_MOMENT
