"""The largest Hessian eigenvalues by Lanczos iteration with full reorthogonalisation."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.landscape._checks import check_parameters
from spinebook.landscape.hessian import Loss, flat_loss, hessian_vector_product
from spinebook.misuse import explains_misuse


class Eigenvalues(NamedTuple):
    """Eigenvalues, largest first, and for each a bound on its distance to a true one."""

    values: Float[Array, " count"]
    residuals: Float[Array, " count"]


@explains_misuse
def top_hessian_eigenvalues(
    loss: Loss, params: Any, count: int = 1, *, steps: int | None = None, key: PRNGKeyArray
) -> Eigenvalues:
    r"""Return the largest eigenvalues of the Hessian of a loss, without the matrix.

    Lanczos: :math:`H Q \approx Q T` with an orthonormal Krylov basis Q and tridiagonal T, whose
    eigenvalues approach those of H from the ends of the spectrum. Every new vector is made
    orthogonal to all earlier ones, twice; when the Krylov space closes, a new random direction
    opens another. The gradient descent limit :math:`\lambda_{max} \le 2/\eta` is about the first
    of them, not about the trace.

    Args:
        loss: pure function of the parameters to a number.
        params: any tree of arrays.
        count: how many, at least 1 and at most the number of parameters.
        steps: Hessian-vector products, at least ``count``; 30 + 4 ``count`` if omitted, and never
            more than the number of parameters, where the result is exact.
        key: random key of the starting vector.

    Returns:
        The eigenvalues and the residuals :math:`|\beta_m y_{mi}|`; take more steps if these are
        large. Multiple eigenvalues may be found once only.

    Raises:
        ValueError: a count or number of steps out of range, or bad parameters.

    Examples:
        >>> loss = lambda w: jnp.sum(jnp.array([1.0, 2.0, 4.0]) * w**2)
        >>> top = top_hessian_eigenvalues(loss, jnp.ones(3), 2, key=jax.random.key(0))
        >>> bool(jnp.allclose(top.values, jnp.array([8.0, 4.0]), atol=1e-5))
        True
    """
    check_parameters(params)
    check_count("count", count, minimum=1)
    size = sum(leaf.size for leaf in jax.tree.leaves(jax.tree.map(jnp.asarray, params)))
    if count > size:
        raise ValueError(f"count must be at most the number of parameters {size}, got {count}")
    if steps is not None and steps < count:
        raise ValueError(f"steps must be at least count = {count}, got {steps}")
    wanted = 30 + 4 * count if steps is None else steps
    return _lanczos(loss, params, count, min(wanted, size), key)


@partial(jax.jit, static_argnums=(0, 2, 3))
def _lanczos(loss: Loss, params: Any, count: int, steps: int, key: PRNGKeyArray) -> Eigenvalues:
    flat, point = flat_loss(loss, params)
    draws = jax.random.normal(key, (steps + 1, point.size), point.dtype)
    precision = jnp.finfo(point.dtype).eps

    def orthogonal(vector: Array, basis: Array) -> Array:
        for _ in range(2):
            vector = vector - basis.T @ (basis @ vector)
        return vector

    def step(basis: Array, k: Array) -> tuple[Array, tuple[Array, Array]]:
        image = hessian_vector_product(flat, point, basis[k])
        alpha = basis[k] @ image
        residual = orthogonal(image, basis)
        beta = jnp.linalg.norm(residual)
        closed = beta <= 10 * precision * jnp.linalg.norm(image)
        fresh = orthogonal(draws[k + 1] / jnp.linalg.norm(draws[k + 1]), basis)
        following = jnp.where(closed, fresh, residual)
        length = jnp.linalg.norm(following)
        following = orthogonal(following / jnp.where(length > 0, length, 1), basis)
        return basis.at[k + 1].set(following), (alpha, jnp.where(closed, 0, beta))

    basis = jnp.zeros((steps + 1, point.size), point.dtype)
    basis = basis.at[0].set(draws[0] / jnp.linalg.norm(draws[0]))
    _, (alpha, beta) = jax.lax.scan(step, basis, jnp.arange(steps))
    side = jnp.diag(beta[:-1], 1)
    values, vectors = jnp.linalg.eigh(jnp.diag(alpha) + side + side.T)
    residuals = jnp.abs(beta[-1] * vectors[-1])
    return Eigenvalues(values[::-1][:count], residuals[::-1][:count])
