"""All measures of a dense network in one pass, for checkpoints inside a training loop."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.landscape._checks import check_batch
from spinebook.landscape._dense import dense_pass, gradient_norms, input_jacobian_of
from spinebook.landscape.jacobians import in_turn, largest_singular_value, singular_values
from spinebook.landscape.networks import DenseNetwork, LayerParameters
from spinebook.landscape.volume import log_volume, participation_ratio
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

_TOP = 3


class DenseReport(NamedTuple):
    r"""Sharpness, compression and the bounds between them, averaged over samples.

    Attributes:
        sharpness: S of :func:`sharpness`; ``layer_sharpness`` is its share of each layer.
        adaptive_sharpness: of :func:`adaptive_sharpness`.
        mls: of :func:`maximum_local_sensitivity`; ``mls_bound`` is the right side of
            :func:`sensitivity_chain`.
        nmls: of :func:`network_mls`; ``nmls_bound`` as in :func:`network_sensitivity_bound`.
        normalised_mls: of :func:`normalised_mls`.
        log_volume: of :func:`log_local_volume` in nats, minus infinity with fewer inputs than
            outputs; ``log_volume_top`` of the three largest singular values, and
            ``log_volume_bound`` and ``log_volume_top_bound`` the right sides for both of
            :func:`log_volume_bound`.
        dimensionality: of :func:`local_dimensionality`.
        output_sharpness: share of each output in S.
        output_jacobian: share of each output in the mean of :math:`\|J\|_F^2`.
    """

    sharpness: Float[Array, ""]
    layer_sharpness: Float[Array, " layers"]
    adaptive_sharpness: Float[Array, ""]
    mls: Float[Array, ""]
    mls_bound: Float[Array, ""]
    nmls: Float[Array, ""]
    nmls_bound: Float[Array, ""]
    normalised_mls: Float[Array, ""]
    log_volume: Float[Array, ""]
    log_volume_top: Float[Array, ""]
    log_volume_bound: Float[Array, ""]
    log_volume_top_bound: Float[Array, ""]
    dimensionality: Float[Array, ""]
    output_sharpness: Float[Array, " outputs"]
    output_jacobian: Float[Array, " outputs"]


@explains_misuse
def dense_report(
    network: DenseNetwork, params: LayerParameters, x: Float[AnyArray, "samples inputs"]
) -> DenseReport:
    """Return all measures of flatness and compression, sharing one backward pass.

    For ``jit``, ``vmap`` and ``lax.map``, in the precision of the parameters. Equations and
    sources stand at the functions that :class:`DenseReport` names.

    Args:
        network: a dense network.
        params: its parameters.
        x: batch of inputs, the same at all checkpoints (100 or more; the public code of Chen et
            al. 2310.01770 uses 20, other ones each time).

    Returns:
        Numbers by name.

    Raises:
        ValueError: an empty batch, shapes that do not fit, or NaN or infinite numbers.

    Examples:
        >>> network = DenseNetwork((4, 8, 3))
        >>> x = jax.random.normal(jax.random.key(1), (5, 4))
        >>> report = dense_report(network, network.init(key=jax.random.key(0)), x)
        >>> bool(report.mls <= report.mls_bound)
        True
    """
    params, x, _ = check_batch(network, params, x)
    return _report(network, params, x)


@partial(jax.jit, static_argnums=0)
def _report(
    network: DenseNetwork, params: LayerParameters, x: Float[Array, "samples inputs"]
) -> DenseReport:
    run = dense_pass(network, params, x)
    gradients = sum(gradient_norms(network, params, run, adaptive=False))
    adaptive = sum(gradient_norms(network, params, run, adaptive=True))
    layer_sharpness = jnp.mean(gradients, axis=0)
    total = jnp.sum(layer_sharpness)
    jacobian = input_jacobian_of(run, params)
    spectrum, *tops = in_turn(
        (singular_values, jacobian),
        *((largest_singular_value, layer["weight"]) for layer in params),
        *((largest_singular_value, inner) for inner in run.jacobians),
    )
    spectrum = jnp.broadcast_to(spectrum, (x.shape[0], spectrum.shape[1]))
    mls, rank, outputs = jnp.mean(spectrum[:, 0]), spectrum.shape[1], network.sizes[-1]
    norms = jnp.stack(tops[: len(params)]) ** 2
    squares = jnp.stack([jnp.sum(h**2, axis=1) for h in run.inputs], axis=1)
    ratios = norms * jnp.mean(1 / squares, axis=0)
    # Mean log of |W| / |x|, from the squares.
    sizes = (jnp.log(norms[0]) - jnp.mean(jnp.log(squares[:, 0]))) / 2
    top = min(_TOP, rank)
    shares = [
        jnp.mean(jnp.sum(gradient**2, axis=2) * (square + network.biases)[:, None], axis=0)
        for gradient, square in zip(run.gradients, squares.T, strict=True)
    ]
    full = log_volume(spectrum, rank).value if outputs <= rank else jnp.full_like(mls, -jnp.inf)
    return DenseReport(
        sharpness=total,
        layer_sharpness=layer_sharpness,
        adaptive_sharpness=jnp.mean(jnp.sum(adaptive, axis=1)),
        mls=mls,
        mls_bound=jnp.sqrt(ratios[0] * total),
        nmls=mls + sum(jnp.mean(top) for top in tops[len(params) :]),
        nmls_bound=jnp.sqrt(jnp.sum(ratios) * total),
        normalised_mls=jnp.mean(spectrum[:, 0] ** 2 * squares[:, 0]),
        log_volume=full,
        log_volume_top=log_volume(spectrum, top).value,
        log_volume_bound=outputs * sizes + outputs / 2 * jnp.log(total / outputs),
        log_volume_top_bound=top * sizes + top / 2 * jnp.log(total / top),
        dimensionality=participation_ratio(spectrum),
        output_sharpness=jnp.sum(jnp.stack(shares), axis=0),
        output_jacobian=jnp.mean(jnp.sum(jacobian**2, axis=2), axis=0),
    )
