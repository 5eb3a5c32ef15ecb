"""The batched training of XOR networks against NumPy, its invariants, and published numbers."""

import importlib

import jax
import numpy as np
import pytest
from spinebook.polarity import _xor_program as program
from spinebook.polarity.xor import XorNetwork, sufficient_polarity_xor, xor_logits
from spinebook.polarity.xor_study import (
    FLUID,
    RAND,
    Scenario,
    XorRecipe,
    xor_study,
)

from tests.tolerances import (
    POLARITY_FLOAT32_SUM,
    POLARITY_FLOAT32_TRAINING,
)

# The package has a function of the same name.
xor_study_module = importlib.import_module("spinebook.polarity.xor_study")
KEY = jax.random.key(5)
# Few epochs: else a point comes within rounding of a unit's kink, and float32 goes another way.
SHORT = XorRecipe(epochs=6, validation=40)
UNITS, SAMPLES, RUNS = 6, 40, 3
SCENARIOS = [
    Scenario("sufficient", reset="zero"),
    Scenario("random", reset="constant"),
    Scenario("adversarial", reset="reflect"),
    FLUID,
    Scenario(frozen=False, l1=0.05),
    Scenario("sufficient", mirror=0.5, start="reflect"),
    Scenario("random", reset="zero", free_every=3),
    Scenario("sufficient", frozen=False, start="reflect"),
    Scenario(frozen=False, fresh=True),
    RAND,
]
EXACT = 8  # of these draw nothing while they are trained


def study(scenarios, **more):
    sizes = {"units": UNITS, "samples": SAMPLES, "runs": RUNS}
    return xor_study(scenarios, key=KEY, recipe=SHORT, **sizes | more)


@pytest.fixture(scope="module")
def result():
    return study(SCENARIOS)


def drawn_block(scenarios, rows=512, **more):
    """Return what the study above draws for its networks, and its orders."""
    draw_key, order_key, _ = jax.random.split(KEY, 3)
    arms = xor_study_module._arms(scenarios, RUNS, more.get("data_sets"))
    block = program.draw_block(SHORT, (64, rows), arms, UNITS, draw_key)
    return jax.device_get(block), xor_study_module._orders(order_key, SAMPLES, SHORT)


@pytest.fixture(scope="module")
def drawn():
    """Fluid networks: their weights are as they were drawn."""
    return drawn_block([FLUID])


def gradients(W, b, a, c, x, y):
    """Return the gradients of the mean cross-entropy of one network, written out."""
    drive = x @ W + b
    activity = np.maximum(drive, 0)
    error = (1 / (1 + np.exp(-(activity @ a + c))) - y) / len(y)
    back = np.outer(error, a) * (drive > 0)
    return [
        x.T @ back,
        back.sum(0),
        activity.T @ error,
        error.sum(),
    ]


def numpy_run(scenario, run, block, orders):
    """Train one network in float64: Adam as in Kingma and Ba, minibatches of 32 and 8."""
    x = np.asarray(block.training[run, :, :5], float)
    y = (x[:, 0] * x[:, 1] > 0).astype(float)
    kernel = np.asarray(block.weights[run, :, :UNITS], float)
    parts = [kernel[:5], kernel[5], kernel[6], float(block.output_bias[run])]
    signs = [np.sign(parts[0]), None, np.sign(parts[2]), None]
    if scenario.signs != "random":
        direction = 1 if scenario.signs == "sufficient" else -1
        signs[2] = direction * signs[0][0] * signs[0][1]
    if scenario.free_every:
        signs[0].ravel()[:: scenario.free_every] = 0

    def reset(w, sign, rule):
        put = {"zero": 0 * w, "constant": 1e-3 * sign, "reflect": -w}
        return np.where(w * sign < 0, put[rule], w) if rule in put else w

    start = scenario.start or scenario.reset
    parts = [w if s is None else reset(w, s, start) for w, s in zip(parts, signs, strict=True)]
    first, second = [0.0] * 4, [0.0] * 4
    t = 0
    for order in orders:
        for rows in (order[:32], order[32:SAMPLES]):
            t += 1
            slopes = gradients(*parts, x[rows], y[rows])
            for k, g in enumerate(slopes):
                first[k] = 0.9 * first[k] + 0.1 * g
                second[k] = 0.999 * second[k] + 0.001 * g**2
                size = np.sqrt(second[k] / (1 - 0.999**t)) + 1e-7
                moved = parts[k] - 0.03 * first[k] / (1 - 0.9**t) / size
                if signs[k] is not None:
                    if scenario.mirror:
                        moved = parts[k] * np.exp(-scenario.mirror * np.sign(parts[k]) * g)
                    if scenario.frozen:
                        moved = reset(moved, signs[k], scenario.reset)
                    moved = np.sign(moved) * np.maximum(np.abs(moved) - 0.03 * scenario.l1, 0)
                parts[k] = moved
    return parts


