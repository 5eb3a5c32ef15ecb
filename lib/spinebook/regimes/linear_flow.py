"""Gradient flow of a two-layer linear network: exact from balanced layers, else in steps."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.regimes._exact_flow import exact_gram
from spinebook.regimes._stepped_flow import stepped_layers
from spinebook.regimes.linear_kernels import kernel_cosine, kernel_of_blocks
from spinebook.types import AnyArray

Method: TypeAlias = Literal["auto", "exact", "integrate"]
Starts: TypeAlias = tuple[
    Float[np.ndarray, "*batch small inputs"],
    Float[np.ndarray, "*batch outputs small"],
    Float[np.ndarray, "*batch hidden small"],
]
_BALANCE = 1e-10


class LinearFlow(NamedTuple):
    """A path of :func:`two_layer_linear_flow`, float64, with one row a time.

    ``gram`` is Q Q^T for Q = [W1^T; W2], whose blocks are W1^T W1, W2 W1 and W2 W2^T: all that
    the function and its tangent kernel depend on. ``first`` and ``second`` are the layers, or None
    from the exact solution, which leaves a rotation of the hidden units open.
    """

    times: Float[np.ndarray, " times"]
    gram: Float[np.ndarray, "*batch times side side"]
    outputs: int
    first: Float[np.ndarray, "*batch times hidden inputs"] | None
    second: Float[np.ndarray, "*batch times outputs hidden"] | None

    @property
    def end_to_end(self) -> Float[np.ndarray, "*batch times outputs inputs"]:
        """The linear map W2 W1 at each time."""
        return self.gram[..., -self.outputs :, : -self.outputs]

    @property
    def tangent_kernel(self) -> Float[np.ndarray, "*batch times parts parts"]:
        r"""The matrix :math:`I \otimes W_1^\top W_1 + W_2 W_2^\top \otimes I` at each time.

        With one output this is :math:`M = W_1^\top W_1 + \|W_2\|^2 I`; the tangent kernel on inputs
        X is then X^T M X. Rows run over outputs, then inputs.
        """
        split = self.gram.shape[-1] - self.outputs
        return kernel_of_blocks(self.gram[..., :split, :split], self.gram[..., split:, split:])

    @property
    def kernel_alignment(self) -> Float[np.ndarray, "*batch times"]:
        r"""Cosine between the tangent kernel at each time and at the start, on whitened inputs."""
        kernel = self.tangent_kernel
        return np.asarray(kernel_cosine(kernel, kernel[..., :1, :, :]))

    @property
    def weight_change(self) -> Float[np.ndarray, "*batch times"]:
        """Frobenius norm of W1(t) - W1(0); the exact solution does not know it."""
        if self.first is None:
            raise ValueError(
                "the exact solution knows the layers up to a rotation only; use "
                'method="integrate" for weight changes.'
            )
        return np.linalg.norm(self.first - self.first[..., :1, :, :], axis=(-2, -1))


@explains_misuse
def two_layer_linear_flow(
    first: Float[AnyArray, "*#batch hidden inputs"],
    second: Float[AnyArray, "*#batch outputs hidden"],
    correlation: Float[AnyArray, "*#batch outputs inputs"],
    times: Float[AnyArray, " times"],
    *,
    method: Method = "auto",
    steps_per_time_constant: int = 20,
) -> LinearFlow:
    r"""Follow f(x) = W2 W1 x down the square loss on whitened inputs.

    .. math:: \dot W_1 = W_2^\top (S - W_2 W_1), \qquad \dot W_2 = (S - W_2 W_1) W_1^\top

    Where :math:`W_2^\top W_2 - W_1 W_1^\top = \lambda I`, exactly (Braun et al. 2022; Dominé et al.
    2025): with Q = [W1^T; W2] and :math:`F = [[-\lambda/2\, I, S^\top], [S, \lambda/2\, I]]`,

    .. math:: Q Q^\top(t) = e^{Ft} Q_0 \Big[I + Q_0^\top \int_0^t e^{2Fs} ds\, Q_0\Big]^{-1}
        Q_0^\top e^{Ft},

    here in a square-root form that neither inverts F nor overflows. Otherwise by classical
    Runge-Kutta steps of fixed length in float64.

    Both work in the hidden subspace that the first weights span, which gradient flow never leaves;
    in it, balance is also checked, so that a W1 with r equal singular values and W2 = 0 has an
    exact solution. Outside it, rounding errors would grow: a rank-one start has one hidden
    direction, from which the full equations depart after about 37 time units. Directions below
    1e-13 of the largest count as none.

    Leading axes of the first three arguments broadcast: targets of shape (60, 1, outputs, inputs)
    meet starts of shape (10, hidden, inputs).

    Args:
        first: W1(0).
        second: W2(0).
        correlation: S, the input-output correlation; with one output, the target as a row.
        times: Times t, rising from 0, in units of the inverse of S.
        method: "exact", "integrate", or "auto", which is exact if all starts allow it.
        steps_per_time_constant: Runge-Kutta steps in the shortest time constant, estimated from
            the sizes of S and the start. 20 leave a relative error of about 1e-6.

    Returns:
        A :class:`LinearFlow`.

    Raises:
        ValueError: If arrays are not finite or do not fit, the times do not rise from 0, an
            exact solution is asked for where there is none.

    Examples:
        >>> target = np.array([[0.6, 0.8]])
        >>> start = 0.1 * np.eye(2)
        >>> flow = two_layer_linear_flow(start, np.zeros((1, 2)), target, np.array([0.0, 20.0]))
        >>> flow.end_to_end[-1].round(6)
        array([[0.6, 0.8]])
        >>> flow.kernel_alignment.round(4)
        array([1.    , 0.9493])
    """
    w1, w2, s = _broadcast(first, second, correlation)
    check_number("times", times)
    moments = np.asarray(times, np.float64)
    check_count("steps_per_time_constant", steps_per_time_constant, minimum=1)
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}, got {method!r}.")
    if moments[0] != 0 or (np.diff(moments) < 0).any():
        raise ValueError("times must rise from 0, the start that everything is compared with.")
    reduced = _hidden_subspace(w1, w2)
    balance, gap = _balance(*reduced[:2])
    if method == "exact" and gap > _BALANCE:
        raise ValueError(
            f"no exact solution: W2^T W2 - W1 W1^T is a share of {gap:.1e} away from a multiple of "
            'the identity; use method="integrate", or float64 weights if it should be one.'
        )
    if method == "integrate" or gap > _BALANCE:
        return _integrate(reduced, s, moments, steps_per_time_constant)
    return _solve(*reduced[:2], s, balance, moments)


def _broadcast(first, second, correlation):
    """Return the three arrays in float64 with the same leading axes."""
    arrays = {"first": first, "second": second, "correlation": correlation}
    for name, value in arrays.items():
        check_number(name, value)
    w1, w2, s = (np.asarray(value, np.float64) for value in arrays.values())
    if w2.shape[-1] != w1.shape[-2] or s.shape[-2:] != (w2.shape[-2], w1.shape[-1]):
        raise ValueError(
            "expected first (hidden, inputs), second (outputs, hidden) and correlation (outputs, "
            f"inputs); got {w1.shape}, {w2.shape} and {s.shape}."
        )
    batch = np.broadcast_shapes(w1.shape[:-2], w2.shape[:-2], s.shape[:-2])
    return tuple(np.broadcast_to(value, batch + value.shape[-2:]) for value in (w1, w2, s))


def _hidden_subspace(
    w1: Float[np.ndarray, "*batch hidden inputs"], w2: Float[np.ndarray, "*batch outputs hidden"]
) -> Starts:
    """Return both layers in a basis of the hidden directions that they use, and that basis.

    Coordinates of directions that one start of a batch lacks are exact zeros, and stay so.
    """
    joint = np.concatenate([w1, np.swapaxes(w2, -2, -1)], axis=-1)
    basis, values, right = np.linalg.svd(joint, full_matrices=False)
    values = np.where(values > 1e-13 * values[..., :1], values, 0.0)
    rotated = values[..., None] * right
    inputs = w1.shape[-1]
    return rotated[..., :inputs], np.swapaxes(rotated[..., inputs:], -2, -1), basis


def _balance(
    w1: Float[np.ndarray, "*batch small inputs"], w2: Float[np.ndarray, "*batch outputs small"]
) -> tuple[Float[np.ndarray, "*batch"], float]:
    """Return each lambda, and how far the worst start is from being balanced."""
    first = w1 @ np.swapaxes(w1, -2, -1)
    second = np.swapaxes(w2, -2, -1) @ w2
    size = np.trace(first + second, axis1=-2, axis2=-1)
    used = np.diagonal(first + second, axis1=-2, axis2=-1) > 0
    count = np.maximum(used.sum(axis=-1), 1)
    difference = second - first
    balance = np.asarray(np.trace(difference, axis1=-2, axis2=-1) / count)
    unit = used[..., None] * np.eye(w1.shape[-2])
    rest = np.linalg.norm(difference - balance[..., None, None] * unit, axis=(-2, -1))
    return balance, float(np.max(rest / np.where(size > 0, size, 1.0)))


def _solve(
    w1: Float[np.ndarray, "*batch small inputs"],
    w2: Float[np.ndarray, "*batch outputs small"],
    s: Float[np.ndarray, "*batch outputs inputs"],
    balance: Float[np.ndarray, "*batch"],
    times: Float[np.ndarray, " times"],
) -> LinearFlow:
    side = s.shape[-2] + s.shape[-1]
    start = np.concatenate([np.swapaxes(w1, -2, -1), w2], axis=-2)
    gram = np.empty((*s.shape[:-2], len(times), side, side))
    for index in np.ndindex(s.shape[:-2]):
        gram[index] = exact_gram(start[index], s[index], float(balance[index]), times)
    return LinearFlow(times, gram, s.shape[-2], None, None)


def _integrate(
    start: Starts,
    s: Float[np.ndarray, "*batch outputs inputs"],
    times: Float[np.ndarray, " times"],
    resolution: int,
) -> LinearFlow:
    w1, w2, basis = start
    rate = 2 * (_norm(s) + _norm(w2 @ w1)) + _norm(w1) ** 2 + _norm(w2) ** 2
    counts = np.ceil(np.diff(times) * max(float(np.max(rate)), 1e-300) * resolution)
    lengths, counts = np.diff(times), np.maximum(counts, 1).astype(np.int32)
    reduced = [np.moveaxis(layer, 0, -3) for layer in stepped_layers(w1, w2, s, lengths, counts)]
    joint = np.concatenate([np.swapaxes(reduced[0], -2, -1), reduced[1]], axis=-2)
    turn = basis[..., None, :, :]
    first, second = turn @ reduced[0], reduced[1] @ np.swapaxes(turn, -2, -1)
    return LinearFlow(times, joint @ np.swapaxes(joint, -2, -1), s.shape[-2], first, second)


def _norm(matrix: Float[np.ndarray, "*batch n m"]) -> Float[np.ndarray, "*batch"] | np.floating:
    return np.linalg.norm(matrix, 2, axis=(-2, -1))
