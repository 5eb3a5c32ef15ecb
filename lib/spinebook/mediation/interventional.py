"""Several mediators: interventional effects, which need no order among them, and serial paths."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_number
from spinebook.mediation.structural import Value
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


class InterventionalEffects(NamedTuple):
    """Parts of a total effect when mediators are replaced by draws from their own laws.

    ``per_mediator`` belongs to each mediator's marginal law, ``dependence`` to what the stimulus
    does to their joint law beyond that; with ``direct`` they add up to ``total``.
    """

    direct: Value
    per_mediator: Float[AnyArray, "K"]
    dependence: Value
    total: Value

    @property
    def joint(self) -> Value:
        """What all mediators carry together."""
        return self.total - self.direct


class SimulatedInterventional(NamedTuple):
    """Interventional effects by simulation and their standard errors."""

    effects: InterventionalEffects
    standard_error: InterventionalEffects


class SerialPaths(NamedTuple):
    """Effects along the paths through the first, the second and both of two mediators."""

    first: Value
    second: Value
    chain: Value

    @property
    def joint(self) -> Value:
        """What both mediators carry together."""
        return self.first + self.second + self.chain

    @property
    def through_first(self) -> Value:
        """All paths that touch the first mediator."""
        return self.first + self.chain

    @property
    def interventional(self) -> tuple[Value, Value]:
        """Interventional effects of the two mediators: the chain counts for the second."""
        return self.first, self.second + self.chain


@explains_misuse
def total_effects_on_mediators(
    alpha: Float[AnyArray, "K"], coupling: Float[AnyArray, "K K"]
) -> Float[np.ndarray, "K"]:
    r"""Return what the stimulus does to each mediator, other mediators included.

    .. math:: M = \alpha X + \Gamma M + \varepsilon
        \quad\Rightarrow\quad (I - \Gamma)^{-1}\alpha

    Args:
        alpha: Direct effect of the stimulus on each mediator.
        coupling: Gamma, row i holds the effects of the others on mediator i. Without loops it is
            lower triangular in some order of the mediators.

    Returns:
        The total effects in float64.

    Raises:
        ValueError: If the shapes do not fit or the mediators drive one another in a loop.

    Examples:
        >>> total_effects_on_mediators(np.array([0.5, 0.3]), np.array([[0.0, 0.0], [0.6, 0.0]]))
        array([0.5, 0.6])
    """
    check_number("alpha", alpha)
    check_number("coupling", coupling)
    direct, gamma = np.asarray(alpha, np.float64), np.asarray(coupling, np.float64)
    if direct.ndim != 1 or gamma.shape != (direct.size, direct.size):
        raise ValueError(
            f"expected alpha (K,) and coupling (K, K), got {direct.shape}, {gamma.shape}."
        )
    # Without loops no path is longer than K - 1, so the K-th power vanishes.
    if np.any(np.linalg.matrix_power((gamma != 0).astype(float), direct.size)):
        raise ValueError("coupling has a loop; mediators must drive one another in one order.")
    return np.linalg.solve(np.eye(direct.size) - gamma, direct)


@explains_misuse
def interventional_effects(
    alpha: Float[AnyArray, "K"],
    beta: Float[AnyArray, "K"],
    *,
    direct: Value = 0.0,
    control: Value = 0.0,
    treated: Value = 1.0,
) -> InterventionalEffects:
    r"""Return the interventional effects of a linear model without interaction.

    .. math:: \mathrm{IIE}_j = \beta_j \alpha_j (x - x^*)

    (VanderWeele, Vansteelandt & Robins 2014; Vansteelandt & Daniel 2017). Nothing is left for the
    mediators' dependence, so their sum is the joint indirect effect.

    Args:
        alpha: *Total* effect of the stimulus on each mediator
            (:func:`total_effects_on_mediators`).
        beta: Effect of each mediator on the outcome, the others held fixed.
        direct: c', effect of the stimulus with all mediators held fixed.
        control: x*, the stimulus one comes from.
        treated: x, the stimulus one goes to.

    Returns:
        The effects in float64.

    Raises:
        ValueError: If the shapes differ or a value is not finite.

    Examples:
        >>> found = interventional_effects(np.array([0.5, 0.6]), np.array([0.4, 0.7]), direct=0.2)
        >>> found.per_mediator.round(6), float(found.joint.round(6))
        (array([0.2 , 0.42]), 0.62)
    """
    named = {"alpha": alpha, "beta": beta, "direct": direct, "control": control, "treated": treated}
    for name, value in named.items():
        check_number(name, value)
    a, b = np.asarray(alpha, np.float64), np.asarray(beta, np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"expected alpha (K,) and beta (K,), got {a.shape} and {b.shape}.")
    change = np.float64(treated) - np.float64(control)
    per_mediator, past = a * b * change, direct * change
    return InterventionalEffects(past, per_mediator, 0.0, past + per_mediator.sum())


@explains_misuse
def simulate_interventional_effects(
    outcome: Callable[[Any, Any], Any],
    under_control: Float[AnyArray, "n K"],
    under_treated: Float[AnyArray, "n K"],
    *,
    control: Value = 0.0,
    treated: Value = 1.0,
    key: PRNGKeyArray,
) -> SimulatedInterventional:
    r"""Estimate interventional effects for any outcome from draws of the mediators.

    .. math:: \mathrm{IIE}_j = E[g(x, \ldots, M_{j-1}(x), M_j(x), M_{j+1}(x^*), \ldots)]
        - E[g(x, \ldots, M_{j-1}(x), M_j(x^*), M_{j+1}(x^*), \ldots)]

    with every mediator drawn from its own marginal law, independently of the others (Vansteelandt
    & Daniel 2017 for two mediators). Mediators are switched from first to last; with interactions
    between them the order of the columns matters, without it does not. Direct and total effect use
    the joint laws, and what is left is the effect through the mediators' dependence.

    Args:
        outcome: g(x, m): mean outcome for one stimulus and mediators (n, K), shape (n,); traceable
            by JAX.
        under_control: Draws of all mediators under x*.
        under_treated: Draws under x; rows that share their noise with ``under_control`` make the
            standard errors small.
        control: x*, the stimulus one comes from.
        treated: x, the stimulus one goes to.
        key: Random key for the independent draws.

    Returns:
        Means and standard errors. The latter take independent draws for granted; as all columns
        come from the same rows, the error may be larger by a factor of up to the square root of 2.

    Raises:
        TypeError: If the outcome is no function.
        ValueError: If the draws are not two finite arrays of one shape (n, K), n at least 2.

    Examples:
        >>> noise = jax.random.normal(jax.random.key(0), (1000, 2))
        >>> found = simulate_interventional_effects(
        ...     lambda x, m: 0.2 * x + m @ jnp.array([0.4, 0.7]), noise, noise + 0.5,
        ...     key=jax.random.key(1))
        >>> np.asarray(found.effects.per_mediator, np.float64).round(4).tolist()
        [0.2, 0.35]
    """
    if not callable(outcome):
        raise TypeError(f"outcome must be a function of x and m, got {type(outcome).__name__}.")
    check_number("under_control", under_control)
    check_number("under_treated", under_treated)
    before, after = jnp.asarray(under_control), jnp.asarray(under_treated)
    if before.ndim != 2 or before.shape != after.shape or len(before) < 2:
        raise ValueError(
            "expected two arrays of draws (n, K) with n at least 2, got "
            f"{before.shape} and {after.shape}."
        )
    return _interventional(outcome, before, after, control, treated, key)


@partial(jax.jit, static_argnums=0)
def _interventional(
    outcome: Callable[[Any, Any], Any],
    before: Float[Array, "n K"],
    after: Float[Array, "n K"],
    control: Value,
    treated: Value,
    key: PRNGKeyArray,
) -> SimulatedInterventional:
    n, count = before.shape
    # One permutation for a column of both draws keeps the noise they share.
    order = jax.vmap(lambda k: jax.random.permutation(k, n))(jax.random.split(key, count)).T
    alone, alone_after = (jnp.take_along_axis(draws, order, axis=0) for draws in (before, after))
    switched = jnp.arange(count) < jnp.arange(count + 1)[:, None]
    steps = jax.vmap(lambda on: outcome(treated, jnp.where(on, alone_after, alone)))(switched)
    per_mediator = jnp.diff(steps, axis=0)
    direct = outcome(treated, before) - outcome(control, before)
    total = outcome(treated, after) - outcome(control, before)
    rows = (direct, per_mediator, total - direct - jnp.sum(per_mediator, axis=0), total)
    mean = InterventionalEffects(*(jnp.mean(row, axis=-1) for row in rows))
    error = InterventionalEffects(*(jnp.std(row, axis=-1, ddof=1) / jnp.sqrt(n) for row in rows))
    return SimulatedInterventional(mean, error)


@explains_misuse
def serial_paths(
    alpha: tuple[Value, Value], coupling: Value, beta: tuple[Value, Value]
) -> SerialPaths:
    r"""Return the effects along the paths of two mediators, the first of which drives the second.

    .. math:: X \to M_1 \to Y:\ \alpha_1\beta_1, \qquad X \to M_2 \to Y:\ \alpha_2\beta_2, \qquad
        X \to M_1 \to M_2 \to Y:\ \alpha_1\gamma\beta_2

    Args:
        alpha: Direct effects of the stimulus on the two mediators.
        coupling: gamma, effect of the first mediator on the second.
        beta: Effects of the two mediators on the outcome.

    Returns:
        The three paths, in the precision of the parameters.

    Raises:
        ValueError: If a value is not finite.

    Examples:
        >>> paths = serial_paths((0.5, 0.3), 0.6, (0.4, 0.7))
        >>> round(paths.joint, 6), round(paths.through_first, 6)
        (0.62, 0.41)
    """
    for name, value in (
        ("alpha", alpha[0]),
        ("alpha", alpha[1]),
        ("coupling", coupling),
        ("beta", beta[0]),
        ("beta", beta[1]),
    ):
        check_number(name, value)
    return SerialPaths(alpha[0] * beta[0], alpha[1] * beta[1], alpha[0] * coupling * beta[1])
