"""Closed forms of kernel alignment against random targets, SciPy and the published tables."""

import inspect

import numpy as np
import pytest
import scipy.integrate
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from spinebook.regimes import (
    aligned_alignment,
    aligned_threshold,
    expected_kernel_alignment,
    full_rank_end,
    kernel_alignment_small_init,
    mean_alignment_equal_spectrum,
    mean_rank_one_end,
    partial_alignment,
    partial_cosine_squared,
    participation_ratio,
    rank_one_alignment,
    rank_one_end,
)

from tests.tolerances import (
    REGIMES_THEORY_EXACT,
    REGIMES_THEORY_FOUR_DIGITS,
    REGIMES_THEORY_RANDOM_MATRIX,
    REGIMES_THEORY_TABLE,
)

RANKS = [1, 2, 5, 10, 20]


def flat_start(rng, hidden, inputs, rank, scale=1.0):
    """Return a first layer with equal singular values and Frobenius norm ``scale``."""
    left = np.linalg.qr(rng.normal(size=(hidden, rank)))[0]
    right = np.linalg.qr(rng.normal(size=(inputs, rank)))[0]
    return scale / np.sqrt(rank) * left @ right.T


def directions(rng, count, inputs):
    b = rng.normal(size=(count, inputs))
    return b / np.linalg.norm(b, axis=1, keepdims=True)


def test_table_without_second_layer__published():
    values = mean_alignment_equal_spectrum(RANKS, 20)
    expected = [0.2189, 0.3096, 0.4896, 0.6923, 0.9791]
    np.testing.assert_allclose(values, expected, atol=REGIMES_THEORY_TABLE)


def test_table_with_equal_layers__published():
    values = mean_alignment_equal_spectrum(RANKS, 20, ratio=1.0)
    expected = [0.9587, 0.9693, 0.9758, 0.9780, 0.9791]
    np.testing.assert_allclose(values, expected, atol=REGIMES_THEORY_TABLE)
    r = np.array(RANKS)
    other_form = 21**2 / (20 * np.sqrt(23 * (22 + 1 / r)))
    np.testing.assert_allclose(values, other_form, rtol=1e-12)


def test_upper_bound__closed_form():
    largest = mean_alignment_equal_spectrum(20, 20)
    assert abs(largest - 21 / np.sqrt(20 * 23)) < 1e-12
    assert abs(largest - 0.979130) < 5e-7


@given(seed=st.integers(0, 10_000), c=st.floats(0, 3))
def test_no_start_beats_equal_singular_values__property(seed, c):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(6, 5)), c * rng.normal(size=(1, 6))
    bound = 6 / np.sqrt(5 * 8)
    assert 0 < expected_kernel_alignment(first, second) <= bound + 1e-12


@pytest.mark.parametrize("ratio", [0.0, 0.4, 1.0])
def test_equal_spectrum__brute_force(ratio):
    rng = np.random.default_rng(0)
    for rank in RANKS:
        first = flat_start(rng, 30, 20, rank)
        second = ratio * directions(rng, 1, 30)
        value = expected_kernel_alignment(first, second)
        closed = mean_alignment_equal_spectrum(rank, 20, ratio)
        assert abs(value - closed) < REGIMES_THEORY_EXACT


def test_expectation_is_the_mean_over_targets__brute_force():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(7, 6)) ** 3, 0.3 * rng.normal(size=(1, 7))
    sample = kernel_alignment_small_init(first, second, directions(rng, 20_000, 6))
    error = sample.std() / np.sqrt(len(sample))
    assert error < 2e-3
    assert abs(sample.mean() - expected_kernel_alignment(first, second)) < 4 * error


def test_one_task_is_the_cosine_of_two_kernels__brute_force():
    rng = np.random.default_rng(2)
    first, second, target = rng.normal(size=(4, 5)), rng.normal(size=(1, 4)), rng.normal(size=5)
    start = first.T @ first + np.sum(second**2) * np.eye(5)
    b = target / np.linalg.norm(target)
    end = np.outer(b, b) + np.eye(5)
    cosine = np.sum(start * end) / np.linalg.norm(start) / np.linalg.norm(end)
    assert abs(kernel_alignment_small_init(first, second, target) - cosine) < REGIMES_THEORY_EXACT


