"""Seven things an experiment can read out, and pairs of models that most of them cannot tell."""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple, TypeAlias, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.structural import StructuralModel
from spinebook.mediation.unit_models import HeterogeneousSCM, TypeMixture
from spinebook.misuse import explains_misuse

ReadOutName: TypeAlias = Literal[
    "tuning",
    "joint law",
    "silencing",
    "stimulation",
    "tuning times stimulation",
    "joint randomization",
    "total minus controlled",
]
"""What an experiment reads out; see :func:`read_out`."""


class Arm(NamedTuple):
    """One arm of an experiment: the stimulus, and what is done to the mediator."""

    stimulus: float
    clamp: float | None = None
    push: float = 0.0


class ReadOut(NamedTuple):
    """The numbers that an experiment gives and their standard errors."""

    value: Float[np.ndarray, " numbers"]
    standard_error: Float[np.ndarray, " numbers"]


class ReadOutPair(NamedTuple):
    """Two models, what is read out of both, and how much is mediated in each.

    ``effect`` says which indirect effect of 0 to 1 the values of ``indirect`` are.
    """

    read_out: ReadOutName
    first: StructuralModel
    second: StructuralModel
    effect: Literal["pure_indirect", "total_indirect"]
    indirect: tuple[float, float]


class PairComparison(NamedTuple):
    """Simulated read-outs and indirect effects of a pair of models.

    ``distance`` is the largest difference of the two read-outs in standard errors of that
    difference. ``indirect`` and ``indirect_error`` hold one value for each model.
    """

    first: ReadOut
    second: ReadOut
    distance: float
    indirect: Float[np.ndarray, "2"]
    indirect_error: Float[np.ndarray, "2"]


_INTACT = (Arm(0.0), Arm(1.0))
_SILENCED = (Arm(0.0, clamp=0.0), Arm(1.0, clamp=0.0))
_PUSHED = (Arm(0.0, push=1.0), Arm(1.0, push=1.0))
_CLAMPED = tuple(Arm(x, clamp=m) for x in (0.0, 1.0) for m in (0.0, 1.0))
_ARMS: dict[str, tuple[Arm, ...]] = {
    "tuning": _INTACT,
    "joint law": _INTACT,
    "silencing": _INTACT + _SILENCED,
    "stimulation": _INTACT + _PUSHED,
    # Fresh units for the tuning, so that the two factors are independent.
    "tuning times stimulation": _INTACT + _PUSHED + _INTACT,
    "joint randomization": _INTACT + _CLAMPED,
    "total minus controlled": _INTACT + _SILENCED,
}
# Columns of the means that every arm gives.
_M, _Y = 0, 1


def read_out_pairs() -> tuple[ReadOutPair, ...]:
    """Return one pair of models for each read-out.

    In the first six, both models give the same read-out and different indirect effects. In the
    last one no unit has an interaction, and the read-out is the indirect effect.

    Returns:
        The seven pairs, in the order of :data:`ReadOutName`.

    Examples:
        >>> [pair.indirect for pair in read_out_pairs()][:3]
        [(0.4, 0.0), (0.1, 0.0), (0.6, 1.4)]
    """
    base = LinearSCM()
    unconfounded = LinearSCM(beta=0.2, direct=0.2, mediator_sd=1.25**0.5, outcome_sd=1.2**0.5)
    confounded = LinearSCM(beta=0.0, confounder_mediator=0.5, confounder_outcome=0.5)
    apart = HeterogeneousSCM(slope_covariance=-0.3)
    together = HeterogeneousSCM(slope_covariance=0.3)
    # One half of the units has M = X, the other half M = 0. In relay the first half has Y = M and
    # the second Y = 0; in gate the first has Y = X M and the second Y = (1 - X) M.
    halves, mediators = [0.5, 0.5], [[0, 1], [0, 0]]
    relay = TypeMixture(halves, mediators, [[[0, 1], [0, 1]], [[0, 0], [0, 0]]])
    gate = TypeMixture(halves, mediators, [[[0, 0], [0, 1]], [[0, 1], [0, 0]]])
    return (
        ReadOutPair("tuning", base, LinearSCM(beta=0.0), "total_indirect", (0.4, 0.0)),
        ReadOutPair("joint law", unconfounded, confounded, "total_indirect", (0.1, 0.0)),
        ReadOutPair(
            "silencing",
            LinearSCM(interaction=0.4, mediator_intercept=2.0),
            LinearSCM(beta=2.8, mediator_intercept=2.0),
            "total_indirect",
            (0.6, 1.4),
        ),
        ReadOutPair("stimulation", base, LinearSCM(alpha=0.0), "total_indirect", (0.4, 0.0)),
        ReadOutPair("tuning times stimulation", apart, together, "total_indirect", (0.1, 0.7)),
        ReadOutPair("joint randomization", relay, gate, "pure_indirect", (0.5, 0.0)),
        ReadOutPair("total minus controlled", apart, together, "total_indirect", (0.1, 0.7)),
    )


