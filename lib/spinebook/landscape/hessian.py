"""Trace of the Hessian of a loss, exactly or by random probes, and a perturbation estimate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count, check_floats
from spinebook.landscape._checks import check_parameters
from spinebook.misuse import explains_misuse

Loss: TypeAlias = Callable[[Any], Any]
_DIRECTIONS_AT_ONCE = 16


class Estimate(NamedTuple):
    """A value and its standard error, which is zero where the value is exact."""

    value: Float[Array, ""]
    standard_error: Float[Array, ""]


@explains_misuse
def hessian_vector_product(
    loss: Loss, point: Float[Array, " parameters"], direction: Float[Array, " parameters"]
) -> Float[Array, " parameters"]:
    """Return the product of the Hessian of ``loss`` with a direction, without the matrix.

    Args:
        loss: function of a vector to a number.
        point: where the Hessian is taken.
        direction: vector to multiply.

    Returns:
        The product, of the same length.

    Examples:
        >>> hessian_vector_product(lambda w: w[0] * w[1], jnp.ones(2), jnp.array([1.0, 2.0]))
        Array([2., 1.], dtype=float32)
    """
    return jax.jvp(jax.grad(loss), (point,), (direction,))[1]


@explains_misuse
def hessian_trace(
    loss: Loss,
    params: Any,
    method: Literal["exact", "hutchinson"] = "exact",
    *,
    probes: int = 100,
    key: PRNGKeyArray | None = None,
) -> Estimate:
    r"""Return the trace of the Hessian of a loss at given parameters.

    .. math:: \mathrm{Tr}\,H = \sum_k e_k^T H e_k \approx
        \frac1m \sum_{j=1}^m v_j^T H v_j, \qquad v_j \in \{-1, 1\}^p

    ("exact": one Hessian-vector product a parameter; "hutchinson": Hutchinson 1990). For
    :math:`\frac{1}{2n}\sum\|f - y\|^2` at f = y this is :func:`sharpness`, which is exact and
    far cheaper; away from there it is another number and can be negative.

    Args:
        loss: pure function of the parameters to a number.
        params: any tree of arrays.
        method: "exact" or "hutchinson".
        probes: number of random probes, at least 2.
        key: random key, for "hutchinson".

    Returns:
        The trace and its standard error (zero if exact).

    Raises:
        ValueError: an unknown method, no key, fewer than two probes, or bad parameters.

    Examples:
        >>> hessian_trace(lambda w: jnp.sum(w**2) + w[0] * w[1], jnp.ones(3)).value
        Array(6., dtype=float32)
    """
    check_parameters(params)
    if method == "exact":
        return _exact_trace(loss, params)
    if method != "hutchinson":
        raise ValueError(f"method must be exact or hutchinson, got {method!r}")
    if key is None:
        raise ValueError("hutchinson draws random probes; pass key=jax.random.key(seed)")
    check_count("probes", probes, minimum=2)
    return _hutchinson_trace(loss, params, probes, key)


def flat_loss(loss: Loss, params: Any) -> tuple[Loss, Float[Array, " parameters"]]:
    """Return the loss as a function of one vector, and the parameters as that vector."""
    check_floats("params", params)
    shape = jax.eval_shape(loss, params).shape
    if shape:
        raise ValueError(f"loss must return a single number, got shape {shape} with these params")
    point, unravel = ravel_pytree(params)
    return lambda vector: loss(unravel(vector)), point


@partial(jax.jit, static_argnums=0)
def _exact_trace(loss: Loss, params: Any) -> Estimate:
    flat, point = flat_loss(loss, params)

    def entry(k: Array) -> Float[Array, ""]:
        unit = jnp.zeros_like(point).at[k].set(1)
        return hessian_vector_product(flat, point, unit)[k]

    entries = jax.lax.map(entry, jnp.arange(point.size), batch_size=_DIRECTIONS_AT_ONCE)
    return Estimate(jnp.sum(entries), jnp.zeros((), point.dtype))


@partial(jax.jit, static_argnums=(0, 2))
def _hutchinson_trace(loss: Loss, params: Any, probes: int, key: PRNGKeyArray) -> Estimate:
    flat, point = flat_loss(loss, params)

    def probe(probe_key: PRNGKeyArray) -> Float[Array, ""]:
        signs = jax.random.rademacher(probe_key, point.shape, point.dtype)
        return signs @ hessian_vector_product(flat, point, signs)

    keys = jax.random.split(key, probes)
    return mean_estimate(jax.lax.map(probe, keys, batch_size=_DIRECTIONS_AT_ONCE))


def mean_estimate(draws: Float[Array, " draws"]) -> Estimate:
    """Return the mean of independent draws and its standard error."""
    return Estimate(jnp.mean(draws), jnp.std(draws, ddof=1) / draws.size**0.5)


@explains_misuse
def perturbed_adaptive_sharpness(
    loss: Loss, params: Any, *, size: float | int = 0.01, draws: int = 200, key: PRNGKeyArray
) -> Estimate:
    r"""Estimate the adaptive sharpness from the loss at perturbed parameters.

    .. math:: S_{ad} \approx \frac{1}{\rho^2}\,\mathrm E\left[
        L(\theta + \delta) + L(\theta - \delta) - 2 L(\theta)\right], \qquad
        \delta_k = \rho\,|\theta_k|\,\varepsilon_k, \quad \varepsilon_k \sim N(0, 1)

    tends to :math:`\mathrm{Tr}(H\,\mathrm{diag}(\theta^2))` for small :math:`\rho`, with any loss.
    The one-sided form of the public code of Chen et al. (2310.01770),
    :math:`(\mathrm E L(\theta+\delta) - L)/\rho^2`, has half this limit; both signs together
    remove the gradient's share of the noise.

    Args:
        loss: pure function of the parameters to a number.
        params: any tree of arrays.
        size: relative size of the perturbation, positive; in float32 below about 0.01
            rounding takes over.
        draws: number of perturbations, at least 2.
        key: random key.

    Returns:
        The estimate and its standard error, without the bias of order size squared.

    Raises:
        ValueError: a size that is not positive, fewer than two draws, or bad parameters.

    Examples:
        >>> estimate = perturbed_adaptive_sharpness(
        ...     lambda w: 1.5 * w**2, jnp.array(2.0), size=0.1, draws=4000, key=jax.random.key(0)
        ... )
        >>> bool(abs(estimate.value - 12) < 4 * estimate.standard_error)
        True
    """
    check_parameters(params)
    check_count("draws", draws, minimum=2)
    if not size > 0:
        raise ValueError(f"size must be positive, got {size}")
    return _perturbed(loss, params, size, draws, key)


@partial(jax.jit, static_argnums=(0, 3))
def _perturbed(loss: Loss, params: Any, size: Any, draws: int, key: PRNGKeyArray) -> Estimate:
    flat, point = flat_loss(loss, params)
    centre = flat(point)

    def draw(draw_key: PRNGKeyArray) -> Float[Array, ""]:
        step = size * point * jax.random.normal(draw_key, point.shape, point.dtype)
        return (flat(point + step) - 2 * centre + flat(point - step)) / size**2

    keys = jax.random.split(key, draws)
    return mean_estimate(jax.lax.map(draw, keys, batch_size=_DIRECTIONS_AT_ONCE))
