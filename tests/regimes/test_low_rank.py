"""Low-rank weights against NumPy's decompositions and the sizes that they must share."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.regimes import gaussian_init, low_rank_init, truncate_rank

from tests.tolerances import (
    REGIMES_THEORY_EXACT,
    REGIMES_THEORY_FLOAT32,
    REGIMES_THEORY_THREE_DIGITS,
)

RANKS = (1, 3, 10, 30, 100, 300)


@pytest.fixture(scope="module")
def sweep():
    """One Gaussian matrix at every rank, from one program."""
    full = gaussian_init(300, key=jax.random.key(0))
    at = jax.jit(lambda rank: truncate_rank(full, rank))
    return full, {rank: np.asarray(at(rank)) for rank in RANKS}


def test_frobenius_norm_does_not_depend_on_rank__property(sweep):
    full, low = sweep
    norms = np.array([np.linalg.norm(weights.astype(float)) for weights in low.values()])
    np.testing.assert_allclose(norms, np.linalg.norm(full), rtol=REGIMES_THEORY_FLOAT32)


def test_numerical_rank_is_the_rank__independent_package(sweep):
    for rank, weights in sweep[1].items():
        assert np.linalg.matrix_rank(weights) == rank


def test_full_rank_is_unchanged__property(sweep):
    full, low = sweep
    assert np.array_equal(low[300], full)


def test_rank_one_has_the_norm_as_singular_value__closed_form(sweep):
    full, low = sweep
    largest = np.linalg.svd(low[1], compute_uv=False)[0]
    assert abs(largest / np.linalg.norm(full) - 1) < REGIMES_THEORY_FLOAT32


def test_largest_singular_values__published(sweep):
    largest = [np.linalg.norm(weights, 2) for weights in sweep[1].values()]
    # Published means over draws; one draw's leading value lies within 1 % of them.
    np.testing.assert_allclose(
        largest, [21.7, 12.6, 7.1, 4.4, 2.86, 2.46], rtol=2 * REGIMES_THEORY_THREE_DIGITS
    )


def test_radius_of_rank_one_is_half_normal__closed_form():
    # The eigenvalue of a rank-one start is N(0, g^2): mean modulus g sqrt(2 / pi).
    def radius(key):
        return jnp.abs(jnp.trace(low_rank_init(60, 1, key=key)))

    radii = np.asarray(jax.lax.map(radius, jax.random.split(jax.random.key(1), 1000)))
    error = radii.std() / np.sqrt(len(radii))
    assert abs(radii.mean() - 1.25 * np.sqrt(2 / np.pi)) < 4 * error


@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (9, 5), (5, 9)])
def test_truncation__independent_package(float64, rows, columns):
    weights = np.random.default_rng(0).normal(size=(rows, columns))
    left, values, right = np.linalg.svd(weights, full_matrices=False)
    for rank in range(1, 5):
        low = (left[:, :rank] * values[:rank]) @ right[:rank]
        frobenius = low * np.linalg.norm(weights) / np.linalg.norm(low)
        np.testing.assert_allclose(
            truncate_rank(weights, rank), frobenius, atol=REGIMES_THEORY_EXACT
        )
        np.testing.assert_allclose(
            truncate_rank(weights, rank, "spectral"), low, atol=REGIMES_THEORY_EXACT
        )


def test_radius_is_matched__independent_package(float64):
    weights = np.random.default_rng(1).normal(size=(20, 20))
    for rank in (1, 4, 20):
        low = np.asarray(truncate_rank(weights, rank, "radius"))
        radii = [np.abs(np.linalg.eigvals(matrix)).max() for matrix in (low, weights)]
        assert abs(radii[0] / radii[1] - 1) < REGIMES_THEORY_EXACT
        assert np.linalg.matrix_rank(low) == rank


def test_ranks_may_be_mapped__property():
    weights = gaussian_init(20, key=jax.random.key(0))
    ranks = jnp.array([1, 5, 20])
    together = jax.vmap(lambda rank: truncate_rank(weights, rank))(ranks)
    for rank, low in zip(ranks, together, strict=True):
        np.testing.assert_allclose(low, truncate_rank(weights, int(rank)), atol=1e-6)
    assert np.array_equal(together[-1], weights)
    assert np.all(np.isnan(jax.jit(lambda rank: truncate_rank(weights, rank))(0)))


def test_precision_is_that_of_the_weights__property(float64):
    assert low_rank_init(5, 2, key=jax.random.key(0)).dtype == jnp.float32
    assert low_rank_init(5, 2, key=jax.random.key(0), dtype=jnp.float64).dtype == jnp.float64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.eye(4), 0), "between 1 and 4"),
        ((np.eye(4), 5), "between 1 and 4"),
        ((np.ones((3, 2)), 3), "between 1 and 2"),
        ((np.eye(4), 1.5), "whole number"),
        ((np.eye(4), 2, "nuclear"), "match must be one of"),
        ((np.ones((3, 2)), 1, "radius"), "square"),
        ((np.zeros((3, 3)), 1), "all zero"),
        ((np.full((3, 3), np.nan), 1), "finite"),
    ],
)
def test_bad_truncations_are_refused__property(arguments, message):
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(truncate_rank)(*arguments)  # without the tests' own check of types


@pytest.mark.parametrize(
    ("n", "gain", "message"),
    [(0, 1.0, "at least 1"), (3, -1.0, "positive"), (3, float("inf"), "finite")],
)
def test_bad_sizes_are_refused__property(n, gain, message):
    with pytest.raises(ValueError, match=message):
        gaussian_init(n, gain, key=jax.random.key(0))