@pytest.mark.parametrize("number", range(EXACT))
def test_training_follows_numpy__brute_force(result, drawn, number):
    network = XorNetwork(*(leaf[number] for leaf in result.network))
    for run in range(RUNS):
        peer = numpy_run(SCENARIOS[number], run, *drawn)
        for ours, theirs in zip(network, peer, strict=True):
            np.testing.assert_allclose(ours[run], theirs, rtol=0, atol=POLARITY_FLOAT32_TRAINING)


def test_validation_is_that_of_the_final_network__brute_force(result):
    block, _ = drawn_block(SCENARIOS)
    for arm, run in np.ndindex(len(SCENARIOS), RUNS):
        network = jax.tree.map(lambda leaf, a=arm, r=run: leaf[a, r], result.network)
        x = block.validation[arm * RUNS + run, :5]
        logits = np.asarray(xor_logits(network, x.T), float)
        right = x[0] * x[1] > 0
        loss = np.logaddexp(0, np.where(right, -logits, logits)).mean()
        assert abs(result.loss[arm, run, -1] - loss) < 10 * POLARITY_FLOAT32_SUM
        accuracy = ((logits > 0) == right).mean()
        assert abs(result.accuracy[arm, run, -1] - accuracy) < POLARITY_FLOAT32_SUM


def test_frozen_networks_keep_their_signs__property(result, drawn):
    kernel = drawn[0].weights[:, :5, :UNITS]
    for number, scenario in enumerate(SCENARIOS[:EXACT]):
        kept = result.network.hidden[number] * np.sign(kernel)
        if scenario.free_every:
            free = kept.reshape(RUNS, -1)[:, :: scenario.free_every]
            assert free.min() < 0
            fixed = np.delete(kept.reshape(RUNS, -1), np.s_[:: scenario.free_every], axis=1)
            assert fixed.min() >= 0
        elif scenario.frozen or scenario.mirror:
            assert kept.min() >= 0
        else:
            assert kept.min() < 0
    for number, direction in ((0, 1), (2, -1), (5, 1)):
        rule = np.array([sufficient_polarity_xor(signs) for signs in np.sign(kernel)])
        assert (direction * result.network.output[number] * rule).min() >= 0


def test_a_scenario_does_not_depend_on_those_beside_it__property(result):
    fewer = [SCENARIOS[k] for k in (9, 3, 0)]
    other = study(fewer)
    # The draws of a reset belong to the network, not to its place.
    for place, number in enumerate((9, 3, 0)):
        np.testing.assert_allclose(
            other.loss[place], result.loss[number], rtol=0, atol=POLARITY_FLOAT32_TRAINING
        )


def test_a_run_does_not_depend_on_how_many_there_are__property(result):
    more = study([FLUID, RAND], runs=70)  # more than a block
    for place, number in ((0, 3), (1, 9)):
        np.testing.assert_allclose(
            more.loss[place, :RUNS], result.loss[number], rtol=0, atol=POLARITY_FLOAT32_TRAINING
        )
    assert len(np.unique(more.loss[0, :, 0])) == 70


def test_the_start_is_the_one_before_the_first_step__property(result, drawn):
    kernel = drawn[0].weights[..., :UNITS]
    np.testing.assert_array_equal(result.start.hidden[3], kernel[:, :5])
    np.testing.assert_array_equal(result.start.hidden_bias[3], kernel[:, 5])
    np.testing.assert_array_equal(np.abs(result.start.output[2]), np.abs(kernel[:, 6]))
    # A fluid twin starts where the frozen network does, and a fresh one elsewhere.
    np.testing.assert_array_equal(result.start.output[7], result.start.output[5])
    assert np.all(result.start.output[8] != result.start.output[3])


