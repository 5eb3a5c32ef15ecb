"""Changes of known geometry, and the two-weight paths, against independent values and formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.geometry import (
    NegativeEntropy,
    PNorm,
    scan_known_changes,
    signed_lognormal,
)
from spinebook.geometry.studies import descent_paths, update_jacobian

from tests import tolerances

# Mean distance at (entropy, 1.5, 2, 2.5, 3) found independently with 30 seeds of 1,000 weights.
NORMAL_START = [
    (NegativeEntropy(), (0.037, 0.109, 0.246, 0.361, 0.451)),
    (PNorm(2.0), (0.671, 0.296, 0.038, 0.110, 0.247)),
    (PNorm(3.0), (0.595, 0.507, 0.288, 0.088, 0.035)),
]
LOG_NORMAL_START = [
    (NegativeEntropy(), (0.040, 0.114, 0.309, 0.481, 0.600)),
    (PNorm(2.0), (0.584, 0.267, 0.040, 0.126, 0.314)),
    (PNorm(3.0), (0.349, 0.270, 0.088, 0.038, 0.037)),
]


def noise(truth, size):
    return 0.1 * abs(float(truth.dual(size)))


@pytest.mark.parametrize(("truth", "expected"), NORMAL_START)
def test_normal_start__published(truth, expected):
    start = 0.1 * jax.random.normal(jax.random.key(0), (200, 1000))
    found, _ = scan_known_changes(truth, start, noise(truth, 0.1), key=jax.random.key(1))
    np.testing.assert_allclose(found.mean(axis=1), expected, atol=tolerances.GEOMETRY_KNOWN_CHANGE)


@pytest.mark.parametrize(("truth", "expected"), LOG_NORMAL_START)
def test_log_normal_start__published(truth, expected):
    start = signed_lognormal((200, 1000), (2 / 1000) ** 0.5, key=jax.random.key(0))
    found, _ = scan_known_changes(truth, start, noise(truth, 0.1), key=jax.random.key(1))
    np.testing.assert_allclose(found.mean(axis=1), expected, atol=tolerances.GEOMETRY_KNOWN_CHANGE)


@pytest.mark.slow
def test_share_of_sign_flips__closed_form():
    """From a weight of 1, noise of size s flips the sign with probability Phi(-1/s)."""
    from scipy.stats import norm

    start = jnp.ones((4, 50_000))
    _, flips = scan_known_changes(PNorm(2.0), start, 0.8, key=jax.random.key(0))
    expected = norm.cdf(-1 / 0.8)
    assert float(flips.mean()) == pytest.approx(expected, abs=4 * (expected / 200_000) ** 0.5)
    _, flips = scan_known_changes(NegativeEntropy(), start, 0.8, key=jax.random.key(0))
    assert float(flips.max()) == 0.0


@pytest.mark.parametrize("size", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_noise_is_refused__property(size):
    with pytest.raises(ValueError, match="noise must be positive"):
        scan_known_changes(PNorm(2.0), jnp.ones((2, 10)), size, key=jax.random.key(0))


def test_euclidean_path_on_a_quadratic__closed_form():
    """Gradient descent on half the squared distance shrinks it by 1 - rate at each step."""
    goal, start = jnp.array([1.0, -2.0]), jnp.array([3.0, 1.0])
    path = descent_paths(
        lambda w: 0.5 * jnp.sum((w - goal) ** 2), start, PNorm(2.0), rate=0.1, steps=20
    )
    expected = goal + 0.9 ** np.arange(21)[:, None] * (start - goal)
    np.testing.assert_allclose(path, expected, atol=tolerances.GEOMETRY_FLOAT32_STEP * 10)


@pytest.mark.parametrize("potential", [NegativeEntropy(), PNorm(1.5), PNorm(3.0)])
def test_separable_updates_are_local__closed_form(potential):
    assert update_jacobian(potential) == 0.0
