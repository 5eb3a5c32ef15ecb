"""Sharpness: the mean squared norm of the output's gradient with respect to all parameters."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.landscape._checks import Apply, check_batch
from spinebook.landscape._dense import dense_pass, gradient_norms
from spinebook.landscape.networks import DenseNetwork
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

# Per-sample gradients held at once, as numbers: 16 MiB in float32, about a core's cache.
_NUMBERS_AT_ONCE = 2**22


class LayerSums(NamedTuple):
    """A measure summed over layers and averaged over samples, with both parts.

    ``value`` is the mean of ``per_sample`` and the sum of ``per_layer``.
    """

    value: Float[Array, ""]
    per_sample: Float[Array, " samples"]
    per_layer: Float[Array, " layers"]


def layer_sums(by_layer: Float[AnyArray, "samples layers"]) -> LayerSums:
    """Sum a table of samples and layers over layers and average it over samples.

    Args:
        by_layer: one number for each sample and layer.

    Returns:
        The mean of the sums, the sum of each sample and the mean of each layer.

    Examples:
        >>> layer_sums(jnp.array([[1.0, 2.0], [3.0, 4.0]])).per_layer
        Array([2., 3.], dtype=float32)
    """
    per_sample = jnp.sum(jnp.asarray(by_layer), axis=1)
    return LayerSums(jnp.mean(per_sample), per_sample, jnp.mean(by_layer, axis=0))


@explains_misuse
def sharpness(apply: Apply, params: Any, x: Float[AnyArray, "samples *features"]) -> LayerSums:
    r"""Return the exact sharpness in its gradient form.

    .. math:: S = \frac1n \sum_i \Big\|\frac{\partial f(x_i)}{\partial\theta}\Big\|_F^2
        = \frac1n \sum_i \sum_l \|J_{z_l}\|_F^2 \left(\|h_{l-1}\|^2 + 1\right)

    Where the network fits its targets, this is the trace of the Hessian of
    :math:`\frac{1}{2n}\sum_i \|f(x_i) - y_i\|^2` (Chen et al. 2310.01770, Eq. 2-3; a loss that
    averages over N outputs as well has trace 2S/N). Their code stores the square root. The bounds
    on sensitivity hold for this form at any parameters and targets.

    The right form, for a :class:`DenseNetwork`, needs one backward pass and no gradient of a
    single sample. Other functions are differentiated one sample and output at a time, in
    pieces that bound the memory. Works under ``jit`` and ``vmap``.

    Args:
        apply: function of parameters and a batch to (samples, outputs), each sample on its own.
        params: any tree of arrays.
        x: batch of inputs.

    Returns:
        S, its value for each sample, and its share for each entry of the outermost container
        of ``params``, in JAX's order.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> sharpness(network, ({"weight": jnp.ones((2, 1))},), jnp.array([[3.0, 4.0]])).value
        Array(25., dtype=float32)
    """
    params, x, outputs = check_batch(apply, params, x)
    return _sharpness(apply, params, x, outputs, False)


@explains_misuse
def adaptive_sharpness(
    apply: Apply, params: Any, x: Float[AnyArray, "samples *features"]
) -> LayerSums:
    r"""Return the elementwise adaptive sharpness in its gradient form.

    .. math:: S_{ad} = \frac1n \sum_i
        \Big\|\theta \odot \frac{\partial f(x_i)}{\partial\theta}\Big\|_F^2

    At interpolation this is :math:`\mathrm{Tr}(H\,\mathrm{diag}(\theta^2))`. Unlike sharpness it
    does not change when a ReLU layer is multiplied by c > 0 and the next divided by it (family of
    Kwon et al. 2021; Chen et al. 2310.01770, App. E).

    Args:
        apply: function of parameters and a batch to (samples, outputs), each sample on its own.
        params: any tree of arrays.
        x: batch of inputs.

    Returns:
        The value, that of each sample and the share of each layer, as in :func:`sharpness`.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((2, 1), "linear", biases=False)
        >>> weight = jnp.array([[2.0], [1.0]])
        >>> adaptive_sharpness(network, ({"weight": weight},), jnp.array([[3.0, 4.0]])).value
        Array(52., dtype=float32)
    """
    params, x, outputs = check_batch(apply, params, x)
    return _sharpness(apply, params, x, outputs, True)


@partial(jax.jit, static_argnums=(0, 3, 4))
def _sharpness(
    apply: Apply, params: Any, x: Float[Array, "samples *features"], outputs: int, adaptive: bool
) -> LayerSums:
    if isinstance(apply, DenseNetwork):
        run = dense_pass(apply, params, x)
        weights, biases = gradient_norms(apply, params, run, adaptive=adaptive)
        return layer_sums(weights + biases)

    def squared(sample: Float[Array, " *features"]) -> Float[Array, " layers"]:
        output, pullback = jax.vjp(lambda p: apply(p, sample[None])[0], params)
        (gradients,) = jax.vmap(pullback)(jnp.eye(outputs, dtype=output.dtype))
        if adaptive:
            gradients = jax.tree.map(jnp.multiply, gradients, params)
        return jnp.stack([_sum_of_squares(entry) for entry in _entries(gradients)])

    size = outputs * sum(leaf.size for leaf in jax.tree.leaves(params))
    return layer_sums(jax.lax.map(squared, x, batch_size=pieces(x.shape[0], size)))


def pieces(samples: int, size: int) -> int:
    """Return how many samples of ``size`` numbers each are worked on together."""
    return max(1, min(samples, _NUMBERS_AT_ONCE // size))


def _entries(tree: Any) -> list[Any]:
    """Return the entries of the outermost container, or the array itself."""
    return jax.tree.leaves(tree, is_leaf=lambda node: node is not tree)


def _sum_of_squares(tree: Any) -> Float[Array, ""]:
    return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(tree))  # type: ignore[return-value]
