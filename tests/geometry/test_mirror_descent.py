"""Mirror descent against single-step closed forms, optax.sgd, and the exact end point."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from hypothesis import given
from hypothesis import strategies as st
from spinebook.geometry import (
    HyperbolicEntropy,
    NegativeEntropy,
    PNorm,
    bregman_projection,
    mirror_descent,
)

from tests.tolerances import (
    GEOMETRY_END_POINT,
    GEOMETRY_FLOAT32_STEP,
    GEOMETRY_GRADIENT_FLOW,
    GEOMETRY_ROW_SPACE,
)

POTENTIALS = [NegativeEntropy(), PNorm(2.0), PNorm(3.0)]


def train(optimiser, loss, weights, steps):
    """Return the weights after some steps and the largest value any of them took on the way."""

    def step(carry, _):
        weights, state = carry
        updates, state = optimiser.update(jax.grad(loss)(weights), state, weights)
        return (optax.apply_updates(weights, updates), state), None

    (weights, _), _ = jax.lax.scan(step, (weights, optimiser.init(weights)), None, steps)
    return weights


def problem(samples=10, features=200, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(samples, features))
    return X, rng.choice([-1.0, 1.0], samples), rng.normal(size=features) / np.sqrt(features)


@pytest.mark.parametrize(
    ("potential", "weight", "gradient", "rate", "expected"),
    [
        (NegativeEntropy(), 0.2, 0.5, 0.1, 0.2 * np.exp(-0.05)),
        (NegativeEntropy(), -0.2, 0.5, 0.1, -0.2 * np.exp(0.05)),
        (PNorm(3.0), 0.2, 0.5, 0.1, -0.1),
        (PNorm(3.0), 0.2, 0.1, 0.1, np.sqrt(0.03)),
        (PNorm(2.0), 0.2, 0.5, 0.1, 0.15),
    ],
)
def test_single_step__closed_form(float64, potential, weight, gradient, rate, expected):
    optimiser = mirror_descent(rate, potential)
    w = jnp.array([weight])
    updates, _ = optimiser.update(jnp.array([gradient]), optimiser.init(w), w)
    assert abs(float((w + updates)[0]) - expected) < 1e-15


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_two_norm_is_sgd__independent_package(float64, momentum):
    X, y, w0 = problem()
    schedule = optax.cosine_decay_schedule(0.01, 100)

    def loss(w):
        return jnp.mean((X @ w - y) ** 2)

    ours = train(mirror_descent(schedule, PNorm(2.0), momentum), loss, jnp.asarray(w0), 100)
    theirs = train(optax.sgd(schedule, momentum or None), loss, jnp.asarray(w0), 100)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


def test_heavy_ball_is_that_of_torch__closed_form(float64):
    # Three equal gradients of 1: velocities 1, 1.9, 2.71, so the dual has moved by 5.61 rates.
    optimiser = mirror_descent(0.01, PNorm(2.0), momentum=0.9)
    weights = train(optimiser, jnp.sum, jnp.zeros(2), 3)
    np.testing.assert_allclose(weights, -0.0561, rtol=1e-12)


@pytest.mark.parametrize("potential", POTENTIALS, ids=lambda p: p.name)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_end_point_is_the_bregman_projection__independent_package(float64, potential, momentum):
    X, y, w0 = problem()
    rate = {"negative entropy": 0.02, "2-norm": 0.02, "3-norm": 0.002}[potential.name]
    schedule = optax.cosine_decay_schedule(rate, 6000)

    def loss(w):
        return jnp.mean((X @ w - y) ** 2)

    end = train(mirror_descent(schedule, potential, momentum), loss, jnp.asarray(w0), 6000)
    exact = bregman_projection(X, y, w0, potential)
    assert bool(exact.converged)
    assert float(jnp.max(jnp.abs(end - exact.weights))) < GEOMETRY_END_POINT


@pytest.mark.parametrize("potential", POTENTIALS, ids=lambda p: p.name)
def test_change_stays_in_the_row_space__closed_form(float64, potential):
    X, y, w0 = problem()

    def loss(w):  # any differentiable loss of Xw will do
        return jnp.mean(jnp.log1p(jnp.exp(-y * (X @ w))))

    for steps in (1, 50):
        w = train(mirror_descent(1e-3, potential, 0.9), loss, jnp.asarray(w0), steps)
        change = np.asarray(potential.dual(w) - potential.dual(w0))
        inside = X.T @ np.linalg.lstsq(X.T, change, rcond=None)[0]
        assert np.max(np.abs(change - inside)) < GEOMETRY_ROW_SPACE


def test_entropic_descent_is_reparametrised_gradient_flow__independent_package(float64):
    # Amid and Warmuth (2020): with w = u^2 / 4, plain gradient descent on u follows the same path.
    X, y, _ = problem(samples=5, features=30, seed=1)
    start = jnp.full(30, 0.1)

    def loss(w):
        return jnp.mean((X @ w - y) ** 2)

    gaps = []
    for rate, steps in ((1e-3, 1000), (1e-4, 10_000)):
        entropic = train(mirror_descent(rate, NegativeEntropy()), loss, start, steps)
        u = train(optax.sgd(rate), lambda u: loss(u**2 / 4), jnp.sqrt(4 * start), steps)
        gaps.append(float(jnp.max(jnp.abs(entropic - u**2 / 4))))
    assert gaps[1] < GEOMETRY_GRADIENT_FLOW
    assert 8 < gaps[0] / gaps[1] < 12  # the difference falls in proportion to the step


@given(
    w=st.lists(st.floats(-2.0, 2.0, width=32), min_size=8, max_size=8),
    gradient=st.floats(-10.0, 10.0, width=32),
)
def test_entropic_signs_never_change__property(w, gradient):
    w = jnp.array(w, jnp.float32)
    optimiser = mirror_descent(0.5, NegativeEntropy())
    updates, _ = optimiser.update(jnp.full_like(w, gradient), optimiser.init(w), w)
    new = optax.apply_updates(w, updates)
    normal = np.abs(np.asarray(w)) > 1e-30  # smaller ones may underflow to zero
    assert np.all(np.sign(new)[normal] == np.sign(w)[normal])
    assert np.all(np.asarray(new)[np.asarray(w) == 0] == 0)


def test_a_huge_entropic_step_stops_at_zero__closed_form():
    # Updates are added, so float32 cannot hold a weight 1e-9 times smaller than before: it is zero.
    w = jnp.array([1.0], jnp.float32)
    optimiser = mirror_descent(1.0, NegativeEntropy())
    updates, _ = optimiser.update(jnp.array([20.0]), optimiser.init(w), w)
    assert float((w + updates)[0]) == 0.0


@pytest.mark.parametrize("potential", [*POTENTIALS, HyperbolicEntropy(0.1)], ids=lambda p: p.name)
def test_update_of_one_weight_ignores_the_others__closed_form(float64, potential):
    # The update is local: at a fixed gradient its Jacobian is diagonal.
    w, gradient = jnp.array([0.3, -0.2, 0.7]), jnp.array([0.5, -1.0, 2.0])
    optimiser = mirror_descent(0.01, potential)

    def update(w):
        return optimiser.update(gradient, optimiser.init(w), w)[0]

    jacobian = np.asarray(jax.jacobian(update)(w))
    assert np.all(jacobian[~np.eye(3, dtype=bool)] == 0.0)


@pytest.mark.parametrize("potential", [*POTENTIALS, HyperbolicEntropy(0.1)], ids=lambda p: p.name)
def test_float32_step_agrees_with_float64__brute_force(potential):
    rng = np.random.default_rng(0)
    w, step = rng.normal(size=1000), 0.01 * rng.normal(size=1000)
    single = potential.mirror_step(jnp.asarray(w, jnp.float32), jnp.asarray(step, jnp.float32))
    with jax.enable_x64(True):
        double = np.asarray(potential.mirror_step(jnp.asarray(w), jnp.asarray(step)))
    assert single.dtype == jnp.float32
    assert np.max(np.abs(np.asarray(single) - double)) < GEOMETRY_FLOAT32_STEP


@pytest.mark.slow
def test_trains_an_nnx_model_in_a_chain__property():
    model = nnx.Linear(3, 2, rngs=nnx.Rngs(0), bias_init=nnx.initializers.constant(0.1))
    before = jax.tree.map(jnp.sign, nnx.state(model, nnx.Param))
    chain = optax.chain(
        optax.clip_by_global_norm(1.0), mirror_descent(0.1, NegativeEntropy(), momentum=0.9)
    )
    optimiser = nnx.Optimizer(model, chain, wrt=nnx.Param)
    x = jax.random.normal(jax.random.key(0), (16, 3))

    def loss(model):
        return jnp.mean((model(x) - x[:, :2]) ** 2)

    first = float(loss(model))
    for _ in range(20):
        optimiser.update(model, nnx.grad(loss)(model))
    assert float(loss(model)) < first
    after = jax.tree.map(jnp.sign, nnx.state(model, nnx.Param))
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.all(a == b)), before, after))


def test_each_leaf_may_have_its_own_potential__property():
    params = {"weight": jnp.array([0.5, -0.5]), "bias": jnp.zeros(2)}
    chain = optax.partition(
        {
            "entropic": mirror_descent(0.1, NegativeEntropy()),
            "euclidean": mirror_descent(0.1, PNorm(2.0)),
        },
        {"weight": "entropic", "bias": "euclidean"},
    )
    gradients = jax.tree.map(jnp.ones_like, params)
    updates, _ = chain.update(gradients, chain.init(params), params)
    np.testing.assert_allclose(updates["bias"], -0.1, rtol=1e-6)
    np.testing.assert_allclose(updates["weight"], 0.5 * np.expm1([-0.1, 0.1]) * [1, -1], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-0.1, PNorm(2.0)), ValueError, "not negative"),
        ((float("nan"), PNorm(2.0)), ValueError, "finite"),
        ((0.1, "entropy"), TypeError, "Potential"),
        ((0.1, PNorm(2.0), 1.0), ValueError, "below 1"),
    ],
)
def test_bad_arguments_are_refused__property(arguments, error, message):
    with pytest.raises(error, match=message):
        mirror_descent(*arguments)


def test_update_without_weights_is_refused__property():
    optimiser = mirror_descent(0.1, PNorm(2.0))
    with pytest.raises(ValueError, match="current weights"):
        optimiser.update(jnp.ones(2), optimiser.init(jnp.ones(2)))
