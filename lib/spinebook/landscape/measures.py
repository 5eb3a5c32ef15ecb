"""Everything the bounds of flatness on compression need to know of a dense network."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from spinebook.checks import is_traced
from spinebook.landscape._checks import check_batch
from spinebook.landscape._dense import dense_pass, gradient_norms, input_jacobian_of
from spinebook.landscape.jacobians import in_turn, largest_singular_value, singular_values
from spinebook.landscape.networks import DenseNetwork, LayerParameters
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


class LayerMeasures(NamedTuple):
    r"""Norms of layer l = 1 ... L on every sample; the first layer sees the input.

    May be filled in by hand for a map that is no dense network.

    Attributes:
        sizes: inputs, hidden layers and outputs.
        weight_norms: spectral norm of W_l, shape (layers,).
        input_norms: :math:`\|h_{l-1}\|`, shape (samples, layers).
        singular_values: of :math:`J_l = df/dh_{l-1}`, largest first, (samples, rank) a layer.
        weight_gradients: :math:`\|df/dW_l\|_F^2`, shape (samples, layers).
        bias_gradients: :math:`\|df/db_l\|^2`, shape (samples, layers); zero without biases.
        adaptive_gradients: :math:`\|W_l \odot df/dW_l\|_F^2`, shape (samples, layers).
        scaled_jacobians: :math:`\|J_l\,\mathrm{diag}(h_{l-1})\|_F^2`, shape (samples, layers).
        responses: :math:`\|J_l h_{l-1}\|^2`, shape (samples, layers).
    """

    sizes: tuple[int, ...]
    weight_norms: Float[AnyArray, " layers"]
    input_norms: Float[AnyArray, "samples layers"]
    singular_values: tuple[Float[AnyArray, "samples _"], ...]
    weight_gradients: Float[AnyArray, "samples layers"]
    bias_gradients: Float[AnyArray, "samples layers"]
    adaptive_gradients: Float[AnyArray, "samples layers"]
    scaled_jacobians: Float[AnyArray, "samples layers"]
    responses: Float[AnyArray, "samples layers"]

    @property
    def sharpness(self) -> Any:
        """Mean squared norm of the gradient with respect to all parameters."""
        return (self.weight_gradients + self.bias_gradients).sum(1).mean()


@explains_misuse
def layer_measures(
    network: DenseNetwork, params: LayerParameters, x: Float[AnyArray, "samples inputs"]
) -> LayerMeasures:
    """Measure every layer of a dense network for the bounds, in one forward and backward pass.

    In float64 whatever the precision of the parameters, except under ``jit`` or ``vmap``, where
    it keeps theirs.

    Args:
        network: a dense network.
        params: its parameters.
        x: batch of inputs.

    Returns:
        The measures, as NumPy arrays unless traced.

    Raises:
        TypeError: ``network`` is not a :class:`DenseNetwork`.
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> params = ({"weight": np.array([[3.0], [4.0]])},)
        >>> layer_measures(network, params, np.ones((1, 2))).singular_values[0]
        array([[5.]])
    """
    if not isinstance(network, DenseNetwork):
        raise TypeError(
            f"the bounds need the layers of a DenseNetwork, got {type(network).__name__}"
        )
    check_batch(network, params, x)
    if any(is_traced(leaf) for leaf in jax.tree.leaves((params, x))):
        return LayerMeasures(network.sizes, *_measures(network, params, jnp.asarray(x)))
    with jax.enable_x64(True):
        params, x = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), (params, x))
        arrays = jax.tree.map(np.asarray, _measures(network, params, x))
    return LayerMeasures(network.sizes, *arrays)


@partial(jax.jit, static_argnums=0)
def _measures(
    network: DenseNetwork, params: LayerParameters, x: Float[Array, "samples inputs"]
) -> tuple[Any, ...]:
    run = dense_pass(network, params, x)
    jacobians = (input_jacobian_of(run, params), *run.jacobians)
    found = in_turn(
        *((singular_values, jacobian) for jacobian in jacobians),
        *((largest_singular_value, layer["weight"]) for layer in params),
    )
    spectra = tuple(jnp.broadcast_to(s, (x.shape[0], s.shape[1])) for s in found[: len(jacobians)])
    layers = list(zip(jacobians, run.inputs, strict=True))
    weights, biases = gradient_norms(network, params, run, adaptive=False)
    adaptive, _ = gradient_norms(network, params, run, adaptive=True)
    return (
        jnp.stack(found[len(jacobians) :]),
        jnp.stack([jnp.linalg.norm(h, axis=1) for h in run.inputs], axis=1),
        spectra,
        weights,
        biases,
        adaptive,
        jnp.stack([jnp.sum((j * h[:, None, :]) ** 2, axis=(1, 2)) for j, h in layers], axis=1),
        jnp.stack([jnp.sum((j @ h[:, :, None]) ** 2, axis=(1, 2)) for j, h in layers], axis=1),
    )
