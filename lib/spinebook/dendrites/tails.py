r"""False matches and false negatives of one segment: the two tails of the theory, in log space."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from spinebook.checks import check_at_most, check_count, check_number, is_traced
from spinebook.dendrites.batches import evaluate
from spinebook.dendrites.overlap import BLOCK, log_scaled, scaled_pmf
from spinebook.misuse import explains_misuse
from spinebook.precision import float64_inside

NEGLIGIBLE = 2.0**-60  # a term this small beside the sum so far ends the sum


def _tail_over_first_term(n, a, s, first):
    r"""Sum of P(H=b) over b >= first, divided by its first term.

    The ratio of neighbours is (s-b)(a-b) / ((b+1)(n-s-a+b+1)). Four terms at a time are
    gathered in one fraction, so that they cost two divisions.
    """

    def add(state):
        done, term, total = state
        ratios = []
        for offset in range(BLOCK):
            b = first + done + offset
            going = b < s
            above = jnp.where(going, (s - b) * (a - b), 0.0)
            ratios.append((above, jnp.where(going, (b + 1) * (n - s - a + b + 1), 1.0)))
        inner, below, above = jnp.zeros_like(n), jnp.ones_like(n), jnp.ones_like(n)
        for p, q in reversed(ratios):  # r1 (1 + r2 (1 + r3 ...)), as inner / below
            inner, below, above = p * (below + inner), q * below, p * above
        return done + BLOCK, term * (above / below), total + term * (inner / below)

    def unfinished(state):
        done, term, total = state
        return (done < jnp.max(s - first)) & jnp.any(jnp.abs(term) > NEGLIGIBLE * total)

    start = (jnp.zeros((), n.dtype), jnp.ones_like(n), jnp.ones_like(n))
    return jax.lax.while_loop(unfinished, add, start)[2]


@jax.jit
def _log_tail(n, a, s, theta):
    """Log P(H >= theta); the tail beyond the mean is summed, the other follows from it."""
    certain, impossible = theta <= 0, theta > s
    below_mean = theta * n <= a * s
    # The misses s - H are the overlap with the n - a silent cells: P(H < theta) is their tail.
    marked = jnp.where(below_mean, n - a, a)
    first = jnp.clip(jnp.where(below_mean, s - theta + 1, theta), 0, s)
    mantissa, limbs = scaled_pmf(n, marked, s, first)
    mantissa = jnp.maximum(mantissa, 0.0) * _tail_over_first_term(n, marked, s, first)
    complement = -mantissa * jnp.exp2(256.0 * limbs)
    tail = jnp.where(
        below_mean, jnp.log1p(jnp.maximum(complement, -1.0)), log_scaled(mantissa, limbs)
    )
    tail = jnp.where(certain | (tail >= 0), 0.0, tail)  # rounding must not exceed certainty
    return jnp.where(impossible, -jnp.inf, tail)


@jax.custom_jvp
def _log_tail_smooth(n, a, s, theta):
    return _log_tail(n, a, s, theta)


def _slope(function, at):
    return jax.jvp(function, (at,), (jnp.ones_like(at),))[1]


def _log_tail_jvp(primals, tangents):
    """Forward derivatives through the loops, then a linear map, so that reverse mode works too.

    The slope in ``s`` comes from the symmetry of the tail in ``a`` and ``s``; ``theta`` counts
    steps and has none. Cells that are certain or impossible have slope zero.
    """
    n, a, s, theta = primals
    value = _log_tail(n, a, s, theta)
    slopes = (
        lambda: _slope(lambda x: _log_tail(x, a, s, theta), n),
        lambda: _slope(lambda x: _log_tail(n, x, s, theta), a),
        lambda: _slope(lambda x: _log_tail(n, x, a, theta), s),
    )
    change = jnp.zeros_like(value)
    for slope, tangent in zip(slopes, tangents, strict=False):
        if not isinstance(tangent, SymbolicZero):
            change = change + jnp.where(jnp.isfinite(value), slope(), 0.0) * tangent
    return value, change


_log_tail_smooth.defjvp(_log_tail_jvp, symbolic_zeros=True)


@jax.jit
def _log_tail_of_smaller_set(n, a, s, theta):
    """The same by symmetry, with the loops over the smaller of the two sets."""
    tail = _log_tail(n, jnp.maximum(a, s), jnp.minimum(a, s), theta)
    return jnp.where(theta <= s, tail, -jnp.inf)


def _log_miss_smooth(a, s, v, theta):
    """Lost synapses are the overlap of the synapses with the cells that moved."""
    return _log_tail_smooth(a, v, s, s - jnp.maximum(theta, 0) + 1)


_log_miss = jax.jit(_log_miss_smooth)


def _check_settings(n: Any, a: Any, s: Any, continuous: bool) -> None:
    check_count("s", s, minimum=1)
    for name, value, minimum in (("n", n, 1), ("a", a, 0)):
        if continuous:
            check_number(name, value)
        else:
            check_count(name, value, minimum=minimum)
    check_at_most("a", a, "n", n)
    check_at_most("s", s, "n", n)


@explains_misuse
@float64_inside
def log_false_match(
    n: Num[ArrayLike, "..."],
    a: Num[ArrayLike, "..."],
    s: Num[ArrayLike, "..."],
    theta: Num[ArrayLike, "..."],
    *,
    allow_impossible: bool = False,
    continuous: bool = False,
) -> Float[Array, "..."]:
    r"""Log probability that a segment fires on a random pattern it has not stored.

    .. math:: T(n, a, s, \theta) =
        \sum_{b=\theta}^{\min(s,a)} \binom{s}{b}\binom{n-s}{a-b} \Big/ \binom{n}{a}

    (Ahmad and Hawkins 2016, Eq. 4.) The relative error of :math:`T` is below 1e-12 down to
    1e-300. The function is differentiable in ``n``, ``a`` and ``s`` (the tail is a polynomial in
    each of the last two while the other is whole); ``theta`` only counts and has slope zero.

    Args:
        n: Number of cells a segment could listen to, at least 1. All arguments broadcast.
        a: Number of active cells, 0 to ``n``.
        s: Number of synapses, 1 to ``n``.
        theta: Spike threshold in synapses; 0 or less always fires.
        allow_impossible: Return -inf where ``theta`` exceeds ``s``, which is refused otherwise:
            such a segment can never fire, and mostly the two were interchanged.
        continuous: Accept real ``n`` and ``a``, as the expected size of a union is.

    Returns:
        Natural logarithm of the probability, float64 (-inf where no overlap reaches ``theta``).

    Raises:
        ValueError: If counts are negative, fractional or NaN, ``a`` or ``s`` exceeds ``n``,
            ``theta`` exceeds ``s``, an array is empty, or the shapes do not fit.

    Examples:
        >>> round(float(jnp.exp(log_false_match(10, 3, 4, 2))), 12)  # exactly 1/3
        0.333333333333
        >>> round(float(log_false_match(10_000, 300, 30, 12)) / float(np.log(10)), 3)
        -10.642
    """
    _check_settings(n, a, s, continuous)
    if not is_traced(theta):
        check_count("theta", np.maximum(theta, 0))
    if not allow_impossible:
        check_at_most("theta", theta, "s", s)
    if any(is_traced(value) for value in (n, a, s, theta)):
        return evaluate(_log_tail_smooth, n=n, a=a, s=s, theta=theta)
    if continuous:
        return evaluate(_log_tail, n=n, a=a, s=s, theta=theta)
    return evaluate(_log_tail_of_smaller_set, n=n, a=a, s=s, theta=theta)


@explains_misuse
@float64_inside
def log_false_negative(
    a: Num[ArrayLike, "..."],
    s: Num[ArrayLike, "..."],
    v: Num[ArrayLike, "..."],
    theta: Num[ArrayLike, "..."],
) -> Float[Array, "..."]:
    r"""Log probability that a segment misses its pattern after ``v`` active cells were swapped.

    .. math:: N(a, s, v, \theta) =
        \sum_{b=s-\theta+1}^{\min(s,v)} \binom{s}{b}\binom{a-s}{v-b} \Big/ \binom{a}{v}

    (Ahmad and Hawkins 2016, Eq. 5-6; exactly ``v`` cells move.) The number of cells ``n`` drops
    out, because a cell that was silent in the pattern carries no synapse of the segment.

    Args:
        a: Number of active cells in the pattern, at least 1. All arguments broadcast.
        s: Number of synapses, all on active cells: 1 to ``a``.
        v: Number of active cells that move elsewhere, 0 to ``a``.
        theta: Spike threshold in synapses, at most ``s``; 0 or less never misses.

    Returns:
        Natural logarithm of the probability, float64 (-inf where ``v`` <= ``s`` - ``theta``).

    Raises:
        ValueError: If counts are negative, fractional or NaN, ``s`` or ``v`` exceeds ``a``,
            ``theta`` exceeds ``s``, an array is empty, or the shapes do not fit.

    Examples:
        >>> round(float(jnp.exp(log_false_negative(10, 5, 4, 3))), 12)  # exactly 11/42
        0.261904761905
        >>> float(log_false_negative(300, 30, 18, 12))  # 18 lost synapses leave 12
        -inf
    """
    check_count("a", a, minimum=1)
    check_count("s", s, minimum=1)
    check_count("v", v)
    if not is_traced(theta):
        check_count("theta", np.maximum(theta, 0))
    check_at_most("s", s, "a", a)
    check_at_most("v", v, "a", a)
    check_at_most("theta", theta, "s", s)
    traced = any(is_traced(value) for value in (a, s, v, theta))
    return evaluate(_log_miss_smooth if traced else _log_miss, a=a, s=s, v=v, theta=theta)


def log_one_minus_exp(x: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Accurate :math:`\ln(1 - e^{x})` for :math:`x \le 0`.

    Args:
        x: Log probability, float64.

    Returns:
        Log of the complementary probability, same shape.

    Examples:
        >>> with jax.enable_x64(True):
        ...     float(log_one_minus_exp(jnp.asarray(-800.0)))
        -0.0
    """
    near_zero = x > -0.6931471805599453
    small = jnp.where(near_zero, x, -1.0)
    large = jnp.where(near_zero, -1.0, x)
    return jnp.where(near_zero, jnp.log(-jnp.expm1(small)), jnp.log1p(-jnp.exp(large)))


