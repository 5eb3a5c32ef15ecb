"""The mediation formula against closed forms, written-down values, sums and SciPy."""

import itertools

import numpy as np
import pytest
import scipy.integrate
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm
from spinebook.mediation.effects import effects
from spinebook.mediation.formula import mediation_formula, mediation_formula_discrete
from spinebook.mediation.scm import LinearSCM

from tests.tolerances import (
    MEDIATION_EFFECTS_CLOSED_FORM,
    MEDIATION_EFFECTS_EIGHT_DIGITS,
    MEDIATION_EFFECTS_QUADRATURE,
    MEDIATION_EFFECTS_RARE,
    MEDIATION_EFFECTS_SIX_DIGITS,
)

NAMES = ("total", "pure_direct", "total_direct", "pure_indirect", "total_indirect")


def choice(link, y0, direct, beta, kappa=0.0, m0=0.0, alpha=1.0, **options):
    """Natural effects of a choice with a Gaussian mediator of unit variance."""
    return mediation_formula(
        lambda x, m: link(y0 + direct * x + (beta + kappa * x) * m),
        lambda x: m0 + alpha * x,
        1.0,
        **options,
    )


def test_logistic_choice__published():
    found = choice(expit, -2.0, 0.5, 1.5)
    expected = [[0.19005350, 0.41240379], [0.25430934, 0.5]]
    np.testing.assert_allclose(found.worlds, expected, atol=MEDIATION_EFFECTS_EIGHT_DIGITS)
    values = [found.pure_direct, found.total_direct, found.pure_indirect, found.total_indirect]
    expected = [0.06425584, 0.08759621, 0.22235030, 0.24569066]
    # The third is a difference of two rounded values.
    np.testing.assert_allclose(values, expected, atol=2 * MEDIATION_EFFECTS_EIGHT_DIGITS)
    assert found.total == pytest.approx(0.30994650, abs=MEDIATION_EFFECTS_EIGHT_DIGITS)


def test_logistic_choice_with_interaction__published():
    found = choice(expit, -2.0, 0.5, 1.5, kappa=0.5)
    values = [found.worlds[1, 0], found.worlds[1, 1], found.pure_direct, found.total_direct]
    expected = [0.28499412, 0.57524253, 0.09494062, 0.16283874]
    np.testing.assert_allclose(values, expected, atol=MEDIATION_EFFECTS_EIGHT_DIGITS)
    values, expected = [found.total_indirect, found.total], [0.29024842, 0.38518903]
    np.testing.assert_allclose(values, expected, atol=MEDIATION_EFFECTS_EIGHT_DIGITS)


def test_symmetric_choice_hides_the_difference__published():
    found = choice(expit, -1.0, 0.5, 1.5)
    for value in (found.pure_direct, found.total_direct):
        assert value == pytest.approx(0.08314278, abs=MEDIATION_EFFECTS_EIGHT_DIGITS)
    for value in (found.pure_indirect, found.total_indirect):
        assert value == pytest.approx(0.25833519, abs=MEDIATION_EFFECTS_EIGHT_DIGITS)
    assert np.exp(found.log_odds_direct) == pytest.approx(
        1.429739, abs=MEDIATION_EFFECTS_SIX_DIGITS
    )
    assert found.log_odds_indirect == pytest.approx(1.0656, abs=5.1e-5)


def test_rare_outcome__published():
    found = choice(expit, -6.0, 0.5, 0.8, alpha=0.5)
    assert found.log_odds_indirect == pytest.approx(0.397648, abs=MEDIATION_EFFECTS_SIX_DIGITS)
    assert np.exp(found.log_odds_direct) == pytest.approx(
        1.645565, abs=MEDIATION_EFFECTS_SIX_DIGITS
    )
    assert found.log_odds_indirect == pytest.approx(0.8 * 0.5, abs=MEDIATION_EFFECTS_RARE)
    assert found.log_odds_direct == pytest.approx(0.5, abs=MEDIATION_EFFECTS_RARE)


def test_rare_outcome_with_interaction__closed_form():
    """Log odds ratios of VanderWeele and Vansteelandt (2010), for 0 to 1 and sigma = 1."""
    direct, beta, kappa, m0, alpha = 0.5, 0.6, 0.3, 0.2, 0.5
    found = choice(expit, -8.0, direct, beta, kappa=kappa, m0=m0, alpha=alpha)
    assert found.log_odds_direct == pytest.approx(0.783964, abs=MEDIATION_EFFECTS_SIX_DIGITS)
    assert found.log_odds_indirect == pytest.approx(0.449306, abs=MEDIATION_EFFECTS_SIX_DIGITS)
    rare_direct = direct + kappa * (m0 + beta) + kappa**2 / 2
    assert found.log_odds_direct == pytest.approx(rare_direct, abs=MEDIATION_EFFECTS_RARE)
    rare_indirect = (beta + kappa) * alpha
    assert found.log_odds_indirect == pytest.approx(rare_indirect, abs=MEDIATION_EFFECTS_RARE)


def test_probit_choice__published():
    found = choice(norm.cdf, -1.0, 0.5, 1.5)
    expected = [[0.2895498710, 0.6092443525], [0.3907556475, 0.7104501290]]
    np.testing.assert_allclose(found.worlds, expected, atol=5.1e-11)
    assert found.total_indirect == pytest.approx(0.3196944815, abs=5.1e-11)