def test_expectation_is_the_participation_ratio__closed_form():
    first = np.random.default_rng(3).normal(size=(8, 6))
    ratio = participation_ratio(first)
    expected = (1 + 1 / 6) * np.sqrt(ratio / 9)
    value = expected_kernel_alignment(first, np.zeros((1, 8)))
    assert abs(value - expected) < REGIMES_THEORY_EXACT


def test_square_gaussian_is_not_the_maximum__published():
    first = np.random.default_rng(4).normal(size=(400, 400))
    value = expected_kernel_alignment(first, np.zeros((1, 400)))
    assert abs(value - np.sqrt(0.5)) < REGIMES_THEORY_RANDOM_MATRIX


def test_aligned_start__published():
    assert abs(aligned_alignment(1.0, 20) - 1) < REGIMES_THEORY_EXACT
    assert abs(aligned_alignment(0.0, 20) - 2 / np.sqrt(23)) < REGIMES_THEORY_EXACT
    assert abs(aligned_alignment(0.0, 20) - 0.4170290) < 5e-7


@pytest.mark.parametrize("inputs", [2, 5, 20])
def test_aligned_beats_full_rank_above_the_threshold__closed_form(inputs):
    threshold = aligned_threshold(inputs)
    full = mean_alignment_equal_spectrum(inputs, inputs)
    assert abs(aligned_alignment(threshold, inputs) - full) < REGIMES_THEORY_EXACT
    assert aligned_alignment(0.99 * threshold, inputs) < full
    assert aligned_alignment(1.01 * threshold, inputs) > full
    assert abs(aligned_threshold(20) - 0.673) < 5e-4


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.67, 1.0])
def test_aligned_start_of_any_ratio__brute_force(ratio):
    b = directions(np.random.default_rng(5), 1, 20)[0]
    first, second = np.outer(np.eye(30)[0], b), ratio * np.eye(1, 30)
    value = kernel_alignment_small_init(first, second, b)
    assert abs(aligned_alignment(ratio, 20) - value) < REGIMES_THEORY_EXACT


@pytest.mark.parametrize("balanced", [True, False])
def test_rank_one_at_an_angle__brute_force(balanced):
    rng = np.random.default_rng(6)
    v, targets = directions(rng, 1, 20)[0], directions(rng, 50, 20)
    first, second = np.outer(np.eye(30)[0], v), float(balanced) * np.eye(1, 30)
    values = kernel_alignment_small_init(first, second, targets)
    closed = rank_one_alignment((targets @ v) ** 2, 20, balanced=balanced)
    np.testing.assert_allclose(closed, values, atol=REGIMES_THEORY_EXACT)
    if balanced:
        assert closed.min() >= 22 / 23


KAPPA = [1.0, 2.0, 5.0, 10.0, 50.0]


def test_partial_alignment__published():
    # Four published digits; the third cosine is .95355, written as .9536.
    for value, expected in (
        (partial_cosine_squared(KAPPA, 20), [0.5, 0.7809, 0.9536, 0.9877, 0.9995]),
        (partial_alignment(KAPPA, 20, balanced=True), [0.9783, 0.9905, 0.9980, 0.9995, 1.0]),
    ):
        np.testing.assert_allclose(value, expected, atol=REGIMES_THEORY_FOUR_DIGITS)
    without = partial_alignment(KAPPA, 20, balanced=False)
    np.testing.assert_allclose(without, [0.313, 0.371, 0.407, 0.414, 0.417], atol=5.1e-4)


@pytest.mark.parametrize("inputs", [2, 4, 10, 20, 200])
def test_partial_cosine__independent_package(inputs):
    a, kappa = inputs / 4, np.array([0.3, 1.0, 2.0, 5.0, 10.0])
    exact = kappa**2 / 2 * special.hyp2f1(1, a + 1, 2 * a + 1, 1 - kappa**2)
    np.testing.assert_allclose(partial_cosine_squared(kappa, inputs), exact, rtol=1e-8)


