"""Initial weights of any rank with the size of full-rank ones: the knob of the rank experiments."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count, check_number, is_traced
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

Match: TypeAlias = Literal["frobenius", "spectral", "radius"]
"""What a truncated matrix shares with the full one: Frobenius norm, largest singular value or
largest eigenvalue modulus."""


@explains_misuse
def gaussian_init(
    n: int, gain: ArrayLike = 1.25, *, key: PRNGKeyArray, dtype: Any = jnp.float32
) -> Float[Array, "n n"]:
    r"""Draw a square matrix of independent Gaussian weights.

    .. math:: G_{ij} \sim N(0, g^2 / N)

    as in the public code of Liu et al. (2024). The spectral radius tends to g.

    Args:
        n: Number of units N, at least 1.
        gain: Standard deviation g times sqrt(N), positive.
        key: Random key.
        dtype: Floating-point type of the weights.

    Returns:
        The weights; row i holds the inputs of unit i.

    Raises:
        ValueError: If there is no unit or the gain is not positive.

    Examples:
        >>> weights = gaussian_init(400, key=jax.random.key(0))
        >>> bool(abs(jnp.linalg.norm(weights) / (1.25 * 20) - 1) < 0.01)
        True
    """
    check_size(n, gain)
    check_dtype(dtype)
    return _gaussian(n, jnp.asarray(gain, dtype), key, dtype)


@explains_misuse
def truncate_rank(
    weights: Float[AnyArray, "rows columns"], rank: ArrayLike, match: Match = "frobenius"
) -> Float[Array, "rows columns"]:
    r"""Keep the leading singular directions of a matrix and restore its size.

    .. math::
        G = U S V^\top, \qquad W_r = U_{:r} S_r V_{:r}^\top, \qquad
        W = W_r\, \frac{\|G\|}{\|W_r\|}

    with the Frobenius norm in the public code of Liu et al. (2024); ``"spectral"`` keeps the
    largest singular value, which truncation does not change, and ``"radius"`` the largest
    eigenvalue modulus. The latter divides by the radius of W_r, which for rank one is the size
    of a single random number and may be close to zero.

    ``rank`` may be traced, so one program serves all ranks: ``jax.vmap`` over it and every rank
    shares G, as in the paper's paired design.

    Args:
        weights: G, any shape, or a square matrix to match the radius.
        rank: r, from 1 to the smaller side. A traced rank cannot be checked: below 1 it gives NaN.
        match: What W shares with G.

    Returns:
        W in the precision of G; exactly G where the rank is full.

    Raises:
        ValueError: If weights are not finite, all zero, or the rank is out of range.

    Examples:
        >>> weights = gaussian_init(30, key=jax.random.key(0))
        >>> low = truncate_rank(weights, 3)
        >>> int(jnp.linalg.matrix_rank(low, rtol=1e-5))
        3
        >>> bool(jnp.isclose(jnp.linalg.norm(low), jnp.linalg.norm(weights)))
        True
        >>> ranks = jnp.array([1, 3, 30])
        >>> jax.vmap(lambda rank: truncate_rank(weights, rank))(ranks).shape
        (3, 30, 30)
    """
    check_number("weights", weights)
    check_count("rank", rank)
    if match not in get_args(Match):
        raise ValueError(f"match must be one of {', '.join(get_args(Match))}, got {match!r}.")
    full = min(weights.shape)
    if not is_traced(rank) and not 1 <= rank <= full:  # type: ignore[operator]
        raise ValueError(
            f"rank must lie between 1 and {full} for weights of shape {weights.shape}, got {rank}."
        )
    if match == "radius" and weights.shape[0] != weights.shape[1]:
        raise ValueError(
            f"only square weights have eigenvalues to match, got shape {weights.shape}; "
            "match the frobenius or the spectral norm."
        )
    if not is_traced(weights) and not np.any(np.asarray(weights)):
        raise ValueError("weights are all zero and have no size to restore.")
    return _truncate(jnp.asarray(weights), jnp.asarray(rank), match)


@explains_misuse
def low_rank_init(
    n: int,
    rank: ArrayLike,
    gain: ArrayLike = 1.25,
    *,
    match: Match = "frobenius",
    key: PRNGKeyArray,
    dtype: Any = jnp.float32,
) -> Float[Array, "n n"]:
    """Draw recurrent weights of a given rank whose size does not depend on the rank.

    :func:`truncate_rank` of :func:`gaussian_init`: one key gives the same Gaussian matrix at
    every rank (Liu et al. 2024).

    Args:
        n: Number of units N, at least 1.
        rank: r, from 1 to N; may be traced.
        gain: Standard deviation of the Gaussian weights times sqrt(N), positive.
        match: What the weights share with the full-rank ones.
        key: Random key.
        dtype: Floating-point type of the weights.

    Returns:
        The weights; row i holds the inputs of unit i.

    Raises:
        ValueError: If the rank, the gain or the number of units is out of range.

    Examples:
        >>> key = jax.random.key(0)
        >>> one, all_ranks = low_rank_init(50, 1, key=key), low_rank_init(50, 50, key=key)
        >>> bool(jnp.all(all_ranks == gaussian_init(50, key=key)))
        True
        >>> bool(jnp.isclose(jnp.linalg.norm(one, 2), jnp.linalg.norm(all_ranks)))
        True
    """
    return truncate_rank(gaussian_init(n, gain, key=key, dtype=dtype), rank, match)


def check_dtype(dtype: Any) -> None:
    """Refuse what names no type of floating-point numbers."""
    try:
        floating = jnp.issubdtype(jnp.dtype(dtype), jnp.floating)
    except (TypeError, ValueError):
        floating = False
    if not floating:
        raise TypeError(f"dtype must be a floating-point type such as 'float32', got {dtype!r}.")


def check_size(n: int, gain: ArrayLike) -> None:
    """Refuse networks without units and gains that are not positive."""
    check_count("n", n, minimum=1)
    check_number("gain", gain)
    if not is_traced(gain) and not np.asarray(gain) > 0:
        raise ValueError(f"gain must be positive, got {gain}.")


@jax.jit(static_argnums=(0, 3))
def _gaussian(n: int, gain: Float[Array, ""], key: PRNGKeyArray, dtype: Any) -> Float[Array, "n n"]:
    return gain / math.sqrt(n) * jax.random.normal(key, (n, n), dtype)


def _size(weights: Float[Array, "rows columns"], match: Match) -> Float[Array, ""]:
    if match == "radius":
        return jnp.max(jnp.abs(jnp.linalg.eigvals(weights)))
    return jnp.linalg.norm(weights)


@jax.jit(static_argnames="match")
def _truncate(
    weights: Float[Array, "rows columns"], rank: Array, match: Match
) -> Float[Array, "rows columns"]:
    left, values, right = jnp.linalg.svd(weights, full_matrices=False)
    kept = jnp.where(jnp.arange(values.size) < rank, values, 0.0)
    low = (left * kept) @ right
    if match == "spectral":
        low = jnp.where(rank < 1, jnp.nan, low)
    else:
        low = low * (_size(weights, match) / _size(low, match))
    return jnp.where(rank >= values.size, weights, low)
