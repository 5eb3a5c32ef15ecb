"""How lazy a scaled model is: the curvature of the model against its slope."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count, check_number, is_traced
from spinebook.misuse import explains_misuse
from spinebook.types import Numbers

_TINY = 1e-30


@explains_misuse
def laziness_number(
    model: Callable[[Any], Array],
    parameters: Any,
    target: Numbers,
    scale: ArrayLike = 1.0,
    *,
    key: PRNGKeyArray,
    restarts: int = 8,
    iterations: int = 200,
) -> Float[Array, ""]:
    r"""Return the laziness number of a scaled model at its first parameters.

    .. math:: \kappa_\alpha(w_0) = \frac1\alpha\,\|\alpha h(w_0) - y\|\,
        \frac{\|D^2 h(w_0)\|}{\|D h(w_0)\|^2}

    (Chizat, Oyallon and Bach 2019). Training the objective of alpha h stays close to that of its
    linearisation where the number is far below 1; with h(w_0) = 0 it falls as 1/alpha. Norms are
    operator norms: the largest singular value of the Jacobian, and the largest
    :math:`\|D^2h[u, v]\|` over unit vectors u and v. The latter has no exact algorithm; it is found
    by alternating power iterations from random starts, so it is a lower bound, in practice the
    maximum.

    Args:
        model: h, a function of the parameters alone (fix the inputs with a closure or
            ``functools.partial``); any array of outputs. Pass the same object again to reuse the
            compiled program.
        parameters: w_0, a pytree of floating-point arrays.
        target: y, the shape of the outputs.
        scale: alpha, positive; may be traced.
        key: Random key for the starts of the power iteration.
        restarts: Number of starts, at least 1.
        iterations: Power iterations each, at least 1.

    Returns:
        The laziness number, in the precision of the parameters.

    Raises:
        TypeError: If ``model`` is not callable.
        ValueError: If the target does not fit the outputs, or a number is out of range.

    Examples:
        >>> def product(w):  # |y| ||D^2 h|| / |w|^2 = 1 / 8
        ...     return w["a"] * w["b"]
        >>> start = {"a": jnp.array(2.0), "b": jnp.array(2.0)}
        >>> number = laziness_number(product, start, 5.0, key=jax.random.key(0))
        >>> round(float(number), 6)
        0.125
    """
    if not callable(model):
        raise TypeError(f"model must be a function of the parameters, got {model!r}.")
    check_number("target", target)
    check_number("scale", scale)
    check_count("restarts", restarts, minimum=1)
    check_count("iterations", iterations, minimum=1)
    if not is_traced(scale) and not np.all(np.asarray(scale) > 0):
        raise ValueError(f"scale must be positive, got {scale}.")
    target = jnp.asarray(target)
    outputs = jax.eval_shape(model, parameters).shape
    if target.shape != outputs:
        raise ValueError(
            f"target must have the shape {outputs} of the model's outputs, got {target.shape}."
        )
    return _laziness(model, parameters, target, jnp.asarray(scale), key, restarts, iterations)


@partial(jax.jit, static_argnums=(0, 5, 6))
def _laziness(
    model: Callable[[Any], Array],
    parameters: Any,
    target: Float[Array, "..."],
    scale: Array,
    key: PRNGKeyArray,
    restarts: int,
    iterations: int,
) -> Float[Array, ""]:
    flat, rebuild = ravel_pytree(parameters)

    def outputs(w: Float[Array, " weights"]) -> Float[Array, " outputs"]:
        return jnp.ravel(model(rebuild(w)))

    starts = jax.random.normal(key, (restarts, 2, flat.size), flat.dtype)
    slope = jnp.max(jax.lax.map(partial(_slope, outputs, flat, iterations), starts))
    bend = jnp.max(jax.lax.map(partial(_curvature, outputs, flat, iterations), starts))
    miss = jnp.linalg.norm(scale * outputs(flat) - jnp.ravel(target))
    return miss / scale * bend / slope**2


def _unit(vector: Float[Array, " n"]) -> Float[Array, " n"]:
    return vector / jnp.maximum(jnp.linalg.norm(vector), _TINY)


def _slope(outputs, flat, iterations, start):
    """Return the largest singular value of the Jacobian, by power iteration."""
    _, push = jax.linearize(outputs, flat)
    pull = jax.linear_transpose(push, flat)
    end = jax.lax.fori_loop(0, iterations, lambda _, v: _unit(pull(push(v))[0]), _unit(start[0]))
    return jnp.linalg.norm(push(end))


def _curvature(outputs, flat, iterations, start):
    """Return a local maximum of |D^2 h[u, v]| over unit vectors u and v.

    Each of u, v and the output direction in turn takes its best value for the other two. One
    vector instead of two would get stuck where the second derivative has eigenvalues of both
    signs and one size, as it has in every network with two layers of weights.
    """

    def along(u, v):  # D^2 h [u, v]
        return jax.jvp(lambda w: jax.jvp(outputs, (w,), (u,))[1], (flat,), (v,))[1]

    def improve(_, pair):
        direction = _unit(along(*pair))

        def hessian(v):
            return jax.jvp(jax.grad(lambda w: direction @ outputs(w)), (flat,), (v,))[1]

        u = _unit(hessian(pair[1]))
        return u, _unit(hessian(u))

    first, second = _unit(start[0]), _unit(start[1])
    return jnp.linalg.norm(along(*jax.lax.fori_loop(0, iterations, improve, (first, second))))
