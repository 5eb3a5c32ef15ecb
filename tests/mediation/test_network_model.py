"""The recurrent network against loops over units and steps, and what training makes of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.mediation.network_model import (
    NetworkNoise,
    NetworkTask,
    NetworkWeights,
    decision_drive,
    draw_noise,
    report,
)
from spinebook.mediation.network_sessions import fluctuations, record_session
from spinebook.mediation.network_training import _surrogate_spikes, draw_weights, train_networks

from tests.tolerances import MEDIATION_NETWORK_FLOAT32

TASK = NetworkTask(units=4, before=3, after=2)
COUPLING = np.array([0.0, 0.5, 1.0, 2.0], np.float32)


@pytest.fixture(scope="module")
def network():
    """Random weights with biases, and noise of six trials."""
    weights = jax.tree.map(lambda leaf: leaf[0], draw_weights(TASK, 1, key=jax.random.key(1)))
    weights = weights._replace(bias=jnp.array([0.5, -1.0, 0.0, 2.0]), offset=jnp.float32(0.3))
    return weights, draw_noise(TASK, COUPLING, 6, key=jax.random.key(2))


def logistic(value):
    return 1 / (1 + np.exp(-value))


def drive_by_loops(weights, stimulus, noise, trial):
    """Drive of every unit at the decision step of one trial, in float64."""
    rates = np.zeros(TASK.units)
    for t in range(TASK.before):
        drive = np.array(
            [
                sum(weights.recurrent[i, j] * rates[j] for j in range(TASK.units))
                + weights.input[i] * (stimulus + noise.stimulus[t, trial])
                + weights.bias[i]
                + noise.shared[trial, i]
                + noise.private[t, trial, i]
                for i in range(TASK.units)
            ],
            float,
        )
        rates = logistic(drive)
    return drive


def report_by_loops(weights, spikes, noise, trial):
    """Report of one trial after given spikes, in float64."""
    rates, values = np.array(spikes, float), []
    for t in range(TASK.before, TASK.before + TASK.after + 1):
        values.append(sum(weights.readout[i] * rates[i] for i in range(TASK.units)))
        if t == TASK.before + TASK.after:
            break
        own = weights.bias + noise.shared[trial] + noise.private[t, trial]
        rates = logistic(np.asarray(weights.recurrent, float) @ rates + np.asarray(own, float))
    return np.mean(values) + weights.offset


def test_one_run__brute_force(network):
    weights, noise = network
    numbers = jax.tree.map(lambda leaf: np.asarray(leaf, float), weights)
    stimulus = np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0], np.float32)
    drive = decision_drive(weights, stimulus, noise)
    spikes = np.asarray(drive > 0, np.float32)
    assert 0.1 < spikes.mean() < 0.9
    reports = report(weights, spikes, noise)
    for trial in range(6):
        expected = drive_by_loops(numbers, stimulus[trial], noise, trial)
        np.testing.assert_allclose(drive[trial], expected, atol=MEDIATION_NETWORK_FLOAT32)
        said = report_by_loops(numbers, spikes[trial], noise, trial)
        assert float(reports[trial]) == pytest.approx(said, abs=MEDIATION_NETWORK_FLOAT32)


def test_noise__closed_form():
    """Standard deviations and correlations of 40,000 trials, each within 4 standard errors."""
    trials = 40_000
    noise = draw_noise(TASK, COUPLING, trials, key=jax.random.key(3))
    limit = 4 / np.sqrt(2 * trials)
    np.testing.assert_allclose(np.std(noise.stimulus, axis=1) / 1.5, 1, atol=limit)
    np.testing.assert_allclose(np.std(noise.private, axis=1) / 4.0, 1, atol=limit)
    np.testing.assert_allclose(
        np.std(noise.shared[:, 1:], axis=0) / (2.5 * COUPLING[1:]), 1, atol=limit
    )
    assert not np.asarray(noise.shared[:, 0]).any()
    table = np.concatenate([noise.stimulus.T, noise.shared[:, 3:], *noise.private], axis=1)
    off = np.corrcoef(table, rowvar=False)[np.triu_indices(table.shape[1], 1)]
    assert np.abs(off).max() < 5 / np.sqrt(trials)  # the largest of 351
    np.testing.assert_allclose(noise.shared[:, 3], 4 * noise.shared[:, 1], rtol=1e-5)


def test_slope_of_a_spike__closed_form():
    """Training sees a spike, and behind it the slope of the rate."""
    drive = jnp.array([[-1.5, 0.2, 3.0]])
    np.testing.assert_allclose(
        _surrogate_spikes(drive), [[0.0, 1.0, 1.0]], atol=MEDIATION_NETWORK_FLOAT32
    )
    slope = jax.grad(lambda u: _surrogate_spikes(u).sum())(drive)
    rate = logistic(np.asarray(drive))
    np.testing.assert_allclose(slope, rate * (1 - rate), atol=MEDIATION_NETWORK_FLOAT32)


@pytest.mark.slow
def test_training_lowers_the_loss__property():
    """A short training of a small network: below the loss of saying 0, which is 1."""
    task = NetworkTask(units=4, before=3, after=2, shared_noise=0.5, private_noise=1.0)
    trained = train_networks(task, 2, key=jax.random.key(4), steps=200)
    weights, coupling = trained.network(1)
    assert trained.coupling.shape == (2, 4)
    assert 0 <= trained.coupling.min() < trained.coupling.max() <= 2
    noise = draw_noise(task, coupling, 4000, key=jax.random.key(5))
    session = record_session(weights, noise, key=jax.random.key(6))
    error = np.mean((session.report - (2 * session.stimulus - 1)) ** 2)
    assert error < 0.9


@pytest.mark.slow
def test_default_task__property():
    """What the task's defaults were set by, in networks that they were not set with."""
    task, correlations = NetworkTask(), []
    trained = train_networks(task, 3, key=jax.random.key(7))
    for number in range(3):
        weights, coupling = trained.network(number)
        noise = draw_noise(task, coupling, 10_000, key=jax.random.key(number))
        session = record_session(weights, noise, key=jax.random.key(10 + number))
        assert 0.75 < np.mean((session.report > 0) == (session.stimulus > 0)) < 0.95
        rates = session.spikes.mean(axis=0)
        assert 1 / 3 < rates.min() < rates.max() < 2 / 3
        covariance = fluctuations(session, "spikes")
        deviation = np.sqrt(np.diag(covariance))
        correlations.append((covariance / np.outer(deviation, deviation))[np.triu_indices(32, 1)])
    # Networks differ by about 0.015.
    assert 0.08 < np.mean(correlations) < 0.2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": 0}, "units must be at least 1"),
        ({"before": 0}, "before must be at least 1"),
        ({"after": -1}, "after must be at least 0"),
        ({"private_noise": -1.0}, "private_noise must not be negative"),
        ({"shared_noise": np.nan}, "shared_noise must be finite"),
    ],
)
def test_bad_tasks__property(settings, message):
    with pytest.raises(ValueError, match=message):
        NetworkTask(**settings)


def test_bad_arguments__property(network):
    weights, noise = network
    key = jax.random.key(0)
    with pytest.raises(ValueError, match="trials must be at least 1"):
        draw_noise(TASK, COUPLING, 0, key=key)
    with pytest.raises(ValueError, match="one number for each of 4 units"):
        draw_noise(TASK, COUPLING[:2], 3, key=key)
    with pytest.raises(ValueError, match="networks must be at least 1"):
        draw_weights(TASK, 0, key=key)
    with pytest.raises(ValueError, match="networks must be at least 1"):
        train_networks(TASK, 0, key=key)
    with pytest.raises(ValueError, match="expected weights of one network and noise"):
        decision_drive(weights._replace(bias=jnp.zeros(3)), 1.0, noise)
    with pytest.raises(ValueError, match="expected weights of one network and noise"):
        report(weights, jnp.zeros((6, 4)), NetworkNoise(noise.stimulus[:, :2], *noise[1:]))
    with pytest.raises(ValueError, match="bias weights must be finite"):
        report(weights._replace(bias=jnp.full(4, jnp.nan)), jnp.zeros((6, 4)), noise)
    assert isinstance(weights, NetworkWeights)
