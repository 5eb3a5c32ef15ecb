"""Small demonstrations that the geometry chapter draws or checks."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from spinebook.geometry.mirror_descent import mirror_descent
from spinebook.geometry.potentials import Potential


def descent_paths(
    loss: Callable[[Array], Array],
    start: Float[Array, " n"],
    potential: Potential,
    *,
    rate: float,
    steps: int,
) -> Float[np.ndarray, "steps_and_start n"]:
    """Return the weights after every step of mirror descent, the start included.

    Examples:
        >>> from spinebook.geometry import PNorm
        >>> path = descent_paths(jnp.sum, jnp.zeros(2), PNorm(2.0), rate=0.1, steps=3)
        >>> path.shape, round(float(path[-1, 0]), 6)
        ((4, 2), -0.3)
    """
    optimiser = mirror_descent(rate, potential)

    def step(carry, _):
        weights, state = carry
        updates, state = optimiser.update(jax.grad(loss)(weights), state, weights)
        weights = optax.apply_updates(weights, updates)
        return (weights, state), weights

    _, path = jax.lax.scan(step, (start, optimiser.init(start)), None, steps)
    return np.concatenate([np.asarray(start)[None], np.asarray(path)])


def update_jacobian(potential: Potential, rate: float = 0.01) -> float:
    """Return the largest dependence of a synapse's update on another synapse's weight.

    The gradient is held fixed, so a separable potential gives exactly zero.

    Examples:
        >>> from spinebook.geometry import NegativeEntropy
        >>> update_jacobian(NegativeEntropy())
        0.0
    """
    optimiser = mirror_descent(rate, potential)
    weights, gradient = jnp.array([0.3, -0.2, 0.7]), jnp.array([0.5, -1.0, 2.0])

    def update(w: Float[Array, " n"]) -> Float[Array, " n"]:
        return optimiser.update(gradient, optimiser.init(w), w)[0]

    jacobian = np.asarray(jax.jacobian(update)(weights))
    return float(np.max(np.abs(jacobian[~np.eye(3, dtype=bool)])))
