r"""A noisy recurrent rate network that decides by one volley of spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count, check_number, is_traced
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


@explains_misuse
@dataclass(frozen=True)
class NetworkTask:
    r"""A choice between two noisy stimuli, :math:`x = \pm 1`, and the network that has to make it.

    The defaults were set by four numbers that know nothing of effects: networks trained on the
    task are right in about 85 % of trials; spikes of two units correlate at a given stimulus by a
    little over 0.1 on average, more if both prefer the same stimulus, as in cortex (0.1 to 0.2:
    Cohen and Kohn 2011); every unit spikes in a third to two thirds of trials; and rates leave the
    straight part of their curve.

    - The stimulus lasts ``before`` steps, each with noise of its own that all units see alike. An
      ideal observer of six steps with a standard deviation of 1.5 is right in
      :math:`\Phi(\sqrt 6 / 1.5)` = 95 % of trials.
    - Excitability fluctuates from trial to trial in all units together (Goris et al. 2014), by
      ``shared_noise`` times a coupling of each unit (units differ in it: Okun et al. 2015), and is
      constant within a trial.
    - ``private_noise`` is independent for each unit and step. Against a standard deviation of 4 a
      logistic rate is nearly a switch, and no unit alone is reliable.
    - At the last of these steps, the decision step, a unit spikes if its drive is above zero, and
      only spikes are handed on: the stimulus is over, and no unit remembers its drive. The network
      runs on for ``after`` steps, and the report is read from all of them.

    Attributes:
        units: Number of units, at least 1.
        before: Steps up to the decision step and with it, at least 1.
        after: Steps after it, 0 or more.
        stimulus_noise: Standard deviation of the stimulus in one step, in units of x.
        shared_noise: Standard deviation of common excitability at a coupling of 1.
        private_noise: Standard deviation of a unit's own noise in one step.

    Raises:
        ValueError: If a count is too small or a noise negative.

    Examples:
        >>> NetworkTask().units
        32
    """

    units: int = 32
    before: int = 6
    after: int = 2
    stimulus_noise: float = 1.5
    shared_noise: float = 2.5
    private_noise: float = 4.0

    def __post_init__(self) -> None:
        """Refuse sizes and noises without meaning."""
        for name, least in (("units", 1), ("before", 1), ("after", 0)):
            check_count(name, getattr(self, name), least)
        for name in ("stimulus_noise", "shared_noise", "private_noise"):
            check_number(name, getattr(self, name))
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}.")


class NetworkWeights(NamedTuple):
    """What training changes; rows of ``recurrent`` are where a connection ends."""

    input: Float[AnyArray, "*networks units"]
    recurrent: Float[AnyArray, "*networks units units"]
    bias: Float[AnyArray, "*networks units"]
    readout: Float[AnyArray, "*networks units"]
    offset: Float[AnyArray, "*networks"]


class NetworkNoise(NamedTuple):
    """All that makes trials differ besides the stimulus; the same in every world of a trial."""

    stimulus: Float[AnyArray, "before trials"]
    shared: Float[AnyArray, "trials units"]
    private: Float[AnyArray, "steps trials units"]


def draw_noise(
    task: NetworkTask, coupling: Float[AnyArray, " units"], trials: int, *, key: PRNGKeyArray
) -> NetworkNoise:
    """Draw the noise of independent trials, scaled as it enters stimulus and drives.

    Args:
        task: Sizes and standard deviations.
        coupling: How strongly each unit takes part in the common fluctuation.
        trials: Number of trials, at least 1.
        key: Random key.

    Returns:
        The noise.

    Raises:
        ValueError: If there are no trials, or not one coupling for each unit.

    Examples:
        >>> noise = draw_noise(NetworkTask(units=2), jnp.ones(2), 5, key=jax.random.key(0))
        >>> noise.stimulus.shape, noise.shared.shape, noise.private.shape
        ((6, 5), (5, 2), (8, 5, 2))
    """
    check_count("trials", trials, minimum=1)
    if coupling.shape != (task.units,):
        raise ValueError(
            f"coupling must hold one number for each of {task.units} units, "
            f"got shape {tuple(coupling.shape)}."
        )
    shapes = (
        (task.before, trials),
        (trials, 1),
        (task.before + task.after, trials, task.units),
    )
    sizes = [int(np.prod(shape)) for shape in shapes]
    # One draw for all three compiles three times as fast.
    numbers = jnp.split(jax.random.normal(key, (sum(sizes),)), np.cumsum(sizes)[:-1])
    stimulus, common, private = (
        part.reshape(shape) for part, shape in zip(numbers, shapes, strict=True)
    )
    return NetworkNoise(
        task.stimulus_noise * stimulus,
        task.shared_noise * common * jnp.asarray(coupling),
        task.private_noise * private,
    )


def decision_drive(
    weights: NetworkWeights, stimulus: Float[AnyArray, " trials"] | float, noise: NetworkNoise
) -> Float[Array, "trials units"]:
    r"""Return the drive of every unit at the decision step T.

    .. math:: u_t = W r_{t-1} + w\,(x + \sigma_s \eta_t) + b + \sigma_c c\,\zeta + \sigma_p \xi_t,
        \qquad r_t = \frac{1}{1 + e^{-u_t}}, \qquad r_0 = 0

    with input weights w, couplings c and standard Gaussian noise of the stimulus in a step
    (:math:`\eta_t`), of the trial (:math:`\zeta`) and of each unit and step (:math:`\xi_t`).

    Args:
        weights: One network.
        stimulus: x of each trial, or one for all.
        noise: Noise of the trials.

    Returns:
        The drive; a unit spikes where it is above zero.

    Raises:
        ValueError: If the noise is of another number of units than the weights.

    Examples:
        >>> weights = NetworkWeights(*map(jnp.ones, ((2,), (2, 2), (2,), (2,), ())))
        >>> silence = NetworkNoise(*map(jnp.zeros, ((1, 3), (3, 2), (1, 3, 2))))
        >>> decision_drive(weights, -1.0, silence)[0].tolist()
        [0.0, 0.0]
    """
    check_noise(weights, noise)
    evidence, private = jnp.asarray(stimulus + noise.stimulus), jnp.asarray(noise.private)
    steady = weights.bias + noise.shared

    def step(
        drive: Float[Array, "trials units"], now: tuple[Array, Array]
    ) -> tuple[Float[Array, "trials units"], None]:
        seen, own = now
        handed_on = jax.nn.sigmoid(drive) @ weights.recurrent.T
        return handed_on + seen[:, None] * weights.input + steady + own, None

    first = evidence[0][:, None] * weights.input + steady + private[0]
    return jax.lax.scan(step, first, (evidence[1:], private[1 : len(evidence)]))[0]


def report(
    weights: NetworkWeights, spikes: Float[AnyArray, "trials units"], noise: NetworkNoise
) -> Float[Array, " trials"]:
    r"""Return what the network reports after a volley of spikes.

    .. math:: y = \frac{1}{K + 1} \sum_{k=0}^{K} v^\top r_{T+k} + y_0, \qquad
        r_T = s, \qquad u_{T+k} = W r_{T+k-1} + b + \sigma_c c\,\zeta + \sigma_p \xi_{T+k}

    Args:
        weights: One network.
        spikes: s at the decision step, 0 or 1; read out as they are and handed on.
        noise: Noise of the trials, which holds K steps after the decision.

    Returns:
        The report, positive for a choice of :math:`x = 1`.

    Raises:
        ValueError: If the noise is of another number of units than the weights.

    Examples:
        >>> weights = NetworkWeights(*map(jnp.ones, ((2,), (2, 2), (2,), (2,), ())))
        >>> silence = NetworkNoise(*map(jnp.zeros, ((1, 1), (1, 2), (1, 1, 2))))
        >>> report(weights, jnp.array([[1.0, 0.0]]), silence).tolist()  # no step after: v s + y_0
        [2.0]
    """
    check_noise(weights, noise)
    steady = weights.bias + noise.shared
    later = noise.private[len(noise.stimulus) :]
    rates = total = jnp.asarray(spikes)
    for private in later:
        rates = jax.nn.sigmoid(rates @ weights.recurrent.T + steady + private)
        total = total + rates
    return total @ weights.readout / (len(later) + 1) + weights.offset


def check_noise(weights: NetworkWeights, noise: NetworkNoise) -> None:
    """Refuse noise that does not belong to one network of this size."""
    units, (steps, trials, noisy) = weights.bias.shape, noise.private.shape
    before = len(noise.stimulus)
    fits = noise.stimulus.shape == (before, trials) and noise.shared.shape == (trials, noisy)
    if units != (noisy,) or not fits or before > steps:
        raise ValueError(
            "expected weights of one network and noise (before, trials), (trials, units) and "
            f"(before + after, trials, units), got biases {units} and noise "
            f"{', '.join(str(tuple(part.shape)) for part in noise)}."
        )
    if not is_traced(weights.bias):
        for name, array in weights._asdict().items():
            check_number(f"{name} weights", array)
