"""Random 32-bit words, two from each call of the cipher behind JAX's keys."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.random import threefry_2x32
from jaxtyping import Array, Float64, Key, UInt32


def word_seeds(key: Key[Array, ""] | UInt32[Array, "2"], count: int) -> UInt32[Array, "count 2"]:
    """Seeds for :func:`random_words`, one for each step of a loop, drawn outside it.

    Args:
        key: JAX random key of any kind.
        count: Number of seeds.

    Returns:
        Seeds of 64 bits, as pairs of words.

    Examples:
        >>> word_seeds(jax.random.key(0), 3).shape
        (3, 2)
    """
    return jax.random.bits(key, (count, 2), jnp.uint32)


def random_words(
    seed: UInt32[Array, "2"], shape: tuple[int, ...]
) -> tuple[UInt32[Array, "..."], UInt32[Array, "..."]]:
    """Two independent random words for each element of a shape.

    ``jax.random.bits`` runs one block of Threefry for each 32-bit word and throws half of it
    away; here both halves are used. 64-bit words would do the same, but cannot be compiled
    inside a caller's ``jit`` unless the caller has switched on 64-bit numbers.

    Args:
        seed: One of the :func:`word_seeds`.
        shape: Shape of each result.

    Returns:
        Two arrays of words, each of shape ``shape``.

    Examples:
        >>> first, second = random_words(word_seeds(jax.random.key(0), 1)[0], (4, 3))
        >>> first.shape, second.dtype
        ((4, 3), dtype('uint32'))
    """
    size = int(np.prod(shape, dtype=np.int64))
    words = threefry_2x32(seed, jnp.arange(2 * size, dtype=jnp.uint32))
    return words[:size].reshape(shape), words[size:].reshape(shape)


def uniform(
    key: Key[Array, ""] | UInt32[Array, "2"], shape: tuple[int, ...]
) -> Float64[Array, "..."]:
    """Uniform numbers in [0, 1) with all 53 bits; call it under ``float64_inside``.

    Args:
        key: JAX random key of any kind.
        shape: Shape of the result.

    Returns:
        Float64 array of shape ``shape``.

    Examples:
        >>> with jax.enable_x64(True):
        ...     draws = np.asarray(uniform(jax.random.key(0), (1000,)))
        >>> draws.dtype, bool((draws >= 0).all() and (draws < 1).all())
        (dtype('float64'), True)
    """
    high, low = random_words(word_seeds(key, 1)[0], shape)
    fine = (low >> 11).astype(jnp.float64) * 2.0**-53
    return high.astype(jnp.float64) * 2.0**-32 + fine
