"""Parameters between bounds, as free numbers: the logit transform."""

from __future__ import annotations

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from spinebook.checks import check_number

Bounds: TypeAlias = tuple[Any, Any]
"""Lower and upper limit: numbers, or pytrees like the parameters."""


def whole_bounds(bounds: Bounds, start: Any) -> Bounds:
    """Return bounds with one leaf for each leaf of ``start``, which must lie between them."""
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise TypeError(f"bounds must be a pair (lower, upper), got {type(bounds).__name__}.")
    lower, upper = (
        _like(start, name, bound) for name, bound in zip(("lower", "upper"), bounds, strict=True)
    )
    jax.tree_util.tree_map_with_path(_check_inside, start, lower, upper)
    return jax.tree.map(
        lambda leaf, bound: jnp.asarray(bound, leaf.dtype), (start, start), (lower, upper)
    )


def to_logits(parameters: Any, bounds: Bounds) -> Any:
    r"""Return :math:`z = \log((\theta - a)/(b - \theta))`; parameters lie strictly inside."""
    return jax.tree.map(lambda x, a, b: jnp.log(x - a) - jnp.log(b - x), parameters, *bounds)


def from_logits(logits: Any, bounds: Bounds) -> Any:
    r"""Return :math:`\theta = a + (b - a)/(1 + e^{-z})`."""

    def one(z: Any, a: Any, b: Any) -> Any:
        # Rounding could lead a unit beyond the upper bound.
        return jnp.minimum(a + (b - a) * jax.nn.sigmoid(z), b)

    return jax.tree.map(one, logits, *bounds)


def _like(start: Any, name: str, bound: Any) -> Any:
    try:
        return jax.tree.broadcast(bound, start)
    except ValueError:
        raise ValueError(
            f"{name} bound must be a number or a pytree like start, {jax.tree.structure(start)}, "
            f"got {jax.tree.structure(bound)}."
        ) from None


def _check_inside(path: Any, start: Any, lower: Any, upper: Any) -> None:
    name = f"start{jax.tree_util.keystr(path)}"
    for side, bound in (("lower", lower), ("upper", upper)):
        check_number(f"{side} bound of {name}", bound)
        try:
            fits = np.broadcast_shapes(np.shape(bound), start.shape) == start.shape
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                f"{side} bound of {name} has shape {np.shape(bound)}, which does not broadcast to "
                f"{start.shape}."
            )
    # Bounds are compared as they will be used: in the precision of the parameters.
    values, low, high = (np.asarray(a, start.dtype) for a in (start, lower, upper))
    outside = (values <= low) | (values >= high)
    if outside.any():
        where = np.unravel_index(int(outside.argmax()), outside.shape)
        place = f" at {tuple(map(int, where))}" if where else ""
        raise ValueError(
            f"{name} must lie strictly between the bounds, got {values[where]}{place} with "
            f"bounds {np.broadcast_to(low, values.shape)[where]} and "
            f"{np.broadcast_to(high, values.shape)[where]}; move it inside or widen them."
        )
