"""Losses and accuracy of a rate network that has to decide at its last step."""

from __future__ import annotations

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from spinebook.checks import is_traced
from spinebook.misuse import explains_misuse
from spinebook.regimes.rate_network import RateParameters, outputs, rates
from spinebook.types import AnyArray

Batch: TypeAlias = tuple[
    Float[AnyArray, "steps batch inputs"], Int[AnyArray, "steps batch"] | Int[AnyArray, " batch"]
]
"""Inputs of every step, and labels: one a step, or one a sample that belongs to the last step."""


@explains_misuse
def decision_loss(parameters: RateParameters, batch: Batch, leak: float = 1.0) -> Float[Array, ""]:
    """Return the cross-entropy averaged over all steps and samples, in nats.

    Args:
        parameters: weights.
        batch: inputs (steps, batch, inputs) and labels (steps, batch).
        leak: a of :func:`rates`.

    Returns:
        The loss.

    Raises:
        ValueError: as :func:`rates`, or labels of another shape or (outside jit) out of range.

    Examples:
        >>> from spinebook.regimes.rate_network import init_rate_parameters
        >>> parameters = init_rate_parameters(50, 3, 2, key=jax.random.key(0))
        >>> batch = jnp.zeros((8, 4, 3)), jnp.zeros((8, 4), jnp.int32)
        >>> round(float(decision_loss(parameters, batch)), 4)  # no input, no output: log(2)
        0.6931
    """
    inputs, labels = _checked_batch(parameters, batch)
    if labels.ndim != 2:
        raise ValueError(
            f"decision_loss needs one label a step, shape {inputs.shape[:2]}, got {labels.shape}; "
            "for one label a sample use last_step_loss"
        )
    return _cross_entropy(outputs(parameters, inputs, leak), labels)


@explains_misuse
def last_step_loss(parameters: RateParameters, batch: Batch, leak: float = 1.0) -> Float[Array, ""]:
    """Return the cross-entropy of the last step averaged over samples, in nats.

    Args:
        parameters: weights.
        batch: inputs (steps, batch, inputs) and labels, (batch,) or (steps, batch); of the latter
            only the last step counts.
        leak: a of :func:`rates`.

    Returns:
        The loss.

    Raises:
        ValueError: as :func:`decision_loss`.

    Examples:
        >>> from spinebook.regimes.rate_network import init_rate_parameters
        >>> parameters = init_rate_parameters(50, 3, 2, key=jax.random.key(0))
        >>> batch = jnp.zeros((8, 4, 3)), jnp.zeros(4, jnp.int32)
        >>> round(float(last_step_loss(parameters, batch)), 4)
        0.6931
    """
    inputs, labels = _checked_batch(parameters, batch)
    return _cross_entropy(_last_outputs(parameters, inputs, leak), _last(labels))


@explains_misuse
def decision_accuracy(
    parameters: RateParameters, batch: Batch, leak: float = 1.0
) -> Float[Array, ""]:
    """Return the share of samples whose largest output at the last step is that of the label.

    Args:
        parameters: weights.
        batch: inputs (steps, batch, inputs) and labels, (batch,) or (steps, batch).
        leak: a of :func:`rates`.

    Returns:
        The accuracy, from 0 to 1.

    Raises:
        ValueError: as :func:`decision_loss`.

    Examples:
        >>> from spinebook.regimes.rate_network import init_rate_parameters
        >>> parameters = init_rate_parameters(50, 3, 2, key=jax.random.key(0))
        >>> batch = jnp.zeros((8, 4, 3)), jnp.zeros((8, 4), jnp.int32)
        >>> decision_accuracy(parameters, batch)  # all outputs are equal: the first one is taken
        Array(1., dtype=float32)
    """
    inputs, labels = _checked_batch(parameters, batch)
    logits = _last_outputs(parameters, inputs, leak)
    return jnp.mean(jnp.argmax(logits, axis=-1) == _last(labels), dtype=logits.dtype)


def _last(labels: Int[Array, "*steps batch"]) -> Int[Array, " batch"]:
    return labels[-1] if labels.ndim == 2 else labels


def _last_outputs(
    parameters: RateParameters, inputs: Float[Array, "steps batch inputs"], leak: float
) -> Float[Array, "batch outputs"]:
    return rates(parameters, inputs, leak)[-1] @ jnp.asarray(parameters.readout).T


@jax.jit
def _cross_entropy(
    logits: Float[Array, "*where outputs"], labels: Int[Array, "*where"]
) -> Float[Array, ""]:
    # A product with ones instead of a look-up, whose gradient would be a slow scatter.
    right = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    return -jnp.mean(jnp.sum(right * jax.nn.log_softmax(logits), axis=-1))


def _checked_batch(
    parameters: RateParameters, batch: tuple[Any, Any]
) -> tuple[Float[Array, "steps batch inputs"], Int[Array, "*steps batch"]]:
    """Refuse labels of a wrong shape or out of range; return inputs and labels as JAX arrays."""
    inputs, labels = batch
    if tuple(labels.shape) not in (tuple(inputs.shape[:2]), tuple(inputs.shape[1:2])):
        raise ValueError(
            f"labels must have shape {tuple(inputs.shape[:2])} (steps, batch) or "
            f"{tuple(inputs.shape[1:2])} (batch,), got {tuple(labels.shape)}"
        )
    choices = parameters.readout.shape[-2]
    if not is_traced(labels) and labels.size:
        numbers = np.asarray(labels)
        outside = (numbers < 0) | (numbers >= choices)
        if outside.any():
            raise ValueError(
                f"labels must lie between 0 and {choices - 1} for {choices} outputs, "
                f"got {numbers[outside].flat[0]}"
            )
    return jnp.asarray(inputs), jnp.asarray(labels)
