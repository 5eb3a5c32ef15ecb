"""Images as inputs: scaled, pooled and without constant pixels."""

import numpy as np
import pytest
from spinebook.data import ImageSet, load_images
from spinebook.pixels import raw_pixels, standardised_images, standardised_pixels


def test_standardised_pixels__brute_force():
    images = load_images("digits")
    rows, labels = standardised_pixels(images, 2)
    assert len(rows) == len(labels) == 5000
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(rows.std(axis=0), 1, atol=1e-4)
    pixels = np.concatenate([images.train_images, images.test_images])
    blocks = np.zeros((5000, 14, 14))
    for i in range(14):
        for j in range(14):
            block = pixels[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            blocks[:, i, j] = block.reshape(5000, 4).mean(axis=1)
    # Correlation with the unscaled pixel is 1 wherever that pixel changes.
    middle = blocks[:, 7, 7]
    match = [np.corrcoef(middle, column)[0, 1] for column in rows.T]
    assert max(match) == pytest.approx(1.0, abs=1e-5)


def test_standardised_images__closed_form():
    colours = ImageSet(
        np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3), np.uint8),
        np.arange(6),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.arange(2),
        255,
    )
    pixels, labels = standardised_images(colours)
    assert pixels.shape == (8, 4, 4, 3)
    assert len(labels) == 8
    np.testing.assert_allclose(pixels.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(pixels.std(axis=(0, 1, 2)), 1, atol=1e-5)
    with pytest.raises(ValueError, match="expected grey images"):
        standardised_pixels(colours)
    with pytest.raises(ValueError, match="do not fill"):
        standardised_pixels(load_images("digits8"), 3)


def test_raw_pixels_keep_their_scale__property():
    rows, labels = raw_pixels(load_images("digits8"))
    assert rows.min() == 0.0
    assert rows.max() == 1.0
    assert np.all(rows.std(axis=0) > 0)
    standard, same = standardised_pixels(load_images("digits8"))
    np.testing.assert_array_equal(labels, same)
    np.testing.assert_allclose((rows - rows.mean(axis=0)) / rows.std(axis=0), standard, atol=1e-5)
