"""Sharpness by layers against brute-force Jacobians and Hessians, and its scaling laws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.landscape import (
    Convnet,
    DenseNetwork,
    adaptive_sharpness,
    hessian_trace,
    maximum_local_sensitivity,
    sharpness,
)

from tests.landscape.problems import (
    dense_hessian,
    forget,
    half_mean_square,
    parameter_jacobian,
    problem,
)
from tests.tolerances import LANDSCAPE_CLOSED_FORM, LANDSCAPE_FLOAT32, LANDSCAPE_ROUTES


@pytest.mark.parametrize(
    ("sizes", "activation", "biases"),
    [
        ((8, 4, 7, 2), "tanh", True),
        pytest.param((7, 3, 6, 4, 3), "relu", False, marks=pytest.mark.slow),
        pytest.param((5, 1), "linear", True, marks=pytest.mark.slow),
    ],
)
def test_both_forms__brute_force(float64, sizes, activation, biases):
    network, params, x = problem(sizes, activation, biases=biases)
    jacobian = parameter_jacobian(network, params, x)
    for measure in (sharpness, adaptive_sharpness):
        by_layer = np.zeros((len(x), len(params)))
        for index, leaves in enumerate(jacobian):
            for leaf, theta in zip(leaves, jax.tree.leaves(params[index]), strict=True):
                scaled = np.asarray(leaf) * (theta if measure is adaptive_sharpness else 1)
                by_layer[:, index] += np.sum(scaled.reshape(len(x), -1) ** 2, axis=1)
        expected = (by_layer.sum(1).mean(), by_layer.sum(1), by_layer.mean(0))
        for apply in (network, forget(network)):
            for found, value in zip(measure(apply, params, x), expected, strict=True):
                np.testing.assert_allclose(found, value, rtol=LANDSCAPE_CLOSED_FORM)


@pytest.mark.slow
def test_convolutions__brute_force(float64):
    network = Convnet(7, 6, 2, maps=(3, 4), outputs=3)
    params = network.init(key=jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (4, 7, 6, 2))
    layers = parameter_jacobian(network, params, x)
    squares = [sum(float(jnp.sum(leaf**2)) / 4 for leaf in layer) for layer in layers]
    np.testing.assert_allclose(
        sharpness(network, params, x).per_layer, squares, rtol=LANDSCAPE_ROUTES
    )


def test_trace_at_interpolation__brute_force(float64):
    network, params, x = problem((5, 4, 3))
    loss = half_mean_square(network, x, network(params, x))
    trace = np.trace(dense_hessian(loss, params)[0])
    S = float(sharpness(network, params, x).value)
    assert float(trace) == pytest.approx(S, rel=LANDSCAPE_ROUTES)
    assert float(hessian_trace(loss, params).value) == pytest.approx(S, rel=LANDSCAPE_ROUTES)
    # With another loss convention, the mean over outputs as well, the trace is 2 S / N.
    mean_loss = lambda p: jnp.mean((network(p, x) - network(params, x)) ** 2)  # noqa: E731
    assert float(hessian_trace(mean_loss, params).value) == pytest.approx(
        2 * S / 3, rel=LANDSCAPE_ROUTES
    )


def test_trace_away_from_interpolation_is_another_number__property(float64):
    network, params, x = problem()
    targets = np.asarray(network(params, x)) + 8 * np.random.default_rng(1).normal(size=(7, 3))
    S = float(sharpness(network, params, x).value)
    trace = float(hessian_trace(half_mean_square(network, x, targets), params).value)
    assert abs(trace / S - 1) > 1e-2


def test_adaptive_trace_at_interpolation__brute_force(float64):
    network, params, x = problem()
    loss = half_mean_square(network, x, network(params, x))
    hessian, flat = dense_hessian(loss, params)
    expected = np.sum(np.diag(hessian) * flat**2)
    found = float(adaptive_sharpness(network, params, x).value)
    assert found == pytest.approx(expected, rel=LANDSCAPE_ROUTES)


def test_relu_layers_trade_scale__property(float64):
    network, params, x = problem((6, 5, 4, 3), "relu", seed=3)
    c = 10.0
    traded = (
        {"weight": c * params[0]["weight"], "bias": c * params[0]["bias"]},
        {"weight": params[1]["weight"] / c, "bias": params[1]["bias"]},
        params[2],
    )
    np.testing.assert_allclose(network(traded, x), network(params, x), rtol=LANDSCAPE_ROUTES)
    before, after = adaptive_sharpness(network, params, x), adaptive_sharpness(network, traded, x)
    np.testing.assert_allclose(after.value, before.value, rtol=LANDSCAPE_CLOSED_FORM)
    assert sharpness(network, traded, x).value > 2 * sharpness(network, params, x).value
    np.testing.assert_allclose(
        maximum_local_sensitivity(network, traded, x),
        maximum_local_sensitivity(network, params, x),
        rtol=LANDSCAPE_CLOSED_FORM,
    )


def test_scaled_readout__closed_form(float64):
    network, params, x = problem(biases=False)
    scaled = (*params[:-1], {"weight": 3 * params[-1]["weight"]})
    ratio = sharpness(network, scaled, x).per_layer / sharpness(network, params, x).per_layer
    np.testing.assert_allclose(ratio, [9, 9, 1], rtol=LANDSCAPE_CLOSED_FORM)


def test_float32_and_jit_and_vmap__brute_force():
    network, params, x = problem()
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, 2 * leaf]).astype(jnp.float32), params)
    x = jnp.asarray(x, jnp.float32)
    together = jax.jit(jax.vmap(lambda p: sharpness(network, p, x).value))(stacked)
    plain = jax.jit(jax.vmap(lambda p: sharpness(forget(network), p, x).value))(stacked)
    with jax.enable_x64(True):
        alone = [
            float(sharpness(network, jax.tree.map(lambda w, k=k: k * w, params), x).value)
            for k in (1, 2)
        ]
    np.testing.assert_allclose(together, alone, rtol=LANDSCAPE_FLOAT32)
    np.testing.assert_allclose(plain, alone, rtol=LANDSCAPE_FLOAT32)


def test_parameters_may_be_any_tree__closed_form(float64):
    # f = a x + b: gradient (x, 1), squared norm x^2 + 1.
    x = np.array([[2.0], [3.0]])
    single = sharpness(lambda p, z: p["a"] * z + p["b"], {"a": 1.0, "b": 0.0}, x)
    np.testing.assert_allclose(single.per_layer, [6.5, 1], rtol=LANDSCAPE_CLOSED_FORM)
    bare = sharpness(lambda p, z: p * z, np.float64(1.0), x)
    assert float(bare.value) == 6.5


def test_default_initialisation_stays_in_its_range__property():
    params = DenseNetwork((16, 9, 4)).init(key=jax.random.key(0))
    assert float(jnp.max(jnp.abs(params[0]["weight"]))) <= 0.25
    assert float(jnp.max(jnp.abs(params[1]["bias"]))) <= 1 / 3
