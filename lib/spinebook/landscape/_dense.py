"""One backward pass through a dense network for all outputs of all samples."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.landscape.networks import DenseNetwork, LayerParameters


class DensePass(NamedTuple):
    """What layer l sees (h), df/dz_l, and df/dh for all layers but the first.

    Where a derivative is the same for all samples (at the linear readout) its first axis has
    length 1.
    """

    inputs: tuple[Float[Array, "samples _"], ...]
    gradients: tuple[Float[Array, "_ outputs _"], ...]
    jacobians: tuple[Float[Array, "_ outputs _"], ...]


def dense_pass(
    network: DenseNetwork, params: LayerParameters, x: Float[Array, "samples inputs"]
) -> DensePass:
    """Run forward once and backward once for all outputs together."""
    inputs, preactivations = network.layers(params, x)
    gradient = jnp.eye(network.sizes[-1], dtype=preactivations[-1].dtype)[None]
    gradients, jacobians = [gradient], []
    for layer, z in zip(params[:0:-1], preactivations[-2::-1], strict=True):
        jacobian = gradient @ layer["weight"].T
        gradient = jacobian * network.slope(z)[:, None, :]
        jacobians.append(jacobian)
        gradients.append(gradient)
    return DensePass(inputs, tuple(gradients[::-1]), tuple(jacobians[::-1]))


def input_jacobian_of(run: DensePass, params: LayerParameters) -> Float[Array, "_ outputs inputs"]:
    """Return df/dx, with first axis 1 where it is the same for all samples."""
    return run.gradients[0] @ params[0]["weight"].T


def squared_norms(run: DensePass) -> list[Float[Array, "_ units"]]:
    """Return the squares of df/dz_l summed over outputs, a unit at a time."""
    return [jnp.sum(gradient**2, axis=1) for gradient in run.gradients]


def gradient_norms(
    network: DenseNetwork, params: LayerParameters, run: DensePass, *, adaptive: bool
) -> tuple[Float[Array, "samples layers"], Float[Array, "samples layers"]]:
    r"""Return squared norms of df/dW_l and df/db_l, or of theta df/dtheta if ``adaptive``.

    The weight gradient is an outer product, so its norm is
    :math:`\|J_z\|_F \|h\|_2`, and the adaptive one :math:`(h^2)^T W^2 (J_z)^2`.
    """
    samples = run.inputs[0].shape[0]
    weights, biases = [], []
    for layer, h, squared in zip(params, run.inputs, squared_norms(run), strict=True):
        if adaptive:
            weights.append(jnp.sum((h**2 @ layer["weight"] ** 2) * squared, axis=1))
        else:
            weights.append(jnp.sum(h**2, axis=1) * jnp.sum(squared, axis=1))
        if not network.biases:
            biases.append(jnp.zeros(samples, h.dtype))
            continue
        bias = squared * layer["bias"] ** 2 if adaptive else squared
        biases.append(jnp.broadcast_to(jnp.sum(bias, axis=1), (samples,)))
    return jnp.stack(weights, axis=1), jnp.stack(biases, axis=1)
