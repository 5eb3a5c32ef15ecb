"""The law of the weights after learning, given where they began and the geometry."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from spinebook.geometry._arrays import as_vector
from spinebook.geometry.potentials import NegativeEntropy, Potential
from spinebook.misuse import explains_misuse
from spinebook.precision import float64_inside
from spinebook.types import Numbers


@explains_misuse
@float64_inside
def final_weight_density(
    weights: Numbers,
    potential: Potential,
    sigma: float,
    initial: Numbers,
    shares: Numbers | None = None,
) -> Float[Array, " n"]:
    r"""Return the density of weights whose dual variable changed by a Gaussian amount.

    .. math::
        p(w) = \varphi''(w)\; \sum_k \pi_k\, N\!\big(\varphi'(w);\, \varphi'(c_k), \sigma^2\big)

    Negative entropy from one constant gives a log-normal, the 2-norm a Gaussian, the 3-norm
    a density that vanishes at zero. A continuous law of initial weights is passed as a sample.

    Args:
        weights: where to evaluate, shape (n,).
        potential: the geometry of learning.
        sigma: standard deviation of the change of the dual variable, positive, in dual units.
        initial: initial weights c_k, shape (k,); not zero under negative entropy.
        shares: their probabilities, shape (k,), summing to 1; equal if omitted.

    Returns:
        Densities per unit of weight, float64; zero, under negative entropy, at zero and at a sign
        with which no weight started; infinite at w = 0 for a p-norm with p < 2.

    Raises:
        ValueError: sigma not positive, initial weights without a dual variable, shares that do not
            sum to 1, or empty or non-finite weights.

    Examples:
        >>> from spinebook.geometry import NegativeEntropy
        >>> round(float(final_weight_density([1.0], NegativeEntropy(), 1.0, [1.0])[0]), 6)
        0.398942
    """
    w = jnp.asarray(as_vector(weights, "weights"))
    c, pi = _initial_law(potential, sigma, initial, shares)
    terms = jax.scipy.stats.norm.pdf(potential.dual(w)[:, None], potential.dual(c)[None, :], sigma)
    density = potential.hessian_diagonal(w) * (terms @ pi)
    if isinstance(potential, NegativeEntropy):
        same_sign = jnp.sign(w)[:, None] == jnp.sign(c)[None, :]
        density = potential.hessian_diagonal(w) * (jnp.where(same_sign, terms, 0.0) @ pi)
        density = jnp.where(w == 0, 0.0, density)
    return density


@explains_misuse
@float64_inside
def final_weight_cdf(
    weights: Numbers,
    potential: Potential,
    sigma: float,
    initial: Numbers,
    shares: Numbers | None = None,
) -> Float[Array, " n"]:
    r"""Return the probability that a weight ends at or below each value.

    .. math:: P(W \le w) = \sum_k \pi_k\, \Phi\!\big((\varphi'(w) - \varphi'(c_k))/\sigma\big)

    (under negative entropy within the sign of c_k).

    Args:
        weights: where to evaluate, shape (n,).
        potential: the geometry of learning.
        sigma: standard deviation of the change of the dual variable, positive, in dual units.
        initial: initial weights c_k, shape (k,); not zero under negative entropy.
        shares: their probabilities, shape (k,), summing to 1; equal if omitted.

    Returns:
        Probabilities, float64.

    Raises:
        ValueError: as :func:`final_weight_density`.

    Examples:
        >>> from spinebook.geometry import PNorm
        >>> float(final_weight_cdf([0.3], PNorm(2.0), 0.1, [0.3])[0])
        0.5
    """
    w = jnp.asarray(as_vector(weights, "weights"))
    c, pi = _initial_law(potential, sigma, initial, shares)
    below = jax.scipy.stats.norm.cdf((potential.dual(w)[:, None] - potential.dual(c)) / sigma)
    if isinstance(potential, NegativeEntropy):
        # A weight never leaves its orthant: all mass of a positive start lies above zero.
        other = jnp.where(jnp.sign(c) < 0, 1.0, 0.0)
        below = jnp.where(jnp.sign(w)[:, None] == jnp.sign(c), below, other)
    return below @ pi


def _initial_law(
    potential: Potential, sigma: float, initial: Numbers, shares: Numbers | None
) -> tuple[Float[Array, " k"], Float[Array, " k"]]:
    if not 0.0 < sigma < np.inf:
        raise ValueError(f"sigma must be positive and finite, got {sigma!r}")
    c = as_vector(initial, "initial")
    pi = np.full(len(c), 1.0 / len(c)) if shares is None else as_vector(shares, "shares")
    if pi.shape != c.shape or np.any(pi < 0) or abs(pi.sum() - 1.0) > 1e-6:
        raise ValueError(
            f"shares must be {len(c)} probabilities that sum to 1, got {len(pi)} values with sum "
            f"{pi.sum():.6g}"
        )
    if isinstance(potential, NegativeEntropy) and np.any(c == 0):
        raise ValueError(
            "negative entropy needs initial weights without zeros: a zero weight never moves"
        )
    return jnp.asarray(c), jnp.asarray(pi)