@jax.jit
def _log_several(one, many):
    certain, impossible = one == 0, jnp.isneginf(one)
    inside = jnp.where(certain | impossible, -1.0, one)
    # Where m p < 1e-17 the union bound m p is exact to the last digit, also below 1e-308.
    bound = inside + jnp.log(many)
    rare = bound < -40.0
    none_fires = many * log_one_minus_exp(jnp.where(rare, -1.0, inside))
    several = jnp.where(rare, bound, log_one_minus_exp(none_fires))
    return jnp.where(certain, 0.0, jnp.where(impossible, -jnp.inf, several))


@explains_misuse
@float64_inside
def log_many_segments(
    log_p: Num[ArrayLike, "..."], m: Num[ArrayLike, "..."]
) -> Float[Array, "..."]:
    r"""Log probability that at least one of ``m`` independent segments fires falsely.

    .. math:: P = 1 - (1 - p)^M

    (Ahmad and Hawkins 2016, Eq. 8; exact for independent, uniformly drawn segments.)

    Args:
        log_p: Log probability of one segment, 0 or less; -inf is allowed. Broadcasts with ``m``.
        m: Number of segments or stored patterns, at least 1.

    Returns:
        Natural logarithm of the probability, float64.

    Raises:
        ValueError: If ``log_p`` is positive or NaN, ``m`` is no count, or the shapes do not fit.

    Examples:
        >>> round(float(jnp.exp(log_many_segments(np.log(0.5), 2))), 12)
        0.75
    """
    check_count("m", m, minimum=1)
    if not is_traced(log_p):
        given = np.asarray(log_p)
        check_number("log_p", np.where(given == -np.inf, 0.0, given))
        check_at_most("log_p", log_p, "0", 0.0)
    return evaluate(_log_several, log_p=log_p, m=m)
