"""A small convolutional network for images, written as products with patches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.misuse import explains_misuse
from spinebook.patches import image_patches
from spinebook.types import AnyArray

Layers: TypeAlias = Sequence[dict[str, Any]]
_SIDE = 3


@explains_misuse
@dataclass(frozen=True)
class ImageNetwork:
    r"""Convolutions of side 3 and stride 2, then dense layers; ReLU everywhere but at the end.

    .. math:: h_l = \max(0,\, P(h_{l-1})\, W_l + b_l)

    with :math:`P` the patches of :func:`spinebook.patches.image_patches` in the convolutions and
    the identity in the dense layers. Each convolution halves the image, rounding up. Parameters
    are a tuple of one dictionary a layer with ``weight`` (inputs, outputs) and ``bias``.

    Attributes:
        height: rows of the image.
        width: columns of the image.
        colours: channels of the image.
        maps: feature maps of every convolution.
        hidden: units of the hidden dense layers.
        outputs: number of classes.

    Raises:
        ValueError: a size below 1.

    Examples:
        >>> network = ImageNetwork(8, 8, 1)
        >>> network(network.init(key=jax.random.key(0)), jnp.ones((2, 8, 8, 1))).shape
        (2, 5)
    """

    height: int
    width: int
    colours: int
    maps: tuple[int, ...] = (8, 16)
    hidden: tuple[int, ...] = (32,)
    outputs: int = 5

    def __post_init__(self) -> None:
        """Refuse sizes that are no counts."""
        for name in ("height", "width", "colours", "maps", "hidden", "outputs"):
            sizes = getattr(self, name)
            if sizes != ():
                check_count(name, sizes, minimum=1)

    @property
    def kernels(self) -> tuple[tuple[int, int], ...]:
        """Inputs and outputs of the weights of every layer."""
        rows, columns = self.height, self.width
        for _ in self.maps:
            rows, columns = -(-rows // 2), -(-columns // 2)
        maps = pairwise((self.colours, *self.maps))
        convolutions = [(_SIDE**2 * before, after) for before, after in maps]
        flat = rows * columns * (self.colours, *self.maps)[-1]
        return (*convolutions, *pairwise((flat, *self.hidden, self.outputs)))

    def init(self, *, key: PRNGKeyArray) -> tuple[dict[str, Array], ...]:
        """Draw weights by Glorot's uniform rule; biases are zero."""
        sizes = [fan_in * fan_out for fan_in, fan_out in self.kernels]
        # One draw for all layers: compiling a generator for each takes seconds.
        drawn = jax.random.uniform(key, (sum(sizes),), minval=-1.0, maxval=1.0)
        parts = jnp.split(drawn, list(accumulate(sizes))[:-1])
        return tuple(
            {
                "weight": (6 / (fan_in + fan_out)) ** 0.5 * part.reshape(fan_in, fan_out),
                "bias": jnp.zeros(fan_out),
            }
            for part, (fan_in, fan_out) in zip(parts, self.kernels, strict=True)
        )

    def __call__(
        self, params: Layers, images: Float[AnyArray, "images height width colours"]
    ) -> Float[Array, "images outputs"]:
        """Return the logits of the classes."""
        activity: Any = images
        for number, layer in enumerate(params):
            if number < len(self.maps):
                activity = image_patches(activity, _SIDE, stride=2, padding=1)
            elif number == len(self.maps):
                activity = activity.reshape(activity.shape[0], -1)
            activity = activity @ layer["weight"] + layer["bias"]
            if number < len(params) - 1:
                activity = jax.nn.relu(activity)
        return activity
