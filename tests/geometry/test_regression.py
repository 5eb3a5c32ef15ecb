"""Exact end points of random-label regression against pseudo-inverses and known values."""

import jax
import numpy as np
import pytest
from spinebook.geometry import (
    CANDIDATES,
    NegativeEntropy,
    PNorm,
    RegressionDesign,
    expected_squared_change,
    gaussianity_distance,
    regression_end_points,
)
from spinebook.geometry.regression import sample_problem

from tests import tolerances

TRUTHS = (NegativeEntropy(), PNorm(2.0), PNorm(3.0))


@pytest.mark.slow
def test_euclidean_end_point_is_the_pseudo_inverse__independent_package(float64):
    design, key = RegressionDesign(120, 9), jax.random.key(3)
    (end,) = regression_end_points(design, [PNorm(2.0)], 1, key=key)
    X, y, w0 = map(np.asarray, sample_problem(design, key=jax.random.split(key, 1)[0]))
    change = np.linalg.pinv(X) @ (y - X @ w0)
    exact = tolerances.GEOMETRY_CLOSED_FORM
    assert end.squared_change[0] == pytest.approx(change @ change, rel=exact)
    norm = np.linalg.norm(change) / np.linalg.norm(w0)
    assert end.relative_change[0] == pytest.approx(norm, rel=exact)
    # The statistic counts points below a grid, so one weight at a grid point may go either way.
    one_weight = 10 / 999 / 120
    assert end.distance[0] == pytest.approx(float(gaussianity_distance(change)), abs=one_weight)
    flips = np.mean(np.sign(w0 + change) != np.sign(w0))
    assert end.sign_flips[0] == pytest.approx(flips)


def test_independent_inputs_have_a_simple_expectation__closed_form():
    """For independent inputs the equation of kappa is solved by N / (D - N) / variance."""
    design = RegressionDesign(400, 40, active=0.5, strength=2.0)
    expected = 40 / 400 + 40 / 360 / 4.0
    assert expected_squared_change(design) == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_mean_squared_change__closed_form():
    """Independent Gaussian inputs: N/D + N/(D - N - 1) exactly, here against 4,000 problems."""
    design = RegressionDesign(60, 6, active=0.999999)
    (end,) = regression_end_points(design, [PNorm(2.0)], 4000, key=jax.random.key(0))
    error = end.squared_change.std() / 4000**0.5
    assert abs(end.squared_change.mean() - (6 / 60 + 6 / 53)) < 4 * error


@pytest.mark.slow
def test_distances_under_every_candidate__published():
    """Mean distances found independently for 10,000 weights and 100 examples (dossier, O6)."""
    published = [
        (0.010, 0.105, 0.240, 0.354, 0.443),
        (0.693, 0.287, 0.010, 0.105, 0.240),
        (0.617, 0.482, 0.268, 0.077, 0.010),
    ]
    ends = regression_end_points(RegressionDesign(10_000, 100), TRUTHS, 4, key=jax.random.key(1))
    for end, row in zip(ends, published, strict=True):
        found = end.distances.mean(axis=0)
        np.testing.assert_allclose(found, row, atol=tolerances.GEOMETRY_CROSS_DISTANCE)


@pytest.mark.parametrize("strength", [pytest.param(1.0, marks=pytest.mark.slow), 0.1])
def test_sparse_problems_are_solved__closed_form(strength):
    """Sparse inputs give some weights tiny sizes; one of them must not stop Newton's method."""
    design = RegressionDesign(2000, 44, active=0.01, strength=strength)
    for end in regression_end_points(design, TRUTHS, 12, key=jax.random.key(5)):
        assert end.converged.all()
    assert design.floor == pytest.approx(RegressionDesign(2000, 44, active=0.5).floor)


@pytest.mark.slow
def test_geometries_share_their_problems__property():
    design = RegressionDesign(150, 12)
    together = regression_end_points(design, TRUTHS, 3, key=jax.random.key(2))
    for potential, end in zip(TRUTHS, together, strict=True):
        (alone,) = regression_end_points(design, [potential], 3, key=jax.random.key(2))
        np.testing.assert_allclose(alone.squared_change, end.squared_change, rtol=1e-8)
        assert end.distances.shape == (3, len(CANDIDATES))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": 10, "samples": 10}, "fewer than features"),
        ({"features": 1, "samples": 1}, "at least 2"),
        ({"features": 10, "samples": 0}, "at least 1"),
        ({"features": 10, "samples": 2, "active": 0.0}, "active"),
        ({"features": 10, "samples": 2, "active": 0.5, "strength": 0.0}, "strength"),
        ({"features": 10, "samples": 2, "strength": 2.0}, "1 for dense"),
    ],
)
def test_bad_designs_are_refused__property(arguments, message):
    with pytest.raises(ValueError, match=message):
        RegressionDesign(**arguments)


@pytest.mark.parametrize(("potentials", "seeds"), [([], 3), ([PNorm(2.0)], 0)])
def test_studies_of_nothing_are_refused__property(potentials, seeds):
    with pytest.raises(ValueError, match=r"seeds|potentials"):
        regression_end_points(RegressionDesign(20, 3), potentials, seeds, key=jax.random.key(0))
