"""Pre-training and fine-tuning against optax's own optimiser and runs at one rate at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from spinebook.geometry import NegativeEntropy, Perceptron, PNorm, fine_tune, pretrain

from tests import tolerances

NETWORK = Perceptron(6, 8, 3)
PRETRAINING = {"held_out": 12, "steps": 20, "rate": 0.1, "batch": 8}


@pytest.fixture(scope="module")
def data():
    x = np.asarray(jax.random.normal(jax.random.key(7), (60, 6)))
    return x, np.argmax(x[:, :3], axis=1).astype(np.int32)


@pytest.fixture(scope="module")
def start(data):
    return pretrain(NETWORK, *data, 3, key=jax.random.key(0), **PRETRAINING)


@pytest.mark.slow
def test_two_norm_is_sgd_with_momentum__independent_package(data, start):
    x, y = data
    steps, rate = 25, 0.05
    tuned = fine_tune(NETWORK, start, PNorm(2.0), x, y, steps=steps, rates=(rate,))
    optimiser = optax.sgd(optax.cosine_decay_schedule(rate, steps), momentum=0.9)
    for seed in range(3):
        rows = start.subset[seed]
        weights = {name: jnp.asarray(leaf[seed]) for name, leaf in start.parameters.items()}
        state = optimiser.init(weights)

        def loss(w, rows=rows):
            logits = NETWORK(w, x[rows])
            return optax.softmax_cross_entropy_with_integer_labels(logits, y[rows]).mean()

        for _ in range(steps):
            updates, state = optimiser.update(jax.grad(loss)(weights), state)
            weights = optax.apply_updates(weights, updates)
        np.testing.assert_allclose(
            tuned.after["first"][seed],
            weights["first"].ravel(),
            atol=tolerances.GEOMETRY_FLOAT32_NET,
        )
        assert tuned.loss[seed] == pytest.approx(float(loss(weights)), rel=1e-4)


def test_images_held_out_are_not_trained_on__brute_force(data, start):
    x, y = data
    changed = x.copy()
    changed[start.subset[0]] += 10.0
    again = pretrain(NETWORK, changed, y, 3, key=jax.random.key(0), **PRETRAINING)
    np.testing.assert_array_equal(start.subset, again.subset)
    assert all(len(set(rows)) == 12 for rows in start.subset)
    np.testing.assert_array_equal(start.parameters["first"][0], again.parameters["first"][0])
    assert not np.array_equal(start.parameters["first"][1], again.parameters["first"][1])


@pytest.mark.parametrize("choice", ["gentlest", "lowest loss"])
def test_choice_of_rate__brute_force(data, start, choice):
    rates = (0.001, 0.02, 0.1, 0.5)
    chosen = fine_tune(NETWORK, start, PNorm(2.0), *data, steps=40, rates=rates, choice=choice)
    alone = [
        fine_tune(NETWORK, start, PNorm(2.0), *data, steps=40, rates=(rate,)) for rate in rates
    ]
    for seed in range(3):
        losses = [run.loss[seed] for run in alone]
        fitted = [i for i, run in enumerate(alone) if run.accuracy[seed] == 1.0]
        best = fitted[0] if choice == "gentlest" and fitted else int(np.argmin(losses))
        assert chosen.rate[seed] == pytest.approx(rates[best])
        np.testing.assert_array_equal(chosen.after["first"][seed], alone[best].after["first"][seed])


@pytest.mark.slow
def test_seeds_side_by_side_agree__property(data, start):
    for together in (2, 3):
        again = pretrain(NETWORK, *data, 3, key=jax.random.key(0), together=together, **PRETRAINING)
        np.testing.assert_allclose(
            again.parameters["first"],
            start.parameters["first"],
            atol=tolerances.GEOMETRY_FLOAT32_NET,
        )


def test_diverged_rate_is_not_kept__property(data, start):
    tuned = fine_tune(NETWORK, start, NegativeEntropy(), *data, steps=30, rates=(0.1, 1e6))
    assert np.all(tuned.rate == np.float32(0.1))
    assert np.all(np.isfinite(tuned.loss))
    diverged = fine_tune(NETWORK, start, PNorm(2.0), *data, steps=30, rates=(1e38,))
    assert np.all(np.isinf(diverged.loss))


def test_pooled_weights_are_all_layers__property(data, start):
    tuned = fine_tune(NETWORK, start, NegativeEntropy(), *data, steps=5, rates=(0.1,))
    before, after = tuned.pooled()
    assert before.shape == after.shape == (3, 6 * 8 + 8 * 3)
    np.testing.assert_array_equal(np.sign(before), np.sign(after))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"held_out": 60}, "more than 60 images"),
        ({"held_out": 0}, "held_out"),
        ({"steps": 0}, "steps"),
        ({"batch": -1}, "batch"),
        ({"together": 0}, "together"),
    ],
)
def test_bad_pretraining_is_refused__property(data, change, message):
    with pytest.raises(ValueError, match=message):
        pretrain(NETWORK, *data, 2, key=jax.random.key(0), **PRETRAINING | change)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0, "rates": (0.1,)}, "steps"),
        ({"steps": 5, "rates": ()}, "rising"),
        ({"steps": 5, "rates": (0.2, 0.1)}, "rising"),
        ({"steps": 5, "rates": (-0.1, 0.1)}, "rising"),
    ],
)
def test_bad_fine_tuning_is_refused__property(data, start, options, message):
    with pytest.raises(ValueError, match=message):
        fine_tune(NETWORK, start, PNorm(2.0), *data, **options)
