"""Frozen signs against the invariants of the rule, a projection of optax, and plain NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest
from spinebook.polarity.freeze import (
    RESETS,
    crossings,
    freeze_polarity,
    frozen_step,
    initial_reset,
)
from spinebook.polarity.signs import polarity_of

from tests.tolerances import POLARITY_EPSILON_ROUNDING, POLARITY_FLOAT64_STEPS

EPSILON = 1e-3
DETERMINISTIC = [rule for rule in RESETS if rule != "random"]


def network(seed=0, sizes=(7, 11)):
    keys = jax.random.split(jax.random.key(seed), 3)
    return {
        "hidden": 0.25 * jax.random.normal(keys[0], sizes),
        "bias": 0.1 * jax.random.normal(keys[1], sizes[1:]),
        "output": 0.25 * jax.random.normal(keys[2], sizes[1:]),
    }


def loss(params, x, y):
    activity = jax.nn.relu(x @ params["hidden"] + params["bias"])
    return jnp.mean((activity @ params["output"] - y) ** 2)


def data(columns=7):
    x = jax.random.normal(jax.random.key(9), (20, columns))
    return x, x[:, 0] * x[:, 1]


def path(optimiser, params, x, y, steps=30):
    """Return the weights after every step, and the losses before them."""

    def step(carry, _):
        params, state = carry
        value, slope = jax.value_and_grad(loss)(params, x, y)
        updates, state = optimiser.update(slope, state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), (params, value)

    start = params, optimiser.init(params)
    return jax.jit(lambda start: jax.lax.scan(step, start, None, steps)[1])(start)


@pytest.mark.parametrize("optimiser", [optax.adam(0.05), optax.sgd(0.3, momentum=0.9)])
@pytest.mark.parametrize("rule", RESETS)
def test_no_weight_changes_sign_at_any_step__property(optimiser, rule):
    params = network()
    polarity = polarity_of(params, {"hidden": True, "bias": False, "output": True})
    frozen = freeze_polarity(optimiser, polarity, rule, seed=1)
    passed, _ = path(frozen, params, *data())
    for name in ("hidden", "output"):
        assert float(jnp.min(passed[name] * polarity[name])) >= 0
    free, _ = path(optimiser, params, *data())
    assert bool(jnp.any(free["hidden"] * polarity["hidden"] < 0))  # or the test can not fail
    assert bool(jnp.any(passed["bias"] * params["bias"] < 0))  # biases are free


@given(
    w=st.lists(st.floats(-2.0, 2.0, width=32), min_size=8, max_size=8),
    step=st.floats(-4.0, 4.0, width=32),
    rule=st.sampled_from(RESETS),
)
def test_one_step_of_any_weights_keeps_signs__property(w, step, rule):
    w = jnp.array(w, jnp.float32)
    sign = jnp.where(jnp.arange(w.size) % 3 == 0, -1, 1)  # some start on the wrong side
    updates = frozen_step(w, jnp.full_like(w, step), sign, rule, key=jax.random.key(0))
    assert float(jnp.min((w + updates) * sign)) >= 0


@pytest.mark.parametrize("rule", RESETS)
def test_without_a_crossing_the_step_is_the_plain_one__closed_form(rule):
    params = network()
    updates = jax.tree.map(lambda w: -0.5 * w, params)  # towards zero, never across
    changed = frozen_step(params, updates, polarity_of(params), rule, key=jax.random.key(0))
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.all(a == b)), changed, updates))
    crossed = crossings(params, updates, polarity_of(params))
    assert not jax.tree.reduce(lambda any_so_far, c: any_so_far | bool(c.any()), crossed, False)


def test_zero_rule_is_the_projection_of_optax__independent_package(float64):
    w = jax.random.normal(jax.random.key(0), (50,))
    u = jax.random.normal(jax.random.key(1), (50,))
    sign = jnp.sign(w)
    ours = w + frozen_step(w, u, sign, "zero")
    projected = sign * optax.projections.projection_non_negative(sign * (w + u))
    np.testing.assert_array_equal(ours, projected)
    assert 5 < int((ours == 0).sum()) < 45


def test_reflection_keeps_the_magnitude__closed_form(float64):
    w = jax.random.normal(jax.random.key(0), (50,))
    u = jax.random.normal(jax.random.key(1), (50,))
    ours = w + frozen_step(w, u, jnp.sign(w), "reflect")
    np.testing.assert_allclose(jnp.abs(ours), jnp.abs(w + u), rtol=0, atol=1e-15)


def test_reset_sizes_are_those_of_the_rule__closed_form():
    w, u = jnp.array([0.5, -0.5, 0.5, 0.5]), jnp.array([-1.0, 1.0, -0.25, -1.0])
    sign = jnp.array([1, -1, 1, 0])
    for rule, size in (("constant", EPSILON), ("zero", 0.0), ("reflect", 0.5)):
        new = w + frozen_step(w, u, sign, rule, epsilon=EPSILON)
        expected = np.array([size, -size, 0.25, -0.5])
        np.testing.assert_allclose(new, expected, rtol=0, atol=POLARITY_EPSILON_ROUNDING)


def test_random_sizes_are_uniform_and_independent__property():
    shape = (100, 200)
    w = {"a": jnp.full(shape, EPSILON), "b": jnp.full(shape, EPSILON)}
    u = jax.tree.map(lambda leaf: -2 * leaf, w)
    sign = jax.tree.map(jnp.ones_like, w)

    def sizes(seed):
        changed = frozen_step(w, u, sign, "random", epsilon=EPSILON, key=jax.random.key(seed))
        return {k: np.asarray(w[k] + changed[k], float) / EPSILON for k in w}

    first, second = sizes(0), sizes(1)
    for values in (*first.values(), *second.values()):
        assert kstest(values.ravel(), "uniform").pvalue > 1e-3
        assert values.min() > 0
        assert values.max() < 1
    pairs = [
        (first["a"], first["b"]),
        (first["a"], second["a"]),
        (first["a"][:, 1:], first["a"][:, :-1]),
        (first["a"][1:], first["a"][:-1]),
    ]
    for left, right in pairs:  # correlations have a standard error of one over the root of n
        assert abs(np.corrcoef(left.ravel(), right.ravel())[0, 1]) < 4 / np.sqrt(left.size)


@pytest.mark.parametrize("rule", RESETS)
def test_the_wrapped_optimiser_is_left_alone__brute_force(rule):
    params, (x, y) = network(), data()
    adam = optax.adam(0.05)
    frozen = freeze_polarity(adam, polarity_of(params), rule, seed=0)
    state, plain = frozen.init(params), adam.init(params)
    for _ in range(5):  # the plain one sees the same weights and gradients
        slope = jax.grad(loss)(params, x, y)
        _, plain = adam.update(slope, plain, params)
        updates, state = frozen.update(slope, state, params)
        params = optax.apply_updates(params, updates)
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.all(a == b)), state.inner, plain))


def test_adam_with_constant_reset_follows_numpy__brute_force(float64):
    x, target = np.random.default_rng(0).normal(size=(30, 6)), np.linspace(-1, 1, 30)
    start = np.random.default_rng(1).normal(size=6) * 0.2
    sign = np.sign(start)
    w, m, v = start.copy(), np.zeros(6), np.zeros(6)
    resets = 0
    for t in range(1, 41):
        g = 2 * x.T @ (x @ w - target) / 30
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
        wrong = w * sign < 0
        w[wrong] = EPSILON * sign[wrong]
        resets += wrong.sum()
    frozen = freeze_polarity(
        optax.adam(0.05, eps=1e-7), jnp.asarray(sign), "constant", epsilon=EPSILON
    )

    def step(carry, _):
        params, state = carry
        slope = jax.grad(lambda w: jnp.mean((x @ w - target) ** 2))(params)
        updates, state = frozen.update(slope, state, params)
        return (optax.apply_updates(params, updates), state), None

    begin = jnp.asarray(start), frozen.init(jnp.asarray(start))
    (ours, _), _ = jax.lax.scan(step, begin, None, 40)
    assert resets > 20
    np.testing.assert_allclose(ours, w, rtol=0, atol=POLARITY_FLOAT64_STEPS)


@pytest.mark.parametrize("rule", DETERMINISTIC)
def test_flipping_an_input_with_its_signs_changes_nothing__property(float64, rule):
    params, (x, y) = network(), data()
    free_bias = {"hidden": True, "bias": False, "output": True}
    flip = jnp.where(jnp.arange(7) == 2, -1.0, 1.0)
    turned = params | {"hidden": params["hidden"] * flip[:, None]}
    losses = [
        path(freeze_polarity(optax.adam(0.05), polarity_of(p, free_bias), rule), p, inputs, y)[1]
        for p, inputs in ((params, x), (turned, x * flip))
    ]
    np.testing.assert_allclose(*losses, rtol=0, atol=POLARITY_FLOAT64_STEPS)


def test_rules_by_number_are_those_by_name__property():
    w, u = jnp.array([0.5, 0.5, -0.5]), jnp.array([-1.0, -0.7, 1.0])
    key = jax.random.key(3)
    numbered = jax.vmap(lambda rule: frozen_step(w, u, jnp.sign(w), rule, key=key))(jnp.arange(4))
    named = [frozen_step(w, u, jnp.sign(w), rule, key=key) for rule in RESETS]
    np.testing.assert_array_equal(numbered, jnp.stack(named))


def test_runs_of_a_vmap_have_their_own_signs_and_draws__property():
    weights = jnp.array([[0.5, -0.5], [-0.5, 0.5]])

    def run(w, seed):
        frozen = freeze_polarity(optax.sgd(1.0), jnp.sign(w), seed=seed)
        updates, _ = frozen.update(2 * w, frozen.init(w), w)
        return w + updates

    ends = jax.vmap(run)(weights, jnp.arange(2))
    assert bool(jnp.all(jnp.sign(ends) == jnp.sign(weights)))
    assert len(np.unique(np.abs(ends))) == 4


def test_successive_resets_draw_anew__property():
    w = jnp.ones(3)
    frozen = freeze_polarity(optax.sgd(1.0), jnp.ones(3), seed=0)
    first, state = frozen.update(2 * w, frozen.init(w), w)
    second, _ = frozen.update(2 * w, state, w)
    assert not np.any(np.asarray(first) == np.asarray(second))


def test_initial_reset_puts_weights_on_their_side__closed_form():
    w, sign = jnp.array([0.5, 0.25, -1.0]), jnp.array([-1, 1, 0])
    np.testing.assert_array_equal(initial_reset(w, sign, "reflect"), [-0.5, 0.25, -1.0])
    drawn = initial_reset(w, sign, "random", key=jax.random.key(0))
    assert -EPSILON < float(drawn[0]) <= 0
    np.testing.assert_array_equal(drawn[1:], w[1:])


@pytest.mark.parametrize(
    "mask",
    [{"hidden": True, "bias": False, "output": False}, lambda p: {k: k == "hidden" for k in p}],
)
def test_masked_leaves_take_the_plain_step__property(mask):
    params = network()
    frozen = freeze_polarity(optax.sgd(2.0), polarity_of(params), "zero", mask=mask)
    updates, _ = frozen.update(params, frozen.init(params), params)
    np.testing.assert_array_equal(updates["hidden"], -params["hidden"])
    np.testing.assert_array_equal(updates["bias"], -2 * params["bias"])


@pytest.mark.slow
def test_freezes_an_nnx_model_in_a_chain__property():
    model = nnx.Linear(3, 2, rngs=nnx.Rngs(0))
    before = nnx.state(model, nnx.Param)
    chain = optax.chain(
        optax.clip_by_global_norm(1.0), freeze_polarity(optax.sgd(0.5), polarity_of(before), seed=0)
    )
    optimiser = nnx.Optimizer(model, chain, wrt=nnx.Param)
    x = jax.random.normal(jax.random.key(0), (16, 3))
    kernel = model.kernel[...]
    for _ in range(10):
        optimiser.update(model, nnx.grad(lambda m: jnp.mean((m(x) - x[:, :2]) ** 2))(model))
    assert float(jnp.min(model.kernel[...] * jnp.sign(kernel))) >= 0
    assert float(jnp.max(jnp.abs(model.kernel[...] - kernel))) > 0.1
    assert float(jnp.max(jnp.abs(model.bias[...]))) > 0  # began at zero: no sign, so free
