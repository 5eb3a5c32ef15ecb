"""Exact end states of the two-layer linear network at a finite size of the first weights.

They hold for f(x) = W2 W1 x with one output, W2(0) = 0, whitened inputs, gradient flow on the
square loss and a target of length 1: the rank of W1(0) then decides how far the weights move,
which it does not for vanishing weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spinebook.checks import check_count, check_number, check_probability
from spinebook.misuse import explains_misuse
from spinebook.regimes.linear_theory import Values, angle_rule
from spinebook.types import Numbers


class EndState(NamedTuple):
    """Exact end of training: Frobenius norm of the first layer's change, and kernel alignment."""

    weight_change: Values
    kernel_alignment: Values


@explains_misuse
def rank_one_end(scale: Numbers, cosine: Numbers, inputs: int) -> EndState:
    r"""Exact end of training from a rank-one first layer of any size and no second layer.

    .. math:: A = \tfrac12\big(\sigma^2 + \sqrt{\sigma^4 + 4}\big), \quad
        \|\Delta W_1\|^2 = A + \sigma^2 - 2\sigma k \sqrt A, \quad
        \mathrm{KA} = \frac{A k^2 + 1/A}{\sqrt{A^2 + 2 + d/A^2}}

    for a target of length 1. A target of length B is the same problem with sigma and the change
    in units of sqrt(B).

    Args:
        scale: sigma, the Frobenius norm of W1(0), positive.
        cosine: k, modulus of the cosine between its input direction and the target.
        inputs: d, at least 1.

    Returns:
        An :class:`EndState`, of the arguments' broadcast shape.

    Raises:
        ValueError: If a number is out of range.

    Examples:
        >>> [round(float(value), 4) for value in rank_one_end(1.0, 0.5, 10)]
        [1.1602, 0.352]
    """
    check_count("inputs", inputs, minimum=1)
    _check_positive("scale", scale)
    check_probability("cosine", cosine)
    sigma, k, d = np.asarray(scale, np.float64), np.asarray(cosine, np.float64), float(inputs)
    grown = (sigma**2 + np.sqrt(sigma**4 + 4)) / 2
    change = np.sqrt(np.maximum(grown + sigma**2 - 2 * sigma * k * np.sqrt(grown), 0.0))
    alignment = (grown * k**2 + 1 / grown) / np.sqrt(grown**2 + 2 + d / grown**2)
    return EndState(change, alignment)


@explains_misuse
def mean_rank_one_end(scale: Numbers, inputs: int) -> EndState:
    """Mean of :func:`rank_one_end` over targets of all directions, by quadrature.

    Args:
        scale: sigma, the Frobenius norm of W1(0), positive.
        inputs: d, at least 2.

    Returns:
        An :class:`EndState` of the scale's shape.

    Raises:
        ValueError: If a number is out of range.

    Examples:
        >>> mean_rank_one_end([0.3, 1.0, 3.0], 10).weight_change.round(3)
        array([0.987, 1.389, 3.632])
    """
    check_count("inputs", inputs, minimum=2)
    check_number("scale", scale)
    angle, weight = angle_rule(inputs - 2, 0)
    end = rank_one_end(np.asarray(scale, np.float64)[..., None], np.cos(angle), inputs)
    return EndState(end.weight_change @ weight, end.kernel_alignment @ weight)


@explains_misuse
def full_rank_end(scale: Numbers, inputs: int) -> EndState:
    r"""Exact end of training from d equal singular values of any size and no second layer.

    .. math:: s^2 = \sigma^2/d, \quad A = \tfrac12\big(s^2 + \sqrt{s^4 + 4}\big), \quad
        \|\Delta W_1\| = \sqrt A - s, \quad
        \mathrm{KA} = \frac{A + (d-1)s^2 + d/A}{\sqrt d\sqrt{(A + 1/A)^2 + (d-1)(s^2 + 1/A)^2}}

    for a target of length 1 and any direction.

    Args:
        scale: sigma, the Frobenius norm of W1(0), positive.
        inputs: d, at least 1.

    Returns:
        An :class:`EndState` of the scale's shape.

    Raises:
        ValueError: If a number is out of range.

    Examples:
        >>> full_rank_end([0.3, 1.0, 3.0], 10).weight_change.round(3)
        array([0.907, 0.709, 0.295])
    """
    check_count("inputs", inputs, minimum=1)
    _check_positive("scale", scale)
    d = float(inputs)
    squared = np.asarray(scale, np.float64) ** 2 / d
    root = np.sqrt(squared**2 + 4)
    grown = (squared + root) / 2
    # sqrt(A) - s without cancellation: A - s^2 = 2 / (s^2 + root).
    change = 2 / (squared + root) / (np.sqrt(grown) + np.sqrt(squared))
    length = (grown + 1 / grown) ** 2 + (d - 1) * (squared + 1 / grown) ** 2
    return EndState(change, (grown + (d - 1) * squared + d / grown) / np.sqrt(d * length))


def _check_positive(name: str, value: Numbers) -> None:
    check_number(name, value)
    if (np.asarray(value) <= 0).any():
        raise ValueError(f"{name} must be positive, got {np.min(value)}.")
