"""Superiority, differences of shares and Holm's rule against scipy, enumeration and simulation."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, brunnermunzel, mannwhitneyu, norm
from spinebook.stats.comparison import difference_of_shares, holm, probability_of_superiority

from tests import tolerances

SMALL = st.lists(st.integers(0, 5), min_size=2, max_size=12)


@given(SMALL, SMALL)
def test_superiority_counts_pairs__brute_force(x, y):
    pairs = [1.0 if a < b else 0.5 if a == b else 0.0 for a, b in itertools.product(x, y)]
    found = probability_of_superiority(x, y)
    assert found.value == pytest.approx(np.mean(pairs))
    assert 0 <= found.low <= found.value <= found.high <= 1
    turned = probability_of_superiority(y, x)
    ends = (1 - turned.value, 1 - turned.high, 1 - turned.low)
    np.testing.assert_allclose(found, ends, atol=tolerances.STATISTICS_CLOSED_FORM)


def test_superiority_with_censored_runs__independent_package():
    generator = np.random.default_rng(0)
    x, y = generator.integers(1, 60, 30), generator.integers(20, 90, 40)
    censored_x, censored_y = np.where(x > 45, np.inf, x), np.where(y > 45, np.inf, y)
    found = probability_of_superiority(censored_x, censored_y)
    u = mannwhitneyu(censored_x, censored_y).statistic
    assert found.value == pytest.approx(1 - u / (30 * 40))
    last = probability_of_superiority(np.minimum(x, 46), np.minimum(y, 46))
    assert found == last


def test_width_is_brunner_and_munzels__independent_package():
    """Their statistic is (A - 1/2) over the same standard error."""
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=25), np.round(generator.normal(0.7, 2.0, 40), 1)
    found = probability_of_superiority(x, y, 0.9)
    error = (found.value - 0.5) / brunnermunzel(x, y).statistic
    logit = np.log(found.value / (1 - found.value))
    half = norm.ppf(0.95) * abs(error) / (found.value * (1 - found.value))
    ends = 1 / (1 + np.exp(-(logit + half * np.array([-1, 1]))))
    np.testing.assert_allclose(
        (found.low, found.high), ends, rtol=tolerances.STATISTICS_CLOSED_FORM
    )


def test_complete_separation_and_ties__closed_form():
    apart = probability_of_superiority(np.arange(40), np.arange(40, 60))
    a, z = apart.low, norm.ppf(0.975)
    spread = 1 + 29 * ((1 - a) / (2 - a) + a / (1 + a))
    assert apart.value == apart.high == 1.0
    assert (1 - a) ** 2 == pytest.approx(z**2 * a * (1 - a) * spread / 800, rel=1e-6)
    reverse = probability_of_superiority(np.arange(40, 60), np.arange(40))
    assert (reverse.low, reverse.value) == (0.0, 0.0)
    assert reverse.high == pytest.approx(1 - a, abs=1e-9)
    tied = probability_of_superiority(np.full(30, np.inf), np.full(30, np.inf))
    assert tied.value == 0.5
    assert tied.low + tied.high == pytest.approx(1.0)
    assert tied.high - tied.low == pytest.approx(2 * z * np.sqrt((1 + 29 * 2 / 3) / 3600), rel=0.05)


def draws_of_epochs(generator):
    """Geometric epochs, censored at 12: many ties; P(A < B) by enumeration."""
    first, second = generator.geometric(0.2, 40), generator.geometric(0.1, 40)
    return np.where(first > 12, np.inf, first), np.where(second > 12, np.inf, second)


def superiority_of_epochs():
    laws = [
        np.append(0.2 * 0.8 ** np.arange(12), 0.8**12),
        np.append(0.1 * 0.9 ** np.arange(12), 0.9**12),
    ]
    joint = np.outer(*laws)
    return np.triu(joint, 1).sum() + np.trace(joint) / 2


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda g: (g.normal(0, 1, 40), g.normal(0.8, 1, 40)), norm.cdf(0.8 / np.sqrt(2))),
        (lambda g: (g.normal(0, 1, 25), g.normal(2, 2, 60)), norm.cdf(2 / np.sqrt(5))),
        (draws_of_epochs, superiority_of_epochs()),
    ],
    ids=["normal", "unequal", "censored"],
)
def test_superiority_covers__property(draw, truth):
    generator = np.random.default_rng(2)
    trials = 4000
    hits = 0
    for _ in range(trials):
        found = probability_of_superiority(*draw(generator))
        hits += found.low <= truth <= found.high
    assert hits / trials == pytest.approx(0.95, abs=tolerances.STATISTICS_SUPERIORITY_COVERAGE)


@pytest.mark.parametrize(
    ("table", "ends"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
    ],
)
def test_difference_of_shares__published(table, ends):
    """Newcombe 1998, table II, method 10."""
    found = difference_of_shares(*table)
    assert found.low == pytest.approx(ends[0], abs=tolerances.STATISTICS_FOUR_DIGITS)
    assert found.high == pytest.approx(ends[1], abs=tolerances.STATISTICS_FOUR_DIGITS)


@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_difference_of_shares_from_scipys_wilson_limits__independent_package(n, m, data):
    k, j = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    found = difference_of_shares(k, n, j, m, 0.9)
    one = binomtest(k, n).proportion_ci(0.9, "wilson")
    two = binomtest(j, m).proportion_ci(0.9, "wilson")
    low = k / n - j / m - np.hypot(k / n - one.low, two.high - j / m)
    high = k / n - j / m + np.hypot(one.high - k / n, j / m - two.low)
    expected = (k / n - j / m, low, high)
    np.testing.assert_allclose(found, expected, atol=tolerances.STATISTICS_WILSON)
    assert -1 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize(("p", "q"), [(0.64, 0.94), (0.5, 0.5), (0.975, 0.985)])
def test_difference_of_shares_covers__brute_force(p, q):
    """Coverage summed over every table of two groups of 40."""
    counts = np.arange(41)
    weights = np.outer(binom.pmf(counts, 40, p), binom.pmf(counts, 40, q))
    covered = 0.0
    for k, j in zip(*np.nonzero(weights > 1e-9), strict=True):
        found = difference_of_shares(int(k), 40, int(j), 40)
        covered += weights[k, j] * (found.low <= p - q <= found.high)
    assert covered > tolerances.STATISTICS_SHARE_COVERAGE


def stepwise_rejections(p, alpha):
    """Holm's rule as it is told: from the smallest on, until the first that is not small enough."""
    rejected = set()
    for step, test in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[test] > alpha / (len(p) - step):
            break
        rejected.add(test)
    return rejected


