"""Images as sequences of rows, for networks that read them from top to bottom."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Num

from spinebook.checks import check_number, is_traced
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


@explains_misuse
def image_rows(
    images: Num[AnyArray, "images rows columns"],
) -> Float[Array, "rows images columns"]:
    """Turn images into inputs of one row a step, with values from 0 to 1.

    Whole numbers are divided by 255; nothing else is normalised. The label of an image belongs to
    the last step (:func:`spinebook.regimes.last_step_loss`). Cheap enough to be called on every
    minibatch, so that the images can stay in memory as bytes.

    Args:
        images: (images, rows, columns), whole numbers from 0 to 255 or real ones from 0 to 1.

    Returns:
        Inputs (rows, images, columns), float32 for whole numbers.

    Raises:
        ValueError: not three axes, no image, or (outside jit) values out of range.

    Examples:
        >>> image_rows(np.full((2, 28, 28), 255, np.uint8)).shape
        (28, 2, 28)
    """
    if len(images.shape) != 3 or 0 in images.shape:
        raise ValueError(f"images must have shape (images, rows, columns), got {images.shape}")
    whole = jnp.issubdtype(images.dtype, jnp.integer)
    check_number("images", images)
    if not is_traced(images):
        low, high = np.min(images), np.max(images)
        if low < 0 or high > (255 if whole else 1):
            raise ValueError(
                f"images must lie between 0 and {255 if whole else 1}, got {low} to {high}; "
                "use whole numbers up to 255 or real ones up to 1"
            )
    rows = jnp.swapaxes(jnp.asarray(images), 0, 1)
    return rows.astype(jnp.float32) / 255 if whole else rows
