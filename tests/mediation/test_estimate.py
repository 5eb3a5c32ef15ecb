"""Estimated mediation: exact relations in every sample, limits under confounding, bad input."""

import numpy as np
import pytest
from spinebook.mediation.bootstrap import METHODS as RESAMPLED
from spinebook.mediation.estimate import METHODS, estimate_mediation
from spinebook.mediation.significance import joint_significance, product_variance, sobel

from tests.tolerances import (
    MEDIATION_BOOTSTRAP_ERROR,
    MEDIATION_EXACT,
    MEDIATION_STANDARD_ERRORS,
)


def baseline(n, lambda_m=0.0, lambda_y=0.0, beta=0.8, seed=0):
    """The linear model of the dossier: effects .5, beta and .3, and a common cause."""
    generator = np.random.default_rng(seed)
    x, u, e, f = generator.normal(size=(4, n))
    m = 0.5 * x + lambda_m * u + e
    return x, m, 0.3 * x + beta * m + lambda_y * u + f


@pytest.mark.parametrize("method", METHODS)
def test_total_is_direct_plus_indirect__property(method):
    x, m, y = baseline(80)
    both = np.stack([m, y + m**2], axis=1)
    for mediator in (m, both):
        found = estimate_mediation(x, mediator, y, method=method, resamples=200)
        parts = found.direct.value + found.indirect.value
        assert found.total.value == pytest.approx(parts, abs=MEDIATION_EXACT)
        assert np.sum(found.specific.value) == pytest.approx(found.indirect.value)


@pytest.mark.parametrize(
    ("lambda_m", "lambda_y", "beta", "indirect", "direct"),
    [
        (0.5, 0.5, 0.8, 0.5, 0.2),
        (0.5, 0.5, 0.0, 0.1, 0.2),
        (1.0, 1.0, 0.0, 0.25, 0.05),
        (1.0, -1.0, 0.8, 0.15, 0.55),
        (1.0, -1.6, 0.8, 0.0, 0.7),
    ],
)
def test_common_cause__closed_form(lambda_m, lambda_y, beta, indirect, direct):
    """O2: the common cause moves the indirect and the direct effect, and not their sum."""
    data = baseline(300_000, lambda_m, lambda_y, beta, seed=1)
    found = estimate_mediation(*data, method="sobel")
    total = 0.3 + 0.5 * beta
    for name, value in {"indirect": indirect, "direct": direct, "total": total}.items():
        effect = getattr(found, name)
        assert abs(effect.value - value) < MEDIATION_STANDARD_ERRORS * effect.standard_error


def test_noise_in_the_recording__closed_form():
    """O8: at reliability .5 half of the indirect effect turns direct."""
    x, m, y = baseline(300_000, seed=2)
    noisy = m + np.random.default_rng(3).normal(size=len(m))
    found = estimate_mediation(x, noisy, y, method="sobel")
    for effect, value in ((found.indirect, 0.2), (found.direct, 0.5)):
        assert abs(effect.value - value) < MEDIATION_STANDARD_ERRORS * effect.standard_error


def test_binary_stimulus_with_ignored_interaction__closed_form():
    """O6: a fit without interaction gives .5, between .4 (pure) and .6 (total)."""
    generator = np.random.default_rng(4)
    x = generator.integers(0, 2, 300_000).astype(bool)
    m = 0.2 + 0.5 * x + generator.normal(size=len(x))
    y = 0.3 * x + (0.8 + 0.4 * x) * m + generator.normal(size=len(x))
    found = estimate_mediation(x, m, y, method="sobel")
    for effect, value in ((found.indirect, 0.5), (found.direct, 0.48), (found.b, 1.0)):
        assert abs(effect.value - value) < MEDIATION_STANDARD_ERRORS * effect.standard_error


