"""Tables of values computed elsewhere with exact integers, or printed in the public code."""

import numpy as np
import pytest
from scipy.stats import binom
from spinebook.dendrites import (
    log_false_match,
    log_false_negative,
    log_union_false_match,
)

from tests.tolerances import DENDRITES_PUBLISHED

FALSE_MATCH = {  # (n, a, s): thresholds 5, 8, 10, 12, 15, 20
    (2000, 40, 20): "3.0827517e-5 1.3017363e-9 4.9436312e-13 "
    "7.6602308e-17 2.4719233e-23 3.5181411e-37",
    (2000, 40, 30): "2.4455843e-4 5.2346897e-8 6.9982262e-11 "
    "4.6115336e-14 2.1951151e-19 9.5943759e-30",
    (4000, 128, 20): "3.2681001e-4 8.0639247e-8 1.1169271e-10 "
    "6.9774858e-14 2.2390199e-19 2.7766708e-31",
    (4000, 128, 30): "2.3233099e-3 2.8595149e-6 1.3831011e-8 "
    "3.6485213e-11 1.7104735e-15 6.419354e-24",
    (10000, 300, 20): "2.5145223e-4 5.5030265e-8 7.2085154e-11 "
    "4.346057e-14 1.3753585e-19 1.8598074e-31",
    (10000, 300, 30): "1.8077123e-3 1.9673991e-6 8.9765774e-9 "
    "2.2790794e-11 1.0491918e-15 4.2618715e-24",
    (20000, 200, 20): "1.3052524e-6 9.8772155e-12 1.3507975e-15 "
    "8.4189694e-20 8.7111087e-27 3.7795878e-41",
    (20000, 200, 30): "1.1060635e-5 4.2125598e-10 2.0141424e-13 "
    "5.297929e-17 7.987884e-23 1.0418108e-33",
}
FALSE_NEGATIVE = {  # (a, s, v): thresholds 8, 10, 12, 15
    (128, 20, 25): "9.1683e-7 1.04741e-4 4.1546e-3 0.162824",
    (128, 30, 25): "3.87758e-17 2.0945e-13 2.37386e-10 9.91649e-7",
    (128, 30, 64): "7.35429e-4 0.0103827 0.0716985 0.417498",
    (300, 20, 60): "6.36335e-6 3.37418e-4 7.74418e-3 0.188906",
    (300, 30, 60): "1.17874e-12 3.09363e-10 3.94744e-8 1.67701e-5",
    (300, 30, 150): "1.64552e-3 0.0164131 0.0885852 0.423868",
}
HALF_OF_THE_SYNAPSES = {  # (a, n): s = 20, 24, 30 with theta = s / 2
    (32, 2000): "3.904e-14 6.597e-17 3.270e-21",
    (32, 4000): "3.967e-17 1.676e-20 1.033e-25",
    (256, 16000): "1.481e-13 4.962e-16 9.572e-20",
    (512, 16000): "1.430e-10 1.935e-12 3.078e-15",
    (4000, 16000): "0.01381 7.159e-3 2.725e-3",
}
MEDIANS = {  # theta: median over the 420 settings of the paper, over the 210 of the later code
    3: (1.8156949e-2, 1.7325533e-2),
    5: (2.1017341e-4, 1.7096972e-4),
    7: (9.5978304e-7, 6.5724463e-7),
    8: (4.8341139e-8, 3.333501e-8),
    9: (2.040551e-9, 1.3535143e-9),
    10: (7.4003439e-11, 4.7995365e-11),
    12: (7.6312954e-14, 3.4094419e-14),
    15: (1.0327318e-18, 1.3715933e-19),
    20: (4.1123385e-28, 3.8984228e-30),
    24: (2.6019858e-36, 2.0709524e-39),
}
UNIONS = {  # (n, w, theta, m): rate with the rounded mean size inserted
    (1024, 20, 18, 20): 1.19338e-7,
    (1024, 20, 16, 20): 1.51973e-5,
    (64, 4, 3, 10): 0.260389,
    (64, 8, 7, 10): 0.312599,
    (8192, 40, 32, 80): 7.44229e-10,
    (65536, 40, 36, 1000): 4.91401e-9,
    (65536, 40, 32, 1000): 9.39629e-6,
    (1024, 20, 20, 20): 1.25320e-10,
    (1024, 20, 20, 30): 7.76674e-8,
    (65536, 40, 40, 1000): 2.44460e-14,
}


def numbers(text):
    return [float(x) for x in text.split()]


