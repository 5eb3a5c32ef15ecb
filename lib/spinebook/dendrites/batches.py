"""Broadcast settings as float64 rows, and compile once for many shapes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from spinebook.checks import check_broadcast, is_traced

SMALL = 1 << 14  # below this many rows compiling costs more than computing a few rows in vain


def as_float64(**arguments: Any) -> list[Float[Array, "..."]]:
    """Broadcast arguments together as float64 arrays, after checking that their shapes fit.

    Args:
        **arguments: Numbers or arrays by name.

    Returns:
        One float64 array each, all of the common shape.

    Raises:
        ValueError: If the shapes do not broadcast.

    Examples:
        >>> import jax
        >>> with jax.enable_x64(True):
        ...     n, a = as_float64(n=10, a=jnp.arange(3))
        >>> n.shape
        (3,)
    """
    check_broadcast(**arguments)
    arrays = [jnp.asarray(value).astype(jnp.float64) for value in arguments.values()]
    return list(jnp.broadcast_arrays(*arrays))


def _concrete(
    function: Callable[..., Float[Array, "..."]], shape: tuple[int, ...], arguments: dict[str, Any]
) -> Float[Array, "..."]:
    size = int(np.prod(shape))
    if size > SMALL:
        return function(*as_float64(**arguments))
    extra = max(16, 1 << (size - 1).bit_length()) - size
    rows = [
        np.broadcast_to(np.asarray(value, np.float64), shape).ravel()
        for value in arguments.values()
    ]
    filled = function(*(np.pad(row, (0, extra), mode="edge") for row in rows))
    if is_traced(filled):
        return filled
    return jnp.asarray(np.asarray(filled)[:size].reshape(shape))


def evaluate(function: Callable[..., Float[Array, "..."]], **arguments: Any) -> Float[Array, "..."]:
    """Call a compiled row-by-row function on broadcast settings.

    A compiled function serves one shape only. Small concrete batches are therefore filled up to
    a power of two with copies of their last row; traced and large ones go through as they are.

    Args:
        function: Compiled function of float64 arrays of one shape, acting row by row.
        **arguments: Numbers or arrays, in the order of the function's parameters.

    Returns:
        Its result, of the broadcast shape.

    Raises:
        ValueError: If the shapes do not broadcast.

    Examples:
        >>> import jax
        >>> with jax.enable_x64(True):
        ...     evaluate(jax.jit(lambda n, a: a / n), n=np.array([2, 4]), a=1).tolist()
        [0.5, 0.25]
    """
    shape = check_broadcast(**arguments)
    if any(is_traced(value) for value in arguments.values()):
        return function(*as_float64(**arguments))
    result = _concrete(function, shape, arguments)
    if is_traced(result):  # all settings are known, but the call stands inside a caller's jit
        with jax.ensure_compile_time_eval():
            result = _concrete(function, shape, arguments)
    return result
