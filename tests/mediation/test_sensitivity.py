"""Sensitivity to an unrecorded cause: written-down values and models that no data tell apart."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.mediation.effects import effects
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.sensitivity import (
    indirect_under_rho,
    same_covariance_models,
    sensitivity_rho,
)

from tests.tolerances import (
    MEDIATION_EFFECTS_CLOSED_FORM,
    MEDIATION_EFFECTS_SIX_DIGITS,
)

RHO = np.linspace(-0.99, 0.99, 199)
# beta, lambda_M, lambda_Y; then rho, correlation of the fitted residuals, sigma_1 and sigma_2.
CAUSES = [
    ((0.8, 0.5, 0.5), (0.2, 0.714286, 1.565248, 1.118034)),
    ((0.0, 0.5, 0.5), (0.2, 0.2, 1.118034, 1.118034)),
    ((0.0, 1.0, 1.0), (0.5, 0.5, 1.414214, 1.414214)),
    ((0.8, 1.0, -1.0), (-0.5, 0.327327, 1.296148, 1.414214)),
    ((0.8, 1.0, -1.6), (-0.599625, 0.0, 1.509967, 1.414214)),
]


def confounded(beta, mediator, outcome):
    return LinearSCM(beta=beta, confounder_mediator=mediator, confounder_outcome=outcome)


def exact_sample(covariance, n=30):
    """Trials whose sample covariance is the given one."""
    raw = np.random.default_rng(0).normal(size=(n, 3))
    causes = np.linalg.qr(raw - raw.mean(axis=0))[0] * np.sqrt(n - 1)
    return np.linalg.cholesky(covariance) @ causes.T


@pytest.mark.parametrize(("parameters", "summary"), CAUSES)
def test_true_correlation_returns_the_truth__published(parameters, summary):
    rho, fitted, sigma_1, sigma_2 = summary
    found = indirect_under_rho(0.5, sigma_1, sigma_2, fitted, rho)
    # The inputs have six digits; the slope of the result on them is below 2.
    assert float(found) == pytest.approx(0.5 * parameters[0], abs=4 * MEDIATION_EFFECTS_SIX_DIGITS)


@pytest.mark.parametrize(("parameters", "summary"), CAUSES)
def test_curve_of_a_sample__closed_form(parameters, summary):
    scm = confounded(*parameters)
    trials = exact_sample(scm.covariance())
    curve = sensitivity_rho(*trials, rho=[0.0, scm.residual_correlation])
    np.testing.assert_allclose(
        (curve.rho[1], curve.residual_correlation), summary[:2], atol=MEDIATION_EFFECTS_SIX_DIGITS
    )
    truth, naive = effects(scm), scm.expected_regression()
    np.testing.assert_allclose(
        curve.indirect, (naive.indirect, truth.total_indirect), atol=MEDIATION_EFFECTS_CLOSED_FORM
    )
    np.testing.assert_allclose(
        curve.direct, (naive.direct, truth.pure_direct), atol=MEDIATION_EFFECTS_CLOSED_FORM
    )
    at_zero = sensitivity_rho(*trials, rho=curve.residual_correlation)
    assert at_zero.indirect[0] == pytest.approx(0.0, abs=MEDIATION_EFFECTS_CLOSED_FORM)


def test_shares_of_variance__published():
    scm = confounded(0.8, 0.5, 0.5)
    curve = sensitivity_rho(*exact_sample(scm.covariance()), rho=[0.2])
    assert curve.residual_product[0] == pytest.approx(0.04, abs=1e-15)
    assert curve.total_product[0] == pytest.approx(0.014172, abs=MEDIATION_EFFECTS_SIX_DIGITS)
    # By hand: what U explains of the total variance of M, times the same of Y given the rest.
    covariance = scm.covariance()
    by_hand = 0.5**2 / covariance[1, 1] * 0.5**2 / covariance[2, 2]
    assert curve.total_product[0] == pytest.approx(by_hand, rel=1e-12)


def test_family_of_the_first_row__published():
    rho = np.array([-0.9, -0.3, 0.0, 0.2, 0.6, 0.9])
    family = same_covariance_models(confounded(0.8, 0.5, 0.5).covariance(), rho=rho)
    expected = [1.511513, 0.654066, 0.5, 0.4, 0.132577, -0.511513]
    np.testing.assert_allclose(
        effects(family).pure_indirect, expected, atol=MEDIATION_EFFECTS_SIX_DIGITS
    )


@pytest.mark.parametrize("parameters", [row[0] for row in CAUSES])
def test_one_covariance_and_every_answer__closed_form(parameters):
    covariance = confounded(*parameters).covariance()
    family = same_covariance_models(covariance, rho=RHO)
    implied = family.covariance()
    assert implied.shape == (199, 3, 3)
    np.testing.assert_allclose(
        implied, np.broadcast_to(covariance, implied.shape), atol=MEDIATION_EFFECTS_CLOSED_FORM
    )
    indirect = effects(family).total_indirect
    assert np.all(np.diff(indirect) < 0)
    assert indirect[0] > 0 > indirect[-1]
    np.testing.assert_allclose(family.residual_correlation, RHO, atol=1e-14)


@given(st.integers(0, 10_000))
def test_any_covariance_has_a_family__property(seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(3, 3))
    covariance = root @ root.T + 0.1 * np.eye(3)
    family = same_covariance_models(covariance, rho=[-0.9, 0.0, 0.7])
    size = np.abs(covariance).max()
    assert np.abs(family.covariance() - covariance).max() < 1e-10 * size
    naive = np.linalg.solve(covariance[:2, :2], covariance[:2, 2])[1]
    assert family.beta[1] == pytest.approx(naive, rel=1e-9, abs=1e-9)


def test_member_of_a_family_in_a_simulation__property():
    """A model far from the first one still draws trials with the first one's covariance."""
    scm = confounded(0.8, 0.5, 0.5)
    other = same_covariance_models(scm.covariance(), rho=-0.6)
    n = 200_000
    found = np.cov(np.stack(other.draw(n, key=jax.random.key(0))[:3]).astype(np.float64))
    exact = scm.covariance()
    error = np.sqrt((exact**2 + np.outer(np.diag(exact), np.diag(exact))) / n)
    assert np.all(np.abs(found - exact) < 4 * error)
    assert abs(effects(other).total_indirect - 0.4) > 0.3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: indirect_under_rho(0.5, 1.0, 1.0, 0.3, 1.0), "rho must lie strictly"),
        (lambda: indirect_under_rho(0.5, 1.0, 1.0, -1.0, 0.0), "residual_correlation must lie"),
        (lambda: indirect_under_rho(0.5, 1.0, 0.0, 0.3, 0.0), "mediator_sd must be positive"),
        (lambda: sensitivity_rho(*np.ones((3, 9)), rho=0.0), "stimulus must vary"),
        (lambda: sensitivity_rho(*np.eye(3), rho=0.0), "at least 4"),
        (
            lambda: sensitivity_rho(np.arange(9.0), np.arange(9.0), np.arange(9.0) ** 2, rho=0.0),
            "collinear",
        ),
        (lambda: same_covariance_models(np.eye(2), rho=0.0), "symmetric matrix"),
        (lambda: same_covariance_models(np.ones((3, 3)), rho=0.0), "collinear"),
        (lambda: same_covariance_models(np.eye(3), rho=[0.0, -1.2]), "rho must lie strictly"),
    ],
)
def test_mistakes_are_refused__property(call, message):
    # Helpers also have type checks of their own in tests; where those speak first, so be it.
    with pytest.raises((ValueError, TypeError), match=message + "|[Tt]ype-check"):
        call()
