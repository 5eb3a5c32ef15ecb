"""The exact end point of mirror descent on a linear model, without any training."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from spinebook.checks import check_number
from spinebook.geometry.potentials import Potential
from spinebook.misuse import explains_misuse
from spinebook.types import Numbers

_BACKTRACKS = 30


class Projection(NamedTuple):
    """Result of :func:`bregman_projection`, in float64.

    ``weights`` solve the equations; ``multipliers`` are the lambda of the change of the dual
    variable, X^T lambda; ``residual`` is ``max |Xw - y|``; ``steps`` are Newton steps taken;
    ``converged`` says whether the residual fell below the tolerance.
    """

    weights: Float[Array, " weights"]
    multipliers: Float[Array, " samples"]
    residual: Float[Array, ""]
    steps: Int[Array, ""]
    converged: Bool[Array, ""]


@explains_misuse
def bregman_projection(
    inputs: Numbers,
    targets: Numbers,
    initial: Numbers,
    potential: Potential,
    *,
    tolerance: float = 1e-10,
    max_steps: int = 500,
) -> Projection:
    r"""Find the solution of Xw = y that is closest to the initial weights in a geometry.

    .. math::
        w_\infty = \arg\min_{Xw = y} D_\phi(w, w_0), \qquad
        \nabla\phi(w_\infty) = \nabla\phi(w_0) + X^\top\lambda

    Mirror descent on a linear model ends here whatever its learning rate, momentum, batches or
    loss, once the training error is zero (Gunasekar et al. 2018). The multipliers minimise the
    convex dual :math:`\phi^*(\nabla\phi(w_0) + X^\top\lambda) - \lambda^\top y` by damped Newton
    steps in float64.

    Args:
        inputs: X, shape (samples, weights), fewer samples than weights.
        targets: y, shape (samples,).
        initial: w_0, shape (weights,); no zeros under negative entropy.
        potential: the geometry.
        tolerance: largest ``|Xw - y|`` accepted, in units of y.
        max_steps: Newton steps before giving up.

    Returns:
        A :class:`Projection`; look at its ``converged``.

    Raises:
        ValueError: shapes that do not fit together, NaN or infinite values, no samples, or zero
            initial weights under a potential whose dual is undefined there.

    Examples:
        >>> from spinebook.geometry import PNorm
        >>> end = bregman_projection([[1.0, 1.0]], [2.0], [0.0, 1.0], PNorm(2.0))
        >>> np.round(np.asarray(end.weights), 6)
        array([0.5, 1.5])
    """
    for name, value in (("inputs", inputs), ("targets", targets), ("initial", initial)):
        check_number(name, value)
    X, y, w0 = (np.asarray(v, dtype=np.float64) for v in (inputs, targets, initial))
    _check_problem(X, y, w0)
    with jax.enable_x64(True):
        if not bool(jnp.all(jnp.isfinite(potential.dual(w0)))):
            raise ValueError(
                f"the dual variable of some initial weights is undefined under {potential.name}; "
                "negative entropy needs initial weights without zeros"
            )
        return _project(
            jnp.asarray(X), jnp.asarray(y), jnp.asarray(w0), potential, tolerance, max_steps
        )


def _check_problem(
    X: Float[np.ndarray, "..."], y: Float[np.ndarray, "..."], w0: Float[np.ndarray, "..."]
) -> None:
    if X.ndim != 2 or y.shape != X.shape[:1] or w0.shape != X.shape[1:]:
        raise ValueError(
            "expected inputs (samples, weights), targets (samples,) and initial (weights,); "
            f"got {X.shape}, {y.shape} and {w0.shape}"
        )
    if X.size == 0:
        raise ValueError(f"at least one sample and one weight are needed, got inputs {X.shape}")


@jax.jit(static_argnums=(3, 4, 5))
def _project(
    X: Float[Array, "samples weights"],
    y: Float[Array, " samples"],
    w0: Float[Array, " weights"],
    potential: Potential,
    tolerance: float,
    max_steps: int,
) -> Projection:
    return project_dual(X, y, potential.dual(w0), jnp.sign(w0), potential, tolerance, max_steps)


def project_dual(
    X: Float[Array, "samples weights"],
    y: Float[Array, " samples"],
    d0: Float[Array, " weights"],
    sign: Float[Array, " weights"],
    potential: Potential,
    tolerance: float = 1e-10,
    max_steps: int = 500,
) -> Projection:
    """Do the work of :func:`bregman_projection` on traced float64 arrays, from the initial dual."""

    def objective(lam: Float[Array, " samples"]) -> Float[Array, ""]:
        return potential.conjugate(d0 + lam @ X, sign) - lam @ y

    def residual(lam: Float[Array, " samples"]) -> Float[Array, " samples"]:
        return X @ potential.primal(d0 + lam @ X, sign) - y

    def newton_step(carry):
        lam, gradient, step = carry
        weights = potential.primal(d0 + lam @ X, sign)
        # 1/phi'' is infinite where a p > 2 weight is zero: take such weights a little away from it.
        # (Clipping phi'' instead would, under negative entropy, let one tiny weight set the scale.)
        smallest = 1e-6 * jnp.sqrt(jnp.mean(weights**2))
        inverse = 1.0 / potential.hessian_diagonal(jnp.maximum(jnp.abs(weights), smallest))
        hessian = (X * inverse) @ X.T
        direction = jax.scipy.linalg.solve(hessian, -gradient, assume_a="pos")
        direction = jnp.where(jnp.all(jnp.isfinite(direction)), direction, -gradient)
        sizes = 2.0 ** -jnp.arange(_BACKTRACKS, dtype=X.dtype)
        slope = gradient @ direction
        size = _first_improving(objective, lam, direction, slope, sizes, d0.size)
        lam = lam + size * direction
        return lam, residual(lam), step + 1

    def unfinished(carry):
        _, gradient, step = carry
        return (jnp.max(jnp.abs(gradient)) > tolerance) & (step < max_steps)

    start = jnp.zeros_like(y)
    lam, gradient, steps = jax.lax.while_loop(
        unfinished, newton_step, (start, residual(start), jnp.zeros([], jnp.int32))
    )
    largest = jnp.max(jnp.abs(gradient))
    weights = potential.primal(d0 + lam @ X, sign)
    return Projection(weights, lam, largest, steps, largest <= tolerance)


def _first_improving(objective, lam, direction, slope, sizes, terms):
    """Return the first step size with the decrease that Armijo's rule asks for."""
    start = objective(lam)
    # Near the optimum the decrease drowns in rounding, so a rise of the size that summing over
    # all weights can round by is accepted; without it Newton steps shrink to nothing there.
    slack = terms * jnp.finfo(start.dtype).eps * (1.0 + jnp.abs(start))

    def refused(i):
        value = objective(lam + sizes[i] * direction)
        good = value <= start + 1e-4 * sizes[i] * slope + slack
        return ~good & (i < len(sizes) - 1)

    return sizes[jax.lax.while_loop(refused, lambda i: i + 1, 0)]
