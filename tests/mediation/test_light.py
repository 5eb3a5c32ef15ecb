"""Light on several neurons: moments in closed form and neuron by neuron."""

import jax
import numpy as np
import pytest
from spinebook.mediation.instrument import instrument_estimate
from spinebook.mediation.light import lit_neurons

from tests.tolerances import MEDIATION_STANDARD_ERRORS

N = 50_000


@pytest.mark.parametrize("lit", [1, 20])
def test_instrument_sums_all_lit_neurons__closed_form(lit):
    sample = lit_neurons(N, lit, key=jax.random.key(lit))
    x, m, y, _, p = sample
    found = instrument_estimate(x, m, y, p)
    assert abs(found.beta - lit * 0.008) < MEDIATION_STANDARD_ERRORS * found.beta_error
    assert abs(found.alpha - 0.5) < MEDIATION_STANDARD_ERRORS * found.alpha_error


def test_sum_of_the_others_is_one_gaussian__brute_force():
    """Five neurons drawn one by one have the same covariances of X, M_1, Y, U and P."""
    rng = np.random.default_rng(0)
    x, u, p, error = rng.normal(size=(4, N))
    each = 0.5 * x + np.sqrt(0.3) * u + np.sqrt(0.6) * rng.normal(size=(5, N))
    each[:2] += 0.7 * p
    y = 0.3 * x + 0.8 * each.mean(axis=0) + error
    expected = np.stack([x, each[0], y, u, p])
    drawn = np.stack(
        lit_neurons(
            N, 2, key=jax.random.key(1), neurons=5, shared_variance=0.3, private_variance=0.6
        )
    ).astype(float)
    gap = np.cov(drawn) - np.cov(expected)
    variances = np.diag(np.cov(expected))
    # Var of a sample covariance of Gaussians is (s_ii s_jj + s_ij^2) / n, here of two samples.
    error = np.sqrt(2 * (np.outer(variances, variances) + np.cov(expected) ** 2) / N)
    assert (np.abs(gap) < MEDIATION_STANDARD_ERRORS * error).all()


def test_counts_are_checked__property():
    with pytest.raises(ValueError, match="lit"):
        lit_neurons(10, 101, key=jax.random.key(0))
    with pytest.raises(ValueError, match="lit"):
        lit_neurons(10, 0, key=jax.random.key(0))
