"""Mirror descent as an optax optimiser: learning that is additive in the dual variable."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Int

from spinebook.geometry.potentials import Potential
from spinebook.misuse import explains_misuse


class MirrorDescentState(NamedTuple):
    """State of :func:`mirror_descent`: steps taken and, with momentum, the running gradient."""

    steps: Int[Array, ""]
    velocity: Any


@explains_misuse
def mirror_descent(
    learning_rate: optax.ScalarOrSchedule, potential: Potential, momentum: float = 0.0
) -> optax.GradientTransformation:
    r"""Descend a loss by equal steps in the dual variable of a potential.

    .. math::
        m_t = \mu\, m_{t-1} + g_t, \qquad
        \nabla\phi(w_{t+1}) = \nabla\phi(w_t) - \eta_t\, m_t

    With :math:`m_0 = 0` this is the heavy ball as PyTorch writes it: the learning rate multiplies
    the velocity and there is no damping. ``PNorm(2.0)`` gives :func:`optax.sgd`.
    ``NegativeEntropy()`` gives the exponentiated gradient: no weight ever changes sign, a weight
    of exactly zero never moves, and, because optax updates are added, a weight whose step
    would shrink it by more than about one part in the number's precision (:math:`e^{-16}` in
    float32) becomes zero. Initialise with non-zero weights, biases included
    (:func:`spinebook.geometry.signed_lognormal`), or give such leaves another potential with
    :func:`optax.partition`.

    Works on any pytree of floating-point arrays, among them the state of a ``flax.nnx`` model.
    In an :func:`optax.chain` it takes the place of the last link, after clipping or weight decay.

    Args:
        learning_rate: step size eta in dual units per gradient unit, positive, or an optax
            schedule of the number of steps already taken.
        potential: the geometry, for all leaves.
        momentum: mu, at least 0 and below 1.

    Returns:
        An optax gradient transformation; its ``update`` needs ``params``.

    Raises:
        ValueError: a negative or non-finite learning rate, or momentum outside [0, 1).
        TypeError: ``potential`` is not a :class:`~spinebook.geometry.Potential`.

    Examples:
        >>> from spinebook.geometry import NegativeEntropy
        >>> optimiser = mirror_descent(0.1, NegativeEntropy())
        >>> weights = jnp.array([0.2, -0.2, 0.0])
        >>> state = optimiser.init(weights)
        >>> updates, state = optimiser.update(jnp.array([0.5, 0.5, 0.5]), state, weights)
        >>> optax.apply_updates(weights, updates)
        Array([ 0.1902459 , -0.21025422,  0.        ], dtype=float32)
    """
    if not isinstance(potential, Potential):
        raise TypeError(
            "potential must be a spinebook.geometry.Potential such as PNorm(3.0) or "
            f"NegativeEntropy(), got {potential!r}; for one potential per leaf use optax.partition"
        )
    if not callable(learning_rate) and not 0.0 <= float(learning_rate) < float("inf"):
        raise ValueError(f"learning_rate must be finite and not negative, got {learning_rate!r}")
    if not 0.0 <= momentum < 1.0:
        raise ValueError(f"momentum must be at least 0 and below 1, got {momentum!r}")

    def init(params: optax.Params) -> MirrorDescentState:
        velocity = jax.tree.map(jnp.zeros_like, params) if momentum else None
        return MirrorDescentState(jnp.zeros([], jnp.int32), velocity)

    def update(
        updates: optax.Updates, state: MirrorDescentState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, MirrorDescentState]:
        if params is None:
            raise ValueError(
                "mirror_descent needs the current weights: call update(grads, state, params)"
            )
        rate = learning_rate(state.steps) if callable(learning_rate) else learning_rate
        if momentum:
            updates = jax.tree.map(lambda m, g: momentum * m + g, state.velocity, updates)
        velocity = updates if momentum else None
        deltas = jax.tree.map(
            lambda w, m: potential.mirror_step(w, jnp.asarray(rate, w.dtype) * m).astype(w.dtype),
            params,
            updates,
        )
        return deltas, MirrorDescentState(optax.safe_increment(state.steps), velocity)

    return optax.GradientTransformation(init, update)
