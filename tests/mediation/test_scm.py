"""The linear model against simulation, and what regressions make of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.trials import draw_stimulus

from tests.tolerances import (
    MEDIATION_EFFECTS_CLOSED_FORM,
    MEDIATION_EFFECTS_SIX_DIGITS,
    MEDIATION_EFFECTS_STANDARD_ERRORS,
)

# beta, lambda_M, lambda_Y; then bias, indirect, direct, total and residual correlation.
OMITTED = [
    ((0.8, 0.5, 0.5), (0.2, 0.5, 0.2, 0.7, 0.2)),
    ((0.0, 0.5, 0.5), (0.2, 0.1, 0.2, 0.3, 0.2)),
    ((0.0, 1.0, 1.0), (0.5, 0.25, 0.05, 0.3, 0.5)),
    ((0.8, 1.0, -1.0), (-0.5, 0.15, 0.55, 0.7, -0.5)),
    ((0.8, 1.0, -1.6), (-0.8, 0.0, 0.7, 0.7, -0.599625)),
]
TRIALS = 400_000
FULL = LinearSCM(
    alpha=0.7,
    beta=-0.4,
    direct=0.5,
    interaction=0.6,
    confounder_mediator=0.8,
    confounder_outcome=-0.5,
    mediator_intercept=0.9,
    outcome_intercept=-2.0,
    stimulus_sd=1.3,
    mediator_sd=0.6,
    outcome_sd=1.1,
)


def confounded(beta, mediator, outcome):
    return LinearSCM(beta=beta, confounder_mediator=mediator, confounder_outcome=outcome)


def least_squares(columns, y):
    """Coefficients after the intercept, in float64."""
    table = np.column_stack([np.ones(len(y)), *columns]).astype(np.float64)
    return np.linalg.lstsq(table, np.asarray(y, np.float64), rcond=None)[0][1:]


def regressions(sample):
    x, m, y = sample[:3]
    (a,), (total,), (direct, b) = (
        least_squares([x], m),
        least_squares([x], y),
        least_squares([x, m], y),
    )
    return a, b, direct, total, a * b


def many_samples(scm, law="gaussian"):
    """Columns X, M, Y of 400 replicates of 100 trials."""
    draw = jax.vmap(lambda key: scm.draw(100, key=key, stimulus=law)[:3])
    columns = draw(jax.random.split(jax.random.key(7), 400))
    return np.stack(columns, axis=1).astype(np.float64)


def standard_errors_away(estimates, expected):
    """How far the mean over replicates is from what is expected."""
    error = estimates.std(axis=0, ddof=1) / np.sqrt(len(estimates))
    return np.max(np.abs(estimates.mean(axis=0) - expected) / error)


@pytest.mark.parametrize(("parameters", "expected"), OMITTED)
def test_omitted_common_input__closed_form(parameters, expected):
    scm = confounded(*parameters)
    limit = scm.expected_regression()
    found = (scm.omitted_bias, limit.indirect, limit.direct, limit.total, scm.residual_correlation)
    np.testing.assert_allclose(found, expected, atol=MEDIATION_EFFECTS_SIX_DIGITS)


@pytest.mark.parametrize("parameters", [row[0] for row in OMITTED])
def test_omitted_common_input_in_samples__closed_form(parameters):
    """Gaussian regressions are unbiased for their limits at any sample size."""
    scm = confounded(*parameters)
    estimates = np.array([regressions(sample) for sample in many_samples(scm)])
    distance = standard_errors_away(estimates, scm.expected_regression())
    assert distance < MEDIATION_EFFECTS_STANDARD_ERRORS


@pytest.mark.parametrize(
    ("variance", "reliability", "indirect", "direct"),
    [(0.25, 0.8, 0.32, 0.38), (1.0, 0.5, 0.2, 0.5), (4.0, 0.2, 0.08, 0.62)],
)
def test_noisy_recording__closed_form(variance, reliability, indirect, direct):
    scm, sd = LinearSCM(), variance**0.5
    limit = scm.expected_regression(recording_sd=sd)
    found = (scm.reliability(sd), limit.indirect, limit.direct, limit.total)
    np.testing.assert_allclose(
        found, (reliability, indirect, direct, 0.7), atol=MEDIATION_EFFECTS_CLOSED_FORM
    )


def test_noisy_recording_in_a_sample__brute_force():
    n, sd = TRIALS, 1.5
    scm = confounded(0.8, 0.6, -0.4)
    sample = scm.draw(n, key=jax.random.key(3))
    noise = sd * np.random.default_rng(4).normal(size=n)
    recorded = sample._replace(mediator=sample.mediator + noise)
    limit = scm.expected_regression(recording_sd=sd)
    # Residual variance of the outcome is at most its variance given the stimulus, below 3.
    bound = MEDIATION_EFFECTS_STANDARD_ERRORS * np.sqrt(3 / n)
    np.testing.assert_allclose(regressions(recorded), limit, atol=bound)


def test_ignored_interaction__closed_form():
    scm = LinearSCM(interaction=0.4, mediator_intercept=0.2)
    limit = scm.expected_regression(stimulus="bernoulli")
    np.testing.assert_allclose(
        (limit.b, limit.indirect, limit.direct, limit.total),
        (1.0, 0.5, 0.48, 0.98),
        atol=MEDIATION_EFFECTS_CLOSED_FORM,
    )


@pytest.mark.parametrize("law", ["gaussian", "bernoulli"])
def test_limits_follow_from_the_covariance__brute_force(law):
    """Population least squares from the implied covariance, interaction and all."""
    covariance = FULL.covariance(stimulus=law)
    a = covariance[0, 1] / covariance[0, 0]
    total = covariance[0, 2] / covariance[0, 0]
    direct, b = np.linalg.solve(covariance[:2, :2], covariance[:2, 2])
    np.testing.assert_allclose(
        FULL.expected_regression(stimulus=law),
        (a, b, direct, total, a * b),
        atol=MEDIATION_EFFECTS_CLOSED_FORM,
    )


@pytest.mark.parametrize("law", ["gaussian", "bernoulli"])
def test_implied_covariance_in_samples__brute_force(law):
    found = np.array([np.cov(sample) for sample in many_samples(FULL, law)])
    distance = standard_errors_away(found, FULL.covariance(stimulus=law))
    assert distance < MEDIATION_EFFECTS_STANDARD_ERRORS


def test_family_of_models__brute_force():
    beta = np.array([0.0, 0.4, 0.8])
    family = LinearSCM(beta=beta, confounder_mediator=0.5, confounder_outcome=0.5)
    single = [confounded(b, 0.5, 0.5) for b in beta]
    np.testing.assert_allclose(
        family.covariance(), [scm.covariance() for scm in single], atol=0, rtol=1e-15
    )
    np.testing.assert_allclose(
        family.expected_regression().indirect,
        [scm.expected_regression().indirect for scm in single],
        rtol=1e-15,
    )


def test_draws_of_a_family_under_vmap__property():
    family = LinearSCM(
        *(jnp.full(2, value) for value in (0.5, 0.8, 0.3, *[0.0] * 5, 1.0, 1.0, 1.0))
    )
    drawn = jax.vmap(lambda scm: scm.draw(5, key=jax.random.key(2)))(family)
    alone = LinearSCM().draw(5, key=jax.random.key(2))
    for many, one in zip(drawn, alone, strict=True):
        np.testing.assert_allclose(many[1], one, atol=1e-6)


@given(scale=st.floats(0.1, 10))
def test_indirect_effect_does_not_depend_on_units__property(scale):
    """The mediator may come in any unit; a stimulus in units of 1/s has s times less per unit."""
    base = confounded(0.8, 0.5, 0.5)
    louder = LinearSCM(
        alpha=0.5 * scale,
        beta=0.8 / scale,
        confounder_mediator=0.5 * scale,
        confounder_outcome=0.5,
        mediator_sd=scale,
    )
    stretched = LinearSCM(
        alpha=0.5 / scale,
        direct=0.3 / scale,
        confounder_mediator=0.5,
        confounder_outcome=0.5,
        stimulus_sd=scale,
    )
    expected = base.expected_regression().indirect
    assert louder.expected_regression().indirect == pytest.approx(expected, rel=1e-12)
    assert stretched.expected_regression().indirect == pytest.approx(expected / scale, rel=1e-12)


@given(
    st.integers(0, 10_000),
    st.sampled_from([5, 40]),
)
def test_total_is_direct_plus_product_in_sample__property(seed, n):
    rng = np.random.default_rng(seed)
    _, _, direct, total, product = regressions(rng.normal(size=(3, n)))
    assert total == pytest.approx(direct + product, abs=1e-10)


@pytest.mark.parametrize(
    ("off_target", "left_out", "instrument"),
    [(0.0, 0.600803, 0.8), (0.14, 0.620482, 1.0), (0.35, 0.65, 1.3)],
)
def test_perturbation_left_out__closed_form(off_target, left_out, instrument):
    scm, push, n = confounded(0.8, 1.0, 1.0), 0.7, TRIALS
    limit = scm.expected_regression(push=push, off_target=off_target)
    assert limit.indirect == pytest.approx(left_out, abs=MEDIATION_EFFECTS_SIX_DIGITS)
    assert scm.expected_regression().indirect == pytest.approx(0.65, abs=1e-12)
    sample = scm.draw(n, key=jax.random.key(5), push=push, off_target=off_target)
    x, m, y, _, p = (np.asarray(column, np.float64) for column in sample)
    # Instrumental-variable slope, and its delta-method standard error.
    slope = np.cov(p, y)[0, 1] / np.cov(p, m)[0, 1]
    rest = y - slope * m
    rest, weight = rest - rest.mean(), p - p.mean()
    error = np.sqrt(np.mean((weight * rest) ** 2) / n) / abs(np.cov(p, m)[0, 1])
    assert abs(slope - instrument) < MEDIATION_EFFECTS_STANDARD_ERRORS * error
    # With the perturbation as a covariate, least squares keeps the whole bias.
    a, with_p = least_squares([x, p], m)[0], least_squares([x, m, p], y)[1]
    bound = MEDIATION_EFFECTS_STANDARD_ERRORS * 3 / np.sqrt(n)
    assert abs(a * with_p - 0.65) < bound
    assert abs(regressions(sample)[4] - left_out) < bound


def test_clamp_removes_every_cause_of_the_mediator__property():
    key = jax.random.key(8)
    free, held = FULL.draw(5, key=key), FULL.draw(5, key=key, set_mediator=0.4, push=2.0)
    assert np.ptp(np.asarray(held.mediator)) == 0
    np.testing.assert_array_equal(free.stimulus, held.stimulus)
    np.testing.assert_array_equal(free.confounder, held.confounder)
    slope = FULL.beta + FULL.interaction * np.asarray(free.stimulus)
    np.testing.assert_allclose(
        free.outcome - held.outcome, slope * (free.mediator - held.mediator), atol=1e-5
    )


def test_stimulus_laws__closed_form():
    key = jax.random.key(9)
    binary = np.asarray(draw_stimulus(100_000, "bernoulli", 2.0, key=key))
    assert set(np.unique(binary)) == {0.0, 1.0}
    assert abs(binary.mean() - 0.5) < MEDIATION_EFFECTS_STANDARD_ERRORS * 0.5 / np.sqrt(1e5)
    smooth = np.asarray(draw_stimulus(100_000, "gaussian", 2.0, key=key))
    assert abs(smooth.std() / 2 - 1) < MEDIATION_EFFECTS_STANDARD_ERRORS / np.sqrt(2e5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LinearSCM(stimulus_sd=0.0), "stimulus_sd must be positive"),
        (lambda: LinearSCM(mediator_sd=-1.0), "mediator_sd must be at least 0"),
        (lambda: LinearSCM(alpha=float("nan")), "alpha must be finite"),
        (lambda: LinearSCM(alpha=np.ones(2), beta=np.ones(3)), "broadcast"),
        (lambda: LinearSCM().draw(0, key=jax.random.key(0)), "n must be at least 1"),
        (lambda: LinearSCM().draw(5, key=jax.random.key(0), stimulus="flat"), "gaussian, bern"),
        (lambda: LinearSCM().covariance(stimulus="flat"), "gaussian, bernoulli"),
        (lambda: LinearSCM(alpha=np.ones(2)).draw(5, key=jax.random.key(0)), "jax.vmap"),
        (lambda: LinearSCM(mediator_sd=0.0).expected_regression(), "function of the stimulus"),
    ],
)
def test_mistakes_are_refused__property(call, message):
    # Helpers also have type checks of their own in tests; where those speak first, so be it.
    with pytest.raises((ValueError, TypeError), match=message + "|[Tt]ype-check"):
        call()
