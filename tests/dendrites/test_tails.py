"""False matches, false negatives and many segments against exact rationals and published values."""

import math
import random

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import hypergeom
from spinebook.dendrites import (
    log_false_match,
    log_false_negative,
    log_many_segments,
    log_overlap_pmf,
)

from tests.dendrites import rationals
from tests.tolerances import (
    DENDRITES_EXACT,
    DENDRITES_FLOAT32,
    DENDRITES_PUBLISHED,
    DENDRITES_SCIPY,
    DENDRITES_SLOPE,
)


def probability(log_probability):
    return np.exp(np.asarray(log_probability))


@pytest.mark.parametrize(
    ("setting", "exact"),
    [
        ((10, 3, 4, 2), 1 / 3),
        ((8, 4, 4, 3), 17 / 70),
        ((20, 5, 6, 3), 509 / 3876),
        ((64, 8, 8, 4), 3034021 / 491796152),
        ((100, 10, 10, 5), 75494053 / 112404606860),
        ((64, 3, 3, 2), 0.00441628264208909),
    ],
)
def test_log_false_match__closed_form(setting, exact):
    assert probability(log_false_match(*setting)) == pytest.approx(exact, rel=DENDRITES_EXACT)


@pytest.mark.parametrize(
    ("setting", "exact"),
    [
        ((10, 5, 4, 3), 11 / 42),
        ((20, 8, 10, 4), 2729 / 8398),
        ((40, 8, 12, 4), 461 / 11951),
    ],
)
def test_log_false_negative__closed_form(setting, exact):
    assert probability(log_false_negative(*setting)) == pytest.approx(exact, rel=DENDRITES_EXACT)


def random_settings(count, seed):
    generator = random.Random(seed)
    rows = []
    while len(rows) < count:
        n = generator.choice([10**6, round(10 ** generator.uniform(1, 6))])
        s = generator.randint(1, min(n, round(10 ** generator.uniform(0.3, 2.3))))
        few = min(n, round(10 ** generator.uniform(0.3, 4)))
        a = generator.randint(1, n if generator.random() < 0.3 else few)
        theta = generator.randint(1, min(s, a))
        exact = rationals.false_match_by_draws(n, a, s, theta)
        if exact > 0 and rationals.log(exact) > -691:
            rows.append(((n, a, s, theta), exact))
    return rows


def test_log_false_match_over_its_range__brute_force():
    rows = random_settings(300, seed=7)
    got = np.asarray(log_false_match(*np.array([row for row, _ in rows]).T))
    errors = [rationals.relative_error(x, exact) for x, (_, exact) in zip(got, rows, strict=True)]
    assert max(errors) < DENDRITES_EXACT
    assert min(got) < -400
    assert max(row[0] for row, _ in rows) == 10**6


@pytest.mark.parametrize("theta", [1, 40, 100, 160, 250, 300])
def test_log_false_match_of_many_synapses__brute_force(theta):
    setting = (2000, 700, 300, theta)
    exact = rationals.false_match(*setting)
    assert rationals.relative_error(log_false_match(*setting), exact) < DENDRITES_EXACT


@pytest.mark.parametrize(
    "setting", [(10**6, 1000, 60, 60), (10**6, 1000, 99, 99), (10**6, 9000, 40, 1)]
)
def test_log_false_match_at_a_million_cells__brute_force(setting):
    exact = rationals.false_match(*setting)
    assert rationals.relative_error(log_false_match(*setting), exact) < DENDRITES_EXACT


def test_log_false_match_near_1e_300__brute_force():
    n, a, s = 10**6, 1000, np.arange(90, 101)
    got = np.asarray(log_false_match(n, a, s, s))
    for log_tail, synapses in zip(got, s.tolist(), strict=True):
        exact = rationals.false_match(n, a, synapses, synapses)
        assert rationals.relative_error(log_tail, exact) < DENDRITES_EXACT
    assert got[0] > math.log(1e-300) > got[-1]