@given(
    *(st.floats(-1.0, 1.0) for _ in range(5)),
    st.floats(0.0, 1.0),
)
def test_probit_choice__closed_form(y0, direct, beta, kappa, alpha, sd):
    found = mediation_formula(
        lambda x, m: norm.cdf(y0 + direct * x + (beta + kappa * x) * m),
        lambda x: 0.2 + alpha * x,
        sd,
        control=-0.5,
        treated=1.0,
    )
    for (i, s), (j, t) in itertools.product(enumerate((-0.5, 1.0)), repeat=2):
        slope = beta + kappa * s
        exact = norm.cdf(
            (y0 + direct * s + slope * (0.2 + alpha * t)) / np.sqrt(1 + (slope * sd) ** 2)
        )
        assert found.worlds[i, j] == pytest.approx(exact, abs=MEDIATION_EFFECTS_CLOSED_FORM)


def test_logistic_choice__independent_package():
    found = choice(expit, -2.0, 0.5, 1.5, kappa=0.5, control=-1.0, treated=0.5)
    for (i, s), (j, t) in itertools.product(enumerate((-1.0, 0.5)), repeat=2):

        def weighted(m, s=s, t=t):
            return expit(-2.0 + 0.5 * s + (1.5 + 0.5 * s) * m) * norm.pdf(m, loc=t)

        exact = scipy.integrate.quad(weighted, -12, 12, epsabs=1e-12)[0]
        assert found.worlds[i, j] == pytest.approx(exact, abs=MEDIATION_EFFECTS_QUADRATURE)


def test_linear_outcome__closed_form():
    scm = LinearSCM(interaction=0.4, mediator_intercept=0.2, mediator_sd=0.7)
    found = mediation_formula(
        lambda x, m: scm.direct * x + (scm.beta + scm.interaction * x) * m,
        lambda x: scm.mediator_intercept + scm.alpha * x,
        scm.mediator_sd,
        control=1.5,
        treated=-0.5,
    )
    exact = effects(scm, control=1.5, treated=-0.5)
    for name in NAMES:
        assert getattr(found, name) == pytest.approx(
            getattr(exact, name), abs=MEDIATION_EFFECTS_CLOSED_FORM
        )


def test_families_broadcast__brute_force():
    alpha, sd = np.array([0.0, 0.5, 2.0]), np.array([0.1, 1.0, 2.0])
    many = mediation_formula(lambda x, m: expit(m - x), lambda x: alpha * x, sd)
    for i in range(3):
        one = mediation_formula(lambda x, m: expit(m - x), lambda x, i=i: alpha[i] * x, sd[i])
        np.testing.assert_allclose(many.worlds[..., i], one.worlds, atol=1e-15)


def tables(seed, stimuli=3, mediators=4, covariates=2):
    rng = np.random.default_rng(seed)
    mediator = rng.random((stimuli, mediators, covariates))
    covariate = rng.random(covariates)
    outcome = rng.normal(size=(stimuli, mediators, covariates))
    return outcome, mediator / mediator.sum(axis=1, keepdims=True), covariate / covariate.sum()


def test_tables__brute_force():
    outcome, mediator, covariate = tables(0)
    found = mediation_formula_discrete(outcome, mediator, covariate, control=2, treated=0)
    direct = indirect = 0.0
    for c, m in itertools.product(range(2), range(4)):
        direct += (outcome[0, m, c] - outcome[2, m, c]) * mediator[2, m, c] * covariate[c]
        indirect += outcome[2, m, c] * (mediator[0, m, c] - mediator[2, m, c]) * covariate[c]
    assert found.pure_direct == pytest.approx(direct, abs=MEDIATION_EFFECTS_CLOSED_FORM)
    assert found.pure_indirect == pytest.approx(indirect, abs=MEDIATION_EFFECTS_CLOSED_FORM)


@given(st.integers(0, 10_000))
def test_tables__property(seed):
    outcome, mediator, covariate = tables(seed)
    there = mediation_formula_discrete(outcome, mediator, covariate, control=0, treated=1)
    back = mediation_formula_discrete(outcome, mediator, covariate, control=1, treated=0)
    assert there.total == pytest.approx(there.pure_direct - back.pure_indirect, abs=1e-12)
    assert there.total == pytest.approx(there.total_direct + there.pure_indirect, abs=1e-12)
    same = np.broadcast_to(mediator[:1], mediator.shape)
    assert abs(mediation_formula_discrete(outcome, same, covariate).total_indirect) < 1e-12


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mediation_formula(3.0, lambda x: x, 1.0), "outcome_mean must be a function"),
        (lambda: mediation_formula(lambda x, m: m, 0.5, 1.0), "mediator_mean must be a function"),
        (lambda: mediation_formula(lambda x, m: m, lambda x: x, -1.0), "at least 0"),
        (lambda: mediation_formula(lambda x, m: m, lambda x: x, 1.0, nodes=400), "exceed 300"),
        (lambda: mediation_formula(lambda x, m: m[:7], lambda x: x, 1.0), "one value for each"),
        (lambda: mediation_formula(lambda x, m: m, lambda x: x, 1.0).log_odds_direct, "between 0"),
        (lambda: mediation_formula_discrete(*tables(0), treated=3), "below 3"),
        (
            lambda: mediation_formula_discrete(tables(0)[0], 2 * tables(0)[1], tables(0)[2]),
            "mediator must sum to 1",
        ),
        (
            lambda: mediation_formula_discrete(*tables(0)[:2], np.ones(3) / 3),
            "expected outcome",
        ),
        (
            lambda: mediation_formula_discrete(*tables(0)[:2], np.array([1.5, -0.5])),
            "must hold probabilities",
        ),
    ],
)
def test_mistakes_are_refused__property(call, message):
    # Helpers also have type checks of their own in tests; where those speak first, so be it.
    with pytest.raises((ValueError, TypeError), match=message + "|[Tt]ype-check"):
        call()
