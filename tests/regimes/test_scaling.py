"""Laziness numbers against closed forms and dense search; diagonal networks against their flow."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.regimes import (
    diagonal_network_flow,
    diagonal_network_limit,
    diagonal_regulariser,
    laziness_number,
)

from tests.tolerances import REGIMES_THEORY_FLOW_END, REGIMES_THEORY_POWER

KEY = jax.random.key(0)


def test_linear_network__closed_form(float64):
    # h = W2 W1 x: |D^2 h| = |x| and |D h|^2 = |W1 x|^2 + |W2|^2 |x|^2.
    rng = np.random.default_rng(0)
    x, w1, w2 = rng.normal(size=4), rng.normal(size=(6, 4)), rng.normal(size=(1, 6))

    def model(parameters):
        return parameters[1] @ parameters[0] @ x

    target = np.array([2.0])
    for scale in (0.5, 3.0):
        miss = np.abs(scale * (w2 @ w1 @ x) - target)[0] / scale
        slope = np.sum((w1 @ x) ** 2) + np.sum(w2**2) * np.sum(x**2)
        expected = miss * np.linalg.norm(x) / slope
        value = laziness_number(model, (jnp.asarray(w1), jnp.asarray(w2)), target, scale, key=KEY)
        assert abs(float(value) / expected - 1) < REGIMES_THEORY_POWER


def test_two_outputs__brute_force(float64):
    # The norm of D^2 h is the largest |eigenvalue| over all mixtures of the outputs' Hessians.
    rng = np.random.default_rng(1)
    mix, start = rng.normal(size=(2, 3)), jnp.asarray(rng.normal(size=3))

    def model(w):
        return jnp.tanh(mix @ w) + 0.3 * w[0] * w[1:]

    w, level = np.asarray(start), np.tanh(mix @ np.asarray(start))
    products = np.zeros((2, 3, 3))  # the second derivatives of w0 w1 and w0 w2
    products[[0, 1], 0, [1, 2]] = products[[0, 1], [1, 2], 0] = 1.0
    jacobian = (1 - level**2)[:, None] * mix + 0.3 * products @ w
    outer = mix[:, :, None] * mix[:, None, :]
    hessian = (-2 * level * (1 - level**2))[:, None, None] * outer + 0.3 * products
    angle = np.linspace(0, np.pi, 20_001)
    mixtures = np.cos(angle)[:, None, None] * hessian[0] + np.sin(angle)[:, None, None] * hessian[1]
    bend = np.max(np.abs(np.linalg.eigvalsh(mixtures)))
    target = np.array([1.0, -1.0])
    miss = np.linalg.norm(level + 0.3 * w[0] * w[1:] - target)
    expected = miss * bend / np.linalg.norm(jacobian, 2) ** 2
    value = float(laziness_number(model, start, target, key=KEY))
    assert abs(value / expected - 1) < REGIMES_THEORY_POWER


def test_falls_as_one_over_the_scale__closed_form(float64):
    # Two equal halves of opposite sign: h(w_0) = 0.
    def model(w):
        x = jnp.linspace(-1, 1, 5)[:, None]
        return jnp.tanh(x * w[0]) @ w[1] - jnp.tanh(x * w[2]) @ w[3]

    half = np.random.default_rng(2).normal(size=(2, 4))
    start = jnp.asarray(np.concatenate([half, half]))
    values = [
        float(laziness_number(model, start, np.ones(5), scale, key=KEY)) for scale in (1.0, 10.0)
    ]
    assert abs(values[0] / values[1] / 10 - 1) < REGIMES_THEORY_POWER


def test_linear_model_is_entirely_lazy__closed_form():
    value = laziness_number(lambda w: 2 * w[:2] - w[1:], jnp.ones(3), np.ones(2), key=KEY)
    assert float(value) == 0.0


def test_scale_may_be_traced__property():
    def model(w):
        return w["a"] * w["b"]

    start = {"a": jnp.array(1.0), "b": jnp.array(2.0)}
    many = jax.vmap(lambda scale: laziness_number(model, start, 0.0, scale, key=KEY))
    np.testing.assert_allclose(many(jnp.array([1.0, 5.0])), 2 / 5, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"model": 3.0}, TypeError, "function"),
        ({"target": np.ones(3)}, ValueError, r"shape \(2,\)"),
        ({"target": np.array([1.0, np.nan])}, ValueError, "finite"),
        ({"scale": 0.0}, ValueError, "positive"),
        ({"restarts": 0}, ValueError, "at least 1"),
        ({"iterations": 0}, ValueError, "at least 1"),
    ],
)
def test_bad_laziness_arguments_are_refused__property(changes, error, message):
    arguments = {
        "model": lambda w: w**2,
        "parameters": jnp.ones(2),
        "target": np.ones(2),
        "scale": 1.0,
        "key": KEY,
    }
    with pytest.raises(error, match=message):
        inspect.unwrap(laziness_number)(**(arguments | changes))


def problem(samples=5, features=12, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, features)), rng.normal(size=samples)


@pytest.mark.parametrize("scale", [0.05, 1.0, 5.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_flow_ends_at_the_minimiser__brute_force(scale, seed):
    X, y = problem(seed=seed)
    limit = diagonal_network_limit(X, y, scale)
    path = diagonal_network_flow(X, y, scale, np.array([0.0, 3000.0]))
    np.testing.assert_allclose(path[0], 0.0, atol=1e-12)
    assert np.max(np.abs(path[1] - limit)) < REGIMES_THEORY_FLOW_END


@pytest.mark.parametrize("scale", [0.05, 1.0, 5.0])
def test_minimiser_is_stationary_and_least__property(scale):
    X, y = problem()
    limit = diagonal_network_limit(X, y, scale)
    assert np.max(np.abs(X @ limit - y)) < 1e-10
    gradient = np.arcsinh(limit / (2 * scale**2))
    outside = gradient - X.T @ np.linalg.lstsq(X.T, gradient, rcond=None)[0]
    assert np.max(np.abs(outside)) < 1e-8
    null = np.linalg.svd(X)[2][5:]
    moves = np.random.default_rng(3).normal(size=(200, len(null))) @ null
    others = diagonal_regulariser(limit + 0.1 * moves, scale)
    assert np.all(others > diagonal_regulariser(limit, scale))


def test_regulariser_gradient__closed_form():
    beta, step = np.linspace(-3, 3, 13), 1e-5
    for scale in (0.3, 2.0):
        moved = beta[:, None] + step * np.array([1.0, -1.0])
        values = diagonal_regulariser(moved[..., None], scale)
        slope = (values[:, 0] - values[:, 1]) / (2 * step)
        np.testing.assert_allclose(slope, np.arcsinh(beta / (2 * scale**2)), atol=1e-8)
    definition = 2 - np.sqrt(4 + beta**2) + beta * np.arcsinh(beta / 2)
    np.testing.assert_allclose(diagonal_regulariser(beta[:, None], 1.0), definition, atol=1e-12)


def test_large_scales_approach_the_smallest_norm__published():
    # The distance falls as alpha^-4 in the end; from 1 to 5 by a factor near 620.
    X, y = problem()
    smallest = np.linalg.pinv(X) @ y
    gaps = [
        np.linalg.norm(diagonal_network_limit(X, y, scale) - smallest)
        for scale in (1.0, 5.0, 20.0, 40.0)
    ]
    assert 300 < gaps[0] / gaps[1] < 650
    assert abs(gaps[2] / gaps[3] / 16 - 1) < 0.01


def test_small_scales_approach_the_sparsest__independent_package():
    from scipy.optimize import linprog

    X, y = problem()
    split = linprog(np.ones(24), A_eq=np.hstack([X, -X]), b_eq=y).x
    sparse = split[:12] - split[12:]
    found = diagonal_network_limit(X, y, 1e-4)
    assert abs(np.abs(found).sum() / np.abs(sparse).sum() - 1) < 1e-2
    assert np.linalg.norm(found - sparse) < np.linalg.norm(np.linalg.pinv(X) @ y - sparse) / 10


@given(y=st.floats(-5.0, 5.0), log_scale=st.floats(-3.0, 3.0))
def test_equal_inputs_share_equally__closed_form(y, log_scale):
    found = diagonal_network_limit(np.ones((1, 4)), np.array([y]), 10**log_scale)
    np.testing.assert_allclose(found, y / 4, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: diagonal_regulariser(np.ones(2), 0.0), "positive"),
        (lambda: diagonal_regulariser(np.array([np.inf]), 1.0), "finite"),
        (lambda: diagonal_network_limit(np.ones((2, 3)), np.array([1.0, 2.0]), 1.0), "contradict"),
        (lambda: diagonal_network_limit(np.ones((1, 3)), np.ones(1), -1.0), "positive"),
        (
            lambda: inspect.unwrap(diagonal_network_limit)(np.ones((2, 3)), np.ones(3), 1.0),
            "expected inputs",
        ),
        (
            lambda: diagonal_network_flow(np.ones((1, 3)), np.ones(1), 1.0, np.array([1.0, 0.5])),
            "not fall",
        ),
    ],
)
def test_bad_diagonal_arguments_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
