"""What every measure asks of a network, its parameters and a batch before it starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from spinebook.checks import check_number
from spinebook.landscape.networks import DenseNetwork

Apply: TypeAlias = Callable[[Any, Any], Array]


def check_batch(
    apply: Apply, params: Any, x: Any
) -> tuple[Any, Float[Array, "samples *features"], int]:
    """Refuse an empty or non-finite batch, non-finite parameters and shapes that do not fit.

    Returns the parameters and the batch as JAX arrays, and the number of outputs.
    """
    if not hasattr(x, "shape") or len(x.shape) < 2 or x.shape[0] < 1:
        raise ValueError(
            "x must be a batch of at least one sample, shape (samples, ...), got shape "
            f"{getattr(x, 'shape', None)}; add a first axis for a single sample"
        )
    check_number("x", x)
    check_parameters(params)
    if isinstance(apply, DenseNetwork):
        _check_layers(apply, params, x)
    params, x = jax.tree.map(jnp.asarray, params), jnp.asarray(x)
    if isinstance(apply, DenseNetwork):
        return params, x, apply.sizes[-1]
    shape = jax.eval_shape(apply, params, x).shape
    if len(shape) != 2 or shape[0] != x.shape[0]:
        raise ValueError(
            f"apply(params, x) must return (samples, outputs) = ({x.shape[0]}, outputs), "
            f"got shape {shape}"
        )
    return params, x, shape[1]


def check_parameters(params: Any) -> None:
    """Refuse parameters without a number in them, or with NaN or infinite ones."""
    leaves = jax.tree.leaves(params)
    if not leaves:
        raise ValueError("params holds no array; pass the parameters of the network")
    for leaf in leaves:
        check_number("params", leaf)


def _check_layers(network: DenseNetwork, params: Any, x: Any) -> None:
    expected = list(zip(network.sizes[:-1], network.sizes[1:], strict=True))
    names = {"weight", "bias"} if network.biases else {"weight"}
    layered = isinstance(params, (list, tuple))
    if not layered or not all(isinstance(layer, dict) and names <= set(layer) for layer in params):
        raise ValueError(
            f"params must be one dictionary a layer with {' and '.join(sorted(names))}, as "
            "network.init returns"
        )
    found = [np.shape(layer["weight"]) for layer in params]
    biases = [np.shape(layer["bias"]) for layer in params] if network.biases else []
    if found != expected or biases != [(size,) for size in network.sizes[1:]][: len(biases)]:
        raise ValueError(
            f"params do not fit the network: weights of shapes {expected} and one bias a unit "
            f"expected, got {found} {biases}"
        )
    if len(x.shape) != 2 or x.shape[1] != network.sizes[0]:
        raise ValueError(
            f"x must have shape (samples, {network.sizes[0]}), got {tuple(x.shape)}; reshape it"
        )
