"""What recordings of the published chains hold, and how the loss lies between start and truth."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from spinebook.neurons.identifiability import fisher_information, output_jacobian
from spinebook.neurons.published_toy import NOMINAL_MS_CM2
from spinebook.neurons.toy_fits import Toy, recorded_voltages
from spinebook.types import AnyArray


def toy_information(
    toy: Toy, stimulated: Bool[np.ndarray, "choices nodes"]
) -> Float[np.ndarray, "nodes choices targets parameters parameters"]:
    """Return what each compartment's recording says about the conductances of the targets.

    Fisher information under white noise of 1 mV, with conductances in units of nominal, sodium
    of all compartments before potassium, in float64. It adds up over recorded compartments.

    Args:
        toy: Targets, stimuli and neuron.
        stimulated: Choices of stimulated compartments.

    Returns:
        Information of each recorded compartment, choice of stimulated ones and target.
    """
    nodes, targets = toy.truths.shape[1:]
    with jax.enable_x64(True):
        currents = np.asarray(toy.currents, float)[:, :, None] * stimulated.T[:, :, None, None]
        truths = np.broadcast_to(
            toy.truths[:, :, None, :, None], (2, nodes, len(stimulated), targets, 1)
        )
        jacobian = output_jacobian(
            lambda conductances: recorded_voltages(toy, conductances, currents)[1:],
            jnp.asarray(truths, float),
            cell_axes=3,
        )
        scaled = np.asarray(jacobian) * np.repeat(NOMINAL_MS_CM2, nodes)
    return fisher_information(scaled, noise_sd=1.0, keep=(1, 2, 3))


def line_losses(
    toy: Toy,
    stimulated: Bool[np.ndarray, "choices nodes"],
    shares: Float[np.ndarray, " points"],
) -> Float[np.ndarray, "choices targets points"]:
    """Return the loss on the straight line from the published start to each target.

    Args:
        toy: Targets, stimuli and neuron.
        stimulated: Choices of stimulated compartments; all are recorded.
        shares: Places on the line, 0 at the start and 1 at the truth; the last one must be 1.

    Returns:
        Losses, mV2.

    Raises:
        ValueError: If the last place is not the truth.
    """
    if shares[-1] != 1:
        raise ValueError(f"the last of shares must be 1, the truth, got {shares[-1]}.")
    start = NOMINAL_MS_CM2[:, None, None]
    found = np.empty((len(stimulated), toy.truths.shape[-1], len(shares)))
    for place in np.ndindex(found.shape[:2]):
        truth = toy.truths[..., place[1]][..., None]
        line = (start + shares * (truth - start))[..., None].astype(np.float32)
        currents = np.asarray(toy.currents)[:, :, place[1]] * stimulated[place[0]][:, None]
        voltages = np.asarray(recorded_voltages(toy, line, currents[:, :, None]), float)[1:]
        found[place] = np.mean((voltages - voltages[:, :, -1:]) ** 2, axis=(0, 1, 3))
    return found


def largest_rise(losses: Float[AnyArray, "*lines points"]) -> Float[np.ndarray, "*lines"]:
    """Return how far a loss rises above its lowest value so far, as a share of the first one.

    Args:
        losses: Losses along lines, the first one positive.

    Returns:
        The largest rise of each line, 0 if it never rises.

    Examples:
        >>> float(largest_rise(np.array([4.0, 2.0, 3.0, 0.0])))
        0.25
    """
    values = np.asarray(losses, float)
    lowest = np.minimum.accumulate(values, axis=-1)
    return np.asarray((values - lowest).max(axis=-1) / values[..., 0])
