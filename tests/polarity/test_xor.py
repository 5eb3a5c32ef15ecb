"""The XOR task and its network against its own definition and what is provable about signs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest
from spinebook.polarity.xor import (
    XorNetwork,
    adversarial_polarity_xor,
    init_xor_network,
    sufficient_polarity_xor,
    xor5d,
    xor_logits,
)

from tests.tolerances import POLARITY_FLOAT32_SUM, POLARITY_STANDARD_ERRORS

N = 20_000
INPUTS, LABELS = (np.asarray(part) for part in xor5d(N, key=jax.random.key(0)))


def test_squares_labels_and_noise__closed_form():
    place = INPUTS[:, :2]
    assert np.all(((place >= -1) & (place < 0)) | ((place >= 0.05) & (place < 1.05)))
    np.testing.assert_array_equal(LABELS, place[:, 0] * place[:, 1] > 0)
    for quadrant in np.ndindex(2, 2):  # the first 4 m rows are balanced as well
        inside = np.all((place[:40] > 0) == quadrant, axis=1)
        assert inside.sum() == 10
    for k in range(2, 5):
        assert kstest(INPUTS[:, k], "norm", (1, 1)).pvalue > 1e-3
    unit = np.where(place > 0, place - 0.05, place + 1)
    for k in range(2):
        assert kstest(unit[:, k], "uniform").pvalue > 1e-3
    correlation = np.corrcoef(np.c_[unit, INPUTS[:, 2:]].T)[np.triu_indices(5, 1)]
    assert np.all(np.abs(correlation) < POLARITY_STANDARD_ERRORS / np.sqrt(N))


def test_best_linear_separator__closed_form():
    # Of the directions in the plane the diagonal is best, cut at (2 + g) / 3 from the centre.
    best = 0.0
    for angle in np.linspace(0, np.pi, 73):
        order = np.argsort(INPUTS[:, :2] @ [np.cos(angle), np.sin(angle)])
        right = np.cumsum(2 * LABELS[order] - 1) / N  # gained by calling the first rows 1
        best = max(best, 0.5 + np.abs(right).max())
    exact = 1 - (1 + (2.05 / 3 - 0.05) ** 2 / 2 + (1 - 2.05 / 3) ** 2) / 4
    assert exact == pytest.approx(0.674792, abs=5e-7)
    # The best of many cuts is a little above it by chance: 4 standard errors of the accuracy.
    assert abs(best - exact) < POLARITY_STANDARD_ERRORS * np.sqrt(0.22 / N)


def exact_network():
    hidden = jnp.zeros((5, 4)).at[:2].set(jnp.array([[1.0, -1, 1, -1], [1, -1, -1, 1]]))
    return XorNetwork(hidden, jnp.zeros(4), jnp.array([1.0, 1, -1, -1]), jnp.zeros(()))


def test_four_units_solve_the_task__closed_form():
    logits = np.asarray(xor_logits(exact_network(), INPUTS))
    np.testing.assert_array_equal(logits > 0, LABELS == 1)
    x = INPUTS[:, :2]
    formula = 2 * np.sign(x[:, 0] * x[:, 1]) * np.abs(x).min(axis=1)
    np.testing.assert_allclose(logits, formula, rtol=0, atol=POLARITY_FLOAT32_SUM)
    rule = sufficient_polarity_xor(np.sign(np.asarray(exact_network().hidden)))
    np.testing.assert_array_equal(rule, exact_network().output)


def test_initial_weights_are_those_of_keras__closed_form():
    network = init_xor_network(2000, key=jax.random.key(1))
    kernel = np.concatenate([np.ravel(network.hidden), np.ravel(network.output)])
    assert np.abs(kernel).max() <= 0.5
    assert kstest(kernel, "truncnorm", (-2, 2, 0, 0.25)).pvalue > 1e-3
    reach = np.sqrt(3 / 2000)
    assert kstest(network.hidden_bias, "uniform", (-reach, 2 * reach)).pvalue > 1e-3
    output = jax.vmap(lambda k: init_xor_network(1, key=k).output_bias)(
        jax.random.split(jax.random.key(2), 500)
    )
    assert kstest(output, "uniform", (-np.sqrt(3), 2 * np.sqrt(3))).pvalue > 1e-3


def test_logits_by_hand__brute_force():
    network = jax.tree.map(np.asarray, init_xor_network(7, key=jax.random.key(3)))
    ours = xor_logits(network, INPUTS[:20])
    for row, value in zip(INPUTS[:20], ours, strict=True):
        total = float(network.output_bias)
        for j in range(7):
            drive = sum(row[k] * network.hidden[k, j] for k in range(5)) + network.hidden_bias[j]
            total += network.output[j] * max(0.0, drive)
        assert abs(total - float(value)) < POLARITY_FLOAT32_SUM


def test_useless_units_can_not_learn__closed_form(float64):
    # Second differences: f(Q1) + f(Q3) <= f(Q2) + f(Q4) at points one square apart, for all nets
    # whose signs follow the adversarial rule, and the opposite for the sufficient one. Then the
    # mean cross-entropy of the four points is at least ln 2, whatever the sizes.
    rng = np.random.default_rng(0)
    for rule, direction in ((adversarial_polarity_xor, 1.0), (sufficient_polarity_xor, -1.0)):
        for _ in range(20):
            hidden = rng.normal(size=(5, 8)) * 3
            output = rule(np.sign(hidden)) * np.abs(rng.normal(size=8))
            network = XorNetwork(hidden, rng.normal(size=8), output, rng.normal())
            lower = np.c_[rng.uniform(-1, 0, (50, 2)), rng.normal(1, 1, (50, 3))]
            f = {
                (i, j): np.asarray(xor_logits(network, lower + 1.05 * np.array([i, j, 0, 0, 0])))
                for i in (0, 1)
                for j in (0, 1)
            }
            gap = f[0, 1] + f[1, 0] - f[0, 0] - f[1, 1]
            assert np.all(direction * gap >= -1e-12)
            right, wrong = np.stack([f[0, 0], f[1, 1]]), np.stack([f[0, 1], f[1, 0]])
            loss = (np.logaddexp(0, -right).sum(0) + np.logaddexp(0, wrong).sum(0)) / 4
            if direction > 0:
                assert np.all(loss >= np.log(2) - 1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: xor5d(10, key=KEY), "divisible by four"),
        (lambda: xor5d(0, key=KEY), "at least 4"),
        (lambda: xor5d(8, key=KEY, dimensions=1), "at least 2"),
        (lambda: xor5d(8, key=KEY, gap=-0.1), "gap"),
        (lambda: xor5d(8, key=KEY, noise_sd=-1.0), "noise_sd"),
        (lambda: init_xor_network(0, key=KEY), "units"),
        (lambda: sufficient_polarity_xor(np.ones((1, 4))), "two coordinates"),
        (lambda: sufficient_polarity_xor(np.full((2, 4), 0.5)), "polarity_of"),
    ],
)
def test_bad_arguments_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()


KEY = jax.random.key(0)
