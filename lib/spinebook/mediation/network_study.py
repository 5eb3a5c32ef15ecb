"""Trained networks, the true effect of every unit, and what each method says of it."""

from __future__ import annotations

from os import PathLike
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.mediation.network_effects import patched_effects, random_sets
from spinebook.mediation.network_estimates import (
    apparent_effects,
    discontinuity_effects,
    instrument_effects,
    naive_effects,
    rho_bounds,
)
from spinebook.mediation.network_model import NetworkTask, draw_noise
from spinebook.mediation.network_sessions import (
    NetworkSession,
    fluctuations,
    independent_currents,
    record_session,
    shared_current,
)
from spinebook.mediation.network_training import DecisionNetworks, train_networks
from spinebook.progress import Progress

STRENGTH = 0.5
"""Currents over the standard deviation of the average unit's drive given the stimulus."""

_compiled_noise = jax.jit(draw_noise, static_argnums=(0, 2))

SIZES = (2, 4, 8, 16, 32)
"""How many units are recorded together."""


class NetworkStudy(NamedTuple):
    """Effects of moving the stimulus from -1 to 1 on the report, by network and unit or set.

    ``total`` is the whole effect, all of which passes through spikes. ``apparent_share`` and
    ``true_share`` are those of random sets of ``sizes`` units, each over the total effect.
    """

    total: Float[np.ndarray, " networks"]
    true: Float[np.ndarray, "networks units"]
    naive: Float[np.ndarray, "networks units"]
    instrument: Float[np.ndarray, "networks units"]
    along: Float[np.ndarray, "networks units"]
    discontinuity: Float[np.ndarray, "networks units"]
    low: Float[np.ndarray, "networks units"]
    high: Float[np.ndarray, "networks units"]
    apparent_share: Float[np.ndarray, "networks sizes choices"]
    true_share: Float[np.ndarray, "networks sizes choices"]
    accuracy: Float[np.ndarray, " networks"]
    noise_correlation: Float[np.ndarray, " networks"]


def study_networks(
    networks: int,
    trials: int,
    *,
    key: PRNGKeyArray,
    task: NetworkTask | None = None,
    sizes: tuple[int, ...] = SIZES,
    choices: int = 8,
    steps: int = 400,
    label: str | None = None,
    checkpoint: str | PathLike[str] | None = None,
) -> NetworkStudy:
    """Train networks and compare what units mediate with what recordings and currents say.

    For each network: a recording without currents, whose trials also give the truth, a session
    with independent currents into all units and one with a shared current, of as many trials each.

    Args:
        networks: Number of networks, at least 1, each trained on its own trials.
        trials: Trials of each session.
        key: Random key.
        task: Task and size of the networks; the default one if omitted.
        sizes: Numbers of units that are recorded together.
        choices: Random sets of each size.
        steps: Training steps.
        label: What to call training and sessions when they tell how far they are.
        checkpoint: Folder to keep the training in.

    Returns:
        The study.

    Raises:
        ValueError: If a count is below 1, or a unit has too few trials near its threshold.

    Examples:
        >>> tiny = NetworkTask(units=2, before=2, after=1)
        >>> found = study_networks(
        ...     1, 400, key=jax.random.key(0), task=tiny, sizes=(2,), choices=1, steps=1)
        >>> found.true.shape, found.apparent_share.shape
        ((1, 2), (1, 1, 1))
    """
    check_count("trials", trials, minimum=1)
    task = task or NetworkTask()
    for_training, for_sessions = jax.random.split(key)
    trained = train_networks(
        task, networks, key=for_training, steps=steps, label=label, checkpoint=checkpoint
    )
    progress = Progress(label and f"{label}, sessions", 0, networks)
    rows = []
    for number in range(networks):
        # The same sets in no two networks, and in all runs of this study.
        sets = random_sets(task.units, sizes, choices, seed=number)
        rows.append(
            _one_network(
                task, trained, number, trials, sets, jax.random.fold_in(for_sessions, number)
            )
        )
        progress.tell(number + 1)
    return NetworkStudy(*(np.stack(column) for column in zip(*rows, strict=True)))


def _one_network(
    task: NetworkTask,
    trained: DecisionNetworks,
    number: int,
    trials: int,
    sets: Bool[np.ndarray, "sizes choices units"],
    key: PRNGKeyArray,
) -> NetworkStudy:
    """Return the row of one network."""
    weights, coupling = trained.network(number)
    keys = jax.random.split(key, 8)
    noise = _compiled_noise(task, coupling, trials, key=keys[0])
    recording = record_session(weights, noise, key=keys[3])
    rows = sets.reshape(-1, task.units)
    truth = patched_effects(weights, noise, np.concatenate([np.eye(task.units, dtype=bool), rows]))
    single, joint = np.split(truth.total_indirect, [task.units])
    sessions = []
    for current, of_noise, of_current, of_stimulus in (
        (independent_currents, keys[1], keys[4], keys[5]),
        (shared_current, keys[2], keys[6], keys[7]),
    ):
        injected = current(recording, STRENGTH, key=of_current)
        noise = _compiled_noise(task, coupling, trials, key=of_noise)
        sessions.append(record_session(weights, noise, injected, key=of_stimulus))
    bounds, shape = rho_bounds(recording), sets.shape[:-1]
    return NetworkStudy(
        total=np.asarray(truth.total),
        true=single,
        naive=naive_effects(recording),
        instrument=instrument_effects(sessions[0]),
        along=instrument_effects(sessions[1]),
        discontinuity=discontinuity_effects(recording),
        low=bounds.low,
        high=bounds.high,
        apparent_share=(apparent_effects(recording, rows) / truth.total).reshape(shape),
        true_share=(joint / truth.total).reshape(shape),
        accuracy=np.asarray(np.mean((recording.report > 0) == (recording.stimulus > 0))),
        noise_correlation=_mean_correlation(recording),
    )


def _mean_correlation(recording: NetworkSession) -> Float[np.ndarray, ""]:
    """Return the mean correlation of two units' spikes given the stimulus, over active pairs."""
    covariance = fluctuations(recording, "spikes")
    active = np.diag(covariance) > 0
    covariance = covariance[np.ix_(active, active)]
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    return np.asarray(np.mean(correlation[~np.eye(len(correlation), dtype=bool)]))
