"""A scan whose reverse pass keeps few states and computes the rest again."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import lax

Carry = TypeVar("Carry")


def checkpointed_scan(
    body: Callable[[Carry, Any], tuple[Carry, Any]], carry: Carry, inputs: Any, length: int
) -> tuple[Carry, Any]:
    """Scan in chunks, of which the reverse pass keeps only the carry at their starts.

    Values are those of ``lax.scan``. The reverse pass runs each chunk once more (Griewank 1992,
    with one level) and so holds ``steps / length + length`` carries.

    Args:
        body: Function of carry and input that returns the next carry and an output.
        carry: The start.
        inputs: Pytree of arrays, scanned along their first axis.
        length: Steps of a chunk, at least 1; 1 is a plain scan.

    Returns:
        The last carry and the outputs.

    Examples:
        >>> body = lambda total, x: (total + x, total)
        >>> total, before = checkpointed_scan(body, jnp.array(0), jnp.arange(5), 2)
        >>> int(total), before.tolist()
        (10, [0, 0, 1, 3, 6])
    """
    steps = len(jax.tree.leaves(inputs)[0])
    count = steps // length
    if length == 1 or count <= 1:
        return lax.scan(body, carry, inputs)
    chunk = jax.checkpoint(functools.partial(lax.scan, body), prevent_cse=False)
    cut = count * length
    head = jax.tree.map(lambda x: x[:cut].reshape(count, length, *x.shape[1:]), inputs)
    carry, outputs = lax.scan(chunk, carry, head)
    outputs = jax.tree.map(lambda x: x.reshape(cut, *x.shape[2:]), outputs)
    if cut < steps:
        carry, rest = chunk(carry, jax.tree.map(lambda x: x[cut:], inputs))
        outputs = jax.tree.map(lambda *parts: jnp.concatenate(parts), outputs, rest)
    return carry, outputs


def chunk_length(steps: int, wanted: int | None = None) -> int:
    """Return a length of chunks near the wanted one, by default near the square root of the steps.

    A length that divides the number of steps is preferred: what is left over would be compiled
    once more.

    Args:
        steps: Number of steps, at least 1.
        wanted: Length to come near, at least 1.

    Returns:
        The length.

    Examples:
        >>> chunk_length(800), chunk_length(997), chunk_length(100, 7)
        (25, 31, 5)
    """
    near = min(max(1, math.isqrt(steps) if wanted is None else wanted), steps)
    exact = [n for n in range(near // 2 + 1, min(2 * near, steps) + 1) if steps % n == 0]
    return min(exact, key=lambda n: abs(math.log(n / near))) if exact else near
