"""Bounds for shared weights: the rule of the public code, and the form that is valid."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from spinebook.checks import check_number, is_traced
from spinebook.landscape._dense import dense_pass
from spinebook.landscape.bounds import Bound, network_sensitivity_bound, sensitivity_chain
from spinebook.landscape.measures import layer_measures
from spinebook.landscape.networks import Activation, DenseNetwork
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


class ConvolutionBounds(NamedTuple):
    """The sensitivity bounds by the shared gradient (no theorem) and by the unshared one."""

    shared_mls: Bound
    shared_nmls: Bound
    unshared_mls: Bound
    unshared_nmls: Bound


@explains_misuse
def circular_weight(
    kernel: Float[AnyArray, "size maps_in maps_out"], positions: int
) -> Float[Array, "inputs units"]:
    """Write a circular one-dimensional convolution as the weight of a dense layer.

    Unit (position p, map) reads positions p, p + 1, ... around the ring. Inputs and units are
    ordered by position, then map.

    Args:
        kernel: weights by offset, map read and map written.
        positions: length of the ring, at least the kernel's size.

    Returns:
        Matrix of shape (positions * maps_in, positions * maps_out).

    Raises:
        ValueError: a ring shorter than the kernel.

    Examples:
        >>> circular_weight(np.array([[[1.0]], [[2.0]]]), 3)
        Array([[1., 0., 2.],
               [2., 1., 0.],
               [0., 2., 1.]], dtype=float32)
    """
    size, maps_in, maps_out = kernel.shape
    if positions < size:
        raise ValueError(f"positions must be at least the kernel's size {size}, got {positions}")
    offsets = (np.arange(positions)[:, None] - np.arange(positions)) % positions
    kernel = jnp.asarray(kernel)
    padded = jnp.zeros((positions, maps_in, maps_out), kernel.dtype).at[:size].set(kernel)
    weight = jnp.swapaxes(padded[offsets], 1, 2)
    return weight.reshape(positions * maps_in, positions * maps_out)


@explains_misuse
def circular_convolution_bounds(
    kernels: Sequence[Float[AnyArray, "_ _ _"]],
    readout: Float[AnyArray, "units outputs"],
    x: Float[AnyArray, "samples positions maps"],
    *,
    activation: Activation = "relu",
    biases: bool = False,
) -> ConvolutionBounds:
    r"""Evaluate the sensitivity bounds for circular convolutions and a dense readout.

    The public code of Chen et al. (2310.01770, commit 2bcbe24) takes
    :math:`\|K\|_F^2 P` for the squared norm of a convolution with P positions, and the gradient of
    the shared kernel for its share of S. The norm is large enough, but positions cancel in the
    kernel's gradient, :math:`\partial f/\partial K = \sum_p h_p g_p^T`, so the rule can
    fail. Giving every position its own weights restores the theorem:
    :math:`S_{unshared} = \frac1n\sum_i\sum_l \|J_{z_l}\|_F^2 \|h_{l-1}\|^2`, with the spectral norm
    of the whole layer.

    Args:
        kernels: one array a convolution, (size, maps read, maps written).
        readout: weights of the linear readout of all positions and maps.
        x: batch of signals on a ring.
        activation: after every convolution.
        biases: whether biases (taken to be zero) are parameters too, one a map.

    Returns:
        Both sides of the bounds on MLS and NMLS, by the rule of the code (``shared``) and in
        the valid form (``unshared``, weights only).

    Raises:
        ValueError: no convolution, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> signs = np.tile([10.0, -10.0], 8)[:, None]
        >>> bounds = circular_convolution_bounds([np.ones((1, 1, 1))], signs, np.ones((1, 16, 1)))
        >>> [round(float(side), 1) for side in bounds.shared_nmls]
        [80.0, 40.2]
        >>> bool(bounds.unshared_nmls.holds)
        True
    """
    if len(kernels) < 1:
        raise ValueError("kernels must hold at least one convolution")
    for name, value in (("readout", readout), ("x", x), *(("kernels", k) for k in kernels)):
        check_number(name, value)
    if not isinstance(biases, bool):
        raise TypeError(f"biases must be True or False, got {biases!r}")
    samples, positions, maps = x.shape
    sizes = (maps, *(kernel.shape[2] for kernel in kernels))
    network = DenseNetwork(
        (*(positions * size for size in sizes), readout.shape[1]), activation, biases=False
    )
    traced = any(is_traced(leaf) for leaf in jax.tree.leaves((kernels, readout, x)))
    with nullcontext() if traced else jax.enable_x64(True):
        arrays = jax.tree.map(
            lambda leaf: jnp.asarray(leaf, None if traced else jnp.float64),
            (tuple(kernels), readout, x),
        )
        params = tuple({"weight": circular_weight(k, positions)} for k in arrays[0])
        params = (*params, {"weight": arrays[1]})
        flat = arrays[2].reshape(samples, -1)
        measures = layer_measures(network, params, flat)
        shared, norms = _shared(network, params, arrays[0], flat, biases)
        if not traced:
            shared, norms = np.asarray(shared), np.asarray(norms)
    rule = measures._replace(weight_norms=norms, weight_gradients=shared, bias_gradients=0 * shared)
    return ConvolutionBounds(
        sensitivity_chain(rule).bound,
        network_sensitivity_bound(rule),
        sensitivity_chain(measures).bound,
        network_sensitivity_bound(measures),
    )


@partial(jax.jit, static_argnums=(0, 4))
def _shared(
    network: DenseNetwork, params: Any, kernels: Any, x: Float[Array, "samples _"], biases: bool
) -> tuple[Float[Array, "samples layers"], Float[Array, " layers"]]:
    """Return squared gradients of the shared parameters, and the weight norms of the rule."""
    run = dense_pass(network, params, x)
    columns, norms = [], []
    for kernel, h, gradient in zip(kernels, run.inputs, run.gradients, strict=False):
        size, maps_in, maps_out = kernel.shape
        seen = h.reshape(x.shape[0], -1, maps_in)
        back = gradient.reshape(x.shape[0], network.sizes[-1], -1, maps_out)
        shifted = jnp.stack([jnp.roll(seen, -offset, axis=1) for offset in range(size)], axis=1)
        columns.append(jnp.sum(jnp.einsum("nspi,nkpo->nksio", shifted, back) ** 2, (1, 2, 3, 4)))
        if biases:
            columns[-1] += jnp.sum(jnp.sum(back, axis=2) ** 2, axis=(1, 2))
        norms.append(jnp.linalg.norm(kernel) * seen.shape[1] ** 0.5)
    outputs = network.sizes[-1]
    columns.append(outputs * (jnp.sum(run.inputs[-1] ** 2, axis=1) + biases))
    norms.append(jnp.linalg.norm(params[-1]["weight"]))
    return jnp.stack(columns, axis=1), jnp.stack(norms)