@explains_misuse
def read_out(name: ReadOutName, model: StructuralModel, n: int, *, key: PRNGKeyArray) -> ReadOut:
    r"""Run an experiment on simulated units and return what it shows.

    Each arm has n units of its own. The stimulus is 0 or 1 and always randomized.

    - "tuning": E[M | do(1)] - E[M | do(0)];
    - "joint law": means, squares and products of M and Y under each stimulus, which say all there
      is to know of a law that is Gaussian given the stimulus;
    - "silencing": the effect of the stimulus with the mediator intact, and with M = 0;
    - "stimulation": what adding 1 to the mediator does to Y, under each stimulus;
    - "tuning times stimulation": tuning times the mean of the two effects of stimulation;
    - "joint randomization": the joint law, and E[Y | do(x, m)] for x and m of 0 and 1;
    - "total minus controlled": what silencing takes away of the effect of the stimulus.

    Args:
        name: What to read out.
        model: The model that is experimented on. One cannot add 1 to the mediator of a
            :class:`TypeMixture`, which is 0 or 1.
        n: Units of each arm, at least 2.
        key: Random key.

    Returns:
        The numbers and their standard errors, float64.

    Raises:
        ValueError: If the read-out is unknown or does not suit the model, or there are fewer than
            two units.

    Examples:
        >>> found = read_out("tuning", LinearSCM(), 1000, key=jax.random.key(0))
        >>> bool(abs(found.value[0] - 0.5) < 4 * found.standard_error[0])
        True
    """
    if name not in get_args(ReadOutName):
        raise ValueError(f"name must be one of {', '.join(get_args(ReadOutName))}, got {name!r}.")
    check_count("n", n, minimum=2)
    if isinstance(model, TypeMixture) and any(arm.push for arm in _ARMS[name]):
        raise ValueError(
            f"{name} adds 1 to the mediator, which a TypeMixture cannot have; clamp it instead."
        )
    arms = jnp.array([_settings(arm) for arm in _ARMS[name]])
    means, errors = (np.asarray(table, float) for table in _run(model, n, arms, key))
    return _shown(name, means, errors)


@explains_misuse
def compare_pair(pair: ReadOutPair, n: int, *, key: PRNGKeyArray) -> PairComparison:
    """Read out both models of a pair and simulate how much is mediated in each.

    Args:
        pair: Two models and a read-out.
        n: Units of each arm, and of each simulation of the indirect effect.
        key: Random key; both models and all simulations get keys of their own.

    Returns:
        Read-outs, their distance in standard errors, and the indirect effects. An indirect effect
        that is the same for all units has a standard error of zero up to rounding.

    Raises:
        ValueError: If there are fewer than two units.

    Examples:
        >>> found = compare_pair(read_out_pairs()[0], 1000, key=jax.random.key(0))
        >>> found.distance < 4, found.indirect.round(3).tolist()
        (True, [0.4, 0.0])
    """
    keys = jax.random.split(key, (2, 2))
    models = (pair.first, pair.second)
    shown = [read_out(pair.read_out, models[i], n, key=keys[i, 0]) for i in (0, 1)]
    worlds = [models[i].simulate_effects(n, key=keys[i, 1]) for i in (0, 1)]
    indirect = [float(getattr(world.effects, pair.effect)) for world in worlds]
    error = [float(getattr(world.standard_error, pair.effect)) for world in worlds]
    return PairComparison(
        shown[0], shown[1], _distance(*shown), np.array(indirect), np.array(error)
    )


