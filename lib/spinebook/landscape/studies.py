"""Both sides of every bound for many networks at once, in float64."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.landscape.bounds import (
    Bound,
    ma_ying_bound,
    network_sensitivity_bound,
    sensitivity_chain,
)
from spinebook.landscape.convolution import circular_convolution_bounds
from spinebook.landscape.hessian import hessian_trace
from spinebook.landscape.measures import LayerMeasures, layer_measures
from spinebook.landscape.networks import DenseNetwork, LayerParameters
from spinebook.landscape.rescaling_bounds import rescaling_bounds
from spinebook.landscape.sharpness import adaptive_sharpness
from spinebook.landscape.volume_bounds import network_volume_bound, volume_bound
from spinebook.precision import float64_inside
from spinebook.types import AnyArray

# Both sides are float64 sums of positive numbers; more than this is no rounding.
_TOLERANCE = 1e-9
_POWERS = (1, 2, 4)


def violations(bound: Bound) -> int:
    """Count where the left side exceeds the right one by more than one part in 1e9.

    A bound without a finite right side (a layer without any active unit) is not violated.

    Args:
        bound: both sides, arrays of the same shape.

    Returns:
        The number of violations.

    Examples:
        >>> violations(Bound(np.array([1.0, 2.0]), np.array([1.5, 1.5])))
        1
    """
    left, right = np.asarray(bound.left), np.asarray(bound.right)
    return int(np.sum(left > right * (1 + _TOLERANCE)))


def smallest_ratio(bound: Bound) -> float:
    """Return the smallest right side over left side, where the left side is above zero.

    Args:
        bound: both sides, arrays of the same shape.

    Returns:
        The ratio, below 1 if the bound is violated.

    Examples:
        >>> smallest_ratio(Bound(np.array([0.0, 2.0]), np.array([1.0, 3.0])))
        1.5
    """
    left, right = np.asarray(bound.left), np.asarray(bound.right)
    return float(np.min(right[left > 0] / left[left > 0]))


class ManyBounds(NamedTuple):
    """Bounds by name, with a first axis of networks, and what else the bounds are made of.

    Attributes:
        bounds: by the names of :func:`many_bounds`.
        chain: A, B, C and D of :func:`sensitivity_chain`.
        weight_norms: spectral norm of every layer.
        sharpness: S.
        adaptive_sharpness: elementwise, biases included.
    """

    bounds: dict[str, Bound]
    chain: Float[np.ndarray, "nets 4"]
    weight_norms: Float[np.ndarray, "nets layers"]
    sharpness: Float[np.ndarray, " nets"]
    adaptive_sharpness: Float[np.ndarray, " nets"]


@float64_inside
def many_bounds(
    network: DenseNetwork,
    params: LayerParameters,
    x: Float[AnyArray, "nets samples inputs"],
) -> ManyBounds:
    r"""Evaluate every bound for a batch of networks, each on its own inputs.

    ``gradient`` holds :func:`ma_ying_bound` for k = 1, 2 and 4 and every layer. Two forms are no
    bounds and are here to be refuted: ``volume_short`` (without :math:`n^{N-1}`) and
    ``normalised_short`` (:math:`\frac1n\sum_i s_1^2\|x_i\|^2 \le S_{ad}`).

    Args:
        network: a dense network with biases.
        params: its parameters, every leaf with a leading axis of networks.
        x: inputs of each network.

    Returns:
        A :class:`ManyBounds`, in float64.

    Examples:
        >>> network = DenseNetwork((4, 3, 2))
        >>> params, x = random_networks(network, 5, 6, key=jax.random.key(0))
        >>> violations(many_bounds(network, params, x).bounds["mls"])
        0
    """
    doubles = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), (tuple(params), x))
    arrays, adaptive = jax.tree.map(np.asarray, _measure(network, *doubles))
    # The inequalities themselves are a few NumPy sums: compiling them would take far longer.
    each = [
        LayerMeasures(network.sizes, *jax.tree.map(lambda leaf, i=i: leaf[i], arrays))
        for i in range(len(x))
    ]
    named = [_bounds(measures, scale) for measures, scale in zip(each, adaptive, strict=True)]
    return ManyBounds(
        {name: Bound(*np.stack([np.array(b[name]) for b in named], axis=1)) for name in named[0]},
        np.array([tuple(sensitivity_chain(measures)) for measures in each]),
        np.asarray(arrays[0]),
        np.stack([measures.sharpness for measures in each]),
        adaptive,
    )


@partial(jax.jit, static_argnums=0)
def _measure(network: DenseNetwork, params: Any, x: Any) -> Any:
    def one(each: tuple[Any, Any]) -> Any:
        return layer_measures(network, *each)[1:], adaptive_sharpness(network, *each).value

    return jax.lax.map(one, (params, x))


def _bounds(measures: LayerMeasures, adaptive: Any) -> dict[str, Bound]:
    layers = range(len(measures.sizes) - 1)
    gradients = [ma_ying_bound(measures, k, layer) for k in _POWERS for layer in layers]
    rescaled = rescaling_bounds(measures)
    return {
        "gradient": Bound(*np.array(gradients).T),
        "volume": volume_bound(measures),
        "volume_short": volume_bound(measures, "n_free"),
        "network_volume": network_volume_bound(measures),
        "mls": sensitivity_chain(measures).bound,
        "nmls": network_sensitivity_bound(measures),
        "nmls_biases": network_sensitivity_bound(measures, with_biases=True),
        **rescaled._asdict(),
        "normalised_short": Bound(rescaled.normalised.left, adaptive),
    }


@float64_inside
def random_networks(
    network: DenseNetwork, nets: int, samples: int, *, key: PRNGKeyArray
) -> tuple[LayerParameters, Float[np.ndarray, "nets samples inputs"]]:
    r"""Draw networks of unit scale and inputs whose lengths have a heavy tail.

    Weights are :math:`N(0, 1.5^2/\text{fan-in})`, biases :math:`N(0, 0.5^2)`, inputs
    :math:`e^{g} z` with standard normal :math:`z` and one :math:`g \sim N(0, 1)` a sample.

    Args:
        network: a dense network with biases.
        nets: how many.
        samples: inputs of each.
        key: random key.

    Returns:
        Parameters with a leading axis of networks, and the inputs, in float64.

    Examples:
        >>> random_networks(DenseNetwork((4, 3, 2)), 5, 6, key=jax.random.key(0))[1].shape
        (5, 6, 4)
    """
    # One draw for all, and NumPy after it: every shape would be compiled on its own.
    shapes: list[tuple[int, ...]] = [(samples, network.sizes[0]), (samples, 1)]
    for a, b in pairwise(network.sizes):
        shapes += [(a, b), (b,)]
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    draws = np.split(np.asarray(jax.random.normal(key, (nets, int(ends[-1])))), ends[:-1], axis=1)
    x, lengths, *layers = (
        draw.reshape(nets, *shape) for draw, shape in zip(draws, shapes, strict=True)
    )
    params = tuple(
        {"weight": 1.5 * weight.shape[1] ** -0.5 * weight, "bias": 0.5 * bias}
        for weight, bias in zip(layers[::2], layers[1::2], strict=True)
    )
    return params, np.exp(lengths) * x


@float64_inside
def traces_and_labels(
    network: DenseNetwork,
    params: LayerParameters,
    x: Float[AnyArray, "nets samples inputs"],
    moved: Float[AnyArray, "nets draws samples outputs"],
) -> Float[np.ndarray, "nets draws"]:
    r"""Return the exact trace of the Hessian of the loss for labels near and far from the outputs.

    .. math:: L = \frac{1}{2n} \sum_i \|f(x_i) - y_i\|^2, \qquad y_i = f(x_i) + \text{moved}_i

    Args:
        network: a dense network.
        params: its parameters, with a leading axis of networks.
        x: inputs of each network.
        moved: labels minus outputs, several draws for each network.

    Returns:
        One trace a draw, in float64.

    Examples:
        >>> network = DenseNetwork((4, 3, 2))
        >>> params, x = random_networks(network, 5, 6, key=jax.random.key(0))
        >>> traces_and_labels(network, params, x, np.zeros((5, 1, 6, 2))).shape
        (5, 1)
    """
    doubles = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), (tuple(params), x, moved))
    return np.asarray(_traces(network, *doubles))


@partial(jax.jit, static_argnums=0)
def _traces(network: DenseNetwork, params: Any, x: Any, moved: Any) -> Float[Array, "nets draws"]:
    def one(params: Any, x: Any, moved: Any) -> Float[Array, ""]:
        labels = network(params, x) + moved
        return hessian_trace(
            lambda p: jnp.sum((network(p, x) - labels) ** 2) / (2 * len(x)), params
        ).value

    return jax.vmap(jax.vmap(one, (None, None, 0)))(params, x, moved)


@float64_inside
def random_convolutions(nets: int, *, key: PRNGKeyArray) -> dict[str, Bound]:
    r"""Evaluate the rule of the public code in random circular convolutional networks.

    One signal of 8 positions, :math:`x_p = c + z_p` with :math:`c \sim U(0, 5)`; one convolution
    with kernel 3 and four maps, :math:`N(0, 1/3)`, ReLU, and a scalar readout,
    :math:`N(0, 1/32)`.

    Args:
        nets: how many networks, at least 1.
        key: random key.

    Returns:
        Both sides of the four bounds of :func:`circular_convolution_bounds`, by name, in float64.

    Examples:
        >>> violations(random_convolutions(10, key=jax.random.key(0))["unshared_nmls"])
        0
    """
    return {name: Bound(*map(np.asarray, sides)) for name, sides in _convolve(nets, key).items()}


@partial(jax.jit, static_argnums=0)
def _convolve(nets: int, key: PRNGKeyArray) -> dict[str, Any]:
    keys = jax.random.split(key, 4)
    offsets = jax.random.uniform(keys[0], (nets, 1, 1, 1), maxval=5.0)
    signals = offsets + jax.random.normal(keys[1], (nets, 1, 8, 1))
    kernels = 3**-0.5 * jax.random.normal(keys[2], (nets, 3, 1, 4))
    readouts = 32**-0.5 * jax.random.normal(keys[3], (nets, 32, 1))

    def one(kernel: Array, readout: Array, x: Array) -> Any:
        return circular_convolution_bounds([kernel], readout, x)._asdict()

    found: dict[str, Any] = jax.vmap(one)(kernels, readouts, signals)
    return found
