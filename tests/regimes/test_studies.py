"""The chapter's studies against direct computation, other packages and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.integrate
import scipy.stats
from spinebook import regimes
from spinebook.regimes import studies, study_estimates, study_measures, study_starts
from spinebook.regimes.linear_kernels import kernel_cosine
from spinebook.training import Recipe

from tests import tolerances as tol

pytestmark = pytest.mark.slow  # they compile whole studies: ten seconds and more each

KEYS = jax.random.split(jax.random.key(3), 3)
RANKS = jnp.array([1, 6])
TASK = regimes.TwoAlternativeForcedChoice()


@pytest.fixture(scope="module")
def block():
    """Networks of six units, three seeds and two ranks."""
    return study_starts.rank_starts((3, 3), 6, RANKS, 1.25, keys=KEYS)


@pytest.fixture(scope="module")
def pair(block):
    """The block's networks, and the same with other recurrent weights."""
    first = studies.join([block])
    rng = np.random.default_rng(0)
    moved = first.recurrent + 0.3 * rng.normal(size=first.recurrent.shape).astype(np.float32)
    return first, first._replace(recurrent=moved)


def one(networks, i):
    """Network i of joined ones."""
    return jax.tree.map(lambda weights: weights[i], networks)


def test_ranks_share_all_but_the_rank__property(block):
    norms = np.linalg.norm(block.recurrent, axis=(2, 3))
    assert np.allclose(norms[:, 0], norms[:, 1], rtol=tol.REGIMES_STUDY_FLOAT32)
    assert np.array_equal(np.linalg.matrix_rank(block.recurrent, rtol=1e-5), [[1, 6]] * 3)
    for weights in (block.input, block.readout):
        assert np.array_equal(weights[:, 0], weights[:, 1])
        assert not np.array_equal(weights[0], weights[1])


def test_redrawn_input_weights_differ_between_ranks__property(block):
    own = study_starts.rank_starts((3, 3), 6, RANKS, 1.25, redraw=True, keys=KEYS)
    assert not np.array_equal(own.input[:, 0], own.input[:, 1])
    assert np.array_equal(own.recurrent, block.recurrent)


def test_full_rank_is_the_null_of_structures__property(block):
    kinds = (regimes.Gaussian(), regimes.Dale())
    drawn = study_starts.structure_starts((3, 3), 6, kinds, 1.25, keys=KEYS)
    for mine, theirs in zip(drawn, block, strict=True):
        assert np.array_equal(mine[:, 0], theirs[:, 1])
    assert np.array_equal(drawn.input[:, 0], drawn.input[:, 1])


def test_join_and_split_undo_each_other__property(block):
    other = jax.tree.map(lambda weights: weights[:2, :1], block)
    parts = studies.split([block, other], studies.join([block, other]))
    for part, original in zip(parts, (block, other), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(part, original, strict=True))


def test_networks_of_a_seed_see_the_same_trials__property(block):
    twins = jax.tree.map(lambda weights: np.repeat(np.asarray(weights[:, 1:]), 2, axis=1), block)
    recipe = studies.task_recipe(TASK)
    outcome = studies.train_blocks(recipe, [twins, twins], key=KEYS[0], steps=4)
    first, again = (part.recurrent for part in outcome.final)
    assert np.allclose(first[:, 0], first[:, 1], atol=tol.REGIMES_STUDY_FLOAT32)
    assert np.allclose(first, again, atol=tol.REGIMES_STUDY_FLOAT32)
    assert np.isfinite(outcome.loss[0]).all()
    slow = studies.train_blocks(recipe, [twins], key=KEYS[0], steps=4, rate=0.0)
    assert np.array_equal(slow.final[0].recurrent, twins.recurrent)


def test_train_blocks_follows_plain_gradient_descent__brute_force(block):
    recipe = studies.task_recipe(TASK)
    outcome = studies.train_blocks(recipe, [block], key=KEYS[0], steps=3, rate=0.1, momentum=0.5)
    parameters = jax.tree.map(lambda weights: weights[1, 0], block)
    optimiser = optax.sgd(0.1, momentum=0.5)
    state, key = optimiser.init(parameters), jax.random.fold_in(KEYS[0], 1)
    for t in range(3):
        batch = TASK.draw(32, key=jax.random.fold_in(key, t))
        slope = jax.grad(regimes.decision_loss)(parameters, batch)
        updates, state = optimiser.update(slope, state)
        parameters = optax.apply_updates(parameters, updates)
    mine = outcome.final[0].recurrent[1, 0]
    assert np.allclose(mine, parameters.recurrent, atol=tol.REGIMES_STUDY_FLOAT32)


def test_longer_decisions_repeat_the_last_step__property():
    short, long = (studies.TrialDraws(TASK, 5, n)(KEYS[0], None, None) for n in (1, 3))
    for before, after in zip(short, long, strict=True):
        assert after.shape[0] == before.shape[0] + 2
        assert np.array_equal(after[:8], before)
        assert np.array_equal(after[-1], before[-1])


def test_image_batches_come_from_the_shared_images__property():
    images = jnp.arange(4 * 2 * 3, dtype=jnp.uint8).reshape(4, 2, 3)
    rows, labels = studies.ImageDraws(7)(KEYS[0], (images, jnp.arange(4)), None)
    assert rows.shape == (2, 7, 3)
    assert np.allclose(rows, np.swapaxes(np.asarray(images)[labels], 0, 1) / 255)


