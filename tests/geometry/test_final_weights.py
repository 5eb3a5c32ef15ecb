"""The law of final weights and its fits against closed forms, sampling and published fits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, optimize, stats
from spinebook.geometry import (
    HyperbolicEntropy,
    NegativeEntropy,
    PNorm,
    final_weight_cdf,
    final_weight_density,
    fit_final_weights,
    fit_free_initial_weights,
    microns_synapse_sizes,
)

from tests.tolerances import GEOMETRY_MOMENT

EDGES, COUNTS = microns_synapse_sizes()


def test_entropic_law_is_log_normal__closed_form():
    w = np.linspace(0.01, 3, 50)
    expected = stats.lognorm(0.5, scale=0.3)
    args = (NegativeEntropy(), 0.5, [0.3])
    np.testing.assert_allclose(final_weight_density(w, *args), expected.pdf(w), rtol=1e-10)
    np.testing.assert_allclose(final_weight_cdf(w, *args), expected.cdf(w), rtol=1e-10)


def test_euclidean_law_is_normal__closed_form():
    w = np.linspace(-1, 1, 50)
    args = (PNorm(2.0), 0.5, [0.3])
    np.testing.assert_allclose(
        final_weight_density(w, *args), stats.norm(0.3, 0.5).pdf(w), rtol=1e-12
    )


def test_three_norm_law_vanishes_at_zero__closed_form():
    w, c, sigma = np.linspace(-1, 1, 51), 0.4, 0.1
    expected = 2 * np.abs(w) * stats.norm.pdf(w * np.abs(w), c**2, sigma)
    density = final_weight_density(w, PNorm(3.0), sigma, [c])
    np.testing.assert_allclose(density, expected, rtol=1e-10, atol=1e-300)
    assert float(density[25]) == 0.0


@pytest.mark.parametrize(
    "potential",
    [NegativeEntropy(), PNorm(1.5), PNorm(2.0), PNorm(3.0), HyperbolicEntropy(0.2)],
    ids=lambda p: p.name,
)
def test_density_integrates_to_the_distribution__brute_force(potential):
    args = (potential, 0.3, [0.5, -0.8], [0.7, 0.3])
    ends = np.array([[-1.5, -0.2], [0.1, 0.4], [0.4, 2.0]])
    mass = [
        integrate.quad(lambda w: float(final_weight_density([w], *args)[0]), *pair)[0]
        for pair in ends
    ]
    expected = np.diff(np.asarray(final_weight_cdf(ends.ravel(), *args)).reshape(3, 2))[:, 0]
    np.testing.assert_allclose(mass, expected, atol=1e-7)


@pytest.mark.parametrize(
    "potential", [NegativeEntropy(), PNorm(1.5), PNorm(3.0)], ids=lambda p: p.name
)
def test_distribution_matches_sampled_weights__brute_force(float64, potential):
    noise = 0.3 * jax.random.normal(jax.random.key(0), (200_000,))
    w = potential.primal(potential.dual(0.5) + noise, jnp.array(1.0))
    for q in (0.3, 0.5, 0.8):
        share = float(jnp.mean(w <= q))
        assert abs(share - float(final_weight_cdf([q], potential, 0.3, [0.5])[0])) < GEOMETRY_MOMENT


def test_no_euclidean_law_is_positive__closed_form():
    # A Gaussian change has a density on the whole line, so some weights must end below zero.
    for start in (0.1, 1.0, 3.0):
        assert float(final_weight_cdf([0.0], PNorm(2.0), 0.1, [start])[0]) > 0.0 or start > 3.5
    assert float(final_weight_cdf([0.0], NegativeEntropy(), 5.0, [0.1])[0]) == 0.0


def test_one_constant_fit_is_the_log_normal_fit__independent_package():
    fit = fit_final_weights(EDGES, COUNTS, NegativeEntropy(), 1)

    def loss(theta):
        cdf = stats.norm.cdf(np.log(EDGES), theta[0], np.exp(theta[1]))
        return -np.sum(COUNTS * np.log(np.maximum(np.diff(cdf), 1e-300)))

    reference = optimize.minimize(
        loss, [-2.7, -0.1], method="Nelder-Mead", options={"fatol": 1e-10}
    )
    assert abs(-fit.log_likelihood - reference.fun) < 1e-4
    assert abs(np.log(fit.initial[0]) - reference.x[0]) < 1e-3


@pytest.mark.parametrize(
    ("potential", "two", "one"),
    [
        (NegativeEntropy(), 1956.0, 1984.6),
        (PNorm(1.5), 2017.3, 2081.1),
        (PNorm(2.0), 2182.5, 2290.2),
        (PNorm(3.0), 2787.0, 2968.9),
    ],
    ids=lambda p: getattr(p, "name", ""),
)
def test_fits_to_synapse_sizes__brute_force(potential, two, one):
    # Values of an independent NumPy fit of the same counts, to the digit shown.
    assert abs(fit_final_weights(EDGES, COUNTS, potential, 2).bic - two) < 0.6
    assert abs(fit_final_weights(EDGES, COUNTS, potential, 1).bic - one) < 0.6


@pytest.mark.slow
def test_free_start_beats_two_constants__brute_force():
    support = np.geomspace(0.005, 1.1, 400)
    free = fit_free_initial_weights(EDGES, COUNTS, PNorm(2.0), 0.01, support)
    assert abs(-free.log_likelihood - 962.3) < 0.2
    assert 0 < free.negative_mass < 0.002
    with pytest.raises(ValueError, match="no parameter count"):
        _ = free.bic


def test_recovers_what_made_the_counts__closed_form():
    edges = np.geomspace(0.01, 1.0, 40)
    law = np.asarray(final_weight_cdf(edges, NegativeEntropy(), 0.4, [0.05, 0.3], [0.6, 0.4]))
    counts = np.round(1e6 * np.diff(law))
    fit = fit_final_weights(edges, counts, NegativeEntropy(), 2)
    order = np.argsort(fit.initial)
    np.testing.assert_allclose(fit.initial[order], [0.05, 0.3], rtol=GEOMETRY_MOMENT)
    np.testing.assert_allclose(fit.shares[order], [0.6, 0.4], rtol=GEOMETRY_MOMENT)
    np.testing.assert_allclose(fit.sigma, 0.4, rtol=GEOMETRY_MOMENT)


@pytest.mark.parametrize(
    ("edges", "counts", "message"),
    [
        ([1.0, 2.0], [1, 2], "one more"),
        ([-1.0, 1.0, 2.0], [1, 2], "positive and rise"),
        ([2.0, 1.0, 3.0], [1, 2], "positive and rise"),
        ([1.0, 2.0, 3.0], [0, 0], "nothing to fit"),
        ([1.0, 2.0, 3.0], [-1, 2], "at least 0"),
        ([1.0, 2.0, 3.0], [0.5, 2], "whole number"),
        ([1.0, np.nan, 3.0], [1, 2], "finite"),
    ],
)
def test_bad_histograms_are_refused__property(edges, counts, message):
    with pytest.raises(ValueError, match=message):
        fit_final_weights(edges, counts, PNorm(2.0), 1)


def test_bad_laws_are_refused__property():
    with pytest.raises(ValueError, match="sigma"):
        final_weight_density([0.1], PNorm(2.0), 0.0, [0.1])
    with pytest.raises(ValueError, match="sum to 1"):
        final_weight_density([0.1], PNorm(2.0), 0.1, [0.1, 0.2], [0.9, 0.2])
    with pytest.raises(ValueError, match="without zeros"):
        final_weight_cdf([0.1], NegativeEntropy(), 0.1, [0.0])
    with pytest.raises(ValueError, match="1 or 2"):
        fit_final_weights(EDGES, COUNTS, PNorm(2.0), 3)
