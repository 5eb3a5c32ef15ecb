r"""Monte Carlo of the overlap between a segment and random activity, exact in law."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Int64, Key, UInt32

from spinebook.checks import check_at_most, check_count
from spinebook.dendrites.tails import log_false_match
from spinebook.dendrites.words import random_words, word_seeds
from spinebook.misuse import explains_misuse

BLOCK = 1 << 16  # trials drawn at once: the random words of a block stay in the cache
METHODS = ("inverse", "sequential")


def check_key(key: Any) -> None:
    """Refuse what is no JAX random key.

    Args:
        key: A key from ``jax.random.key`` or ``jax.random.PRNGKey``.

    Raises:
        TypeError: If it is something else, such as a plain seed.

    Examples:
        >>> check_key(jax.random.key(0))
        >>> check_key(0)
        Traceback (most recent call last):
        ...
        TypeError: key must be a JAX random key such as jax.random.key(0), got int.
    """
    dtype = getattr(key, "dtype", None)
    old_style = dtype == np.uint32 and np.shape(key) == (2,)
    if not (old_style or (dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key))):
        raise TypeError(
            f"key must be a JAX random key such as jax.random.key(0), got {type(key).__name__}."
        )


def _sequential_block(key, n, a, s, size):
    """Meet the ``s`` synapses one by one: the i-th is active with odds (a - hits) : (n - i).

    Two 32-bit words serve four synapses. A 16-bit draw alone would round the odds to 1.5e-5; a
    further 16 bits of each trial, added as a fraction to all its draws, make every one exact
    to 2^-23 in ratio. Two words at a time keep the state of a block in the cache.
    """
    seeds = word_seeds(key, 1 + (s + 3) // 4)
    fraction, _ = random_words(seeds[0], (size,))
    fraction = (fraction >> 16).astype(jnp.int32).astype(jnp.float32) / 65536

    def meet_four(group, hits):
        first, second = random_words(seeds[group + 1], (size,))
        halves = first & 0xFFFF, first >> 16, second & 0xFFFF, second >> 16
        for quarter, half in enumerate(halves):
            i = 4 * group + quarter
            draw = half.astype(jnp.int32).astype(jnp.float32) + fraction
            hits = hits + ((draw < 65536 * ((a - hits) / (n - i))) & (i < s))
        return hits

    hits = jax.lax.fori_loop(0, (s + 3) // 4, meet_four, jnp.zeros(size, jnp.float32))
    return hits.astype(jnp.int32)


def _inverse_block(key, tails, size):
    """Count the tails P(H >= theta) that a 64-bit uniform number, as two words, falls below."""
    high, low = random_words(word_seeds(key, 1)[0], (size,))

    def below(tail):
        return ((high < tail[0]) | ((high == tail[0]) & (low < tail[1]))).astype(jnp.int32)

    return sum((below(tail) for tail in tails), jnp.zeros(size, jnp.int32))


@partial(jax.jit, static_argnames=("s", "blocks", "size"))
def _sample_sequential(key, n, a, s, blocks, size):
    keys = jax.random.split(key, blocks)
    return jax.lax.map(lambda k: _sequential_block(k, n, a, s, size), keys).ravel()


@partial(jax.jit, static_argnames=("blocks", "size"))
def _sample_inverse(key, tails, blocks, size):
    keys = jax.random.split(key, blocks)
    return jax.lax.map(lambda k: _inverse_block(k, tails, size), keys).ravel()


def _tail_table(n: int, a: int, s: int) -> UInt32[np.ndarray, "thresholds 2"]:
    """Tails P(H >= 1), P(H >= 2), ... in units of 2^-64, as high and low words, until one unit."""
    few = min(a, s)
    logs = np.asarray(log_false_match(n, max(a, 1), s, np.arange(1, few + 1)))
    tails = np.exp(logs) * 2.0**64
    top = np.nextafter(2.0**64, 0)
    units = np.minimum(tails[tails >= 1], top).astype(np.uint64)
    return np.stack([units >> 32, units & 0xFFFFFFFF], axis=1).astype(np.uint32)


def _check_sizes(n: Any, a: Any, s: Any) -> None:
    for name, value, least in (("n", n, 1), ("a", a, 0), ("s", s, 1)):
        check_count(name, value, minimum=least)
        if np.ndim(value):
            raise ValueError(f"{name} must be a single number here, got shape {np.shape(value)}.")
    check_at_most("a", a, "n", n)
    check_at_most("s", s, "n", n)


@explains_misuse
def sample_overlap(
    n: int,
    a: int,
    s: int,
    shape: tuple[int, ...] = (),
    *,
    key: Key[Array, ""] | UInt32[Array, "2"],
    method: str = "inverse",
) -> Int[Array, "..."]:
    r"""Draw overlaps between a segment of ``s`` synapses and random patterns of ``a`` cells.

    .. math:: P(H = b) = \binom{s}{b}\binom{n-s}{a-b} \Big/ \binom{n}{a}

    ``"inverse"`` looks a 64-bit number up in the exact tails (fast, resolution 5e-20).
    ``"sequential"`` asks the synapses one after the other whether they are active and uses no
    formula for the overlap, so that its counts are evidence about one; its odds are exact to
    2^-23 in ratio.

    Args:
        n: Number of cells, at least 1.
        a: Number of active cells, 0 to ``n``.
        s: Number of synapses, 1 to ``n``.
        shape: Shape of the result.
        key: JAX random key.
        method: "inverse" or "sequential".

    Returns:
        Overlaps, int32 of shape ``shape``.

    Raises:
        ValueError: If a count is negative, fractional or inconsistent, or the method unknown.
        TypeError: If ``key`` is no random key.

    Examples:
        >>> draws = sample_overlap(2000, 128, 24, (1000,), key=jax.random.key(0))
        >>> draws.shape, bool((draws <= 24).all())
        ((1000,), True)
    """
    _check_sizes(n, a, s)
    check_key(key)
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
    if shape != ():
        check_count("shape", shape)
    total = int(np.prod(shape, dtype=np.int64))
    size = max(1, min(BLOCK, total))
    blocks = -(-total // size)
    if total == 0:
        return jnp.zeros(shape, jnp.int32)
    if a == 0:
        return jnp.zeros(shape, jnp.int32)
    if method == "inverse":
        draws = _sample_inverse(key, jnp.asarray(_tail_table(n, a, s)), blocks, size)
    else:
        draws = _sample_sequential(key, jnp.float32(n), jnp.float32(a), int(s), blocks, size)
    return draws[:total].reshape(shape)


@partial(jax.jit, static_argnames=("s", "size"))
def _histogram_block(key, block, n, a, s, valid, size):
    hits = _sequential_block(jax.random.fold_in(key, block), n, a, s, size)
    hits = jnp.where(jnp.arange(size) < valid, hits, -1)
    return jax.lax.map(lambda b: (hits == b).sum(dtype=jnp.int32), jnp.arange(s + 1))


@explains_misuse
def overlap_histogram(
    n: int, a: int, s: int, trials: int, *, key: Key[Array, ""] | UInt32[Array, "2"]
) -> Int64[np.ndarray, "overlaps"]:
    """Count how often each overlap 0 .. ``s`` occurs in many sequentially drawn trials.

    The counts of each block fit 32-bit integers and are added in 64 bits: a float32 counter
    stops at 16,777,216 when it counts by ones, and rounds every larger step. The result does not
    depend on the number of cores: each block has a key of its own.

    Args:
        n: Number of cells, at least 1.
        a: Number of active cells, 0 to ``n``.
        s: Number of synapses, 1 to ``n``.
        trials: Number of trials, at least 1.
        key: JAX random key.

    Returns:
        Number of trials with each overlap, int64 of length ``s`` + 1.

    Raises:
        ValueError: If a count is negative, fractional or inconsistent.
        TypeError: If ``key`` is no random key.

    Examples:
        >>> int(overlap_histogram(300, 64, 24, 5000, key=jax.random.key(0)).sum())
        5000
    """
    _check_sizes(n, a, s)
    check_count("trials", trials, minimum=1)
    check_key(key)

    def count(block: int) -> Int64[np.ndarray, "overlaps"]:
        valid = min(BLOCK, trials - block * BLOCK)
        cells = np.float32(n), np.float32(a)
        return np.asarray(_histogram_block(key, block, *cells, int(s), valid, BLOCK), np.int64)

    # XLA runs the loop of one block on one core; threads give every core a block of its own.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(count, range(-(-trials // BLOCK))), np.zeros(int(s) + 1, np.int64))
