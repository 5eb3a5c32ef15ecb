"""The small networks against loops written out and SciPy's correlation."""

import jax
import numpy as np
import pytest
from scipy.signal import correlate2d
from spinebook.geometry import Perceptron, RowReader, SmallConvnet

from tests import tolerances


def drawn(network, shape):
    parameters = network.init(key=jax.random.key(0))
    x = np.asarray(jax.random.normal(jax.random.key(1), shape))
    return parameters, {k: np.asarray(v, np.float64) for k, v in parameters.items()}, x


def test_perceptron__brute_force():
    network = Perceptron(5, 7, 3)
    parameters, p, x = drawn(network, (4, 5))
    hidden = np.tanh(x @ p["first"] + p["first_bias"])
    expected = hidden @ p["second"] + p["second_bias"]
    np.testing.assert_allclose(
        network(parameters, x), expected, atol=tolerances.GEOMETRY_FLOAT32_NET
    )


def test_row_reader__brute_force():
    network = RowReader(5, 7, 3)
    parameters, p, x = drawn(network, (4, 6, 5))
    h = np.zeros((4, 7))
    for row in range(6):
        h = np.tanh(x[:, row] @ p["input"] + p["bias"] + h @ p["recurrent"])
    expected = h @ p["readout"] + p["readout_bias"]
    np.testing.assert_allclose(
        network(parameters, x), expected, atol=tolerances.GEOMETRY_FLOAT32_NET
    )


def convolved(x, kernels, bias):
    """Correlate with 3 x 3 kernels around every second pixel, then rectify."""
    patches, maps = kernels.shape
    kernels = kernels.reshape(3, 3, patches // 9, maps)
    images = [
        [
            sum(
                correlate2d(image[..., c], kernels[..., c, m], mode="same")[::2, ::2]
                for c in range(image.shape[-1])
            )
            + bias[m]
            for m in range(maps)
        ]
        for image in x
    ]
    return np.maximum(np.moveaxis(np.array(images), 1, -1), 0)


@pytest.mark.parametrize("size", [pytest.param((8, 8), marks=pytest.mark.slow), (9, 6)])
def test_small_convnet__independent_package(size):
    network = SmallConvnet(*size, 3, maps=4, outputs=5)
    parameters, p, x = drawn(network, (2, *size, 3))
    hidden = convolved(convolved(x, p["first"], p["first_bias"]), p["second"], p["second_bias"])
    expected = hidden.reshape(2, -1) @ p["readout"] + p["readout_bias"]
    np.testing.assert_allclose(
        network(parameters, x), expected, atol=tolerances.GEOMETRY_FLOAT32_NET
    )


@pytest.mark.parametrize("network", [Perceptron(5, 7), RowReader(5, 7), SmallConvnet(8, 8, 1)])
def test_no_weight_starts_at_zero__property(network):
    """Under negative entropy a zero weight would never move."""
    parameters = network.init(key=jax.random.key(0))
    assert all(np.all(np.asarray(leaf) != 0) for leaf in parameters.values())
    assert set(network.analysed) <= set(parameters)
