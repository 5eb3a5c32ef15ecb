"""Gradient flow of linear networks against its known end states."""

import numpy as np
import pytest
from spinebook.regimes import (
    aligned_alignment,
    full_rank_end,
    kernel_alignment_small_init,
    mean_alignment_equal_spectrum,
    partial_alignment,
    rank_one_end,
    two_layer_linear_flow,
)

from tests.tolerances import REGIMES_THEORY_SMALL_START


def starts_of_rank(rng, ranks, scale, hidden=30, inputs=20):
    starts = []
    for rank in ranks:
        left = np.linalg.qr(rng.normal(size=(hidden, rank)))[0]
        right = np.linalg.qr(rng.normal(size=(inputs, rank)))[0]
        starts.append(scale / np.sqrt(rank) * left @ right.T)
    return np.stack(starts)


def unit(rng, *shape):
    b = rng.normal(size=shape)
    return b / np.linalg.norm(b, axis=-1, keepdims=True)


def test_rank_and_alignment_of_small_starts__published():
    # The published table: five ranks, two second layers, sixty targets.
    rng = np.random.default_rng(7)
    ranks, scale = [1, 2, 5, 10, 20], 1e-3
    first = starts_of_rank(rng, ranks, scale)
    second = np.stack([np.zeros((1, 30)), scale * unit(rng, 1, 30)])
    targets = unit(rng, 60, 1, 1, 1, 20)
    flow = two_layer_linear_flow(
        first, second[:, None], targets, np.array([0.0, 30.0]), method="integrate"
    )
    assert np.max(np.abs(flow.end_to_end[..., 1, :, :] - targets)) < 1e-9
    alignment = flow.kernel_alignment[..., 1]
    error = alignment.std(axis=0) / np.sqrt(60)
    for row, ratio in enumerate((0.0, 1.0)):
        formula = mean_alignment_equal_spectrum(np.array(ranks), 20, ratio)
        gap = np.abs(alignment[:, row].mean(axis=0) - formula)
        assert np.all(gap < 3 * error[row] + REGIMES_THEORY_SMALL_START)
        assert np.all(np.diff(alignment[:, row].mean(axis=0)) > 0)
    per_target = [
        kernel_alignment_small_init(start, np.zeros((1, 30)), targets[:, 0, 0, 0])
        for start in first
    ]
    np.testing.assert_allclose(
        alignment[:, 0], np.transpose(per_target), atol=REGIMES_THEORY_SMALL_START
    )
    # In this limit the weights move as far at every rank.
    np.testing.assert_allclose(flow.weight_change[..., 1], 1.0, atol=2e-3)


def test_aligned_balanced_start_keeps_its_kernel__closed_form():
    rng = np.random.default_rng(8)
    b, u = unit(rng, 1, 20), unit(rng, 30, 1)
    u = u / np.linalg.norm(u)
    for scale in (1e-3, 0.5, 3.0):
        flow = two_layer_linear_flow(scale * u @ b, scale * u.T, b, np.array([0.0, 5.0, 40.0]))
        assert np.all(flow.kernel_alignment > 1 - 1e-9)
    without = two_layer_linear_flow(1e-3 * u @ b, 0 * u.T, b, np.array([0.0, 40.0]))
    assert abs(without.kernel_alignment[1] - 2 / np.sqrt(23)) < 1e-6


@pytest.mark.parametrize("ratio", [0.3, 0.67, -0.67])
def test_aligned_start_of_unequal_layers__closed_form(ratio):
    # The sign of the second layer does not matter unless the layers are balanced.
    b, u = np.eye(1, 20), np.eye(30, 1)
    flow = two_layer_linear_flow(
        1e-3 * u @ b, 1e-3 * ratio * u.T, b, np.array([0.0, 50.0]), method="integrate"
    )
    assert abs(flow.end_to_end[1, 0, 0] - 1) < 1e-9
    assert abs(flow.kernel_alignment[1] - aligned_alignment(abs(ratio), 20)) < 1e-5


def test_opposed_balanced_layers_stop_at_the_saddle__closed_form():
    b, u = np.eye(1, 4), np.eye(3, 1)
    for method in ("exact", "integrate"):
        flow = two_layer_linear_flow(u @ b, -u.T, b, np.array([0.0, 20.0]), method=method)
        assert np.linalg.norm(flow.gram[1]) < 1e-6


@pytest.mark.parametrize(
    ("method", "scale", "time"),
    [
        ("integrate", 0.3, 60.0),
        ("integrate", 1.0, 60.0),
        ("exact", 0.3, 60.0),
        ("exact", 3.0, 400.0),
        ("exact", 10.0, 1e4),
    ],
)
def test_rank_one_end_is_not_left_by_rounding__closed_form(method, scale, time):
    # Outside the hidden subspace double precision leaves the end state after 37 time units.
    rng = np.random.default_rng(9)
    first = starts_of_rank(rng, [1], scale, 12, 10)[0]
    targets = unit(rng, 5, 1, 10)
    flow = two_layer_linear_flow(
        first, np.zeros((1, 12)), targets, np.array([0.0, time]), method=method
    )
    v = np.linalg.svd(first)[2][0]
    cosine = np.clip(np.abs(targets[:, 0] @ v), 0, 1)
    exact = rank_one_end(scale, cosine, 10)
    np.testing.assert_allclose(flow.kernel_alignment[:, 1], exact.kernel_alignment, atol=1e-8)
    if method == "integrate":
        np.testing.assert_allclose(flow.weight_change[:, 1], exact.weight_change, atol=1e-8)
    else:
        with pytest.raises(ValueError, match="up to a rotation"):
            _ = flow.weight_change


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_full_rank_end__closed_form(scale):
    rng = np.random.default_rng(10)
    first = starts_of_rank(rng, [10], scale, 12, 10)[0]
    flow = two_layer_linear_flow(
        first, np.zeros((1, 12)), unit(rng, 1, 10), np.array([0.0, 40.0]), method="integrate"
    )
    exact = full_rank_end(scale, 10)
    assert abs(flow.weight_change[1] - exact.weight_change) < 1e-7
    assert abs(flow.kernel_alignment[1] - exact.kernel_alignment) < 1e-7


def test_partially_aligned_starts__published():
    rng = np.random.default_rng(11)
    kappa, d = 2.0, 20
    w = unit(rng, 40, d)
    strong = np.where(np.arange(d) < d // 2, kappa, 0.0)
    full = w * np.where(strong > 0, strong, 1.0)
    targets = (full / np.linalg.norm(full, axis=1, keepdims=True))[:, None, :]
    half = w * strong
    v = (half / np.linalg.norm(half, axis=1, keepdims=True))[:, None, :]
    u = np.eye(30, 1)
    for equal in (True, False):
        flow = two_layer_linear_flow(
            1e-3 * u @ v,
            1e-3 * equal * u.T,
            targets,
            np.array([0.0, 40.0]),
            method="integrate",
        )
        values = flow.kernel_alignment[:, 1]
        error = values.std() / np.sqrt(len(values))
        expected = partial_alignment(kappa, d, balanced=equal)
        assert abs(values.mean() - expected) < 3 * error + 1e-6
