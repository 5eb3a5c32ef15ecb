"""Starts, flows and small models with which the rich-and-lazy chapter tests solvable theory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.integrate
from jaxtyping import Array, Float

from spinebook.precision import float64_inside
from spinebook.regimes.linear_theory import Values
from spinebook.types import AnyArray, Numbers


def equal_singular_values(
    matrix: Float[AnyArray, "*batch rows columns"], rank: int, size: float
) -> Float[np.ndarray, "*batch rows columns"]:
    """Give a matrix r equal singular values and a Frobenius norm, along its leading directions.

    Examples:
        >>> start = equal_singular_values(np.diag([3.0, 2.0, 1.0]), 2, 1.0)
        >>> np.linalg.svd(start, compute_uv=False).round(4)
        array([0.7071, 0.7071, 0.    ])
    """
    left, _, right = np.linalg.svd(np.asarray(matrix, np.float64), full_matrices=False)
    return size / np.sqrt(rank) * left[..., :rank] @ right[..., :rank, :]


def unrelated_kernels(rank: Numbers, inputs: int, ratio: Numbers = 0.0) -> Values:
    r"""Alignment between two unrelated untrained linear networks: the level to compare KA with.

    .. math:: \frac{1/d + 2c + d c^2}{1/r + 2c + d c^2}, \qquad c = \|W_2\|^2/\|W_1\|_F^2

    for r equal singular values along random directions of d inputs (mean over the directions).

    Examples:
        >>> float(unrelated_kernels(1, 20)), float(unrelated_kernels(20, 20))
        (0.05, 1.0)
    """
    c = np.asarray(ratio, np.float64) ** 2
    rest = 2 * c + inputs * c**2
    return (1 / inputs + rest) / (1 / np.asarray(rank, np.float64) + rest)


def balanced_start(
    gaussian: Float[AnyArray, "hidden inputs"],
    other: Float[AnyArray, "outputs hidden"],
    balance: float,
    scale: float,
) -> tuple[Float[np.ndarray, "hidden inputs"], Float[np.ndarray, "outputs hidden"]]:
    r"""Random layers with :math:`W_2^\top W_2 - W_1 W_1^\top = \lambda I`.

    The smaller layer has ``scale`` as its singular values, the larger one the root of
    scale² + abs(lambda). Neither outputs nor inputs may be fewer than the hidden units.

    Examples:
        >>> draw = np.random.default_rng(0).normal
        >>> W1, W2 = balanced_start(draw(size=(3, 5)), draw(size=(3, 3)), -2.0, 0.1)
        >>> bool(np.allclose(W2.T @ W2 - W1 @ W1.T, 2.0 * -np.eye(3)))
        True
    """
    hidden = np.shape(gaussian)[0]
    first, second = (
        equal_singular_values(matrix, hidden, np.sqrt(hidden * (scale**2 + max(extra, 0.0))))
        for matrix, extra in ((gaussian, -balance), (other, balance))
    )
    return first, second


class LayerPaths(NamedTuple):
    """Both layers at each time."""

    first: Float[np.ndarray, "times hidden inputs"]
    second: Float[np.ndarray, "times outputs hidden"]


def adaptive_linear_flow(
    first: Float[AnyArray, "hidden inputs"],
    second: Float[AnyArray, "outputs hidden"],
    correlation: Float[AnyArray, "outputs inputs"],
    times: Float[AnyArray, " times"],
    *,
    method: str = "LSODA",
    tolerance: float = 1e-11,
) -> LayerPaths:
    """Follow a two-layer linear network by one of SciPy's adaptive solvers.

    A second, slower way to :func:`spinebook.regimes.two_layer_linear_flow` that shares no code with
    it and also bears stiff starts. It does not leave the hidden directions it is given, so hand it
    a rank-r start with r hidden units.

    Examples:
        >>> start, times = np.array([[0.1]]), np.array([0.0, 20.0])
        >>> path = adaptive_linear_flow(start, 0 * start, 20 * start, times)
        >>> (path.second @ path.first)[-1].round(6)
        array([[2.]])
    """
    W1, W2, S = (np.asarray(value, np.float64) for value in (first, second, correlation))
    split = W1.size

    def slope(_: float, w: np.ndarray) -> np.ndarray:
        a, b = w[:split].reshape(W1.shape), w[split:].reshape(W2.shape)
        rest = S - b @ a
        return np.concatenate([(b.T @ rest).ravel(), (rest @ a.T).ravel()])

    moments = np.asarray(times, np.float64)
    path = scipy.integrate.solve_ivp(
        slope,
        (0.0, moments[-1]),
        np.concatenate([W1.ravel(), W2.ravel()]),
        method=method,
        t_eval=moments,
        rtol=tolerance,
        atol=tolerance / 100,
    )
    if not path.success:
        raise RuntimeError(f"the solver gave up: {path.message}")
    w = path.y.T
    return LayerPaths(w[:, :split].reshape(-1, *W1.shape), w[:, split:].reshape(-1, *W2.shape))


class ScaledPaths(NamedTuple):
    """How far scaled models went: one row a network, one column a scale."""

    movement: Float[Array, "networks scales"]
    deviation: Float[Array, "networks scales"]


@float64_inside
def scaled_paths(
    model: Callable[[Array, Array], Array],
    starts: Float[AnyArray, "networks weights"],
    targets: Float[AnyArray, "networks outputs"],
    scales: Sequence[float],
    *,
    time: float,
    steps: int,
) -> ScaledPaths:
    r"""Train scaled models and their linearisations side by side, by gradient flow.

    .. math:: \dot w = -\tfrac1\alpha\, Dh(w)^\top (\alpha h(w) - y), \qquad
        \bar h(w) = h(w_0) + Dh(w_0)(w - w_0)

    (Chizat, Oyallon and Bach 2019, objective R(alpha h)/alpha²), by Runge-Kutta steps in float64.

    Args:
        model: ``model(w, w0)`` returns h of the weights w, which may know their start.
        starts: w_0 of each network.
        targets: y of each network.
        scales: alpha.
        time: Length of the flow.
        steps: Number of Runge-Kutta steps.

    Returns:
        Norm of w(time) - w_0, and the largest distance between the outputs of the scaled model and
        those of its linearisation over the path.

    Examples:
        >>> def model(w, w0):
        ...     return w - w0
        >>> start, target = np.zeros((1, 2)), np.ones((1, 2))
        >>> paths = scaled_paths(model, start, target, [10.0], time=30.0, steps=300)
        >>> paths.movement.round(6).item(), paths.deviation.round(6).item()
        (0.141421, 0.0)
    """
    arrays = (jnp.asarray(value, jnp.float64) for value in (starts, targets, scales))
    return _scaled_paths(model, *arrays, time / steps, steps)


@partial(jax.jit, static_argnums=(0, 5))
def _scaled_paths(model, starts, targets, scales, size, steps):
    # Classical Runge-Kutta: where each of the four slopes is taken, and its weight.
    stages = jnp.array([0.0, 0.5, 0.5, 1.0]), jnp.array([1.0, 2.0, 2.0, 1.0]) / 6

    def one(start, target, scale):
        def outputs(w):
            return model(w, start)

        at_start, tangent = jax.linearize(outputs, start)
        pull = jax.linear_transpose(tangent, start)

        def slopes(pair):
            value, pull_here = jax.vjp(outputs, pair[0])
            linear = at_start + tangent(pair[1] - start)
            errors = scale * value - target, scale * linear - target
            return -jnp.stack([pull_here(errors[0])[0], pull(errors[1])[0]]) / scale

        def stage(carry, coefficients):
            pair, slope, total = carry
            ahead, weight = coefficients
            slope = slopes(pair + ahead * size * slope)
            return (pair, slope, total + weight * size * slope), None

        def step(pair, _):
            nothing = jnp.zeros_like(pair)
            (_, _, change), _ = jax.lax.scan(stage, (pair, nothing, nothing), stages)
            pair = pair + change
            apart = outputs(pair[0]) - at_start - tangent(pair[1] - start)
            return pair, scale * jnp.linalg.norm(apart)

        pair, distances = jax.lax.scan(step, jnp.stack([start, start]), None, steps)
        return ScaledPaths(jnp.linalg.norm(pair[0] - start), jnp.max(distances))

    over_scales = jax.vmap(one, (None, None, 0))
    return jax.vmap(over_scales, (0, 0, None))(starts, targets, scales)


def logged_losses(ranks: Sequence[Sequence[float]], every: int = 100) -> list[list[float]]:
    """What a loss log holds whose running sum is neither divided at iteration 0 nor reset by rank.

    A model of the arithmetic in main.py of the public code of Liu et al. (2024), commit acf25c33.

    Examples:
        >>> logged_losses([[1.0, 1.0, 1.0], [5.0, 5.0, 5.0]], every=2)
        [[1.0, 1.0], [5.0, 5.0]]
        >>> logged_losses([[1.0] * 4, [5.0] * 4], every=2)[1]
        [6.0, 5.0]
    """
    total, logs = 0.0, []
    for losses in ranks:
        log = []
        for iteration, loss in enumerate(losses):
            total += loss
            if iteration % every == 0:
                log.append(total / every if iteration else total)
                total = 0.0
        logs.append(log)
    return logs


def stored_ranks(final_losses: dict[int, float], limit: float = 10.0) -> list[int]:
    """Ranks whose results a list holds that takes a run only if its loss is below a limit.

    A model of the test in main.py of the public code of Liu et al. (2024), commit acf25c33.

    Examples:
        >>> stored_ranks({5: float("nan"), 30: 0.5, 300: 0.4})
        [30, 300]
    """
    return [rank for rank, loss in final_losses.items() if loss < limit]
