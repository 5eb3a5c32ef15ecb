"""A logistic choice by intervention against quadrature, and its regression against a package."""

import jax
import numpy as np
import pytest
from spinebook.mediation.choices import LogisticChoice, logistic_slopes
from spinebook.mediation.formula import mediation_formula

from tests.tolerances import MEDIATION_EXACT, MEDIATION_STANDARD_ERRORS


def test_effects_of_a_choice__closed_form():
    """The quadrature knows nothing of trials; the trials know nothing of the formula."""
    model = LogisticChoice(outcome_intercept=-2.0)
    found = model.simulate_effects(100_000, key=jax.random.key(0))
    truth = mediation_formula(
        lambda x, m: 1 / (1 + np.exp(-(-2 + 0.5 * x + 1.5 * m))), lambda x: x, 1.0
    )
    for name in ("total", "pure_direct", "total_direct", "pure_indirect", "total_indirect"):
        gap = float(getattr(found.effects, name)) - float(getattr(truth, name))
        assert abs(gap) < MEDIATION_STANDARD_ERRORS * float(getattr(found.standard_error, name))


def test_parameters_must_be_finite__property():
    with pytest.raises(ValueError, match="beta"):
        LogisticChoice(beta=float("nan"))


def test_logistic_regression__independent_package():
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(0)
    z = rng.normal(size=(300, 2))
    y = (rng.random(300) < 1 / (1 + np.exp(-(0.3 + z @ [1.0, -0.5])))).astype(float)
    theirs = sm.Logit(y, sm.add_constant(z)).fit(disp=0, tol=1e-12).params
    np.testing.assert_allclose(logistic_slopes(z, y), theirs, atol=MEDIATION_EXACT)


def test_maximum_of_the_likelihood__property():
    rng = np.random.default_rng(1)
    z, y = rng.normal(size=(200, 3)), rng.integers(0, 2, 200)
    design = np.column_stack([np.ones(200), z])
    slopes = logistic_slopes(z, y)
    score = design.T @ (y - 1 / (1 + np.exp(-design @ slopes)))
    np.testing.assert_allclose(score, 0, atol=MEDIATION_EXACT)


@pytest.mark.parametrize(
    ("predictors", "choice", "says"),
    [
        ([[0.0], [1.0], [2.0]], [0, 0, 1], "separates"),
        ([[0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0], "collinear"),
        ([[0.0], [1.0]], [0, 2], "0 and 1"),
        ([[0.0], [1.0]], [0, 1, 1], "expected predictors"),
    ],
)
def test_what_cannot_be_fitted__property(predictors, choice, says):
    with pytest.raises(ValueError, match=says):
        logistic_slopes(np.array(predictors), np.array(choice))
