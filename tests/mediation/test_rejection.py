"""Rejection rates over many samples: O4, O5, O5b, by exact binomial intervals."""

import jax
import numpy as np
import pytest
from spinebook.mediation.estimate import estimate_mediation
from spinebook.mediation.rejection import repeat_studies
from spinebook.stats import binomial_interval

from tests.tolerances import MEDIATION_STANDARD_ERRORS


def model(n):
    """Direct effect .3, and a common cause of both with strength ``common``."""

    def draw(key, alpha, beta, common):
        x, u, e, f = jax.random.normal(key, (4, n))
        m = alpha * x + common * u + e
        return x, m, 0.3 * x + beta * m + common * u + f

    return draw


DRAW = {n: model(n) for n in (50, 100, 300, 1000)}


def check_rate(decisions, rate, known=0.0):
    """The exact 99.9 % interval holds a rate that is itself known to ``known``."""
    low, high = binomial_interval(int(decisions.sum()), len(decisions), 0.999)
    assert low - known < rate < high + known, (float(decisions.mean()), rate)


@pytest.mark.parametrize(
    ("n", "common", "by_sobel", "joint"),
    [
        pytest.param(100, 0.5, 0.405, 0.508, marks=pytest.mark.slow),
        (300, 0.5, 0.929, 0.936),
        pytest.param(1000, 0.5, 1.0, 1.0, marks=pytest.mark.slow),
        (300, 0.0, 0.045, 0.050),
        pytest.param(100, 0.25, None, 0.090, marks=pytest.mark.slow),
        (300, 0.25, None, 0.176),
        pytest.param(1000, 0.25, None, 0.463, marks=pytest.mark.slow),
        pytest.param(100, 1.0, None, 0.926, marks=pytest.mark.slow),
    ],
)
def test_false_mediation__published(n, common, by_sobel, joint):
    """O5: rates are known to .0015 (.0035 where the strength is not .5), four times that here."""
    found = repeat_studies(DRAW[n], 4000, 0.5, 0.0, common, key=jax.random.key(n))
    known = 4 * (0.0015 if common == 0.5 else 0.0035)
    check_rate(found.rejected["joint"], joint, known)
    if by_sobel is not None:
        check_rate(found.rejected["sobel"], by_sobel, known)
    mean = np.asarray(found.indirect)
    bias = 0.5 * common**2 / (common**2 + 1)
    assert abs(mean.mean() - bias) < MEDIATION_STANDARD_ERRORS * mean.std() / np.sqrt(4000)


@pytest.mark.slow
def test_null_of_both_effects__closed_form():
    """O4: joint significance rejects in .05 squared, Sobel's test hardly ever."""
    found = repeat_studies(DRAW[300], 20_000, 0.0, 0.0, 0.0, key=jax.random.key(4))
    check_rate(found.rejected["joint"], 0.0025)
    assert int(found.rejected["sobel"].sum()) <= 9  # Poisson of mean 1.8: once in 20,000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alpha", "percentile", "corrected", "known"),
    [(0.6, 0.061, 0.086, 0.002), (0.0, 0.0028, 0.0084, 0.0007)],
)
def test_size_of_the_bootstrap__published(alpha, percentile, corrected, known):
    """O5b at n = 50: the bias-corrected interval rejects too often, the percentile one hardly."""
    found = repeat_studies(
        DRAW[50],
        4000,
        alpha,
        0.0,
        0.0,
        key=jax.random.key(5),
        methods=("percentile", "bias-corrected"),
    )
    check_rate(found.rejected["percentile"], percentile, 4 * known)
    check_rate(found.rejected["bias-corrected"], corrected, 4 * known)
    for name, decisions in found.rejected.items():
        np.testing.assert_array_equal(np.asarray(found.covered[name]), ~np.asarray(decisions))
    if alpha:
        low, _ = binomial_interval(int(found.rejected["bias-corrected"].sum()), 4000, 0.999)
        assert low > 0.05


@pytest.mark.slow
def test_power_of_the_bootstrap__published():
    """O5b at n = 200, both effects .14."""
    found = repeat_studies(
        model(200),
        2000,
        0.14,
        0.14,
        0.0,
        key=jax.random.key(6),
        truth=0.14**2,
        methods=("percentile", "bias-corrected", "joint", "sobel"),
    )
    rates = {"percentile": 0.238, "bias-corrected": 0.347, "joint": 0.247, "sobel": 0.087}
    for name, rate in rates.items():
        check_rate(found.rejected[name], rate, 0.016)
    for name, rate in {"percentile": 0.941, "bias-corrected": 0.943}.items():
        check_rate(found.covered[name], rate, 0.016)


def test_total_effect_is_covered__closed_form():
    """Under confounding the total effect stays unbiased: mean within four standard errors."""
    found = repeat_studies(DRAW[300], 4000, 0.5, 0.8, 0.5, key=jax.random.key(7), truth=0.5)
    total, direct = np.asarray(found.total), np.asarray(found.direct)
    for values, mean in ((total, 0.7), (direct, 0.2)):
        error = values.std() / np.sqrt(4000)
        assert abs(values.mean() - mean) < MEDIATION_STANDARD_ERRORS * error
    check_rate(found.covered["sobel"], 0.95, 0.005)  # the delta method at n = 300


def test_decisions_of_single_studies__brute_force(float64):
    """The same data, one at a time."""
    draw = model(40)
    found = repeat_studies(draw, 12, 0.4, 0.4, 0.0, key=jax.random.key(8))
    for i, key in enumerate(jax.random.split(jax.random.key(8), 12)):
        data = [np.asarray(v) for v in draw(jax.random.split(key)[0], 0.4, 0.4, 0.0)]
        for method in ("sobel", "joint"):
            single = estimate_mediation(*data, method=method).indirect
            assert bool(found.rejected[method][i]) == (single.p_value < 0.05)
        assert float(found.indirect[i]) == pytest.approx(float(single.value), abs=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": ("bca",)}, "methods must be some of"),
        ({"methods": ()}, "methods must be some of"),
        ({"studies": 0}, "studies must be at least 1"),
        ({"confidence": 0.0}, "strictly between"),
    ],
)
def test_bad_input__property(change, message):
    given = {"studies": 5, "key": jax.random.key(0)} | change
    with pytest.raises(ValueError, match=message):
        repeat_studies(DRAW[50], given.pop("studies"), 0.0, 0.0, 0.0, **given)
