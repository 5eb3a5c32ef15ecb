"""Image networks, their tasks, and the training of scenarios against a plain loop."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from spinebook.data import load_images, read_image_file
from spinebook.pixels import standardised_images
from spinebook.polarity.image_network import ImageNetwork
from spinebook.polarity.image_study import ImageRecipe, ImageScenario, image_study
from spinebook.polarity.image_tasks import draw_image_task

from tests.shared_data import shared_file
from tests.tolerances import POLARITY_FLOAT32_SUM, POLARITY_FLOAT32_TRAINING

KEY = jax.random.key(3)
RUNS, SAMPLES, CLASSES = 3, 20, (1, 4, 7)
NETWORK = ImageNetwork(8, 8, 1, maps=(4, 6), hidden=(8,), outputs=3)
RECIPE = ImageRecipe(steps=40, checks=4, batch=10)
SCENARIOS = [ImageScenario(s, f) for s in ("random", "signs", "weights") for f in (True, False)]


@pytest.fixture(scope="module")
def digits():
    images, labels = standardised_images(load_images("digits8"))
    return images[..., None], labels


@pytest.fixture(scope="module")
def task(digits):
    return draw_image_task(digits[1], CLASSES, RUNS, validation=30, test=200, key=KEY)


def train(digits, task, scenarios, **more):
    settings = {"samples": SAMPLES, "key": KEY, "recipe": RECIPE} | more
    return image_study(NETWORK, digits[0], task, scenarios, **settings)


@pytest.fixture(scope="module")
def source(digits, task):
    """Networks trained on all images of the very same task."""
    longer = replace(RECIPE, steps=400)
    free = [ImageScenario(frozen=False)]
    more = {"samples": task.available, "key": jax.random.key(4), "recipe": longer}
    return train(digits, task, free, **more)[0]


@pytest.fixture(scope="module")
def runs(digits, task, source):
    found = train(digits, task, SCENARIOS, sources=source.network)
    return dict(zip(SCENARIOS, found, strict=True))


def kernels(network):
    return [np.asarray(layer["weight"]) for layer in network]


def test_network_against_lax_convolution__independent_package():
    network = ImageNetwork(7, 9, 2, maps=(3, 4), hidden=(6,), outputs=5)
    params = network.init(key=KEY)
    params = jax.tree.map(lambda leaf: leaf + 0.1 * (leaf.ndim == 1), params)
    images = jax.random.normal(KEY, (4, 7, 9, 2))
    activity = images
    for layer, size in zip(params[:2], ((3, 3, 2, 3), (3, 3, 3, 4)), strict=True):
        activity = jax.lax.conv_general_dilated(
            activity,
            layer["weight"].reshape(size),
            (2, 2),
            [(1, 1), (1, 1)],
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        activity = jnp.maximum(activity + layer["bias"], 0)
    activity = activity.reshape(4, -1)
    activity = jnp.maximum(activity @ params[2]["weight"] + params[2]["bias"], 0)
    expected = activity @ params[3]["weight"] + params[3]["bias"]
    np.testing.assert_allclose(network(params, images), expected, atol=POLARITY_FLOAT32_SUM)


def test_sizes_and_first_weights__closed_form():
    network = ImageNetwork(28, 28, 1, maps=(16, 32, 32), hidden=(64,))
    assert network.kernels == ((9, 16), (144, 32), (288, 32), (4 * 4 * 32, 64), (64, 5))
    assert ImageNetwork(6, 6, 3, maps=(), hidden=()).kernels == ((108, 5),)
    for layer, (fan_in, fan_out) in zip(network.init(key=KEY), network.kernels, strict=True):
        limit = (6 / (fan_in + fan_out)) ** 0.5
        largest = abs(np.asarray(layer["weight"])).max()
        # The largest of k uniform sizes is below 0.95 of the limit once in 0.95^-k cases.
        assert 0.95 * limit < largest <= limit
        assert not layer["bias"].any()


def test_images_have_one_role__property(digits):
    labels = digits[1]
    task = draw_image_task(labels, (7, 2), 5, validation=30, test=40, key=KEY)
    pool = np.flatnonzero((labels == 7) | (labels == 2))
    assert task.available == len(pool) - 70
    for training, *held in zip(*task[:1], task.validation, task.test, strict=True):
        different = training[: task.available]
        np.testing.assert_array_equal(np.sort(np.concatenate([different, *held])), pool)
        np.testing.assert_array_equal(training, np.resize(different, len(labels)))
    np.testing.assert_array_equal(task.answers, labels == 2)
    assert len(np.unique(task.test, axis=0)) == 5


@pytest.mark.slow
def test_starts_of_scenarios__property(runs, source):
    own, handed = runs[SCENARIOS[0]].start, source.network
    signs, weights = runs[ImageScenario("signs")].start, runs[ImageScenario("weights")].start
    for drawn, given, reflected, taken in zip(
        *(kernels(start)[:-1] for start in (own, handed, signs, weights)), strict=True
    ):
        np.testing.assert_array_equal(abs(reflected), abs(drawn))
        np.testing.assert_array_equal(np.sign(reflected), np.sign(given))
        np.testing.assert_array_equal(taken, given)
        assert (np.sign(drawn) != np.sign(given)).mean() > 0.2
    for start in (signs, weights):
        np.testing.assert_array_equal(kernels(start)[-1], kernels(own)[-1])
    for layer, given in zip(weights[:-1], handed[:-1], strict=True):
        np.testing.assert_array_equal(layer["bias"], given["bias"])


def test_only_free_networks_change_signs__property(runs):
    for scenario, found in runs.items():
        twin = runs[ImageScenario(scenario.start, not scenario.frozen)]
        changed = [
            (before * after < 0).mean()
            for before, after in zip(kernels(found.start), kernels(found.network), strict=True)
        ]
        assert (max(changed) == 0) == scenario.frozen
        assert all(map(np.array_equal, kernels(found.start), kernels(twin.start)))


@pytest.mark.slow
def test_free_training_against_plain_loop__brute_force(digits, task, runs):
    found = runs[ImageScenario(frozen=False)]
    images = jnp.asarray(digits[0])
    batch_key = jax.random.split(KEY, 3)[1]
    adam, answers = optax.adam(RECIPE.rate), jnp.asarray(task.answers)

    def loss(params, rows):
        logits = NETWORK(params, images[rows])
        right = jnp.take_along_axis(logits, answers[rows][:, None], axis=1)[:, 0]
        return (jax.nn.logsumexp(logits, axis=1) - right).mean()

    @jax.jit
    def step(params, state, rows):
        change, state = adam.update(jax.grad(loss)(params, rows), state)
        return optax.apply_updates(params, change), state

    run = 2
    params = jax.tree.map(lambda leaf: leaf[run], found.start)
    state = adam.init(params)
    stream = jax.random.fold_in(batch_key, run)
    for t in range(RECIPE.steps):
        place = SAMPLES * jax.random.uniform(jax.random.fold_in(stream, t), (RECIPE.batch,))
        params, state = step(params, state, task.training[run][np.asarray(place).astype(int)])
    for layer, expected in zip(found.network, params, strict=True):
        for name in ("weight", "bias"):
            np.testing.assert_allclose(
                layer[name][run], expected[name], atol=POLARITY_FLOAT32_TRAINING
            )
    held = task.validation[run]
    assert found.loss[run, -1] == pytest.approx(
        float(loss(params, held)), abs=POLARITY_FLOAT32_TRAINING
    )
    logits = NETWORK(params, images[task.test[run]])
    right = np.asarray(logits).argmax(axis=1) == task.answers[task.test[run]]
    assert abs(found.accuracy[run, -1] - right.mean()) <= 1 / task.test.shape[1]


def test_error_is_that_of_the_smallest_validation_loss__property(runs):
    for found in runs.values():
        best = found.loss.argmin(axis=1)
        expected = 100 * (1 - found.accuracy[np.arange(RUNS), best])
        np.testing.assert_allclose(found.error, expected, atol=100 * POLARITY_FLOAT32_SUM)


def test_weights_of_the_same_task_help__property(runs, source):
    """A source that has learned the very task leaves only the output layer to be learned."""
    assert source.error.max() < 5
    for frozen in (True, False):
        taken, drawn = (runs[ImageScenario(s, frozen)].error for s in ("weights", "random"))
        assert (taken < drawn).all()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "colours"), [("fashion_mnist", 1), ("cifar10_5k", 3)])
def test_image_sets_of_any_size__property(name, colours):
    loaded = read_image_file(shared_file(f"{name}.npz"))
    images, labels = standardised_images(
        loaded._replace(
            train_images=loaded.train_images[:1500],
            train_labels=loaded.train_labels[:1500],
            test_images=loaded.test_images[:1],
            test_labels=loaded.test_labels[:1],
        )
    )
    images = images.reshape(*images.shape[:3], colours)
    network = ImageNetwork(*images.shape[1:], maps=(8, 8), hidden=(16,))
    recipe = ImageRecipe(steps=60, checks=3)
    task = draw_image_task(labels, range(5), 2, validation=50, test=250, key=KEY)
    more = {"samples": 300, "recipe": recipe, "key": KEY}
    source = image_study(network, images, task, [ImageScenario(frozen=False)], **more)[0]
    chance = 80 - 4 * 100 * (0.8 * 0.2 / 250) ** 0.5
    assert (source.error < chance).all()
    task = draw_image_task(labels, range(5, 10), 2, validation=50, test=250, key=KEY)
    handed = image_study(network, images, task, SCENARIOS[2:4], sources=source.network, **more)
    assert all((found.error < chance).all() for found in handed)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ImageNetwork(8, 8, 0), "colours"),
        (lambda: ImageNetwork(8, 8, 1, maps=(0,)), "maps"),
        # The tests' own check of annotations may come first.
        (lambda: ImageScenario("sign"), r"random, signs or weights|Literal\['random"),
        (lambda: ImageRecipe(steps=3, checks=4), "checks"),
        (lambda: ImageRecipe(rate=0.0), "rate must be positive"),
    ],
)
def test_bad_settings_are_refused__property(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


@pytest.mark.parametrize(
    ("classes", "runs", "held", "message"),
    [
        ((3,), 2, 10, "two different classes"),
        ((3, 3), 2, 10, "two different classes"),
        ((3, 4), 0, 10, "runs"),
        ((3, 4), 2, 400, "leave none to train on"),
    ],
)
def test_bad_tasks_are_refused__property(digits, classes, runs, held, message):
    with pytest.raises(ValueError, match=message):
        draw_image_task(digits[1], classes, runs, validation=held, test=held, key=KEY)


def test_studies_without_their_parts_are_refused__property(digits, task):
    with pytest.raises(ValueError, match="at least one scenario"):
        train(digits, task, [])
    with pytest.raises(ValueError, match="pass sources="):
        train(digits, task, SCENARIOS)
    with pytest.raises(ValueError, match="samples"):
        train(digits, task, SCENARIOS[:1], samples=task.available + 1)
