"""The rate network against a loop in NumPy, plain automatic differentiation, optax and flax."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from spinebook.regimes.rate_losses import decision_accuracy, decision_loss, last_step_loss
from spinebook.regimes.rate_network import (
    RateNetwork,
    RateParameters,
    init_rate_parameters,
    outputs,
    rates,
)

from tests.tolerances import REGIMES_RATE_FLOAT32, REGIMES_RATE_FLOAT64

STEPS, BATCH, UNITS, INPUTS, OUTPUTS = 6, 5, 20, 3, 4


def problem(dtype=np.float64, seed=0):
    """Return parameters with strong recurrence, inputs and labels of every step."""
    rng = np.random.default_rng(seed)
    parameters = RateParameters(
        rng.normal(size=(UNITS, INPUTS)).astype(dtype),
        (1.5 * rng.normal(size=(UNITS, UNITS)) / np.sqrt(UNITS)).astype(dtype),
        rng.normal(size=(OUTPUTS, UNITS)).astype(dtype),
    )
    inputs = rng.normal(size=(STEPS, BATCH, INPUTS)).astype(dtype)
    return parameters, inputs, rng.integers(0, OUTPUTS, (STEPS, BATCH))


def plain_outputs(parameters, inputs, leak):
    """The same network with nothing but a scan, for automatic differentiation."""

    def step(r, x):
        r = jax.nn.relu(
            (1 - leak) * r + leak * (x @ parameters.input.T + r @ parameters.recurrent.T)
        )
        return r, r @ parameters.readout.T

    return jax.lax.scan(step, jnp.zeros((inputs.shape[1], UNITS), inputs.dtype), inputs)[1]


@pytest.mark.parametrize("leak", [1.0, 0.3])
def test_rates_and_outputs__brute_force(float64, leak):
    parameters, inputs, _ = problem()
    r = np.zeros((BATCH, UNITS))
    expected = []
    for x in inputs:
        for b in range(BATCH):
            drive = parameters.input @ x[b] + parameters.recurrent @ r[b]
            r[b] = np.maximum((1 - leak) * r[b] + leak * drive, 0)
        expected.append(r.copy())
    tolerance = {"rtol": REGIMES_RATE_FLOAT64, "atol": REGIMES_RATE_FLOAT64}
    np.testing.assert_allclose(rates(parameters, inputs, leak), expected, **tolerance)
    readout = np.asarray(expected) @ parameters.readout.T
    np.testing.assert_allclose(outputs(parameters, inputs, leak), readout, **tolerance)


@pytest.mark.parametrize("leak", [pytest.param(1.0, marks=pytest.mark.slow), 0.3])
def test_gradient__independent_package(float64, leak):
    parameters, inputs, labels = problem()

    def plain_loss(parameters, inputs):
        logits = plain_outputs(parameters, inputs, leak)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    def loss(parameters, inputs):
        return decision_loss(parameters, (inputs, labels), leak)

    expected = jax.value_and_grad(plain_loss, (0, 1))(
        *jax.tree.map(jnp.asarray, (parameters, inputs))
    )
    found = jax.value_and_grad(loss, (0, 1))(parameters, inputs)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=REGIMES_RATE_FLOAT64)


def test_gradient_of_networks_side_by_side__property():
    parameters, inputs, labels = problem(np.float32)
    other, _, _ = problem(np.float32, seed=1)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), parameters, other)
    gradient = jax.grad(last_step_loss)
    together = jax.vmap(gradient, (0, None))(stacked, (inputs, labels))
    for i, one in enumerate((parameters, other)):
        alone = gradient(one, (inputs, labels))
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a[i], b, atol=REGIMES_RATE_FLOAT32)


def test_losses_and_accuracy__independent_package(float64):
    parameters, inputs, labels = problem()
    logits = np.asarray(outputs(parameters, inputs))
    each = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    tolerance = REGIMES_RATE_FLOAT64
    batch = (inputs, labels)
    assert abs(decision_loss(parameters, batch) - each.mean()) < tolerance
    assert abs(last_step_loss(parameters, batch) - each[-1].mean()) < tolerance
    assert abs(last_step_loss(parameters, (inputs, labels[-1])) - each[-1].mean()) < tolerance
    right = np.mean(np.argmax(logits[-1], -1) == labels[-1])
    assert abs(decision_accuracy(parameters, batch) - right) < tolerance
    best = (inputs, np.argmax(logits[-1], -1))
    assert decision_accuracy(parameters, best) == 1.0


@pytest.mark.parametrize("leak", [pytest.param(1.0, marks=pytest.mark.slow), 0.3])
def test_flax_model__independent_package(leak):
    parameters, inputs, labels = problem(np.float32)
    model = RateNetwork(parameters, leak)
    np.testing.assert_array_equal(model(inputs), outputs(parameters, inputs, leak))

    def loss(model):
        logits = model(inputs)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    found = nnx.grad(loss)(model)
    expected = jax.grad(decision_loss)(parameters, (inputs, labels), leak)
    for name, gradient in expected._asdict().items():
        np.testing.assert_allclose(found[name][...], gradient, atol=REGIMES_RATE_FLOAT32)


def test_initial_weights__closed_form():
    key = jax.random.key(0)
    parameters = init_rate_parameters(400, 9, 3, gain=1.5, key=key)
    assert np.abs(parameters.input).max() <= 1 / 3
    assert np.abs(parameters.readout).max() <= 1 / 20
    for weights, variance in zip(parameters, (1 / 27, 1.5**2 / 400, 1 / 1200), strict=True):
        # A sample variance of n values is off by sqrt(2 / n) for Gaussians and by less otherwise.
        assert abs(np.var(weights) / variance - 1) < 4 * np.sqrt(2 / weights.size)
        assert weights.dtype == np.float32
    given = init_rate_parameters(400, 9, 3, np.eye(400, dtype=np.float32), key=key)
    np.testing.assert_array_equal(given.recurrent, np.eye(400))
    np.testing.assert_array_equal(given.input, parameters.input)
    np.testing.assert_array_equal(given.readout, parameters.readout)


def test_precision_is_that_of_the_weights__property(float64):
    parameters, inputs, labels = problem()
    assert rates(parameters, inputs.astype(np.float32)).dtype == np.float64
    small, _, _ = problem(np.float32)
    assert decision_loss(small, (inputs.astype(np.float32), labels)).dtype == np.float32


def broken(name):
    parameters, _, _ = problem(np.float32)
    weights = getattr(parameters, name).copy()
    weights[0, 0] = np.nan
    return parameters._replace(**{name: weights})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p, x, y: rates(p, x, 0.0), "leak = dt / tau must be above 0"),
        (lambda p, x, y: rates(p, x, 1.5), "at most 1, got 1.5"),
        (lambda p, x, y: rates(p, x[:, :0]), "at least one step and sample"),
        (lambda p, x, y: rates(p, x[:0]), "at least one step and sample"),
        (lambda p, x, y: rates(p, x[:, :, :2]), "for inputs of 2 channels"),
        (lambda p, x, y: rates(p._replace(recurrent=p.recurrent[1:]), x), "must have shapes"),
        (lambda p, x, y: rates(p, x * np.nan), "inputs must be finite"),
        (lambda p, x, y: outputs(broken("readout"), x), "readout weights must be finite"),
        (lambda p, x, y: outputs(broken("recurrent"), x), "recurrent weights must be finite"),
        (lambda p, x, y: decision_loss(p, (x, y + 1)), "labels must lie between 0 and 3"),
        (lambda p, x, y: last_step_loss(p, (x, y - 1)), "for 4 outputs, got -1"),
        (lambda p, x, y: decision_loss(p, (x, y[-1])), "use last_step_loss"),
        (
            lambda p, x, y: inspect.unwrap(decision_accuracy)(p, (x, y[:, 1:])),
            "labels must have shape",
        ),
        (lambda p, x, y: RateNetwork(p, -1.0), "leak = dt / tau"),
        (lambda p, x, y: init_rate_parameters(0, 3, 2, key=jax.random.key(0)), "units must be"),
        (
            lambda p, x, y: init_rate_parameters(9, 3, 2, p.recurrent, key=jax.random.key(0)),
            r"recurrent must have shape \(9, 9\)",
        ),
        (
            lambda p, x, y: init_rate_parameters(9, 3, 2, gain=-1.0, key=jax.random.key(0)),
            "gain must not be negative",
        ),
    ],
)
def test_refusals__property(call, message):
    with pytest.raises(ValueError, match=message):
        call(*problem(np.float32))


def test_traced_leak_is_refused__property():
    parameters, inputs, _ = problem(np.float32)
    with pytest.raises(TypeError, match="leak must be a fixed Python number"):
        jax.jit(lambda leak: inspect.unwrap(rates)(parameters, inputs, leak))(0.5)
