"""Other packages on the same data: where they agree with ours, and where and why they do not.

Written against statsmodels 0.15.0 and pingouin 0.7.0; without them these tests are skipped.
"""

import warnings

import numpy as np
import pytest
from spinebook.mediation.estimate import estimate_mediation
from spinebook.mediation.significance import product_variance
from spinebook.stats import binomial_interval

from tests.tolerances import MEDIATION_EXACT

with warnings.catch_warnings():  # their own deprecations are not ours to answer for
    warnings.simplefilter("ignore")
    try:
        import pingouin
    except ImportError:
        pingouin = None
    try:
        import statsmodels.api as sm
        from statsmodels.stats.mediation import Mediation
    except ImportError:
        sm = None

needs_pingouin = pytest.mark.skipif(pingouin is None, reason="pingouin is not installed")
needs_statsmodels = pytest.mark.skipif(sm is None, reason="statsmodels is not installed")


def baseline(n, seed=0, binary=False):
    generator = np.random.default_rng(seed)
    x, e, f = generator.normal(size=(3, n))
    x = (x > 0).astype(float) if binary else x
    m = 0.5 * x + e
    return x, m, 0.3 * x + 0.8 * m + f


def refit(response, *regressors):
    return sm.OLS(response, sm.add_constant(np.stack(regressors, axis=1))).fit()


@needs_statsmodels
def test_regressions_of_statsmodels__independent_package():
    """Values, standard errors, p values and intervals of all three regressions."""
    x, m, y = baseline(60, seed=1)
    c = np.random.default_rng(2).normal(size=60)
    found = estimate_mediation(x, m, y, covariates=c, method="sobel")
    first, second, third = refit(m, x, c), refit(y, x, m, c), refit(y, x, c)
    fits = {"a": (first, 1), "b": (second, 2), "direct": (second, 1), "total": (third, 1)}
    for name, (fit, place) in fits.items():
        expected = (fit.params[place], fit.bse[place], *fit.conf_int()[place], fit.pvalues[place])
        np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-8)


@needs_statsmodels
def test_mediation_of_statsmodels__independent_package():
    """Its bootstrap gives the mean of its draws and no estimate: equal to ours within its noise."""
    x, m, y = baseline(300, seed=3)
    models = [
        sm.OLS(y, np.stack([np.ones(300), x, m], axis=1)),
        sm.OLS(m, np.stack([np.ones(300), x], axis=1)),
    ]
    model = Mediation(*models, (1, 1), 2)
    fitted = model.fit(n_rep=300, method="bootstrap", rng=np.random.default_rng(4))
    found = estimate_mediation(x, m, y)
    for name, effects in {"indirect": "ACME_avg", "direct": "ADE_avg"}.items():
        draws = np.asarray(getattr(fitted, effects))
        value = float(getattr(found, name).value)
        assert abs(draws.mean() - value) < 4 * draws.std() / np.sqrt(300) + 0.01


@pytest.mark.slow
@needs_statsmodels
def test_two_noises_of_statsmodels__independent_package():
    """It draws the mediator's noise apart for both worlds, which no averaging removes.

    A replicate's effect then has the extra variance 2 b^2 sigma_M^2 / n: at n = 1,000 and a binary
    stimulus its standard deviation is 1.21 times the right one. 600 replicates know it to 3 %.
    """
    n, replicates = 1000, 600
    x, m, y = baseline(n, seed=5, binary=True)
    ones = np.ones(n)
    models = [sm.OLS(y, np.stack([ones, x, m], axis=1)), sm.OLS(m, np.stack([ones, x], axis=1))]
    model = Mediation(*models, (1, 1), 2)
    fitted = model.fit(n_rep=replicates, method="parametric", rng=np.random.default_rng(6))
    theirs = np.asarray(fitted.ACME_avg).std()
    right = float(estimate_mediation(x, m, y, method="sobel").indirect.standard_error)
    exact = product_variance(0.5, 0.8, n, stimulus_sd=0.5)
    factor = np.sqrt(1 + 2 * 0.8**2 / n / exact)
    assert factor == pytest.approx(1.21, abs=0.005)
    # The sample's own b, and its own spreads, move the ratio by a few percent.
    assert theirs / right == pytest.approx(factor, rel=4 * 0.03)
    assert theirs / right > 1 + 2 * 0.03


