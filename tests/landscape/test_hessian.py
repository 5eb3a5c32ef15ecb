"""Traces and eigenvalues against dense Hessians; random estimates within their own errors."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.landscape import (
    adaptive_sharpness,
    gauss_newton_relative_flatness,
    hessian_trace,
    hessian_vector_product,
    linear_stability_limits,
    perturbed_adaptive_sharpness,
    relative_flatness,
    top_hessian_eigenvalues,
)

from tests.landscape.problems import dense_hessian, half_mean_square, problem
from tests.tolerances import (
    LANDSCAPE_CLOSED_FORM,
    LANDSCAPE_ERROR_OF_ERROR,
    LANDSCAPE_LANCZOS,
    LANDSCAPE_RESIDUAL,
    LANDSCAPE_ROUTES,
    LANDSCAPE_STANDARD_ERRORS,
)


@cache
def fitted():
    network, params, x = problem()
    return network, params, x, half_mean_square(network, x, np.asarray(network(params, x)))


@cache
def noisy():
    """Return parameters, a loss with residuals of size 1 and its whole Hessian."""
    network, params, x = problem(seed=2)
    targets = np.asarray(network(params, x)) + np.random.default_rng(3).normal(size=(7, 3))
    loss = half_mean_square(network, x, targets)
    return params, loss, dense_hessian(loss, params)[0]


def test_exact_trace__brute_force(float64):
    params, loss, hessian = noisy()
    expected = np.trace(hessian)
    exact = hessian_trace(loss, params)
    assert float(exact.value) == pytest.approx(expected, rel=LANDSCAPE_ROUTES)
    assert float(exact.standard_error) == 0


def test_hutchinson_and_its_error__brute_force(float64):
    params, loss, hessian = noisy()
    estimate = hessian_trace(loss, params, "hutchinson", probes=2000, key=jax.random.key(0))
    error = abs(float(estimate.value) - np.trace(hessian))
    assert error < LANDSCAPE_STANDARD_ERRORS * float(estimate.standard_error)
    # Variance of a probe with signs: twice the squares off the diagonal.
    off = hessian - np.diag(np.diag(hessian))
    expected = np.sqrt(2 * np.sum(off**2) / 2000)
    assert float(estimate.standard_error) == pytest.approx(expected, rel=LANDSCAPE_ERROR_OF_ERROR)


def test_lanczos__brute_force(float64):
    params, loss, hessian = noisy()
    expected = np.linalg.eigvalsh(hessian)[::-1][:5]
    top = top_hessian_eigenvalues(loss, params, 5, steps=60, key=jax.random.key(0))
    np.testing.assert_allclose(top.values, expected, rtol=LANDSCAPE_LANCZOS)
    assert np.all(top.residuals < LANDSCAPE_RESIDUAL * expected[0])


def test_lanczos_survives_a_closed_krylov_space__closed_form(float64):
    # Two distinct eigenvalues close the space after two steps; all steps find all multiples.
    scales = jnp.array([3.0, 3.0, 3.0, 1.0, 1.0, 1.0])
    loss = lambda w: jnp.sum(scales * w**2) / 2  # noqa: E731
    top = top_hessian_eigenvalues(loss, jnp.ones(6), 4, key=jax.random.key(0))
    np.testing.assert_allclose(top.values, [3, 3, 3, 1], atol=LANDSCAPE_CLOSED_FORM)
    flat = top_hessian_eigenvalues(lambda w: jnp.sum(w), jnp.ones(4), 2, key=jax.random.key(0))
    np.testing.assert_array_equal(flat.values, [0, 0])


def test_hessian_vector_product__brute_force(float64):
    scales = np.random.default_rng(0).normal(size=(4, 4))
    loss = lambda w: jnp.tanh(w @ scales @ w)  # noqa: E731
    point, direction = jnp.arange(4.0) / 9, jnp.array([1.0, -2.0, 0.5, 3.0])
    np.testing.assert_allclose(
        hessian_vector_product(loss, point, direction),
        jax.jit(jax.hessian(loss))(point) @ direction,
        rtol=LANDSCAPE_ROUTES,
    )


def test_perturbation_estimate__brute_force(float64):
    network, params, x, loss = fitted()
    estimate = perturbed_adaptive_sharpness(
        loss, params, size=1e-3, draws=4000, key=jax.random.key(0)
    )
    exact = float(adaptive_sharpness(network, params, x).value)
    error = float(estimate.standard_error)
    assert error < 0.05 * exact
    assert abs(float(estimate.value) - exact) < LANDSCAPE_STANDARD_ERRORS * error


def test_relative_flatness_is_the_double_sum__brute_force(float64):
    network, params, x = problem((4, 3, 2), seed=5)
    targets = np.random.default_rng(6).normal(size=(7, 2))
    full = half_mean_square(network, x, targets)
    first = jnp.asarray(params[0]["weight"])
    loss = lambda w: full(({**params[0], "weight": w}, params[1]))  # noqa: E731
    blocks = np.asarray(jax.jit(jax.hessian(loss))(first))
    expected = sum(
        (first[:, s] @ first[:, t]) * np.trace(blocks[:, s, :, t])
        for s in range(3)
        for t in range(3)
    )
    assert float(relative_flatness(loss, first)) == pytest.approx(
        float(expected), rel=LANDSCAPE_ROUTES
    )


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_gauss_newton_relative_flatness__brute_force(float64, layer):
    network, params, x, full = fitted()
    ours = gauss_newton_relative_flatness(network, params, x)[layer]
    weight = jnp.asarray(params[layer]["weight"])

    def loss(w):
        layers = [{**p, "weight": w} if i == layer else p for i, p in enumerate(params)]
        return full(tuple(layers))

    expected = float(relative_flatness(loss, weight))
    assert float(ours) == pytest.approx(expected, rel=LANDSCAPE_ROUTES)


def test_readout_needs_no_interpolation__brute_force(float64):
    network, params, x = problem()
    full = half_mean_square(network, x, 5.0)
    loss = lambda w: full((*params[:-1], {**params[-1], "weight": w}))  # noqa: E731
    ours = gauss_newton_relative_flatness(network, params, x)[-1]
    expected = float(relative_flatness(loss, jnp.asarray(params[-1]["weight"])))
    assert float(ours) == pytest.approx(expected, rel=LANDSCAPE_ROUTES)


def test_stability_limits__closed_form():
    assert linear_stability_limits(0.1, batch=1, outputs=1) == (20, 20, 20)
    # Rate 0.2, batch 20, ten outputs, mean over outputs: the envelope of eta Tr H is 2 N B = 400.
    limits = linear_stability_limits(0.2, batch=20, outputs=10, loss_scale=2 / 10)
    assert 0.2 * limits.trace == pytest.approx(400)
    assert limits.sharpness == pytest.approx(limits.trace * 5)


def test_trace_limit_is_attained__brute_force():
    # N = 1, batches of B from B identical samples: rank one, so eta Tr H = 2 exactly at the edge;
    # N orthogonal outputs of equal size: eta Tr H = 2 N.
    rate, outputs = 0.5, 3
    hessian = np.eye(outputs) * linear_stability_limits(rate, 1, outputs).trace / outputs
    step = np.eye(outputs) - rate * hessian
    assert np.max(np.abs(np.linalg.eigvals(np.kron(step, step)))) == pytest.approx(1)
