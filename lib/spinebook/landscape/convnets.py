"""Convolutional networks on images, written as products with patches."""

from __future__ import annotations

import dataclasses
from functools import partial
from itertools import chain, pairwise
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.landscape.networks import LayerParameters, uniform_layer
from spinebook.misuse import explains_misuse
from spinebook.patches import image_patches
from spinebook.types import AnyArray


@explains_misuse
@dataclasses.dataclass(frozen=True)
class Convnet:
    """Convolutions, each with ReLU and 2 x 2 maximum pooling, then dense layers with ReLU.

    Parameters are a tuple of one dictionary a layer with ``weight`` and ``bias``; a kernel has
    shape (kernel * kernel * maps in, maps out), its rows in the order row, column, map. Pooling
    drops an odd last row or column. The last dense layer is linear.

    Args:
        height: rows of the image.
        width: columns of the image.
        colours: channels of the image.
        maps: feature maps of every convolution.
        kernel: side of the square kernels.
        padding: rings of zeros around the input of every convolution.
        hidden: units of the hidden dense layers.
        outputs: width of the result.
        kernel_init: "uniform" within 1 / sqrt(fan-in), biases too, or "normal" with variance
            2 / (kernel * kernel * maps out) and zero biases (dense layers are always uniform).

    Raises:
        ValueError: an image too small for its convolutions, or an unknown ``kernel_init``.

    Examples:
        >>> network = Convnet(8, 8, 3)
        >>> network(network.init(key=jax.random.key(0)), jnp.ones((2, 8, 8, 3))).shape
        (2, 10)
    """

    height: int
    width: int
    colours: int
    maps: tuple[int, ...] = (16, 32)
    kernel: int = 3
    padding: int = 1
    hidden: tuple[int, ...] = ()
    outputs: int = 10
    kernel_init: Literal["uniform", "normal"] = "uniform"

    def __post_init__(self) -> None:
        """Refuse images that vanish on the way."""
        if self.kernel_init not in ("uniform", "normal"):
            raise ValueError(f"kernel_init must be uniform or normal, got {self.kernel_init!r}")
        if min(*chain(*self.spatial_sizes), self.colours, self.outputs) < 1:
            raise ValueError(
                f"an image of {self.height} x {self.width} x {self.colours} is too small for "
                f"{len(self.maps)} convolutions with pooling; take fewer or pad more"
            )

    @property
    def spatial_sizes(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns after each pooling."""
        sizes, grow = [(self.height, self.width)], 2 * self.padding - self.kernel + 1
        for _ in self.maps:
            sizes.append(((sizes[-1][0] + grow) // 2, (sizes[-1][1] + grow) // 2))
        return tuple(sizes[1:]) or tuple(sizes)

    def init(self, *, key: PRNGKeyArray) -> LayerParameters:
        """Draw the parameters."""
        return _draw(self, key)

    def __call__(
        self, params: LayerParameters, x: Float[AnyArray, "samples height width colours"]
    ) -> Float[Array, "samples outputs"]:
        """Return the outputs."""
        return self.tail(params, x, 0)

    def tail(
        self, params: LayerParameters, h: Float[AnyArray, "samples ..."], start: int
    ) -> Float[Array, "samples outputs"]:
        """Return the outputs from the input of layer ``start``, counted from 0."""
        h = jnp.asarray(h)
        for index in range(start, len(params)):
            h = self._layer(params[index], h, index)
        return h

    def layer_inputs(
        self, params: LayerParameters, x: Float[AnyArray, "samples height width colours"]
    ) -> tuple[Float[Array, "samples ..."], ...]:
        """Return the input of every layer."""
        inputs = [jnp.asarray(x)]
        for index in range(len(params) - 1):
            inputs.append(self._layer(params[index], inputs[-1], index))
        return tuple(inputs)

    def _layer(
        self, layer: dict[str, Any], h: Float[Array, "samples ..."], index: int
    ) -> Float[Array, "samples ..."]:
        if index >= len(self.maps):
            z = h.reshape(h.shape[0], -1) @ layer["weight"] + layer["bias"]
            return z if index == len(self.maps) + len(self.hidden) else jax.nn.relu(z)
        patches = image_patches(h, self.kernel, padding=self.padding)
        return _pool(jax.nn.relu(patches @ layer["weight"] + layer["bias"]))


@partial(jax.jit, static_argnums=0)
def _draw(network: Convnet, key: PRNGKeyArray) -> tuple[dict[str, Array], ...]:
    rows, columns = network.spatial_sizes[-1]
    channels = (network.colours, *network.maps)
    dense = (rows * columns * channels[-1], *network.hidden, network.outputs)
    area = network.kernel**2
    fans = [(area * a, b) for a, b in pairwise(channels)] + list(pairwise(dense))
    layers = []
    for index, layer_key in enumerate(jax.random.split(key, len(fans))):
        fan_in, fan_out = fans[index]
        if network.kernel_init == "normal" and index < len(network.maps):
            draws = jax.random.normal(layer_key, (fan_in, fan_out))
            layers.append({"weight": (2 / (area * fan_out)) ** 0.5 * draws})
            layers[-1]["bias"] = jnp.zeros(fan_out)
        else:
            layers.append(uniform_layer(fan_in, fan_out, key=layer_key))
    return tuple(layers)


def _pool(x: Float[Array, "samples height width maps"]) -> Float[Array, "samples h w maps"]:
    """Take the maximum of every 2 x 2 block."""
    samples, rows, columns, maps = x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]
    blocks = x[:, : 2 * rows, : 2 * columns].reshape(samples, rows, 2, columns, 2, maps)
    return jnp.max(blocks, axis=(2, 4))


@explains_misuse
def vgg(height: int = 32, width: int = 32, colours: int = 3, outputs: int = 10) -> Convnet:
    """Describe the small VGG of the public code of Chen et al. (2310.01770, commit 2bcbe24).

    Five convolutions with 16, 16, 32, 64 and 64 maps, kernel 3 and padding 2, each followed by
    ReLU and 2 x 2 pooling, then 256-128-10. For a 32 x 32 image the sides after pooling are
    17, 9, 5, 3 and 2.

    Args:
        height: rows of the image.
        width: columns of the image.
        colours: channels of the image.
        outputs: width of the result.

    Returns:
        The network; 97,018 parameters with the default sizes.

    Examples:
        >>> sum(leaf.size for leaf in jax.tree.leaves(vgg().init(key=jax.random.key(0))))
        97018
    """
    return Convnet(
        height,
        width,
        colours,
        maps=(16, 16, 32, 64, 64),
        padding=2,
        hidden=(128,),
        outputs=outputs,
        kernel_init="normal",
    )