@needs_pingouin
def test_coefficients_of_pingouin__independent_package():
    """Its products, direct and total effects; its 'Y ~ M' leaves the stimulus out and is no b."""
    pandas = pytest.importorskip("pandas")
    x, m, y = baseline(80, seed=7)
    second = x - m + np.random.default_rng(8).normal(size=80)
    speed = np.random.default_rng(9).normal(size=80)
    data = pandas.DataFrame({"x": x, "m": m, "k": second, "y": y, "speed": speed})
    settings = {"x": "x", "y": "y", "covar": "speed", "n_boot": 50, "seed": 1}
    table = pingouin.mediation_analysis(data, m=["m", "k"], **settings).set_index("path")["coef"]
    found = estimate_mediation("x", ["m", "k"], "y", data=data, covariates="speed", method="sobel")
    ours = {
        "m ~ X": found.a.value[0],
        "k ~ X": found.a.value[1],
        "Total": found.total.value,
        "Direct": found.direct.value,
        "Indirect m": found.specific.value[0],
        "Indirect k": found.specific.value[1],
    }
    for name, value in ours.items():
        assert table[name] == pytest.approx(value, abs=MEDIATION_EXACT)
    one = pingouin.mediation_analysis(data, m="m", **settings).set_index("path")["coef"]
    single = estimate_mediation("x", "m", "y", data=data, covariates="speed", method="sobel")
    assert one["Indirect"] == pytest.approx(single.indirect.value, abs=MEDIATION_EXACT)
    assert abs(one["Y ~ m"] - single.b.value) > 0.01


@needs_pingouin
def test_interval_of_pingouin__independent_package():
    """Both bias-corrected, 4,000 resamples each: ends differ by Monte Carlo noise alone."""
    pandas = pytest.importorskip("pandas")
    x, m, y = baseline(100, seed=10)
    data = pandas.DataFrame({"x": x, "m": m, "y": y})
    table = pingouin.mediation_analysis(data, x="x", m="m", y="y", n_boot=4000, seed=2)
    row = table.set_index("path").loc["Indirect"]
    ours = estimate_mediation(x, m, y, method="bias-corrected", resamples=20_000)
    names = [name for name in table.columns if name.startswith("CI")]
    cover = np.searchsorted(np.sort(ours.draws), row[names].astype(float)) / 20_000
    levels = np.searchsorted(np.sort(ours.draws), [ours.indirect.low, ours.indirect.high]) / 20_000
    # Ends at the 2.5 % levels wander by .25 %, and by the error of the correction, about .3 %.
    assert np.abs(cover - levels).max() < 4 * 0.004


@needs_pingouin
def test_binary_mediator_in_pingouin__independent_package():
    """It multiplies a logit slope by a linear one: .8 here, where the effect is about .16.

    P(M=1) = logistic(X) and beta = .8; a step of 1 in X changes the outcome by .157387 on average,
    and the least-squares total minus direct effect tends to .165297.
    """
    pandas = pytest.importorskip("pandas")
    generator = np.random.default_rng(11)
    x = generator.normal(size=20_000)
    m = (generator.random(20_000) < 1 / (1 + np.exp(-x))).astype(int)
    y = 0.3 * x + 0.8 * m + generator.normal(size=20_000)
    data = pandas.DataFrame({"x": x, "m": m, "y": y})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn on its own options
        table = pingouin.mediation_analysis(data, x="x", m="m", y="y", n_boot=5, seed=3)
    coefficients = table.set_index("path")["coef"]
    ours = estimate_mediation(x, m, y, method="sobel").indirect
    assert abs(ours.value - 0.165297) < 4 * ours.standard_error
    assert coefficients["Total"] - coefficients["Direct"] == pytest.approx(ours.value, abs=1e-8)
    # Slopes of 1 and .8 have errors of .018 and .015.
    assert coefficients["Indirect"] == pytest.approx(0.8, abs=4 * 0.025)


@pytest.mark.slow
@needs_pingouin
def test_p_value_and_interval_of_pingouin__independent_package():
    """Its p value belongs to another interval than the one it prints; ours never disagree."""
    pandas = pytest.importorskip("pandas")
    disagreed = 0
    for seed in range(150):
        generator = np.random.default_rng(1000 + seed)
        x, e, f = generator.normal(size=(3, 50))
        m = 0.6 * x + e
        y = 0.3 * m + f
        data = pandas.DataFrame({"x": x, "m": m, "y": y})
        table = pingouin.mediation_analysis(data, x="x", m="m", y="y", seed=seed)
        row = table.set_index("path").loc["Indirect"]
        names = [name for name in table.columns if name.startswith("CI")]
        low, high = row[names].astype(float)
        pval = [name for name in table.columns if name.startswith("p")][-1]
        disagreed += (float(row[pval]) < 0.05) != (low > 0 or high < 0)
        found = estimate_mediation(x, m, y, method="bias-corrected", resamples=500).indirect
        assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)
    low, high = binomial_interval(disagreed, 150, 0.999)
    assert low < 25 / 400 < high
    assert disagreed > 0
