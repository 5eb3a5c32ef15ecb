"""Quadruples of XOR points and float64 scores of networks."""

import jax
import numpy as np
import pytest
from spinebook.polarity.xor import XorNetwork, sufficient_polarity_xor, xor5d
from spinebook.polarity.xor_quadruples import random_xor_networks, xor_quadruples, xor_scores

from tests.tolerances import POLARITY_FLOAT32_SUM, POLARITY_STANDARD_ERRORS

KEY = jax.random.key(11)


def test_quadruples_are_points_of_the_task__property():
    inputs, labels = xor_quadruples(500, key=KEY)
    quadruples = inputs.reshape(-1, 4, 5)
    assert np.all(quadruples[:, :, 2:] == quadruples[:, :1, 2:])
    np.testing.assert_allclose(
        quadruples[:, 3, :2] - quadruples[:, 0, :2], 1.05, rtol=0, atol=POLARITY_FLOAT32_SUM
    )
    np.testing.assert_array_equal(labels, inputs[:, 0] * inputs[:, 1] > 0)
    ordinary = np.asarray(xor5d(2000, key=jax.random.key(3))[0], float)
    for column in range(5):
        error = np.hypot(inputs[:, column].std() / 500**0.5, ordinary[:, column].std() / 2000**0.5)
        gap = inputs[:, column].mean() - ordinary[:, column].mean()
        assert abs(gap) < POLARITY_STANDARD_ERRORS * error


def test_the_exact_network_solves_the_task__closed_form():
    hidden = np.zeros((1, 5, 4))
    hidden[0, :2] = [[1, -1, 1, -1], [1, -1, -1, 1]]
    exact = XorNetwork(hidden, np.zeros((1, 4)), np.array([[1.0, 1, -1, -1]]), np.zeros(1))
    inputs, labels = xor_quadruples(200, key=KEY)
    scores = xor_scores(exact, inputs, labels)
    assert scores.accuracy[0] == 1
    # f is twice the smaller distance from an axis, with the sign of the class.
    distance = 2 * np.abs(inputs[:, :2]).min(axis=1)
    np.testing.assert_allclose(scores.loss[0], np.log1p(np.exp(-distance)).mean(), rtol=1e-12)


def test_useless_units_obey_the_inequality__closed_form():
    network = random_xor_networks(200, 7, key=KEY)
    rule = np.sign(network.hidden[:, 0]) * np.sign(network.hidden[:, 1])
    useless = network._replace(output=-rule * np.abs(network.output))
    useful = network._replace(output=rule * np.abs(network.output))
    points = xor_quadruples(100, key=KEY)
    scores = xor_scores(useless, *points)
    assert scores.loss.min() >= np.log(2) - 1e-9
    assert scores.accuracy.max() <= 0.75
    # The opposite signs are under no such bound: the test can fail.
    assert xor_scores(useful, *points).loss.min() < np.log(2) - 0.01
    assert np.array_equal(rule[0], sufficient_polarity_xor(np.sign(network.hidden[0])))


def test_random_networks_have_many_sizes__property():
    network = random_xor_networks(300, 20, key=KEY)
    spread = np.log10(network.hidden[:, :2].std(axis=(1, 2)))
    assert spread.min() < -0.8
    assert spread.max() > 0.8
    less = np.log10(network.hidden[:, 2:].std(axis=(1, 2))) - spread
    assert less.min() < -2.7
    assert -0.3 < less.max() < 0.3


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0)])
def test_bad_counts_are_refused__property(sizes):
    with pytest.raises(ValueError, match="at least 1"):
        random_xor_networks(*sizes, key=KEY)
    with pytest.raises(ValueError, match="n"):
        xor_quadruples(0, key=KEY)
