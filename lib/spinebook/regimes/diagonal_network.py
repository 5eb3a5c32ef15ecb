"""Diagonal linear networks: one number, the size of the start, from sparse to smooth solutions."""

from __future__ import annotations

import numpy as np
import scipy.integrate
from jax.typing import ArrayLike
from jaxtyping import Float

from spinebook.checks import check_number
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

_NEWTON_STEPS = 200


@explains_misuse
def diagonal_regulariser(
    coefficients: Float[AnyArray, "*batch features"], scale: ArrayLike
) -> Float[np.ndarray, "*batch"] | np.floating:
    r"""Return what gradient flow on a diagonal network minimises among all solutions.

    .. math:: Q_\alpha(\beta) = \alpha^2 \sum_i q(\beta_i/\alpha^2), \qquad
        q(z) = 2 - \sqrt{4 + z^2} + z\,\mathrm{asinh}(z/2)

    (Woodworth et al. 2020) for :math:`\beta = w_+^2 - w_-^2` with all weights started at alpha. Up
    to a factor it is the l1 norm for small alpha (rich) and half the squared l2 norm for large
    alpha (lazy).

    Args:
        coefficients: beta.
        scale: alpha, positive.

    Returns:
        The value for each vector, not negative.

    Raises:
        ValueError: If a coefficient is not finite or the scale not positive.

    Examples:
        >>> value = diagonal_regulariser(np.array([1.0, -2.0]), 10.0)
        >>> round(float(4 * 10.0**2 * value), 4)  # 4 alpha^2 Q is close to the squared l2 norm
        5.0
    """
    check_number("coefficients", coefficients)
    alpha = _checked_scale(scale)
    z = np.asarray(coefficients, np.float64) / alpha**2
    # 2 - sqrt(4 + z^2) without cancellation for small z.
    return alpha**2 * (z * np.arcsinh(z / 2) - z**2 / (2 + np.sqrt(4 + z**2))).sum(axis=-1)


@explains_misuse
def diagonal_network_limit(
    inputs: Float[AnyArray, "samples features"],
    targets: Float[AnyArray, " samples"],
    scale: ArrayLike,
) -> Float[np.ndarray, " features"]:
    r"""Return the solution that gradient flow on a diagonal network ends at.

    .. math:: \beta_\infty = \arg\min_{X\beta = y} Q_\alpha(\beta)
        = 2\alpha^2 \sinh(X^\top \nu)

    (Woodworth et al. 2020). The multipliers nu minimise the convex dual
    :math:`2\alpha^2 \sum \cosh(X^\top \nu) - y^\top \nu`, here by damped Newton steps in float64.

    Args:
        inputs: X, fewer samples than features and independent rows.
        targets: y.
        scale: alpha, positive.

    Returns:
        The coefficients.

    Raises:
        ValueError: If an array is not finite, the scale not positive, or Newton's method stops
            short of a solution (rows that contradict each other, a scale below about 1e-6).

    Examples:
        >>> X, y = np.array([[1.0, 2.0]]), np.array([2.0])
        >>> diagonal_network_limit(X, y, 1e-3).round(2), diagonal_network_limit(X, y, 1e2).round(2)
        (array([0., 1.]), array([0.4, 0.8]))
    """
    X, y = _checked_problem(inputs, targets)
    weight = 2 * _checked_scale(scale) ** 2
    nu = np.zeros_like(y)
    largest = max(float(np.max(np.abs(y))), 1e-300)
    for _ in range(_NEWTON_STEPS):
        angle = nu @ X
        gap = weight * X @ np.sinh(angle) - y
        if np.max(np.abs(gap)) <= 1e-12 * largest:
            break
        hessian = weight * (X * np.cosh(angle)) @ X.T
        step = np.linalg.lstsq(hessian, -gap, rcond=None)[0]
        # No argument of the exponential moves by more than 1: there Newton's model is good.
        step = step / max(1.0, float(np.max(np.abs(step @ X))))
        nu = nu + step
    coefficients = weight * np.sinh(nu @ X)
    if np.max(np.abs(X @ coefficients - y)) > 1e-8 * largest:
        raise ValueError(
            "Newton's method found no solution of X beta = y; check that the rows of inputs do not "
            "contradict each other, or use a larger scale."
        )
    return coefficients


@explains_misuse
def diagonal_network_flow(
    inputs: Float[AnyArray, "samples features"],
    targets: Float[AnyArray, " samples"],
    scale: ArrayLike,
    times: Float[AnyArray, " times"],
) -> Float[np.ndarray, "times features"]:
    r"""Follow a diagonal network down the square loss, by an adaptive solver in float64.

    .. math:: \beta = w_+^2 - w_-^2, \qquad
        \dot w_\pm = \mp\, w_\pm \odot X^\top (X\beta - y), \qquad w_\pm(0) = \alpha

    (gradient flow on a quarter of the squared error; Woodworth et al. 2020). From small alpha the
    coefficients leave zero one after another, at times that grow as log(1/alpha).

    Args:
        inputs: X.
        targets: y.
        scale: alpha, positive.
        times: Times, not falling and not negative, in units of the inverse of y X.

    Returns:
        beta at each time.

    Raises:
        ValueError: If an array is not finite, the scale not positive, or the times fall.
        RuntimeError: If the solver gives up.

    Examples:
        >>> X, y = np.array([[1.0, 2.0]]), np.array([2.0])
        >>> diagonal_network_flow(X, y, 1e-3, np.array([0.0, 1.0, 100.0])).round(2)
        array([[0., 0.],
               [0., 0.],
               [0., 1.]])
    """
    X, y = _checked_problem(inputs, targets)
    alpha = _checked_scale(scale)
    check_number("times", times)
    moments = np.asarray(times, np.float64)
    if moments[0] < 0 or (np.diff(moments) < 0).any():
        raise ValueError("times must not be negative and must not fall.")
    features = X.shape[1]
    if not moments[-1]:  # nothing has moved yet, and the solver needs an interval
        return np.zeros((len(moments), features))

    def slope(_: float, w: Float[np.ndarray, " weights"]) -> Float[np.ndarray, " weights"]:
        plus, minus = w[:features], w[features:]
        gradient = X.T @ (X @ (plus**2 - minus**2) - y)
        return np.concatenate([-plus * gradient, minus * gradient])

    path = scipy.integrate.solve_ivp(
        slope,
        (0.0, moments[-1]),
        np.full(2 * features, alpha),
        method="LSODA",
        t_eval=moments,
        rtol=1e-11,
        atol=1e-14 * alpha,
    )
    if not path.success:
        raise RuntimeError(f"the solver gave up: {path.message}")
    return (path.y[:features] ** 2 - path.y[features:] ** 2).T


def _checked_scale(scale: ArrayLike) -> float:
    check_number("scale", scale)
    if np.ndim(scale) or np.asarray(scale) <= 0:
        raise ValueError(f"scale must be one positive number, got {scale}.")
    return float(np.asarray(scale))


def _checked_problem(
    inputs: Float[AnyArray, "..."], targets: Float[AnyArray, "..."]
) -> tuple[Float[np.ndarray, "samples features"], Float[np.ndarray, " samples"]]:
    check_number("inputs", inputs)
    check_number("targets", targets)
    X, y = np.asarray(inputs, np.float64), np.asarray(targets, np.float64)
    if X.ndim != 2 or y.shape != X.shape[:1]:
        raise ValueError(
            f"expected inputs (samples, features) and targets (samples,), got {X.shape} and "
            f"{y.shape}."
        )
    return X, y
