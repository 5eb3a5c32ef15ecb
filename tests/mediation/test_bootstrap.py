"""Resampled means against the multinomial law, and intervals against SciPy's."""

import numpy as np
import pytest
from scipy.stats import binom, bootstrap, chisquare, multinomial
from spinebook.mediation.bootstrap import METHODS, bootstrap_interval, resample_means

from tests.tolerances import MEDIATION_EXACT, MEDIATION_LEVEL, MEDIATION_STANDARD_ERRORS


@pytest.mark.parametrize("n", [3, 60])
def test_counts_are_binomial__closed_form(n):
    """Each row is drawn Bin(n, 1/n) times; all tails beyond 5 counts are pooled."""
    counts = np.rint(n * resample_means(np.eye(n), 20_000, seed=1)).astype(int)
    assert (counts.sum(axis=1) == n).all()
    seen = np.bincount(np.minimum(counts[:, 1], 5), minlength=6)
    law = binom.pmf(np.arange(6), n, 1 / n)
    law[5] = binom.sf(4, n, 1 / n)
    kept = law > 0
    assert chisquare(seen[kept], 20_000 * law[kept]).pvalue > 1e-4


def test_joint_law_of_counts__closed_form():
    """Every split of three draws over three rows, and of twelve over two groups of rows."""
    counts = np.rint(3 * resample_means(np.eye(3), 60_000, seed=2)).astype(int)
    splits, seen = np.unique(counts, axis=0, return_counts=True)
    law = multinomial.pmf(splits, 3, [1 / 3] * 3)
    assert len(splits) == 10
    assert chisquare(seen, 60_000 * law).pvalue > 1e-4
    group = (np.arange(12) < 5).astype(float)[:, None]
    totals = np.rint(12 * resample_means(group, 60_000, seed=3)[:, 0]).astype(int)
    law = binom.pmf(np.arange(1, 10), 12, 5 / 12)
    seen = np.bincount(totals, minlength=13)[1:10]
    assert chisquare(seen, law * seen.sum() / law.sum()).pvalue > 1e-4


def test_covariance_of_means__closed_form():
    """Bootstrap means of two columns have their sample covariance over n."""
    generator = np.random.default_rng(4)
    rows = generator.normal(size=(400, 2)) @ np.array([[1.0, 0.5], [0.0, 1.0]])
    means = resample_means(rows, 20_000, seed=5) - rows.mean(axis=0)
    expected = np.cov(rows.T, bias=True) / 400
    products = np.stack([means[:, 0] ** 2, means[:, 0] * means[:, 1], means[:, 1] ** 2], axis=1)
    error = products.std(axis=0) / np.sqrt(20_000)
    deviation = products.mean(axis=0) - expected[[0, 0, 1], [0, 1, 1]]
    assert (np.abs(deviation) < MEDIATION_STANDARD_ERRORS * error).all()
    assert (np.abs(means.mean(axis=0)) < 4 * np.sqrt(np.diag(expected) / 20_000)).all()


def test_resampling_is_repeatable__property():
    rows = np.arange(10.0)[:, None]
    first, again, other = (resample_means(rows, 300, seed=s) for s in (6, 6, 7))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("method", METHODS)
def test_intervals_like_scipy__independent_package(method):
    """The same draws handed to both; SciPy knows percentile and BCa, which is BC without g."""
    data = np.random.default_rng(8).gamma(2.0, size=40)
    names = {"percentile": "percentile", "bca": "BCa"}
    if method not in names:
        flat = np.array([-1.0, 1.0])  # without skew the acceleration is 0
        draws = np.random.default_rng(9).normal(0.3, 1, 3000)
        both = [bootstrap_interval(draws, 0.5, method=m, left_out=flat) for m in ("bca", method)]
        assert both[0] == pytest.approx(both[1], abs=MEDIATION_EXACT)
        assert both[1].high > np.quantile(draws, 0.975)  # most draws lie below the estimate
        return
    generator = np.random.default_rng(8)
    found = bootstrap((data,), np.mean, n_resamples=3000, method=names[method], rng=generator)
    left_out = (data.sum() - data) / (len(data) - 1)
    ours = bootstrap_interval(
        found.bootstrap_distribution, data.mean(), method=method, left_out=left_out
    )
    expected = found.confidence_interval
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_p_value_and_interval_agree__property(method):
    """The interval at the level of the p value ends at zero."""
    generator = np.random.default_rng(10)
    left_out = generator.gamma(1.0, size=50)
    for centre in (-1.5, 0.4, 1.9):
        draws = centre + generator.normal(size=2000) + 0.2 * generator.exponential(size=2000)
        settings = {"method": method, "left_out": left_out}
        p = bootstrap_interval(draws, centre, **settings).p_value
        at = bootstrap_interval(draws, centre, confidence=1 - p, **settings)
        assert min(abs(at.low), abs(at.high)) < MEDIATION_EXACT
        wider = bootstrap_interval(draws, centre, confidence=1 - p + MEDIATION_LEVEL, **settings)
        assert wider.low < 0 < wider.high


def test_p_value_is_never_zero__closed_form():
    found = bootstrap_interval(np.linspace(1, 2, 999), 1.5)
    assert found.p_value == pytest.approx(2 / 1000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: bootstrap_interval(d, 0.0, method="basic"), "method must be one of"),
        (lambda d: bootstrap_interval(d, 0.0, method="bca"), "left out"),
        (lambda d: bootstrap_interval(d, 0.0, confidence=0.99), "at least 200"),
        (lambda d: bootstrap_interval(d, 0.0, confidence=1.0), "strictly between"),
        (lambda d: resample_means(d[:, None], 0, seed=0), "resamples must be at least 1"),
        (lambda d: resample_means(d[:0, None], 5, seed=0), "at least one row"),
    ],
)
def test_bad_input__property(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.arange(100.0))
