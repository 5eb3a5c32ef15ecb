"""Points of the XOR task in complete quadruples, on which theorems hold without sampling error."""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.polarity.xor import XorNetwork, xor5d

_GAP = 0.05


@explains_misuse
def xor_quadruples(
    n: int, *, key: PRNGKeyArray, dimensions: int = 5
) -> tuple[Float[np.ndarray, "points dimensions"], Float[np.ndarray, " points"]]:
    r"""Draw points of the XOR task four by four, one in each square, one square apart.

    .. math:: Q_3 = x, \quad Q_2 = x + (0, 1.05), \quad Q_4 = x + (1.05, 0), \quad
        Q_1 = x + (1.05, 1.05)

    with the same irrelevant coordinates. If every unit of a network has the signs of
    :func:`adversarial_polarity_xor`, :math:`f(Q_1) + f(Q_3) \le f(Q_2) + f(Q_4)` in each quadruple;
    no network with kernels of one sign gets more than three points of a quadruple right. The law
    of the points is that of :func:`xor5d`.

    Args:
        n: number of quadruples, at least 1.
        key: random key.
        dimensions: number of coordinates, at least 2.

    Returns:
        Inputs, four rows a quadruple in the order of :func:`xor5d`, and labels; float64.

    Raises:
        ValueError: a count out of range.

    Examples:
        >>> inputs, labels = xor_quadruples(1, key=jax.random.key(0))
        >>> (inputs[3, :2] - inputs[0, :2]).round(6).tolist(), labels.tolist()
        ([1.05, 1.05], [1.0, 0.0, 0.0, 1.0])
    """
    check_count("n", n, minimum=1)
    drawn, labels = xor5d(4 * n, key=key, dimensions=dimensions)
    lowest = np.asarray(drawn, float)[::4]  # the first of four rows lies in the lowest square
    apart = np.zeros((4, dimensions))
    apart[:, :2] = (1 + _GAP) * np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    return (lowest[:, None] + apart).reshape(-1, dimensions), np.asarray(labels, float)


class XorScores(NamedTuple):
    """How networks do on a set of points: mean cross-entropy, and share on the right side."""

    loss: Float[np.ndarray, "*runs"]
    accuracy: Float[np.ndarray, "*runs"]


@explains_misuse
def xor_scores(
    network: XorNetwork,
    inputs: Float[np.ndarray, "points dimensions"],
    labels: Float[np.ndarray, " points"],
) -> XorScores:
    r"""Evaluate many XOR networks in float64.

    .. math:: \ell = \langle \log(1 + e^{-(2y - 1) f(x)}) \rangle, \qquad
        A = \langle [f(x) > 0] = y \rangle

    Args:
        network: weights with any leading axes of runs, as in :class:`XorRuns`.
        inputs: points, one row each.
        labels: 1 or 0 for each point.

    Returns:
        An :class:`XorScores` with the leading axes of the weights.

    Examples:
        >>> points = xor_quadruples(5, key=jax.random.key(0))
        >>> parts = (np.zeros(shape) for shape in ((1, 5, 3), (1, 3), (1, 3), (1,)))
        >>> [float(s[0].round(4)) for s in xor_scores(XorNetwork(*parts), *points)]
        [0.6931, 0.5]
    """
    check_number("inputs", inputs)
    check_number("labels", labels)
    for field, leaf in zip(network._fields, network, strict=True):
        check_number(f"network.{field}", leaf)
    hidden, bias, output, output_bias = (np.asarray(leaf, float) for leaf in network)
    side = 2 * labels - 1
    loss, accuracy = np.empty(output_bias.shape), np.empty(output_bias.shape)
    for run in np.ndindex(output_bias.shape):
        answer = np.maximum(inputs @ hidden[run] + bias[run], 0) @ output[run] + output_bias[run]
        loss[run] = np.logaddexp(0, -side * answer).mean()
        accuracy[run] = ((answer > 0) == (labels > 0.5)).mean()
    return XorScores(loss, accuracy)


@explains_misuse
def random_xor_networks(
    runs: int, units: int, *, key: PRNGKeyArray, dimensions: int = 5
) -> XorNetwork:
    """Draw networks with Gaussian weights and biases, more various than those training starts from.

    Each network has a spread of its own, log-uniform between 0.1 and 10, and its weights from
    inputs beyond the first two are smaller by a factor of its own, log-uniform between 0.001 and 1.

    Args:
        runs: number of networks, at least 1.
        units: hidden units of each, at least 1.
        key: random key.
        dimensions: number of inputs, at least 1.

    Returns:
        Weights in float64, runs along the first axis.

    Raises:
        ValueError: a count below 1.

    Examples:
        >>> random_xor_networks(2, 3, key=jax.random.key(0)).hidden.shape
        (2, 5, 3)
    """
    for name, count in (("runs", runs), ("units", units), ("dimensions", dimensions)):
        check_count(name, count, minimum=1)
    size_key, key = jax.random.split(key)
    sizes = np.asarray(jax.random.uniform(size_key, (2, runs)), float)
    spread, less = 10 ** (2 * sizes[0] - 1), 10 ** (-3 * sizes[1])
    numbers = jax.random.normal(key, (runs, (dimensions + 2) * units + 1))
    rows = np.asarray(numbers, float) * spread[:, None]
    hidden, bias, output, last = np.split(
        rows, np.cumsum([dimensions * units, units, units]), axis=1
    )
    hidden = hidden.reshape(runs, dimensions, units)
    hidden[:, 2:] *= less[:, None, None]
    return XorNetwork(hidden, bias, output, last[:, 0])
