"""What is recorded of a network while it is trained on images."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.landscape.convnets import Convnet
from spinebook.landscape.jacobians import (
    after,
    input_jacobian,
    sensitivities,
    singular_values,
)
from spinebook.landscape.networks import DenseNetwork, LayerParameters
from spinebook.landscape.report import dense_report
from spinebook.landscape.sharpness import adaptive_sharpness, sharpness
from spinebook.landscape.volume import log_volume, participation_ratio
from spinebook.types import AnyArray

_MEASURED = 100
_TOP = 3


def image_record(
    network: DenseNetwork | Convnet,
    loss_scale: float,
    params: LayerParameters,
    images: Float[AnyArray, "images ..."],
    own: dict[str, Any],
) -> dict[str, Array]:
    r"""Measure a network on the first 100 of its training images, and on images held out.

    Args:
        network: what is trained.
        loss_scale: factor of the mean square in the loss.
        params: its present parameters.
        images: all images.
        own: ``rows`` and ``targets`` of all training images and the rows ``held_out``.

    Returns:
        What :func:`dense_report` or :func:`convnet_record` gives, ``held_out_sharpness`` and
        ``held_out_volume`` (three largest singular values), ``loss`` and ``accuracy`` on all
        training images, ``all_sharpness`` on these, and the ``relative_flatness`` of the readout,
        :math:`\|W_L\|_F^2\,\frac1n\sum_i\|h_{L-1,i}\|^2`.

    Examples:
        >>> import jax
        >>> network, x = DenseNetwork((4, 5, 2)), jnp.ones((6, 4))
        >>> own = {"rows": jnp.arange(3), "targets": jnp.ones((3, 2)), "held_out": jnp.arange(3, 6)}
        >>> record = image_record(network, 1.0, network.init(key=jax.random.key(0)), x, own)
        >>> record["output_sharpness"].shape
        (2,)
    """
    x, held = images[own["rows"][:_MEASURED]], images[own["held_out"]]
    everything, targets = images[own["rows"]], own["targets"]
    if isinstance(network, DenseNetwork):
        report = dense_report(network, params, x)._asdict()
        readout_inputs = network.layers(params, x).inputs[-1]
    else:
        report = convnet_record(network, params, x)
        readout_inputs = network.layer_inputs(params, x)[-1].reshape(len(x), -1)
    outputs = network(params, everything)
    if targets.shape[1] == 1:
        right = jnp.sign(outputs[:, 0]) == targets[:, 0]
    else:
        right = jnp.argmax(outputs, axis=1) == jnp.argmax(targets, axis=1)
    squares = jnp.mean(jnp.sum(readout_inputs**2, axis=1))
    # NMLS comes from the last decomposition of the report.
    jacobian = after(input_jacobian(network, params, held), report["nmls"])
    unseen = singular_values(jacobian)
    return report | {
        "held_out_sharpness": sharpness(network, params, held).value,
        "held_out_volume": log_volume(unseen, min(_TOP, unseen.shape[1])).value,
        "loss": loss_scale * jnp.mean((outputs - targets) ** 2),
        "accuracy": jnp.mean(right),
        "all_sharpness": sharpness(network, params, everything).value,
        "relative_flatness": squares * jnp.sum(params[-1]["weight"] ** 2),
    }


def _of_spectrum(spectrum: Float[AnyArray, "samples rank"]) -> dict[str, Array]:
    spectrum, rank = jnp.asarray(spectrum), spectrum.shape[1]
    return {
        "mls": jnp.mean(spectrum[:, 0]),
        "log_volume": log_volume(spectrum, rank).value,
        "log_volume_top": log_volume(spectrum, min(_TOP, rank)).value,
        "dimensionality": participation_ratio(spectrum),
    }


def convnet_record(
    network: Convnet, params: LayerParameters, x: Float[AnyArray, "samples height width colours"]
) -> dict[str, Array]:
    r"""Measure a convolutional network, with right sides by the rule of the public code.

    The rule of Chen et al. (2310.01770, commit 2bcbe24) puts :math:`\|K\|_F^2 P` in place of
    :math:`\|W\|_2^2`, with P positions of a convolution's output before pooling, and the
    squared Frobenius norm for dense layers. It is **no bound**
    (:func:`circular_convolution_bounds`).

    Args:
        network: a convolutional network.
        params: its parameters.
        x: batch of images.

    Returns:
        The fields of :class:`DenseReport` that do not need the layers' own gradients.

    Examples:
        >>> import jax
        >>> network, x = Convnet(4, 4, 1, maps=(2,)), jnp.ones((2, 4, 4, 1))
        >>> sorted(convnet_record(network, network.init(key=jax.random.key(0)), x))[:3]
        ['adaptive_sharpness', 'dimensionality', 'log_volume']
    """
    x = jnp.asarray(x)
    total = sharpness(network, params, x).value
    outputs, grow = network.outputs, 2 * network.padding - network.kernel + 1
    done = singular_values(input_jacobian(network, params, x))
    found, ratios, nmls = _of_spectrum(done), [], jnp.zeros(())
    for layer, h in enumerate(network.layer_inputs(params, x)):
        positions = (h.shape[1] + grow) * (h.shape[2] + grow) if layer < len(network.maps) else 1
        norm = positions * jnp.sum(params[layer]["weight"] ** 2)
        ratios.append(norm * jnp.mean(1 / jnp.sum(h.reshape(len(x), -1) ** 2, axis=1)))
        tail = partial(network.tail, start=layer)
        done = sensitivities(tail, params, after(h, done), outputs)
        nmls += jnp.mean(done)
    return found | {
        "sharpness": total,
        "adaptive_sharpness": adaptive_sharpness(network, params, x).value,
        "mls_bound": jnp.sqrt(ratios[0] * total),
        "nmls": nmls,
        "nmls_bound": jnp.sqrt(jnp.sum(jnp.stack(ratios)) * total),
    }