def test_log_false_negative_over_a_grid__brute_force():
    for a, s, v, theta in [(128, 30, 25, 8), (300, 30, 150, 15), (128, 30, 102, 16), (40, 8, 8, 4)]:
        exact = rationals.false_negative(a, s, v, theta)
        got = log_false_negative(a, s, v, theta)
        assert rationals.relative_error(got, exact) < DENDRITES_EXACT


def test_log_false_match__independent_package():
    generator = np.random.default_rng(0)
    n = generator.integers(1000, 200_000, 2000)
    a = (n * generator.uniform(0.005, 0.03, 2000)).astype(int) + 30
    s = generator.integers(20, 51, 2000)
    theta = generator.integers(1, 20, 2000)
    expected = hypergeom.sf(theta - 1, n, a, s)
    np.testing.assert_allclose(
        probability(log_false_match(n, a, s, theta)), expected, rtol=DENDRITES_SCIPY
    )


PUBLISHED = [  # values printed in the public notebooks and spreadsheet of the paper
    ((20000, 40, 8, 8), 1.21295e-22),
    ((20000, 40, 8, 4), 9.54365e-10),
    ((64, 8, 8, 4), 6.16927e-3),
    ((1024, 20, 20, 10), 9.32924e-14),
    ((100_000, 2000, 20, 10), 1.54193e-12),
    ((100_000, 2000, 120, 10), 1.58800e-4),
    ((10_000, 300, 24, 12), 8.37585e-13),
    ((1024, 8, 4, 2), 3.18242e-4),
    ((200_000, 2000, 10, 10), 9.77936e-21),
    ((200_000, 2000, 20, 10), 1.64990e-15),
    ((1024, 7, 7, 4), 2.67069e-8),
]


@pytest.mark.parametrize(("setting", "expected"), PUBLISHED)
def test_log_false_match_of_the_public_code__published(setting, expected):
    got = probability(log_false_match(*setting))
    assert got == pytest.approx(expected, rel=DENDRITES_PUBLISHED)


def test_log_many_segments__published():
    log_tail = log_false_match(20_000, 200, 20, 10)
    got = probability(log_many_segments(log_tail, 10**6))
    assert got == pytest.approx(1.350797514e-9, rel=1e-9)
    got = probability(log_many_segments(log_false_match(4000, 128, 24, 12), 10**6))
    assert got == pytest.approx(1.343238463e-6, rel=1e-9)
    readme = probability(log_many_segments(log_false_match(100, 7, 7, np.array([3, 4, 5, 6])), 500))
    np.testing.assert_allclose(readme, [0.9648393, 0.1347285, 0.0028225, 2.03652e-5], rtol=2e-5)


def test_log_many_segments_at_its_ends__closed_form():
    assert float(log_many_segments(-np.inf, 5)) == -np.inf
    assert float(log_many_segments(0.0, 5)) == 0.0
    assert float(log_many_segments(-2000.0, 10)) == pytest.approx(-2000 + math.log(10))
    one = log_many_segments(np.log([0.9, 0.5, 1e-3, 1e-17]), 1)
    np.testing.assert_allclose(probability(one), [0.9, 0.5, 1e-3, 1e-17], rtol=DENDRITES_EXACT)


def test_certain_and_impossible_overlaps__closed_form():
    assert float(log_false_match(50, 10, 5, 0)) == 0.0
    assert float(log_false_match(50, 10, 5, -3)) == 0.0
    assert float(log_false_match(50, 50, 5, 5)) == 0.0
    assert float(log_false_match(50, 2, 5, 3)) == -np.inf
    assert float(log_false_match(50, 0, 5, 1)) == -np.inf
    assert float(log_false_match(50, 10, 5, 6, allow_impossible=True)) == -np.inf
    assert float(log_false_negative(300, 30, 18, 12)) == -np.inf
    assert float(log_false_negative(300, 30, 19, 12)) > -np.inf
    assert float(log_false_negative(300, 30, 19, 0)) == -np.inf


