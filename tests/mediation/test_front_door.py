"""The front door: exact moments, a latent cause summed out, and its limits."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.mediation.front_door import front_door, front_door_discrete

from tests.tolerances import MEDIATION_EFFECTS_CLOSED_FORM, MEDIATION_EFFECTS_STANDARD_ERRORS


def loadings(direct):
    """X = U + e, M = .5 X + e, Y = .8 M + direct X + U + e, as rows over (U, three errors)."""
    u, of_x, of_m, of_y = np.eye(4)
    x = u + of_x
    m = 0.5 * x + of_m
    return np.stack([x, m, 0.8 * m + direct * x + u + of_y])


def exact_sample(direct, n=50):
    """Trials whose sample moments are those of the model: orthonormal causes."""
    raw = np.random.default_rng(0).normal(size=(n, 4))
    causes = np.linalg.qr(raw - raw.mean(axis=0))[0]
    return loadings(direct) @ causes.T


@pytest.mark.parametrize(("direct", "naive", "total"), [(0.0, 0.9, 0.4), (0.3, 1.2, 0.7)])
def test_latent_cause_of_stimulus_and_outcome__closed_form(direct, naive, total):
    found = front_door(*exact_sample(direct))
    np.testing.assert_allclose(found, (0.5, 0.8, 0.4, naive), atol=MEDIATION_EFFECTS_CLOSED_FORM)
    # Only without a direct path is it the total effect.
    assert (abs(found.effect - total) < MEDIATION_EFFECTS_CLOSED_FORM) == (direct == 0)


def test_random_trials__closed_form():
    n = 100_000
    causes = np.random.default_rng(1).normal(size=(4, n))
    found = front_door(*(loadings(0.0) @ causes).astype(np.float32))
    # a and b have residual variances of 1 and 1.5 and predictors of residual variance 2 and 1.
    error = np.sqrt((0.8**2 * 0.5 + 0.5**2 * 1.5) / n)
    assert abs(found.effect - 0.4) < MEDIATION_EFFECTS_STANDARD_ERRORS * error


@given(st.integers(0, 10_000))
def test_tables_with_a_latent_cause__brute_force(seed):
    """The formula sees p(x, m, y) only, the intervention is summed over the latent cause."""
    rng = np.random.default_rng(seed)
    latent = rng.dirichlet(np.ones(2))
    x_given_u = rng.dirichlet(np.ones(2), size=2)
    m_given_x = rng.dirichlet(np.ones(2), size=2)
    y_given_mu = rng.dirichlet(np.ones(2), size=(2, 2))
    joint, done = np.zeros((2, 2, 2)), np.zeros((2, 2))
    for u, x, m, y in itertools.product(range(2), repeat=4):
        after = latent[u] * m_given_x[x, m] * y_given_mu[m, u, y]
        joint[x, m, y] += x_given_u[u, x] * after
        done[x, y] += after
    p_x = joint.sum(axis=(1, 2))
    p_m_x = joint.sum(axis=2) / p_x[:, None]
    p_y_mx = (joint / joint.sum(axis=2, keepdims=True)).transpose(1, 0, 2)
    found = front_door_discrete(p_m_x, p_y_mx, p_x)
    np.testing.assert_allclose(found, done, atol=MEDIATION_EFFECTS_CLOSED_FORM)


FAIR = np.full((2, 2), 0.5)
COLUMN = np.arange(4.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: front_door(COLUMN, COLUMN[:3], COLUMN), "one length"),
        (lambda: front_door(COLUMN[:2], COLUMN[:2], COLUMN[:2]), "at least 3"),
        (lambda: front_door(np.ones(4), COLUMN, COLUMN), "stimulus is constant"),
        (lambda: front_door(COLUMN, 2 * COLUMN, COLUMN**2), "function of the stimulus"),
        (lambda: front_door(COLUMN, np.ones(4), COLUMN), "function of the stimulus"),
        (lambda: front_door(COLUMN, np.full(4, np.nan), COLUMN), "mediator must be finite"),
        (lambda: front_door_discrete(FAIR, np.full((2, 3, 2), 0.5), FAIR[0]), "expected p_m_x"),
        (lambda: front_door_discrete(FAIR, np.full((2, 2, 2), 0.6), FAIR[0]), "p_y_mx must sum"),
        (lambda: front_door_discrete(FAIR, np.full((2, 2, 2), 0.5), FAIR), "expected p_m_x"),
    ],
)
def test_mistakes_are_refused__property(call, message):
    # Helpers also have type checks of their own in tests; where those speak first, so be it.
    with pytest.raises((ValueError, TypeError), match=message + "|[Tt]ype-check"):
        call()
