"""Measures of learning curves against loops over their epochs."""

import numpy as np
import pytest
from scipy.stats import binomtest
from spinebook.polarity.measures import (
    epochs_to_threshold,
    error_at_minimum_loss,
    share_reaching,
)

RNG = np.random.default_rng(0)
LOSS, ACCURACY = RNG.uniform(size=(3, 40, 12)), RNG.integers(0, 11, size=(3, 40, 12)) / 10


def test_error_at_the_best_epoch__brute_force():
    ours = error_at_minimum_loss(LOSS, ACCURACY)
    assert ours.shape == (3, 40)
    for place in np.ndindex(3, 40):
        best = min(range(12), key=lambda e: LOSS[place][e])
        assert ours[place] == pytest.approx(100 * (1 - ACCURACY[place][best]), abs=1e-12)


def test_ties_take_the_first_epoch_and_missing_losses_count_as_infinite__closed_form():
    loss = np.array([[0.3, 0.3, 0.5], [np.nan, 0.4, 0.2], [np.nan, np.nan, np.nan]])
    accuracy = np.array([[0.5, 0.75, 1.0], [0.5, 0.75, 1.0], [0.5, 0.75, 1.0]])
    np.testing.assert_array_equal(error_at_minimum_loss(loss, accuracy), [50.0, 0.0, np.nan])


@pytest.mark.parametrize("threshold", [0.0, 0.9, 1.0])
def test_epochs_to_threshold__brute_force(threshold):
    times = epochs_to_threshold(ACCURACY, threshold)
    for place in np.ndindex(3, 40):
        first = next((e for e, a in enumerate(ACCURACY[place]) if a >= threshold), None)
        assert bool(times.reached[place]) == (first is not None)
        assert int(times.epochs[place]) == (12 if first is None else first)


def test_share_is_strict_and_has_its_exact_interval__independent_package():
    share = share_reaching(ACCURACY[0], 0.9)
    count = sum(max(row) > 0.9 for row in ACCURACY[0])
    peer = binomtest(count, 40).proportion_ci(0.95)
    assert 0 < count < 40
    np.testing.assert_allclose(share, (count / 40, peer.low, peer.high), rtol=0, atol=1e-9)


def test_shapes_that_differ_are_refused__property():
    # The tests' own check of annotations may come first.
    with pytest.raises((ValueError, TypeError), match=r"same shape|Type-check"):
        error_at_minimum_loss(np.ones((2, 3)), np.ones((2, 4)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: error_at_minimum_loss(np.ones((2, 0)), np.ones((2, 0))), "one epoch"),
        (lambda: epochs_to_threshold(np.ones((2, 3)), 90.0), "between 0 and 1"),
        (lambda: epochs_to_threshold(np.ones((2, 0)), 0.9), "one epoch"),
        (lambda: share_reaching(np.ones((0, 3)), 0.9), "runs"),
    ],
)
def test_bad_arguments_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
