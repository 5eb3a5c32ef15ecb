"""Argument checks shared by the helpers, with messages that say what was expected and what came.

Every check looks only at concrete values: an array that is being traced by ``jax.jit``,
``jax.grad`` or ``jax.vmap`` has no value yet and passes unseen.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def is_traced(value: Any) -> bool:
    """Whether ``value`` is being traced by JAX, and therefore has no value to look at.

    Args:
        value: Anything.

    Returns:
        True inside ``jit``, ``grad`` or ``vmap`` for the traced arguments, else False.

    Examples:
        >>> is_traced(3.0)
        False
    """
    import jax

    return isinstance(value, jax.core.Tracer)


def check_number(name: str, value: Any) -> None:
    """Refuse what is no non-empty array of finite real numbers.

    Args:
        name: How the caller's reader knows the argument.
        value: A number or an array of any shape.

    Raises:
        TypeError: If ``value`` is not numeric (text, objects, booleans, complex numbers).
        ValueError: If it is empty, holds NaN or an infinite value, or its rows differ in length.

    Examples:
        >>> check_number("rate", 0.5)
        >>> check_number("rate", [[0.5], [0.5, 1.0]])
        Traceback (most recent call last):
        ...
        ValueError: rate is no array: its rows differ in length; pad or split them.
        >>> check_number("rate", float("nan"))
        Traceback (most recent call last):
        ...
        ValueError: rate must be finite, got nan; remove or replace that value.
    """
    if is_traced(value):
        return
    array = _array(name, value)
    if array.dtype.kind not in "iuf" and "float" not in array.dtype.name:
        raise TypeError(
            f"{name} must be a number or an array of numbers, got {type(value).__name__} "
            f"of dtype {array.dtype}; convert it first."
        )
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}); pass at least one value.")
    finite = np.isfinite(array)
    if not finite.all():
        bad = array[~finite].flat[0]
        raise ValueError(f"{name} must be finite, got {bad}; remove or replace that value.")


def check_count(name: str, value: Any, minimum: int = 0) -> None:
    """Refuse what is no count: a whole number of at least ``minimum``.

    A float that holds a whole number (``2000.0``) is accepted.

    Args:
        name: How the caller's reader knows the argument.
        value: A number or an array of any shape.
        minimum: The smallest count allowed.

    Raises:
        TypeError: If ``value`` is not numeric.
        ValueError: If a value is not whole, not finite or below ``minimum``, or if there is none.

    Examples:
        >>> check_count("n", 2000)
        >>> check_count("n", 20.5)
        Traceback (most recent call last):
        ...
        ValueError: n must be a whole number, got 20.5; round it first.
        >>> check_count("n", -3)
        Traceback (most recent call last):
        ...
        ValueError: n must be at least 0, got -3.
    """
    check_number(name, value)
    if is_traced(value):
        return
    array = np.asarray(value)
    fractional = array != np.floor(array)
    if fractional.any():
        bad = array[fractional].flat[0]
        raise ValueError(f"{name} must be a whole number, got {bad}; round it first.")
    if (array < minimum).any():
        raise ValueError(f"{name} must be at least {minimum}, got {array.min()}.")


def check_at_most(name: str, value: Any, limit_name: str, limit: Any) -> None:
    """Refuse ``value > limit``, elementwise after broadcasting.

    Args:
        name: Name of the smaller argument.
        value: A number or an array.
        limit_name: Name of the argument that bounds it.
        limit: A number or an array that broadcasts with ``value``.

    Raises:
        ValueError: If any element of ``value`` exceeds its limit, or the shapes do not fit.

    Examples:
        >>> check_at_most("a", 30, "n", 20)
        Traceback (most recent call last):
        ...
        ValueError: a must not exceed n, got a = 30 with n = 20.
    """
    if is_traced(value) or is_traced(limit):
        return
    check_broadcast(**{name: value, limit_name: limit})
    left, right = np.broadcast_arrays(np.asarray(value), np.asarray(limit))
    over = left > right
    if over.any():
        raise ValueError(
            f"{name} must not exceed {limit_name}, got {name} = {left[over].flat[0]} "
            f"with {limit_name} = {right[over].flat[0]}."
        )


def check_probability(name: str, value: Any) -> None:
    """Refuse what lies outside the closed interval from 0 to 1.

    Args:
        name: How the caller's reader knows the argument.
        value: A number or an array of any shape.

    Raises:
        TypeError: If ``value`` is not numeric.
        ValueError: If a value is below 0, above 1 or not finite, or if there is none.

    Examples:
        >>> check_probability("target", 1.5)
        Traceback (most recent call last):
        ...
        ValueError: target must lie between 0 and 1, got 1.5.
    """
    check_number(name, value)
    if is_traced(value):
        return
    array = np.asarray(value)
    outside = (array < 0) | (array > 1)
    if outside.any():
        raise ValueError(f"{name} must lie between 0 and 1, got {array[outside].flat[0]}.")


def check_real(name: str, value: Any) -> None:
    """Refuse complex numbers, text and objects, and let NaN and infinite values pass.

    Args:
        name: How the caller's reader knows the argument.
        value: A number or an array of any shape.

    Raises:
        TypeError: If ``value`` holds anything else than real numbers or booleans.

    Examples:
        >>> check_real("accuracy", float("nan"))
        >>> check_real("accuracy", 1j)
        Traceback (most recent call last):
        ...
        TypeError: accuracy must hold real numbers, got complex128; convert it first.
    """
    dtype = value.dtype if hasattr(value, "dtype") else _array(name, value).dtype
    if dtype.kind not in "biuf" and "float" not in dtype.name:
        raise TypeError(f"{name} must hold real numbers, got {dtype}; convert it first.")


def check_floats(name: str, tree: Any) -> None:
    """Refuse a pytree that is not made of arrays of real floating-point numbers.

    Args:
        name: How the caller's reader knows the argument.
        tree: A number, an array or a pytree of them; traced arrays have a dtype and are checked.

    Raises:
        TypeError: If a leaf holds anything else, such as whole numbers, booleans or text.
        ValueError: If there is no leaf.

    Examples:
        >>> check_floats("params", {"weight": np.ones(2)})
        >>> check_floats("params", {"weight": np.ones(2, int)})
        Traceback (most recent call last):
        ...
        TypeError: params must hold floating-point numbers, got int64; convert it first.
    """
    import jax

    leaves = jax.tree.leaves(tree)
    if not leaves:
        raise ValueError(f"{name} holds no array; pass at least one.")
    for leaf in leaves:
        dtype = leaf.dtype if hasattr(leaf, "dtype") else np.asarray(leaf).dtype
        if dtype.kind != "f" and "float" not in dtype.name:
            raise TypeError(
                f"{name} must hold floating-point numbers, got {dtype}; convert it first."
            )


def check_broadcast(**arguments: Any) -> tuple[int, ...]:
    """Refuse arrays whose shapes do not broadcast together.

    Args:
        **arguments: The arrays by name.

    Returns:
        The common shape.

    Raises:
        ValueError: If the shapes do not fit; the message lists them all.

    Examples:
        >>> check_broadcast(n=2000, a=np.ones(3))
        (3,)
        >>> check_broadcast(n=np.ones(2), a=np.ones(3))
        Traceback (most recent call last):
        ...
        ValueError: shapes do not broadcast together: n (2,), a (3,); reshape one of them.
    """
    shapes = {
        name: value.shape if hasattr(value, "shape") else _array(name, value).shape
        for name, value in arguments.items()
    }
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"shapes do not broadcast together: {listed}; reshape one of them."
        ) from None


def _array(name: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value)
    except ValueError:
        text = f"{name} is no array: its rows differ in length; pad or split them."
        raise ValueError(text) from None
