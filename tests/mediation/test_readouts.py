"""What experiments read out, and pairs of models they cannot tell apart."""

import jax
import numpy as np
import pytest
from spinebook.mediation.effects import effects
from spinebook.mediation.formula import mediation_formula_discrete
from spinebook.mediation.readouts import compare_pair, read_out, read_out_pairs
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.structural import Effects
from spinebook.mediation.unit_models import HeterogeneousSCM, RedundantNeurons, TypeMixture

from tests.tolerances import (
    MEDIATION_EFFECTS_CLOSED_FORM,
    MEDIATION_EFFECTS_FLOAT32,
    MEDIATION_EFFECTS_STANDARD_ERRORS,
)

UNITS = 100_000
PAIRS = {pair.read_out: pair for pair in read_out_pairs()}
KEY = jax.random.key(20)


def close(value, error, exact):
    """Within four standard errors; float32 rounding where all units are alike."""
    bound = MEDIATION_EFFECTS_STANDARD_ERRORS * np.asarray(error) + MEDIATION_EFFECTS_FLOAT32
    return np.all(np.abs(np.asarray(value) - np.asarray(exact)) < bound)


@pytest.fixture(scope="module")
def comparisons():
    return {name: compare_pair(pair, UNITS, key=KEY) for name, pair in PAIRS.items()}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_have_the_effects_they_claim__closed_form(comparisons, name):
    pair, found = PAIRS[name], comparisons[name]
    assert close(found.indirect, found.indirect_error, pair.indirect)
    assert abs(pair.indirect[0] - pair.indirect[1]) >= 0.05


@pytest.mark.parametrize("name", list(PAIRS)[:6])
def test_six_read_outs_do_not_tell_their_pair_apart__closed_form(comparisons, name):
    assert comparisons[name].distance < MEDIATION_EFFECTS_STANDARD_ERRORS


def test_the_seventh_is_the_indirect_effect__closed_form(comparisons):
    pair, found = PAIRS["total minus controlled"], comparisons["total minus controlled"]
    for shown, exact in zip((found.first, found.second), pair.indirect, strict=True):
        assert close(shown.value, shown.standard_error, exact)
    assert found.distance > 20


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tuning", [0.5]),
        ("silencing", [1.7, 0.3]),
        ("stimulation", [0.8, 0.8]),
        ("tuning times stimulation", [0.4]),
    ],
)
def test_read_outs__closed_form(comparisons, name, expected):
    for shown in comparisons[name][:2]:
        assert close(shown.value, shown.standard_error, expected)


def test_a_read_out_that_differs_is_far_away__property():
    """Tuning cannot see beta, stimulation can."""
    first, second = PAIRS["tuning"].first, PAIRS["tuning"].second
    shown = [read_out("stimulation", model, 10_000, key=KEY) for model in (first, second)]
    assert np.all(shown[0].value - shown[1].value > 20 * shown[0].standard_error)


def test_joint_law_pair_has_one_covariance__closed_form():
    pair = PAIRS["joint law"]
    for law in ("gaussian", "bernoulli"):
        np.testing.assert_allclose(
            pair.first.covariance(stimulus=law),
            pair.second.covariance(stimulus=law),
            atol=MEDIATION_EFFECTS_CLOSED_FORM,
        )
    assert effects(pair.first).total_indirect != effects(pair.second).total_indirect


@pytest.mark.parametrize("name", ["tuning", "joint law", "silencing", "stimulation"])
def test_linear_pairs__closed_form(name):
    pair = PAIRS[name]
    found = [getattr(effects(model), pair.effect) for model in (pair.first, pair.second)]
    np.testing.assert_allclose(found, pair.indirect, atol=MEDIATION_EFFECTS_CLOSED_FORM)


@pytest.mark.parametrize(("covariance", "indirect"), [(-0.3, 0.1), (0.0, 0.4), (0.3, 0.7)])
def test_correlated_slopes__closed_form(covariance, indirect):
    model = HeterogeneousSCM(slope_covariance=covariance)
    assert model.indirect == pytest.approx(indirect, abs=MEDIATION_EFFECTS_CLOSED_FORM)
    found, error = model.simulate_effects(UNITS, key=KEY)
    exact = {"total": 0.3 + indirect, "controlled_direct": 0.3, "pure_direct": 0.3}
    exact |= {"pure_indirect": indirect, "total_indirect": indirect}
    for name, value in exact.items():
        assert close(getattr(found, name), getattr(error, name), value), name
    product = read_out("tuning times stimulation", model, UNITS, key=KEY)
    assert close(product.value, product.standard_error, 0.4)


