r"""The overlap of two random sets: its probabilities, and how many sets have it.

The overlap of a segment's :math:`s` synapses with :math:`a` active cells among :math:`n` is
hypergeometric. Here are its probability mass and the products behind all tails of this package.

Why products: :math:`\ln\Gamma` cancels (float64 loses 4e-10 in a log tail, float32 even 0.17 at
n = 200,000), and adding 50 logarithms costs a rounding each. A product of integer ratios with a
separate power of two loses a few units in the last place and needs one logarithm.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from spinebook.checks import check_at_most, check_count
from spinebook.dendrites.batches import evaluate
from spinebook.misuse import explains_misuse
from spinebook.precision import float64_inside

BLOCK = 4  # factors multiplied between two divisions and range checks
LIMB = 256.0  # the mantissa moves in steps of this power of two

Scaled = tuple[Float[Array, "..."], Float[Array, "..."]]


def scaled_product(
    factor: Callable[[Array], tuple[Array, Array]],
    steps: Num[Array, ""],
    like: Float[Array, "..."],
) -> Scaled:
    r"""Product of many ratios as a mantissa and a power of two, safe from over- and underflow.

    .. math:: \prod_{i<steps} \frac{p_i}{q_i} = mantissa \cdot 2^{256\,limbs}

    Args:
        factor: Maps the step :math:`i` to the numerator and denominator, arrays shaped as ``like``;
            it returns (1, 1) for rows that are done.
        steps: Number of factors; may be traced. Rounded up to a multiple of four.
        like: Float64 array that gives the shape.

    Returns:
        Mantissa and number of limbs, both shaped as ``like``.

    Examples:
        >>> with jax.enable_x64(True):
        ...     row = lambda i: (jnp.where(i < 3, 2.0, 1.0), jnp.ones(()))
        ...     mantissa, limbs = scaled_product(row, jnp.asarray(3), jnp.ones(()))
        >>> float(mantissa), float(limbs)
        (8.0, 0.0)
    """

    def multiply(state):
        done, mantissa, limbs = state
        above, below = jnp.ones_like(like), jnp.ones_like(like)
        for offset in range(BLOCK):
            numerator, denominator = factor(done + offset)
            above, below = above * numerator, below * denominator
        mantissa = mantissa * (above / below)
        size = jnp.abs(mantissa)
        shift = jnp.where(size > 2.0**LIMB, -1.0, jnp.where(size < 2.0**-LIMB, 1.0, 0.0))
        mantissa = mantissa * jnp.where(
            shift == 0, 1.0, jnp.where(shift > 0, 2.0**LIMB, 2.0**-LIMB)
        )
        return done + BLOCK, mantissa, limbs - shift

    start = (jnp.zeros((), like.dtype), jnp.ones_like(like), jnp.zeros_like(like))
    _, mantissa, limbs = jax.lax.while_loop(lambda state: state[0] < steps, multiply, start)
    return mantissa, limbs


def log_scaled(mantissa: Float[Array, "..."], limbs: Float[Array, "..."]) -> Float[Array, "..."]:
    """Natural logarithm of a scaled product; -inf where the mantissa is zero.

    Args:
        mantissa: Non-negative mantissas.
        limbs: How many times 2^256 multiplies them.

    Returns:
        Their logarithm, same shape.

    Examples:
        >>> float(log_scaled(jnp.ones(()), jnp.zeros(())))
        0.0
    """
    return jnp.log(mantissa) + limbs * (LIMB * jnp.log(2.0))


def scaled_pmf(
    n: Float[Array, "..."], a: Float[Array, "..."], s: Float[Array, "..."], b: Float[Array, "..."]
) -> Scaled:
    r"""Probability that exactly ``b`` of ``s`` synapses meet active cells, as a scaled product.

    .. math:: P(H=b) = \prod_{i<b}\frac{(a-i)(s-i)}{(n-i)(i+1)} \prod_{b\le i<s}\frac{n-a-i+b}{n-i}

    which is :math:`\binom{s}{b}\binom{n-s}{a-b}/\binom{n}{a}` written for :math:`s` cells drawn
    one by one: integer factors, and a polynomial in real :math:`a`.

    Args:
        n: Cells. All four arguments are float64 arrays of one shape.
        a: Active cells; may be real.
        s: Synapses, whole numbers.
        b: Overlap, whole numbers, 0 to ``s``.

    Returns:
        Mantissa and limbs of the probability.

    Examples:
        >>> with jax.enable_x64(True):
        ...     mantissa, _ = scaled_pmf(*(jnp.asarray(float(x)) for x in (10, 3, 4, 2)))
        >>> round(float(mantissa), 12)
        0.3
    """

    def factor(i):
        hit = i < b
        numerator = jnp.where(hit, (a - i) * (s - i), n - a - i + b)
        denominator = jnp.where(hit, (n - i) * (i + 1), n - i)
        return jnp.where(i < s, numerator, 1.0), jnp.where(i < s, denominator, 1.0)

    return scaled_product(factor, jnp.max(s), n)


@jax.jit
def _log_overlap_pmf(n, a, s, b):
    inside = (b >= 0) & (b <= s) & (b <= a) & (a - b <= n - s)
    return jnp.where(inside, log_scaled(*scaled_pmf(n, a, s, jnp.clip(b, 0, s))), -jnp.inf)


@jax.jit
def _log_binomial(n, k):
    few = jnp.minimum(k, n - k)

    def factor(i):
        return jnp.where(i < few, n - i, 1.0), jnp.where(i < few, i + 1, 1.0)

    return jnp.where(few < 0, -jnp.inf, log_scaled(*scaled_product(factor, jnp.max(few), few)))


@jax.jit
def _log_overlap_set_size(n, a, s, b):
    possible = (b <= a) & (a - b <= n - s)
    rest = jnp.where(possible, a - b, 0.0)
    size = _log_binomial(s, b) + _log_binomial(n - s, rest)
    return jnp.where(possible, size, -jnp.inf)


@explains_misuse
@float64_inside
def log_overlap_pmf(
    n: Num[ArrayLike, "..."],
    a: Num[ArrayLike, "..."],
    s: Num[ArrayLike, "..."],
    b: Num[ArrayLike, "..."],
) -> Float[Array, "..."]:
    r"""Log probability that a random pattern meets exactly ``b`` of a segment's synapses.

    .. math:: P(H = b) = \binom{s}{b}\binom{n-s}{a-b} \Big/ \binom{n}{a}

    (Ahmad and Hawkins 2016, one term of Eq. 4.)

    Args:
        n: Number of cells a segment could listen to, at least 1. All arguments broadcast.
        a: Number of active cells, 0 to ``n``.
        s: Number of synapses, 0 to ``n``.
        b: Overlap; impossible overlaps have log probability -inf.

    Returns:
        Natural logarithm of the probability, float64, of the broadcast shape.

    Raises:
        ValueError: If an argument is no count, ``a`` or ``s`` exceeds ``n``, or shapes differ.

    Examples:
        >>> round(float(jnp.exp(log_overlap_pmf(10, 3, 4, 2))), 12)  # 18 of the 60 ways
        0.3
    """
    for name, value in (("n", n), ("a", a), ("s", s)):
        check_count(name, value, minimum=1 if name == "n" else 0)
    check_count("b", b)
    check_at_most("a", a, "n", n)
    check_at_most("s", s, "n", n)
    return evaluate(_log_overlap_pmf, n=n, a=a, s=s, b=b)


@explains_misuse
@float64_inside
def log_binomial(n: Num[ArrayLike, "..."], k: Num[ArrayLike, "..."]) -> Float[Array, "..."]:
    r"""Log of the number of ``k``-subsets of ``n`` things.

    .. math:: \ln \binom{n}{k} = \sum_{i < \min(k, n-k)} \ln \frac{n-i}{i+1}

    Args:
        n: Number of things, broadcasts with ``k``.
        k: Size of the subset; -inf comes back where it exceeds ``n``.

    Returns:
        Natural logarithm, float64.

    Raises:
        ValueError: If an argument is no count, or the shapes differ.

    Examples:
        >>> round(float(jnp.exp(log_binomial(5, 2))), 9)
        10.0
    """
    check_count("n", n)
    check_count("k", k)
    return evaluate(_log_binomial, n=n, k=k)


@explains_misuse
@float64_inside
def log_overlap_set_size(
    n: Num[ArrayLike, "..."],
    a: Num[ArrayLike, "..."],
    s: Num[ArrayLike, "..."],
    b: Num[ArrayLike, "..."],
) -> Float[Array, "..."]:
    r"""Log of the number of patterns of ``a`` active cells that meet exactly ``b`` synapses.

    .. math:: |\Omega_D(n, a, b)| = \binom{s}{b}\binom{n-s}{a-b}

    (Ahmad and Hawkins 2016, Eq. 3.) Over all ``b`` these numbers add up to
    :math:`\binom{n}{a}` (Vandermonde).

    Args:
        n: Number of cells. All arguments broadcast.
        a: Number of active cells, 0 to ``n``.
        s: Number of synapses, 0 to ``n``.
        b: Overlap; there are no patterns (log -inf) with an impossible one.

    Returns:
        Natural logarithm of the number of patterns, float64.

    Raises:
        ValueError: If an argument is no count, ``a`` or ``s`` exceeds ``n``, or shapes differ.

    Examples:
        >>> round(float(jnp.exp(log_overlap_set_size(10, 3, 4, 2))), 9)
        36.0
    """
    for name, value in (("n", n), ("a", a), ("s", s), ("b", b)):
        check_count(name, value)
    check_at_most("a", a, "n", n)
    check_at_most("s", s, "n", n)
    return evaluate(_log_overlap_set_size, n=n, a=a, s=s, b=b)
