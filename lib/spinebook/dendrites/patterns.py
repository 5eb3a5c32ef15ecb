r"""Random patterns as explicit sets and vectors, their corruption, and segments that read them."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int32, Key, UInt32

from spinebook.checks import check_at_most, check_count, is_traced
from spinebook.dendrites.sampling import check_key
from spinebook.dendrites.words import random_words, word_seeds
from spinebook.misuse import explains_misuse


def _check_set(n: Any, k: Any, key: Any) -> None:
    check_count("n", n, minimum=1)
    check_count("k", k)
    check_at_most("k", k, "n", n)
    check_key(key)


@partial(jax.jit, static_argnames=("k", "shape"))
def _draw_subsets(key, n, k, shape):
    chosen = jnp.full((*shape, k), -1, jnp.int32)
    if k == 0:
        return chosen

    def choose(chosen, step_and_key):
        step, step_key = step_and_key
        newest = n - k + step
        draw = jax.random.randint(step_key, shape, 0, newest + 1, jnp.int32)
        taken = (chosen == draw[..., None]).any(axis=-1)
        return chosen.at[..., step].set(jnp.where(taken, newest, draw)), None

    steps = (jnp.arange(k, dtype=jnp.int32), jax.random.split(key, k))
    return jax.lax.scan(choose, chosen, steps)[0]


@partial(jax.jit, static_argnames=("n", "shape"))
def _draw_activity(key, n, a, shape):
    def visit_two(active, cell_and_seed):
        cell, seed = cell_and_seed
        chosen = []
        for i, word in enumerate(random_words(seed, shape)):
            draw = (word >> 8).astype(jnp.int32).astype(jnp.float32) * 2.0**-24
            left = jnp.maximum(n - cell - i, 1)  # an odd n has no last cell to pair with
            chosen.append(draw < (a - active) / left)
            active = active + chosen[i]
        return active, jnp.stack(chosen)

    cells = (jnp.arange(0, n, 2, dtype=jnp.float32), word_seeds(key, (n + 1) // 2))
    vectors = jax.lax.scan(visit_two, jnp.zeros(shape, jnp.float32), cells)[1]
    return jnp.moveaxis(vectors.reshape(-1, *shape)[:n], 0, -1)


@explains_misuse
def random_subset(
    n: int, k: int, shape: tuple[int, ...] = (), *, key: Key[Array, ""] | UInt32[Array, "2"]
) -> Int32[Array, "... k"]:
    """Draw uniformly random ``k``-subsets of the cells 0 .. ``n`` - 1, as lists of members.

    Floyd's algorithm (Bentley and Floyd 1987): ``k`` draws for each subset and no shuffle of all
    ``n`` cells; membership is looked up in the list, so the cost grows with ``k`` squared. All
    subsets are equally likely; the order of the members means nothing.

    Args:
        n: Number of cells, at least 1.
        k: Members of each subset, 0 to ``n``.
        shape: How many subsets.
        key: JAX random key.

    Returns:
        Cell numbers, int32 of shape (*shape, k).

    Raises:
        ValueError: If a count is negative or fractional, or ``k`` exceeds ``n``.
        TypeError: If ``key`` is no random key.

    Examples:
        >>> cells = random_subset(50, 50, key=jax.random.key(0))
        >>> sorted(cells.tolist()) == list(range(50))
        True
    """
    _check_set(n, k, key)
    return _draw_subsets(key, int(n), int(k), tuple(shape))


@explains_misuse
def random_activity(
    n: int, a: int, shape: tuple[int, ...] = (), *, key: Key[Array, ""] | UInt32[Array, "2"]
) -> Bool[Array, "... n"]:
    """Draw activity vectors with exactly ``a`` of ``n`` cells active, uniformly among all.

    The cells are visited in turn; each becomes active with probability (still needed) / (cells
    left), which makes every ``a``-subset equally likely (selection sampling).

    Args:
        n: Number of cells, at least 1.
        a: Active cells, 0 to ``n``.
        shape: How many vectors.
        key: JAX random key.

    Returns:
        Booleans of shape (*shape, n).

    Raises:
        ValueError: If a count is negative or fractional, or ``a`` exceeds ``n``.
        TypeError: If ``key`` is no random key.

    Examples:
        >>> int(random_activity(40, 7, key=jax.random.key(1)).sum())
        7
    """
    _check_set(n, a, key)
    return _draw_activity(key, int(n), jnp.float32(a), tuple(shape))


@explains_misuse
def swap_noise(
    active: Bool[Array, "... n"],
    v: int | Int[Array, ""],
    *,
    key: Key[Array, ""] | UInt32[Array, "2"],
) -> Bool[Array, "... n"]:
    """Move exactly ``v`` active cells to cells that were silent, uniformly at random.

    Args:
        active: Activity vectors along the last axis.
        v: Number of cells that move in each vector; at most the number of active cells, and at
            most the number of silent ones.
        key: JAX random key.

    Returns:
        Corrupted vectors, same shape, each with as many active cells as before.

    Raises:
        TypeError: If ``active`` is not boolean, or ``key`` is no random key.
        ValueError: If ``v`` is no count, or a vector has too few active or silent cells.

    Examples:
        >>> pattern = jnp.arange(100) < 10
        >>> noisy = swap_noise(pattern, 4, key=jax.random.key(0))
        >>> int(noisy.sum()), int((noisy & pattern).sum())
        (10, 6)
    """
    check_key(key)
    check_count("v", v)
    if active.dtype != bool:
        raise TypeError(f"active must be boolean, got {active.dtype}; compare it with a threshold.")
    if not (is_traced(active) or is_traced(v)):
        counts = np.asarray(active).sum(axis=-1)
        check_at_most("v", v, "the number of active cells", counts)
        check_at_most("v", v, "the number of silent cells", active.shape[-1] - counts)
    ranks = jax.random.uniform(key, active.shape)

    def first(candidates):
        order = jnp.argsort(jnp.where(candidates, ranks, 2.0), axis=-1)
        return jnp.argsort(order, axis=-1) < v

    return jnp.where(active, ~first(active), first(~active))


@explains_misuse
def segment_match(
    active: Bool[Array, "patterns n"],
    synapses: Int[Array, "segments s"],
    theta: int | Int[Array, ""],
) -> Bool[Array, "patterns segments"]:
    r"""Whether each segment fires on each activity vector.

    .. math:: \mathrm{match}(A, D) \iff A \cdot D \ge \theta

    (Ahmad and Hawkins 2016, Eq. 1, with :math:`D` given by its synapses.)

    Args:
        active: Activity vectors, one a row.
        synapses: Cell numbers that each segment listens to, one segment a row, 0 to n - 1.
        theta: Spike threshold in synapses.

    Returns:
        True where at least ``theta`` synapses of the segment meet active cells.

    Raises:
        ValueError: If a synapse points outside the vectors, or an array is no table.

    Examples:
        >>> rows = jnp.array([[True, True, False, True], [False, False, True, True]])
        >>> segment_match(rows, jnp.array([[0, 1, 3], [1, 2, 3]]), 2).tolist()
        [[True, True], [False, True]]
    """
    if active.ndim != 2 or synapses.ndim != 2:
        raise ValueError(
            f"active and synapses must be tables (rows of vectors), got shapes {active.shape} "
            f"and {synapses.shape}."
        )
    if not is_traced(synapses):
        check_count("synapses", synapses)
        check_at_most("synapses", synapses, "the last cell", active.shape[-1] - 1)
    return active[:, synapses].sum(axis=-1) >= theta
