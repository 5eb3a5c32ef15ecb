"""Effects of the linear model: written-down values, identities and do-simulation."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.mediation.effects import effects
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.structural import Effects

from tests.tolerances import (
    MEDIATION_EFFECTS_CLOSED_FORM,
    MEDIATION_EFFECTS_FLOAT32,
    MEDIATION_EFFECTS_SIX_DIGITS,
    MEDIATION_EFFECTS_STANDARD_ERRORS,
)

numbers = st.floats(-3, 3)
models = st.builds(
    LinearSCM,
    alpha=numbers,
    beta=numbers,
    direct=numbers,
    interaction=numbers,
    mediator_intercept=numbers,
    confounder_mediator=numbers,
    confounder_outcome=numbers,
)


def check(found, tolerance=MEDIATION_EFFECTS_CLOSED_FORM, **expected):
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=tolerance), name


def test_baseline__closed_form():
    found = effects(LinearSCM())
    check(found, total=0.7, pure_direct=0.3, controlled_direct=0.3, total_indirect=0.4)
    check(found, MEDIATION_EFFECTS_SIX_DIGITS, proportion_mediated=0.571429)


def test_interaction__closed_form():
    found = effects(LinearSCM(interaction=0.4, mediator_intercept=0.2))
    check(found, pure_direct=0.38, total_direct=0.58, pure_indirect=0.4, total_indirect=0.6)
    check(found, total=0.98, controlled_direct=0.3)
    check(found, reference_interaction=0.08, mediated_interaction=0.2)


def test_silencing__closed_form():
    found = effects(LinearSCM(interaction=0.4, mediator_intercept=2.0))
    check(found, total=1.7, controlled_direct=0.3, total_indirect=0.6, pure_indirect=0.4)
    check(found, 5.1e-5, proportion_eliminated=1.4 / 1.7, proportion_mediated=0.3529)
    other = effects(LinearSCM(beta=2.8, mediator_intercept=2.0))
    check(other, total=1.7, controlled_direct=0.3, total_indirect=1.4)


@given(models, numbers, numbers, numbers)
def test_identities__property(scm, control, treated, level):
    found = effects(scm, control=control, treated=treated, level=level)
    back = effects(scm, control=treated, treated=control, level=level)
    check(
        found,
        1e-11,
        total=found.pure_direct + found.total_indirect,
        total_direct=found.total - found.pure_indirect,
        pure_direct=found.controlled_direct + found.reference_interaction,
        total_indirect=found.pure_indirect + found.mediated_interaction,
    )
    parts = found.reference_interaction + found.mediated_interaction + found.pure_indirect
    assert found.total == pytest.approx(found.controlled_direct + parts, abs=1e-11)
    # Pearl's form: the reverse transition has the opposite indirect effect.
    assert found.total == pytest.approx(found.pure_direct - back.pure_indirect, abs=1e-11)
    silenced = scm.interaction * (scm.mediator_intercept + scm.alpha * control - level)
    gap = found.total - found.controlled_direct - found.total_indirect
    assert gap == pytest.approx(silenced * (treated - control), abs=1e-11)


@given(numbers, numbers)
def test_nothing_mediated__property(slope, direct):
    assert effects(LinearSCM(alpha=0.0, beta=slope, direct=direct)).total_indirect == 0
    assert effects(LinearSCM(alpha=slope, beta=0.0, direct=direct)).pure_indirect == 0


@given(models, st.floats(0.1, 10))
def test_units_of_mediator_and_stimulus__property(scm, scale):
    names = ("alpha", "beta", "direct", "interaction", "mediator_intercept")
    alpha, beta, direct, kappa, start = (getattr(scm, name) for name in names)
    louder = LinearSCM(alpha * scale, beta / scale, direct, kappa / scale, 0, 0, start * scale)
    for name in ("pure_indirect", "total_indirect", "pure_direct", "total"):
        expected = getattr(effects(scm), name)
        assert getattr(effects(louder), name) == pytest.approx(expected, abs=1e-11)
    stretched = LinearSCM(alpha / scale, beta, direct / scale, kappa / scale, 0, 0, start)
    check(effects(stretched, treated=scale), 1e-11, total_indirect=effects(scm).total_indirect)
    flat = LinearSCM(alpha / scale, beta)
    assert effects(flat).pure_indirect == pytest.approx(alpha * beta / scale, abs=1e-11)


def test_family__brute_force():
    kappa = np.linspace(-1, 1, 5)
    found = effects(LinearSCM(interaction=kappa, mediator_intercept=2.0))
    for name in Effects._fields:
        single = [
            getattr(effects(LinearSCM(interaction=k, mediator_intercept=2.0)), name) for k in kappa
        ]
        np.testing.assert_allclose(getattr(found, name), single, atol=1e-15)


@pytest.mark.parametrize("contrast", [(0.0, 1.0), (2.0, -0.5)])
def test_simulated_worlds__brute_force(contrast):
    scm = LinearSCM(
        interaction=0.4, mediator_intercept=2.0, confounder_mediator=0.5, confounder_outcome=0.5
    )
    control, treated = contrast
    worlds = {"control": control, "treated": treated, "level": 0.7}
    expected = effects(scm, **worlds)
    found = scm.simulate_effects(100_000, key=jax.random.key(0), **worlds)
    for name in Effects._fields:
        gap = abs(float(getattr(found.effects, name)) - getattr(expected, name))
        error = float(getattr(found.standard_error, name))
        # Where all units have one effect, shared noise cancels and only rounding is left.
        size = 1 + abs(getattr(expected, name))
        bound = MEDIATION_EFFECTS_STANDARD_ERRORS * error + MEDIATION_EFFECTS_FLOAT32 * size
        assert gap < bound, name
    for name in ("pure_indirect", "total_indirect", "controlled_direct"):
        assert float(getattr(found.standard_error, name)) < MEDIATION_EFFECTS_FLOAT32
    assert float(found.standard_error.pure_direct) > 1e-4


def test_simulated_terms_add_up__property(float64):
    scm = LinearSCM(interaction=-0.7, mediator_intercept=1.0, confounder_mediator=0.5)
    found = scm.simulate_effects(1000, key=jax.random.key(1)).effects
    assert float(found.total - found.pure_direct - found.total_indirect) == pytest.approx(
        0, abs=1e-12
    )
    assert float(found.total - found.total_direct - found.pure_indirect) == pytest.approx(
        0, abs=1e-12
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effects(LinearSCM(), treated=float("inf")), "treated must be finite"),
        (lambda: LinearSCM().simulate_effects(1, key=jax.random.key(0)), "n must be at least 2"),
        (
            lambda: LinearSCM().simulate_effects(9, key=jax.random.key(0), level=float("nan")),
            "level must be finite",
        ),
    ],
)
def test_mistakes_are_refused__property(call, message):
    with pytest.raises(ValueError, match=message):
        call()
