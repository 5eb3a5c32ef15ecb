"""Derivatives of outputs with respect to inputs: Jacobians and their singular values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.landscape._checks import Apply, check_batch
from spinebook.landscape._dense import dense_pass, input_jacobian_of
from spinebook.landscape.networks import DenseNetwork
from spinebook.landscape.sharpness import pieces
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


@explains_misuse
def input_jacobian(
    apply: Apply, params: Any, x: Float[AnyArray, "samples *features"]
) -> Float[Array, "samples outputs inputs"]:
    r"""Return the Jacobian of every sample, :math:`J_i = \partial f(x_i) / \partial x_i`.

    Args:
        apply: function of parameters and a batch to (samples, outputs), each sample on its own.
        params: any tree of arrays.
        x: batch of inputs; images are flattened.

    Returns:
        One matrix (outputs, inputs) for each sample.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> weight = jnp.array([[2.0], [1.0]])
        >>> input_jacobian(network, ({"weight": weight},), jnp.ones((1, 2)))
        Array([[[2., 1.]]], dtype=float32)
    """
    params, x, outputs = check_batch(apply, params, x)
    return _jacobians(apply, params, x, outputs)


@partial(jax.jit, static_argnums=(0, 3))
def _jacobians(
    apply: Apply, params: Any, x: Float[Array, "samples *features"], outputs: int
) -> Float[Array, "samples outputs inputs"]:
    if isinstance(apply, DenseNetwork):
        jacobian = input_jacobian_of(dense_pass(apply, params, x), params)
        return jnp.broadcast_to(jacobian, (x.shape[0], *jacobian.shape[1:]))

    def backward(cotangent: Float[Array, " outputs"]) -> Float[Array, "samples *features"]:
        return pullback(jnp.broadcast_to(cotangent, value.shape))[0]

    # Samples do not interact, so one reverse pass an output serves all of them.
    value, pullback = jax.vjp(lambda batch: apply(params, batch), x)
    jacobian = jax.lax.map(backward, jnp.eye(outputs, dtype=value.dtype))
    return jnp.swapaxes(jacobian.reshape(outputs, x.shape[0], -1), 0, 1)


@explains_misuse
def input_singular_values(
    apply: Apply, params: Any, x: Float[AnyArray, "samples *features"]
) -> Float[Array, "samples rank"]:
    """Return all singular values of the input Jacobian of every sample, largest first.

    They come from the matrix itself, not from its square, so small ones keep their digits.

    Args:
        apply: function of parameters and a batch to (samples, outputs), each sample on its own.
        params: any tree of arrays.
        x: batch of inputs; images are flattened.

    Returns:
        min(outputs, inputs) values for each sample.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((2, 2), "linear", biases=False)
        >>> weight = jnp.array([[3.0, 0.0], [0.0, 2.0]])
        >>> input_singular_values(network, ({"weight": weight},), jnp.ones((1, 2)))
        Array([[3., 2.]], dtype=float32)
    """
    params, x, outputs = check_batch(apply, params, x)
    return _singular_values(_jacobians(apply, params, x, outputs))


@jax.jit
def _singular_values(jacobian: Float[Array, "samples outputs inputs"]) -> Float[Array, "samples _"]:
    return singular_values(jacobian)


def after(value: Float[Array, "*shape"], done: Float[Array, "*other"]) -> Float[Array, "*shape"]:
    """Return ``value`` as it is, but not before ``done`` has been computed.

    On a CPU, batched decompositions of JAX (0.10.2) that run side by side in one program each hold
    a thread of the pool while they wait for others, and with as many of them as threads they wait
    for ever. An optimisation barrier does not order them there; a number that depends on the last
    one does.
    """
    return value + jnp.minimum(jnp.abs(done.ravel()[0]), 0)


def in_turn(*calls: tuple[Callable[[Array], Array], Array]) -> list[Array]:
    """Decompose matrices one after the other, never side by side (see :func:`after`)."""
    found: list[Array] = []
    for decompose, matrix in calls:
        found.append(decompose(after(matrix, found[-1]) if found else matrix))
    return found


def singular_values(matrix: Float[Array, "*batch rows columns"]) -> Float[Array, "*batch _"]:
    """Return singular values, largest first; a QR step first makes wide matrices cheap."""
    rows, columns = matrix.shape[-2:]
    tall = jnp.swapaxes(matrix, -1, -2) if rows < columns else matrix
    if tall.shape[-2] > tall.shape[-1]:
        tall = jnp.linalg.qr(tall, mode="r")
    return jnp.linalg.svd(tall, compute_uv=False)


def largest_singular_value(
    matrix: Float[Array, "*batch rows columns"],
) -> Float[Array, "*batch"]:
    """Return the largest singular value through the smaller of the two Gram matrices."""
    transposed = jnp.swapaxes(matrix, -1, -2)
    wide = matrix.shape[-2] < matrix.shape[-1]
    return root_of_largest_eigenvalue(matrix @ transposed if wide else transposed @ matrix)


def root_of_largest_eigenvalue(gram: Float[Array, "*batch n n"]) -> Float[Array, "*batch"]:
    """Return the root of the largest eigenvalue of positive semi-definite matrices."""
    # Rounding may put the eigenvalues of a zero matrix a little below zero.
    return jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh(gram)[..., -1], 0))


def sensitivities(
    apply: Apply, params: Any, x: Float[Array, "samples *features"], outputs: int
) -> Float[Array, " samples"]:
    """Return the largest singular value of every sample, without checks."""
    samples = x.shape[0]
    if isinstance(apply, DenseNetwork):
        gradient, weight = dense_pass(apply, params, x).gradients[0], params[0]["weight"]
        inputs, units = weight.shape
        rows = gradient.shape[0] * outputs
        # J J^T = J_z (W^T W) J_z^T skips the long input axis where that saves products.
        if outputs <= inputs and inputs * units + rows * units < rows * inputs:
            gram = gradient @ (weight.T @ weight) @ jnp.swapaxes(gradient, 1, 2)
            top = root_of_largest_eigenvalue(gram)
        else:
            top = largest_singular_value(gradient @ weight.T)
        return jnp.broadcast_to(top, (samples,))

    def one(sample: Float[Array, " *features"]) -> Float[Array, ""]:
        output, pullback = jax.vjp(lambda one_x: apply(params, one_x[None])[0], sample)
        (rows,) = jax.vmap(pullback)(jnp.eye(outputs, dtype=output.dtype))
        return largest_singular_value(rows.reshape(outputs, -1))

    size = outputs * (x.size // samples)
    return jax.lax.map(one, x, batch_size=pieces(samples, size))
