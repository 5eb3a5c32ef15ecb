"""The scan over potentials against the small-change limits and known truths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.geometry import (
    CANDIDATES,
    NegativeEntropy,
    PNorm,
    dual_distances,
    infer_potential,
    own_advantage,
    signed_lognormal,
    small_change_limit,
)

from tests.tolerances import GEOMETRY_LIMIT


def changed_weights(truth, n, size, key, before=None):
    start_key, change_key = jax.random.split(key)
    before = jax.random.normal(start_key, (n,)) if before is None else before
    noise = size * jax.random.normal(change_key, (n,))
    return before, truth.primal(truth.dual(before) + noise, jnp.sign(before))


@pytest.mark.parametrize(
    ("power", "expected"), [(0.5, 0.1044), (1.0, 0.2395), (1.5, 0.3510), (2.0, 0.4385)]
)
def test_small_change_limits__closed_form(float64, power, expected):
    assert abs(small_change_limit(power) - expected) < 2e-4
    before, after = changed_weights(PNorm(1.5), 1_000_000, 1e-7, jax.random.key(0))
    assumed = PNorm(1.5 + power)
    assert abs(float(dual_distances(before, after, [assumed])[0]) - expected) < GEOMETRY_LIMIT


@pytest.mark.parametrize("truth", [NegativeEntropy(), PNorm(2.0), PNorm(3.0)], ids=lambda p: p.name)
@pytest.mark.parametrize("start", ["normal", "log-normal"])
def test_finds_the_true_potential__closed_form(truth, start):
    key = jax.random.key(3)
    before = (
        jax.random.normal(key, (5000,)) if start == "normal" else signed_lognormal((5000,), key=key)
    )
    size = 0.02 * float(jnp.median(jnp.abs(truth.dual(before))))
    before, after = changed_weights(truth, 5000, size, jax.random.key(4), before)
    scan = infer_potential(before, after, key=jax.random.key(5), resamples=50)
    assert scan.best == truth
    assert scan.ratio < 2.0
    assert scan.share_best[scan.candidates.index(truth)] > 0.9
    assert np.all(scan.low <= scan.high)
    assert scan.weights_used == 5000


def test_counts_and_drops_sign_flips__brute_force():
    before = np.array([1.0, -1.0, 2.0, 0.5, 0.3])
    after = np.array([-1.0, -1.2, 2.2, 0.4, 0.35])
    kept = infer_potential(before, after, key=jax.random.key(0), resamples=5)
    assert kept.sign_flip_fraction == 0.2
    assert kept.weights_used == 5
    dropped = infer_potential(
        before, after, key=jax.random.key(0), resamples=5, keep_sign_flips=False
    )
    alone = infer_potential(before[1:], after[1:], key=jax.random.key(0), resamples=5)
    np.testing.assert_array_equal(dropped.distances, alone.distances)


@pytest.mark.parametrize(
    ("before", "after", "options", "message"),
    [
        ([1.0, 2.0], [1.0], {}, "same weights"),
        ([], [], {}, "empty"),
        ([1.0, np.nan], [1.0, 2.0], {}, "finite"),
        ([1.0, 0.0], [1.0, 2.0], {}, "are zero"),
        ([1.0, 2.0], [1.1, 2.2], {"candidates": []}, "one or more"),
        ([1.0, 2.0], [1.1, 2.2], {"resamples": 0}, "resamples"),
        ([1.0, 2.0], [-1.1, -2.2], {"keep_sign_flips": False}, "kept their sign"),
    ],
)
def test_bad_weights_are_refused__property(before, after, options, message):
    with pytest.raises(ValueError, match=message):
        infer_potential(np.array(before), np.array(after), key=jax.random.key(0), **options)


def test_zero_weights_pass_without_negative_entropy__property():
    after = np.array([0.1, 0.9, 2.2, -0.3])
    before = np.array([0.0, 1.0, 2.0, -0.2])
    scan = infer_potential(before, after, CANDIDATES[2:], key=jax.random.key(0), resamples=3)
    assert scan.weights_used == 4


def test_own_advantage__brute_force():
    distances = np.array([[0.1, 0.2, 0.3], [0.15, 0.1, 0.6], [0.5, 0.6, 0.7]])
    result = own_advantage(distances, 0, seed=0)
    assert abs(result.value - np.mean([0.05, -0.1, 0.3])) < 1e-12
    assert result.low <= result.value <= result.high
    assert (result.wins, result.seeds) == (2, 3)
    assert own_advantage(distances, 2, seed=0).high < 0


@pytest.mark.parametrize(
    ("table", "own", "message"),
    [(np.ones(3), 0, "table"), (np.ones((1, 3)), 0, "table"), (np.ones((2, 3)), 2, "own must")],
)
def test_bad_tables_are_refused__property(table, own, message):
    with pytest.raises(ValueError, match=message):
        own_advantage(table, own, seed=0)


def test_limit_of_a_negative_difference_is_refused__property():
    with pytest.raises(ValueError, match="at least 0"):
        small_change_limit(-0.5)
