"""Neighbourhoods of pixels as rows, so that a convolution is one matrix product."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


@explains_misuse
def image_patches(
    images: Float[AnyArray, "samples height width maps"],
    size: int = 3,
    *,
    stride: int = 1,
    padding: int = 1,
) -> Float[Array, "samples rows columns patch"]:
    r"""Collect the square neighbourhood of every ``stride``-th pixel, zero-padded at the edges.

    .. math:: P_{r c,\,(i j m)} = X_{r t + i - p,\; c t + j - p,\; m}, \qquad 0 \le i, j < k,

    with stride t, padding p and size k. A product of the patches with a (patch, maps) matrix is
    a convolution; on a CPU inside a scan it is several times faster than the built-in one.

    Args:
        images: pixels, in any unit.
        size: side k of the neighbourhood, at least 1.
        stride: step t between neighbourhoods, at least 1.
        padding: rings of zeros p around the image, at least 0.

    Returns:
        Patches in the order row, column, map; (height + 2 padding - size) // stride + 1 rows.

    Raises:
        ValueError: a size or stride below 1, negative padding, or an image below one patch.

    Examples:
        >>> image_patches(jnp.ones((2, 8, 8, 3)), stride=2).shape
        (2, 4, 4, 27)
    """
    if size < 1 or stride < 1 or padding < 0:
        raise ValueError(
            "size and stride must be at least 1 and padding at least 0, got "
            f"size={size}, stride={stride}, padding={padding}"
        )
    rows, columns = ((side + 2 * padding - size) // stride + 1 for side in images.shape[1:3])
    if rows < 1 or columns < 1:
        raise ValueError(
            f"images of {images.shape[1]} x {images.shape[2]} pixels with padding {padding} hold "
            f"no patch of side {size}; pad more or take a smaller patch"
        )
    padded = jnp.pad(images, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    shifted = [
        padded[
            :, i : i + (rows - 1) * stride + 1 : stride, j : j + (columns - 1) * stride + 1 : stride
        ]
        for i in range(size)
        for j in range(size)
    ]
    return jnp.concatenate(shifted, axis=-1)
