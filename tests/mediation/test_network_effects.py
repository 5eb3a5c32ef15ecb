"""Patched effects against explicit worlds, trial by trial, and a network that is linear."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ndtr
from spinebook.mediation.network_effects import patched_effects, random_sets
from spinebook.mediation.network_model import (
    NetworkTask,
    NetworkWeights,
    decision_drive,
    draw_noise,
    report,
)
from spinebook.mediation.network_training import draw_weights

from tests.tolerances import MEDIATION_NETWORK_FLOAT32, MEDIATION_STANDARD_ERRORS

TASK = NetworkTask(units=4, before=3, after=2, private_noise=1.0)
TRIALS = 12
SETS = np.concatenate([np.eye(4, dtype=bool), [[True, True, False, True], [True] * 4]])


def draw(seed):
    """A network of four units, the first of which reaches nothing and the last never spikes."""
    weights = jax.tree.map(lambda leaf: leaf[0], draw_weights(TASK, 1, key=jax.random.key(seed)))
    weights = weights._replace(
        recurrent=2 * weights.recurrent.at[:, 0].set(0.0),
        readout=weights.readout.at[0].set(0.0),
        bias=jnp.array([0.0, 0.5, 0.0, -60.0]),
    )
    return weights, draw_noise(TASK, np.ones(4, np.float32), TRIALS, key=jax.random.key(seed + 1))


def logistic(value):
    return 1 / (1 + np.exp(-value))


def run(weights, noise, trial, stimulus, spikes=None):
    """Spikes and report of one trial in NumPy, the spikes set by hand if they are given."""
    steady = weights.bias + np.asarray(noise.shared[trial], float)
    rates = np.zeros(4)
    for t in range(TASK.before):
        seen = stimulus + float(noise.stimulus[t, trial])
        drive = weights.recurrent @ rates + weights.input * seen + steady
        drive = drive + np.asarray(noise.private[t, trial], float)
        rates = logistic(drive)
    own = (drive > 0).astype(float)
    rates = own if spikes is None else spikes
    values = [weights.readout @ rates]
    for private in np.asarray(noise.private[TASK.before :, trial], float):
        rates = logistic(weights.recurrent @ rates + steady + private)
        values.append(weights.readout @ rates)
    return own, np.mean(values) + weights.offset


@pytest.fixture(scope="module")
def found():
    weights, noise = draw(3)
    return patched_effects(weights, noise, SETS)


def test_patching__brute_force(found):
    weights, noise = draw(3)
    numbers = jax.tree.map(lambda leaf: np.asarray(leaf, float), weights)
    direct, indirect, total = np.zeros((2, len(SETS), TRIALS)), None, []
    direct, indirect = direct
    for trial in range(TRIALS):
        before, control = run(numbers, noise, trial, -1.0)
        after, treated = run(numbers, noise, trial, 1.0)
        total.append(treated - control)
        for row, chosen in enumerate(SETS):
            spikes = np.where(chosen, before, after)
            patched = run(numbers, noise, trial, 1.0, spikes)[1]
            direct[row, trial] = patched - control
            indirect[row, trial] = treated - patched
    assert np.abs(indirect[1:3].mean(axis=1)).min() > 10 * MEDIATION_NETWORK_FLOAT32
    limit = {"atol": MEDIATION_NETWORK_FLOAT32}
    np.testing.assert_allclose(found.total_indirect, indirect.mean(axis=1), **limit)
    np.testing.assert_allclose(found.pure_direct, direct.mean(axis=1), **limit)
    np.testing.assert_allclose(found.total, np.mean(total), **limit)


def test_total_is_direct_and_indirect__property(found):
    parts = found.pure_direct + found.total_indirect
    np.testing.assert_allclose(parts, found.total, atol=MEDIATION_NETWORK_FLOAT32)


def test_units_without_a_path__property(found):
    """No connection, or no spike: exactly nothing. All units together: exactly everything."""
    assert found.total_indirect[0] == 0
    assert found.total_indirect[3] == 0
    assert found.total_indirect[-1] == found.total
    assert found.pure_direct[-1] == 0


def test_linear_readout__closed_form():
    r"""One step, no recurrence: :math:`v_j [\Phi(d_j) - \Phi(d'_j)]`, and effects add up."""
    task = NetworkTask(units=3, before=1, after=0, shared_noise=0.5, private_noise=1.0)
    coupling = np.array([0.0, 1.0, 2.0], np.float32)
    into, out = np.array([1.0, -0.5, 0.7]), np.array([0.6, -1.0, 0.3])
    bias = np.array([0.2, 0.0, -0.4])
    arrays = (into, np.zeros((3, 3)), bias, out, 0.0)
    weights = NetworkWeights(*(jnp.asarray(array, jnp.float32) for array in arrays))
    trials = 50_000
    noise = draw_noise(task, coupling, trials, key=jax.random.key(5))
    sets = np.concatenate([np.eye(3, dtype=bool), [[True, True, False]]])
    found = patched_effects(weights, noise, sets)
    deviation = np.sqrt((into * 1.5) ** 2 + (0.5 * coupling) ** 2 + 1)
    change = ndtr((bias + into) / deviation) - ndtr((bias - into) / deviation)
    # A difference of two spikes has at most variance 1/4 + 1/4 here, and less as they agree.
    error = np.abs(out) * np.sqrt(np.abs(change) * (1 - np.abs(change)) / trials)
    limit = MEDIATION_STANDARD_ERRORS * error
    assert np.all(np.abs(found.total_indirect[:3] - out * change) < limit)
    joint = found.total_indirect[:2].sum()
    assert found.total_indirect[3] == pytest.approx(joint, abs=MEDIATION_NETWORK_FLOAT32)
    whole = found.total_indirect[:3].sum()
    assert found.total == pytest.approx(whole, abs=MEDIATION_NETWORK_FLOAT32)


def test_worlds_are_those_of_the_model__property():
    """The two plain worlds are what the network does under each stimulus."""
    weights, noise = draw(7)
    reports = [
        report(weights, (decision_drive(weights, x, noise) > 0).astype(float), noise)
        for x in (-1.0, 1.0)
    ]
    found = patched_effects(weights, noise, SETS)
    difference = np.mean(np.asarray(reports[1] - reports[0], float))
    assert found.total == pytest.approx(difference, abs=MEDIATION_NETWORK_FLOAT32)


def test_random_sets__property():
    sets = random_sets(6, (1, 3, 6), 400, seed=1)
    np.testing.assert_array_equal(sets.sum(axis=-1), np.broadcast_to([[1], [3], [6]], (3, 400)))
    # Every unit is as likely to be chosen: 400 draws with chance 1/2.
    assert np.abs(sets[1].mean(axis=0) - 0.5).max() < 4 * np.sqrt(0.25 / 400)
    np.testing.assert_array_equal(sets, random_sets(6, (1, 3, 6), 400, seed=1))


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (np.ones((2, 3), bool), "rows of 4 booleans"),
        (np.ones((0, 4), bool), "one or more rows"),
    ],
)
def test_bad_sets__property(sets, message):
    with pytest.raises(ValueError, match=message):
        patched_effects(*draw(3), sets)


def test_bad_choices__property():
    with pytest.raises(ValueError, match="must not exceed the number of units, 3"):
        random_sets(3, (4,), 2, seed=0)
    with pytest.raises(ValueError, match="choices must be at least 1"):
        random_sets(3, (2,), 0, seed=0)
    with pytest.raises(ValueError, match="sizes must be at least 1"):
        random_sets(3, (0,), 2, seed=0)