def test_partial_alignment_of_random_features__brute_force():
    rng = np.random.default_rng(7)
    kappa, d = 2.0, 20
    left, right = (np.linalg.qr(rng.normal(size=(d, d)))[0] for _ in range(2))
    strong = np.where(np.arange(d) < d // 2, kappa, 0.0)
    weak = np.where(np.arange(d) < d // 2, 0.0, 1.0)
    w = rng.normal(size=(4000, d))
    full = w @ (left * (strong + weak)) @ right
    half = w @ (left * strong) @ right
    cosine = np.sum(full * half, axis=1) ** 2 / np.sum(full**2, axis=1) / np.sum(half**2, axis=1)
    error = cosine.std() / np.sqrt(len(cosine))
    assert abs(cosine.mean() - partial_cosine_squared(kappa, d)) < 4 * error


SCALES = np.array([0.3, 1.0, 3.0, 10.0])


def test_weight_change_at_finite_scale__published():
    low, full = mean_rank_one_end(SCALES, 10), full_rank_end(SCALES, 10)
    np.testing.assert_allclose(low.weight_change[:3], [0.987, 1.389, 3.632], atol=5.1e-4)
    np.testing.assert_allclose(low.weight_change[3], 12.07, atol=5.1e-3)
    np.testing.assert_allclose(full.weight_change, [0.907, 0.709, 0.295, 0.016], atol=5.1e-4)
    ends = [low.kernel_alignment[2], full.kernel_alignment[2]]
    np.testing.assert_allclose(ends, [0.111, 0.993], atol=5.1e-4)


def test_end_states_of_small_starts__closed_form():
    cosine = np.array([0.0, 0.3, 1.0])
    low = rank_one_end(1e-6, cosine, 20)
    limit = rank_one_alignment(cosine**2, 20, balanced=False)
    np.testing.assert_allclose(low.kernel_alignment, limit, atol=1e-6)
    full = full_rank_end(1e-6, 20)
    assert abs(full.kernel_alignment - mean_alignment_equal_spectrum(20, 20)) < 1e-6
    np.testing.assert_allclose([*low.weight_change, full.weight_change], 1.0, atol=2e-6)


def test_mean_over_directions__independent_package():
    law = stats.beta(0.5, 4.5)  # of the squared cosine at d = 10

    def mean(index, scale):
        return law.expect(lambda c: rank_one_end(scale, np.sqrt(c), 10)[index])

    for scale in (0.3, 3.0):
        ours = mean_rank_one_end(scale, 10)
        for index in (0, 1):
            assert abs(ours[index] - mean(index, scale)) < 1e-7


def test_rank_one_end_is_where_the_flow_stops__independent_package():
    # One hidden unit: the flow within the hidden direction, integrated by SciPy.
    sigma, k, d = 1.3, 0.4, 5
    beta = np.array([k, np.sqrt(1 - k**2), 0, 0, 0])
    start = np.append(sigma * np.eye(d)[0], 0.0)

    def slope(_, w):
        rest = beta - w[d] * w[:d]
        return np.append(w[d] * rest, rest @ w[:d])

    end = scipy.integrate.solve_ivp(slope, (0, 60), start, rtol=1e-11, atol=1e-13).y[:, -1]
    kernel = [np.outer(w[:d], w[:d]) + w[d] ** 2 * np.eye(d) for w in (start, end)]
    alignment = np.sum(kernel[0] * kernel[1]) / np.prod([np.linalg.norm(m) for m in kernel])
    ours = rank_one_end(sigma, k, d)
    assert abs(ours.weight_change - np.linalg.norm(end[:d] - start[:d])) < 1e-8
    assert abs(ours.kernel_alignment - alignment) < 1e-8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_alignment_equal_spectrum(21, 20), "not exceed the number of inputs"),
        (lambda: mean_alignment_equal_spectrum(0, 20), "at least 1"),
        (lambda: mean_alignment_equal_spectrum(1, 20, -1.0), "not be negative"),
        (lambda: aligned_alignment(-0.1, 20), "not be negative"),
        (lambda: aligned_threshold(0), "at least 1"),
        (lambda: rank_one_alignment(1.2, 20, balanced=True), "between 0 and 1"),
        (lambda: partial_cosine_squared(2.0, 5), "even"),
        (lambda: partial_cosine_squared(0.0, 4), "positive"),
        (lambda: rank_one_end(0.0, 0.5, 4), "positive"),
        (lambda: rank_one_end(1.0, 1.5, 4), "between 0 and 1"),
        (lambda: full_rank_end(-1.0, 4), "positive"),
        (lambda: mean_rank_one_end(1.0, 1), "at least 2"),
        (lambda: expected_kernel_alignment(np.zeros((2, 3)), np.zeros((1, 2))), "all weights"),
        (
            lambda: kernel_alignment_small_init(np.eye(2), np.ones((1, 2)), np.zeros(2)),
            "length zero",
        ),
        (
            lambda: inspect.unwrap(expected_kernel_alignment)(np.eye(2), np.ones((2, 2))),
            "one output",
        ),
    ],
)
def test_bad_arguments_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