def test_losses_are_the_three_named_ones__closed_form(pair):
    network, batch = one(pair[0], 0), TASK.draw(5, key=KEYS[0])
    logits = regimes.outputs(network, batch[0])
    right = np.eye(3)[np.asarray(batch[1])]
    squared = np.mean(np.sum((np.asarray(logits) - right) ** 2, axis=-1))
    for kind, expected in (
        ("squared", squared),
        ("all steps", regimes.decision_loss(network, batch)),
        ("last step", regimes.last_step_loss(network, batch)),
    ):
        loss = studies.TrialLoss(kind=kind)(network, batch)
        assert np.allclose(loss, expected, rtol=tol.REGIMES_STUDY_FLOAT32)
    assert isinstance(studies.image_recipe(), Recipe)


def test_laziness_is_the_measures_one_by_one__brute_force(pair):
    inputs, _ = TASK.draw(9, key=KEYS[1])
    found = study_measures.laziness(*pair, inputs, kernel_samples=4)
    for i in (0, 5):
        first, last = (one(networks, i) for networks in pair)
        rates = [regimes.rates(network, inputs)[-1] for network in (first, last)]
        expected = (
            regimes.weight_change(first.recurrent, last.recurrent),
            regimes.representation_alignment(*rates),
            regimes.tangent_kernel_alignment(first, last, inputs[:, :4]),
        )
        assert np.allclose([x[i] for x in found], expected, rtol=tol.REGIMES_STUDY_FLOAT32)


def test_a_network_is_as_lazy_as_can_be_to_itself__closed_form(pair):
    inputs, _ = TASK.draw(9, key=KEYS[1])
    change, representation, kernel = study_measures.laziness(pair[0], pair[0], inputs)
    assert np.array_equal(change, np.zeros(6))
    assert np.allclose([representation, kernel], 1.0, atol=tol.REGIMES_STUDY_FLOAT32)


def test_kernel_of_all_weights_by_its_jacobian__brute_force(pair):
    inputs, _ = TASK.draw(3, key=KEYS[1])
    found = study_measures.all_weights_alignment(*pair, inputs)

    def kernel(network):
        parts = jax.jacobian(lambda p: regimes.outputs(p, inputs).ravel())(network)
        jacobian = np.concatenate([np.reshape(part, (72, -1)) for part in parts], axis=1)
        return jacobian @ jacobian.T

    first, last = (kernel(one(networks, 2)) for networks in pair)
    assert np.allclose(found[2], kernel_cosine(first, last), rtol=tol.REGIMES_STUDY_FLOAT32)


def test_label_alignment_by_its_jacobian__brute_force(pair):
    inputs, labels = TASK.draw(12, key=KEYS[2])
    found = study_measures.label_alignment(pair[0], (inputs, labels))
    network = one(pair[0], 3)

    def choice(recurrent):
        logits = regimes.outputs(network._replace(recurrent=recurrent), inputs)[-1]
        return logits[:, 1] - logits[:, 2]

    jacobian = np.reshape(jax.jacobian(choice)(jnp.asarray(network.recurrent)), (12, -1))
    centre = np.eye(12) - 1 / 12
    kernel = centre @ jacobian @ jacobian.T @ centre
    sign = centre @ np.where(labels[-1] == 1, 1.0, -1.0)
    expected = sign @ kernel @ sign / (np.linalg.norm(kernel) * (sign @ sign))
    assert np.allclose(found[3], expected, atol=tol.REGIMES_STUDY_FLOAT32)


def test_scores_are_accuracy_and_loss__brute_force(pair):
    batch = TASK.draw(40, key=KEYS[0])
    scores = study_measures.decision_scores(pair[1], batch)
    network = one(pair[1], 4)
    assert np.allclose(scores.accuracy[4], regimes.decision_accuracy(network, batch))
    assert np.allclose(scores.loss[4], regimes.last_step_loss(network, batch))


@pytest.mark.parametrize(
    ("gate", "task", "passed"),
    [
        ("accuracy", TASK, [False, True, True]),
        ("accuracy", regimes.DelayedMatchToSample(), [False, False, True]),
        ("loss", TASK, [False, True, False]),
        ("loss", regimes.DelayedMatchToSample(), [False, False, False]),
    ],
)
def test_gates_are_those_of_the_ledger__closed_form(gate, task, passed):
    accuracy, loss = np.array([0.79, 0.8, 0.95]), np.array([0.0349, 0.0348, np.nan])
    assert study_measures.passes(gate, task, accuracy, loss).tolist() == passed


def test_change_directions_count_singular_values__closed_form():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    change = turn @ np.diag([10.0, 2.0, 1.0, 0.1, 0.0]) @ turn.T
    # 100, 104 and 105 of 105.01: 95 % needs one direction, 98 % two, 99.9 % three.
    counts = [study_measures.change_directions(0 * turn, change, s) for s in (0.95, 0.98, 0.999)]
    assert counts == [1, 2, 3]


def test_few_pairs_decide_nothing__property():
    few = np.ones(9)
    assert study_estimates.shift(few) == (0.0, -1.0, 1.0)
    assert study_estimates.shift(few, least=8).low == 1.0
    assert study_estimates.shift(few, reach=100.0).high == 100.0
    assert study_estimates.mean_with_bootstrap(few, seed=0) == (0.0, -1.0, 1.0)
    assert study_estimates.order_within(np.arange(3), np.ones((9, 3)), seed=0) == (0.0, -1.0, 1.0)


def test_seed_correlations_are_spearmans__independent_package():
    table = np.random.default_rng(1).normal(size=(4, 6))
    labels = np.array([1, 3, 10, 30, 100, 300])
    expected = [scipy.stats.spearmanr(labels, row).statistic for row in table]
    found = study_estimates.seed_correlations(labels, table)
    assert np.allclose(found, expected, atol=tol.REGIMES_STUDY_FLOAT64)
