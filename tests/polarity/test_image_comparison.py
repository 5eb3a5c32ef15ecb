"""The mean probability of superiority against SciPy, and its bootstrap against DeLong's error."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from spinebook.polarity.image_comparison import mean_superiority
from spinebook.stats import probability_of_superiority

from tests.tolerances import POLARITY_BOOTSTRAP_WIDTH, POLARITY_FLOAT64_STEPS


def test_value_against_mann_whitney__independent_package():
    generator = np.random.default_rng(0)
    first, second = generator.integers(0, 12, (2, 30, 4))
    expected = [
        1 - mannwhitneyu(x, y).statistic / 900 for x, y in zip(first.T, second.T, strict=True)
    ]
    found = mean_superiority(first.astype(float), second.astype(float), seed=0, resamples=20)
    assert found.value == pytest.approx(np.mean(expected), abs=POLARITY_FLOAT64_STEPS)


def test_separate_scenarios_and_like_ones__closed_form():
    generator = np.random.default_rng(1)
    errors = generator.uniform(size=(12, 3))
    assert mean_superiority(errors, errors + 1, seed=0, resamples=50) == (1, 1, 1)
    assert mean_superiority(errors + 1, errors, seed=0, resamples=50) == (0, 0, 0)
    assert mean_superiority(errors, errors, seed=0, resamples=50).value == 0.5


def test_width_for_independent_sizes__independent_package():
    """Independent sizes and scenarios: the interval is that of DeLong over the root of the sizes.

    Rows that are copies of one size tell no more than one, which resampling whole rows must see.
    """
    generator = np.random.default_rng(2)
    first, second = generator.normal(size=(2, 100, 4)) + np.array([0, 0.3])[:, None, None]
    ends = [
        probability_of_superiority(x, y).high - probability_of_superiority(x, y).low
        for x, y in zip(first.T, second.T, strict=True)
    ]
    found = mean_superiority(first, second, seed=0)
    expected = np.mean(ends) / 2
    assert found.high - found.low == pytest.approx(expected, rel=POLARITY_BOOTSTRAP_WIDTH)
    copied = [np.repeat(each[:, :1], 4, axis=1) for each in (first, second)]
    found = mean_superiority(*copied, seed=0)
    assert found.high - found.low == pytest.approx(ends[0], rel=POLARITY_BOOTSTRAP_WIDTH)


def test_bad_errors_are_refused__property():
    errors = np.ones((4, 2))
    with pytest.raises(ValueError, match="same shape"):
        mean_superiority(errors, errors[:, :1], seed=0)
    with pytest.raises(ValueError, match="second must be finite"):
        mean_superiority(errors, np.full((4, 2), np.nan), seed=0)
    with pytest.raises(ValueError, match="two observations"):
        mean_superiority(errors[:1], errors[:1], seed=0)
