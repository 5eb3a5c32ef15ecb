"""The XOR task in five dimensions, its network, and the sign rules of its output weights."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Num, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

# The standard deviation of all initial weights, before those beyond two of them are redrawn.
_INITIAL_SPREAD = 0.25


class XorNetwork(NamedTuple):
    """Weights of a network with one hidden layer; arrays of many networks have further axes."""

    hidden: Float[AnyArray, "dimensions units *runs"]
    hidden_bias: Float[AnyArray, "units *runs"]
    output: Float[AnyArray, "units *runs"]
    output_bias: Float[AnyArray, "*runs"]


@explains_misuse
def xor5d(
    n: int,
    *,
    key: PRNGKeyArray,
    dimensions: int = 5,
    gap: float = 0.05,
    noise_mean: float = 1.0,
    noise_sd: float = 1.0,
) -> tuple[Float[Array, "n dimensions"], Float[Array, " n"]]:
    r"""Draw points of the XOR task, as many in each of the four squares.

    .. math::
        (x_1, x_2) = (u_1, u_2) + (1 + g)\,(c_1, c_2) - (1, 1), \qquad
        u \sim U[0, 1)^2,\; c \in \{0, 1\}^2, \qquad y = [x_1 x_2 > 0]

    (Wang et al. 2023, code): both coordinates that matter lie in [-1, 0) or [g, 1 + g). All others
    are independent Gaussian noise, around 1 and not around 0. The squares take turns, so that the
    first 4 m rows are balanced too.

    Args:
        n: number of points, divisible by four.
        key: random key.
        dimensions: number of coordinates, at least 2.
        gap: distance g between the squares, at least 0.
        noise_mean: mean of the coordinates that do not matter.
        noise_sd: their standard deviation, at least 0.

    Returns:
        Inputs and labels, 1 in the two squares where the coordinates agree in sign, 0 elsewhere.

    Raises:
        ValueError: a count that is not divisible by four, or an argument out of range.

    Examples:
        >>> inputs, labels = xor5d(8, key=jax.random.key(0))
        >>> inputs.shape, labels.tolist()
        ((8, 5), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    """
    check_count("n", n, minimum=4)
    check_count("dimensions", dimensions, minimum=2)
    check_number("noise_mean", noise_mean)
    for name, value in (("gap", gap), ("noise_sd", noise_sd)):
        check_number(name, value)
        if value < 0:
            raise ValueError(f"{name} must be at least 0, got {value}")
    if n % 4:
        raise ValueError(f"n must be divisible by four, one point a square, got {n}")
    place_key, noise_key = jax.random.split(key)
    square = jnp.arange(n) % 4
    corner = jnp.stack([square // 2, square % 2], axis=1)
    place = jax.random.uniform(place_key, (n, 2)) + (1 + gap) * corner - 1
    noise = noise_mean + noise_sd * jax.random.normal(noise_key, (n, dimensions - 2))
    labels = (corner[:, 0] == corner[:, 1]).astype(place.dtype)
    return jnp.concatenate([place, noise], axis=1), labels


@explains_misuse
def init_xor_network(units: int, *, key: PRNGKeyArray, dimensions: int = 5) -> XorNetwork:
    r"""Draw the initial weights of a network as Keras does for Wang et al. (2023).

    Weights are Gaussian with standard deviation 0.25, redrawn beyond two of them (so that their own
    is 0.22); biases are uniform by Glorot's rule, which takes a vector of h for h inputs and h
    outputs: up to :math:`\sqrt{3/h}` in the hidden layer and :math:`\sqrt 3` at the output.

    Args:
        units: number h of hidden units, at least 1.
        key: random key.
        dimensions: number of inputs, at least 1.

    Returns:
        The weights.

    Raises:
        ValueError: a count below 1.

    Examples:
        >>> init_xor_network(20, key=jax.random.key(0)).hidden.shape
        (5, 20)
    """
    check_count("units", units, minimum=1)
    check_count("dimensions", dimensions, minimum=1)
    keys = jax.random.split(key, 4)

    def weights(key: PRNGKeyArray, shape: tuple[int, ...]) -> Array:
        return _INITIAL_SPREAD * jax.random.truncated_normal(key, -2.0, 2.0, shape)

    def bias(key: PRNGKeyArray, shape: tuple[int, ...], size: int) -> Array:
        return jax.random.uniform(key, shape, minval=-1.0, maxval=1.0) * (3 / size) ** 0.5

    return XorNetwork(
        weights(keys[0], (dimensions, units)),
        bias(keys[1], (units,), units),
        weights(keys[2], (units,)),
        bias(keys[3], (), 1),
    )


@explains_misuse
def xor_logits(
    network: XorNetwork, inputs: Float[AnyArray, "samples dimensions"]
) -> Float[Array, " samples"]:
    r"""Return the log odds of label 1, :math:`b_2 + \sum_j a_j \max(0, w_j \cdot x + b_j)`.

    The network answers with their logistic function (Wang et al. 2023, code).

    Args:
        network: weights of one network.
        inputs: one row a point.

    Returns:
        Log odds; positive ones mean label 1.

    Examples:
        The four units that solve the task:

        >>> hidden = jnp.array([[1.0, -1, 1, -1], [1, -1, -1, 1], [0, 0, 0, 0]])
        >>> exact = XorNetwork(hidden, jnp.zeros(4), jnp.array([1.0, 1, -1, -1]), jnp.zeros(()))
        >>> xor_logits(exact, jnp.array([[0.5, 0.25, 9.0], [0.5, -0.25, 9.0]])).tolist()
        [0.5, -0.5]
    """
    activity = jax.nn.relu(inputs @ network.hidden + network.hidden_bias)
    return activity @ network.output + network.output_bias


@explains_misuse
def sufficient_polarity_xor(
    hidden_signs: Num[AnyArray, "dimensions units *runs"],
) -> Num[AnyArray, "units *runs"]:
    r"""Return the signs of output weights that suit the task, :math:`s^{out}_j = s_{1j} s_{2j}`.

    The rule of Wang et al. (2023, code). It makes every hidden unit a useful one: its second
    difference in the two coordinates that matter has the sign that XOR asks for. It suffices only
    if at least three of the four kinds of such units occur.

    Args:
        hidden_signs: signs of the hidden weights, -1, 0 or 1, the coordinates that matter first.

    Returns:
        Signs of the output weights.

    Raises:
        ValueError: fewer than two coordinates, or other values than -1, 0 and 1.

    Examples:
        >>> sufficient_polarity_xor(np.array([[1, 1, -1], [1, -1, -1], [1, 1, 1]])).tolist()
        [1, -1, 1]
    """
    if hidden_signs.shape[0] < 2:
        raise ValueError(f"XOR needs two coordinates, got {hidden_signs.shape[0]}")
    if not isinstance(hidden_signs, jax.core.Tracer):
        wrong = ~np.isin(np.asarray(hidden_signs), (-1, 0, 1))
        if wrong.any():
            raise ValueError(
                "hidden_signs must hold -1, 0 and 1 only, got "
                f"{np.asarray(hidden_signs)[wrong][0]}; polarity_of gives the signs of weights"
            )
    return hidden_signs[0] * hidden_signs[1]


@explains_misuse
def adversarial_polarity_xor(
    hidden_signs: Num[AnyArray, "dimensions units *runs"],
) -> Num[AnyArray, "units *runs"]:
    r"""Return the signs of output weights with which no network learns the task.

    With :math:`s^{out}_j = -s_{1j} s_{2j}` every unit is useless: at points one square apart the
    outputs obey :math:`f(Q_1) + f(Q_3) \le f(Q_2) + f(Q_4)`, so that for any width the expected
    cross-entropy is at least :math:`\ln 2` and the accuracy at most 3/4.

    Args:
        hidden_signs: signs of the hidden weights, -1, 0 or 1, the coordinates that matter first.

    Returns:
        Signs of the output weights.

    Raises:
        ValueError: fewer than two coordinates, or other values than -1, 0 and 1.

    Examples:
        >>> adversarial_polarity_xor(np.array([[1, 1, -1], [1, -1, -1]])).tolist()
        [-1, 1, -1]
    """
    return -sufficient_polarity_xor(hidden_signs)
