"""Laziness measures against their definitions through full Gram matrices, and their invariances."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.regimes.laziness import (
    centred_kernel_alignment,
    kernel_alignment,
    representation_alignment,
    sign_similarity,
    weight_change,
)

from tests.tolerances import REGIMES_RATE_FLOAT32, REGIMES_RATE_FLOAT64


def cosine(a, b):
    return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))


def activity(samples, units, seed=0):
    return np.maximum(np.random.default_rng(seed).normal(size=(samples, units)), 0)


# More samples than units, fewer, and different numbers of units.
SHAPES = [((30, 7), (30, 7)), ((7, 30), (7, 30)), ((20, 5), (20, 60))]


@pytest.mark.parametrize(("first", "last"), SHAPES)
def test_alignments_through_gram_matrices__brute_force(float64, first, last):
    H0, Hf = activity(*first), activity(*last, seed=1)
    expected = cosine(H0 @ H0.T, Hf @ Hf.T)
    assert abs(representation_alignment(H0, Hf) - expected) < REGIMES_RATE_FLOAT64
    C = np.eye(len(H0)) - 1 / len(H0)
    expected = cosine(C @ H0 @ H0.T @ C, C @ Hf @ Hf.T @ C)
    assert abs(centred_kernel_alignment(H0, Hf) - expected) < REGIMES_RATE_FLOAT64


def test_kernel_alignment_and_weight_change__closed_form(float64):
    K0, Kf = np.diag([1.0, 2.0, 0.0]), np.diag([2.0, 1.0, 2.0])
    assert abs(kernel_alignment(K0, Kf) - 4 / np.sqrt(5 * 9)) < REGIMES_RATE_FLOAT64
    assert abs(weight_change(K0, Kf) - np.sqrt(6)) < REGIMES_RATE_FLOAT64
    assert abs(weight_change(K0, Kf, relative=True) - np.sqrt(6 / 5)) < REGIMES_RATE_FLOAT64
    assert weight_change(K0, K0) == 0
    assert abs(kernel_alignment(K0, K0) - 1) < REGIMES_RATE_FLOAT64
    assert kernel_alignment(K0, np.diag([0.0, 0.0, 1.0])) == 0


def test_sign_similarity__brute_force():
    H0, Hf = activity(20, 9), activity(20, 9, seed=1)
    share = np.mean([(a > 0) == (b > 0) for a, b in zip(H0.flat, Hf.flat, strict=True)])
    assert abs(sign_similarity(H0, Hf) - share) < REGIMES_RATE_FLOAT32
    assert sign_similarity(H0 - 0.5, H0 - 0.5) == 1
    assert sign_similarity(H0 + 1, -H0 - 1) == 0


@pytest.mark.parametrize("samples", [40, 6])
def test_rotations_and_scales_change_no_alignment__property(float64, samples):
    H0, Hf = activity(samples, 12), activity(samples, 12, seed=1)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(12, 12)))[0]
    order = np.random.default_rng(3).permutation(samples)
    for measure in (representation_alignment, centred_kernel_alignment):
        value = measure(H0, Hf)
        assert 0 < value < 1
        for one, two in ((H0 @ rotation, 3 * Hf), (H0[order], Hf[order]), (Hf, H0)):
            assert abs(measure(one, two) - value) < REGIMES_RATE_FLOAT64
        assert abs(measure(H0, H0 @ rotation) - 1) < REGIMES_RATE_FLOAT64
    shifted = centred_kernel_alignment(H0 + 5.0, Hf + np.arange(12.0))
    assert abs(shifted - centred_kernel_alignment(H0, Hf)) < 1e-10


def test_common_mean_raises_only_the_uncentred_one__property(float64):
    H0, Hf = activity(40, 12) + 10, activity(40, 12, seed=1) + 10
    assert representation_alignment(H0, Hf) > 0.99
    assert centred_kernel_alignment(H0, Hf) < 0.6


def test_extreme_sizes_stay_within_float32__property():
    H0, Hf = activity(30, 7).astype(np.float32), activity(30, 7, seed=1).astype(np.float32)
    value = representation_alignment(H0, Hf)
    for scale in (np.float32(1e-18), np.float32(1e15)):
        scaled = representation_alignment(H0 * scale, Hf * scale)
        assert abs(scaled - value) < REGIMES_RATE_FLOAT32
        kernels = (H0 @ H0.T * scale, Hf @ Hf.T * scale)
        assert abs(kernel_alignment(*kernels) - value) < REGIMES_RATE_FLOAT32


def test_zero_norm_is_nan_inside_jit__property():
    assert jnp.isnan(jax.jit(representation_alignment)(jnp.zeros((3, 2)), jnp.ones((3, 2))))


ONES = np.ones((3, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weight_change(ONES, np.nan * ONES), "final weights must be finite"),
        (lambda: weight_change(0 * ONES, ONES, relative=True), "initial weights is all zero"),
        (lambda: inspect.unwrap(weight_change)(ONES, ONES[:2]), "must have one shape"),
        (lambda: representation_alignment(ONES, 0 * ONES), "final activity is all zero"),
        (lambda: representation_alignment(ONES[:0], ONES[:0]), "initial activity is empty"),
        (
            lambda: inspect.unwrap(representation_alignment)(ONES, ONES[:2]),
            "equal numbers of samples",
        ),
        (lambda: centred_kernel_alignment(0.1 * ONES, ONES), "same for all samples"),
        (lambda: kernel_alignment(np.eye(2), 0 * np.eye(2)), "final kernel is all zero"),
        (
            lambda: kernel_alignment(np.full((2, 2), np.inf), np.eye(2)),
            "initial kernel must be finite",
        ),
        (lambda: inspect.unwrap(kernel_alignment)(np.eye(2), np.eye(3)), "must have one shape"),
        (lambda: inspect.unwrap(sign_similarity)(ONES, ONES[:2]), "must have one shape"),
        (lambda: sign_similarity(ONES, np.nan * ONES), "final activity must be finite"),
    ],
)
def test_refusals__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
