r"""How many synapses a segment holds once it stores several patterns: the law of the union size."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Num

from spinebook.checks import check_at_most, check_count, is_traced
from spinebook.dendrites.batches import as_float64
from spinebook.dendrites.overlap import _log_overlap_pmf
from spinebook.precision import float64_inside


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


@partial(jax.jit, static_argnames=("s", "top", "most"))
def _size_laws(n, s, top, most):
    """Laws of the union size of 1 .. most sets, one a row, over the sizes 0 .. top."""
    sizes = jnp.arange(top + 1.0, dtype=jnp.float64)
    fresh = jnp.arange(s + 1.0, dtype=jnp.float64)
    grid = jnp.broadcast_arrays(n, n - sizes[:, None], jnp.float64(s), fresh)
    step = jnp.exp(_log_overlap_pmf(*grid))

    def add_one_set(law, _):
        moved = (law[:, None] * step).T

        # Sizes beyond ``top`` cannot occur, so nothing but zeros is rolled round the end.
        def add_fresh(j, grown):
            return grown + jnp.roll(moved[j], j)

        grown = jax.lax.fori_loop(0, s + 1, add_fresh, jnp.zeros_like(law))
        return grown, grown

    empty = jnp.zeros(top + 1, jnp.float64).at[0].set(1.0)
    return jax.lax.scan(add_one_set, empty, length=most)[1]


def union_size_law(n: int, s: int, m: Int[np.ndarray, "..."]) -> Float[Array, "... sizes"]:
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
    most = int(np.max(m))
    laws = _size_laws(jnp.float64(n), s, min(n, most * s), most)
    return laws[np.asarray(m) - 1]


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
        ValueError: If an argument is no count, or ``s`` exceeds ``n``.
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
    law = union_size_law(int(n), int(s), np.asarray(m).astype(int))
    return jnp.pad(law, [(0, 0)] * (law.ndim - 1) + [(0, int(n) + 1 - law.shape[-1])])


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
    cells, synapses, patterns = as_float64(n=n, s=s, m=m)
    return -cells * jnp.expm1(patterns * jnp.log1p(-synapses / cells))


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
    cells, synapses, patterns = as_float64(n=n, s=s, m=m)
    spare = cells - synapses
    full = spare <= 0
    spare = jnp.where(full, cells, spare)
    log_empty = patterns * (jnp.log(spare) - jnp.log(cells))
    one_left = spare <= 1
    dependence = patterns * jnp.log1p(
        -jnp.where(one_left | full, 0.0, synapses / (jnp.maximum(cells - 1, 1) * spare))
    )
    pair = jnp.where(one_left, -1.0, jnp.expm1(dependence))
    variance = (
        cells
        * jnp.exp(log_empty)
        * (-jnp.expm1(log_empty) + (cells - 1) * jnp.exp(log_empty) * pair)
    )
    return jnp.where(full | (patterns == 1), 0.0, jnp.maximum(variance, 0.0))
