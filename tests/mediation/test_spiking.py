"""The integrate-and-fire sweep against a plain loop over time steps."""

import jax
import numpy as np
import pytest
from spinebook.mediation.discontinuity import spike_discontinuity
from spinebook.mediation.spiking import (
    SpikingModel,
    simulate_spiking,
    spiking_effects,
    toggled_spikes,
)

from tests.tolerances import MEDIATION_SPIKING_COST, MEDIATION_SPIKING_VOLTAGE

CORRELATIONS = (0.1, 0.9)
BLOCKS, RUNS = 8, 3


def filtered_and_cost(spikes, length):
    """Filtered spikes at the end of each block, a sum over all earlier spikes, and their cost."""
    kernel = (1 - np.exp(-1 / 20)) * np.exp(-np.arange(len(spikes)) / 20)
    filtered = np.stack([np.convolve(s, kernel)[: len(s)] for s in spikes.T], axis=1)
    at_end = filtered[length - 1 :: length]
    return at_end, (at_end @ SpikingModel().weights - 2.0**2) ** 2


def loop(correlation, noise):
    """One simulation, step by step: largest drives, steps of these, spikes and their cost."""
    v, rest = np.zeros(2), np.zeros(2, int)
    spikes, drives, steps = [], [], []
    for block in noise:
        u, course = v.copy(), []
        for shared, *own in block:
            xi = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * np.array(own)
            change = 0.001 * (-v + 5.0 * 20.0 * xi)
            v, u = v + change, u + change
            course.append(u.copy())
            fired = v > 1.0
            spikes.append(fired)
            rest[fired] = 3
            v[rest > 0] = 0.0
            v, u = np.maximum(v, 0.0), np.maximum(u, 0.0)
            rest = np.maximum(rest - 1, 0)
        drives.append(np.max(course, axis=0))
        steps.append(np.argmax(course, axis=0))
    return np.array(drives), np.array(steps), np.array(spikes, float)


@pytest.fixture(scope="module")
def noise():
    keys = jax.random.split(jax.random.key(1), BLOCKS)
    return np.stack([np.asarray(jax.random.normal(key, (50, RUNS, 3))) for key in keys])


@pytest.fixture(scope="module")
def seen():
    return simulate_spiking(CORRELATIONS, RUNS, BLOCKS, key=jax.random.key(1))


def test_simulation__brute_force(seen, noise):
    assert float(seen.spiked.mean()) > 0.1
    for i, correlation in enumerate(CORRELATIONS):
        for run in range(RUNS):
            drive, _, spikes = loop(correlation, noise[:, :, run].astype(float))
            filtered, cost = filtered_and_cost(spikes, 50)
            spiked = spikes.reshape(BLOCKS, 50, 2).max(axis=1)
            np.testing.assert_allclose(seen.drive[:, i, run], drive, atol=MEDIATION_SPIKING_VOLTAGE)
            np.testing.assert_array_equal(np.asarray(seen.spiked[:, i, run]), spiked)
            np.testing.assert_allclose(
                seen.filtered[:, i, run], filtered, atol=MEDIATION_SPIKING_COST
            )
            np.testing.assert_allclose(
                seen.cost[:, i, run], cost, rtol=MEDIATION_SPIKING_COST, atol=1e-3
            )


def test_toggled_spikes__brute_force(seen, noise):
    """Take the spikes of one block out, or put one in at the largest drive, and filter anew."""
    window, taken, put = 0.3, 0, 0
    found = toggled_spikes(seen, window)
    for i, run, neuron in np.ndindex(2, RUNS, 2):
        drive, step, spikes = loop(CORRELATIONS[i], noise[:, :, run].astype(float))
        _, cost = filtered_and_cost(spikes, 50)
        changes = []
        for block in np.flatnonzero(np.abs(drive[:, neuron] - 1) < window):
            other, start = spikes.copy(), 50 * block
            had = other[start : start + 50, neuron].any()
            if had:
                other[start : start + 50, neuron] = 0
            else:
                other[start + step[block, neuron], neuron] = 1
            taken, put = taken + had, put + (not had)
            toggled = filtered_and_cost(other, 50)[1][block]
            changes.append(cost[block] - toggled if had else toggled - cost[block])
        assert int(found.blocks[i, run, neuron]) == len(changes)
        assert float(found.change[i, run, neuron]) == pytest.approx(
            sum(changes), rel=MEDIATION_SPIKING_COST, abs=1e-3
        )
    assert min(taken, put) > 3


