"""Fit the law of final weights to a histogram of synapse sizes, with simple or free starts."""

from __future__ import annotations

import dataclasses
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy import optimize

from spinebook.checks import check_count
from spinebook.geometry._arrays import as_vector
from spinebook.geometry.potentials import NegativeEntropy, Potential
from spinebook.misuse import explains_misuse
from spinebook.precision import float64_inside
from spinebook.types import Numbers

_SMALLEST = 1e-300


@dataclasses.dataclass(frozen=True)
class WeightFit:
    """A fitted law of final weights.

    ``initial``, ``shares`` and ``sigma`` (one value, or one for each start) are the arguments of
    :func:`spinebook.geometry.final_weight_density`; ``log_likelihood`` is that of the bin counts
    (without the multinomial coefficient); ``parameters`` is None where the number is not fixed;
    ``negative_mass`` is the probability that the law gives to weights below zero.
    """

    potential: Potential
    initial: Float[np.ndarray, " k"]
    shares: Float[np.ndarray, " k"]
    sigma: Float[np.ndarray, " s"]
    log_likelihood: float
    observations: int
    parameters: int | None
    negative_mass: float

    @property
    def bic(self) -> float:
        """Return the Bayesian information criterion, k log n - 2 log L; lower is better."""
        if self.parameters is None:
            raise ValueError("a fit with a free law of initial weights has no parameter count")
        return self.parameters * math.log(self.observations) - 2.0 * self.log_likelihood


def _histogram(
    edges: Numbers, counts: Numbers
) -> tuple[Float[np.ndarray, " edges"], Float[np.ndarray, " bins"]]:
    edges, counts = as_vector(edges, "edges"), as_vector(counts, "counts")
    check_count("counts", counts)
    if len(edges) != len(counts) + 1:
        raise ValueError(
            f"edges must be one more than counts, got {len(edges)} edges, {len(counts)} counts"
        )
    if edges[0] <= 0 or np.any(np.diff(edges) <= 0):
        raise ValueError("edges must be positive and rise; take sizes, not their logarithms")
    if counts.sum() < 1:
        raise ValueError("all counts are zero; nothing to fit")
    return edges, counts


@explains_misuse
@float64_inside
def fit_final_weights(
    edges: Numbers,
    counts: Numbers,
    potential: Potential,
    constants: int = 2,
    *,
    positive_only: bool = False,
    one_sigma: bool = True,
) -> WeightFit:
    r"""Fit the law of final weights that began at one or two positive constants.

    Maximises :math:`\sum_b n_b \log P_b`, with P_b the probability of a bin under
    :func:`spinebook.geometry.final_weight_density`, over the constants, their shares and sigma.

    Args:
        edges: edges of the bins, positive and rising, in any unit of size, shape (bins + 1,).
        counts: synapses in each bin, shape (bins,).
        potential: the geometry to assume.
        constants: number of initial values, 1 or 2.
        positive_only: condition on a positive weight, as if negative ones were never measured.
        one_sigma: the same sigma for both constants, as mirror descent predicts; else one each.

    Returns:
        The best of several starts as a :class:`WeightFit`.

    Raises:
        ValueError: edges and counts that are no histogram of positive sizes, or constants not 1
            or 2.

    Examples:
        >>> fit = fit_final_weights([0.1, 1.0, 10.0], [50, 50], NegativeEntropy(), 1)
        >>> bool(abs(fit.log_likelihood - 100 * math.log(0.5)) < 0.01)
        True
    """
    edges, counts = _histogram(edges, counts)
    if constants not in (1, 2):
        raise ValueError(f"constants must be 1 or 2, got {constants!r}")
    sigmas = 1 if one_sigma else constants
    duals = potential.dual(jnp.asarray(edges))
    results = [
        optimize.minimize(
            _loss,
            start,
            args=(duals, jnp.asarray(counts), potential, constants, jnp.asarray(positive_only)),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
        )
        for start in _starts(edges, counts, potential, constants, sigmas)
    ]
    best = min(results, key=lambda result: result.fun)
    initial, shares, sigma = (np.asarray(v) for v in _unpack(jnp.asarray(best.x), constants))
    below = _below_zero(potential, jnp.asarray(initial), jnp.asarray(sigma))
    return WeightFit(
        potential=potential,
        initial=initial,
        shares=shares,
        sigma=sigma,
        log_likelihood=-float(best.fun),
        observations=int(counts.sum()),
        parameters=2 * constants - 1 + sigmas,
        negative_mass=float(below @ shares),
    )


def _unpack(
    theta: Float[Array, " parameters"], constants: int
) -> tuple[Float[Array, " k"], Float[Array, " k"], Float[Array, " s"]]:
    initial = jnp.exp(theta[:constants])
    shares = jax.nn.softmax(jnp.concatenate([theta[constants : 2 * constants - 1], jnp.zeros(1)]))
    return initial, shares, jnp.exp(theta[2 * constants - 1 :])


def _below_zero(
    potential: Potential, initial: Float[Array, " k"], sigma: Float[Array, " s"]
) -> Float[Array, " k"]:
    if isinstance(potential, NegativeEntropy):
        return jnp.zeros_like(initial)
    return jax.scipy.stats.norm.cdf((potential.dual(0.0) - potential.dual(initial)) / sigma)