def test_slopes_have_the_moments_they_claim__closed_form():
    model = HeterogeneousSCM(slope_variance=0.7, slope_covariance=-0.4)
    noise = model.draw_noise(UNITS, key=KEY)
    found = np.cov(noise.alpha, noise.beta)
    # Sampling variance of a Gaussian covariance.
    bound = 4 * np.sqrt((0.7**2 + 0.7**2) / UNITS)
    np.testing.assert_allclose(found, [[0.7, -0.4], [-0.4, 0.7]], atol=bound)


def test_response_types__closed_form():
    relay, gate = PAIRS["joint randomization"].first, PAIRS["joint randomization"].second
    laws = [model.experimental_law() for model in (relay, gate)]
    for table in range(2):
        np.testing.assert_allclose(
            laws[0][table], laws[1][table], atol=MEDIATION_EFFECTS_CLOSED_FORM
        )
    expected = [[[1.0, 0.0], [0.0, 0.0]], [[0.5, 0.0], [0.0, 0.5]]]
    np.testing.assert_allclose(laws[0].randomized, expected, atol=MEDIATION_EFFECTS_CLOSED_FORM)
    np.testing.assert_allclose(laws[0].controlled, [[0.0, 0.5], [0.0, 0.5]], atol=1e-12)
    names = ("total", "total_indirect", "pure_direct", "pure_indirect", "total_direct")
    for model, expected in ((relay, (0.5, 0.5, 0.0, 0.5, 0.0)), (gate, (0.5, 0.5, 0.0, 0.0, 0.5))):
        found = model.exact_effects()
        np.testing.assert_allclose([getattr(found, name) for name in names], expected, atol=1e-12)


def test_response_types_drawn_at_random__closed_form():
    for model in PAIRS["joint randomization"][1:3]:
        found, error = model.simulate_effects(UNITS, key=KEY)
        for name in Effects._fields:
            exact = getattr(model.exact_effects(), name)
            assert close(getattr(found, name), getattr(error, name), exact), name


def test_redundant_neurons__published():
    found = RedundantNeurons().exact_effects()
    expected = {
        "total": 0.8,
        "controlled_direct": 0.8,
        "pure_indirect": 0.72,
        "total_indirect": 0.08,
        "proportion_eliminated": 0.0,
        "proportion_mediated": 0.1,
    }
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-12), name
    assert found.pure_indirect / found.total == pytest.approx(0.9, abs=1e-12)
    # Two such neurons: the pure effects add up to more than the whole, the total ones to less.
    assert 2 * found.pure_indirect == pytest.approx(1.44, abs=1e-12)
    assert 2 * found.total_indirect == pytest.approx(0.16, abs=1e-12)


@pytest.mark.parametrize("rates", [(0.1, 0.9), (0.3, 0.4), (0.8, 0.05)])
def test_redundant_neurons__brute_force(rates):
    """By the mediation formula over the first neuron, and by intervening on units."""
    model = RedundantNeurons(*rates)
    exact = model.exact_effects()
    p = np.array(rates)
    law = np.stack([1 - p, p], axis=1)[..., None]
    outcome = np.stack([p, np.ones(2)], axis=1)[..., None]
    summed = mediation_formula_discrete(outcome, law, np.ones(1))
    for name in ("total", "pure_direct", "total_direct", "pure_indirect", "total_indirect"):
        assert getattr(summed, name) == pytest.approx(getattr(exact, name), abs=1e-12), name
    found, error = model.simulate_effects(UNITS, key=KEY)
    for name in Effects._fields:
        assert close(getattr(found, name), getattr(error, name), getattr(exact, name)), name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: read_out("decoding", LinearSCM(), 9, key=KEY), "name must be one of tuning"),
        (
            lambda: read_out("stimulation", PAIRS["joint randomization"].first, 9, key=KEY),
            "TypeMixture cannot have",
        ),
        (lambda: read_out("tuning", LinearSCM(), 1, key=KEY), "n must be at least 2"),
        (lambda: HeterogeneousSCM(slope_covariance=0.6), "no smaller than the size"),
        (lambda: HeterogeneousSCM(slope_variance=0.0), "slope_variance must be positive"),
        (lambda: RedundantNeurons(p_treated=1.2), "p_treated must lie between"),
        (lambda: TypeMixture([0.5, 0.5], [[0, 1]], [[[0, 1], [0, 1]]]), "expected weights"),
        (lambda: TypeMixture([0.5], [[0, 1]], [[[0, 1], [0, 1]]]), "weights must sum to 1"),
        (lambda: TypeMixture([1.0], [[0, 2]], [[[0, 1], [0, 1]]]), "mediators must hold 0 and 1"),
    ],
)
def test_mistakes_are_refused__property(call, message):
    # Helpers also have type checks of their own in tests; where those speak first, so be it.
    with pytest.raises((ValueError, TypeError), match=message + "|[Tt]ype-check"):
        call()
