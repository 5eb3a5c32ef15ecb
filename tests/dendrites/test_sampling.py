"""Samplers against the exact laws; every chi-square limit is the 99.99 % quantile."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2, chisquare
from spinebook.dendrites import (
    estimate_rare_match,
    log_false_match,
    log_overlap_pmf,
    overlap_histogram,
    random_activity,
    random_subset,
    sample_overlap,
    sample_tilted_overlap,
    segment_match,
    swap_noise,
)
from spinebook.dendrites.words import random_words, word_seeds

LEVEL = 0.9999


def deviation(counts, n, a, s):
    """Chi-square of overlap counts against the exact law, rare overlaps pooled at either end."""
    expected = counts.sum() * np.exp(np.asarray(log_overlap_pmf(n, a, s, np.arange(s + 1))))
    kept = np.flatnonzero(expected >= 10)
    first, last = kept[0], kept[-1]

    def pool(x):
        return np.concatenate([[x[: first + 1].sum()], x[first + 1 : last], [x[last:].sum()]])

    observed, expected = pool(counts), pool(expected)
    return ((observed - expected) ** 2 / expected).sum(), chi2.ppf(LEVEL, len(expected) - 1)


@pytest.mark.parametrize("method", ["inverse", "sequential"])
@pytest.mark.parametrize(
    "setting", [(2000, 128, 24), (300, 64, 25), (200_000, 6000, 30), (9, 5, 7)]
)
def test_sample_overlap__closed_form(setting, method):
    draws = sample_overlap(*setting, (400_000,), key=jax.random.key(3), method=method)
    statistic, limit = deviation(np.bincount(draws, minlength=setting[2] + 1), *setting)
    assert statistic < limit


def test_overlap_histogram__closed_form():
    counts = overlap_histogram(500, 128, 24, 700_001, key=jax.random.key(5))
    assert counts.sum() == 700_001
    assert counts.dtype == np.int64
    statistic, limit = deviation(counts, 500, 128, 24)
    assert statistic < limit


def test_overlap_histogram_is_repeatable__property():
    key = jax.random.key(6)  # whatever the order in which threads finish
    first, again = (overlap_histogram(900, 256, 24, 1_000_000, key=key) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_random_words_are_uniform__brute_force():
    seed = word_seeds(jax.random.key(4), 1)[0]
    first, second = (np.asarray(x) for x in random_words(seed, (50_000, 2)))
    for words in (first, second, first ^ second):
        for byte in range(4):
            counts = np.bincount(((words >> (8 * byte)) & 255).ravel(), minlength=256)
            assert chisquare(counts).statistic < chi2.ppf(LEVEL, 255)


@pytest.mark.slow
def test_draws_inside_a_callers_jit__property():
    """Everything is drawn alike under jit and vmap, also where 64-bit numbers are off."""
    draws = {
        "inverse": lambda key: sample_overlap(2000, 128, 24, (40,), key=key),
        "sequential": lambda key: sample_overlap(
            2000, 128, 24, (40,), key=key, method="sequential"
        ),
        "tilted": lambda key: sample_tilted_overlap(400, 50, 12, 0.7, (40,), key=key)[0],
        "activity": lambda key: random_activity(41, 7, (3,), key=key),
        "subset": lambda key: random_subset(40, 7, (3,), key=key),
    }
    key = jax.random.key(12)
    for name, draw in draws.items():
        expected = np.asarray(draw(key))
        np.testing.assert_array_equal(np.asarray(jax.jit(draw)(key)), expected, err_msg=name)
        mapped = jax.vmap(draw)(jnp.stack([key, key]))
        np.testing.assert_array_equal(np.asarray(mapped[1]), expected, err_msg=name)


def test_sample_overlap_at_its_ends__closed_form():
    key = jax.random.key(0)
    for method in ("inverse", "sequential"):
        assert (sample_overlap(30, 30, 7, (50,), key=key, method=method) == 7).all()
        assert (sample_overlap(30, 0, 7, (50,), key=key, method=method) == 0).all()
        assert (sample_overlap(30, 12, 30, (50,), key=key, method=method) == 12).all()
        assert sample_overlap(30, 12, 5, key=key, method=method).shape == ()
        assert sample_overlap(30, 12, 5, (2, 0), key=key, method=method).shape == (2, 0)


def test_tilted_draws_find_rare_overlaps__closed_form():
    for setting in [(10_000, 300, 30, 12), (4000, 128, 24, 12), (2000, 64, 20, 20)]:
        found = estimate_rare_match(*setting, trials=200_000, key=jax.random.key(11))
        exact = np.exp(float(log_false_match(*setting)))
        assert abs(found.probability - exact) < 4 * found.standard_error
        assert found.standard_error < 0.02 * exact
        assert found.effective_draws > 1000


def test_likelihood_ratios_average_to_one__property():
    _, log_weight = sample_tilted_overlap(400, 50, 12, 0.7, (200_000,), key=jax.random.key(2))
    weights = np.exp(np.asarray(log_weight))
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(len(weights))


def test_random_subsets_are_uniform__brute_force():
    subsets = np.sort(np.asarray(random_subset(6, 3, (40_000,), key=jax.random.key(1))), axis=1)
    assert (np.diff(subsets, axis=1) > 0).all()
    _, counts = np.unique(subsets @ [36, 6, 1], return_counts=True)
    assert len(counts) == 20
    assert chisquare(counts).pvalue > 1 - LEVEL


def test_random_activity_is_uniform__brute_force():
    vectors = np.asarray(random_activity(6, 3, (40_000,), key=jax.random.key(2)))
    assert (vectors.sum(axis=1) == 3).all()
    _, counts = np.unique(vectors @ (1 << np.arange(6)), return_counts=True)
    assert len(counts) == 20
    assert chisquare(counts).pvalue > 1 - LEVEL


def test_whole_and_empty_sets__closed_form():
    key = jax.random.key(0)
    assert random_subset(5, 0, (3,), key=key).shape == (3, 0)
    assert sorted(random_subset(5, 5, key=key).tolist()) == [0, 1, 2, 3, 4]
    assert random_activity(5, 5, key=key).all()
    assert not random_activity(5, 0, key=key).any()


def test_swapped_cells_lose_synapses_by_the_law__closed_form():
    a, s, v = 12, 5, 4
    pattern = jnp.tile(jnp.arange(40) < a, (60_000, 1))
    noisy = swap_noise(pattern, v, key=jax.random.key(4))
    assert (noisy.sum(axis=1) == a).all()
    assert ((noisy & pattern).sum(axis=1) == a - v).all()
    lost = np.bincount(s - noisy[:, :s].sum(axis=1), minlength=s + 1)
    statistic, limit = deviation(lost, a, v, s)
    assert statistic < limit
    arrivals = np.asarray(noisy[:, a:].sum(axis=0))
    assert chisquare(arrivals).statistic < chi2.ppf(LEVEL, len(arrivals) - 1)


def test_swap_noise_under_jit__property():
    pattern = jnp.arange(50) < 10
    for v in (0, 3, 10):
        noisy = jax.jit(lambda v: swap_noise(pattern, v, key=jax.random.key(0)))(v)
        assert int((noisy & pattern).sum()) == 10 - v
        assert int(noisy.sum()) == 10


def test_segment_match__brute_force():
    generator = np.random.default_rng(0)
    active = generator.random((30, 40)) < 0.4
    synapses = np.stack([generator.permutation(40)[:8] for _ in range(9)])
    expected = [[active[t, row].sum() >= 4 for row in synapses] for t in range(30)]
    got = segment_match(jnp.asarray(active), jnp.asarray(synapses), 4)
    np.testing.assert_array_equal(np.asarray(got), expected)


def test_explicit_vectors_match_at_the_rate_of_the_theory__closed_form():
    n, a, s, theta, draws = 120, 40, 12, 6, 40_000
    synapses = random_subset(n, s, (1,), key=jax.random.key(8))
    active = random_activity(n, a, (draws,), key=jax.random.key(9))
    fired = int(segment_match(active, synapses, theta).sum())
    rate = np.exp(float(log_false_match(n, a, s, theta)))
    assert abs(fired - draws * rate) < 4 * np.sqrt(draws * rate * (1 - rate))
