"""Tangent kernels against the full Jacobian of a network that is differentiated plainly."""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.regimes import _kernel_sums
from spinebook.regimes.laziness import representation_alignment
from spinebook.regimes.low_rank import low_rank_init
from spinebook.regimes.rate_network import (
    RateParameters,
    init_rate_parameters,
    outputs,
    rates,
)
from spinebook.regimes.reference_level import unrelated_alignment
from spinebook.regimes.tangent_kernel import (
    recurrent_tangent_kernel,
    tangent_kernel,
    tangent_kernel_alignment,
)
from spinebook.regimes.tasks import TwoAlternativeForcedChoice

from tests.tolerances import (
    REGIMES_RATE_FLOAT32,
    REGIMES_RATE_FLOAT64,
    REGIMES_RATE_PUBLISHED_PAIRS,
)

UNITS, OUTPUTS = 11, 3


def problem(steps=5, batch=4, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    parameters = RateParameters(
        rng.normal(size=(UNITS, 3)).astype(dtype),
        (1.5 * rng.normal(size=(UNITS, UNITS)) / np.sqrt(UNITS)).astype(dtype),
        rng.normal(size=(OUTPUTS, UNITS)).astype(dtype),
    )
    return parameters, rng.normal(size=(steps, batch, 3)).astype(dtype)


def plain_outputs(parameters, inputs, leak):
    r = jnp.zeros((inputs.shape[1], UNITS), inputs.dtype)
    found = []
    for x in inputs:
        drive = x @ parameters.input.T + r @ parameters.recurrent.T
        r = jax.nn.relu((1 - leak) * r + leak * drive)
        found.append(r @ parameters.readout.T)
    return jnp.stack(found)


@lru_cache
def jacobian(leak, steps, dtype="float64", seed=0):
    """Return the Jacobian of all outputs with respect to all parameters, as named matrices."""
    parameters, inputs = problem(steps, dtype=dtype, seed=seed)
    parameters = RateParameters(*map(jnp.asarray, parameters))
    found = jax.jacrev(lambda p: plain_outputs(p, inputs, leak))(parameters)
    rows = steps * inputs.shape[1] * OUTPUTS
    return {name: np.asarray(J).reshape(rows, -1) for name, J in found._asdict().items()}


def relative(found, expected):
    return np.abs(np.asarray(found) - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("leak", [pytest.param(1.0, marks=pytest.mark.slow), 0.3])
@pytest.mark.parametrize("steps", [5, 12])
def test_recurrent_kernel__brute_force(float64, leak, steps, monkeypatch):
    # Few steps go by pairs of steps; many by pairs of samples, here in groups of two and more.
    monkeypatch.setattr(_kernel_sums, "_BLOCK", 2 * OUTPUTS * UNITS * (steps - 1))
    parameters, inputs = problem(steps)
    J = jacobian(leak, steps)["recurrent"]
    assert relative(recurrent_tangent_kernel(parameters, inputs, leak), J @ J.T) < 1e-12
    last = J[-inputs.shape[1] * OUTPUTS :]
    found = recurrent_tangent_kernel(parameters, inputs, leak, steps="last")
    assert relative(found, last @ last.T) < REGIMES_RATE_FLOAT64


@pytest.mark.parametrize("batch", [pytest.param(1, marks=pytest.mark.slow), 5])
def test_groups_that_do_not_divide_the_batch__brute_force(float64, batch, monkeypatch):
    monkeypatch.setattr(_kernel_sums, "_BLOCK", 3 * OUTPUTS * UNITS * 3)
    parameters, inputs = problem(4, batch)
    found = recurrent_tangent_kernel(parameters, inputs, 0.7, steps="last")
    last = jax.jacrev(
        lambda W: plain_outputs(RateParameters(parameters[0], W, parameters[2]), inputs, 0.7)[-1]
    )(jnp.asarray(parameters.recurrent))
    J = np.asarray(last).reshape(batch * OUTPUTS, -1)
    assert relative(found, J @ J.T) < REGIMES_RATE_FLOAT64


@pytest.mark.slow
def test_recurrent_kernel_in_float32__brute_force():
    parameters, inputs = problem(dtype=np.float32)
    J = jacobian(1.0, 5, "float32")["recurrent"]
    found = recurrent_tangent_kernel(parameters, inputs)
    assert found.dtype == np.float32
    assert relative(found, J @ J.T) < REGIMES_RATE_FLOAT32


def test_output_includes_its_own_input__closed_form(float64):
    # Without recurrent weights and leak 1, only the term delta_t r_{t-1} is left.
    parameters, inputs = problem()
    parameters = parameters._replace(recurrent=0 * parameters.recurrent)
    r = np.asarray(rates(parameters, inputs))
    np.testing.assert_allclose(r, np.maximum(inputs @ parameters.input.T, 0), rtol=1e-12)
    delta = parameters.readout * (r > 0)[:, :, None]
    before = np.concatenate([np.zeros_like(r[:1]), r[:-1]])
    J = (delta[..., None] * before[:, :, None, None]).reshape(r.shape[0] * 4 * OUTPUTS, -1)
    found = np.asarray(recurrent_tangent_kernel(parameters, inputs))
    assert relative(found, J @ J.T) < REGIMES_RATE_FLOAT64
    assert (found[: 4 * OUTPUTS] == 0).all()


@pytest.mark.parametrize("wrt", [None, ("recurrent",), ("input", "readout")])
def test_general_kernel__brute_force(float64, wrt):
    parameters, inputs = problem()
    J = np.concatenate([jacobian(1.0, 5)[name] for name in wrt or parameters._fields], axis=1)
    # The columns come in chunks that do not divide their number.
    found = tangent_kernel(outputs, parameters, inputs, wrt=wrt, chunk=7)
    assert relative(found, J @ J.T) < REGIMES_RATE_FLOAT64


def test_traced_parameters__property():
    parameters, inputs = problem(dtype=np.float32)
    other, _ = problem(dtype=np.float32, seed=1)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), parameters, other)

    def alignment(one):
        return tangent_kernel_alignment(parameters, one, inputs)

    expected = [float(alignment(one)) for one in (parameters, other)]
    assert abs(expected[0] - 1) < REGIMES_RATE_FLOAT32
    assert 0 < expected[1] < 0.95
    together = jax.jit(jax.vmap(alignment))(stacked)
    np.testing.assert_allclose(together, expected, atol=REGIMES_RATE_FLOAT32)


