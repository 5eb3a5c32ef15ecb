"""Sensitivity to the input: the largest singular value of the Jacobian, plain and scale-free."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.landscape._checks import Apply, check_batch
from spinebook.landscape._dense import dense_pass, input_jacobian_of
from spinebook.landscape.convnets import Convnet
from spinebook.landscape.jacobians import in_turn, largest_singular_value, sensitivities
from spinebook.landscape.networks import DenseNetwork, LayerParameters
from spinebook.landscape.sharpness import LayerSums, layer_sums
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


@explains_misuse
def local_sensitivities(
    apply: Apply, params: Any, x: Float[AnyArray, "samples *features"]
) -> Float[Array, " samples"]:
    r"""Return the largest singular value :math:`s_1(J_i)` of the input Jacobian of every sample.

    It is the root of the largest eigenvalue of the smaller Gram matrix of J, to about the
    precision of the numbers (relative).

    Args:
        apply: function of parameters and a batch to (samples, outputs), each sample on its own.
        params: any tree of arrays.
        x: batch of inputs.

    Returns:
        One value a sample.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> weight = jnp.array([[3.0], [4.0]])
        >>> local_sensitivities(network, ({"weight": weight},), jnp.ones((2, 2)))
        Array([5., 5.], dtype=float32)
    """
    params, x, outputs = check_batch(apply, params, x)
    return _sensitivities(apply, params, x, outputs)


_sensitivities = jax.jit(sensitivities, static_argnums=(0, 3))


@explains_misuse
def maximum_local_sensitivity(
    apply: Apply, params: Any, x: Float[AnyArray, "samples *features"]
) -> Float[Array, ""]:
    r"""Return the maximum local sensitivity, :math:`\mathrm{MLS} = \frac1n\sum_i s_1(J_i)`.

    The largest response to a small change of the input, averaged over samples (Chen et al.
    2310.01770, Eq. 11).

    Args:
        apply: function of parameters and a batch to (samples, outputs), each sample on its own.
        params: any tree of arrays.
        x: batch of inputs.

    Returns:
        The mean over samples.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> weight = jnp.array([[3.0], [4.0]])
        >>> maximum_local_sensitivity(network, ({"weight": weight},), jnp.ones((2, 2)))
        Array(5., dtype=float32)
    """
    params, x, outputs = check_batch(apply, params, x)
    return jnp.mean(_sensitivities(apply, params, x, outputs))


@explains_misuse
def network_mls(
    network: DenseNetwork | Convnet,
    params: LayerParameters,
    x: Float[AnyArray, "samples *features"],
) -> LayerSums:
    r"""Return the network maximum local sensitivity, a sum over layers.

    .. math:: \mathrm{NMLS} = \sum_l \frac1n\sum_i s_1(J_{l,i}), \qquad
        J_l = \frac{\partial f}{\partial h_{l-1}}

    (Chen et al. 2310.01770, Eq. 12; their public code sums, so divide by the number of layers for
    a mean). The first layer's share is the maximum local sensitivity.

    Args:
        network: a dense or convolutional network of this library.
        params: its parameters.
        x: batch of inputs.

    Returns:
        The sum, that of each sample, and the mean of each layer.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((1, 1, 1), "linear", biases=False)
        >>> params = tuple({"weight": jnp.array([[w]])} for w in (2.0, 3.0))
        >>> network_mls(network, params, jnp.ones((1, 1))).per_layer
        Array([6., 3.], dtype=float32)
    """
    params, x, outputs = check_batch(network, params, x)
    return _network_mls(network, params, x, outputs)


@partial(jax.jit, static_argnums=(0, 3))
def _network_mls(
    network: DenseNetwork | Convnet,
    params: LayerParameters,
    x: Float[Array, "samples *features"],
    outputs: int,
) -> LayerSums:
    if isinstance(network, DenseNetwork):
        run = dense_pass(network, params, x)
        jacobians = (input_jacobian_of(run, params), *run.jacobians)
        columns = in_turn(*((largest_singular_value, jacobian) for jacobian in jacobians))
    else:

        def of_tail(h: Array, start: int) -> Array:
            return sensitivities(partial(network.tail, start=start), params, h, outputs)

        inputs = enumerate(network.layer_inputs(params, x))
        columns = in_turn(*((partial(of_tail, start=start), h) for start, h in inputs))
    return layer_sums(jnp.stack([jnp.broadcast_to(c, x.shape[:1]) for c in columns], axis=1))


@explains_misuse
def input_invariant_mls(
    apply: Apply, params: Any, x: Float[AnyArray, "samples *features"]
) -> Float[Array, ""]:
    r"""Return the input-invariant sensitivity, the response to scaling the input.

    .. math:: \frac{1}{n M} \sum_i \|J_i x_i\|^2

    with M inputs (public code of Chen et al. 2310.01770, last version). Unchanged when the input
    is multiplied by a number and the first layer divided by it. One forward-mode pass.

    Args:
        apply: function of parameters and a batch to (samples, outputs), each sample on its own.
        params: any tree of arrays.
        x: batch of inputs.

    Returns:
        The mean over samples.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> weight = jnp.array([[3.0], [4.0]])
        >>> input_invariant_mls(network, ({"weight": weight},), jnp.ones((2, 2)))
        Array(24.5, dtype=float32)
    """
    params, x, _ = check_batch(apply, params, x)
    return _mean_response(apply, params, x)


@partial(jax.jit, static_argnums=0)
def _mean_response(
    apply: Apply, params: Any, x: Float[Array, "samples *features"]
) -> Float[Array, ""]:
    _, response = jax.jvp(lambda batch: apply(params, batch), (x,), (x,))
    return jnp.sum(response**2) / x.size


@explains_misuse
def normalised_mls(
    apply: Apply, params: Any, x: Float[AnyArray, "samples *features"]
) -> Float[Array, ""]:
    r"""Return the normalised sensitivity, relative to the size of the input.

    .. math:: \frac1n \sum_i s_1(J_i)^2 \|x_i\|^2

    (public code of Chen et al. 2310.01770, experiment on vision transformers, in the limit of a
    small change of the input).

    Args:
        apply: function of parameters and a batch to (samples, outputs), each sample on its own.
        params: any tree of arrays.
        x: batch of inputs.

    Returns:
        The mean over samples.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> weight = jnp.array([[3.0], [4.0]])
        >>> normalised_mls(network, ({"weight": weight},), jnp.ones((2, 2)))
        Array(50., dtype=float32)
    """
    params, x, outputs = check_batch(apply, params, x)
    top = _sensitivities(apply, params, x, outputs)
    return jnp.mean(top**2 * jnp.sum(x.reshape(x.shape[0], -1) ** 2, axis=1))
