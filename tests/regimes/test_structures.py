"""Structured connectivity: equal sizes, the signs and motifs it promises, outliers from theory."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.regimes import (
    STRUCTURES,
    Blocks,
    ChainMotifs,
    Dale,
    DistanceDependent,
    Gaussian,
    SoftRank,
    SparseLogNormal,
    effective_rank,
    spectrum_summary,
    structured_init,
)

from tests.tolerances import (
    REGIMES_THEORY_FLOAT32,
    REGIMES_THEORY_RANDOM_MATRIX,
)

N, SEEDS = 300, 6
ONLY = 1e9  # a strength beside which the Gaussian part vanishes


@functools.cache
def draws(structure):
    keys = jax.random.split(jax.random.key(0), SEEDS)
    return np.asarray(jax.jit(jax.vmap(lambda key: structured_init(structure, N, key=key)))(keys))


def only_means(structure, n=N, seed=0):
    with jax.enable_x64(True):
        key = jax.random.key(seed)
        return np.asarray(structured_init(structure, n, key=key, dtype=jnp.float64))


def test_there_are_enough_to_correlate__property():
    assert len(STRUCTURES) >= 8
    assert len({structure.name for structure in STRUCTURES}) == len(STRUCTURES)
    assert len(set(STRUCTURES)) == len(STRUCTURES)  # frozen, so usable as static arguments


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
def test_size_is_that_of_the_paired_null__property(structure):
    key = jax.random.key(7)
    null = structured_init(Gaussian(), 60, 1.5, key=key)
    weights = structured_init(structure, 60, 1.5, key=key)
    norms = [np.linalg.norm(np.asarray(matrix, float)) for matrix in (weights, null)]
    assert abs(norms[0] / norms[1] - 1) < REGIMES_THEORY_FLOAT32
    assert abs(norms[1] / (1.5 * np.sqrt(60)) - 1) < 0.1
    assert np.array_equal(weights, structured_init(structure, 60, 1.5, key=key))
    assert not np.array_equal(weights, structured_init(structure, 60, 1.5, key=jax.random.key(8)))


def test_unbalanced_dale_has_the_outlier__closed_form():
    summary = spectrum_summary(draws(Dale()))
    expected = 0.6 * np.sqrt(2 / np.pi) * 1.25 * np.sqrt(N)
    assert abs(expected - 10.36) < 0.01
    assert abs(summary.spectral_radius.mean() / expected - 1) < REGIMES_THEORY_RANDOM_MATRIX
    assert abs(summary.effective_rank.mean() - 0.052) < 0.001


def test_unbalanced_dale_bulk__closed_form():
    moduli = np.sort(np.abs(np.linalg.eigvals(draws(Dale())[0])))
    assert abs(moduli[-2] - 1.25 * np.sqrt(1 - 2 / np.pi)) < 0.08  # edge of the bulk, one draw


def test_balanced_dale__published():
    summary = spectrum_summary(draws(Dale(balanced=True)))
    # Published: mean .33, range .21 to .39 over some draws; the standard deviation is .04.
    assert abs(summary.effective_rank.mean() - 0.33) < 0.03
    assert 0.2 <= summary.effective_rank.min() <= summary.effective_rank.max() <= 0.45
    assert 0.8 <= summary.spectral_radius.min() <= summary.spectral_radius.max() <= 1.8
    assert abs(summary.participation_ratio.mean() - 2.42) < REGIMES_THEORY_RANDOM_MATRIX


def test_balanced_dale_participation_in_large_networks__closed_form():
    weights = structured_init(Dale(balanced=True), 1000, key=jax.random.key(0))
    gram = np.asarray(weights, float).T @ np.asarray(weights, float)
    participation = np.trace(gram) ** 2 / np.sum(gram**2)
    assert abs(participation / (np.pi / 2) ** 2 - 1) < 0.01


@pytest.mark.parametrize("structure", [Dale(0.75), Dale(0.75, balanced=True), SparseLogNormal()])
def test_dale_signs__property(structure):
    weights = np.asarray(structured_init(structure, 40, key=jax.random.key(0)))
    excitatory = round(structure.excitatory * 40)
    assert np.all(weights[:, :excitatory] >= 0)
    assert np.all(weights[:, excitatory:] <= 0)


def test_balance_removes_the_mean__closed_form():
    weights = draws(Dale(balanced=True))
    means = weights.mean(axis=(1, 2))
    assert abs(means.mean()) < 4 * means.std() / np.sqrt(SEEDS)
    assert draws(Dale()).mean(axis=(1, 2)).min() > 10 * abs(means).max()


def test_block_means_have_the_rank_of_the_groups__closed_form():
    groups = 4
    weights = only_means(Blocks(groups, ONLY), n=31)
    values = np.linalg.svd(weights, compute_uv=False)
    assert np.sum(values > 1e-6 * values[0]) == groups
    assert len(np.unique(weights.round(5))) == groups**2


@pytest.mark.parametrize("correlation", [0.9, -0.9])
def test_chains_make_a_pair_of_outliers__closed_form(correlation):
    weights = only_means(ChainMotifs(ONLY, correlation))
    # W = x 1^T + 1 y^T up to a multiple: the two eigenvalues solve a quadratic equation.
    x, y = weights.mean(axis=1) - weights.mean() / 2, weights.mean(axis=0) - weights.mean() / 2
    np.testing.assert_allclose(weights, x[:, None] + y[None, :], atol=1e-6)
    expected = np.roots([1, -x.sum() - y.sum(), x.sum() * y.sum() - N * x @ y])
    eigenvalues = np.linalg.eigvals(weights)
    found = eigenvalues[np.argsort(-np.abs(eigenvalues))[:2]]
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-5)
    assert (np.abs(found.imag).max() < 1e-5) == (correlation > 0)


def test_ring_is_circulant__independent_package():
    weights = only_means(DistanceDependent(0.1, ONLY), n=50)
    expected = np.sort(np.fft.fft(weights[0]).real)
    np.testing.assert_allclose(np.linalg.eigvalsh(weights), expected, atol=1e-6)
    assert abs(weights[0, 5] / weights[0, 0] - np.exp(-1)) < 1e-6
    assert abs(weights[0, 45] / weights[0, 0] - np.exp(-1)) < 1e-6


def test_soft_rank_singular_values__closed_form():
    values = np.linalg.svd(only_means(SoftRank(4.0), n=30), compute_uv=False)
    np.testing.assert_allclose(values[1:] / values[:-1], np.exp(-1 / 4), rtol=1e-8)
    ratio = np.exp(-1 / 4)
    participation = (1 + ratio**2) / (1 - ratio**2)  # geometric series, up to e^(-15)
    summary = spectrum_summary(only_means(SoftRank(4.0), n=30))
    assert abs(summary.participation_ratio - participation) < 1e-3
    assert participation > 1


def test_sparse_log_normal__closed_form():
    weights = draws(SparseLogNormal(0.2, 0.5))
    present = weights != 0
    assert abs(present.mean() - 0.2) < 4 * np.sqrt(0.16 / weights.size)
    excitatory = weights[:, :, :240]
    sizes = np.concatenate([np.log(matrix[matrix > 0]) for matrix in excitatory])
    assert abs(np.std(sizes) / 0.5 - 1) < REGIMES_THEORY_RANDOM_MATRIX


def test_no_strength_is_the_null__closed_form():
    key = jax.random.key(2)
    null = structured_init(Gaussian(), 60, key=key)
    for structure in (Blocks(3, 0.0), ChainMotifs(0.0), DistanceDependent(0.1, 0.0)):
        np.testing.assert_allclose(structured_init(structure, 60, key=key), null, rtol=1e-6)


def test_effective_ranks_spread__property():
    keys = jax.random.split(jax.random.key(3), 4)
    found = [
        effective_rank(np.stack([structured_init(s, 60, key=key) for key in keys])).mean()
        for s in STRUCTURES
    ]
    assert max(found) == found[0]  # the null is highest
    assert min(found) < 0.15
    assert np.max(np.diff(np.sort(found))) < 0.3  # no gap that would make a correlation of two


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dale(1.0), "strictly between"),
        (lambda: Dale(-0.1), "between 0 and 1"),
        (lambda: Blocks(0), "at least 1"),
        (lambda: Blocks(2, -1.0), "not be negative"),
        (lambda: ChainMotifs(correlation=1.5), "between -1 and 1"),
        (lambda: DistanceDependent(0.0), "positive"),
        (lambda: SoftRank(-1.0), "positive"),
        (lambda: SparseLogNormal(0.0), "positive"),
        (lambda: SparseLogNormal(spread=-1.0), "negative"),
        (lambda: structured_init(Dale(), 2, key=jax.random.key(0)), "more units"),
        (lambda: structured_init(Gaussian(), 0, key=jax.random.key(0)), "at least 1"),
    ],
)
def test_bad_numbers_are_refused__property(make, message):
    with pytest.raises(ValueError, match=message):
        make()
