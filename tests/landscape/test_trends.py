"""Trends of recorded measures and correlations over networks against oracles."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from spinebook.landscape.correlations import (
    largest_block,
    over_seeds,
    partial_correlation,
    pearson,
    within_settings,
)
from spinebook.landscape.trends import (
    at_equal_loss,
    interpolating,
    late_trend,
    slopes_on_log_rate,
)

from tests.tolerances import LANDSCAPE_CLOSED_FORM, LANDSCAPE_ROUTES


def test_late_phase_and_its_slope__closed_form():
    steps = np.array([0, 10, 100, 1000, 10000])
    loss = np.tile(
        [1.0, 1e-4, 1.0, 1e-4, 1e-5],
        (7, 1),
    )
    loss[6, -1] = np.nan
    accuracy = np.ones_like(loss)
    late = interpolating(loss, accuracy)
    assert late[0].tolist() == [False, False, False, True, True]
    assert not late[6].any()
    early = late.copy()
    early[:, 2] = True
    powers = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    with np.errstate(divide="ignore"):
        measure = powers[:, None] * np.log(steps)
    trend = late_trend(steps, measure, early & ~np.isnan(loss))
    half = scipy_stats.t.ppf(0.975, 5) * powers[:6].std(ddof=1) / 6**0.5
    assert trend.runs == 6
    assert trend.value == pytest.approx(3.5, rel=LANDSCAPE_CLOSED_FORM)
    assert trend.high - trend.value == pytest.approx(half)
    assert late_trend(steps, measure, late).open


def test_reading_at_equal_loss__closed_form():
    # Both follow loss^-2 exactly, so that at equal loss they agree although they end far apart.
    loss = np.array([[[1.0, 0.1, 0.01], [1.0, 0.05, 0.0001], [1.0, np.nan, np.nan]]])
    values = at_equal_loss(-2 * np.log(loss), loss)
    np.testing.assert_allclose(values[0, :2], -2 * np.log(0.01), rtol=LANDSCAPE_CLOSED_FORM)
    assert np.isnan(values[0, 2])


def test_slopes_leave_diverged_runs_out__closed_form():
    rates = np.array([0.1, 0.2, 0.4, 0.8])
    values = -1.5 * np.log(rates) + np.arange(3)[:, None]
    values[1, 3] = values[2, 2:] = np.nan
    np.testing.assert_allclose(
        slopes_on_log_rate(values, rates), [-1.5, -1.5], rtol=LANDSCAPE_CLOSED_FORM
    )


def test_correlations__independent_package():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20, 3))
    x, y = z + rng.normal(size=z.shape), z + rng.normal(size=z.shape)
    expected = scipy_stats.pearsonr(x.ravel(), y.ravel()).statistic
    assert pearson(x, y) == pytest.approx(expected, rel=LANDSCAPE_CLOSED_FORM)
    design = np.stack([np.ones(60), z.ravel()], axis=1)
    rest = [v.ravel() - design @ np.linalg.lstsq(design, v.ravel())[0] for v in (x, y)]
    expected = scipy_stats.pearsonr(*rest).statistic
    assert partial_correlation(x, y, z) == pytest.approx(expected, rel=LANDSCAPE_ROUTES)
    np.testing.assert_allclose(within_settings(x).mean(axis=0), 0, atol=LANDSCAPE_CLOSED_FORM)


def test_bootstrap_draws_whole_seeds__property():
    """Ten equal runs a seed tell no more than one."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 12, 1))
    one = over_seeds([x, y], pearson, seed=0)
    ten = over_seeds([np.tile(x, 10), np.tile(y, 10)], pearson, seed=0)
    np.testing.assert_allclose(one, ten, rtol=LANDSCAPE_ROUTES)


def test_largest_block__brute_force():
    finite = np.random.default_rng(0).random((7, 4)) < 0.7
    seeds, settings = largest_block(finite)
    assert finite[np.ix_(seeds, settings)].all()
    everything = finite.all(axis=1).sum() * 4
    assert len(seeds) * len(settings) >= max(everything, finite.sum(axis=0).max())
