"""A perturbation as an instrument: O10 and the delta-method standard errors."""

import numpy as np
import pytest
from spinebook.mediation.estimate import estimate_mediation
from spinebook.mediation.instrument import instrument_estimate

from tests.tolerances import (
    MEDIATION_EXACT,
    MEDIATION_SIX_DIGITS,
    MEDIATION_STANDARD_ERRORS,
)

TAU = 0.7


def experiment(n, eta=0.0, seed=0):
    """O10: baseline with a common cause of strength 1 and a perturbation of strength .7."""
    generator = np.random.default_rng(seed)
    x, p, u, e, f = generator.normal(size=(5, n))
    m = 0.5 * x + TAU * p + u + e
    return x, m, 0.3 * x + 0.8 * m + eta * p + u + f, p


@pytest.mark.parametrize("adjust", [True, False])
@pytest.mark.parametrize(("eta", "beta"), [(0.0, 0.8), (0.14, 1.0), (0.35, 1.3)])
def test_limits__closed_form(eta, beta, adjust):
    found = instrument_estimate(*experiment(400_000, eta, seed=1), adjust=adjust)
    for name, value in {"alpha": 0.5, "beta": beta, "indirect": 0.5 * beta}.items():
        error = getattr(found, f"{name}_error")
        assert abs(getattr(found, name) - value) < MEDIATION_STANDARD_ERRORS * error
    direct = 0.3 + 0.8 * 0.5 - 0.5 * beta
    assert abs(found.direct - direct) < MEDIATION_STANDARD_ERRORS * found.direct_error
    # tau^2 n over the residual variance of the mediator: 2, and 2.25 with the stimulus in it.
    assert found.first_stage_f == pytest.approx(
        TAU**2 * 400_000 / (2 if adjust else 2.25), rel=0.02
    )


@pytest.mark.parametrize("adjust", [True, False])
def test_standard_errors__brute_force(adjust):
    """Spread of 2,000 estimates: the mean squared standard error is its variance to 3.2 % x 4."""
    runs = [instrument_estimate(*experiment(500, seed=s), adjust=adjust) for s in range(2000)]
    for name in ("alpha", "beta", "direct", "indirect"):
        values = np.array([getattr(run, name) for run in runs])
        errors = np.array([getattr(run, f"{name}_error") for run in runs])
        # Medians, because a ratio of Gaussians has no moments; .6745 is that of a Gaussian.
        spread = np.median(np.abs(values - np.median(values))) / 0.67449
        assert spread == pytest.approx(np.median(errors), rel=4 * 1.17 / np.sqrt(2000))


def test_adjusted_is_two_stage_least_squares__brute_force():
    x, m, y, p = experiment(200, seed=5)
    first = np.stack([np.ones(200), x, p], axis=1)
    fitted = first @ np.linalg.lstsq(first, m, rcond=None)[0]
    second = np.stack([np.ones(200), x, fitted], axis=1)
    _, direct, beta = np.linalg.lstsq(second, y, rcond=None)[0]
    found = instrument_estimate(x, m, y, p)
    assert (found.direct, found.beta) == pytest.approx((direct, beta), abs=MEDIATION_EXACT)
    ratio = np.cov(p, y)[0, 1] / np.cov(p, m)[0, 1]
    plain = instrument_estimate(x, m, y, p, adjust=False)
    assert plain.beta == pytest.approx(ratio, abs=MEDIATION_EXACT)


@pytest.mark.parametrize(("eta", "left_out"), [(0.0, 0.600803), (0.14, 0.620482), (0.35, 0.65)])
def test_least_squares_with_and_without_perturbation__closed_form(eta, left_out):
    """O10: the biased product is .65 with P as a covariate, and the formula's value without it."""
    x, m, y, p = experiment(400_000, eta, seed=2)
    formula = 0.5 * (0.8 + (1 + TAU * eta) / (TAU**2 + 2))
    assert formula == pytest.approx(left_out, abs=MEDIATION_SIX_DIGITS)
    for covariates, value in ((p, 0.65), (None, formula)):
        found = estimate_mediation(x, m, y, covariates=covariates, method="sobel").indirect
        assert abs(found.value - value) < MEDIATION_STANDARD_ERRORS * found.standard_error


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: np.zeros(9)}, "stimulus is constant"),
        ({3: np.arange(8.0)}, "outcome, perturbation of one length"),
        ({1: np.full(9, np.nan)}, "mediator must be finite"),
        ({2: np.ones((9, 1))}, r"got shapes \(9,\), \(9,\), \(9, 1\)"),
        ({3: np.array([0.0, 1, 4, 9, 16, 25, 36, 49, 64]) * 2}, "multiple of the other"),
    ],
)
def test_bad_input__property(change, message):
    arrays = [np.arange(9.0) ** 2, np.arange(9.0), np.arange(9.0), np.arange(9.0) % 2]
    for place, value in change.items():
        arrays[place] = value
    with pytest.raises(ValueError, match=message):
        instrument_estimate(*arrays)


def test_too_few_and_no_instrument__property():
    with pytest.raises(ValueError, match="at least 5"):
        instrument_estimate(*np.random.default_rng(0).normal(size=(4, 4)))
    x, p = np.array([-1.0, 1, -1, 1, 0, 0]), np.array([-1.0, -1, 1, 1, 0, 0])
    with pytest.raises(ValueError, match="no instrument"):
        instrument_estimate(x, x, x, p)