@pytest.mark.parametrize("setting", FALSE_MATCH)
def test_false_match__published(setting):
    got = np.exp(np.asarray(log_false_match(*setting, np.array([5, 8, 10, 12, 15, 20]))))
    np.testing.assert_allclose(got, numbers(FALSE_MATCH[setting]), rtol=DENDRITES_PUBLISHED)


@pytest.mark.parametrize("setting", FALSE_NEGATIVE)
def test_false_negative__published(setting):
    got = np.exp(np.asarray(log_false_negative(*setting, np.array([8, 10, 12, 15]))))
    np.testing.assert_allclose(got, numbers(FALSE_NEGATIVE[setting]), rtol=2e-5)  # five digits


def test_false_negative_under_noise__published():
    swaps, thresholds = np.array([[38, 64, 102, 45, 51], [16, 16, 16, 12, 8]])
    got = np.exp(np.asarray(log_false_negative(128, 30, swaps, thresholds)))
    expected = [6.2750439e-3, 0.58250177, 0.99999775, 3.1443537e-4, 3.4557627e-6]
    np.testing.assert_allclose(got, expected, rtol=DENDRITES_PUBLISHED)


@pytest.mark.parametrize("setting", HALF_OF_THE_SYNAPSES)
def test_threshold_at_half_of_the_synapses__published(setting):
    a, n = setting
    s = np.array([20, 24, 30])
    got = np.exp(np.asarray(log_false_match(n, a, s, s // 2)))
    np.testing.assert_allclose(
        got, numbers(HALF_OF_THE_SYNAPSES[setting]), rtol=4e-4
    )  # four digits


@pytest.mark.parametrize(("column", "last"), [(0, 190_000), (1, 17_000)])
def test_medians_over_a_grid__published(column, last):
    populations = (
        np.arange(10_000, last + 1, 20_000) if column == 0 else np.arange(1000, last + 1, 4000)
    )
    n, f, s = np.meshgrid(populations, np.arange(1, 7) * 0.005, np.arange(20, 51, 5))
    thetas = np.array(list(MEDIANS))[:, None]
    a = np.round(f * n).astype(int).ravel()
    logs = log_false_match(n.ravel(), a, s.ravel(), thetas, allow_impossible=True)
    got = np.median(np.exp(np.asarray(logs)), axis=1)
    np.testing.assert_allclose(got, [pair[column] for pair in MEDIANS.values()], rtol=1e-7)


def test_dense_and_fixed_fractions__published():
    n = np.array([300, 1000, 3500, 19_900])
    half = np.exp(np.asarray(log_false_match(n, n // 2, 24, 12)))
    np.testing.assert_allclose(half, [0.58402, 0.58157, 0.58087, 0.58064], rtol=2e-5)
    n = np.array([1000, 2000, 4000, 10_000, 100_000])
    fixed = np.exp(np.asarray(log_false_match(n, n * 4 // 125, 24, 12)))
    np.testing.assert_allclose(
        fixed, [2.49e-13, 8.00e-13, 1.343e-12, 1.801e-12, 2.136e-12], rtol=3e-3
    )
    assert (np.diff(fixed) > 0).all()
    assert fixed[-1] < binom.sf(11, 24, 0.032)


@pytest.mark.parametrize("setting", UNIONS)
def test_inexact_matches_in_a_union__published(setting):
    n, w, theta, m = setting
    got = np.exp(float(log_union_false_match(n, w, w, m, theta, "plugin")))
    assert got == pytest.approx(UNIONS[setting], rel=DENDRITES_PUBLISHED)


def test_higher_thresholds_for_mixed_segments__published():
    m = np.array([1, 2, 4, 8, 16, 32])[:, None]
    rates = np.asarray(log_union_false_match(20_000, 100, 25, m, np.arange(1, 26)))
    assert (1 + np.argmax(rates <= np.log(1e-9), axis=1)).tolist() == [7, 8, 10, 12, 16, 21]


@pytest.mark.parametrize(
    ("n", "a", "noise", "expected"),
    [
        (20_000, 400, 0.3, [6, 7, 8, 11, 14]),
        (20_000, 400, 0.5, [4, 5, 6, 8, 9]),
        (4000, 128, 0.3, [6, 8, 10, 13, 17]),
        (4000, 128, 0.5, [5, 6, 7, 9, 12]),
    ],
)
def test_thresholds_with_the_fewest_errors__published(n, a, noise, expected):
    best = []
    for s in (20, 25, 30, 40, 50):
        theta = np.arange(1, s + 1)
        wrong = np.exp(np.asarray(log_false_match(n, a, s, theta)))
        missed = np.exp(np.asarray(log_false_negative(a, s, round(noise * a), theta)))
        best.append(int(theta[np.argmin(wrong + missed)]))
    assert best == expected
