"""Threshold choice and capacity."""

import numpy as np
import pytest
from spinebook.dendrites import capacity, log_false_match, log_many_segments, min_threshold


def test_capacity_of_a_neuron__published():
    assert float(capacity(10_000, 300, 30, 15, 1e-9)) == 953_114


def test_capacity_is_the_last_number_within_target__brute_force():
    targets = np.array([1e-6, 1e-3, 0.5])
    found = np.asarray(capacity(2000, 60, 20, 8, targets))
    tail = log_false_match(2000, 60, 20, 8)
    with np.errstate(divide="ignore"):
        assert (np.asarray(log_many_segments(tail, found)) <= np.log(targets)).all()
    assert (np.asarray(log_many_segments(tail, found + 1)) > np.log(targets)).all()


def test_capacity_at_its_ends__closed_form():
    assert float(capacity(100, 3, 10, 4, 1e-9)) == np.inf  # three active cells never reach four
    assert float(capacity(100, 60, 10, 2, 1e-9)) == 0.0
    assert float(capacity(10**6, 500, 120, 118, 1e-9)) > 1e290


def test_min_threshold__brute_force():
    n, a, s, m, v = 20_000, 400, 30, 1000, 120
    choice = min_threshold(n, a, s, m, v, 1e-6, 1e-3)
    rates = [float(log_many_segments(log_false_match(n, a, s, t), m)) for t in range(1, s + 1)]
    expected = 1 + next(i for i, rate in enumerate(rates) if rate <= np.log(1e-6))
    assert int(choice.theta) == expected
    assert float(choice.log_false_match) == pytest.approx(rates[expected - 1], rel=1e-13)
    assert bool(choice.meets_false_match)
    assert bool(choice.meets_false_negative) == (float(choice.log_false_negative) <= np.log(1e-3))


def test_min_threshold_broadcasts__property():
    choice = min_threshold(np.array([4000, 20_000]), 200, np.array([[20], [30]]))
    assert choice.theta.shape == (2, 2)
    assert (np.diff(np.asarray(choice.theta), axis=1) <= 0).all()  # more cells, lower threshold


def test_min_threshold_out_of_reach__closed_form():
    choice = min_threshold(20, 15, 5, target_fp=1e-9)
    assert int(choice.theta) == 5
    assert not bool(choice.meets_false_match)
