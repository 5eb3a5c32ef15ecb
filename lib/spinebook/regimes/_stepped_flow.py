"""Gradient flow of a two-layer linear network by classical Runge-Kutta steps."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


def stepped_layers(
    w1: Float[np.ndarray, "*batch small inputs"],
    w2: Float[np.ndarray, "*batch outputs small"],
    s: Float[np.ndarray, "*batch outputs inputs"],
    lengths: Float[np.ndarray, " intervals"],
    counts: Int[np.ndarray, " intervals"],
) -> tuple[
    Float[np.ndarray, "times *batch small inputs"], Float[np.ndarray, "times *batch outputs small"]
]:
    """Return both layers at the start and after each interval, in float64."""
    with jax.enable_x64(True):
        first, second = _runge_kutta(w1, w2, s, lengths, counts)
        return np.asarray(first), np.asarray(second)


@jax.jit
def _runge_kutta(
    w1: Float[Array, "*batch small inputs"],
    w2: Float[Array, "*batch outputs small"],
    s: Float[Array, "*batch outputs inputs"],
    lengths: Float[Array, " intervals"],
    counts: Int[Array, " intervals"],
) -> tuple[Float[Array, "times *batch small inputs"], Float[Array, "times *batch outputs small"]]:
    def slope(layers):
        a, b = layers
        rest = s - b @ a
        return jnp.swapaxes(b, -2, -1) @ rest, rest @ jnp.swapaxes(a, -2, -1)

    def move(layers, slopes, size):
        return tuple(x + size * k for x, k in zip(layers, slopes, strict=True))

    def step(layers, size):
        one = slope(layers)
        two = slope(move(layers, one, size / 2))
        three = slope(move(layers, two, size / 2))
        four = slope(move(layers, three, size))
        total = [a + 2 * b + 2 * c + d for a, b, c, d in zip(one, two, three, four, strict=True)]
        return move(layers, total, size / 6)

    def interval(layers, pair):
        length, count = pair
        size = length / count
        layers = jax.lax.fori_loop(0, count, lambda _, now: step(now, size), layers)
        return layers, layers

    _, (first, second) = jax.lax.scan(interval, (w1, w2), (lengths, counts))
    return jnp.concatenate([w1[None], first]), jnp.concatenate([w2[None], second])
