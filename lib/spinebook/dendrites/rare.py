r"""Rare overlaps by importance sampling: tilted draws that carry their likelihood ratio."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float64, Int32, Key, UInt32

from spinebook.checks import check_at_most, check_count, check_number, is_traced
from spinebook.dendrites.sampling import _check_sizes, check_key
from spinebook.dendrites.words import uniform
from spinebook.misuse import explains_misuse
from spinebook.precision import float64_inside

_STEEPEST = 700  # e^709 is the largest exponential that float64 holds


class RareEstimate(NamedTuple):
    """An importance-sampling estimate, its standard error and the effective number of draws."""

    probability: float
    standard_error: float
    effective_draws: float


@partial(jax.jit, static_argnames=("shape",))
def _tilted(key, n, a, s, tilt, shape):
    def meet(i, state):
        hits, log_weight = state
        p = jnp.clip((a - hits) / (n - i), 0.0, 1.0)
        scale = 1 + p * jnp.expm1(tilt)
        tilted = p * jnp.exp(tilt) / scale
        hit = uniform(jax.random.fold_in(key, i), shape) < tilted
        # p / tilted = scale e^-tilt for a hit and (1 - p) / (1 - tilted) = scale for a miss.
        return hits + hit, log_weight + jnp.log(scale) - jnp.where(hit, tilt, 0.0)

    zeros = jnp.zeros(shape, jnp.float64)
    hits, log_weight = jax.lax.fori_loop(0, s, meet, (zeros, zeros))
    return hits.astype(jnp.int32), log_weight


@explains_misuse
@float64_inside
def sample_tilted_overlap(
    n: int,
    a: int,
    s: int,
    tilt: float,
    shape: tuple[int, ...] = (),
    *,
    key: Key[Array, ""] | UInt32[Array, "2"],
) -> tuple[Int32[Array, "..."], Float64[Array, "..."]]:
    r"""Draw overlaps with the odds of every synapse multiplied by :math:`e^\lambda`.

    .. math:: p_i' = \frac{p_i e^\lambda}{1 + p_i(e^\lambda - 1)}, \qquad
        \ln w = \sum_i \ln\left(1 + p_i (e^\lambda - 1)\right) - \lambda H

    where :math:`p_i` = (active cells left) / (cells left) when the i-th synapse is met. The mean
    of :math:`w f(H)` over tilted draws is the mean of :math:`f(H)` over untilted ones. No formula
    for the law of the overlap enters.

    Args:
        n: Number of cells, at least 1.
        a: Number of active cells, 1 to ``n``.
        s: Number of synapses, 1 to ``n``.
        tilt: Exponential tilt :math:`\lambda`; 0 leaves the draws as they are.
        shape: Shape of the result.
        key: JAX random key.

    Returns:
        Overlaps (int32) and log likelihood ratios (float64), each of shape ``shape``.

    Raises:
        ValueError: If a count is negative, fractional or inconsistent.
        TypeError: If ``key`` is no random key.

    Examples:
        >>> hits, log_weight = sample_tilted_overlap(300, 30, 10, 0.0, (5,), key=jax.random.key(0))
        >>> log_weight.tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0]
    """
    _check_sizes(n, a, s)
    check_key(key)
    check_number("tilt", tilt)
    if not is_traced(tilt) and abs(tilt) > _STEEPEST:
        raise ValueError(f"tilt must lie between -{_STEEPEST} and {_STEEPEST}, got {tilt}.")
    return _tilted(key, float(n), float(a), s, tilt, tuple(shape))


@explains_misuse
def estimate_rare_match(
    n: int,
    a: int,
    s: int,
    theta: int,
    trials: int = 100_000,
    *,
    key: Key[Array, ""] | UInt32[Array, "2"],
) -> RareEstimate:
    r"""Estimate :math:`P(H \ge \theta)` by simulation, however small it is.

    .. math:: \hat T = \frac1N \sum_{i=1}^N w_i \, [H_i \ge \theta]

    with draws tilted so that the threshold is their typical overlap
    (:math:`e^\lambda` = odds of ``theta`` / ``s`` over the odds of ``a`` / ``n``).

    Args:
        n: Number of cells, at least 1.
        a: Number of active cells, 1 to ``n`` - 1.
        s: Number of synapses, 1 to ``n``.
        theta: Threshold, 1 to ``s``, above the expected overlap.
        trials: Number of tilted draws, at least 2.
        key: JAX random key.

    Returns:
        The estimate, its standard error, and the effective number of draws
        :math:`(\sum w)^2 / \sum w^2` among those that reach the threshold.

    Raises:
        ValueError: If a count is negative, fractional or inconsistent.
        TypeError: If ``key`` is no random key.

    Examples:
        >>> found = estimate_rare_match(10_000, 300, 30, 12, key=jax.random.key(0))
        >>> abs(found.probability - 2.279079e-11) < 5 * found.standard_error
        True
    """
    _check_sizes(n, a, s)
    check_count("trials", trials, minimum=2)
    check_count("theta", theta, minimum=1)
    check_at_most("theta", theta, "s", s)
    check_count("a", a, minimum=1)
    check_at_most("a", a, "n - 1", n - 1)
    typical = min(theta, s - 0.5) / s
    tilt = float(np.log(typical / (1 - typical)) - np.log(a / (n - a)))
    hits, log_weight = sample_tilted_overlap(n, a, s, tilt, (trials,), key=key)
    weights = np.where(np.asarray(hits) >= theta, np.exp(np.asarray(log_weight)), 0.0)
    effective = weights.sum() ** 2 / max(float((weights**2).sum()), np.finfo(float).tiny)
    return RareEstimate(
        float(weights.mean()), float(weights.std(ddof=1) / np.sqrt(trials)), float(effective)
    )
