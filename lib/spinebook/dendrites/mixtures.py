r"""False matches of a segment that stores several patterns in one union of synapses."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Num
from scipy.special import logsumexp

from spinebook.checks import check_at_most, check_broadcast, check_count, is_traced
from spinebook.dendrites.batches import evaluate
from spinebook.dendrites.tails import log_false_match
from spinebook.dendrites.unions import (
    check_patterns,
    check_union,
    union_size_law,
    union_size_mean,
)
from spinebook.misuse import explains_misuse
from spinebook.precision import float64_inside

MODES = ("exact", "plugin", "plugin_real", "bloom")


def _exact(settings: Int[np.ndarray, "rows 5"]) -> Float[np.ndarray, "rows"]:
    """Log of the mean of T over the law of the union size, for rows of (n, a, s, m, theta).

    Rows that share (n, s) share one pass of the Markov chain; those that also share (a, theta)
    share the tails over all sizes.
    """
    result = np.empty(len(settings))
    n, a, s, m, theta = settings.T
    for cells, synapses in np.unique(settings[:, [0, 2]], axis=0):
        rows = np.flatnonzero((n == cells) & (s == synapses))
        patterns, which = np.unique(m[rows], return_inverse=True)
        law = union_size_law(int(cells), int(synapses), patterns)[:, 1:]
        with np.errstate(divide="ignore"):
            log_law = np.log(law)
        sizes = np.arange(1, law.shape[1] + 1)
        for reader in np.unique(settings[rows][:, [1, 4]], axis=0):
            alike = (a[rows] == reader[0]) & (theta[rows] == reader[1])
            # Symmetry of the tail: the a active cells play the synapses, so any size may be
            # "active".
            tails = np.asarray(log_false_match(cells, sizes, *reader, allow_impossible=True))
            result[rows[alike]] = logsumexp(log_law + tails, axis=1)[which[alike]]
    return result


@jax.jit
def _bloom(n, a, s, m):
    return a * jnp.log(-jnp.expm1(m * jnp.log1p(-s / n)))


@explains_misuse
@float64_inside
def log_union_false_match(
    n: Num[ArrayLike, "..."],
    a: Num[ArrayLike, "..."],
    s: Num[ArrayLike, "..."],
    m: Num[ArrayLike, "..."],
    theta: Num[ArrayLike, "..."],
    mode: str = "exact",
) -> Float[Array, "..."]:
    r"""Log probability that a segment storing a union of ``m`` patterns fires on a random one.

    .. math:: P = E_K\left[T(n, a, K, \theta)\right]

    with the union size :math:`K`. ``mode`` says what stands for it: ``"exact"`` averages over its
    law; ``"plugin"`` inserts its mean, rounded to a whole number as in the public code of the
    paper (Sec. 3.3); ``"plugin_real"`` inserts the mean unrounded; ``"bloom"`` treats the bits
    of the union as independent, :math:`(1 - (1 - s/n)^M)^a` (Eq. 12), which needs an exact match,
    ``theta`` = ``a``.

    Args:
        n: Number of cells, at least 1. All arguments broadcast.
        a: Number of active cells, 1 to ``n``.
        s: Synapses of each pattern, 1 to ``n``.
        m: Number of patterns, at least 1.
        theta: Spike threshold, at most ``s``: a stored pattern alone must be able to reach it.
        mode: One of "exact", "plugin", "plugin_real", "bloom".

    Returns:
        Natural logarithm of the probability, float64.

    Raises:
        ValueError: If counts are negative, fractional or inconsistent, the mode is unknown, or
            ``theta`` differs from ``a`` for the Bloom form.
        TypeError: If the exact mode is traced (the law of the union has no fixed shape).

    Examples:
        >>> round(float(jnp.exp(log_union_false_match(20, 5, 4, 2, 3))), 10)
        0.2273438407
        >>> round(float(jnp.exp(log_union_false_match(20, 5, 4, 2, 3, "plugin"))), 7)
        0.2067853
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}; got {mode!r}.")
    check_union(n, s, m)
    check_count("a", a, minimum=1)
    check_at_most("a", a, "n", n)
    if not is_traced(theta):
        check_count("theta", np.maximum(theta, 0))
    check_at_most("theta", theta, "s", s)
    settings = {"n": n, "a": a, "s": s, "m": m, "theta": theta}
    if mode == "exact":
        if any(is_traced(value) for value in settings.values()):
            raise TypeError("mode 'exact' needs concrete arguments; call it outside jit and vmap.")
        check_patterns(m)
        check_broadcast(**settings)
        rows = np.broadcast_arrays(*(np.asarray(value).astype(int) for value in settings.values()))
        logs = _exact(np.stack([row.ravel() for row in rows], axis=1))
        return jnp.asarray(logs.reshape(rows[0].shape))
    if mode == "bloom":
        check_at_most("a", a, "theta", theta)
        check_at_most("theta", theta, "a", a)
        check_broadcast(**settings)
        return evaluate(_bloom, n=n, a=a, s=s, m=m)
    size = union_size_mean(n, s, m)
    size = jnp.round(size) if mode == "plugin" else size
    return log_false_match(n, size, a, theta, allow_impossible=True, continuous=True)
