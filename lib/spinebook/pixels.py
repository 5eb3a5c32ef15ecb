"""Images as the inputs of a network: rows of pixels, or whole pictures, on a common scale."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Integer

from spinebook.data import ImageSet
from spinebook.misuse import explains_misuse


@explains_misuse
def standardised_pixels(
    images: ImageSet, pooling: int = 1
) -> tuple[Float32[np.ndarray, "images pixels"], Integer[np.ndarray, " images"]]:
    """Return all images of a set as rows of pixels with mean 0 and standard deviation 1.

    Pixels that never change carry nothing and are left out.

    Arguments, results and refusals are those of :func:`raw_pixels`.

    Examples:
        >>> from spinebook.data import load_images
        >>> standardised_pixels(load_images("digits8"))[0].shape
        (1797, 61)
    """
    rows, labels = raw_pixels(images, pooling)
    return (rows - rows.mean(axis=0)) / rows.std(axis=0), labels


@explains_misuse
def raw_pixels(
    images: ImageSet, pooling: int = 1
) -> tuple[Float32[np.ndarray, "images pixels"], Integer[np.ndarray, " images"]]:
    """Return all images of a set as rows of pixels between 0 and 1, without constant pixels.

    Args:
        images: grey images, training and test images are taken together in this order.
        pooling: side of the blocks of pixels that are averaged first; divides height and width.

    Returns:
        The inputs, float32, and the labels.

    Raises:
        ValueError: colour images, or blocks that do not fit.

    Examples:
        >>> from spinebook.data import load_images
        >>> float(raw_pixels(load_images("digits8"))[0].max())
        1.0
    """
    grey = np.concatenate([images.train_images, images.test_images]).astype(np.float32)
    if grey.ndim != 3:
        raise ValueError(f"expected grey images (images, height, width), got shape {grey.shape}")
    count, height, width = grey.shape
    if pooling < 1 or height % pooling or width % pooling:
        raise ValueError(
            f"pooling must divide the images: blocks of {pooling} x {pooling} do not fill "
            f"{height} x {width} pixels"
        )
    blocks = grey.reshape(count, height // pooling, pooling, width // pooling, pooling)
    rows = blocks.mean(axis=(2, 4)).reshape(count, -1) / images.full_scale
    labels = np.concatenate([images.train_labels, images.test_labels])
    return rows[:, rows.std(axis=0) > 0], labels


@explains_misuse
def standardised_images(
    images: ImageSet,
) -> tuple[Float32[np.ndarray, "images height width *channels"], Integer[np.ndarray, " images"]]:
    """Return all images of a set with one mean 0 and one standard deviation 1 for each colour.

    Args:
        images: training and test images are taken together in this order.

    Returns:
        The inputs, float32, and the labels.

    Examples:
        >>> from spinebook.data import load_images
        >>> standardised_images(load_images("digits8"))[0].shape
        (1797, 8, 8)
    """
    pixels = np.concatenate([images.train_images, images.test_images]).astype(np.float32)
    axes = tuple(range(3))
    labels = np.concatenate([images.train_labels, images.test_labels])
    return (pixels - pixels.mean(axis=axes)) / pixels.std(axis=axes), labels
