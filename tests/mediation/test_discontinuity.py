"""Spike discontinuity: O12, O12b and its standard errors."""

import numpy as np
import pytest
from spinebook.mediation.discontinuity import (
    naive_difference,
    spike_discontinuity,
    window_difference,
)

from tests.tolerances import (
    MEDIATION_EXACT,
    MEDIATION_SIX_DIGITS,
    MEDIATION_STANDARD_ERRORS,
)


def trials(n, theta=0.0, curved=False, seed=0):
    """The Gaussian model of eq. 20, or the curved one, with correlation .8 and effect 1."""
    z, xi, e = np.random.default_rng(seed).normal(size=(3, n))
    bend = 0.3 * (z**3 - 3 * z) / np.sqrt(6) if curved else 0.0
    return z, (z > theta) + 0.8 * (z + bend) + 0.6 * xi + e


def test_expected_differences__published():
    assert naive_difference(1.0, 1.0, 0.8) == pytest.approx(2.276615, abs=MEDIATION_SIX_DIGITS)
    found = window_difference(1.0, 1.0, 0.8, [1.0, 0.5, 0.1])
    np.testing.assert_allclose(found, [1.735780, 1.391738, 1.079933], atol=MEDIATION_SIX_DIGITS)


@pytest.mark.parametrize("theta", [0.0, 0.7])
def test_expected_differences__independent_package(theta):
    from scipy.stats import truncnorm

    def jump(window):
        above = truncnorm.mean(theta, theta + window)
        return above - truncnorm.mean(theta - window, theta)

    for window in (0.1, 0.5, 1.0):
        expected = 0.4 - 1.5 * 0.3 * jump(window)
        found = window_difference(0.4, -1.5, 0.3, window, theta)
        assert found == pytest.approx(expected, abs=1e-9)
    assert naive_difference(0.4, -1.5, 0.3, theta) == pytest.approx(
        0.4 - 1.5 * 0.3 * jump(np.inf), abs=1e-9
    )


@pytest.mark.parametrize("theta", [0.0, 0.7])
def test_estimates__closed_form(theta):
    """O12, also off the middle: means as the formula says, lines unbiased at every window."""
    z, r = trials(1_000_000, theta, seed=1)
    naive = spike_discontinuity(z, r, threshold=theta, order=0)
    expected = naive_difference(1.0, 1.0, 0.8, theta)
    assert abs(naive.value - expected) < MEDIATION_STANDARD_ERRORS * naive.standard_error
    assert naive.below + naive.above == len(z)
    for window in (1.0, 0.5, 0.1):
        for order, limit in ((0, window_difference(1.0, 1.0, 0.8, window, theta)), (1, 1.0)):
            found = spike_discontinuity(z, r, threshold=theta, window=window, order=order)
            assert abs(found.value - limit) < MEDIATION_STANDARD_ERRORS * found.standard_error


def test_curved_drive__published():
    """O12b: limits of means and lines where the outcome bends with the drive."""
    z, r = trials(1_000_000, curved=True, seed=2)
    limits = {1.0: (1.506755, 0.964908), 0.5: (1.253677, 0.995234), 0.1: (1.050613, 0.999961)}
    for window, pair in limits.items():
        for order, limit in enumerate(pair):
            found = spike_discontinuity(z, r, window=window, order=order)
            assert abs(found.value - limit) < MEDIATION_STANDARD_ERRORS * found.standard_error
            if order == 1 and window == 1.0:
                assert found.value < 1 - MEDIATION_STANDARD_ERRORS * found.standard_error


@pytest.mark.parametrize("order", [0, 1])
def test_standard_errors__brute_force(order):
    """Over 3,000 samples with noise that grows with the drive; 1 / sqrt(6000) is 1.3 %."""
    generator = np.random.default_rng(3)
    values, errors = [], []
    for _ in range(3000):
        z = generator.uniform(-1, 1, 400)
        r = (z > 0) + z + (0.2 + np.abs(z)) * generator.normal(size=400)
        found = spike_discontinuity(z, r, window=0.8, order=order)
        values.append(found.value)
        errors.append(found.standard_error)
    assert np.std(values) == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=4 * 0.013)


def test_lines_are_two_regressions__independent_package():
    z, r = trials(300, seed=4)
    found = spike_discontinuity(z, r, threshold=0.2, window=0.9)
    ends = []
    for side in ((z <= 0.2) & (z > -0.7), (z > 0.2) & (z < 1.1)):
        slope, intercept = np.polyfit(z[side], r[side], 1)
        ends.append(intercept + slope * 0.2)
    assert found.value == pytest.approx(ends[1] - ends[0], abs=MEDIATION_EXACT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0.0}, "window must be positive"),
        ({"window": 0.01}, "trials lie below"),
        ({"threshold": 9.0}, "trials lie above"),
        ({"order": 2}, "order must be 0"),
        ({"outcome": np.arange(9.0)}, "of one length"),
        ({"drive": np.full(10, np.inf)}, "drive must be finite"),
        ({"drive": np.repeat([-1.0, 1.0], 5)}, "all at one drive"),
    ],
)
def test_bad_trials__property(change, message):
    given = {"drive": np.linspace(-1, 1, 10), "outcome": np.arange(10.0)} | change
    with pytest.raises(ValueError, match=message):
        spike_discontinuity(**given)


def test_bad_models__property():
    with pytest.raises(ValueError, match="between -1 and 1"):
        naive_difference(1.0, 1.0, 1.2)
    with pytest.raises(ValueError, match="window must be positive"):
        window_difference(1.0, 1.0, 0.8, [0.1, 0.0])
