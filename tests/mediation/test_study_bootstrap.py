"""Bootstrap of many studies against that of single ones, and rates of rejection (O5b)."""

import jax
import numpy as np
import pytest
from scipy.stats import ks_2samp
from spinebook.mediation import study_bootstrap
from spinebook.mediation.bootstrap import bootstrap_interval
from spinebook.mediation.estimate import estimate_mediation
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.studies import draw_studies
from spinebook.mediation.study_bootstrap import METHODS, BootstrapStudies, bootstrap_studies
from spinebook.stats import binomial_interval

from tests.tolerances import MEDIATION_EXACT


def columns(studies, n=25, seed=0):
    generator = np.random.default_rng(seed)
    x, e, f = generator.normal(size=(3, studies, n))
    m = 0.5 * x + e
    return np.stack([x, m, 0.3 * x + 0.4 * m + f], axis=-1)


def test_estimates_and_law_of_draws__brute_force(monkeypatch):
    """Three studies in two batches; their draws have the law of resample_means."""
    monkeypatch.setattr(study_bootstrap, "ROWS", 2 * 25 * 8000)
    data = columns(3)
    found = bootstrap_studies(data, 8000, seed=1)
    for study in range(3):
        single = estimate_mediation(*data[study].T, resamples=8000, seed=2)
        assert found.estimate[study] == pytest.approx(single.indirect.value, abs=MEDIATION_EXACT)
        assert ks_2samp(found.draws[study], single.draws).pvalue > 1e-4


def test_resampling__brute_force():
    """The generator's rows, taken and fitted by least squares one by one."""
    data = columns(2)
    found = bootstrap_studies(data, 30, seed=3)
    generator = np.random.Generator(np.random.SFC64(3))
    chosen = generator.integers(25, size=(60, 25), dtype=np.uint32).reshape(2, 30, 25)
    for study in range(2):
        effects = []
        for rows in chosen[study]:
            x, m, y = data[study][rows].T
            one = np.ones(25)
            a = np.linalg.lstsq(np.stack([x, one], 1), m)[0][0]
            effects.append(a * np.linalg.lstsq(np.stack([m, x, one], 1), y)[0][0])
        np.testing.assert_allclose(found.draws[study], np.sort(effects), atol=MEDIATION_EXACT)


@pytest.mark.parametrize("method", METHODS)
def test_intervals_of_single_studies__brute_force(method):
    found = bootstrap_studies(columns(6, seed=4), 200, seed=5)
    low, high = found.interval(method, confidence=0.9)
    for study in range(6):
        draws, estimate = found.draws[study], found.estimate[study]
        single = bootstrap_interval(draws, estimate, method=method, confidence=0.9)
        assert (low[study], high[study]) == pytest.approx(single[:2], abs=MEDIATION_EXACT)


def test_ends_beyond_all_draws__property():
    """An estimate outside its draws shifts the interval to their edge, not past it."""
    found = BootstrapStudies(np.array([9.0, -9.0]), np.tile(np.linspace(-1, 1, 101), (2, 1)))
    low, high = found.interval("bias-corrected")
    assert high[0] == pytest.approx(1.0)
    assert low[1] == pytest.approx(-1.0)
    assert -1 <= low[0] <= high[0]


def test_p_value_by_sign_and_percentile_interval__brute_force():
    """It lies below the level where the percentile interval excludes 0, to within one draw."""
    found = bootstrap_studies(columns(200, seed=6), 400, seed=7)
    p = found.p_value_by_sign()
    for study in (0, 100):
        draws = found.draws[study]
        assert p[study] == 2 * min(sum(draws > 0), sum(draws < 0)) / 400
    low, high = found.interval("percentile")
    differ = (p < 0.05) != ((low > 0) | (high < 0))
    assert (np.abs(p[differ] - 0.05) <= 2 / 400 + 1e-12).all()
    assert 0 < (p < 0.05).mean() < 1


@pytest.mark.parametrize(
    ("alpha", "percentile", "corrected", "known"),
    [(0.6, 0.061, 0.086, 0.002), (0.0, 0.0028, 0.0084, 0.0007)],
)
def test_size_of_the_bootstrap__published(alpha, percentile, corrected, known):
    """O5b at n = 50, known to the errors given, four times which are allowed for."""
    data = draw_studies(LinearSCM(alpha=alpha, beta=0.0), 4000, 50, key=jax.random.key(8))
    found = bootstrap_studies(data, 500, seed=9)
    for method, rate in {"percentile": percentile, "bias-corrected": corrected}.items():
        low, high = found.interval(method)
        ends = binomial_interval(int(((low > 0) | (high < 0)).sum()), 4000, 0.999)
        assert ends[0] - 4 * known < rate < ends[1] + 4 * known


def test_power_of_the_bootstrap__published():
    """O5b at n = 200, both effects .14."""
    data = draw_studies(LinearSCM(alpha=0.14, beta=0.14), 2000, 200, key=jax.random.key(6))
    found = bootstrap_studies(data, 500, seed=7)
    known = {"percentile": (0.238, 0.941), "bias-corrected": (0.347, 0.943)}
    for method, (power, coverage) in known.items():
        low, high = found.interval(method)
        covered = (low <= 0.14**2) & (high >= 0.14**2)
        for decisions, rate in (((low > 0) | (high < 0), power), (covered, coverage)):
            ends = binomial_interval(int(decisions.sum()), 2000, 0.999)
            assert ends[0] - 0.016 < rate < ends[1] + 0.016


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: bootstrap_studies(d, 0, seed=0), "resamples must be at least 1"),
        (lambda d: bootstrap_studies(d[:, :19], 5, seed=0), "n at least 20"),
        (lambda d: bootstrap_studies(d[..., :2], 5, seed=0), r"shape \(studies, n, 3\)"),
        (lambda d: bootstrap_studies(d * np.nan, 5, seed=0), "columns must be finite"),
        (lambda d: bootstrap_studies(d, 5, seed=0).interval("bca"), "method must be one of"),
        (lambda d: bootstrap_studies(d, 5, seed=0).interval(confidence=1.0), "strictly"),
    ],
)
def test_bad_input__property(call, message):
    with pytest.raises(ValueError, match=message):
        call(columns(2))
