"""Potentials against closed forms, JAX's own derivatives, and the laws of convex analysis."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.geometry import HyperbolicEntropy, NegativeEntropy, PNorm

from tests.tolerances import GEOMETRY_CLOSED_FORM, GEOMETRY_PUBLISHED_DIGITS, GEOMETRY_ROUND_TRIP

POTENTIALS = [
    NegativeEntropy(),
    PNorm(1.1),
    PNorm(1.5),
    PNorm(2.0),
    PNorm(2.5),
    PNorm(3.0),
    HyperbolicEntropy(0.1),
]
every_potential = pytest.mark.parametrize("potential", POTENTIALS, ids=lambda p: p.name)
# Weights of the sizes that occur, both signs, away from the zero where duals lose meaning.
sizes = st.floats(1e-4, 10.0)
weights = st.builds(lambda size, negative: -size if negative else size, sizes, st.booleans())
# Two lengths only: every shape is compiled anew.
vectors = st.sampled_from((1, 8)).flatmap(
    lambda n: st.lists(weights, min_size=n, max_size=n).map(np.array)
)

pytestmark = pytest.mark.usefixtures("float64")


@every_potential
@given(w=vectors)
def test_primal_inverts_dual__property(potential, w):
    back = potential.primal(potential.dual(w), np.sign(w))
    np.testing.assert_allclose(back, w, rtol=GEOMETRY_ROUND_TRIP)


@every_potential
@given(w=vectors)
def test_dual_inverts_primal__property(potential, w):
    dual = potential.dual(w)
    again = potential.dual(potential.primal(dual, np.sign(w)))
    np.testing.assert_allclose(again, dual, rtol=GEOMETRY_ROUND_TRIP, atol=GEOMETRY_ROUND_TRIP)


@every_potential
@given(data=st.data(), u=vectors)
def test_bregman_divergence_is_never_negative__property(potential, data, u):
    v = data.draw(st.lists(sizes, min_size=len(u), max_size=len(u)).map(np.array))
    v = v * np.sign(u)  # negative entropy is convex within one orthant only
    scale = float(potential.value(u) + potential.value(v))
    divergence = float(potential.bregman_divergence(u, v))
    assert divergence >= -GEOMETRY_ROUND_TRIP * (1 + abs(scale))
    assert abs(float(potential.bregman_divergence(u, u))) <= GEOMETRY_ROUND_TRIP


@every_potential
@given(w=vectors)
def test_conjugate_closes_fenchel_young__closed_form(potential, w):
    dual = potential.dual(w)
    expected = jnp.sum(dual * w) - potential.value(w)
    np.testing.assert_allclose(
        potential.conjugate(dual, np.sign(w)),
        expected,
        rtol=GEOMETRY_CLOSED_FORM,
        atol=GEOMETRY_CLOSED_FORM,
    )


@every_potential
@given(w=vectors)
def test_dual_and_hessian_are_derivatives__brute_force(potential, w):
    gradient = jax.grad(potential.value)(jnp.asarray(w))
    curvature = jax.jvp(potential.dual, (jnp.asarray(w),), (jnp.ones(len(w)),))[1]
    np.testing.assert_allclose(
        potential.dual(w), gradient, rtol=GEOMETRY_CLOSED_FORM, atol=GEOMETRY_CLOSED_FORM
    )
    np.testing.assert_allclose(potential.hessian_diagonal(w), curvature, rtol=GEOMETRY_CLOSED_FORM)


@every_potential
@given(w=vectors, step=st.floats(-0.5, 0.5))
def test_mirror_step_is_additive_in_the_dual__property(potential, w, step):
    new = w + potential.mirror_step(jnp.asarray(w), jnp.full(len(w), step))
    expected = potential.primal(potential.dual(w) - step, np.sign(w))
    np.testing.assert_allclose(new, expected, rtol=GEOMETRY_CLOSED_FORM, atol=GEOMETRY_CLOSED_FORM)


@pytest.mark.parametrize(
    ("potential", "expected"),
    [(PNorm(2.0), 0.005), (PNorm(3.0), 0.00233333), (NegativeEntropy(), 0.02163953)],
)
def test_bregman_divergence_of_two_numbers__closed_form(potential, expected):
    divergence = potential.bregman_divergence([0.3], [0.2])
    assert abs(float(divergence) - expected) < GEOMETRY_PUBLISHED_DIGITS


@pytest.mark.parametrize(
    ("weight", "expected"), [(0.3, -0.2039728), (-0.2, 0.6094379), (np.exp(-1.0), 0.0)]
)
def test_entropic_dual_of_a_number__closed_form(weight, expected):
    assert abs(float(NegativeEntropy().dual(weight)) - expected) < 5e-8


def test_scaled_p_norm_tends_to_negative_entropy__closed_form():
    u, v = np.array([0.3, 1.2]), np.array([0.2, 1.0])
    entropic = NegativeEntropy().bregman_divergence(u, v)
    p = 1.0 + 1e-6
    scaled = PNorm(p).bregman_divergence(u, v) / (p - 1.0)
    assert abs(float(scaled - entropic)) < 1e-6  # the next term of the expansion is O(p - 1)


def test_negative_entropy_at_zero__closed_form():
    potential = NegativeEntropy()
    assert np.isnan(potential.dual(0.0))
    assert float(potential.value([0.0])) == 0.0
    assert float(potential.primal(3.0, 0.0)) == 0.0
    assert float(potential.mirror_step(jnp.array(0.0), jnp.array(5.0))) == 0.0


def test_hyperbolic_entropy_bridges_two_geometries__closed_form():
    w, step = jnp.array([0.5, -0.5]), jnp.array([1e-3, 1e-3])
    entropic = HyperbolicEntropy(1e-9).mirror_step(w, step)
    np.testing.assert_allclose(entropic, NegativeEntropy().mirror_step(w, step), rtol=1e-9)
    beta = 1e6  # the step of a wide bend is Euclidean, magnified by beta
    euclidean = HyperbolicEntropy(beta).mirror_step(w, step / beta)
    np.testing.assert_allclose(euclidean, -step, rtol=1e-6)


@pytest.mark.parametrize("p", [1.0, 0.5, -2.0, float("inf"), float("nan")])
def test_exponent_out_of_range_is_refused__property(p):
    with pytest.raises(ValueError, match="above 1"):
        PNorm(p)


@pytest.mark.parametrize("beta", [0.0, -1.0, float("nan")])
def test_bend_out_of_range_is_refused__property(beta):
    with pytest.raises(ValueError, match="positive"):
        HyperbolicEntropy(beta)


def test_entropic_inverse_without_sign_is_refused__property():
    with pytest.raises(ValueError, match="sign="):
        NegativeEntropy().primal(jnp.array([0.1]))


def test_divergence_of_different_shapes_is_refused__property():
    with pytest.raises(ValueError, match="one shape"):
        PNorm(2.0).bregman_divergence([1.0, 2.0], [1.0])


def test_potentials_are_hashable_static_leaves__property():
    assert PNorm(3) == PNorm(3.0)
    assert hash(NegativeEntropy()) == hash(NegativeEntropy())
    assert jax.tree.leaves(PNorm(2.0)) == []
