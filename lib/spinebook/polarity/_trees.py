"""Pytrees of signs beside pytrees of weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import numpy as np

from spinebook.checks import check_floats, is_traced

Mask: TypeAlias = Any | Callable[[Any], Any]
"""A pytree of booleans (or a prefix of one), or a function of the parameters that makes it."""


def beside(params: Any, other: Any, name: str) -> tuple[list[Any], list[Any], Any]:
    """Return the leaves of ``params``, what ``other`` holds in their places, and the structure."""
    structure: Any
    leaves, structure = jax.tree.flatten(params)
    try:
        return leaves, structure.flatten_up_to(other), structure
    except (ValueError, TypeError):
        raise ValueError(
            f"{name} must have the structure of the parameters, {structure}, got "
            f"{jax.tree.structure(other)}; put None where a leaf has no signs"
        ) from None


def check_polarity(params: Any, polarity: Any) -> None:
    """Refuse signs that do not fit the weights, or that are other numbers than -1, 0 and 1."""
    check_floats("params", params)
    leaves, signs, _ = beside(params, polarity, "polarity")
    for leaf, sign in zip(leaves, signs, strict=True):
        if sign is None:
            continue
        if np.shape(sign) != np.shape(leaf):
            raise ValueError(
                f"polarity has shape {np.shape(sign)} beside weights of shape {np.shape(leaf)}; "
                "every weight needs a sign of its own, and a leaf without signs is None"
            )
        if is_traced(sign):
            continue
        wrong = ~np.isin(np.asarray(sign), (-1, 0, 1))
        if wrong.any():
            raise ValueError(
                f"polarity must hold -1, 0 (free) and 1 only, got {np.asarray(sign)[wrong][0]}; "
                "polarity_of(params) gives the signs of weights"
            )


def check_steps(params: Any, updates: Any) -> None:
    """Refuse steps that have not the shapes of the weights."""
    for leaf, step in zip(*beside(params, updates, "updates")[:2], strict=True):
        if step is not None and np.shape(step) != np.shape(leaf):
            raise ValueError(
                f"updates has steps of shape {np.shape(step)} beside weights of shape "
                f"{np.shape(leaf)}; pass one step a weight"
            )
        if step is not None:
            check_floats("updates", step)


def masked(params: Any, polarity: Any, mask: Mask | None) -> Any:
    """Return the polarity with None for the leaves where ``mask`` is False."""
    if mask is None:
        return polarity
    chosen = mask(params) if callable(mask) else mask
    try:
        chosen = jax.tree.leaves(jax.tree.broadcast(chosen, params))
    except ValueError:
        raise ValueError(
            "mask must be a pytree of True and False that is a prefix of the parameters, "
            f"{jax.tree.structure(params)}, got {jax.tree.structure(chosen)}"
        ) from None
    for value in chosen:
        if not isinstance(value, bool | np.bool_):
            raise TypeError(
                f"mask must hold True and False, one for each leaf, got {value!r}; to leave single "
                "weights free set their polarity to 0"
            )
    _, signs, structure = beside(params, polarity, "polarity")
    kept = [sign if each else None for sign, each in zip(signs, chosen, strict=True)]
    return jax.tree.unflatten(structure, kept)