def test_permuted_units_and_scaled_readout__property(float64):
    parameters, inputs = problem()
    order = np.random.default_rng(1).permutation(UNITS)
    permuted = RateParameters(
        parameters.input[order],
        parameters.recurrent[np.ix_(order, order)],
        2 * parameters.readout[:, order],
    )
    kernel = recurrent_tangent_kernel(parameters, inputs)
    assert relative(recurrent_tangent_kernel(permuted, inputs), 4 * kernel) < REGIMES_RATE_FLOAT64
    value = tangent_kernel_alignment(parameters, permuted, inputs)
    assert abs(value - 1) < REGIMES_RATE_FLOAT64


def test_one_step_has_no_kernel__closed_form():
    parameters, inputs = problem(1, dtype=np.float32)
    assert (recurrent_tangent_kernel(parameters, inputs) == 0).all()


@pytest.mark.slow
def test_unrelated_networks__brute_force():
    def init(key):
        return init_rate_parameters(UNITS, 3, OUTPUTS, key=key)

    _, inputs = problem(4, 6, np.float32)
    keys = jax.random.split(jax.random.key(2), 2)
    found = unrelated_alignment(init, inputs, 0.5, kernel_samples=2, keys=keys)
    one, other = (init(key) for key in jax.random.split(keys[1]))
    kernel = tangent_kernel_alignment(one, other, inputs[:, :2], 0.5)
    last = [rates(network, inputs, 0.5)[-1] for network in (one, other)]
    assert abs(found.kernel[1] - kernel) < REGIMES_RATE_FLOAT32
    assert abs(found.representation[1] - representation_alignment(*last)) < REGIMES_RATE_FLOAT32


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "kernel", "representation"), [(1, 0.41, 0.77), (10, 0.66, 0.98), (100, 0.76, 0.995)]
)
def test_unrelated_networks__published(rank, kernel, representation):
    def init(key):
        recurrent_key, rest_key = jax.random.split(key)
        recurrent = low_rank_init(100, rank, key=recurrent_key)
        return init_rate_parameters(100, 3, 3, recurrent, key=rest_key)

    inputs, _ = TwoAlternativeForcedChoice().draw(320, key=jax.random.key(1))
    pairs = 40
    found = unrelated_alignment(init, inputs, keys=jax.random.split(jax.random.key(2), pairs))
    for values, published in zip(found, (kernel, representation), strict=True):
        assert values.shape == (pairs,)
        # The published means are those of 14 pairs.
        error = np.std(values, ddof=1) * np.sqrt(1 / 14 + 1 / pairs)
        assert abs(np.mean(values) - published) < REGIMES_RATE_PUBLISHED_PAIRS * error


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p, x: recurrent_tangent_kernel(p, x[:, :0]), ValueError, "at least one step"),
        (lambda p, x: recurrent_tangent_kernel(p, x, 2.0), ValueError, "leak = dt / tau"),
        (
            lambda p, x: recurrent_tangent_kernel(p._replace(recurrent=p.recurrent * np.inf), x),
            ValueError,
            "recurrent weights must be finite",
        ),
        (lambda p, x: tangent_kernel(outputs, p, x, wrt=("bias",)), ValueError, "wrt must name"),
        (lambda p, x: tangent_kernel(outputs, p, x, chunk=0), ValueError, "chunk must be"),
        (lambda p, x: tangent_kernel(outputs, (), x), ValueError, "parameters hold no array"),
        (lambda p, x: tangent_kernel(outputs, tuple(p), x, wrt=("input",)), TypeError, "names"),
        (
            lambda p, x: unrelated_alignment(
                lambda key: p, x, kernel_samples=0, keys=jax.random.split(jax.random.key(0))
            ),
            ValueError,
            "kernel_samples must be at least 1",
        ),
    ],
)
def test_refusals__property(call, error, message):
    with pytest.raises(error, match=message):
        call(*problem(dtype=np.float32))
