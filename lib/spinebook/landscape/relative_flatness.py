"""Relative flatness: curvature of one layer weighed with its weights."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.landscape._checks import check_batch, check_parameters
from spinebook.landscape._dense import dense_pass, input_jacobian_of
from spinebook.landscape.hessian import Loss, hessian_vector_product
from spinebook.landscape.networks import DenseNetwork, LayerParameters
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

_DIRECTIONS_AT_ONCE = 16


@explains_misuse
def relative_flatness(loss: Loss, weight: Float[AnyArray, "inputs units"]) -> Float[Array, ""]:
    r"""Return the relative flatness of one layer from the exact Hessian of a loss.

    .. math:: \kappa = \sum_{s, s'} \langle w_s, w_{s'}\rangle\, \mathrm{Tr}\,H_{s s'}

    with the incoming weights :math:`w_s` of unit s and the block of the Hessian for units s and s'
    (Petzka et al. 2021). With :math:`W^T W = \sum_k \lambda_k u_k u_k^T` this is
    :math:`\sum_{i k} \lambda_k\, (e_i u_k^T)\cdot H (e_i u_k^T)`: one Hessian-vector
    product a weight, and no matrix.

    Args:
        loss: pure function of this layer's weight matrix to a number, other layers held fixed.
        weight: the matrix, one unit a column.

    Returns:
        The value, in units of the loss.

    Raises:
        ValueError: an empty matrix, or NaN or infinite numbers.

    Examples:
        >>> x = jnp.array([[1.0, 2.0]])
        >>> relative_flatness(lambda w: 0.5 * jnp.sum((x @ w) ** 2), jnp.array([[3.0], [0.0]]))
        Array(45., dtype=float32)
    """
    check_parameters(weight)
    return _relative_flatness(loss, jnp.asarray(weight))


@partial(jax.jit, static_argnums=0)
def _relative_flatness(loss: Loss, weight: Float[Array, "inputs units"]) -> Float[Array, ""]:
    inputs, units = weight.shape
    scales, directions = jnp.linalg.eigh(weight.T @ weight)

    def product(index: Array) -> Float[Array, ""]:
        i, k = index // units, index % units
        direction = jnp.zeros_like(weight).at[i].set(directions[:, k]).ravel()
        image = hessian_vector_product(
            lambda vector: loss(vector.reshape(weight.shape)), weight.ravel(), direction
        )
        return scales[k] * (direction @ image)

    terms = jax.lax.map(product, jnp.arange(inputs * units), batch_size=_DIRECTIONS_AT_ONCE)
    return jnp.sum(terms)


@explains_misuse
def gauss_newton_relative_flatness(
    network: DenseNetwork, params: LayerParameters, x: Float[AnyArray, "samples inputs"]
) -> Float[Array, " layers"]:
    r"""Return the relative flatness of every layer in its Gauss-Newton form.

    .. math:: \kappa_l = \frac1n\sum_i \|h_{l-1,i}\|^2\, \|J_{l,i}\|_F^2

    For the loss :math:`\frac{1}{2n}\sum_i\|f_i - y_i\|^2` the Gauss-Newton block of units s and s'
    is :math:`\frac1n\sum_i h h^T g_s\cdot g_{s'}` with :math:`g_s = \partial f/\partial z_s`, so
    that the sum of Petzka et al. (2021) is :math:`\|h\|^2 \|\sum_s w_s g_s^T\|_F^2`, and
    :math:`\sum_s w_s g_s^T` is the Jacobian of f with respect to the layer's input. It is exact
    where the targets are fitted, and for the linear readout at any targets, where it reads
    :math:`\|W_L\|_F^2\, \frac1n\sum_i \|h_{L-1,i}\|^2`.

    Args:
        network: a dense network.
        params: its parameters.
        x: batch of inputs.

    Returns:
        One value a layer.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> params = ({"weight": jnp.array([[3.0], [0.0]])},)
        >>> gauss_newton_relative_flatness(network, params, jnp.array([[1.0, 2.0]]))
        Array([45.], dtype=float32)
    """
    params, x, _ = check_batch(network, params, x)
    return _gauss_newton(network, params, x)


@partial(jax.jit, static_argnums=0)
def _gauss_newton(network: DenseNetwork, params: Any, x: Array) -> Float[Array, " layers"]:
    run = dense_pass(network, params, x)
    jacobians = (input_jacobian_of(run, params), *run.jacobians)
    terms = [
        jnp.mean(jnp.sum(h**2, axis=1) * jnp.sum(jacobian**2, axis=(1, 2)))
        for h, jacobian in zip(run.inputs, jacobians, strict=True)
    ]
    return jnp.stack(terms)
