"""A rate network without biases, as pure functions of its weights and as a flax model."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count, check_number, is_traced
from spinebook.misuse import explains_misuse
from spinebook.regimes._recurrence import run_recurrence
from spinebook.types import AnyArray


class RateParameters(NamedTuple):
    """Weights of a rate network; rows are where a connection ends, columns where it starts."""

    input: Float[AnyArray, "*runs units inputs"]
    recurrent: Float[AnyArray, "*runs units units"]
    readout: Float[AnyArray, "*runs outputs units"]


@explains_misuse
def init_rate_parameters(
    units: int,
    inputs: int,
    outputs: int,
    recurrent: Float[AnyArray, "units units"] | None = None,
    *,
    gain: float = 1.25,
    key: PRNGKeyArray,
) -> RateParameters:
    r"""Draw the weights of a rate network without biases.

    Input and readout weights are uniform within :math:`\pm 1/\sqrt{\text{fan-in}}` (the default of
    PyTorch's linear layers); recurrent weights are Gaussian with variance :math:`g^2/N` unless
    they are given (public code of Liu et al. 2024, commit acf25c33).

    Args:
        units: number of rate units N, at least 1.
        inputs: input channels.
        outputs: readout channels.
        recurrent: recurrent weights (N, N), ``[i, j]`` from unit j to unit i; Gaussian if omitted.
            Its floating-point precision becomes that of all weights.
        gain: g of the Gaussian recurrent weights, at least 0; unused if ``recurrent`` is given.
        key: random key. The same key gives the same input and readout weights for every choice
            of recurrent weights.

    Returns:
        The parameters.

    Raises:
        ValueError: a size below 1, a negative gain, or recurrent weights of another shape or with
            NaN or infinite values.

    Examples:
        >>> parameters = init_rate_parameters(50, 3, 2, key=jax.random.key(0))
        >>> [weights.shape for weights in parameters]
        [(50, 3), (50, 50), (2, 50)]
    """
    check_count("units", units, 1)
    check_count("inputs", inputs, 1)
    check_count("outputs", outputs, 1)
    input_key, readout_key, recurrent_key = jax.random.split(key, 3)
    if recurrent is None:
        check_number("gain", gain)
        if not is_traced(gain) and gain < 0:
            raise ValueError(f"gain must not be negative, got {gain}")
        recurrent = gain * units**-0.5 * jax.random.normal(recurrent_key, (units, units), "float32")
    elif tuple(recurrent.shape) != (units, units):
        raise ValueError(
            f"recurrent must have shape ({units}, {units}) for {units} units, "
            f"got {tuple(recurrent.shape)}"
        )
    check_number("recurrent", recurrent)
    recurrent = jnp.asarray(recurrent)

    def uniform(key: PRNGKeyArray, shape: tuple[int, int]) -> Float[Array, "out in"]:
        limit = shape[1] ** -0.5
        return jax.random.uniform(key, shape, recurrent.dtype, -limit, limit)

    return RateParameters(
        uniform(input_key, (units, inputs)), recurrent, uniform(readout_key, (outputs, units))
    )


@explains_misuse
def rates(
    parameters: RateParameters, inputs: Float[AnyArray, "steps batch inputs"], leak: float = 1.0
) -> Float[Array, "steps batch units"]:
    r"""Run the network from rest and return the rates of every step.

    .. math:: u_{t+1} = \mathrm{relu}\big((1-a)\,u_t + a\,(W_x x_t + W_h u_t)\big), \qquad u_0 = 0

    as in the public code of Liu et al. 2024 (commit acf25c33), where :math:`a = dt/\tau = 1`. The
    rates stored for a step already include that step's input. The gradient with respect to
    :math:`W_h` is one matrix product after the backward pass instead of one a step.

    Args:
        parameters: weights; their precision is that of the result.
        inputs: (steps, batch, inputs).
        leak: a, above 0 and at most 1; a fixed Python number.

    Returns:
        The rates, not negative, (steps, batch, units).

    Raises:
        ValueError: leak outside (0, 1], an empty batch, shapes that do not fit, or (outside jit)
            non-finite weights or inputs.

    Examples:
        >>> parameters = init_rate_parameters(50, 3, 2, key=jax.random.key(0))
        >>> rates(parameters, jnp.ones((8, 4, 3))).shape
        (8, 4, 50)
    """
    parameters, inputs, leak = checked_network(parameters, inputs, leak)
    return run_recurrence(parameters.input, parameters.recurrent, inputs, leak)


@explains_misuse
def outputs(
    parameters: RateParameters, inputs: Float[AnyArray, "steps batch inputs"], leak: float = 1.0
) -> Float[Array, "steps batch outputs"]:
    r"""Return the linear readout :math:`y_t = W_y u_t` of every step, as logits.

    Args:
        parameters: weights.
        inputs: (steps, batch, inputs).
        leak: a of :func:`rates`.

    Returns:
        The logits (steps, batch, outputs).

    Raises:
        ValueError: as :func:`rates`.

    Examples:
        >>> parameters = init_rate_parameters(50, 3, 2, key=jax.random.key(0))
        >>> outputs(parameters, jnp.ones((8, 4, 3))).shape
        (8, 4, 2)
    """
    return rates(parameters, inputs, leak) @ jnp.asarray(parameters.readout).T


@explains_misuse
class RateNetwork(nnx.Module):
    """The same network as a flax model: it holds the weights and calls :func:`outputs`.

    Args:
        parameters: weights to start from.
        leak: a of :func:`rates`.

    Raises:
        ValueError: leak outside (0, 1].

    Examples:
        >>> model = RateNetwork(init_rate_parameters(50, 3, 2, key=jax.random.key(0)))
        >>> model(jnp.ones((8, 4, 3))).shape
        (8, 4, 2)
    """

    def __init__(self, parameters: RateParameters, leak: float = 1.0) -> None:
        """Hold the weights as three parameters."""
        self.input = nnx.Param(jnp.asarray(parameters.input))
        self.recurrent = nnx.Param(jnp.asarray(parameters.recurrent))
        self.readout = nnx.Param(jnp.asarray(parameters.readout))
        self.leak = checked_leak(leak)

    @property
    def parameters(self) -> RateParameters:
        """The present weights, for the pure functions."""
        return RateParameters(self.input[...], self.recurrent[...], self.readout[...])

    def __call__(
        self, inputs: Float[AnyArray, "steps batch inputs"]
    ) -> Float[Array, "steps batch outputs"]:
        """Return the logits of every step."""
        return outputs(self.parameters, inputs, self.leak)


def checked_leak(leak: Any) -> float:
    """Refuse a leak that is traced or outside (0, 1]."""
    if is_traced(leak):
        raise TypeError("leak must be a fixed Python number, not a traced one; close over it")
    if not 0.0 < float(leak) <= 1.0:
        raise ValueError(f"leak = dt / tau must be above 0 and at most 1, got {leak!r}")
    return float(leak)


def checked_network(
    parameters: RateParameters, inputs: Any, leak: Any
) -> tuple[RateParameters, Float[Array, "steps batch inputs"], float]:
    """Refuse what is no network with inputs that fit it, and return all as JAX arrays."""
    if len(inputs.shape) != 3 or 0 in inputs.shape:
        raise ValueError(
            "inputs must have shape (steps, batch, inputs) with at least one step and sample, "
            f"got {tuple(inputs.shape)}"
        )
    units, channels = parameters.input.shape[-2:]
    shapes = [tuple(weights.shape) for weights in parameters]
    if (
        shapes[:2] != [(units, channels), (units, units)]
        or shapes[2][1:] != (units,)
        or channels != inputs.shape[2]
    ):
        raise ValueError(
            "input, recurrent and readout weights must have shapes (units, inputs), (units, units) "
            f"and (outputs, units), got {shapes} for inputs of {inputs.shape[2]} channels"
        )
    for name, weights in parameters._asdict().items():
        check_number(f"{name} weights", weights)
    check_number("inputs", inputs)
    arrays = RateParameters(*map(jnp.asarray, parameters))
    return arrays, jnp.asarray(inputs), checked_leak(leak)
