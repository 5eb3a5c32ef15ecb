"""The exact end point against SciPy's constrained optimiser and the pseudo-inverse."""

import numpy as np
import pytest
from scipy import optimize
from spinebook.geometry import CANDIDATES, NegativeEntropy, PNorm, bregman_projection

from tests.tolerances import GEOMETRY_CLOSED_FORM, GEOMETRY_CONSTRAINED


def problem(samples, features, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(samples, features))
    return X, rng.choice([-1.0, 1.0], samples), rng.normal(size=features) / np.sqrt(features)


@pytest.mark.parametrize("potential", CANDIDATES, ids=lambda p: p.name)
def test_solves_the_equations_within_the_row_space__closed_form(potential):
    X, y, w0 = problem(20, 300)
    end = bregman_projection(X, y, w0, potential)
    assert bool(end.converged)
    assert end.weights.dtype == np.float64
    w = np.asarray(end.weights)
    np.testing.assert_allclose(X @ w, y, atol=1e-10)
    change = np.asarray(potential.dual(w)) - np.asarray(potential.dual(w0))
    # Outside jax.enable_x64 the potential itself answers in float32.
    np.testing.assert_allclose(change, np.asarray(end.multipliers) @ X, rtol=0, atol=2e-6)


def test_two_norm_is_the_pseudo_inverse__independent_package():
    X, y, w0 = problem(20, 300)
    end = bregman_projection(X, y, w0, PNorm(2.0))
    expected = w0 + np.linalg.pinv(X) @ (y - X @ w0)
    np.testing.assert_allclose(end.weights, expected, atol=GEOMETRY_CLOSED_FORM)


@pytest.mark.parametrize("potential", [NegativeEntropy(), PNorm(1.5), PNorm(3.0)], ids=str)
def test_minimises_the_divergence__independent_package(potential, float64):
    X, y, w0 = problem(3, 8, seed=2)
    w0 = np.sign(w0) * (np.abs(w0) + 0.2)

    def divergence(w):
        return float(potential.bregman_divergence(w, w0))

    def slope(w):
        return np.asarray(potential.dual(w) - potential.dual(w0))

    end = np.asarray(bregman_projection(X, y, w0, potential).weights)
    sign = np.sign(w0)
    # Entropic weights keep their sign: hand SciPy the same orthant.
    bounds = (
        [(1e-9, None) if s > 0 else (None, -1e-9) for s in sign]
        if isinstance(potential, NegativeEntropy)
        else None
    )
    found = optimize.minimize(
        divergence,
        end + 0.01 * sign,
        jac=slope,
        method="SLSQP",
        bounds=bounds,
        constraints={"type": "eq", "fun": lambda w: X @ w - y, "jac": lambda w: X},
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    np.testing.assert_allclose(found.x, end, atol=GEOMETRY_CONSTRAINED)


def test_hard_three_norm_problem_converges__closed_form():
    # Many equations per weight leave many weights near zero, where the curvature vanishes.
    X, y, w0 = problem(177, 1000)
    end = bregman_projection(X, y, w0, PNorm(3.0))
    assert bool(end.converged)


def test_contradictory_equations_are_reported__closed_form():
    X = np.ones((2, 4))  # one row twice, with different targets
    end = bregman_projection(X, [1.0, -1.0], np.full(4, 0.1), PNorm(2.0), max_steps=20)
    assert not bool(end.converged)


@pytest.mark.parametrize(
    ("X", "y", "w0", "potential", "message"),
    [
        (np.ones((2, 3)), np.ones(3), np.ones(3), PNorm(2.0), "expected inputs"),
        (np.ones((2, 3)), np.ones(2), np.ones(2), PNorm(2.0), "expected inputs"),
        (np.ones(3), np.ones(1), np.ones(3), PNorm(2.0), "expected inputs"),
        (np.ones((0, 3)), np.ones(0), np.ones(3), PNorm(2.0), "at least one"),
        (np.full((1, 3), np.nan), np.ones(1), np.ones(3), PNorm(2.0), "inputs must be finite"),
        (np.ones((1, 2)), np.ones(1), np.array([0.0, 1.0]), NegativeEntropy(), "without zeros"),
    ],
)
def test_bad_problems_are_refused__property(X, y, w0, potential, message):
    with pytest.raises(ValueError, match=message):
        bregman_projection(X, y, w0, potential)
