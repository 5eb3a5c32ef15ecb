"""Fits of the published chains against loops over single fits, and what data hold about them."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from spinebook.neurons import simulate
from spinebook.neurons.published_toy import (
    NOMINAL_MS_CM2,
    published_start,
    published_stimuli,
    published_targets,
    toy_densities,
    toy_neuron,
)
from spinebook.neurons.toy_fits import (
    Condition,
    Toy,
    draw_stimuli,
    fit_conditions,
    recorded_voltages,
)
from spinebook.neurons.toy_landscape import largest_rise, line_losses, toy_information

from tests import tolerances

NODES, TARGETS, STIMULI, DT = 2, 2, 2, 0.1
BOTH, FIRST = np.array([True, True]), np.array([True, False])


@pytest.fixture(scope="module")
def toy():
    neuron = toy_neuron(range(-1, NODES - 1), 0.5)
    truths = np.stack([published_targets(seed, NODES) for seed in (3, 4)], axis=-1)
    currents = draw_stimuli(
        jax.random.key(1), targets=TARGETS, stimuli=STIMULI, nodes=NODES, dt_ms=DT
    )
    return Toy(neuron, published_start(neuron), truths, np.asarray(currents), DT)


def voltages_of(toy, conductances, target, stimulated):
    """Voltages of one target under its stimuli, without the start: (samples, nodes, stimuli)."""
    currents = toy.currents[:, :, target] * stimulated[:, None]
    run = simulate(
        toy.neuron, toy_densities(conductances[..., None]), currents, sites=range(NODES),
        record=range(NODES), dt_ms=DT, initial=toy.initial,
    )  # fmt: skip
    return run.v_mV[1:]


def loop(toy, condition, target, noise):
    """Fit one target by optax alone; return conductances and losses of every step."""
    truth = jnp.asarray(toy.truths[..., target], jnp.float32)
    recording = voltages_of(toy, truth, target, condition.stimulated) + noise
    recorded = condition.recorded[:, None]

    def loss(conductances):
        found = voltages_of(toy, conductances, target, condition.stimulated)
        return jnp.mean(((found - recording) * recorded) ** 2)

    rate = condition.rate
    if condition.fade:
        rate = optax.cosine_decay_schedule(condition.rate, condition.steps)
    optimiser, slope = optax.adam(rate), jax.jit(jax.value_and_grad(loss))
    start = np.broadcast_to(condition.start, toy.truths.shape)[..., target]
    now = jnp.asarray(start, jnp.float32)
    state, seen = optimiser.init(now), []
    for _ in range(condition.steps + 1):
        value, gradient = slope(now)
        seen.append((np.asarray(now), float(value)))
        updates, state = optimiser.update(gradient, state, now)
        now = optax.apply_updates(now, updates)
    return [np.stack(part) for part in zip(*seen, strict=True)]


@pytest.mark.slow
def test_fits_side_by_side__independent_package(toy):
    """Four conditions of three lengths, one with noise and a rate that falls, against optax."""
    noise = np.random.default_rng(0).normal(size=(50, NODES, TARGETS, STIMULI)).astype("f4")
    conditions = {
        "all": Condition(BOTH, BOTH, steps=4),
        "few": Condition(FIRST, BOTH, start=1.02 * toy.truths, steps=3),
        "long": Condition(BOTH, FIRST, steps=5),
        "noisy": Condition(BOTH, BOTH, toy.truths, 4, rate=0.1, fade=True, noise_mV=noise),
    }
    found = fit_conditions(toy, conditions)
    assert list(found) == list(conditions)
    for name, target in (("all", 1), ("few", 0), ("long", 1), ("noisy", 0)):
        added = noise[:, :, target] if name == "noisy" else 0.0
        conductances, losses = loop(toy, conditions[name], target, added)
        fitted = found[name]
        assert len(fitted.losses) == conditions[name].steps + 1
        np.testing.assert_allclose(
            fitted.conductances[..., target], conductances, rtol=tolerances.NEURONS_TOY_FITS
        )
        np.testing.assert_allclose(
            fitted.losses[:, target], losses, rtol=tolerances.NEURONS_TOY_FITS_LOSS
        )
        distance = np.abs(conductances - toy.truths[..., target])
        np.testing.assert_allclose(
            fitted.stored[..., target], distance.mean(-1), rtol=tolerances.NEURONS_TOY_FITS_LOSS
        )
        in_nominal = (distance / NOMINAL_MS_CM2[:, None]) ** 2
        np.testing.assert_allclose(
            fitted.relative[:, target],
            np.sqrt(in_nominal.mean((-1, -2))),
            rtol=tolerances.NEURONS_TOY_FITS_LOSS,
            atol=1e-7,
        )


@pytest.mark.slow
def test_stimuli_of_a_target_do_not_depend_on_how_many_there_are__property():
    sizes = {"stimuli": 3, "nodes": NODES, "dt_ms": DT}
    key = jax.random.key(7)
    many, few = (draw_stimuli(key, targets=count, **sizes) for count in (3, 2))
    np.testing.assert_array_equal(many[:, :, :2], few)
    alone = published_stimuli(jax.random.fold_in(key, 1), **sizes)
    np.testing.assert_array_equal(few[:, :, 1], alone)


@pytest.mark.slow
def test_information__brute_force(toy):
    """Central differences of the voltages, in float64, for each recorded compartment."""
    found = toy_information(toy, np.stack([BOTH, FIRST]))
    assert found.shape == (NODES, 2, TARGETS, 2 * NODES, 2 * NODES)
    step = 1e-4
    with jax.enable_x64(True):
        truth = toy.truths[..., 1]
        columns = []
        for channel, node in np.ndindex(2, NODES):
            change = np.zeros_like(truth)
            change[channel, node] = step * NOMINAL_MS_CM2[channel]
            up, down = (voltages_of(toy, truth + s * change, 1, FIRST) for s in (1, -1))
            columns.append(np.asarray(up - down) / (2 * step))
    slopes = np.stack(columns, axis=-1)
    for node in range(NODES):
        rows = slopes[:, node].reshape(-1, 2 * NODES)
        expected = rows.T @ rows
        np.testing.assert_allclose(
            found[node, 1, 1],
            expected,
            atol=tolerances.NEURONS_TOY_INFORMATION * np.abs(expected).max(),
        )


@pytest.mark.slow
def test_line_from_start_to_truth__brute_force(toy):
    shares = np.array([0.0, 0.5, 1.0])
    found = line_losses(toy, np.stack([BOTH, FIRST]), shares)
    assert found.shape == (2, TARGETS, 3)
    truth, start = toy.truths[..., 0], NOMINAL_MS_CM2[:, None]
    at_truth, *on_line = (
        voltages_of(toy, np.float32(start + share * (truth - start)), 0, FIRST)
        for share in (1.0, *shares)
    )
    expected = [float(jnp.mean((v - at_truth) ** 2)) for v in on_line]
    np.testing.assert_allclose(found[1, 0], expected, rtol=tolerances.NEURONS_TOY_FITS_LOSS)


def test_largest_rise__closed_form():
    lines = np.array([[4.0, 2.0, 3.0, 1.0, 2.5, 0.0], [4.0, 3.0, 2.0, 1.0, 0.5, 0.0]])
    np.testing.assert_array_equal(largest_rise(lines), [1.5 / 4, 0.0])


def test_samples_begin_with_the_start__property(toy):
    one = recorded_voltages(toy, toy.truths[..., :1], toy.currents[:, :, 0, :1])
    assert one.shape == (51, NODES, 1)
    np.testing.assert_array_equal(one[0], np.asarray(toy.initial.v_mV)[:, None])
    assert np.all(np.asarray(one[1]) < float(toy.initial.v_mV[0]))


def test_what_is_no_condition_is_refused__property(toy):
    with pytest.raises(ValueError, match="conditions are empty"):
        fit_conditions(toy, {})
    with pytest.raises(ValueError, match="steps of one"):
        fit_conditions(toy, {"one": Condition(BOTH, BOTH, steps=0)})
    with pytest.raises(ValueError, match="last of shares must be 1"):
        line_losses(toy, BOTH[None], np.array([0.0, 0.5]))
