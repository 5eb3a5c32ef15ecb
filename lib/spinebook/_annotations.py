"""Whether a value fits an annotation, and the annotation in words, for messages about misuse."""

from __future__ import annotations

import collections.abc
import os
import sys
import types
import typing
from contextlib import suppress
from typing import Any

import numpy as np

_LARGEST = 2**63 - 1


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the annotated kind; where an annotation says nothing, it is.

    Arrays with named axes are compared with what ``jaxtyping`` has seen in the same context.
    """
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or isinstance(hint, typing.TypeVar) or _traced(value):
        return True
    if hint is None or hint is type(None):
        return value is None
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, part) for part in inside)
    if origin is typing.Literal:
        return isinstance(value, tuple({type(part) for part in inside})) and value in inside
    if origin is not None:
        return _fits_container(value, origin, inside)
    if hint in (int, float, complex, bool, str):
        return _fits_scalar(value, hint)
    if _is_array(hint):
        return _fits_array(value, hint)
    try:
        return isinstance(value, hint)
    except TypeError:  # a protocol or a generic that cannot be asked
        return True


def flaw(value: Any) -> str | None:
    """Return what no helper can use in a value of the right kind, in words, or None.

    Such are an empty array, an integer too large for 64 bits, rows of different length, objects,
    and a record with a field that does not fit.
    """
    import jax
    import jaxtyping

    if isinstance(value, tuple) and hasattr(value, "_fields"):
        with jaxtyping.jaxtyped("context"):  # a record's axes are its own
            for name, hint in hints_of(type(value), type(value).__module__).items():
                if not fits(getattr(value, name), hint):
                    came = what_came(getattr(value, name))
                    return f"has a {name} that must be {words(hint)}, got {came}"

    if isinstance(value, int) and abs(value) > _LARGEST:
        return f"is too large, got {value}; stay below 2^63"
    for leaf in [value] if isinstance(value, list) else jax.tree.leaves(value):
        if isinstance(leaf, list) and all(map(_is_number, jax.tree.leaves(leaf))):
            try:
                np.asarray(leaf)
            except ValueError:
                return "is no array: its rows differ in length; pad or split them"
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "USO":
            return f"must hold numbers, got an array of dtype {leaf.dtype}; convert it first"
        if isinstance(leaf, (np.ndarray, jax.Array)) and leaf.size == 0:
            return f"is empty (shape {leaf.shape}); pass at least one value"
    return None


def words(hint: Any) -> str:
    """Return an annotation in words, as in "must be ..."."""
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if hint is None or hint is type(None):
        return "None"
    if origin in (typing.Union, types.UnionType):
        if np.ndarray in inside:  # with all that can be made into one
            return "a number or an array of numbers"
        return " or ".join(dict.fromkeys(words(part) for part in inside))
    if origin is typing.Literal:
        return "one of " + ", ".join(map(repr, inside))
    if origin is collections.abc.Callable:
        return "a function"
    if origin is not None and issubclass(origin, collections.abc.Mapping):
        return "a mapping"
    if origin is not None:
        kinds = dict.fromkeys(words(part) for part in inside if part is not Ellipsis)
        return f"a sequence ({', '.join(kinds)})"
    if _is_array(hint):
        kind = hint.__name__.partition("[")[0].lower()
        return f"an array ({kind}) with axes ({hint.dim_str.strip() or 'none'})"
    named = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}
    return named.get(hint) or f"a {getattr(hint, '__name__', hint)}"


def hints_of(source: Any, module: str) -> dict[str, Any]:
    """Return the annotations of a function or class, without what is for type checkers only."""
    found = {}
    names = vars(sys.modules[module])
    for name, hint in getattr(source, "__annotations__", {}).items():
        if isinstance(hint, typing.ForwardRef):
            hint = hint.__forward_arg__
        with suppress(Exception):
            found[name] = eval(hint, names) if isinstance(hint, str) else hint
    return found


def takes_arrays(hint: Any) -> bool:
    """Whether an array can fit an annotation."""
    return (
        _is_array(hint)
        or np.ndarray in (parts := typing.get_args(hint))
        or any(_is_array(part) for part in parts)
    )


def what_came(value: Any) -> str:
    """Return a value in words, short."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return f"the text {value!r}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) < 60 else text[:56] + ' ...'}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, complex, np.number))


def _traced(value: Any) -> bool:
    import jax

    return isinstance(value, jax.core.Tracer)


def _is_array(hint: Any) -> bool:
    return hasattr(hint, "dim_str") and hasattr(hint, "dtypes")


def _fits_scalar(value: Any, hint: type) -> bool:
    if hint is str:
        return isinstance(value, str)
    if hint is bool:
        return isinstance(value, (bool, np.bool_))
    if not isinstance(value, (int, float, complex)) and getattr(value, "shape", None) != ():
        return False
    return (
        np.asarray(value).dtype.kind
        in {"int": "iu", "float": "iuf", "complex": "iufc"}[hint.__name__]
    )


def _fits_array(value: Any, hint: Any) -> bool:
    """Lists and numbers are what NumPy makes of them; whole numbers do for others."""
    if not hasattr(value, "shape"):
        if not isinstance(value, (int, float, complex, list, tuple)):
            return False
        try:
            value = np.asarray(value)
        except ValueError:
            return False
    if getattr(value.dtype, "kind", "V") in "iu" and "Float" in hint.__name__:
        value = np.asarray(value, np.float32)
    try:
        return isinstance(value, hint)
    except Exception:  # an axis that is an expression of others which are not known yet
        return True


def _fits_container(value: Any, origin: Any, inside: tuple[Any, ...]) -> bool:
    if origin is collections.abc.Callable:
        return callable(value)
    if issubclass(origin, os.PathLike):
        return isinstance(value, os.PathLike)
    if isinstance(value, (str, bytes)) or not isinstance(value, origin):
        return False
    if issubclass(origin, collections.abc.Mapping):
        return all(fits(key, inside[0]) and fits(item, inside[1]) for key, item in value.items())
    if issubclass(origin, tuple) and inside[-1:] != (Ellipsis,):
        return len(value) == len(inside) and all(map(fits, value, inside))
    return all(fits(item, inside[0]) for item in value) if inside else True