def test_all_synapses_must_match__closed_form():
    n, a, s = 5000, 90, 12
    exact = rationals.pmf(n, a, s, s)
    assert rationals.relative_error(log_false_match(n, a, s, s), exact) < DENDRITES_EXACT
    assert rationals.relative_error(log_overlap_pmf(n, a, s, s), exact) < DENDRITES_EXACT


def test_broadcasting__brute_force():
    n = np.array([1000, 4000])[:, None, None]
    a = np.array([20, 64, 128])[:, None]
    theta = np.array([2, 5, 9, 12])
    table = np.asarray(log_false_match(n, a, 24, theta))
    assert table.shape == (2, 3, 4)
    assert table.dtype == np.float64
    single = [float(log_false_match(4000, 64, 24, int(t))) for t in theta]
    np.testing.assert_allclose(table[1, 1], single, rtol=1e-14)


def test_slopes_in_real_arguments__brute_force(float64):
    def at(n, a):
        return log_false_match(n, a, 24, 12, continuous=True)

    slopes = jax.grad(at, argnums=(0, 1))(4000.0, 128.0)
    h = 1e-2
    by_n = (at(4000 + h, 128.0) - at(4000 - h, 128.0)) / (2 * h)
    by_a = (at(4000.0, 128 + h) - at(4000.0, 128 - h)) / (2 * h)
    np.testing.assert_allclose(np.array(slopes), [by_n, by_a], rtol=DENDRITES_SLOPE)


def test_slope_below_the_mean__brute_force(float64):
    def at(a):
        return log_false_match(1000.0, a, 40, 3, continuous=True)

    h = 1e-2
    expected = (at(200 + h) - at(200 - h)) / (2 * h)
    assert float(jax.grad(at)(200.0)) == pytest.approx(float(expected), rel=1e-5)


def test_slope_in_synapses_by_symmetry__property(float64):
    by_s = jax.grad(lambda s: log_false_match(4000, 128, s, 12))(24.0)
    by_a = jax.grad(lambda a: log_false_match(4000, a, 128, 12))(24.0)
    assert float(by_s) == pytest.approx(float(by_a), rel=1e-12)


def test_slope_of_impossible_overlap_is_zero__closed_form(float64):
    slope = jax.grad(lambda a: log_false_match(100, a, 5, 9, allow_impossible=True))(20.0)
    assert float(slope) == 0.0


def test_transformations_agree__property(float64):
    s = jnp.array([20, 24, 30])
    direct = log_false_match(4000, 128, s, 12)
    compiled = jax.jit(lambda s: log_false_match(4000, 128, s, 12))(s)
    mapped = jax.jit(jax.vmap(lambda s: log_false_match(4000, 128, s, 12)))(s)
    np.testing.assert_allclose(compiled, direct, rtol=1e-14)
    np.testing.assert_allclose(mapped, direct, rtol=1e-14)
    curvature = jax.hessian(lambda n: log_false_match(n, 128, 24, 12))(4000.0)
    assert curvature > 0


def test_concrete_settings_inside_jit__property():
    """A caller's jit may hold calls whose arguments are all known."""
    many = np.full(20_000, 128)
    for setting in [(4000, 128, 24, 12), (4000, many, 24, 12)]:
        inside = jax.jit(lambda _, setting=setting: log_false_match(*setting))(0.0)
        np.testing.assert_array_equal(inside, log_false_match(*setting))


def test_float32_caller_gets_float64__property():
    assert not jax.config.jax_enable_x64
    exact = rationals.false_match(200_000, 2000, 24, 12)
    for call in (log_false_match, jax.jit(log_false_match)):
        got = call(jnp.float32(200_000), jnp.float32(2000), 24, 12)
        assert got.dtype == np.float64
        assert rationals.relative_error(got, exact) < DENDRITES_EXACT
    slope = jax.grad(lambda n: log_false_match(n, 128, 24, 12))(4000.0)
    assert slope.dtype == np.float32
    assert float(slope) == pytest.approx(-0.0029210545, rel=DENDRITES_FLOAT32)
    assert not jax.config.jax_enable_x64
