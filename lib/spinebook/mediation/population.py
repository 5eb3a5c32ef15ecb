"""Recording a few of many neurons: what the missing ones add to the apparent mediation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from spinebook.checks import check_at_most, check_count, check_number
from spinebook.mediation.structural import Exact, Value
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray, Numbers


class OmittedNeurons(NamedTuple):
    """What a regression on the recorded neurons shows, and what is true of them."""

    slopes: Float[np.ndarray, "recorded"]
    indirect: float
    direct: float
    true_indirect: float
    joint_indirect: float


@explains_misuse
def apparent_share(
    recorded: Numbers, neurons: Numbers, shared_variance: Numbers, private_variance: Numbers
) -> Exact:
    r"""Return the share of the mediated effect that k of N equal neurons seem to carry.

    .. math:: \frac{k}{N}\left[1 + \frac{\lambda^2 (N - k)}{\psi + k\lambda^2}\right]

    where the truth is k/N: neurons that fluctuate together stand in for one another. The
    confounded part outweighs the true one where :math:`\lambda^2(N - k) > \psi + k\lambda^2`.
    (Omitted-variable bias for Cov(M | X) = psi I + lambda^2 1 1^T.)

    Args:
        recorded: k, 1 to N. All arguments broadcast.
        neurons: N, at least 1.
        shared_variance: lambda^2, variance that all neurons share given the stimulus, not negative.
        private_variance: psi, variance of each neuron's own, positive.

    Returns:
        The share in float64, from k/N to 1.

    Raises:
        ValueError: If a count or a variance is out of range.

    Examples:
        >>> float(apparent_share(1, 1000, 1.0, 1.0).round(6))
        0.5005
    """
    check_count("recorded", recorded, minimum=1)
    check_count("neurons", neurons, minimum=1)
    check_at_most("recorded", recorded, "neurons", neurons)
    check_number("shared_variance", shared_variance)
    check_number("private_variance", private_variance)
    k, N, shared, private = (
        np.asarray(value, np.float64)
        for value in (recorded, neurons, shared_variance, private_variance)
    )
    if shared.min() < 0 or private.min() <= 0:
        raise ValueError(
            "shared_variance must be at least 0 and private_variance positive, got "
            f"{shared.min()} and {private.min()}."
        )
    return k / N * (1 + shared * (N - k) / (private + k * shared))


@explains_misuse
def omitted_neuron_bias(
    alpha: Float[AnyArray, "N"],
    beta: Float[AnyArray, "N"],
    covariance: Float[AnyArray, "N N"],
    observed: Bool[AnyArray, "N"],
    direct: float = 0.0,
) -> OmittedNeurons:
    r"""Return what regressions on some neurons show when others are missing.

    .. math:: \hat\beta_S = \beta_S + \Sigma_{SS}^{-1}\Sigma_{SR}\,\beta_R, \qquad
        \text{indirect} = \alpha_S^\top\hat\beta_S, \qquad
        \text{direct} = c' + \alpha^\top\beta - \alpha_S^\top\hat\beta_S

    for recorded neurons S and missing ones R. What is true of S, :math:`\alpha_S^\top\beta_S`, is
    well defined only if recorded and missing neurons do not drive one another.

    Args:
        alpha: Effect of the stimulus on each of the N neurons.
        beta: Effect of each neuron on behaviour.
        covariance: Sigma, covariance of the neurons given the stimulus.
        observed: True for the recorded ones, at least one.
        direct: c', effect of the stimulus past all neurons.

    Returns:
        Apparent slopes and effects, and the true ones, for a unit step of the stimulus.

    Raises:
        ValueError: If shapes do not fit, nothing is recorded, or the recorded neurons' covariance
            is singular.

    Examples:
        >>> sigma = np.array([[1.0, 0.5], [0.5, 1.0]])
        >>> ones = np.ones(2)
        >>> found = omitted_neuron_bias(ones, ones, sigma, np.array([True, False]))
        >>> found.indirect, found.true_indirect, found.joint_indirect
        (1.5, 1.0, 2.0)
    """
    for name, value in (("alpha", alpha), ("beta", beta), ("covariance", covariance)):
        check_number(name, value)
    check_number("direct", direct)
    a, b = np.asarray(alpha, np.float64), np.asarray(beta, np.float64)
    sigma, seen = np.asarray(covariance, np.float64), np.asarray(observed)
    if (
        a.ndim != 1
        or b.shape != a.shape
        or sigma.shape != (a.size, a.size)
        or seen.shape != a.shape
    ):
        raise ValueError(
            "expected alpha, beta and observed (N,) and covariance (N, N), got "
            f"{a.shape}, {b.shape}, {seen.shape} and {sigma.shape}."
        )
    if seen.dtype != bool or not seen.any():
        raise ValueError("observed must be an array of booleans with at least one True.")
    within = sigma[np.ix_(seen, seen)]
    if np.linalg.matrix_rank(within, hermitian=True) < len(within):
        raise ValueError("recorded neurons are collinear given the stimulus; leave some out.")
    slopes = b[seen] + np.linalg.solve(within, sigma[np.ix_(seen, ~seen)] @ b[~seen])
    joint, indirect = float(a @ b), float(a[seen] @ slopes)
    return OmittedNeurons(
        slopes, indirect, direct + joint - indirect, float(a[seen] @ b[seen]), joint
    )


@explains_misuse
def simulate_apparent_share(
    recorded: Sequence[int],
    neurons: int,
    shared_variance: float,
    private_variance: float,
    *,
    trials: int,
    replicates: int,
    key: PRNGKeyArray,
    alpha: Value = 0.5,
    beta: Value = 0.8,
    direct: Value = 0.3,
) -> Float[np.ndarray, "replicates counts"]:
    r"""Simulate recordings of k of N equal neurons and estimate the share that they carry.

    .. math:: M_j = \alpha X + \lambda U + \sqrt\psi\,\xi_j, \qquad
        Y = c' X + \frac{\beta}{N}\sum_j M_j + \varepsilon

    with everything random standard Gaussian. Least squares of M on X and of Y on X and the first k
    neurons give the naive indirect effect, here over the true joint one, alpha beta. Its mean is
    :func:`apparent_share` exactly.

    Args:
        recorded: The numbers k of recorded neurons, each 1 to N.
        neurons: N.
        shared_variance: lambda^2, not negative.
        private_variance: psi, positive.
        trials: Trials of each recording, more than max k + 4.
        replicates: Number of independent recordings.
        key: Random key.
        alpha: Effect of the stimulus on each neuron, not zero.
        beta: Joint effect of all neurons on behaviour, not zero.
        direct: c'.

    Returns:
        The estimated shares in float64, one row for each recording.

    Raises:
        ValueError: If a count or a variance is out of range or an effect is zero.

    Examples:
        >>> shares = simulate_apparent_share(
        ...     [1, 4], 4, 1.0, 1.0, trials=200, replicates=3, key=jax.random.key(0))
        >>> shares.shape
        (3, 2)
    """
    apparent_share(recorded, neurons, shared_variance, private_variance)
    check_count("replicates", replicates, minimum=1)
    check_count("trials", trials, minimum=max(recorded) + 5)
    for name, value in (("alpha", alpha), ("beta", beta), ("direct", direct)):
        check_number(name, value)
    if alpha == 0 or beta == 0:
        raise ValueError(f"alpha and beta must not be 0, got {alpha} and {beta}.")
    spread = (np.sqrt(shared_variance), np.sqrt(private_variance))
    products = _products(key, (trials, replicates, neurons), (alpha, beta, direct), spread)
    moments = np.asarray(products, np.float64)
    columns = [_naive_indirect(moments, k) for k in recorded]
    return np.stack(columns, axis=-1) / (alpha * beta)


def _naive_indirect(
    moments: Float[np.ndarray, "replicates columns columns"], k: int
) -> Float[np.ndarray, " replicates"]:
    """Regress M on X and Y on X and the first k of M; columns are 1, Y, X, M."""
    ends, predictors = np.array([0, 2]), np.array([0, *range(2, 3 + k)])
    to_mediators = np.linalg.solve(
        moments[:, ends[:, None], ends], moments[:, ends[:, None], np.arange(3, 3 + k)]
    )
    to_outcome = np.linalg.solve(
        moments[:, predictors[:, None], predictors], moments[:, predictors, 1][..., None]
    )
    return np.sum(to_mediators[:, 1] * to_outcome[:, 2:, 0], axis=-1)


@partial(jax.jit, static_argnums=1)
def _products(
    key: PRNGKeyArray,
    sizes: tuple[int, int, int],
    effects: tuple[Value, Value, Value],
    spread: tuple[Value, Value],
) -> Float[Array, "replicates columns columns"]:
    """Return the mean cross products of 1, Y, X and all M of each recording."""
    trials, replicates, neurons = sizes
    alpha, beta, direct = effects

    def recording(key: PRNGKeyArray) -> Float[Array, "columns columns"]:
        for_trials, for_neurons = jax.random.split(key)
        stimulus, common, error = jax.random.normal(for_trials, (3, trials))
        private = spread[1] * jax.random.normal(for_neurons, (trials, neurons))
        mediators = (alpha * stimulus + spread[0] * common)[:, None] + private
        outcome = direct * stimulus + beta * jnp.mean(mediators, axis=1) + error
        left = jnp.stack([jnp.ones(trials), outcome, stimulus], axis=1)
        table = jnp.concatenate([left, mediators], axis=1)
        return jnp.matmul(table.T, table, precision="highest") / trials

    return jax.lax.map(recording, jax.random.split(key, replicates))
