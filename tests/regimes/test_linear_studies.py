"""The chapter's linear studies against direct computation, other packages and closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from spinebook import regimes
from spinebook.regimes import linear_studies
from spinebook.regimes.linear_kernels import kernel_cosine, linear_kernel

from tests import tolerances as tol

pytestmark = pytest.mark.slow  # they compile whole studies: ten seconds and more each


def test_equal_singular_values_keep_the_directions__closed_form():
    matrix = np.random.default_rng(0).normal(size=(4, 3))
    left, _, right = np.linalg.svd(matrix)
    start = linear_studies.equal_singular_values(matrix, 2, 3.0)
    expected = 3.0 / np.sqrt(2) * left[:, :2] @ right[:2]
    assert np.allclose(start, expected, atol=tol.REGIMES_STUDY_FLOAT64)


@pytest.mark.parametrize(("rank", "ratio"), [(1, 0.0), (3, 0.5), (5, 1.0)])
def test_unrelated_linear_networks__brute_force(rank, ratio):
    rng = np.random.default_rng(rank)
    matrices = rng.normal(size=(2, 4000, 7, 5))
    first = linear_studies.equal_singular_values(matrices, rank, 1.0)
    kernels = linear_kernel(first, np.full((2, 4000, 1, 7), ratio / 7**0.5))
    mean = kernel_cosine(*kernels).mean()
    expected = linear_studies.unrelated_kernels(rank, 5, ratio)
    assert mean == pytest.approx(expected, abs=tol.REGIMES_STUDY_MEAN_OF_4000)


@pytest.mark.parametrize("balance", [-10.0, 0.0, 0.5])
def test_balanced_starts_are_balanced__property(balance):
    rng = np.random.default_rng(0)
    gaussian, other = rng.normal(size=(3, 5)), rng.normal(size=(4, 3))
    first, second = linear_studies.balanced_start(gaussian, other, balance, 0.1)
    difference = second.T @ second - first @ first.T
    assert np.allclose(difference, balance * np.eye(3), atol=tol.REGIMES_STUDY_FLOAT64)
    smaller = min(np.linalg.norm(first, 2), np.linalg.norm(second, 2))
    assert smaller == pytest.approx(0.1)


def test_adaptive_flow_is_that_of_the_library__property():
    rng = np.random.default_rng(0)
    first, second, S = (0.5 * rng.normal(size=shape) for shape in ((3, 4), (2, 3), (2, 4)))
    times = np.array([0.0, 0.7, 3.0])
    path = linear_studies.adaptive_linear_flow(first, second, S, times)
    flow = regimes.two_layer_linear_flow(first, second, S, times, method="integrate")
    assert np.allclose(path.second @ path.first, flow.end_to_end, atol=tol.REGIMES_STUDY_FLOW)
    kernels = linear_kernel(path.first, path.second)
    assert np.allclose(kernels, flow.tangent_kernel, atol=tol.REGIMES_STUDY_FLOW)


def test_scaled_paths__independent_package():
    inputs = np.random.default_rng(0).normal(size=(4, 2))

    def model(w, w0):
        return jnp.tanh(jnp.asarray(inputs) @ w) - jnp.tanh(jnp.asarray(inputs) @ w0)

    start, target, scale = np.array([0.5, -0.3]), np.array([1.0, -1.0, 0.5, 0.2]), 4.0
    paths = linear_studies.scaled_paths(
        model, start[None], target[None], [scale], time=2.0, steps=400
    )

    def tanh(w):
        return np.tanh(inputs @ w) - np.tanh(inputs @ start)

    def jacobian(w):
        return (1 - np.tanh(inputs @ w) ** 2)[:, None] * inputs

    def slope(_, pair):
        w, v = pair[:2], pair[2:]
        linear = jacobian(start) @ (v - start)
        return (
            -np.concatenate(
                [
                    jacobian(w).T @ (scale * tanh(w) - target),
                    jacobian(start).T @ (scale * linear - target),
                ]
            )
            / scale
        )

    times = np.linspace(0, 2.0, 401)
    both = np.concatenate([start, start])
    path = scipy.integrate.solve_ivp(slope, (0, 2.0), both, "DOP853", times, rtol=1e-11, atol=1e-13)
    apart = [scale * (tanh(p[:2]) - jacobian(start) @ (p[2:] - start)) for p in path.y.T]
    movement = np.linalg.norm(path.y[:2, -1] - start)
    assert paths.movement.item() == pytest.approx(movement, abs=tol.REGIMES_STUDY_FLOW)
    farthest = np.max(np.linalg.norm(apart, axis=1))
    assert paths.deviation.item() == pytest.approx(farthest, abs=tol.REGIMES_STUDY_FLOW)


def test_models_of_the_public_code__closed_form():
    logs = linear_studies.logged_losses([[0.034] * 10_000, [1.15] + [0.034] * 9_999])
    assert logs[0][0] == pytest.approx(0.034)
    assert logs[1][0] == pytest.approx(99 * 0.034 + 1.15)
    assert logs[1][1] == pytest.approx(0.034)
    assert linear_studies.stored_ranks({5: np.nan, 30: 9.0, 300: 10.0}) == [30]
