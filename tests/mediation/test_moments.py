"""Least squares from moments against least squares from observations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spinebook.mediation.moments import (
    covariance_from_moments,
    moment_rows,
    regression_paths,
    sweep,
)

from tests.tolerances import MEDIATION_EXACT


def sample(n=60, mediators=2, covariates=2, seed=0):
    generator = np.random.default_rng(seed)
    c = generator.normal(size=(n, covariates))
    x = generator.normal(size=(n, 1)) + c @ np.full((covariates, 1), 0.4)
    m = x + c.sum(axis=1, keepdims=True) + generator.normal(size=(n, mediators))
    y = m.sum(axis=1, keepdims=True) - x + generator.normal(size=(n, 1))
    return c, x, m, y


def fit(response, *regressors):
    design = np.concatenate([np.ones((len(response), 1)), *regressors], axis=1)
    coefficients = np.linalg.lstsq(design, response, rcond=None)[0]
    return coefficients, response - design @ coefficients, np.linalg.inv(design.T @ design)


def test_paths_are_regressions__independent_package():
    c, x, m, y = sample()
    n = len(x)
    columns = np.concatenate([c, x, m, y], axis=1)
    paths = regression_paths(np.cov(columns.T, bias=True), 2, 2)
    on_x, m_rest, x_inverse = fit(m, c, x)
    on_both, y_rest, inverse = fit(y, c, x, m)
    alone, total_rest, _ = fit(y, c, x)
    expected = {
        "a": on_x[3],
        "total": alone[3, 0],
        "direct": on_both[3, 0],
        "b": on_both[4:, 0],
        "mediator_spread": m_rest.T @ m_rest / n,
        "outcome_spread": y_rest.T @ y_rest / n,
        "total_spread": total_rest.T @ total_rest / n,
        "stimulus_inverse": n * x_inverse[3, 3],
        "direct_inverse": n * inverse[3, 3],
        "mediator_inverse": n * inverse[4:, 4:],
    }
    for name, value in expected.items():
        got = np.asarray(getattr(paths, name))
        np.testing.assert_allclose(got, np.reshape(value, got.shape), rtol=MEDIATION_EXACT)


def test_total_is_direct_plus_indirect__property():
    for mediators, covariates in ((1, 0), (3, 0), (2, 2)):
        c, x, m, y = sample(mediators=mediators, covariates=covariates, seed=mediators)
        columns = np.concatenate([c, x, m, y], axis=1)
        paths = regression_paths(np.cov(columns.T, bias=True), mediators, covariates)
        assert paths.total == pytest.approx(paths.direct + paths.a @ paths.b, abs=MEDIATION_EXACT)


def test_moments_of_a_batch__brute_force():
    generator = np.random.default_rng(3)
    data = generator.normal(size=(5, 30, 3))
    means = np.stack([moment_rows(z).mean(axis=0) for z in data], axis=1)
    batch = regression_paths(covariance_from_moments(means, 3))
    for i, z in enumerate(data):
        single = regression_paths(np.cov(z.T, bias=True))
        assert batch.a[0, i] == pytest.approx(single.a[0], abs=MEDIATION_EXACT)
        assert batch.b[0, i] == pytest.approx(single.b[0], abs=MEDIATION_EXACT)
        assert batch.direct[i] == pytest.approx(single.direct, abs=MEDIATION_EXACT)


def test_swept_matrix_is_inverse__independent_package():
    generator = np.random.default_rng(4)
    root = generator.normal(size=(4, 4))
    swept = root @ root.T
    for pivot in range(4):
        swept, _ = sweep(swept, pivot)
    np.testing.assert_allclose(swept, np.linalg.inv(root @ root.T), rtol=1e-9)


def test_sweep_on_jax_arrays__property(float64):
    matrix = np.array([[1.0, 0.5, 0.7], [0.5, 1.25, 1.15], [0.7, 1.15, 2.13]])
    expected = regression_paths(matrix)
    traced = jax.jit(regression_paths)(jnp.asarray(matrix))
    for name, value in expected._asdict().items():
        np.testing.assert_allclose(np.asarray(getattr(traced, name)), value, rtol=1e-12)


def test_tolerance_of_a_collinear_column__closed_form():
    z = np.random.default_rng(5).normal(size=(20, 3))
    z[:, 1] = 2 * z[:, 0]
    with np.errstate(all="ignore"):
        assert abs(regression_paths(np.cov(z.T, bias=True)).tolerance) < MEDIATION_EXACT
