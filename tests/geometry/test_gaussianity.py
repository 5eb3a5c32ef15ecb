"""The statistic against laws with known distances, SciPy, and simulation of its null."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from spinebook.geometry import (
    alternating_autocovariance,
    gaussianity_distance,
    gaussianity_null_mean,
    gaussianity_null_sample,
    toeplitz_gaussian,
)

from tests.tolerances import GEOMETRY_GRID, GEOMETRY_NULL

pytestmark = pytest.mark.usefixtures("float64")


def quantile_sample(law, n=400_001):
    """Return the mid-quantiles of a unit-variance law: a sample without sampling noise."""
    return law.ppf((np.arange(n) + 0.5) / n)


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)), 0.15428),
        (stats.laplace(scale=np.sqrt(0.5)), 0.14481),
        (stats.logistic(scale=np.sqrt(3) / np.pi), 0.05913),
        (stats.t(5, scale=np.sqrt(3 / 5)), 0.1002),
    ],
)
def test_distance_of_a_known_law__closed_form(law, expected):
    distance = float(gaussianity_distance(quantile_sample(law)))
    assert abs(distance - expected) < 10 * GEOMETRY_GRID


@pytest.mark.parametrize(
    ("sigma", "expected"), [(0.5, 0.2348), (0.83, 0.3707), (0.9355, 0.4103), (1.0, 0.4337)]
)
def test_distance_of_a_centred_log_normal__closed_form(sigma, expected):
    # Standardise by the exact moments: the sample variance of a log-normal converges slowly.
    law = stats.lognorm(sigma)
    z = (quantile_sample(law) - law.mean()) / law.std()
    grid = np.linspace(-5, 5, 1000)
    direct = np.sum(np.abs(np.searchsorted(z, grid) / len(z) - stats.norm.cdf(grid))) * 10 / 999
    assert abs(direct - expected) < 1e-4
    assert abs(float(gaussianity_distance(z, centred=True)) - expected) < 2e-3


def test_distance_of_signs_on_the_grid__published():
    z = np.tile([-1.0, 1.0], 200_000)
    assert abs(float(gaussianity_distance(z)) - 0.53574) < GEOMETRY_GRID


def test_a_shift_scores_itself__closed_form():
    normal = quantile_sample(stats.norm)
    assert abs(float(gaussianity_distance(normal + 0.3)) - 0.3) < 1e-3
    assert float(gaussianity_distance(normal + 0.3, centred=True)) < 1e-4


def test_is_the_wasserstein_distance__independent_package():
    rng = np.random.default_rng(0)
    z = rng.uniform(-1, 1, 2000)
    z = z / z.std(ddof=1)
    reference = stats.wasserstein_distance(z, quantile_sample(stats.norm))
    assert abs(float(gaussianity_distance(z)) - reference) < 1e-3


def test_matches_the_definition__brute_force():
    rng = np.random.default_rng(1)
    change = rng.exponential(size=(2, 3, 50))
    grid = np.linspace(-5, 5, 1000)
    for centred in (False, True):
        ours = np.asarray(gaussianity_distance(change, centred=centred))
        for index in np.ndindex(2, 3):
            x = change[index] - (change[index].mean() if centred else 0.0)
            z = x / x.std(ddof=1)
            share = np.array([(z < g).mean() for g in grid])
            expected = np.sum(np.abs(share - stats.norm.cdf(grid))) * 10 / 999
            assert abs(ours[index] - expected) < 1e-12


def test_scale_does_not_matter__property():
    change = np.random.default_rng(2).normal(size=500) ** 3
    small, large = gaussianity_distance(1e-6 * change), gaussianity_distance(1e6 * change)
    np.testing.assert_allclose(small, large, rtol=1e-12)


@pytest.mark.parametrize(("centred", "constant"), [(False, 1.18497), (True, 0.83318)])
def test_null_mean__published(centred, constant):
    # The constants are integrals over the whole line; the statistic stops at five.
    mean = gaussianity_null_mean(1_000_000, centred=centred)
    assert -4e-4 < mean * 1000 - constant < 0


@pytest.mark.slow
@pytest.mark.parametrize(("centred", "upper"), [(False, 2.08), (True, 1.19)])
def test_null_sample__brute_force(centred, upper):
    null = gaussianity_null_sample(1000, 4000, centred=centred, key=jax.random.key(0))
    expected = gaussianity_null_mean(1000, centred=centred)
    assert abs(float(jnp.mean(null)) / expected - 1) < GEOMETRY_NULL
    assert abs(float(jnp.quantile(null, 0.95)) * np.sqrt(1000) / upper - 1) < GEOMETRY_NULL


@pytest.mark.slow
@pytest.mark.parametrize("exponent", [2.0, 1.0])
@pytest.mark.parametrize("centred", [False, True])
def test_null_of_a_correlated_sequence__brute_force(exponent, centred):
    n = 1000
    covariance = alternating_autocovariance(n, exponent)
    covariance[0] += 1 / 12
    draws = toeplitz_gaussian(4000, covariance, key=jax.random.key(1))
    simulated = float(jnp.mean(gaussianity_distance(draws, centred=centred)))
    expected = gaussianity_null_mean(n, centred=centred, autocorrelation=covariance / covariance[0])
    assert abs(simulated / expected - 1) < GEOMETRY_NULL


@pytest.mark.parametrize(
    ("change", "message"),
    [(np.ones(1), "two changes"), (np.array([]), "two changes"), ([1.0, np.nan], "NaN")],
)
def test_bad_changes_are_refused__property(change, message):
    with pytest.raises(ValueError, match=message):
        gaussianity_distance(change)


def test_equal_changes_have_no_distance__closed_form():
    assert np.isnan(gaussianity_distance(np.ones(10)))


def test_bad_null_arguments_are_refused__property():
    with pytest.raises(ValueError, match="at least 2"):
        gaussianity_null_mean(1)
    with pytest.raises(ValueError, match="start with 1"):
        gaussianity_null_mean(10, autocorrelation=[0.5, 0.1])
    with pytest.raises(ValueError, match="draws"):
        gaussianity_null_sample(10, 0, key=jax.random.key(0))