@pytest.mark.slow
def test_padding_changes_nothing__property(drawn):
    narrow, wide = drawn[0], drawn_block([FLUID], rows=1024)[0]
    np.testing.assert_array_equal(narrow.training, wide.training[:, :512])
    np.testing.assert_array_equal(narrow.validation, wide.validation)
    assert not np.any(narrow.weights[..., UNITS:])
    arms = xor_study_module._arms([SCENARIOS[1], SCENARIOS[4]], 1, None)
    block = program.draw_block(SHORT, (64, 512), arms, UNITS, KEY)
    results = []
    for width in (8, 24):
        cut = block._replace(
            weights=block.weights[..., :width], polarity=block.polarity[..., :width]
        )
        results.append(program.train_block(SHORT, cut, arms, drawn[1], UNITS, SAMPLES, KEY))
    (records, weights, _), (others, wider, _) = results
    assert not np.any(wider[..., UNITS:])
    np.testing.assert_allclose(wider[..., :8], weights, rtol=0, atol=POLARITY_FLOAT32_TRAINING)
    for one, other in zip(records, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=POLARITY_FLOAT32_TRAINING)


def test_runs_share_data_sets_and_nothing_else__property():
    own = drawn_block([FLUID, Scenario(fresh=True)])[0]
    assert len(np.unique(own.training[:, 0, 0])) == 2 * RUNS
    shared = drawn_block([FLUID, Scenario(fresh=True)], data_sets=2)[0]
    for first, second in ((0, 2), (0, RUNS), (1, RUNS + 1)):
        np.testing.assert_array_equal(shared.training[first], shared.training[second])
        np.testing.assert_array_equal(shared.validation[first], shared.validation[second])
    assert np.all(shared.training[0, :, :5] != shared.training[1, :, :5])
    assert len(np.unique(shared.weights[:, 0, 0])) == 2 * RUNS


def test_boundary_counts_small_weights__brute_force(result):
    small = np.abs(result.network.hidden) <= SHORT.epsilon
    expected = [small[:, :, :2].mean((2, 3)), small[:, :, 2:].mean((2, 3))]
    expected.append((np.abs(result.network.output) <= SHORT.epsilon).mean(2))
    np.testing.assert_allclose(
        result.boundary, np.moveaxis(expected, 0, -1), rtol=0, atol=POLARITY_FLOAT32_SUM
    )
    assert result.boundary[0].mean() > result.boundary[3].mean()
    assert result.boundary[4].mean() > result.boundary[3].mean()
    assert np.all(result.crossed[:3].mean((1, 2)) > result.crossed[3].mean())


def test_exponentiated_gradient_moves_no_sign__property(result):
    signs = [np.sign(part) for part in (result.start.hidden[5], result.network.hidden[5])]
    assert np.all(signs[0] * signs[1] >= 0)
    assert not np.any(result.crossed[5])


def test_the_last_batch_is_smaller__closed_form():
    orders = xor_study_module._orders(KEY, 40, SHORT)
    assert all(sorted(order[:40]) == list(range(40)) for order in orders)
    assert orders.shape == (SHORT.epochs, 512 + 32)
    assert np.any(orders[0, :40] != orders[1, :40])
    assert xor_study_module._orders(KEY, 516, SHORT).shape[1] == 1024 + 32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: xor_study([], key=KEY), "at least one scenario"),
        (lambda: xor_study([FLUID], key=KEY, samples=50), "divisible by four"),
        (lambda: xor_study([FLUID], key=KEY, units=0), "units"),
        (lambda: xor_study([FLUID], key=KEY, runs=0), "runs"),
        (lambda: xor_study([FLUID], key=KEY, data_sets=0), "data_sets"),
        (lambda: Scenario(l1=-1.0), "l1"),
        (lambda: Scenario(mirror=-1.0), "mirror"),
        (lambda: Scenario(free_every=-1), "free_every"),
        (lambda: XorRecipe(epochs=0), "epochs"),
        (lambda: XorRecipe(rate=0.0), "rate"),
        (lambda: XorRecipe(validation=10), "divisible"),
    ],
)
def test_bad_arguments_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
