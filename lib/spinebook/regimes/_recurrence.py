"""The recurrence of a rate network, with the gradient of its weights in a single product."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@partial(jax.jit, static_argnames="leak")
def run_recurrence(
    input_weights: Float[Array, "units inputs"],
    recurrent: Float[Array, "units units"],
    inputs: Float[Array, "steps batch inputs"],
    leak: float,
) -> Float[Array, "steps batch units"]:
    """Return the rates of every step, from rest; see :func:`spinebook.regimes.rates`."""
    # One product for the drive of all steps; only the recurrence has to go step by step.
    drive = leak * (inputs @ input_weights.T)
    return _recurrence(drive.astype(recurrent.dtype), leak * recurrent.T, 1.0 - leak)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _recurrence(
    drive: Float[Array, "steps batch units"], weights: Float[Array, "units units"], kept: float
) -> Float[Array, "steps batch units"]:
    """Return u_t = relu(kept u_{t-1} + drive_t + u_{t-1} weights) for all steps, from rest."""

    def step(
        r: Float[Array, "batch units"], now: Float[Array, "batch units"]
    ) -> tuple[Float[Array, "batch units"], Float[Array, "batch units"]]:
        z = now + r @ weights
        r = jax.nn.relu(z + kept * r if kept else z)
        return r, r

    return jax.lax.scan(step, jnp.zeros_like(drive[0]), drive)[1]


def _forward(
    drive: Float[Array, "steps batch units"], weights: Float[Array, "units units"], kept: float
) -> tuple[Float[Array, "steps batch units"], tuple[Array, Array]]:
    run = _recurrence(drive, weights, kept)
    return run, (run, weights)


def _backward(
    kept: float, residuals: tuple[Array, Array], cotangents: Float[Array, "steps batch units"]
) -> tuple[Float[Array, "steps batch units"], Float[Array, "units units"]]:
    run, weights = residuals

    def step(
        later: Float[Array, "batch units"],
        now: tuple[Float[Array, "batch units"], Float[Array, "batch units"]],
    ) -> tuple[Float[Array, "batch units"], Float[Array, "batch units"]]:
        r, cotangent = now
        # ``later`` is what the following steps send back to r, before the slope of this step.
        delta = jnp.where(r > 0, cotangent + later, 0)
        back = delta @ weights.T
        return back + kept * delta if kept else back, delta

    _, deltas = jax.lax.scan(step, jnp.zeros_like(run[0]), (run, cotangents), reverse=True)
    units = weights.shape[0]
    # All steps at once; the first step saw no rates.
    return deltas, run[:-1].reshape(-1, units).T @ deltas[1:].reshape(-1, units)


_recurrence.defvjp(_forward, _backward)