def _shown(
    name: ReadOutName, means: Float[np.ndarray, "arms 5"], errors: Float[np.ndarray, "arms 5"]
) -> ReadOut:
    """Return a read-out from what its arms, in the order of ``_ARMS``, gave."""
    outcome = means[:, _Y], errors[:, _Y]
    if name == "tuning":
        return _differences((means[:, _M], errors[:, _M]), [[1, 0]])
    if name == "silencing":
        return _differences(outcome, [[1, 0], [3, 2]])
    if name == "stimulation":
        return _differences(outcome, [[2, 0], [3, 1]])
    if name == "tuning times stimulation":
        tuning = _differences((means[:, _M], errors[:, _M]), [[5, 4]])
        pushes = _differences(outcome, [[2, 0], [3, 1]])
        push, push_error = pushes.value.mean(), np.linalg.norm(pushes.standard_error) / 2
        # Variance of a product of independent estimates.
        error = np.sqrt(
            (push * tuning.standard_error) ** 2
            + (tuning.value * push_error) ** 2
            + (tuning.standard_error * push_error) ** 2
        )
        return ReadOut(tuning.value * push, error)
    if name == "total minus controlled":
        effects = _differences(outcome, [[1, 0], [3, 2]])
        removed = effects.value[:1] - effects.value[1:]
        return ReadOut(removed, np.hypot(effects.standard_error[:1], effects.standard_error[1:]))
    law = ReadOut(means[:2].ravel(), errors[:2].ravel())
    if name == "joint law":
        return law
    return ReadOut(
        np.concatenate([law.value, outcome[0][2:]]),
        np.concatenate([law.standard_error, outcome[1][2:]]),
    )


def _differences(
    column: tuple[Float[np.ndarray, " arms"], Float[np.ndarray, " arms"]], arms: list[list[int]]
) -> ReadOut:
    """Return later minus earlier arm for each pair of arms, whose units are independent."""
    later, earlier = np.array(arms).T
    mean, error = column
    return ReadOut(mean[later] - mean[earlier], np.hypot(error[later], error[earlier]))


def _distance(first: ReadOut, second: ReadOut) -> float:
    gap = np.abs(first.value - second.value)
    error = np.hypot(first.standard_error, second.standard_error)
    # What does not vary at all, as an outcome that never happens, is equal or infinitely far.
    with np.errstate(divide="ignore"):
        return float(np.max(np.where(gap > 0, gap / np.where(gap > 0, error, 1.0), 0.0)))


def _settings(arm: Arm) -> tuple[float, float, float]:
    """Return an arm as x, keep and add: the mediator becomes keep M(x) + add."""
    if arm.clamp is None:
        return arm.stimulus, 1.0, arm.push
    return arm.stimulus, 0.0, arm.clamp


@partial(jax.jit, static_argnums=1)
def _run(
    model: StructuralModel, n: int, arms: Float[Array, "arms 3"], key: PRNGKeyArray
) -> tuple[Float[Array, "arms 5"], Float[Array, "arms 5"]]:
    """Return means and standard errors of M, Y, M^2, MY and Y^2 in each arm."""

    def one(
        arm: Float[Array, "3"], key: PRNGKeyArray
    ) -> tuple[Float[Array, "5"], Float[Array, "5"]]:
        stimulus, keep, add = arm
        noise = model.draw_noise(n, key=key)
        mediator = keep * model.mediator(stimulus, noise) + add
        outcome = model.outcome(stimulus, mediator, noise)
        table = jnp.stack([mediator, outcome, mediator**2, mediator * outcome, outcome**2])
        return jnp.mean(table, axis=1), jnp.std(table, axis=1, ddof=1) / jnp.sqrt(n)

    return jax.vmap(one)(arms, jax.random.split(key, len(arms)))
