"""Dense networks that show their layers, so that sharpness has an exact factorised form."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

Activation: TypeAlias = Literal["tanh", "relu", "linear"]
LayerParameters: TypeAlias = Sequence[dict[str, Any]]

_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "linear": lambda z: z,
}


class Layers(NamedTuple):
    """Inputs h of every linear layer and what it computes from them, before the activation."""

    inputs: tuple[Float[Array, "samples _"], ...]
    preactivations: tuple[Float[Array, "samples _"], ...]


def uniform_layer(
    fan_in: int, fan_out: int, biases: bool = True, *, key: PRNGKeyArray
) -> dict[str, Array]:
    """Draw weight (fan_in, fan_out) and bias from U(-1/sqrt(fan_in), 1/sqrt(fan_in)).

    Args:
        fan_in: inputs of a unit.
        fan_out: units.
        biases: whether the layer has biases.
        key: random key.

    Returns:
        A dictionary with ``weight`` and, if asked for, ``bias``.

    Examples:
        >>> uniform_layer(4, 3, key=jax.random.key(0))["weight"].shape
        (4, 3)
    """
    weight_key, bias_key = jax.random.split(key)
    limit = fan_in**-0.5
    layer = {
        "weight": jax.random.uniform(weight_key, (fan_in, fan_out), minval=-limit, maxval=limit)
    }
    if biases:
        layer["bias"] = jax.random.uniform(bias_key, (fan_out,), minval=-limit, maxval=limit)
    return layer


@explains_misuse
@dataclasses.dataclass(frozen=True)
class DenseNetwork:
    r"""A fully connected network with a linear readout.

    .. math:: z_l = h_{l-1} W_l + b_l, \qquad h_l = \varphi(z_l), \qquad f = z_L

    Parameters are a tuple of one dictionary a layer: ``weight`` of shape (inputs, units) and,
    with ``biases``, ``bias`` of shape (units,). They may have any floating-point precision.

    Args:
        sizes: inputs, hidden layers and outputs, at least two positive numbers.
        activation: "tanh", "relu" or "linear".
        biases: whether the layers have biases.

    Raises:
        ValueError: fewer than two sizes, a size below 1, or an unknown activation.

    Examples:
        >>> network = DenseNetwork((4, 8, 3))
        >>> network(network.init(key=jax.random.key(0)), jnp.ones((2, 4))).shape
        (2, 3)
    """

    sizes: tuple[int, ...]
    activation: Activation = "tanh"
    biases: bool = True

    def __post_init__(self) -> None:
        """Refuse sizes and activations without meaning."""
        object.__setattr__(self, "sizes", tuple(self.sizes))
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"sizes must be two or more positive numbers, got {self.sizes}")
        if self.activation not in _ACTIVATIONS:
            raise ValueError(
                f"activation must be one of {', '.join(_ACTIVATIONS)}, got {self.activation!r}"
            )

    def init(self, *, key: PRNGKeyArray) -> LayerParameters:
        """Draw weights and biases uniformly within 1 / sqrt(fan-in)."""
        return _draw(self, key)

    def __call__(
        self, params: LayerParameters, x: Float[AnyArray, "samples inputs"]
    ) -> Float[Array, "samples outputs"]:
        """Return the outputs."""
        return self.layers(params, x).preactivations[-1]

    def layers(self, params: LayerParameters, x: Float[AnyArray, "samples inputs"]) -> Layers:
        """Return inputs and pre-activations of every layer."""
        inputs: list[Array] = []
        preactivations: list[Array] = []
        h = jnp.asarray(x)
        for layer in params:
            inputs.append(h)
            z = h @ layer["weight"]
            if self.biases:
                z = z + layer["bias"]
            preactivations.append(z)
            h = _ACTIVATIONS[self.activation](z)
        return Layers(tuple(inputs), tuple(preactivations))

    def slope(self, z: Float[AnyArray, "*shape"]) -> Float[Array, "*shape"]:
        """Return the derivative of the activation; zero at the kink of ReLU."""
        z = jnp.asarray(z)
        if self.activation == "tanh":
            return 1 - jnp.tanh(z) ** 2
        return (z > 0).astype(z.dtype) if self.activation == "relu" else jnp.ones_like(z)


# One program for all layers: every shape compiled on its own would cost more than the training.
@partial(jax.jit, static_argnums=0)
def _draw(network: DenseNetwork, key: PRNGKeyArray) -> tuple[dict[str, Array], ...]:
    fans = list(pairwise(network.sizes))
    keys = jax.random.split(key, len(fans))
    return tuple(
        uniform_layer(*fan, network.biases, key=k) for fan, k in zip(fans, keys, strict=True)
    )
