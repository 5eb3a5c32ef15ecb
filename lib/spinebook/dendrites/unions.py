r"""How many synapses a segment holds once it stores several patterns: the law of the union size."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Num

from spinebook.checks import check_at_most, check_count, is_traced
from spinebook.dendrites.batches import evaluate
from spinebook.dendrites.overlap import _log_overlap_pmf
from spinebook.misuse import explains_misuse
from spinebook.precision import float64_inside

_MOST_PATTERNS = 100_000  # under half a minute on one core
_MOST_CELLS = 100_000_000  # a law of 0.8 GB


def check_union(n: Any, s: Any, m: Any) -> None:
    """Refuse settings that describe no union of ``m`` sets of ``s`` out of ``n``.

    Args:
        n: Number of cells, at least 1.
        s: Synapses of each pattern, 1 to ``n``.
        m: Number of patterns, at least 1.

    Raises:
        ValueError: If an argument is no count, or ``s`` exceeds ``n``.

    Examples:
        >>> check_union(20, 4, 2)
    """
    for name, value in (("n", n), ("s", s), ("m", m)):
        check_count(name, value, minimum=1)
    check_at_most("s", s, "n", n)


def check_patterns(m: Any) -> None:
    """Refuse more patterns than the law can be taken through, one after the other.

    Args:
        m: Numbers of patterns.

    Raises:
        ValueError: If there are too many.
    """
    if np.max(m) > _MOST_PATTERNS:
        raise ValueError(
            f"m must be at most {_MOST_PATTERNS}, got {np.max(m)}: the law is found pattern by "
            "pattern; use union_size_mean and union_size_variance for more."
        )


def union_size_law(n: int, s: int, m: Int[np.ndarray, "..."]) -> Float[np.ndarray, "... sizes"]:
    """Law of the union size over 0 .. min(n, max(m) s), the sizes that can occur.

    Args:
        n: Number of cells.
        s: Synapses of each pattern.
        m: Numbers of patterns.

    Returns:
        Probabilities along the last axis, one row for each element of ``m``.

    Examples:
        >>> with jax.enable_x64(True):
        ...     union_size_law(20, 4, np.array(2)).shape
        (9,)
    """
    patterns, which = np.unique(m, return_inverse=True)
    most = int(patterns[-1])
    top = min(n, most * s)
    sizes, fresh = np.arange(top + 1), np.arange(s + 1)
    # step[j, k]: a further pattern brings j new cells to a union of k.
    step = np.exp(evaluate(_log_overlap_pmf, n=n, a=n - sizes, s=s, b=fresh[:, None]))
    step = np.asarray(step)
    law = np.zeros(top + 1)
    law[0] = 1.0
    laws = np.empty((len(patterns), top + 1))
    for held in range(most):
        reach = min(top, held * s) + 1
        moved = step[:, :reach] * law[:reach]
        law = np.zeros(top + 1)
        for j in fresh:  # sizes beyond the top have no probability
            law[j : j + reach] += moved[j, : top + 1 - j]
        laws[patterns == held + 1] = law
    return laws[which.reshape(np.shape(m))]


@explains_misuse
@float64_inside
def union_size_pmf(n: int, s: int, m: int | Int[np.ndarray, "..."]) -> Float[Array, "... sizes"]:
    r"""Law of the number of different cells in the union of ``m`` random ``s``-subsets.

    .. math:: P(K_{m+1} = k+j \mid K_m = k) = \binom{n-k}{j}\binom{k}{s-j} \Big/ \binom{n}{s},
        \qquad K_1 = s

    A Markov chain in the size, exact; the paper uses only its mean (Eq. 13).

    Args:
        n: Number of cells, at least 1.
        s: Synapses of each pattern, 1 to ``n``.
        m: Number of patterns, at least 1; an array gives one law for each element.

    Returns:
        Probabilities of the sizes 0 .. ``n`` along the last axis, float64; shape (*m.shape, n+1).

    Raises:
        ValueError: If an argument is no count, ``s`` exceeds ``n``, or ``n`` 100 million.
        TypeError: If an argument is traced: the sizes of the arrays depend on all three.

    Examples:
        >>> law = np.asarray(union_size_pmf(20, 4, 2))
        >>> round(float(law[4] * 4845), 9), round(float((law * np.arange(21)).sum()), 9)
        (1.0, 7.2)
    """
    if any(is_traced(value) for value in (n, s, m)):
        raise TypeError("union_size_pmf needs concrete n, s and m; call it outside jit and vmap.")
    check_union(n, s, m)
    if np.ndim(n) or np.ndim(s):
        raise ValueError(
            f"n and s must be single numbers here, got shapes {np.shape(n)} and {np.shape(s)}; "
            "loop over them."
        )
    check_patterns(m)
    if n > _MOST_CELLS:
        raise ValueError(f"n must be at most {_MOST_CELLS:,}: the law has n + 1 entries, got {n}.")
    law = union_size_law(int(n), int(s), np.asarray(m).astype(int))
    beyond = [(0, 0)] * (law.ndim - 1) + [(0, int(n) + 1 - law.shape[-1])]
    return jnp.asarray(np.pad(law, beyond))


@jax.jit
def _mean(n, s, m):
    return -n * jnp.expm1(m * jnp.log1p(-s / n))


@explains_misuse
@float64_inside
def union_size_mean(
    n: Num[ArrayLike, "..."], s: Num[ArrayLike, "..."], m: Num[ArrayLike, "..."]
) -> Float[Array, "..."]:
    r"""Expected number of different cells in the union of ``m`` random ``s``-subsets.

    .. math:: E|X| = n\left(1 - (1 - s/n)^M\right)

    (Ahmad and Hawkins 2016, Eq. 13; exact.)

    Args:
        n: Number of cells, at least 1. All arguments broadcast.
        s: Synapses of each pattern, 1 to ``n``.
        m: Number of patterns, at least 1.

    Returns:
        Expected size, float64.

    Raises:
        ValueError: If an argument is no count, ``s`` exceeds ``n``, or the shapes do not fit.

    Examples:
        >>> round(float(union_size_mean(20_000, 25, 10)), 6)
        248.598427
    """
    check_union(n, s, m)
    return evaluate(_mean, n=n, s=s, m=m)


@jax.jit
def _variance(n, s, m):
    spare = n - s
    full, one_left = spare <= 0, spare <= 1
    spare = jnp.where(full, n, spare)
    empty = jnp.exp(m * (jnp.log(spare) - jnp.log(n)))  # chance that one cell stays out of all
    # ln of how much rarer it is that two cells stay out than if they were independent
    together = m * jnp.log1p(-jnp.where(one_left, 0.0, s / (jnp.maximum(n - 1, 1) * spare)))
    pair = jnp.where(one_left, -1.0, jnp.expm1(together))
    variance = n * empty * (1 - empty + (n - 1) * empty * pair)
    return jnp.where(full | (m == 1), 0.0, jnp.maximum(variance, 0.0))


@explains_misuse
@float64_inside
def union_size_variance(
    n: Num[ArrayLike, "..."], s: Num[ArrayLike, "..."], m: Num[ArrayLike, "..."]
) -> Float[Array, "..."]:
    r"""Variance of the number of different cells in the union of ``m`` random ``s``-subsets.

    .. math:: \mathrm{Var}|X| = n q^M + n(n-1) r^M - n^2 q^{2M}, \quad
        q = \frac{n-s}{n}, \; r = \frac{(n-s)(n-s-1)}{n(n-1)}

    rearranged so that the large terms cancel before they are rounded.

    Args:
        n: Number of cells, at least 1. All arguments broadcast.
        s: Synapses of each pattern, 1 to ``n``.
        m: Number of patterns, at least 1.

    Returns:
        Variance of the size, float64.

    Raises:
        ValueError: If an argument is no count, ``s`` exceeds ``n``, or the shapes do not fit.

    Examples:
        >>> round(float(union_size_variance(50, 5, 3)), 8)
        1.04066951
    """
    check_union(n, s, m)
    return evaluate(_variance, n=n, s=s, m=m)
