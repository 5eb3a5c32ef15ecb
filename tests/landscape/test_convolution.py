"""Patches and convolutional networks against SciPy, and bounds under weight sharing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import correlate2d
from spinebook.landscape import (
    Convnet,
    circular_convolution_bounds,
    circular_weight,
    sharpness,
    vgg,
)
from spinebook.patches import image_patches

from tests.tolerances import LANDSCAPE_CLOSED_FORM, LANDSCAPE_FLOAT32, LANDSCAPE_SAMPLE_DEVIATION


@pytest.mark.parametrize(("size", "padding", "stride"), [(3, 1, 1), (3, 2, 2), (5, 0, 1)])
def test_patches_make_convolutions__independent_package(float64, size, padding, stride):
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(9, 7)), rng.normal(size=(size, size))
    ours = image_patches(image[None, :, :, None], size, stride=stride, padding=padding)
    theirs = correlate2d(np.pad(image, padding), kernel, mode="valid")[::stride, ::stride]
    np.testing.assert_allclose(ours[0] @ kernel.ravel(), theirs, atol=LANDSCAPE_CLOSED_FORM)


def test_convnet__independent_package(float64):
    network = Convnet(6, 7, 2, maps=(3,), hidden=(), outputs=2)
    params = network.init(key=jax.random.key(0))
    x = np.random.default_rng(0).normal(size=(1, 6, 7, 2))
    kernel = np.asarray(params[0]["weight"]).reshape(3, 3, 2, 3)
    maps = [
        sum(
            correlate2d(np.pad(x[0, :, :, c], 1), kernel[:, :, c, m], mode="valid")
            for c in range(2)
        )
        + params[0]["bias"][m]
        for m in range(3)
    ]
    pooled = np.array(
        [
            [[m[2 * r : 2 * r + 2, 2 * c : 2 * c + 2].max() for m in maps] for c in range(3)]
            for r in range(3)
        ]
    )
    expected = np.maximum(pooled, 0).ravel() @ params[1]["weight"] + params[1]["bias"]
    np.testing.assert_allclose(network(params, x)[0], expected, rtol=LANDSCAPE_CLOSED_FORM)


@pytest.mark.slow
def test_vgg__published():
    assert [rows for rows, _ in vgg().spatial_sizes] == [17, 9, 5, 3, 2]
    params = vgg().init(key=jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 97_018
    assert params[5]["weight"].shape == (256, 128)
    deviation = float(jnp.std(params[4]["weight"]))
    assert deviation == pytest.approx(np.sqrt(2 / (9 * 64)), rel=LANDSCAPE_SAMPLE_DEVIATION)
    assert not params[0]["bias"].any()


def ring(positions=16, strength=10.0):
    return [np.ones((1, 1, 1))], np.tile([strength, -strength], positions // 2)[:, None]


def test_shared_weights_break_the_rule__published():
    kernels, readout = ring()
    bounds = circular_convolution_bounds(kernels, readout, np.ones((1, 16, 1)))
    assert bounds.shared_nmls == pytest.approx((80, np.sqrt(101 * 16)), rel=LANDSCAPE_CLOSED_FORM)
    assert bounds.shared_mls == pytest.approx((40, 4), rel=LANDSCAPE_CLOSED_FORM)
    assert not bounds.shared_nmls.holds
    assert not bounds.shared_mls.holds
    assert bounds.unshared_nmls.holds
    assert bounds.unshared_mls.holds
    with_biases = circular_convolution_bounds(kernels, readout, np.ones((1, 16, 1)), biases=True)
    assert with_biases.shared_nmls == pytest.approx(
        (80, np.sqrt(101 * 17)), rel=LANDSCAPE_CLOSED_FORM
    )


def test_dense_equivalent__independent_package():
    rng = np.random.default_rng(0)
    kernel, x = rng.normal(size=(3, 2, 4)), rng.normal(size=(5, 2))
    ours = (x.ravel() @ np.asarray(circular_weight(kernel, 5))).reshape(5, 4)
    theirs = np.zeros((5, 4))
    for position in range(5):
        for offset in range(3):
            theirs[position] += x[(position + offset) % 5] @ kernel[offset]
    np.testing.assert_allclose(ours, theirs, rtol=LANDSCAPE_FLOAT32, atol=LANDSCAPE_FLOAT32)


def test_shared_gradient__brute_force(float64):
    rng = np.random.default_rng(1)
    kernels = (rng.normal(size=(3, 2, 3)), rng.normal(size=(2, 3, 2)))
    readout, x = rng.normal(size=(10, 2)), rng.normal(size=(4, 5, 2))

    def apply(params, x):
        h = x.reshape(len(x), -1)
        for kernel, bias in zip(params["kernels"], params["biases"], strict=True):
            h = jax.nn.relu(h @ circular_weight(kernel, 5) + jnp.tile(bias, 5))
        return h @ params["readout"] + params["shift"]

    biases = (jnp.zeros(3), jnp.zeros(2))
    params = {"kernels": kernels, "biases": biases, "readout": readout, "shift": jnp.zeros(2)}
    S = float(sharpness(apply, params, x).value)
    bounds = circular_convolution_bounds(kernels, readout, x, biases=True)
    # The right side is the norm times the root mean square of 1 / |x| times the root of S.
    q = np.sqrt(np.mean(1 / np.sum(x**2, axis=(1, 2))))
    expected = np.linalg.norm(kernels[0]) * np.sqrt(5) * q * np.sqrt(S)
    assert bounds.shared_mls.right == pytest.approx(expected, rel=LANDSCAPE_CLOSED_FORM)


@pytest.mark.slow
def test_random_rings_break_the_rule_and_not_the_theorem__property(float64):
    @jax.jit
    @jax.vmap
    def bounds(key):
        keys = jax.random.split(key, 5)
        offset = jax.random.uniform(keys[0], (), maxval=5.0)
        x = offset + jax.random.normal(keys[1], (1, 8, 1))
        kernel = jax.random.normal(keys[2], (3, 1, 2))
        readout = jax.random.normal(keys[3], (16, 2))
        # Half of the readouts sum to zero for each map, which lets positions cancel.
        centred = readout.reshape(8, 2, 2) - readout.reshape(8, 2, 2).mean(0)
        readout = jnp.where(jax.random.bernoulli(keys[4]), centred.reshape(16, 2), readout)
        return circular_convolution_bounds((kernel,), readout, x)

    found = bounds(jax.random.split(jax.random.key(0), 500))
    used = np.asarray(found.unshared_nmls.right) < np.inf
    for bound in (found.unshared_mls, found.unshared_nmls):
        assert np.all(np.asarray(bound.holds)[used])
    broken = 1 - np.mean(np.asarray(found.shared_nmls.holds)[used])
    assert 0 < broken < 0.5
    assert used.mean() > 0.9


def test_one_position_shares_nothing__closed_form():
    kernel, readout, x = np.full((1, 1, 1), 2.0), np.ones((1, 1)), np.ones((3, 1, 1))
    bounds = circular_convolution_bounds([kernel], readout, x)
    assert bounds.shared_mls == pytest.approx(bounds.unshared_mls, rel=LANDSCAPE_CLOSED_FORM)
    assert bounds.shared_nmls == pytest.approx(bounds.unshared_nmls, rel=LANDSCAPE_CLOSED_FORM)
