"""Gradient flow of linear networks against SciPy's solver and the exact solution."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
from hypothesis import given, settings
from hypothesis import strategies as st
from spinebook.regimes import (
    two_layer_linear_flow,
)

from tests.tolerances import (
    REGIMES_THEORY_EXACT,
    REGIMES_THEORY_PATH,
    REGIMES_THEORY_SOLVER,
)

TIMES = np.array([0.0, 0.3, 1.5, 4.0])


def solver_gram(first, second, correlation, times):
    """Return Q Q^T from SciPy's solver of both layers."""
    hidden, inputs = first.shape

    def slope(_, flat):
        w1 = flat[: hidden * inputs].reshape(hidden, inputs)
        w2 = flat[hidden * inputs :].reshape(-1, hidden)
        rest = correlation - w2 @ w1
        return np.concatenate([(w2.T @ rest).ravel(), (rest @ w1.T).ravel()])

    start = np.concatenate([first.ravel(), second.ravel()])
    path = scipy.integrate.solve_ivp(
        slope, (0, times[-1]), start, method="DOP853", t_eval=times, rtol=1e-12, atol=1e-13
    ).y.T
    layers = path[:, : hidden * inputs].reshape(-1, hidden, inputs)
    outputs = path[:, hidden * inputs :].reshape(len(times), -1, hidden)
    joint = np.concatenate([np.swapaxes(layers, 1, 2), outputs], axis=1)
    return joint @ np.swapaxes(joint, 1, 2)


def balanced(rng, inputs, hidden, outputs, balance):
    """Return layers with W2^T W2 - W1 W1^T = balance I."""
    left = np.linalg.qr(rng.normal(size=(hidden, hidden)))[0]
    small = np.sqrt(rng.uniform(0.1, 1.0, hidden) + max(0.0, -balance))
    large = np.sqrt(small**2 + balance)
    right = np.linalg.qr(rng.normal(size=(inputs, hidden)))[0]
    up = np.linalg.qr(rng.normal(size=(outputs, hidden)))[0]
    return left * small @ right.T, up * large @ left.T


@pytest.mark.parametrize("balance", [0.0, 1.0, -0.03, -2.0])
@pytest.mark.parametrize(("inputs", "outputs"), [(5, 3), (3, 5), (4, 4)])
def test_exact_solution__independent_package(balance, inputs, outputs):
    rng = np.random.default_rng(0)
    first, second = balanced(rng, inputs, 3, outputs, balance)
    correlation = rng.normal(size=(outputs, inputs))
    flow = two_layer_linear_flow(first, second, correlation, TIMES, method="exact")
    reference = solver_gram(first, second, correlation, TIMES)
    assert np.max(np.abs(flow.gram - reference)) < REGIMES_THEORY_SOLVER
    np.testing.assert_array_equal(flow.end_to_end, flow.gram[:, inputs:, :inputs])
    assert flow.first is None


def test_auto_takes_the_exact_solution_where_there_is_one__property():
    rng = np.random.default_rng(1)
    first, second = balanced(rng, 5, 3, 3, 0.5)
    correlation = rng.normal(size=(3, 5))
    assert two_layer_linear_flow(first, second, correlation, TIMES).first is None
    other = two_layer_linear_flow(first, 1.01 * second, correlation, TIMES)
    assert other.first is not None


@pytest.mark.parametrize(("inputs", "hidden", "outputs"), [(5, 3, 3), (4, 9, 1), (3, 2, 5)])
def test_integration__independent_package(inputs, hidden, outputs):
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(hidden, inputs)), rng.normal(size=(outputs, hidden))
    correlation = rng.normal(size=(outputs, inputs))
    flow = two_layer_linear_flow(first, second, correlation, TIMES, method="integrate")
    reference = solver_gram(first, second, correlation, TIMES)
    assert np.max(np.abs(flow.gram - reference)) < REGIMES_THEORY_PATH
    np.testing.assert_allclose(flow.end_to_end, flow.second @ flow.first, atol=1e-12)
    np.testing.assert_allclose(flow.first[0], first, atol=1e-12)
    np.testing.assert_allclose(flow.second[0], second, atol=1e-12)
    inner = np.swapaxes(flow.first, 1, 2) @ flow.first
    np.testing.assert_allclose(flow.gram[:, :inputs, :inputs], inner, atol=1e-12)


def test_halved_steps_have_a_sixteenth_of_the_error__closed_form():
    rng = np.random.default_rng(3)
    first, second = balanced(rng, 5, 3, 3, 0.3)
    correlation = rng.normal(size=(3, 5))
    exact = two_layer_linear_flow(first, second, correlation, TIMES).gram
    errors = [
        np.max(
            np.abs(
                two_layer_linear_flow(
                    first,
                    second,
                    correlation,
                    TIMES,
                    method="integrate",
                    steps_per_time_constant=steps,
                ).gram
                - exact
            )
        )
        for steps in (4, 8)
    ]
    assert 10 < errors[0] / errors[1] < 24