@given(st.lists(st.sampled_from([0.0, 0.004, 0.0125, 0.02, 0.04, 0.3, 1.0]), min_size=1))
def test_holm_rejects_step_by_step__brute_force(p):
    adjusted = holm(p)
    for alpha in (0.0497, 0.0113, 0.2001):  # none is a multiple of a p value above
        rejected = {i for i, value in enumerate(adjusted) if value <= alpha}
        assert rejected == stepwise_rejections(p, alpha)


def test_holm_of_rows__closed_form():
    rows = np.array([[0.01, 0.02, 0.04, 0.03], [0.9, 0.001, 0.5, 0.001]])
    expected = [[0.04, 0.06, 0.06, 0.06], [1.0, 0.004, 1.0, 0.004]]
    np.testing.assert_allclose(holm(rows), expected, rtol=tolerances.STATISTICS_CLOSED_FORM)
    assert holm([0.3]) == [0.3]


def test_holm__independent_package():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(4).uniform(size=30) ** 3
    np.testing.assert_allclose(holm(p), multitest.multipletests(p, method="holm")[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: probability_of_superiority([1.0], [1.0, 2.0]), "first needs two observations"),
        (lambda: probability_of_superiority([1.0, np.nan], [1.0, 2.0]), "first must be finite"),
        (lambda: probability_of_superiority([1.0, 2.0], []), "second is empty"),
        (lambda: probability_of_superiority([1, 2], [1, 2], 0.0), "strictly between"),
        (lambda: difference_of_shares(3, 2, 1, 2), "first_successes must not exceed"),
        (lambda: difference_of_shares(1, 2, 0, 0), "second_trials must be at least 1"),
        (lambda: holm([0.2, 1.2]), "between 0 and 1"),
        (lambda: holm(0.2), "axis of tests"),
    ],
)
def test_bad_comparisons_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
