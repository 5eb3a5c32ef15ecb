"""Errors that name the argument at fault, whatever broke first inside a helper.

A helper checks what its mathematics needs. What does not even fit the annotations (text for a
number, an axis too few) breaks somewhere inside NumPy or JAX, with a message about their
internals. :func:`explains_misuse` then compares the arguments with the annotations and says which
one is wrong. A call that succeeds pays nothing for it.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable
from dis import opmap
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from spinebook._annotations import fits, flaw, hints_of, takes_arrays, what_came, words

_EXPECTED = (TypeError, ValueError, ArithmeticError)
T = TypeVar("T", bound=Callable[..., Any])


def explains_misuse(target: T) -> T:
    """Have a function or a class name the argument at fault when a call of it fails.

    An error that names the argument already, or whose arguments all fit, goes through unchanged.

    Args:
        target: A function with annotations, or a class whose ``__init__`` has them.

    Returns:
        The same class, or a function that behaves as the given one.

    Examples:
        >>> @explains_misuse
        ... def halve(length: float) -> float:
        ...     return length / 2
        >>> halve("long")
        Traceback (most recent call last):
        ...
        TypeError: length must be a number, got the text 'long'.
    """
    if inspect.isclass(target):
        type.__setattr__(target, "__init__", _explaining(target.__init__, target))
        return target
    return _explaining(target, target)


def _explaining(function: T, source: Any) -> T:
    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            better = _explanation(error, function, source, args, kwargs)
            if better is None:
                raise
            raise better from error

    return typing.cast(T, wrapped)


def _explanation(
    error: Exception, function: Any, source: Any, args: Any, kwargs: Any
) -> Exception | None:
    """Return the error that names the first argument at fault, or None to keep the error."""
    if not isinstance(error, (*_EXPECTED, AttributeError, LookupError)) or _is_own(error):
        return None
    try:
        given = inspect.signature(function).bind(*args, **kwargs).arguments
    except TypeError:  # arguments missing or too many, which Python tells by name
        return None
    faults = _faults(given, hints_of(inspect.unwrap(function), source.__module__))
    told = isinstance(error, _EXPECTED) and not isinstance(error, OverflowError)
    if not faults or (told and any(_names(str(error), name) for name in faults)):
        return None
    return next(iter(faults.values()))


def _is_own(error: Exception) -> bool:
    """Whether a ``raise`` of a helper made the error, which then knows best what is wrong."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return False
    module = place.tb_frame.f_globals.get("__name__", "")
    raised = place.tb_frame.f_code.co_code[place.tb_lasti] == opmap["RAISE_VARARGS"]
    return raised and module.startswith("spinebook.") and module != __name__


def _faults(given: dict[str, Any], hints: dict[str, Any]) -> dict[str, Exception]:
    import jaxtyping

    faults: dict[str, Exception] = {}
    flawed: dict[str, Exception] = {}
    with jaxtyping.jaxtyped("context"):  # axes of one name have one length in all arguments
        for name, value in given.items():
            hint = hints.get(name, Any)
            if not fits(value, hint):
                text = f"{name} must be {words(hint)}, got {what_came(value)}"
                shaped = hasattr(value, "shape") and takes_arrays(hint)
                beside = _shapes(given, name) if shaped else ""
                faults[name] = (ValueError if shaped else TypeError)(f"{text}{beside}.")
            elif problem := flaw(value):
                flawed[name] = ValueError(f"{name} {problem}.")
    return faults or flawed


def _names(text: str, name: str) -> bool:
    """Whether a message speaks of an argument; one letter may also be a word or a unit."""
    if len(name) > 1:
        return re.search(rf"\b{re.escape(name)}\b", text) is not None
    return re.search(rf"(^|[^\w']){name}(\.\w+)? (must|is|has|needs|holds|=)", text) is not None


def _shapes(given: dict[str, Any], but: str) -> str:
    """List the shapes of the other arrays, among which the odd one may be."""
    others = [
        f"{name} {np.shape(value)}"
        for name, value in given.items()
        if name != but and (hasattr(value, "shape") or isinstance(value, (int, float)))
    ]
    return f" beside {', '.join(others)}" if others else ""