def test_conserved_matrix__property():
    rng = np.random.default_rng(4)
    first, second = rng.normal(size=(6, 4)), rng.normal(size=(2, 6))
    flow = two_layer_linear_flow(first, second, rng.normal(size=(2, 4)), TIMES)
    conserved = np.swapaxes(flow.second, 1, 2) @ flow.second
    conserved = conserved - flow.first @ np.swapaxes(flow.first, 1, 2)
    assert np.max(np.abs(conserved - conserved[0])) < REGIMES_THEORY_PATH


def test_long_times_stay_exact__closed_form():
    # e^(2 f t) would overflow here; the rows of the factors differ by as much.
    rng = np.random.default_rng(5)
    first, second = balanced(rng, 6, 3, 3, 0.2)
    correlation = rng.normal(size=(3, 6))
    rate = np.linalg.norm(correlation, 2)
    flow = two_layer_linear_flow(first, second, correlation, np.array([0.0, 1000.0 / rate]))
    assert np.max(np.abs(flow.end_to_end[-1] - correlation)) < REGIMES_THEORY_EXACT
    conserved = np.trace(second @ second.T) - np.trace(first @ first.T)
    inner, outer = flow.gram[-1, :6, :6], flow.gram[-1, 6:, 6:]
    assert abs(np.trace(outer) - np.trace(inner) - conserved) < REGIMES_THEORY_EXACT


def test_tangent_kernel__brute_force(float64):
    # From the Jacobian by automatic differentiation, on whitened inputs X = I.
    rng = np.random.default_rng(6)
    first, second = rng.normal(size=(3, 4)), rng.normal(size=(2, 3))
    flow = two_layer_linear_flow(first, second, rng.normal(size=(2, 4)), TIMES)

    def outputs(layers):
        return layers[1] @ layers[0]

    kernels = []
    for w1, w2 in zip(flow.first, flow.second, strict=True):
        jacobians = jax.jacobian(outputs)((jnp.asarray(w1), jnp.asarray(w2)))
        flat = np.concatenate([np.asarray(j).reshape(8, -1) for j in jacobians], axis=1)
        kernels.append(flat @ flat.T)
    np.testing.assert_allclose(flow.tangent_kernel, kernels, atol=REGIMES_THEORY_EXACT)
    alignment = [
        np.sum(k * kernels[0]) / np.linalg.norm(k) / np.linalg.norm(kernels[0]) for k in kernels
    ]
    np.testing.assert_allclose(flow.kernel_alignment, alignment, atol=REGIMES_THEORY_EXACT)


@settings(max_examples=15)
@given(seed=st.integers(0, 1000), scale=st.floats(0.05, 2.0))
def test_loss_falls_and_alignment_stays_in_bounds__property(seed, scale):
    rng = np.random.default_rng(seed)
    first, second = scale * rng.normal(size=(4, 3)), scale * rng.normal(size=(1, 4))
    target = rng.normal(size=(1, 3))
    flow = two_layer_linear_flow(first, second, target, np.linspace(0, 5, 8))
    loss = np.linalg.norm(flow.end_to_end - target, axis=(1, 2))
    assert np.all(np.diff(loss) < 1e-9)
    assert np.all((flow.kernel_alignment >= 0) & (flow.kernel_alignment < 1 + 1e-12))
    assert abs(flow.kernel_alignment[0] - 1) < 1e-12


def test_batches_are_their_members__property():
    rng = np.random.default_rng(12)
    first, second = rng.normal(size=(3, 4, 2)), rng.normal(size=(5, 1, 1, 4))
    targets = rng.normal(size=(1, 2))
    together = two_layer_linear_flow(first, second, targets, TIMES)
    assert together.gram.shape == (5, 3, 4, 3, 3)
    assert together.first.shape == (5, 3, 4, 4, 2)
    assert together.weight_change.shape == together.kernel_alignment.shape == (5, 3, 4)
    alone = two_layer_linear_flow(first[2], second[4, 0], targets, TIMES)
    np.testing.assert_allclose(together.gram[4, 2], alone.gram, atol=REGIMES_THEORY_PATH)


def test_only_the_start__property():
    flow = two_layer_linear_flow(np.eye(2), np.ones((1, 2)), np.ones((1, 2)), np.zeros(1))
    np.testing.assert_allclose(flow.end_to_end[0], [[1.0, 1.0]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"times": np.array([1.0, 2.0])}, "rise from 0"),
        ({"times": np.array([0.0, 2.0, 1.0])}, "rise from 0"),
        ({"times": np.array([0.0, np.inf])}, "finite"),
        ({"times": np.array([])}, "empty"),
        ({"first": np.full((2, 2), np.nan)}, "finite"),
        ({"second": np.ones((1, 3))}, "expected first"),
        ({"correlation": np.ones((2, 2))}, "expected first"),
        ({"method": "exact"}, "no exact solution"),
        ({"method": "euler"}, "method must be one of"),
        ({"steps_per_time_constant": 0}, "at least 1"),
    ],
)
def test_bad_arguments_are_refused__property(changes, message):
    arguments = {
        "first": np.eye(2),
        "second": np.ones((1, 2)),
        "correlation": np.ones((1, 2)),
        "times": TIMES,
    }
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(two_layer_linear_flow)(**(arguments | changes))
