"""Interventional effects and serial paths: values, relabelling, mixing and simulation."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.mediation.interventional import (
    interventional_effects,
    serial_paths,
    simulate_interventional_effects,
    total_effects_on_mediators,
)

from tests.tolerances import MEDIATION_EFFECTS_CLOSED_FORM, MEDIATION_EFFECTS_STANDARD_ERRORS

ALPHA, BETA, DIRECT = np.array([0.5, 0.3]), np.array([0.4, 0.7]), 0.2
COUPLING = np.array([[0.0, 0.0], [0.6, 0.0]])


def test_serial_paths__published():
    paths = serial_paths((0.5, 0.3), 0.6, (0.4, 0.7))
    values = (paths.joint, *paths.interventional, paths.through_first, paths.second)
    np.testing.assert_allclose(
        values, (0.62, 0.2, 0.42, 0.41, 0.21), atol=MEDIATION_EFFECTS_CLOSED_FORM
    )


def test_interventional_effects_of_a_chain__published():
    totals = total_effects_on_mediators(ALPHA, COUPLING)
    found = interventional_effects(totals, BETA, direct=DIRECT)
    np.testing.assert_allclose(found.per_mediator, (0.2, 0.42), atol=MEDIATION_EFFECTS_CLOSED_FORM)
    np.testing.assert_allclose(
        (found.joint, found.total, found.dependence),
        (0.62, 0.82, 0.0),
        atol=MEDIATION_EFFECTS_CLOSED_FORM,
    )


def acyclic(rng, count):
    return np.tril(rng.normal(size=(count, count)), -1)


@given(st.integers(0, 10_000))
def test_paths_through_mediators__brute_force(seed):
    """Every directed path from the stimulus, multiplied out and summed."""
    rng = np.random.default_rng(seed)
    alpha, gamma = rng.normal(size=4), acyclic(rng, 4)
    expected = np.zeros(4)
    for length in range(1, 5):
        for path in itertools.combinations(range(4), length):
            steps = [gamma[b, a] for a, b in itertools.pairwise(path)]
            expected[path[-1]] += alpha[path[0]] * np.prod(steps)
    np.testing.assert_allclose(total_effects_on_mediators(alpha, gamma), expected, atol=1e-10)


@given(st.integers(0, 10_000))
def test_relabelling_and_mixing_of_neurons__property(seed):
    rng = np.random.default_rng(seed)
    alpha, beta, gamma = rng.normal(size=4), rng.normal(size=4), acyclic(rng, 4)
    totals = total_effects_on_mediators(alpha, gamma)
    found = interventional_effects(totals, beta, treated=1.7)
    order = rng.permutation(4)
    renamed = interventional_effects(
        total_effects_on_mediators(alpha[order], gamma[np.ix_(order, order)]),
        beta[order],
        treated=1.7,
    )
    np.testing.assert_allclose(renamed.per_mediator, found.per_mediator[order], atol=1e-10)
    mixing = np.linalg.qr(rng.normal(size=(4, 4)))[0] * rng.uniform(0.5, 2, size=4)
    mixed = interventional_effects(mixing @ totals, np.linalg.solve(mixing.T, beta), treated=1.7)
    assert mixed.joint == pytest.approx(found.joint, abs=1e-10)
    assert np.abs(mixed.per_mediator - found.per_mediator).max() > 1e-6


def linear_outcome(x, m):
    return DIRECT * x + m @ jnp.asarray(BETA)


def worlds(key, n=20_000):
    """Mediators of a chain under stimulus 0 and 1, with shared and correlated noise."""
    first, second = jax.random.normal(key, (2, n))

    def mediators(x):
        m1 = ALPHA[0] * x + first
        return jnp.stack([m1, ALPHA[1] * x + COUPLING[1, 0] * m1 + second], axis=1)

    return mediators(0.0), mediators(1.0)


def test_linear_simulation__closed_form():
    before, after = worlds(jax.random.key(0))
    found = simulate_interventional_effects(linear_outcome, before, after, key=jax.random.key(1))
    exact = interventional_effects(total_effects_on_mediators(ALPHA, COUPLING), BETA, direct=DIRECT)
    # Shared noise cancels, so float32 rounding is all that is left.
    for value, expected in zip(found.effects, exact, strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-5)


def interacting_outcome(x, m):
    return x + m[:, 0] * m[:, 1]


def test_interacting_simulation__closed_form():
    r"""With Y = X + M1 M2 all parts follow from means and covariances of the mediators.

    Independent draws have E[M1 M2] = mu1 mu2, joint draws mu1 mu2 + Cov, and here Cov is the same
    under both stimuli in one case and moved by the stimulus in the other.
    """
    before, after = worlds(jax.random.key(2), 200_000)
    for spread in (1.0, 2.0):
        centre = jnp.array([ALPHA[0], 0.6])
        moved = centre + spread * (after - centre)
        found = simulate_interventional_effects(
            interacting_outcome, before, moved, key=jax.random.key(3)
        )
        # Mediators have mean 0 under control; covariance .6 there, .6 spread^2 under treatment.
        expected = (1.0, (0.0, 0.5 * 0.6), 0.6 * (spread**2 - 1), 1.3 + 0.6 * (spread**2 - 1))
        for value, error, exact in zip(*found, expected, strict=True):
            # Columns of the same rows have correlated means: at most twice the variance.
            bound = MEDIATION_EFFECTS_STANDARD_ERRORS * np.sqrt(2) * np.asarray(error) + 1e-5
            assert np.all(np.abs(np.asarray(value) - np.asarray(exact)) < bound)


def test_parts_add_up__property():
    before, after = worlds(jax.random.key(4))
    found = simulate_interventional_effects(
        interacting_outcome, before, after**2, key=jax.random.key(5)
    ).effects
    parts = found.direct + found.per_mediator.sum() + found.dependence
    assert float(parts) == pytest.approx(float(found.total), abs=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: interventional_effects(ALPHA, np.ones(3)), "expected alpha"),
        (lambda: interventional_effects(ALPHA, np.array([1.0, np.nan])), "beta must be finite"),
        (lambda: total_effects_on_mediators(ALPHA, np.ones((2, 2))), "has a loop"),
        (lambda: total_effects_on_mediators(ALPHA, np.eye(2)), "has a loop"),
        (lambda: total_effects_on_mediators(ALPHA, np.ones((3, 3))), "expected alpha"),
        (lambda: serial_paths((0.5, np.inf), 0.6, (0.4, 0.7)), "alpha must be finite"),
        (
            lambda: simulate_interventional_effects(
                3.0, np.ones((2, 2)), np.ones((2, 2)), key=jax.random.key(0)
            ),
            "outcome must be a function",
        ),
        (
            lambda: simulate_interventional_effects(
                linear_outcome, np.ones((3, 2)), np.ones((2, 2)), key=jax.random.key(0)
            ),
            "expected two arrays",
        ),
    ],
)
def test_mistakes_are_refused__property(call, message):
    # Helpers also have type checks of their own in tests; where those speak first, so be it.
    with pytest.raises((ValueError, TypeError), match=message + "|[Tt]ype-check"):
        call()