def _bin_probabilities(
    duals: Float[Array, " edges"], dual0: Float[Array, " k"], sigma: Float[Array, " s"]
) -> Float[Array, "bins k"]:
    z = (duals[:, None] - dual0) / sigma
    # Φ(b) - Φ(a) loses all digits in the upper tail; there take the lower tails of -a and -b.
    low, high = z[:-1], z[1:]
    flip = low > 0
    low, high = jnp.where(flip, -high, low), jnp.where(flip, -low, high)
    return jax.scipy.stats.norm.cdf(high) - jax.scipy.stats.norm.cdf(low)


@jax.jit(static_argnums=(3, 4))
def _negative_log_likelihood(
    theta: Float[Array, " parameters"],
    duals: Float[Array, " edges"],
    counts: Float[Array, " bins"],
    potential: Potential,
    constants: int,
    positive_only: Bool[Array, ""],
) -> tuple[Float[Array, ""], Float[Array, " parameters"]]:
    def loss(theta: Float[Array, " parameters"]) -> Float[Array, ""]:
        initial, shares, sigma = _unpack(theta, constants)
        mass = _bin_probabilities(duals, potential.dual(initial), sigma) @ shares
        below = _below_zero(potential, initial, sigma) @ shares
        total = 1.0 - jnp.where(positive_only, below, 0.0)
        return -jnp.sum(counts * jnp.log(jnp.maximum(mass / total, _SMALLEST)))

    return jax.value_and_grad(loss)(theta)


def _loss(theta, *args):
    value, gradient = _negative_log_likelihood(jnp.asarray(theta), *args)
    return float(value), np.asarray(gradient)


def _starts(
    edges: Float[np.ndarray, " edges"],
    counts: Float[np.ndarray, " bins"],
    potential: Potential,
    constants: int,
    sigmas: int,
) -> list[Float[np.ndarray, " parameters"]]:
    """Return starting points: constants at quantiles of the sizes, sigma a part of their spread."""
    middles = np.sqrt(edges[:-1] * edges[1:])
    sizes = np.repeat(middles, counts.astype(int))
    spread = float(np.std(np.asarray(potential.dual(jnp.asarray(sizes)))))
    spread = spread or float(np.abs(np.asarray(potential.dual(jnp.asarray(edges[1:]))).max()))
    pairs = [(25, 75), (40, 90), (10, 60)] if constants == 2 else [(50,), (25,), (75,)]
    return [
        np.concatenate(
            [
                np.log(np.percentile(sizes, quantiles)),
                np.zeros(constants - 1),
                np.full(sigmas, np.log(spread * part)),
            ]
        )
        for quantiles, part in itertools.product(pairs, (0.3, 0.7, 1.0))
    ]


@explains_misuse
@float64_inside
def fit_free_initial_weights(
    edges: Numbers,
    counts: Numbers,
    potential: Potential,
    sigma: float,
    support: Numbers,
    iterations: int = 20_000,
) -> WeightFit:
    r"""Fit the law of final weights when the initial weights may have any positive distribution.

    The shares of the support points that maximise the likelihood of the counts (the
    non-parametric maximum-likelihood mixture), by the EM iteration
    :math:`\pi_k \leftarrow \pi_k\, \tfrac1n \sum_b n_b P_{bk} / P_b`.

    Args:
        edges: edges of the bins, positive and rising, shape (bins + 1,).
        counts: synapses in each bin, shape (bins,).
        potential: the geometry to assume.
        sigma: standard deviation of the change of the dual variable, positive, held fixed.
        support: positive initial weights that may occur, shape (k,).
        iterations: EM steps, at least 1.

    Returns:
        A :class:`WeightFit` without a parameter count.

    Raises:
        ValueError: no histogram of positive sizes, sigma or support not positive.

    Examples:
        >>> from spinebook.geometry import PNorm
        >>> fit = fit_free_initial_weights([1.0, 2.0, 3.0], [3, 1], PNorm(2.0), 0.01, [1.5, 2.5])
        >>> fit.shares.round(3)
        array([0.75, 0.25])
    """
    edges, counts = _histogram(edges, counts)
    start = as_vector(support, "support")
    if not 0.0 < sigma < math.inf or np.any(start <= 0):
        raise ValueError("sigma and all support points must be positive")
    if iterations < 1:
        raise ValueError(f"iterations must be at least 1, got {iterations}")
    initial, deviation = jnp.asarray(start), jnp.asarray([float(sigma)])
    duals = potential.dual(jnp.asarray(edges))
    bins = _bin_probabilities(duals, potential.dual(initial), deviation)
    shares = _mixture_shares(bins, jnp.asarray(counts), iterations)
    mass = jnp.maximum(bins @ shares, _SMALLEST)
    return WeightFit(
        potential=potential,
        initial=start,
        shares=np.asarray(shares),
        sigma=np.asarray(deviation),
        log_likelihood=float(jnp.sum(jnp.asarray(counts) * jnp.log(mass))),
        observations=int(counts.sum()),
        parameters=None,
        negative_mass=float(_below_zero(potential, initial, deviation) @ shares),
    )


@jax.jit(static_argnums=(2,))
def _mixture_shares(
    bins: Float[Array, "bins k"], counts: Float[Array, " bins"], iterations: int
) -> Float[Array, " k"]:
    def step(_: Int[Array, ""], shares: Float[Array, " k"]) -> Float[Array, " k"]:
        weight = counts / jnp.maximum(bins @ shares, _SMALLEST)
        return shares * (weight @ bins) / jnp.sum(counts)

    uniform = jnp.full(bins.shape[1], 1.0 / bins.shape[1])
    return jax.lax.fori_loop(0, iterations, step, uniform)