def test_scaling__property():
    """A unit of the mediator cancels; a unit of the stimulus divides."""
    x, m, y = baseline(60, seed=5)
    plain = estimate_mediation(x, m, y, resamples=300)
    other = estimate_mediation(x, -40 * m + 7, y, resamples=300)
    for name in ("indirect", "direct", "total"):
        np.testing.assert_allclose(getattr(other, name), getattr(plain, name), atol=1e-9)
    halved = estimate_mediation(2 * x - 3, m, y, resamples=300)
    np.testing.assert_allclose(halved.indirect[:4], np.array(plain.indirect[:4]) / 2, atol=1e-9)


def test_mixing_mediators__property():
    """Relabelling or mixing the mediators leaves their joint effect, not the single ones."""
    generator = np.random.default_rng(6)
    x = generator.normal(size=100)
    m = x[:, None] * [0.5, 0.3, 0.0] + generator.normal(size=(100, 3))
    y = m @ [0.4, 0.7, -0.5] + 0.2 * x + generator.normal(size=100)
    plain = estimate_mediation(x, m, y, resamples=300)
    for mixing in (np.eye(3)[[2, 0, 1]], generator.normal(size=(3, 3))):
        mixed = estimate_mediation(x, m @ mixing, y, resamples=300)
        np.testing.assert_allclose(mixed.indirect, plain.indirect, atol=1e-8)
        np.testing.assert_allclose(mixed.draws, plain.draws, atol=1e-8)
        assert not np.allclose(mixed.specific.value, plain.specific.value)


def test_standard_errors__closed_form():
    """Sobel's and the bootstrap's at n = 1,000 against the exact variance of the product."""
    exact = np.sqrt(product_variance(0.5, 0.8, 1000))
    for method in ("sobel", "percentile"):
        errors = [
            estimate_mediation(*baseline(1000, seed=s), method=method, resamples=1000)
            for s in range(30)
        ]
        mean = np.mean([run.indirect.standard_error for run in errors])
        # One sample knows its standard error to about 1 / sqrt(2000), thirty to .4 %.
        assert mean == pytest.approx(exact, rel=MEDIATION_BOOTSTRAP_ERROR / 2)


@pytest.mark.parametrize("method", RESAMPLED)
def test_bootstrap_of_rows__brute_force(method):
    """Against 4,000 refitted samples of rows drawn with replacement, several mediators."""
    generator = np.random.default_rng(7)
    x = generator.normal(size=40)
    c = generator.normal(size=40)
    m = np.stack([x + c, x - c], axis=1) + generator.normal(size=(40, 2))
    y = m @ [0.5, -0.3] + c + generator.normal(size=40)
    found = estimate_mediation(x, m, y, covariates=c, method=method, resamples=20_000, seed=8)
    rows = generator.integers(40, size=(4000, 40))
    ones = np.ones((4000, 40, 1))
    short = np.concatenate([ones, c[rows][..., None], x[rows][..., None]], axis=2)
    a = np.linalg.solve(short.swapaxes(1, 2) @ short, short.swapaxes(1, 2) @ m[rows])[:, 2]
    full = np.concatenate([short, m[rows]], axis=2)
    fitted = np.linalg.solve(full.swapaxes(1, 2) @ full, full.swapaxes(1, 2) @ y[rows][..., None])[
        ..., 0
    ]
    slow = (a * fitted[:, 3:]).sum(axis=1)
    assert found.draws.std() == pytest.approx(slow.std(), rel=4 * 1.5 / np.sqrt(8000))
    for share in (0.1, 0.5, 0.9):
        cut = np.quantile(slow, share)
        below = np.mean(found.draws < cut)
        assert abs(below - share) < 4 * np.sqrt(share * (1 - share) * (1 / 4000 + 1 / 20_000))


