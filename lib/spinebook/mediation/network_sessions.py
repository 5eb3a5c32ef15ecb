"""What an experimenter records of a network, with and without injected currents."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.mediation.network_model import (
    NetworkNoise,
    NetworkWeights,
    decision_drive,
    report,
)
from spinebook.types import AnyArray


class NetworkSession(NamedTuple):
    """What an experimenter records of a network, and the current that was injected."""

    stimulus: Float[AnyArray, " trials"]
    drive: Float[AnyArray, "trials units"]
    spikes: Float[AnyArray, "trials units"]
    report: Float[AnyArray, " trials"]
    current: Float[AnyArray, "trials units"]


def record_session(
    weights: NetworkWeights,
    noise: NetworkNoise,
    current: Float[AnyArray, "trials units"] | float = 0.0,
    *,
    key: PRNGKeyArray,
) -> NetworkSession:
    """Record trials with a stimulus drawn by a coin, and a current at the decision step.

    Args:
        weights: One network.
        noise: Noise of the trials.
        current: Current into each unit in units of the drive, there and then only.
        key: Random key of the stimuli.

    Returns:
        The trials; the stimulus is 0 for x = -1 and 1 for x = 1.

    Raises:
        ValueError: If the noise does not fit.

    Examples:
        >>> weights = NetworkWeights(*map(jnp.ones, ((2,), (2, 2), (2,), (2,), ())))
        >>> silence = NetworkNoise(*map(jnp.zeros, ((1, 3), (3, 2), (1, 3, 2))))
        >>> record_session(weights, silence, key=jax.random.key(0)).spikes.shape
        (3, 2)
    """
    shape = noise.shared.shape
    added = jnp.broadcast_to(jnp.asarray(current, noise.shared.dtype), shape)
    return NetworkSession(*map(np.asarray, _recorded(weights, noise, added, key)))


@jax.jit
def _recorded(
    weights: NetworkWeights, noise: NetworkNoise, current: Array, key: PRNGKeyArray
) -> NetworkSession:
    stimulus = jax.random.bernoulli(key, shape=noise.shared.shape[:1]).astype(float)
    drive = decision_drive(weights, 2 * stimulus - 1, noise) + current
    spikes = (drive > 0).astype(float)
    return NetworkSession(stimulus, drive, spikes, report(weights, spikes, noise), current)


def independent_currents(
    session: NetworkSession, strength: float, *, key: PRNGKeyArray
) -> Float[Array, "trials units"]:
    """Return Gaussian currents, independent over units and trials.

    Args:
        session: A session without current, which tells how large currents have to be.
        strength: Standard deviation over that of the average unit's drive given the stimulus
            (root mean square).
        key: Random key.

    Returns:
        The currents.

    Examples:
        >>> silent = np.zeros((4, 2))
        >>> session = NetworkSession(np.array([0, 1, 0, 1]), silent, silent, silent[:, 0], silent)
        >>> independent_currents(session, 0.5, key=jax.random.key(0)).tolist()[0]
        [0.0, 0.0]
    """
    deviation = strength * np.sqrt(np.diag(fluctuations(session)).mean())
    return deviation * jax.random.normal(key, session.drive.shape)


def shared_current(
    session: NetworkSession, strength: float, *, key: PRNGKeyArray
) -> Float[Array, "trials units"]:
    r"""Return one Gaussian current along the direction in which the units fluctuate together.

    .. math:: P_{ij} = \tau \sqrt N\, e_j\, g_i

    with e the first unit-length principal component of the drive given the stimulus, so that the
    average unit receives the same variance :math:`\tau^2` as from :func:`independent_currents`.

    Args:
        session: A session without current.
        strength: As in :func:`independent_currents`.
        key: Random key.

    Returns:
        The currents.

    Examples:
        >>> drive = np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [-2.0, 0.0]])
        >>> session = NetworkSession(np.zeros(4), drive, drive > 0, drive[:, 0], 0 * drive)
        >>> bool((shared_current(session, 0.5, key=jax.random.key(0))[:, 1] == 0).all())
        True
    """
    covariance = fluctuations(session)
    deviation = strength * np.sqrt(np.diag(covariance).mean())
    leading = np.linalg.eigh(covariance)[1][:, -1]
    units = len(leading)
    common = jax.random.normal(key, (len(session.drive), 1))
    return deviation * np.sqrt(units) * common * jnp.asarray(leading, common.dtype)


def fluctuations(session: NetworkSession, what: str = "drive") -> Float[np.ndarray, "units units"]:
    """Return the covariance of drives or spikes given the stimulus, both stimuli pooled.

    Args:
        session: A recording.
        what: "drive" or "spikes".

    Returns:
        Its covariance, with the number of trials as divisor.

    Examples:
        >>> drive = np.array([[1.0], [3.0], [7.0], [9.0]])
        >>> session = NetworkSession(np.array([0, 0, 1, 1]), drive, drive, drive[:, 0], drive)
        >>> fluctuations(session).tolist()
        [[1.0]]
    """
    values = np.array(getattr(session, what), np.float64)
    for which in np.unique(session.stimulus):
        chosen = session.stimulus == which
        values[chosen] -= values[chosen].mean(axis=0)
    return values.T @ values / len(values)
