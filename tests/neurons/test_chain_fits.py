"""Fits of the published chains: the loss against NumPy, Adam's first step, and shares of errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.neurons.chain_fits import (
    LEARNING_RATE_MS_CM2,
    chain_losses,
    chain_voltages,
    fit_chain,
    pooled_reduction,
    stand_in_degrees,
)
from spinebook.neurons.hub_tree import hub_tree, neighbour_counts
from spinebook.neurons.published_toy import (
    NOMINAL_MS_CM2,
    published_start,
    published_targets,
    toy_neuron,
)
from spinebook.neurons.voltage_loss import masked_voltage_loss

from tests import tolerances

NEURON, DT_MS = toy_neuron([-1, 0, 1], 0.5), 0.1
TRUE = published_targets(20230619, 3)[:, :, None, None]
NOMINAL = np.broadcast_to(NOMINAL_MS_CM2[:, None, None, None], (2, 3, 2, 1))


def currents():
    """Currents of one sample each, (samples, nodes, fits, stimuli)."""
    return np.random.default_rng(0).uniform(0, 19, (12, 3, 2, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def recording():
    return np.asarray(chain_voltages(NEURON, TRUE, currents(), dt_ms=DT_MS))


def test_loss_is_the_mean_square_of_the_difference_of_two_simulations__brute_force(recording):
    voltages = np.asarray(chain_voltages(NEURON, NOMINAL, currents(), dt_ms=DT_MS))
    losses = chain_losses(NEURON, NOMINAL, currents(), recording, dt_ms=DT_MS)
    expected = [np.square((voltages - recording)[1:, :, fit], dtype=float).mean() for fit in (0, 1)]
    np.testing.assert_allclose(losses, expected, rtol=tolerances.CHAIN_LOSS)
    assert (chain_losses(NEURON, TRUE, currents(), recording, dt_ms=DT_MS) == 0).all()


def test_masked_loss_counts_nodes_that_are_not_recorded_as_zero__brute_force(recording):
    mask = np.array([1.0, 0.0, 1.0])[:, None, None]
    offset = recording + np.array([1.0, 5.0, 2.0])[:, None, None]
    loss = jax.jit(lambda currents, target: masked_voltage_loss(
        NEURON, np.concatenate([np.full((1, 3, 1, 1), 1 / 37), TRUE]), currents, target, mask=mask,
        sites=range(3), dt_ms=DT_MS, initial=published_start(NEURON),
    ))  # fmt: skip
    np.testing.assert_allclose(loss(currents(), offset), 5 / 3, rtol=tolerances.CHAIN_LOSS)


@pytest.mark.slow
def test_fits_do_not_feel_each_other_and_begin_with_a_step_of_the_rate__property(recording):
    run = fit_chain(NEURON, currents(), recording, steps=3, dt_ms=DT_MS)
    assert run.measured.shape == (4, 2, 3, 2)
    np.testing.assert_array_equal(run.measured[0], NOMINAL[..., 0])
    first = np.abs(run.measured[1] - run.measured[0])
    np.testing.assert_allclose(first, LEARNING_RATE_MS_CM2, rtol=tolerances.ADAM_FIRST_STEP)
    same = currents()[:, :, [1, 1]]
    twice = fit_chain(NEURON, same, recording[:, :, [1, 1]], steps=3, dt_ms=DT_MS)
    np.testing.assert_array_equal(twice.losses[:, 0], twice.losses[:, 1])
    np.testing.assert_allclose(twice.losses[:, 0], run.losses[:, 1], rtol=tolerances.CHAIN_LOSS)


def test_voltages_are_those_of_the_precision_of_the_moment__property(recording):
    with jax.enable_x64(True):
        double = np.asarray(chain_voltages(NEURON, TRUE, currents().astype(float), dt_ms=DT_MS))
    again = chain_voltages(NEURON, TRUE, currents(), dt_ms=DT_MS)
    assert double.dtype == np.float64
    assert again.dtype == jnp.float32
    np.testing.assert_array_equal(again, recording)
    np.testing.assert_allclose(double, recording, atol=tolerances.CHAIN_FLOAT32_MV)


def test_stand_in_of_the_stored_matrix_has_its_degrees__published():
    degrees = stand_in_degrees(184, 23, (4,) * 3 + (3,) * 12)
    assert {d: degrees.count(d) for d in set(degrees)} == {23: 1, 4: 3, 3: 12, 2: 127, 1: 41}
    assert sorted(neighbour_counts(hub_tree(degrees)), reverse=True) == degrees


def test_pooled_reduction_weighs_by_the_error_before__closed_form():
    before, after = np.array([8.0, 1.0, 1.0]), np.array([2.0, 2.0, 1.0])
    assert pooled_reduction(before, after) == 0.5
    assert pooled_reduction(before, 2 * before) == -1.0


def test_bad_input_is_named__property(recording):
    with pytest.raises(ValueError, match="12 ends and needs 13 nodes, got 12"):
        stand_in_degrees(12, 12)
    with pytest.raises(ValueError, match="positive sum"):
        pooled_reduction(np.zeros(2), np.ones(2))
    with pytest.raises(ValueError, match="differ in shape"):
        pooled_reduction(np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match="target_mV must have shape"):
        chain_losses(NEURON, NOMINAL, currents(), recording[1:], dt_ms=DT_MS)