@pytest.fixture(scope="module")
def long_run():
    return simulate_spiking(CORRELATIONS, 20, 400, key=jax.random.key(2))


def test_estimates_of_the_sweep__brute_force(long_run):
    """Each estimate is that of spike_discontinuity on one simulation, NaN where that refuses."""
    windows = (0.05, 0.6)
    sweep = spiking_effects(long_run, windows)
    drive, cost = (np.asarray(v, float) for v in (long_run.drive, long_run.cost))
    compared = 0
    for i, run, neuron in np.ndindex(2, 4, 2):
        for w, window in enumerate((*windows, None)):
            for order, name in enumerate(("means", "lines")):
                if window is None:
                    got = sweep.naive[i, run, neuron] if order == 0 else None
                else:
                    got = getattr(sweep, name)[w, i, run, neuron]
                if got is None:
                    continue
                z, r = drive[:, i, run, neuron], cost[:, i, run]
                try:
                    found = spike_discontinuity(z, r, threshold=1.0, window=window, order=order)
                except ValueError:
                    assert np.isnan(got)
                    continue
                compared += 1
                assert float(got) == pytest.approx(found.value, rel=1e-3, abs=2e-3)
    assert compared > 40


def test_spikes_at_random__brute_force(long_run):
    """The effect of inserted spikes, in closed form, against 300,000 inserted ones."""
    sweep = spiking_effects(long_run, (1.0,))
    generator = np.random.default_rng(3)
    decay, blocks = np.exp(-1 / 20), 12
    present = generator.random((300_000, blocks)) < 0.5
    age = generator.integers(50, size=present.shape) + 50 * np.arange(blocks)
    filtered = ((1 - decay) * decay**age * present).sum(axis=1)
    other = np.asarray(long_run.filtered[:, 0, 0, 1], float)
    drawn = generator.choice(other, 300_000)
    cost = (-30 * filtered + 20 * drawn - 4) ** 2
    with_spike, without = cost[present[:, 0]], cost[~present[:, 0]]
    error = np.sqrt(with_spike.var() / len(with_spike) + without.var() / len(without))
    difference = with_spike.mean() - without.mean()
    assert abs(float(sweep.randomised[0, 0, 0]) - difference) < 4 * error


def test_correlated_noise_confounds__property(long_run):
    """Naive differences shrink towards one another with the correlation of the noise."""
    naive = np.asarray(spiking_effects(long_run, (1.0,)).naive)
    change = naive[1] - naive[0]
    error = change.std(axis=0) / np.sqrt(len(change))
    assert change[:, 0].mean() < -4 * error[0]
    assert change[:, 1].mean() > 4 * error[1]


@pytest.mark.parametrize(
    ("correlations", "simulations", "blocks", "message"),
    [
        ([1.2], 2, 2, "correlations must lie between 0 and 1"),
        ([0.5], 0, 2, "simulations must be at least 1"),
        ([0.5], 2, 0, "blocks must be at least 1"),
    ],
)
def test_bad_simulations__property(correlations, simulations, blocks, message):
    with pytest.raises(ValueError, match=message):
        simulate_spiking(correlations, simulations, blocks, key=jax.random.key(0))


def test_bad_windows__property(seen):
    with pytest.raises(ValueError, match="windows must be positive"):
        spiking_effects(seen, [0.5, 0.0])
    with pytest.raises(ValueError, match="window must be positive"):
        toggled_spikes(seen, 0.0)
