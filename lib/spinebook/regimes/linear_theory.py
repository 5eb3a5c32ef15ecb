"""Closed forms for the tangent kernel of a two-layer linear network, before and after training.

The network is f(x) = W2 W1 x with one output, trained by gradient flow on the square loss with
whitened inputs and a linear teacher of d weights. On those inputs its tangent kernel has the
matrix M = W1^T W1 + |W2|^2 I, and kernel alignment is the cosine between two such matrices. "Small"
starts end with M proportional to b b^T + I, b the unit teacher; that case is the theorem and the
proposition of Liu et al. (2024), the formulas here are derived anew.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_count, check_number, check_probability
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray, Numbers

_NODES = 400
Values: TypeAlias = Float[np.ndarray, "..."] | np.floating


@explains_misuse
def kernel_alignment_small_init(
    first: Float[AnyArray, "hidden inputs"],
    second: Float[AnyArray, "1 hidden"],
    target: Float[AnyArray, "*targets inputs"],
) -> Values:
    r"""Alignment of the first and the last tangent kernel for given targets and small weights.

    .. math:: \mathrm{KA} = \frac{b^\top A b + \mathrm{tr} A + (d+1) c}
        {\|A + c I\|_F \sqrt{d + 3}}, \qquad A = W_1^\top W_1,\; c = \|W_2\|^2

    (Liu et al. 2024 for the setting; algebra redone). Valid as the weights' size tends to zero
    relative to the target's, which itself does not matter.

    Args:
        first: W1(0).
        second: W2(0), one output.
        target: The teacher's weights, of any length above zero.

    Returns:
        The alignment for each target, in [0, 1].

    Raises:
        ValueError: If an array is not finite, all weights are zero, or a target is.

    Examples:
        >>> aligned = kernel_alignment_small_init(np.eye(1, 20), np.ones((1, 1)), np.eye(1, 20))
        >>> aligned.round(12)
        array([1.])
    """
    start, trace, size = _start_kernel(first, second)
    check_number("target", target)
    beta = np.asarray(target, np.float64)
    length = np.linalg.norm(beta, axis=-1, keepdims=True)
    if not length.all():
        raise ValueError("a target of length zero has no direction; leave it out.")
    b = beta / length
    along = np.einsum("...i,ij,...j->...", b, start, b)
    return (along + trace) / (size * np.sqrt(b.shape[-1] + 3))


@explains_misuse
def expected_kernel_alignment(
    first: Float[AnyArray, "hidden inputs"], second: Float[AnyArray, "1 hidden"]
) -> float:
    r"""Mean of :func:`kernel_alignment_small_init` over targets of all directions.

    .. math:: \mathrm{E[KA]} = \Big(1 + \frac1d\Big)\frac{\mathrm{tr} M_0}{\|M_0\|_F \sqrt{d+3}}
        = \Big(1 + \frac1d\Big)\sqrt{\frac{\mathrm{PR}(M_0)}{d + 3}}

    It is largest, :math:`(d+1)/\sqrt{d(d+3)}`, when all eigenvalues of M_0 are equal: Theorem 1 of
    Liu et al. (2024).

    Args:
        first: W1(0).
        second: W2(0), one output.

    Returns:
        The expected alignment, in (0, 1].

    Raises:
        ValueError: If an array is not finite or all weights are zero.

    Examples:
        >>> round(expected_kernel_alignment(np.eye(30, 20), np.zeros((1, 30))), 6)
        0.97913
    """
    start, trace, size = _start_kernel(first, second)
    d = len(start)
    return float((1 + 1 / d) * trace / (size * np.sqrt(d + 3)))


@explains_misuse
def mean_alignment_equal_spectrum(rank: Numbers, inputs: int, ratio: Numbers = 0.0) -> Values:
    r"""Mean of :func:`expected_kernel_alignment` for a first layer with r equal singular values.

    .. math:: \mathrm{E[KA]} = \Big(1 + \frac1d\Big)\frac{1 + dc}
        {\sqrt{(d+3)(1/r + 2c + d c^2)}}, \qquad c = \|W_2\|^2 / \|W_1\|_F^2

    Args:
        rank: r, from 1 to the number of inputs.
        inputs: d, at least 1.
        ratio: Norm of the second layer over that of the first, not negative.

    Returns:
        The expected alignment.

    Raises:
        ValueError: If a number is out of range.

    Examples:
        >>> mean_alignment_equal_spectrum([1, 2, 5, 10, 20], 20).round(4)
        array([0.2189, 0.3096, 0.4896, 0.6923, 0.9791])
        >>> mean_alignment_equal_spectrum([1, 2, 5, 10, 20], 20, ratio=1.0).round(4)
        array([0.9587, 0.9693, 0.9758, 0.978 , 0.9791])
    """
    check_count("inputs", inputs, minimum=1)
    check_count("rank", rank, minimum=1)
    _check_not_negative("ratio", ratio)
    r, c = np.asarray(rank, np.float64), np.asarray(ratio, np.float64) ** 2
    if (r > inputs).any():
        raise ValueError(f"rank must not exceed the number of inputs {inputs}, got {r.max():g}.")
    d = float(inputs)
    return (1 + 1 / d) * (1 + d * c) / np.sqrt((d + 3) * (1 / r + 2 * c + d * c**2))


@explains_misuse
def aligned_alignment(ratio: Numbers, inputs: int) -> Values:
    r"""Kernel alignment of a rank-one first layer that points along the target.

    .. math:: \mathrm{KA} = \frac{2 + (d+1)c}{\sqrt{(d+3)(1 + 2c + d c^2)}},
        \qquad c = \|W_2\|^2 / \|W_1\|_F^2

    in the limit of small weights; 1 for equal norms (Proposition 1 of Liu et al. 2024, then true at
    every scale) and only :math:`2/\sqrt{d+3}` without a second layer.

    Args:
        ratio: Norm of the second layer over that of the first, not negative.
        inputs: d, at least 1.

    Returns:
        The alignment.

    Raises:
        ValueError: If a number is out of range.

    Examples:
        >>> aligned_alignment([0.0, 1.0], 20).round(5)
        array([0.41703, 1.     ])
    """
    check_count("inputs", inputs, minimum=1)
    _check_not_negative("ratio", ratio)
    c, d = np.asarray(ratio, np.float64) ** 2, float(inputs)
    return (2 + (d + 1) * c) / np.sqrt((d + 3) * (1 + 2 * c + d * c**2))


@explains_misuse
def aligned_threshold(inputs: int) -> float:
    r"""Norm ratio of the layers above which the aligned rank-one start beats full rank.

    .. math:: \frac{\|W_2\|}{\|W_1\|_F} = \sqrt{\frac{d - 1}{2 (d + 1)}}

    Full rank means d equal singular values, whose alignment does not depend on the ratio.

    Args:
        inputs: d, at least 1.

    Returns:
        The ratio, below 0.7072.

    Raises:
        ValueError: If there is no input.

    Examples:
        >>> round(aligned_threshold(20), 3)
        0.673
    """
    check_count("inputs", inputs, minimum=1)
    return float(np.sqrt((inputs - 1) / (2 * (inputs + 1))))


@explains_misuse
def rank_one_alignment(cosine_squared: Numbers, inputs: int, *, balanced: bool) -> Values:
    r"""Kernel alignment of a rank-one first layer at any angle to the target, small weights.

    .. math:: \frac{\cos^2 + d + 2}{d + 3} \text{ (layers of equal norm)}, \qquad
        \frac{1 + \cos^2}{\sqrt{d + 3}} \text{ (no second layer)}

    Args:
        cosine_squared: Squared cosine between the first layer's input direction and the target.
        inputs: d, at least 1.
        balanced: Whether the second layer has the first one's norm, or none.

    Returns:
        The alignment.

    Raises:
        ValueError: If a number is out of range.

    Examples:
        >>> rank_one_alignment([0.5, 1.0], 20, balanced=True).round(4)
        array([0.9783, 1.    ])
    """
    check_count("inputs", inputs, minimum=1)
    check_probability("cosine_squared", cosine_squared)
    squared, d = np.asarray(cosine_squared, np.float64), float(inputs)
    return (squared + d + 2) / (d + 3) if balanced else (1 + squared) / np.sqrt(d + 3)


@explains_misuse
def partial_cosine_squared(anisotropy: Numbers, inputs: int) -> Values:
    r"""Mean squared cosine between a target and its part in the strong half of the features.

    .. math:: \mathrm{E}\,\frac{\kappa^2 B}{\kappa^2 B + 1 - B}, \qquad
        B \sim \mathrm{Beta}(d/4, d/4)

    for features F x with d/2 singular values kappa and d/2 equal to 1 and a teacher w^T F x with w
    of a random direction (the family of Figure 3 in Liu et al. 2024). By quadrature.

    Args:
        anisotropy: kappa, positive.
        inputs: d, even, at least 2.

    Returns:
        The mean, 1/2 at kappa = 1 and 1 for large kappa.

    Raises:
        ValueError: If a number is out of range or d is odd.

    Examples:
        >>> partial_cosine_squared([1.0, 2.0, 5.0, 10.0, 50.0], 20).round(4)
        array([0.5   , 0.7809, 0.9535, 0.9877, 0.9995])
    """
    check_count("inputs", inputs, minimum=2)
    if inputs % 2:
        raise ValueError(f"half of the features needs an even number of inputs, got {inputs}.")
    check_number("anisotropy", anisotropy)
    strong = np.asarray(anisotropy, np.float64)[..., None] ** 2
    if (np.asarray(anisotropy) <= 0).any():
        raise ValueError(f"anisotropy must be positive, got {np.min(anisotropy)}.")
    angle, weight = angle_rule(inputs / 2 - 1, inputs / 2 - 1)
    share = np.sin(angle) ** 2
    return (strong * share / (strong * share + 1 - share)) @ weight


@explains_misuse
def partial_alignment(anisotropy: Numbers, inputs: int, *, balanced: bool) -> Values:
    """Mean alignment of a rank-one start along the strong half of the features' target.

    :func:`rank_one_alignment` at :func:`partial_cosine_squared`; it is linear in the squared
    cosine, so the mean goes through.

    Args:
        anisotropy: kappa, positive.
        inputs: d, even, at least 2.
        balanced: Whether the second layer has the first one's norm, or none.

    Returns:
        The mean alignment.

    Raises:
        ValueError: If a number is out of range or d is odd.

    Examples:
        >>> partial_alignment([1.0, 2.0, 5.0], 20, balanced=False).round(3)
        array([0.313, 0.371, 0.407])
    """
    return rank_one_alignment(partial_cosine_squared(anisotropy, inputs), inputs, balanced=balanced)


def _start_kernel(
    first: Float[AnyArray, "..."], second: Float[AnyArray, "..."]
) -> tuple[Float[np.ndarray, "inputs inputs"], float, float]:
    """Return M_0, its trace and its Frobenius norm."""
    check_number("first", first)
    check_number("second", second)
    w1, w2 = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if w1.ndim != 2 or w2.shape != (1, w1.shape[0]):
        raise ValueError(
            "expected first (hidden, inputs) and second (1, hidden), since the theory is for one "
            f"output; got {w1.shape} and {w2.shape}."
        )
    kernel = w1.T @ w1 + np.sum(w2**2) * np.eye(w1.shape[1])
    size = float(np.linalg.norm(kernel))
    if size == 0:
        raise ValueError("all weights are zero, so there is no kernel; pass others.")
    return kernel, float(np.trace(kernel)), size


def angle_rule(
    sine_power: float | int, cosine_power: float | int
) -> tuple[Float[np.ndarray, " nodes"], Float[np.ndarray, " nodes"]]:
    """Return nodes and weights for the mean over a density sin^p cos^q on a quarter circle."""
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    angle = np.pi / 4 * (node + 1)
    # Powers of numbers below 1, taken as logarithms: they underflow, never overflow.
    density = np.exp(sine_power * np.log(np.sin(angle)) + cosine_power * np.log(np.cos(angle)))
    total = weight * density
    return angle, total / total.sum()


def _check_not_negative(name: str, value: Numbers) -> None:
    check_number(name, value)
    if (np.asarray(value) < 0).any():
        raise ValueError(f"{name} must not be negative, got {np.min(value)}.")
