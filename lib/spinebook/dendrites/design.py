r"""Choosing a threshold, and how many patterns a neuron can hold at a stated error."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Num

from spinebook.checks import (
    check_at_most,
    check_broadcast,
    check_count,
    check_probability,
    is_traced,
)
from spinebook.dendrites.batches import evaluate
from spinebook.dendrites.tails import log_false_match, log_false_negative, log_many_segments
from spinebook.misuse import explains_misuse
from spinebook.precision import float64_inside


class Threshold(NamedTuple):
    """The smallest threshold that meets a false-match target, and what it costs in misses."""

    theta: Int[Array, "..."]
    log_false_match: Float[Array, "..."]
    log_false_negative: Float[Array, "..."]
    meets_false_match: Bool[Array, "..."]
    meets_false_negative: Bool[Array, "..."]


@explains_misuse
@float64_inside
def min_threshold(
    n: Num[ArrayLike, "..."],
    a: Num[ArrayLike, "..."],
    s: Num[ArrayLike, "..."],
    m: Num[ArrayLike, "..."] = 1,
    v: Num[ArrayLike, "..."] = 0,
    target_fp: Num[ArrayLike, "..."] = 1e-9,
    target_fn: Num[ArrayLike, "..."] = 1e-9,
) -> Threshold:
    r"""Smallest threshold at which ``m`` segments together stay under a false-match rate.

    .. math:: \theta^* = \min\{\theta : 1 - (1 - T(n, a, s, \theta))^M \le p_{fp}\}

    and whether :math:`N(a, s, v, \theta^*) \le p_{fn}` there (Ahmad and Hawkins 2016, Eq. 4-8).

    Args:
        n: Number of cells, at least 1. All arguments broadcast.
        a: Number of active cells, ``s`` to ``n``.
        s: Synapses, 1 to ``a``.
        m: Number of independent segments, at least 1.
        v: Number of active cells that are swapped, 0 to ``a``.
        target_fp: Largest false-match rate allowed, in [0, 1].
        target_fn: Largest false-negative rate allowed, in [0, 1].

    Returns:
        The threshold, both log error rates there (minus infinity for what cannot happen), and
        whether each meets its target. Where not even ``theta`` = ``s`` meets the false-match
        target, ``theta`` is ``s`` and ``meets_false_match`` is False.

    Raises:
        ValueError: If counts are negative, fractional or inconsistent, or a target is no
            probability.
        TypeError: If an argument is traced (the candidates depend on ``s``).

    Examples:
        >>> choice = min_threshold(10_000, 300, 30, v=60, target_fn=1e-6)
        >>> int(choice.theta), bool(choice.meets_false_negative)
        (11, True)
    """
    settings = {"n": n, "a": a, "s": s, "m": m, "v": v}
    settings |= {"target_fp": target_fp, "target_fn": target_fn}
    if any(is_traced(value) for value in settings.values()):
        raise TypeError("min_threshold searches whole thresholds; call it outside jit and vmap.")
    check_count("m", m, minimum=1)
    check_count("s", s, minimum=1)
    check_at_most("s", s, "a", a)
    check_probability("target_fp", target_fp)
    check_probability("target_fn", target_fn)
    shape = check_broadcast(**settings)
    candidates = np.arange(1, int(np.max(s)) + 1).reshape(-1, *[1] * len(shape))
    tails = log_false_match(n, a, s, candidates, allow_impossible=True)
    with np.errstate(divide="ignore"):
        allowed_fp, allowed_fn = np.log(target_fp), np.log(target_fn)
    meets = np.asarray(log_many_segments(tails, m)) <= allowed_fp
    meets = np.broadcast_to(meets, (len(candidates), *shape))
    first = np.where(meets.any(axis=0), np.argmax(meets, axis=0) + 1, s)
    theta = np.minimum(first, s).astype(int)
    several = log_many_segments(log_false_match(n, a, s, theta), m)
    missed = log_false_negative(a, s, v, theta)
    reached = np.asarray(several) <= allowed_fp, np.asarray(missed) <= allowed_fn
    return Threshold(*(jnp.asarray(x) for x in (theta, several, missed, *reached)))


@jax.jit
def _capacity(log_tail, allowed):
    # ln(1 - T) as -T (1 + T/2 + ...) through log1p; below 1e-300 only the ratio survives.
    rare = log_tail < -690.0
    log_miss = jnp.log1p(-jnp.exp(jnp.where(rare, -1.0, log_tail)))
    count = jnp.where(
        rare,
        jnp.exp(jnp.log(-jnp.log1p(-allowed)) - log_tail),
        jnp.log1p(-allowed) / log_miss,
    )
    certain = (allowed >= 1) | jnp.isneginf(log_tail)
    return jnp.where(certain, jnp.inf, jnp.floor(count))


@explains_misuse
@float64_inside
def capacity(
    n: Num[ArrayLike, "..."],
    a: Num[ArrayLike, "..."],
    s: Num[ArrayLike, "..."],
    theta: Num[ArrayLike, "..."],
    target: Num[ArrayLike, "..."] = 1e-9,
) -> Float[Array, "..."]:
    r"""Largest number of independent segments whose joint false-match rate meets a target.

    .. math:: M = \left\lfloor \frac{\ln(1 - p)}{\ln(1 - T(n, a, s, \theta))} \right\rfloor

    (Ahmad and Hawkins 2016, Eq. 8 solved for :math:`M`.)

    Args:
        n: Number of cells, at least 1. All arguments broadcast.
        a: Number of active cells, 0 to ``n``.
        s: Synapses, 1 to ``n``.
        theta: Spike threshold, at most ``s``.
        target: Largest joint false-match rate :math:`p`, in [0, 1].

    Returns:
        The number, as float64 because it can exceed every integer type; infinite where a false
        match is impossible, 0 where a single segment misses the target.

    Raises:
        ValueError: If counts are negative, fractional or inconsistent, or the target is no
            probability.

    Examples:
        >>> int(capacity(10_000, 300, 30, 15, 1e-9))
        953114
    """
    check_probability("target", target)
    return evaluate(_capacity, log_tail=log_false_match(n, a, s, theta), target=target)
