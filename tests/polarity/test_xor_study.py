"""The batched training of XOR networks against NumPy, its invariants, and published numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from spinebook.polarity import _xor_program as program
from spinebook.polarity.measures import (
    epochs_to_threshold,
    error_at_minimum_loss,
    share_reaching,
)
from spinebook.polarity.xor import XorNetwork, sufficient_polarity_xor, xor_logits
from spinebook.polarity.xor_study import (
    ADVERSARIAL,
    FLUID,
    RAND,
    SUFFICIENT,
    Scenario,
    XorRecipe,
    xor_study,
)

from tests.tolerances import (
    POLARITY_FLOAT32_SUM,
    POLARITY_FLOAT32_TRAINING,
    POLARITY_STANDARD_ERRORS,
)

KEY = jax.random.key(5)
SHORT = XorRecipe(epochs=15, validation=40)
UNITS, SAMPLES, RUNS = 6, 40, 3
SCENARIOS = [
    Scenario("sufficient", reset="zero"),
    Scenario("random", reset="constant"),
    Scenario("adversarial", reset="reflect"),
    FLUID,
    Scenario(frozen=False, l1=0.01),
    Scenario(frozen=False, fresh=True),
    RAND,
]


def study(scenarios, **more):
    sizes = {"units": UNITS, "samples": SAMPLES, "runs": RUNS}
    return xor_study(scenarios, key=KEY, recipe=SHORT, **sizes, **more)


@pytest.fixture(scope="module")
def result():
    return study(SCENARIOS)


def starts():
    """Return the data, the initial draws and the orders of the study above, from its own keys."""
    data_key, validation_key, init_key, order_key, _ = jax.random.split(KEY, 5)
    runs = jnp.arange(RUNS)
    x, y = program._data(data_key, 64, runs, RUNS)
    x_validation, _ = program._data(validation_key, SHORT.validation, runs, RUNS)
    empty = jnp.zeros(RUNS, int)
    drawn = program._networks(init_key, 8, UNITS, program.Arms(*5 * [empty], runs, runs))
    orders = [
        program._order(jax.random.fold_in(order_key, e), SAMPLES, 64, 32)
        for e in range(SHORT.epochs)
    ]
    return (np.asarray(v, float) for v in (x, y, x_validation)), drawn, np.asarray(orders)


def gradients(W, b, a, c, x, y, l1):
    """Return the gradients of the mean cross-entropy of one network, written out."""
    drive = x @ W + b
    activity = np.maximum(drive, 0)
    error = (1 / (1 + np.exp(-(activity @ a + c))) - y) / len(y)
    back = np.outer(error, a) * (drive > 0)
    return [
        x.T @ back + l1 * np.sign(W),
        back.sum(0),
        activity.T @ error + l1 * np.sign(a),
        error.sum(),
    ]


def numpy_run(scenario, run, x, y, drawn, orders):
    """Train one network in float64: Adam as in Kingma and Ba, minibatches of 32 and 8."""
    parts = [np.asarray(leaf, float)[..., run] for leaf in drawn]
    parts = [part[..., :UNITS] if part.ndim else part for part in parts]
    signs = [np.sign(parts[0]), None, np.sign(parts[2]), None]
    if scenario.signs != "random":
        direction = 1 if scenario.signs == "sufficient" else -1
        signs[2] = direction * signs[0][0] * signs[0][1]

    def reset(w, sign):
        put = {"zero": 0 * w, "constant": 1e-3 * sign, "reflect": -w}
        return np.where(w * sign < 0, put[scenario.reset], w)

    if scenario.frozen:
        parts = [w if s is None else reset(w, s) for w, s in zip(parts, signs, strict=True)]
    first, second = [0.0] * 4, [0.0] * 4
    t = 0
    for order in orders:
        for rows in (order[:32], order[32:SAMPLES]):
            t += 1
            slopes = gradients(*parts, x[:, rows, run].T, y[rows], scenario.l1)
            for k, g in enumerate(slopes):
                first[k] = 0.9 * first[k] + 0.1 * g
                second[k] = 0.999 * second[k] + 0.001 * g**2
                size = np.sqrt(second[k] / (1 - 0.999**t)) + 1e-7
                parts[k] = parts[k] - 0.03 * first[k] / (1 - 0.9**t) / size
                if scenario.frozen and signs[k] is not None:
                    parts[k] = reset(parts[k], signs[k])
    return parts


@pytest.mark.parametrize("number", range(5))
def test_training_follows_numpy__brute_force(result, number):
    (x, y, _), drawn, orders = starts()
    network = XorNetwork(*(leaf[number] for leaf in result.network))
    for run in range(RUNS):
        peer = numpy_run(SCENARIOS[number], run, x, y, drawn, orders)
        for ours, theirs in zip(network, peer, strict=True):
            np.testing.assert_allclose(ours[run], theirs, rtol=0, atol=POLARITY_FLOAT32_TRAINING)


def test_validation_is_that_of_the_final_network__brute_force(result):
    (_, _, x), _, _ = starts()
    for arm, run in np.ndindex(len(SCENARIOS), RUNS):
        network = jax.tree.map(lambda leaf, a=arm, r=run: leaf[a, r], result.network)
        logits = np.asarray(xor_logits(network, x[:, :, run].T.astype(np.float32)), float)
        right = x[0, :, run] * x[1, :, run] > 0
        loss = np.logaddexp(0, np.where(right, -logits, logits)).mean()
        assert abs(result.loss[arm, run, -1] - loss) < 10 * POLARITY_FLOAT32_SUM
        accuracy = ((logits > 0) == right).mean()
        assert abs(result.accuracy[arm, run, -1] - accuracy) < POLARITY_FLOAT32_SUM


def test_frozen_networks_keep_their_signs__property(result):
    _, drawn, _ = starts()
    initial = np.moveaxis(np.sign(np.asarray(drawn.hidden))[:, :UNITS], -1, 0)
    for number, scenario in enumerate(SCENARIOS):
        kept = result.network.hidden[number] * initial
        if scenario.frozen:
            assert kept.min() >= 0
        elif not scenario.fresh:
            assert kept.min() < 0
    for number, direction in ((0, 1), (2, -1)):
        rule = [sufficient_polarity_xor(signs) for signs in initial]
        assert (direction * result.network.output[number] * np.array(rule)).min() >= 0


def test_a_scenario_does_not_depend_on_those_beside_it__property(result):
    # Those that draw nothing of their own while they are trained.
    other = study(SCENARIOS[::-1])
    np.testing.assert_allclose(
        other.loss[::-1][:5], result.loss[:5], rtol=0, atol=POLARITY_FLOAT32_TRAINING
    )
    assert np.all(other.loss[::-1][5] != result.loss[5])  # fresh weights go by place


def test_fluid_networks_start_where_their_twins_do_unless_fresh__property(result):
    _, drawn, _ = starts()
    # Adam moves no weight by more than about its rate a step, here 30 of 0.03.
    start = np.moveaxis(np.asarray(drawn.output)[:UNITS], -1, 0)
    apart = np.abs(result.network.output - start).mean(axis=(1, 2))
    assert apart[3] < apart[5]
    assert np.abs(result.loss[3] - result.loss[5]).min() > 1e-4


def test_padding_stays_zero__property():
    arms = program.Arms(*(jnp.zeros(2, int) for _ in range(5)), *2 * [jnp.arange(2)])
    arms = arms._replace(frozen=jnp.array([True, False]), l1=jnp.full(2, 0.01))
    recipe = XorRecipe(epochs=3, validation=40)
    _, network = program.train_xor(recipe, (8, 32, 2), arms, 3, 32, KEY)
    assert not np.any(network.hidden[:, 3:])
    assert not np.any(network.hidden_bias[3:])
    assert not np.any(network.output[3:])
    assert np.all(network.output[:3] != 0)


def test_one_data_set_for_all_runs__property(result):
    one, _ = program._data(KEY, 32, jnp.zeros(2, int), 2)
    assert np.all(one[..., 0] == one[..., 1])
    own, _ = program._data(KEY, 32, jnp.arange(2), 2)
    assert np.all(own[..., 0] != own[..., 1])
    shared = study(SCENARIOS, shared_data=True)
    np.testing.assert_array_equal(shared.loss[3, 0], result.loss[3, 0])  # the first run's data
    assert np.all(shared.loss[3, 1:] != result.loss[3, 1:])


def test_boundary_counts_small_weights__brute_force(result):
    small = np.abs(result.network.hidden) <= SHORT.epsilon
    expected = [small[:, :, :2].mean((2, 3)), small[:, :, 2:].mean((2, 3))]
    expected.append((np.abs(result.network.output) <= SHORT.epsilon).mean(2))
    np.testing.assert_allclose(
        result.boundary, np.moveaxis(expected, 0, -1), rtol=0, atol=POLARITY_FLOAT32_SUM
    )
    assert result.boundary[0].mean() > result.boundary[3].mean()
    assert np.all(result.crossed[:3].mean((1, 2)) > result.crossed[3].mean())


def test_the_last_batch_is_smaller__closed_form():
    order = np.asarray(program._order(KEY, 40, 64, 32))
    assert sorted(order[:40]) == list(range(40))
    assert len(order) == 64
    other = np.asarray(program._order(jax.random.key(6), 40, 64, 32))
    assert np.any(order[:40] != other[:40])


@pytest.mark.slow
def test_useless_units_do_not_learn__closed_form():
    # No such network has an expected cross-entropy below ln 2; on 1,000 points it may fall below
    # by chance, by a standard error of at most one loss's spread over the root of 1,000.
    runs = xor_study([ADVERSARIAL], key=KEY, units=20, samples=200, runs=30)
    error = error_at_minimum_loss(runs.loss, runs.accuracy)
    assert 45 < np.median(error) < 55
    assert np.mean(runs.loss.min(-1)) > np.log(2) - POLARITY_STANDARD_ERRORS * 0.1 / np.sqrt(1000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: xor_study([], key=KEY), "at least one scenario"),
        (lambda: xor_study([FLUID], key=KEY, samples=50), "divisible by four"),
        (lambda: xor_study([FLUID], key=KEY, units=0), "units"),
        (lambda: xor_study([FLUID], key=KEY, runs=0), "runs"),
        (lambda: Scenario(l1=-1.0), "l1"),
        (lambda: XorRecipe(epochs=0), "epochs"),
        (lambda: XorRecipe(rate=0.0), "rate"),
        (lambda: XorRecipe(validation=10), "divisible"),
    ],
)
def test_bad_arguments_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
def test_few_samples_suffice_with_sufficient_signs__published():
    # 400 runs of another implementation, fresh data: median errors 7.7, 9.8 and 10.3 per cent and
    # AUC .726. A median of 200 has a standard error of about 1.25 s / sqrt(200), s about 4.
    runs = xor_study([SUFFICIENT, RAND, FLUID], key=jax.random.key(0), runs=200)
    error = error_at_minimum_loss(runs.loss, runs.accuracy)
    spread = np.subtract(*np.percentile(error, (75, 25), axis=1)) / 1.35
    reach = POLARITY_STANDARD_ERRORS * 1.25 * spread * np.sqrt(1 / 200 + 1 / 400)
    assert np.all(np.abs(np.median(error, axis=1) - (7.7, 9.8, 10.3)) < reach)
    better = mannwhitneyu(error[2], error[0])
    assert better.pvalue < 1e-6
    assert abs(better.statistic / 200**2 - 0.726) < POLARITY_STANDARD_ERRORS * 0.03


@pytest.mark.slow
def test_narrow_networks_suffer_from_random_signs__published():
    # Fig 4B at 10 units and 100 samples: random signs reach 90 % less often than fluid networks.
    runs = xor_study([RAND, FLUID], key=jax.random.key(1), units=10, samples=100, runs=200)
    random, fluid = (share_reaching(accuracy, 0.9) for accuracy in runs.accuracy)
    assert random.high < fluid.low
    # 300 runs of another implementation with fresh data: .71 and .90.
    for share, peer in ((random, 0.71), (fluid, 0.90)):
        error = np.sqrt(peer * (1 - peer) * (1 / 200 + 1 / 300))
        assert abs(share.value - peer) < POLARITY_STANDARD_ERRORS * error


@pytest.mark.slow
def test_the_rule_of_reset_does_not_matter__published():
    rules = [Scenario("sufficient", reset=r) for r in ("random", "constant", "zero", "reflect")]
    runs = xor_study(rules, key=jax.random.key(2), samples=80, runs=50)
    error = error_at_minimum_loss(runs.loss, runs.accuracy)
    assert np.all(np.abs((error - error[0]).mean(axis=1)) < 1)  # points, as decided in advance


@pytest.mark.slow
def test_one_shared_data_set_gives_the_figure__published():
    # Fig 1 at 64 units and 100 samples: errors about 4, 5 and 5, epochs to 90 % about 7, 13, 13.5.
    # Whose data set that was is unknown: another one moves them by a few points or epochs.
    runs = xor_study(
        [SUFFICIENT, RAND, FLUID],
        key=jax.random.key(3), units=64, samples=100, runs=50, shared_data=True,
    )  # fmt: skip
    error = np.median(error_at_minimum_loss(runs.loss, runs.accuracy), axis=1)
    assert np.all(np.abs(error - (4, 5, 5)) < 2)
    epochs = np.median(epochs_to_threshold(runs.accuracy, 0.9).epochs, axis=1)
    assert epochs[0] < epochs[2]
    assert np.all(np.abs(epochs - (7, 13, 13.5)) < 6)
