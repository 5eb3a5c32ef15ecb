"""Regressions of many studies against those of single ones, and the singular null (O4)."""

import jax
import numpy as np
import pytest
from scipy import stats
from spinebook.mediation import studies
from spinebook.mediation.estimate import estimate_mediation
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.studies import draw_studies, regress_columns, regress_studies
from spinebook.stats import binomial_interval

from tests.tolerances import MEDIATION_EXACT, MEDIATION_STANDARD_ERRORS


@pytest.fixture
def small_chunks(monkeypatch):
    """Three studies of 30 trials a chunk, with ten trials left over."""
    monkeypatch.setattr(studies, "CHUNK", 100)


@pytest.mark.usefixtures("small_chunks")
def test_studies_are_draws_of_the_model__brute_force():
    """Seven studies are the first rows of three draws of a hundred trials."""
    model, key = LinearSCM(alpha=0.7), jax.random.key(1)
    found = draw_studies(model, 7, 30, key=key, stimulus="bernoulli")
    assert found.shape == (7, 30, 3)
    assert found.dtype == np.float64
    for study in range(7):
        first = 3 * (study // 3)
        sample = model.draw(100, key=jax.random.fold_in(key, first), stimulus="bernoulli")
        rows = np.stack(sample[:3], axis=-1)[30 * (study - first) :][:30]
        np.testing.assert_array_equal(found[study], rows)


@pytest.mark.usefixtures("small_chunks")
def test_regressions_of_single_studies__brute_force():
    model, key = LinearSCM(), jax.random.key(2)
    found = regress_studies(model, 4, 30, key=key)
    for study, columns in enumerate(draw_studies(model, 4, 30, key=key)):
        x, m, y = columns.T
        single = estimate_mediation(x, m, y, method="sobel")
        for name in ("a", "b"):
            path = getattr(single, name)
            assert getattr(found, name)[study] == pytest.approx(path.value, abs=MEDIATION_EXACT)
            error = getattr(found, f"{name}_error")[study]
            assert error == pytest.approx(path.standard_error, abs=MEDIATION_EXACT)
        for name in ("indirect", "direct", "total"):
            value = float(getattr(single, name).value)
            assert getattr(found, name)[study] == pytest.approx(value, abs=MEDIATION_EXACT)
        residual = m - m.mean() - single.a.value * (x - x.mean())
        sd = np.sqrt(residual @ residual / 28)
        assert found.mediator_sd[study] == pytest.approx(sd, abs=MEDIATION_EXACT)


def test_analysis_of_single_studies__independent_package():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(5, 40, 3))
    columns[..., 1] += 0.5 * columns[..., 0]
    columns[..., 2] += 0.4 * columns[..., 1]
    found = regress_columns(columns)
    low, high = found.total_interval(0.9)
    for i, (x, m, y) in enumerate(columns.transpose(0, 2, 1)):
        line = stats.linregress(x, y)
        reach = stats.t.ppf(0.95, 38) * line.stderr
        ours, theirs = (low[i], high[i]), (line.slope - reach, line.slope + reach)
        np.testing.assert_allclose(ours, theirs, atol=MEDIATION_EXACT)
        for method, p in (("sobel", found.sobel.p_value[i]), ("joint", found.joint[i])):
            single = estimate_mediation(x, m, y, method=method).indirect
            assert single.p_value == pytest.approx(p, abs=MEDIATION_EXACT)


def check_rate(decisions, rate, known=0.0):
    """The exact 99.9 % interval holds a rate that is itself known to ``known``."""
    low, high = binomial_interval(int(decisions.sum()), len(decisions), 0.999)
    assert low - known < rate < high + known, (float(decisions.mean()), rate)


@pytest.mark.parametrize(
    ("n", "common", "by_sobel", "joint"),
    [
        (100, 0.5, 0.405, 0.508),
        (300, 0.5, 0.929, 0.936),
        (1000, 0.5, 1.0, 1.0),
        (300, 0.0, 0.045, 0.050),
        (100, 0.25, None, 0.090),
        (300, 0.25, None, 0.176),
        (1000, 0.25, None, 0.463),
        (100, 1.0, None, 0.926),
    ],
)
def test_false_mediation__published(n, common, by_sobel, joint):
    """O5: rates are known to .0015 (.0035 where the strength is not .5), four times that here."""
    model = LinearSCM(beta=0.0, confounder_mediator=common, confounder_outcome=common)
    found = regress_studies(model, 4000, n, key=jax.random.key(n))
    known = 4 * (0.0015 if common == 0.5 else 0.0035)
    check_rate(found.joint < 0.05, joint, known)
    if by_sobel is not None:
        check_rate(found.sobel.p_value < 0.05, by_sobel, known)
    bias = 0.5 * common**2 / (common**2 + 1)
    for values, mean in ((found.indirect, bias), (found.direct, 0.3 - bias), (found.total, 0.3)):
        error = values.std() / np.sqrt(4000)
        assert abs(values.mean() - mean) < MEDIATION_STANDARD_ERRORS * error
    low, high = found.total_interval()
    check_rate((low <= 0.3) & (high >= 0.3), 0.95)


def test_sobel_at_the_singular_null__closed_form():
    """O4: the statistic has variance 1/4, Sobel's test hardly ever rejects, the joint one .0025."""
    runs, n = 20_000, 200
    found = regress_studies(LinearSCM(alpha=0.0, beta=0.0), runs, n, key=jax.random.key(3))
    # The square of a Gaussian of variance 1/4 has a standard deviation of .35; .2515 at this n.
    error = 0.36 / np.sqrt(runs)
    assert abs(found.sobel.z.var() - 0.2515) < MEDIATION_STANDARD_ERRORS * error
    assert (found.sobel.p_value < 0.05).sum() <= 9  # Poisson of mean 1.8: once in 20,000
    check_rate(found.joint < 0.05, 0.0025)


@pytest.mark.parametrize(
    ("studies", "n", "message"),
    [
        (0, 30, "studies must be at least 1"),
        (3, 3, "n must be at least 4"),
        (1, (1 << 20) + 1, "n must be at most"),
    ],
)
def test_bad_counts__property(studies, n, message):
    with pytest.raises(ValueError, match=message):
        regress_studies(LinearSCM(), studies, n, key=jax.random.key(0))


def test_bad_columns__property():
    with pytest.raises(ValueError, match="at least 4 trials"):
        regress_columns(np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match="columns must be finite"):
        regress_columns(np.full((2, 5, 3), np.nan))
