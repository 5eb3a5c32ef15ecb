"""Estimates from recorded networks: plain regressions, and limits known in a linear network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import multivariate_normal
from spinebook.mediation.discontinuity import spike_discontinuity
from spinebook.mediation.instrument import instrument_estimate
from spinebook.mediation.network_estimates import (
    active_units,
    apparent_effects,
    discontinuity_effects,
    instrument_effects,
    naive_effects,
    rho_bounds,
)
from spinebook.mediation.network_model import NetworkTask, NetworkWeights, draw_noise
from spinebook.mediation.network_sessions import (
    fluctuations,
    independent_currents,
    record_session,
    shared_current,
)
from spinebook.mediation.network_study import study_networks
from spinebook.mediation.population import apparent_share
from spinebook.mediation.sensitivity import sensitivity_rho

from tests.tolerances import (
    MEDIATION_EXACT,
    MEDIATION_NETWORK_FLOAT32,
    MEDIATION_STANDARD_ERRORS,
)

UNITS, TRIALS, BATCHES = 8, 40_000, 40
# Equal units without recurrence whose spikes are read out as they are: the model of eq. 16.
TASK = NetworkTask(units=UNITS, before=1, after=0, shared_noise=1.0, private_noise=1.0)
WEIGHTS = NetworkWeights(
    jnp.full(UNITS, 0.8), jnp.zeros((UNITS, UNITS)), jnp.zeros(UNITS), jnp.full(UNITS, 0.25), 0.0
)
ONES = np.ones(UNITS, np.float32)
SHARED = (0.8 * 1.5) ** 2 + 1  # variance that all drives share, with 1 of their own


@pytest.fixture(scope="module")
def noise():
    return draw_noise(TASK, ONES, TRIALS, key=jax.random.key(1))


@pytest.fixture(scope="module")
def session(noise):
    return record_session(WEIGHTS, noise, key=jax.random.key(2))


def least_squares(columns, target):
    design = np.column_stack([np.ones(len(target)), *np.atleast_2d(columns)])
    return np.linalg.lstsq(design, np.asarray(target, float), rcond=None)[0][1:]


def regressions(session, units):
    """Naive joint effect of some units by two least-squares problems a unit."""
    spikes = np.asarray(session.spikes[:, units], float).T
    to_units = [least_squares(session.stimulus, spike)[0] for spike in spikes]
    to_report = least_squares([session.stimulus, *spikes], session.report)[1:]
    return np.dot(to_units, to_report)


def test_naive_effects__brute_force(session):
    expected = [regressions(session, [unit]) for unit in range(UNITS)]
    np.testing.assert_allclose(naive_effects(session), expected, atol=MEDIATION_EXACT)


def test_joint_effects__brute_force(session):
    sets = np.array([[1, 0, 1, 0, 0, 0, 0, 0], [1, 1, 1, 0, 1, 0, 0, 1]], bool)
    expected = [regressions(session, np.flatnonzero(chosen)) for chosen in sets]
    np.testing.assert_allclose(apparent_effects(session, sets), expected, atol=MEDIATION_EXACT)


def test_bounds__brute_force(session):
    """The least and greatest effect on a fine grid of correlations."""
    bounds = rho_bounds(session, 0.8)
    for unit in (0, 5):
        curve = sensitivity_rho(
            session.stimulus,
            session.spikes[:, unit],
            session.report,
            rho=np.linspace(-0.8, 0.8, 41),
        )
        assert bounds.low[unit] == pytest.approx(curve.indirect.min(), abs=MEDIATION_EXACT)
        assert bounds.high[unit] == pytest.approx(curve.indirect.max(), abs=MEDIATION_EXACT)
    assert np.all(bounds.low < naive_effects(session))
    assert np.all(bounds.high > naive_effects(session))


def test_discontinuity__brute_force(session):
    found = discontinuity_effects(session)
    for unit in (0, 5):
        drive = session.drive[:, unit].astype(float)
        jump = spike_discontinuity(drive, session.report, window=0.5 * drive.std())
        slope = least_squares(session.stimulus, session.spikes[:, unit])[0]
        assert found[unit] == pytest.approx(slope * jump.value, abs=MEDIATION_EXACT)


def test_recording_more__closed_form(session):
    """Spikes of equal Gaussian units are equally correlated, so the shares are those of eq. 16."""
    deviation = np.sqrt(1 + SHARED)
    covariance = np.full((2, 2), SHARED / (1 + SHARED)) + np.eye(2) / (1 + SHARED)
    place = 0.8 / deviation
    both = multivariate_normal(cov=covariance).cdf([place, place])
    shared = both - ndtr(place) ** 2
    private = ndtr(place) * ndtr(-place) - shared
    counts = [1, 2, 4, 8]
    sets = np.arange(UNITS) < np.array(counts)[:, None]
    joint = UNITS * 0.25 * (ndtr(place) - ndtr(-place))
    parts = [
        apparent_effects(type(session)(*(column[rows] for column in session)), sets) / joint
        for rows in np.split(np.arange(TRIALS), BATCHES)
    ]
    error = np.std(parts, axis=0, ddof=1) / np.sqrt(BATCHES)
    expected = apparent_share(counts, UNITS, shared, private)
    distance = np.abs(np.mean(parts, axis=0) - expected)
    assert np.all(distance < MEDIATION_STANDARD_ERRORS * error)
    assert expected[1] > 2 * counts[1] / UNITS


def instrument_errors(session):
    return np.array(
        [
            instrument_estimate(
                session.stimulus, session.spikes[:, j], session.report, session.current[:, j]
            ).indirect_error
            for j in range(UNITS)
        ]
    )


def test_independent_currents__closed_form(session, noise):
    """Each identifies its own unit's weight; the current widens the drive and so lowers alpha."""
    current = independent_currents(session, 0.5, key=jax.random.key(3))
    perturbed = record_session(WEIGHTS, noise, current, key=jax.random.key(4))
    place = 0.8 / np.sqrt((1 + SHARED) * 1.25)
    expected = 0.25 * (ndtr(place) - ndtr(-place))
    distance = np.abs(instrument_effects(perturbed) - expected)
    assert np.all(distance < MEDIATION_STANDARD_ERRORS * instrument_errors(perturbed))
    assert naive_effects(perturbed).min() > 2 * expected


