"""Small networks as plain functions of a dictionary of arrays, for the fine-tuning studies."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.patches import image_patches
from spinebook.types import AnyArray

Parameters: TypeAlias = dict[str, AnyArray]


def _uniform(key: PRNGKeyArray, shape: tuple[int, ...], fan_in: int) -> Float[Array, "..."]:
    """Draw from U(-1/sqrt(fan_in), 1/sqrt(fan_in)): almost surely no zeros, biases included."""
    bound = fan_in**-0.5
    return jax.random.uniform(key, shape, jnp.float32, -bound, bound)


@dataclasses.dataclass(frozen=True)
class Perceptron:
    """A tanh network with one hidden layer.

    ``init(key=...)`` draws parameters, calling the network on (batch, inputs) gives (batch,
    outputs) logits, ``analysed`` names the weights whose change is studied.

    Examples:
        >>> network = Perceptron(4, 8, 3)
        >>> network(network.init(key=jax.random.key(0)), jnp.ones((2, 4))).shape
        (2, 3)
    """

    inputs: int
    hidden: int
    outputs: int = 10
    analysed: tuple[str, ...] = ("first", "second")

    def init(self, *, key: PRNGKeyArray) -> Parameters:
        """Draw weights and biases uniformly within 1 / sqrt(fan-in)."""
        keys = jax.random.split(key, 4)
        return {
            "first": _uniform(keys[0], (self.inputs, self.hidden), self.inputs),
            "first_bias": _uniform(keys[1], (self.hidden,), self.inputs),
            "second": _uniform(keys[2], (self.hidden, self.outputs), self.hidden),
            "second_bias": _uniform(keys[3], (self.outputs,), self.hidden),
        }

    def __call__(
        self, parameters: Parameters, x: Float[AnyArray, "batch inputs"]
    ) -> Float[Array, "batch outputs"]:
        """Return logits."""
        hidden = jnp.tanh(x @ parameters["first"] + parameters["first_bias"])
        return hidden @ parameters["second"] + parameters["second_bias"]


@dataclasses.dataclass(frozen=True)
class RowReader:
    """A tanh recurrent network that reads an image row by row and answers after the last row.

    Examples:
        >>> network = RowReader(28, 16)
        >>> network(network.init(key=jax.random.key(0)), jnp.ones((2, 28, 28))).shape
        (2, 10)
    """

    inputs: int
    hidden: int
    outputs: int = 10
    analysed: tuple[str, ...] = ("recurrent",)

    def init(self, *, key: PRNGKeyArray) -> Parameters:
        """Draw weights and biases uniformly within 1 / sqrt(hidden units)."""
        keys = jax.random.split(key, 5)
        return {
            "input": _uniform(keys[0], (self.inputs, self.hidden), self.hidden),
            "recurrent": _uniform(keys[1], (self.hidden, self.hidden), self.hidden),
            "bias": _uniform(keys[2], (self.hidden,), self.hidden),
            "readout": _uniform(keys[3], (self.hidden, self.outputs), self.hidden),
            "readout_bias": _uniform(keys[4], (self.outputs,), self.hidden),
        }

    def __call__(
        self, parameters: Parameters, x: Float[AnyArray, "batch rows inputs"]
    ) -> Float[Array, "batch outputs"]:
        """Return logits."""
        # One large product for all rows; only the recurrence has to go row by row.
        drive = jnp.moveaxis(x @ parameters["input"] + parameters["bias"], 1, 0)

        def step(
            h: Float[Array, "batch hidden"], row: Float[Array, "batch hidden"]
        ) -> tuple[Float[Array, "batch hidden"], None]:
            return jnp.tanh(row + h @ parameters["recurrent"]), None

        h, _ = jax.lax.scan(step, jnp.zeros_like(drive[0]), drive)
        return h @ parameters["readout"] + parameters["readout_bias"]


@dataclasses.dataclass(frozen=True)
class SmallConvnet:
    """Two 3 x 3 convolutions of stride 2 with ReLU, and a linear readout.

    Convolutions are products with shifted patches: on a CPU inside a scan this is several times
    faster than the built-in convolution.

    Examples:
        >>> network = SmallConvnet(8, 8, 3)
        >>> network(network.init(key=jax.random.key(0)), jnp.ones((2, 8, 8, 3))).shape
        (2, 10)
    """

    height: int
    width: int
    colours: int
    maps: int = 16
    outputs: int = 10
    analysed: tuple[str, ...] = ("first", "second")

    def init(self, *, key: PRNGKeyArray) -> Parameters:
        """Draw weights and biases uniformly within 1 / sqrt(fan-in)."""
        keys = jax.random.split(key, 6)
        first, second = 9 * self.colours, 9 * self.maps
        last = (-(-self.height // 4)) * (-(-self.width // 4)) * 2 * self.maps
        return {
            "first": _uniform(keys[0], (first, self.maps), first),
            "first_bias": _uniform(keys[1], (self.maps,), first),
            "second": _uniform(keys[2], (second, 2 * self.maps), second),
            "second_bias": _uniform(keys[3], (2 * self.maps,), second),
            "readout": _uniform(keys[4], (last, self.outputs), last),
            "readout_bias": _uniform(keys[5], (self.outputs,), last),
        }

    def __call__(
        self, parameters: Parameters, x: Float[AnyArray, "batch height width colours"]
    ) -> Float[Array, "batch outputs"]:
        """Return logits."""
        x = jnp.asarray(x)
        for layer in ("first", "second"):
            x = jax.nn.relu(
                image_patches(x, stride=2) @ parameters[layer] + parameters[f"{layer}_bias"]
            )
        return x.reshape(x.shape[0], -1) @ parameters["readout"] + parameters["readout_bias"]


Network: TypeAlias = Perceptron | RowReader | SmallConvnet
