"""Mistakes are refused, and the message names the argument."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.dendrites import (
    capacity,
    log_false_match,
    log_false_negative,
    log_many_segments,
    log_overlap_pmf,
    log_union_false_match,
    min_threshold,
    overlap_histogram,
    random_activity,
    random_subset,
    sample_overlap,
    segment_match,
    swap_noise,
    union_size_mean,
    union_size_pmf,
)

KEY = jax.random.key(0)

MISTAKES = {
    "theta over s": (lambda: log_false_match(100, 10, 5, 6), "theta must not exceed s"),
    "a over n": (lambda: log_false_match(100, 101, 5, 2), "a must not exceed n"),
    "s over n": (lambda: log_false_match(100, 10, 105, 2), "s must not exceed n"),
    "negative a": (lambda: log_false_match(100, -1, 5, 2), "a must be at least 0"),
    "no synapse": (lambda: log_false_match(100, 10, 0, 0), "s must be at least 1"),
    "fractional n": (lambda: log_false_match(100.5, 10, 5, 2), "n must be a whole number"),
    "fractional theta": (lambda: log_false_match(100, 10, 5, 2.5), "theta must be a whole"),
    "NaN": (lambda: log_false_match(np.array([100.0, np.nan]), 10, 5, 2), "n must be finite"),
    "infinite real n": (lambda: log_false_match(np.inf, 10, 5, 2, continuous=True), "finite"),
    "empty": (lambda: log_false_match(100, np.array([]), 5, 2), "a is empty"),
    "shapes": (lambda: log_false_match(np.full(2, 90), np.full(3, 9), 5, 2), "broadcast together"),
    "one bad row": (lambda: log_false_match(100, np.array([3, 200]), 5, 2), "a = 200"),
    "swaps over a": (lambda: log_false_negative(20, 5, 21, 3), "v must not exceed a"),
    "synapses over a": (lambda: log_false_negative(20, 25, 3, 3), "s must not exceed a"),
    "positive log": (lambda: log_many_segments(0.5, 3), "log_p must not exceed 0"),
    "NaN log": (lambda: log_many_segments(np.nan, 3), "log_p must be finite"),
    "no segment": (lambda: log_many_segments(-3.0, 0), "m must be at least 1"),
    "negative overlap": (lambda: log_overlap_pmf(100, 10, 5, -1), "b must be at least 0"),
    "no pattern": (lambda: union_size_mean(100, 10, 0), "m must be at least 1"),
    "mode": (lambda: log_union_false_match(100, 10, 10, 2, 10, "guess"), "mode must be one of"),
    "bloom": (lambda: log_union_false_match(100, 10, 10, 2, 8, "bloom"), "a must not exceed theta"),
    "target": (lambda: capacity(100, 10, 10, 5, 1.5), "target must lie between 0 and 1"),
    "a below s": (lambda: min_threshold(100, 10, 20), "s must not exceed a"),
    "method": (lambda: sample_overlap(50, 5, 5, key=KEY, method="fast"), "method must be one of"),
    "no trials": (lambda: overlap_histogram(50, 5, 5, 0, key=KEY), "trials must be at least 1"),
    "k over n": (lambda: random_subset(5, 6, key=KEY), "k must not exceed n"),
    "a cells over n": (lambda: random_activity(5, 6, key=KEY), "k must not exceed n"),
    "too few active": (
        lambda: swap_noise(jnp.arange(9) < 3, 4, key=KEY),
        "v must not exceed the number of active",
    ),
    "too few silent": (
        lambda: swap_noise(jnp.arange(9) < 7, 4, key=KEY),
        "v must not exceed the number of silent",
    ),
    "synapse outside": (
        lambda: segment_match(jnp.ones((2, 9), bool), jnp.array([[9]]), 1),
        "synapses must not exceed the last cell",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_refused__property(name):
    call, message = MISTAKES[name]
    # Helpers also have type checks of their own in tests; where those speak first, so be it.
    with pytest.raises((ValueError, TypeError), match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: log_false_match("100", 10, 5, 2),
        lambda: log_false_match(True, 1, 1, 1),
        lambda: log_false_match(100 + 1j, 10, 5, 2),
        lambda: sample_overlap(50, 5, 5, key=0),
        lambda: random_subset(50, 5, key=7),
        lambda: swap_noise(jnp.ones(5), 1, key=KEY),
        lambda: union_size_pmf(np.array([5, 6]), 2, 2),
        lambda: sample_overlap(np.array([50, 60]), 5, 5, key=KEY),
        lambda: jax.jit(lambda m: union_size_pmf(20, 4, m))(3),
        lambda: jax.jit(lambda n: min_threshold(n, 300, 30))(10_000),
        lambda: jax.jit(lambda m: log_union_false_match(20, 4, 4, m, 3))(3),
    ],
)
def test_wrong_kind_is_refused__property(call):
    with pytest.raises(TypeError):
        call()


def test_real_counts_on_request__property():
    whole = float(log_false_match(1000, 50, 20, 5))
    near = float(log_false_match(1000.0, 50.001, 20, 5, continuous=True))
    assert near == pytest.approx(whole, abs=1e-3)
    assert near > whole
