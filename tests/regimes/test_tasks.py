"""Cognitive tasks against their definitions, and Bayes floors against the ideal observer itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats
from spinebook.regimes.ideal_observer import comparison_floor, evidence_floor
from spinebook.regimes.image_rows import image_rows
from spinebook.regimes.tasks import (
    ContextDependentDecision,
    DelayedMatchToSample,
    TwoAlternativeForcedChoice,
)

from tests.tolerances import (
    REGIMES_RATE_FLOOR_DIGITS,
    REGIMES_RATE_MOMENT,
    REGIMES_RATE_QUADRATURE,
    REGIMES_RATE_STANDARD_ERRORS,
)

TASKS = [TwoAlternativeForcedChoice(), DelayedMatchToSample(), ContextDependentDecision()]
MANY = 20_000
TINY = 1e-7


DRAW = jax.jit(lambda task, batch, key: task.draw(batch, key=key), static_argnums=(0, 1))


def drawn(task, batch=MANY, seed=0):
    return [np.asarray(part, np.float64) for part in DRAW(task, batch, jax.random.key(seed))]


def posterior_of_first(evidence, strengths, deviation):
    """Return the probability that the mean is positive, signs and strengths equally likely."""
    up, down = (
        stats.norm.pdf(evidence[:, None], sign * np.asarray(strengths), deviation).sum(1)
        for sign in (1, -1)
    )
    return up / (up + down)


@pytest.mark.parametrize("task", TASKS)
def test_labels_and_fixation__published(task):
    inputs, labels = drawn(task)
    assert inputs.shape == (8, MANY, task.inputs)
    assert task.steps == 8
    assert (labels[:-1] == 0).all()
    assert set(np.unique(labels[-1])) == {1, 2}
    assert abs(np.mean(labels[-1] == 1) - 0.5) < 4 * 0.5 / np.sqrt(MANY)
    quiet = drawn(type(task)(noise=TINY))[0][:, :, 0]
    np.testing.assert_allclose(quiet, (np.arange(8) < 7)[:, None] * np.ones(MANY), atol=1e-5)
    assert (inputs[-1, :, 1 : 5 if task.inputs == 7 else 3] == 0).all()


@pytest.mark.parametrize("task", TASKS)
def test_draws_are_fresh_and_repeatable__property(task):
    first, again, other = drawn(task), drawn(task), drawn(task, seed=1)
    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])
    keys = jnp.stack([jax.random.key(1), jax.random.key(0)])
    _, stacked = jax.lax.scan(lambda c, key: (c, task.draw(MANY, key=key)), None, keys)
    alone = first
    np.testing.assert_allclose(stacked[0][1], alone[0], atol=1e-6)
    np.testing.assert_array_equal(stacked[1][1], alone[1])


def test_forced_choice_stimulus__published():
    inputs, labels = drawn(TwoAlternativeForcedChoice(noise=TINY))
    stronger = np.where(labels[-1] == 1, 1.0, -1.0)
    difference = (inputs[:7, :, 1] - inputs[:7, :, 2]) * stronger * 100
    assert np.ptp(difference, axis=0).max() < 1e-3
    values, counts = np.unique(np.round(difference[0], 2), return_counts=True)
    np.testing.assert_allclose(np.abs(values), [0, 6.4, 12.8, 25.6, 51.2], atol=0.01)
    assert (np.abs(counts - MANY / 5) < 4 * np.sqrt(MANY * 0.16)).all()
    np.testing.assert_allclose(inputs[:7, :, 1:].sum(-1), 1.0, atol=1e-5)


def test_noise_of_the_stimulus__published():
    for task, steps, channels in (
        (TwoAlternativeForcedChoice(coherences=(0.0,)), range(7), (1, 2)),
        (ContextDependentDecision(coherences=(0.0,)), range(2), (1, 2, 3, 4)),
    ):
        noise = drawn(task)[0][np.ix_(steps, range(MANY), channels)] - 0.5
        flat = noise.transpose(1, 0, 2).reshape(MANY, -1)
        spread = np.cov(flat.T) / 0.01
        assert np.abs(spread - np.eye(len(spread))).max() < 2 * REGIMES_RATE_MOMENT
        assert np.abs(flat.mean(0)).max() / 0.1 < 2 * REGIMES_RATE_MOMENT


def test_match_to_sample_stimulus__published():
    inputs, labels = drawn(DelayedMatchToSample(noise=TINY))
    sample, test = inputs[0, :, 1:], inputs[6, :, 1:]
    np.testing.assert_allclose(np.sort(sample, axis=1), [[0.0, 1.0]] * MANY, atol=1e-5)
    np.testing.assert_allclose(np.sort(test, axis=1), [[0.0, 1.0]] * MANY, atol=1e-5)
    assert (inputs[1:6, :, 1:] == 0).all()
    match = np.argmax(sample, 1) == np.argmax(test, 1)
    np.testing.assert_array_equal(labels[-1], np.where(match, 1, 2))
    assert abs(np.mean(np.argmax(sample, 1)) - 0.5) < 4 * 0.5 / np.sqrt(MANY)
    noisy = drawn(DelayedMatchToSample())[0]
    for step in (0, 6):
        noise = noisy[step, :, 1:] - np.round(noisy[step, :, 1:])
        assert abs(noise.std() / 0.1 - 1) < REGIMES_RATE_MOMENT


def test_context_selects_the_modality__published():
    inputs, labels = drawn(ContextDependentDecision(noise=TINY))
    context = inputs[:, :, 5:]
    np.testing.assert_allclose(context, np.broadcast_to(context[-1], context.shape), atol=1e-5)
    np.testing.assert_allclose(context[-1].sum(1), 1.0)
    cued = np.argmax(context[-1], 1)
    difference = inputs[0, :, [1, 3]] - inputs[0, :, [2, 4]]
    values = np.unique(np.round(difference * 100, 1))
    np.testing.assert_allclose(values, [-50, -15, -5, 5, 15, 50], atol=0.01)
    chosen = difference[cued, np.arange(MANY)]
    np.testing.assert_array_equal(labels[-1], np.where(chosen > 0, 1, 2))
    other = difference[1 - cued, np.arange(MANY)]
    assert abs(np.mean(other * chosen > 0) - 0.5) < 4 * 0.5 / np.sqrt(MANY)
    assert (inputs[2:, :, 1:5] == 0).all()


def test_bayes_floors__published():
    forced, match, context = TASKS
    tolerance = REGIMES_RATE_FLOOR_DIGITS
    assert abs(forced.bayes_decision_loss - 0.25366) < tolerance
    assert abs(forced.bayes_loss - 0.031707) < tolerance
    assert abs(forced.bayes_accuracy - 0.87522) < tolerance
    assert abs(context.bayes_decision_loss - 0.27015) < tolerance
    assert abs(context.bayes_loss - 0.033768) < tolerance
    assert abs(context.bayes_accuracy - 0.87488) < tolerance
    assert match.bayes_loss < 1e-11
    assert 1 - match.bayes_accuracy < 1e-11


def test_evidence_floor_by_adaptive_quadrature__independent_package():
    strengths, deviation = np.array([0.0, 0.3, 1.7]), 0.6

    def density(u, sign):
        return stats.norm.pdf(u, sign * strengths, deviation).mean() / 2

    def loss(u):
        up, down = density(u, 1), density(u, -1)
        return -up * np.log(up / (up + down)) - down * np.log(down / (up + down))

    def right(u):
        return max(density(u, 1), density(u, -1))

    floor = evidence_floor(strengths, deviation)
    for value, integrand in ((floor.loss, loss), (floor.accuracy, right)):
        exact = 2 * integrate.quad(integrand, 0, 8, epsabs=1e-11, epsrel=1e-11, limit=200)[0]
        assert abs(value - exact) < REGIMES_RATE_QUADRATURE


def test_accuracies__closed_form():
    # One strength: accuracy is the normal integral, and a comparison fails if just one side does.
    for m, s in ((1.0, 0.5), (0.2, 1.0)):
        wrong = stats.norm.sf(m / s)
        assert abs(evidence_floor([m], s).accuracy - (1 - wrong)) < REGIMES_RATE_QUADRATURE
        both = 1 - 2 * wrong * (1 - wrong)
        assert abs(comparison_floor([m], s).accuracy - both) < REGIMES_RATE_QUADRATURE
    assert abs(comparison_floor([0.0], 1.0).loss - np.log(2)) < REGIMES_RATE_QUADRATURE
    assert evidence_floor([1e6], 1.0).loss == 0.0


@pytest.mark.slow
def test_ideal_observer_on_drawn_trials__brute_force():
    noise = 0.25
    forced, context = TwoAlternativeForcedChoice(noise=noise), ContextDependentDecision(noise=noise)
    match = DelayedMatchToSample(noise=3 * noise)
    x, labels = drawn(forced)
    evidence = (x[:7, :, 1] - x[:7, :, 2]).sum(0)
    strengths = 7 * np.asarray(forced.coherences) / 100
    cases = [(forced, labels, posterior_of_first(evidence, strengths, noise * np.sqrt(14)))]
    x, labels = drawn(context)
    evidence = (x[:2, :, [1, 3]] - x[:2, :, [2, 4]]).sum(0)[
        np.arange(MANY), np.argmax(x[-1, :, 5:], 1)
    ]
    strengths = 2 * np.asarray(context.coherences) / 100
    cases.append((context, labels, posterior_of_first(evidence, strengths, noise * 2)))
    x, labels = drawn(match)
    p, q = (
        posterior_of_first(x[step, :, 1] - x[step, :, 2], [1.0], 3 * noise * np.sqrt(2))
        for step in (0, 6)
    )
    cases.append((match, labels, p * q + (1 - p) * (1 - q)))
    for task, labels, first in cases:
        right = np.where(labels[-1] == 1, first, 1 - first)
        loss, hit = -np.log(right), right > 0.5
        for sample, expected in ((loss, task.bayes_decision_loss), (hit, task.bayes_accuracy)):
            error = np.std(sample) / np.sqrt(MANY)
            assert abs(np.mean(sample) - expected) < REGIMES_RATE_STANDARD_ERRORS * error + 1e-4


def test_image_rows__closed_form():
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    rows = image_rows(images)
    assert rows.shape == (3, 2, 4)
    np.testing.assert_allclose(rows[2, 1], images[1, 2] / 255, rtol=1e-6)
    np.testing.assert_array_equal(image_rows(images / 255.0), jnp.swapaxes(images / 255.0, 0, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TwoAlternativeForcedChoice(noise=0.0), "noise must be positive"),
        (lambda: TwoAlternativeForcedChoice(stimulus=0), "stimulus must be at least 1"),
        (lambda: TwoAlternativeForcedChoice(coherences=()), "coherences is empty"),
        (lambda: ContextDependentDecision(coherences=(-5.0,)), "must not be negative"),
        (lambda: DelayedMatchToSample(delay=-1), "delay must be at least 0"),
        (lambda: TASKS[0].draw(0, key=jax.random.key(0)), "batch must be at least 1"),
        (lambda: evidence_floor([1.0], 0.0), "deviation must be positive"),
        (lambda: evidence_floor([-1.0], 1.0), "strengths must not be negative"),
        (lambda: image_rows(np.full((1, 2, 2), 1.5)), "between 0 and 1, got"),
        (lambda: image_rows(np.full((1, 2, 2), 300)), "between 0 and 255"),
        (lambda: image_rows(np.zeros((0, 2, 2))), "images must have shape"),
    ],
)
def test_refusals__property(make, message):
    with pytest.raises(ValueError, match=message):
        make()