def test_shared_current__closed_form(session, noise):
    """Moving all of eight equal units, it ascribes the effect of eight to each."""
    current = shared_current(session, 0.5, key=jax.random.key(5))
    driven = record_session(WEIGHTS, noise, current, key=jax.random.key(6))
    place = 0.8 / np.sqrt((1 + SHARED) * 1.25)
    expected = UNITS * 0.25 * (ndtr(place) - ndtr(-place))
    # The direction is estimated: no unit gets exactly the same current.
    share = np.asarray(current[0] / current[0].mean())
    assert np.abs(share - 1).max() < 0.02
    limit = MEDIATION_STANDARD_ERRORS * instrument_errors(driven) + 0.02 * expected
    assert np.all(np.abs(instrument_effects(driven) - expected) < limit)


def test_currents__property(session):
    """Both give the average unit a quarter of its variance given the stimulus."""
    variance = np.diag(fluctuations(session)).mean()
    for current, limit in (
        (
            independent_currents(session, 0.5, key=jax.random.key(7)),
            4 / np.sqrt(TRIALS * UNITS / 2),
        ),
        (shared_current(session, 0.5, key=jax.random.key(8)), 4 / np.sqrt(TRIALS / 2)),
    ):
        given = np.mean(np.asarray(current, float) ** 2)
        assert given / (0.25 * variance) == pytest.approx(1, abs=limit)
    assert np.linalg.matrix_rank(np.asarray(current[:50]), tol=1e-3) == 1
    pooled = sum(
        np.cov(session.drive[session.stimulus == x], rowvar=False, ddof=0)
        * np.mean(session.stimulus == x)
        for x in (0, 1)
    )
    np.testing.assert_allclose(fluctuations(session), pooled, rtol=MEDIATION_NETWORK_FLOAT32)


def test_silent_units__property(session):
    """A unit that never spikes mediates nothing whatever the method, and upsets no other."""
    spikes = session.spikes.copy()
    spikes[:, 2] = 0
    silent = session._replace(spikes=spikes, current=session.drive)
    assert active_units(silent).tolist() == [True] * 2 + [False] + [True] * 5
    others = np.arange(UNITS) != 2
    for method in (naive_effects, discontinuity_effects, instrument_effects):
        found = method(silent)
        assert found[2] == 0
        np.testing.assert_array_equal(
            found[others], method(session._replace(current=session.drive))[others]
        )
    bounds = rho_bounds(silent)
    assert bounds.low[2] == bounds.high[2] == 0
    sets = np.array([[0, 0, 1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0, 0, 0]], bool)
    found = apparent_effects(silent, sets)
    assert found[0] == 0
    assert found[1] == pytest.approx(regressions(session, [0]), abs=MEDIATION_EXACT)


@pytest.mark.slow
def test_study__property():
    """Shares of all units are 1 if true, a study repeats, and its networks differ."""
    task = NetworkTask(units=3, before=2, after=1)
    settings = {"task": task, "sizes": (1, 3), "choices": 2, "steps": 3}
    study = study_networks(2, 500, key=jax.random.key(9), **settings)
    assert study.true.shape == study.along.shape == (2, 3)
    assert study.true_share.shape == study.apparent_share.shape == (2, 2, 2)
    np.testing.assert_allclose(study.true_share[:, 1], 1, atol=MEDIATION_EXACT)
    assert np.ptp(study.true, axis=0).min() > 0
    assert np.all((study.low < study.naive) & (study.naive < study.high))
    again = study_networks(2, 500, key=jax.random.key(9), **settings)
    np.testing.assert_allclose(again.instrument, study.instrument, rtol=1e-6)
    with pytest.raises(ValueError, match="trials must be at least 1"):
        study_networks(1, 0, key=jax.random.key(0))