def test_sobel_and_joint_follow_their_formulas__closed_form():
    x, m, y = baseline(50, seed=9)
    by_sobel = estimate_mediation(x, m, y, method="sobel")
    a, b = by_sobel.a, by_sobel.b
    expected = sobel(a.value, b.value, a.standard_error, b.standard_error)
    assert by_sobel.indirect.standard_error == pytest.approx(expected.standard_error)
    assert by_sobel.indirect.p_value == pytest.approx(expected.p_value)
    joint = estimate_mediation(x, m, y, method="joint").indirect
    ratios = a.value / a.standard_error, b.value / b.standard_error
    assert joint.p_value == pytest.approx(joint_significance(*ratios, 48, 47))
    assert np.isnan(joint.low)


def test_columns_by_name__property():
    x, m, y = baseline(40, seed=10)
    data = {"light": x, "rate": m, "choice": y, "speed": x + m**2}
    arrays = estimate_mediation(x, m, y, covariates=x + m**2, method="sobel")
    named = estimate_mediation(
        "light", "rate", "choice", data=data, covariates=["speed"], method="sobel"
    )
    assert named.indirect == arrays.indirect
    assert named.mediators == ("rate",)
    several = estimate_mediation("light", ["rate", "speed"], "choice", data=data, method="joint")
    assert several.a.value.shape == (2,)
    assert "indirect (speed)" in str(several)
    assert np.isnan(several.indirect.p_value)


def test_table_and_frame__property():
    found = estimate_mediation(*baseline(40, seed=11), resamples=200)
    pandas = pytest.importorskip("pandas")
    frame = found.to_frame()
    assert list(frame.index) == ["a (mediator)", "b (mediator)", "indirect", "direct", "total"]
    assert isinstance(frame, pandas.DataFrame)
    assert frame.loc["indirect", "low"] == found.indirect.low
    lines = str(found).splitlines()
    assert len(lines) == 7
    assert f"{found.indirect.value:.4f}" in lines[4]
    assert "95% interval" in lines[1]


def test_resamples_without_variance_are_left_out__property():
    """One trial in eight has the stimulus: a third of the resamples has none of it."""
    x = np.eye(8)[0]
    m, y = np.random.default_rng(12).normal(size=(2, 8))
    found = estimate_mediation(x, m, y, resamples=2000)
    assert np.isfinite(found.draws).all()
    assert abs(len(found.draws) / 2000 - (1 - (7 / 8) ** 8)) < 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mediator": np.ones(20)}, "column 2 of 3"),
        ({"stimulus": np.zeros(20)}, "is constant"),
        ({"mediator": np.arange(20.0)}, "collinear"),
        ({"covariates": np.arange(20.0) * 3}, "collinear"),
        ({"outcome": np.r_[np.nan, np.arange(19.0)]}, "outcome must be finite, got nan"),
        ({"outcome": np.arange(19.0)}, "same length"),
        ({"mediator": np.ones((20, 2, 2))}, "one axis or two"),
        ({"stimulus": np.ones((20, 2))}, "one column each"),
        ({"mediator": "rate"}, "pass data"),
        ({"method": "basic"}, "method must be one of"),
        ({"confidence": 95.0}, "strictly between 0 and 1"),
        ({"resamples": 10}, "take at least 40"),
    ],
)
def test_bad_values__property(change, message):
    generator = np.random.default_rng(13)
    given = {"stimulus": np.arange(20.0), "mediator": generator.normal(size=20)}
    given |= {"outcome": generator.normal(size=20)} | change
    with pytest.raises(ValueError, match=message):
        estimate_mediation(**given)


def test_bad_tables__property():
    data = {"x": np.arange(9.0), "y": np.arange(9.0) ** 2, "word": np.array(["a"] * 9)}
    with pytest.raises(KeyError, match="no column 'm'"):
        estimate_mediation("x", "m", "y", data=data)
    with pytest.raises(TypeError, match="mediator must be a number"):
        estimate_mediation("x", "word", "y", data=data)
    with pytest.raises(ValueError, match="take 4 or more"):
        estimate_mediation([0.0, 1, 3], [1.0, 0, 2], [2.0, 1, 1])
