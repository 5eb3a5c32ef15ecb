"""Recording some of many neurons: written-down shares, general algebra and simulation."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.mediation.population import (
    apparent_share,
    omitted_neuron_bias,
    simulate_apparent_share,
)

from tests.tolerances import (
    MEDIATION_EFFECTS_CLOSED_FORM,
    MEDIATION_EFFECTS_SIX_DIGITS,
    MEDIATION_EFFECTS_STANDARD_ERRORS,
)


@pytest.mark.parametrize(
    ("neurons", "shared", "recorded", "expected"),
    [
        (1000, 1.0, [1, 2, 5, 10, 100], [0.5005, 0.667333, 0.834167, 0.91, 0.991089]),
        (100, 1.0, [1, 10, 50, 100], [0.505, 0.918182, 0.990196, 1.0]),
        (1000, 0.1, [1, 10, 100], [0.091818, 0.505, 0.918182]),
    ],
)
def test_shares__published(neurons, shared, recorded, expected):
    found = apparent_share(recorded, neurons, shared, 1.0)
    np.testing.assert_allclose(found, expected, atol=MEDIATION_EFFECTS_SIX_DIGITS)


def test_confounded_part_outweighs_the_true_one__published():
    """In five of these eight cells, and not where lambda^2 <= psi / N."""
    neurons = np.array([[100], [1000]])
    shared = np.array([0.001, 0.01, 0.1, 1.0])
    true = 1 / neurons
    outweighs = apparent_share(1, neurons, shared, 1.0) - true > true
    assert outweighs.sum() == 5
    np.testing.assert_array_equal(outweighs, shared * (neurons - 1) > 1 + shared)
    assert not outweighs[shared <= 1 / neurons].any()


@given(
    st.integers(2, 30),
    st.integers(1, 30),
    st.floats(0, 5),
    st.floats(0.1, 5),
)
def test_equal_neurons__brute_force(neurons, recorded, shared, private):
    recorded = min(recorded, neurons)
    sigma = private * np.eye(neurons) + shared
    found = omitted_neuron_bias(
        np.full(neurons, 0.5),
        np.full(neurons, 0.8 / neurons),
        sigma,
        np.arange(neurons) < recorded,
        direct=0.3,
    )
    share = apparent_share(recorded, neurons, shared, private)
    assert found.indirect / found.joint_indirect == pytest.approx(float(share), rel=1e-9)
    assert found.true_indirect / found.joint_indirect == pytest.approx(recorded / neurons)
    assert found.indirect + found.direct == pytest.approx(0.7)


def random_population(seed, count=5):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(count, count))
    return rng, rng.normal(size=count), rng.normal(size=count), root @ root.T + np.eye(count)


@given(st.integers(0, 10_000))
def test_slopes_of_recorded_neurons__brute_force(seed):
    """Least squares on the population covariance of X, the recorded neurons and Y."""
    rng, alpha, beta, sigma = random_population(seed)
    seen = rng.permutation(np.array([True, True, True, False, False]))
    found = omitted_neuron_bias(alpha, beta, sigma, seen, direct=0.3)
    full = np.outer(alpha, alpha) + sigma
    predictors = np.block(
        [[np.ones((1, 1)), alpha[None, seen]], [alpha[seen, None], full[np.ix_(seen, seen)]]]
    )
    with_outcome = np.concatenate([[0.3 + alpha @ beta], 0.3 * alpha[seen] + full[seen] @ beta])
    direct, *slopes = np.linalg.solve(predictors, with_outcome)
    np.testing.assert_allclose(found.slopes, slopes, atol=1e-9)
    assert found.direct == pytest.approx(direct, abs=1e-9)


@given(st.integers(0, 10_000))
def test_relabelling_and_mixing__property(seed):
    rng, alpha, beta, sigma = random_population(seed)
    everything = np.ones(5, bool)
    found = omitted_neuron_bias(alpha, beta, sigma, everything)
    assert found.indirect == pytest.approx(float(alpha @ beta), abs=1e-10)
    order = rng.permutation(5)
    seen = np.array([True, False, True, False, True])
    there = omitted_neuron_bias(alpha, beta, sigma, seen)
    renamed = omitted_neuron_bias(
        alpha[order], beta[order], sigma[np.ix_(order, order)], seen[order]
    )
    assert renamed.indirect == pytest.approx(there.indirect, abs=1e-9)
    mixing = np.linalg.qr(rng.normal(size=(5, 5)))[0] * rng.uniform(0.5, 2, size=5)
    mixed = omitted_neuron_bias(
        mixing @ alpha, np.linalg.solve(mixing.T, beta), mixing @ sigma @ mixing.T, everything
    )
    assert mixed.indirect == pytest.approx(found.indirect, abs=1e-9)


def test_nothing_shared_means_no_bias__closed_form():
    recorded = np.arange(1, 21)
    np.testing.assert_allclose(
        apparent_share(recorded, 20, 0.0, 0.7), recorded / 20, atol=MEDIATION_EFFECTS_CLOSED_FORM
    )


def test_simulated_recordings__closed_form():
    recorded = [1, 4, 12]
    shares = simulate_apparent_share(
        recorded, 12, 1.0, 1.0, trials=2000, replicates=100, key=jax.random.key(0)
    )
    error = shares.std(axis=0, ddof=1) / np.sqrt(len(shares))
    gap = np.abs(shares.mean(axis=0) - apparent_share(recorded, 12, 1.0, 1.0))
    assert np.all(gap < MEDIATION_EFFECTS_STANDARD_ERRORS * error)
    # The naive reading, k / N, is far away.
    assert np.all(np.abs(shares.mean(axis=0) - np.array(recorded) / 12)[:2] > 20 * error[:2])


def test_simulated_recordings_of_a_hundred_neurons__closed_form():
    recorded = [1, 10, 50]
    shares = simulate_apparent_share(
        recorded, 100, 1.0, 1.0, trials=10_000, replicates=20, key=jax.random.key(1)
    )
    error = shares.std(axis=0, ddof=1) / np.sqrt(len(shares))
    gap = np.abs(shares.mean(axis=0) - apparent_share(recorded, 100, 1.0, 1.0))
    # Twenty recordings know their own standard error to 16 %: Student's t instead of 4.
    assert np.all(gap < 5.0 * error)


SIGMA = np.eye(2)
BOTH = np.array([True, True])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: apparent_share(0, 5, 1.0, 1.0), "recorded must be at least 1"),
        (lambda: apparent_share(6, 5, 1.0, 1.0), "recorded must not exceed neurons"),
        (lambda: apparent_share(1, 5, -1.0, 1.0), "shared_variance must be at least 0"),
        (lambda: apparent_share(1, 5, 1.0, 0.0), "private_variance positive"),
        (lambda: omitted_neuron_bias(np.ones(2), np.ones(3), SIGMA, BOTH), "expected alpha"),
        (lambda: omitted_neuron_bias(np.ones(2), np.ones(2), SIGMA, ~BOTH), "at least one True"),
        (
            lambda: omitted_neuron_bias(np.ones(2), np.ones(2), np.ones((2, 2)), BOTH),
            "collinear",
        ),
        (
            lambda: simulate_apparent_share(
                [1], 2, 1.0, 1.0, trials=9, replicates=2, key=jax.random.key(0), alpha=0.0
            ),
            "must not be 0",
        ),
        (
            lambda: simulate_apparent_share(
                [2], 2, 1.0, 1.0, trials=6, replicates=2, key=jax.random.key(0)
            ),
            "trials must be at least 7",
        ),
    ],
)
def test_mistakes_are_refused__property(call, message):
    # Helpers also have type checks of their own in tests; where those speak first, so be it.
    with pytest.raises((ValueError, TypeError), match=message + "|[Tt]ype-check"):
        call()
