"""Bounds of many networks and small training studies against oracles."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.landscape import (
    Convnet,
    DenseNetwork,
    layer_measures,
    network_mls,
    network_sensitivity_bound,
    sharpness,
)
from spinebook.landscape.image_records import convnet_record, image_record
from spinebook.landscape.image_study import train_on_images, unseen_accuracy
from spinebook.landscape.image_tasks import draw_tasks
from spinebook.landscape.studies import (
    many_bounds,
    random_convolutions,
    random_networks,
    traces_and_labels,
    violations,
)
from spinebook.training import random_rows

from tests.tolerances import (
    LANDSCAPE_CLOSED_FORM,
    LANDSCAPE_FLOAT32,
    LANDSCAPE_ROUTES,
)

pytestmark = pytest.mark.slow  # they compile whole studies: ten seconds and more each

KEY = jax.random.key(3)
LABELS = np.arange(90) % 3


@pytest.fixture(scope="module")
def runs():
    """Nine networks: three seeds, two rates at batch 2 and one at batch 3."""
    network = DenseNetwork((12, 5, 10))
    images = np.random.default_rng(0).normal(size=(90, 12)).astype(np.float32)
    tasks = draw_tasks(LABELS, (0, 1, 2), 3, train=20, wrong=4, held_out=10, key=KEY)
    settings = [(0.1, 2), (0.1, 3), (0.3, 2)]
    result = train_on_images(network, images, tasks, settings, at=(0, 3, 6), key=KEY)
    return network, images, tasks, result


def test_many_bounds_are_those_of_each_network__brute_force():
    network = DenseNetwork((5, 4, 3))
    params, x = random_networks(network, 3, 6, key=KEY)
    found = many_bounds(network, params, x)
    for i in range(3):
        one = jax.tree.map(lambda leaf, i=i: leaf[i], params)
        measures = layer_measures(network, one, x[i])
        expected = network_sensitivity_bound(measures)
        assert found.bounds["nmls"].left[i] == pytest.approx(expected.left, rel=LANDSCAPE_ROUTES)
        assert found.bounds["nmls"].right[i] == pytest.approx(expected.right, rel=LANDSCAPE_ROUTES)
        np.testing.assert_allclose(
            found.weight_norms[i], measures.weight_norms, rtol=LANDSCAPE_CLOSED_FORM
        )
    assert found.chain.dtype == np.float64
    assert all(violations(found.bounds[name]) == 0 for name in ("gradient", "volume", "mls"))


def test_trace_with_moved_labels__brute_force():
    network = DenseNetwork((3, 2, 2))
    params, x = random_networks(network, 2, 4, key=KEY)
    moved = np.random.default_rng(0).normal(size=(2, 2, 4, 2))
    moved[:, 0] = 0
    traces = traces_and_labels(network, params, x, moved)
    with jax.enable_x64(True):
        for i in range(2):
            one = jax.tree.map(lambda leaf, i=i: jnp.asarray(leaf[i]), params)
            vector, unravel = jax.flatten_util.ravel_pytree(one)
            labels = network(one, x[i]) + moved[i, 1]

            def loss(v, i=i, labels=labels, unravel=unravel):
                return jnp.sum((network(unravel(v), x[i]) - labels) ** 2) / 8

            exact = np.trace(np.asarray(jax.hessian(loss)(vector)))
            assert traces[i, 1] == pytest.approx(exact, rel=LANDSCAPE_ROUTES)
            assert traces[i, 0] == pytest.approx(float(sharpness(network, one, x[i]).value))


def test_random_circular_convolutions__brute_force():
    """Positions, offsets and maps in plain loops, from the same draws."""
    found = random_convolutions(5, key=KEY)
    with jax.enable_x64(True):
        keys = jax.random.split(KEY, 4)
        signals = jax.random.uniform(keys[0], (5, 1, 1, 1), maxval=5.0)
        signals = np.asarray(signals + jax.random.normal(keys[1], (5, 1, 8, 1)))[:, 0, :, 0]
        kernels = np.asarray(jax.random.normal(keys[2], (5, 3, 1, 4)))[:, :, 0] / 3**0.5
        readouts = np.asarray(jax.random.normal(keys[3], (5, 32, 1))).reshape(5, 8, 4) / 32**0.5
    for i, (x, kernel, readout) in enumerate(zip(signals, kernels, readouts, strict=True)):
        patches = np.stack([np.roll(x, -offset) for offset in range(3)], axis=1)
        active = np.maximum(patches @ kernel, 0)
        back = readout * (active > 0)
        jacobian = np.zeros(8)
        for position in range(8):
            for offset in range(3):
                jacobian[(position + offset) % 8] += back[position] @ kernel[offset]
        total = np.sum((patches.T @ back) ** 2) + np.sum(active**2)
        norm = 8 * np.sum(kernel**2)
        left = np.linalg.norm(jacobian)
        right = np.sqrt(norm / (x @ x) * total)
        assert found["shared_mls"].left[i] == pytest.approx(left, rel=LANDSCAPE_ROUTES)
        assert found["shared_mls"].right[i] == pytest.approx(right, rel=LANDSCAPE_ROUTES)
        both = norm / (x @ x) + np.sum(readout**2) / np.sum(active**2)
        left += np.linalg.norm(readout)
        assert found["shared_nmls"].left[i] == pytest.approx(left, rel=LANDSCAPE_ROUTES)
        assert found["shared_nmls"].right[i] == pytest.approx(np.sqrt(both * total))


def test_last_record_is_of_the_last_parameters__brute_force(runs):
    network, images, tasks, result = runs
    own = {"rows": tasks.rows[1], "targets": tasks.targets[1], "held_out": tasks.held_out[1]}
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf[1, 2]), result.parameters)
    again = jax.jit(partial(image_record, network, 1.0))(params, jnp.asarray(images), own)
    for name, value in again.items():
        last = result.recorded[name][1, 2, -1]
        np.testing.assert_allclose(last, value, rtol=10 * LANDSCAPE_FLOAT32)
    outputs = np.asarray(network(params, images[own["rows"]]))
    assert float(again["loss"]) == pytest.approx(
        np.mean((outputs - own["targets"]) ** 2), rel=LANDSCAPE_FLOAT32
    )
    right = outputs.argmax(axis=1) == own["targets"].argmax(axis=1)
    assert float(again["accuracy"]) == pytest.approx(right.mean())


def test_training_is_plain_gradient_descent__brute_force(runs):
    """Seed 2 again, step by step, from the streams that runs of one seed and batch size share."""
    network, images, tasks, result = runs
    stream = jax.random.fold_in(jax.random.split(KEY)[1], 2)

    mine, targets = jnp.asarray(images[tasks.rows[2]]), jnp.asarray(tasks.targets[2])

    @jax.jit
    def step(params, rate, rows):
        x, y = mine[rows], targets[rows]
        slopes = jax.grad(lambda p: jnp.mean((network(p, x) - y) ** 2))(params)
        return jax.tree.map(lambda w, g: w - rate * g, params, slopes)

    for setting, rate in ((0, 0.1), (2, 0.3)):
        params = jax.tree.map(lambda leaf: jnp.asarray(leaf[2]), result.start)
        for t in range(6):
            rows = random_rows(20, 2, key=jax.random.fold_in(stream, t))
            params = step(params, rate, rows)
        for found, expected in zip(
            jax.tree.leaves(result.parameters), jax.tree.leaves(params), strict=True
        ):
            np.testing.assert_allclose(found[2, setting], expected, atol=LANDSCAPE_FLOAT32)


def test_unseen_accuracy_counts_what_is_unseen__brute_force(runs):
    network, images, tasks, result = runs
    share = unseen_accuracy(network, result.parameters, images, tasks)
    params = jax.tree.map(lambda leaf: leaf[0, 1], result.parameters)
    guess = np.asarray(network(params, images)).argmax(axis=1)
    away = np.setdiff1d(np.arange(90), tasks.rows[0])
    assert share[0, 1] == pytest.approx(np.mean(guess[away] == LABELS[away]))


@pytest.mark.parametrize("outputs", [1, 10])
def test_tasks_hold_what_was_asked_for__property(outputs):
    tasks = draw_tasks(LABELS, (0, 2), 4, train=30, wrong=6, outputs=outputs, held_out=20, key=KEY)
    for seed in range(4):
        rows, held = tasks.rows[seed], tasks.held_out[seed]
        assert len(set(rows) | set(held)) == 50
        assert set(LABELS[rows]) == {0, 2}
        assert tasks.unseen[seed].sum() == 60 - 30
        assert not tasks.unseen[seed][rows].any()
        if outputs == 1:
            given = np.where(tasks.targets[seed, :, 0] > 0, 2, 0)
            assert tasks.truth[seed][LABELS == 2].tolist() == [1] * 30
        else:
            given = tasks.targets[seed].argmax(axis=1)
        assert np.sum(given != LABELS[rows]) == 6


def test_too_few_images__property():
    with pytest.raises(ValueError, match=r"expected 60 training and 100 held-out .* got 60"):
        draw_tasks(LABELS, (0, 2), 1, train=60, wrong=0, key=KEY)


def test_convnet_record_follows_the_codes_rule__brute_force():
    network = Convnet(6, 6, 1, maps=(3,), hidden=(4,), outputs=3)
    params = network.init(key=KEY)
    x = jax.random.normal(KEY, (5, 6, 6, 1))
    record = convnet_record(network, params, x)
    assert float(record["nmls"]) == pytest.approx(
        float(network_mls(network, params, x).value), rel=LANDSCAPE_FLOAT32
    )
    total = float(sharpness(network, params, x).value)
    # Thirty-six positions before pooling, and dense layers by their Frobenius norms.
    positions = (36, 1, 1)
    harm = 0.0
    for h, layer, P in zip(network.layer_inputs(params, x), params, positions, strict=True):
        lengths = np.sum(np.asarray(h).reshape(5, -1) ** 2, axis=1)
        share = P * np.sum(np.asarray(layer["weight"]) ** 2) * np.mean(1 / lengths)
        if P == 36:
            assert float(record["mls_bound"]) == pytest.approx(
                np.sqrt(share * total), rel=LANDSCAPE_FLOAT32
            )
        harm += share
    assert float(record["nmls_bound"]) == pytest.approx(
        np.sqrt(harm * total), rel=LANDSCAPE_FLOAT32
    )
