"""What the spikes of a network truly mediate, known by patching them."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from spinebook.checks import check_count
from spinebook.mediation.network_model import (
    NetworkNoise,
    NetworkWeights,
    decision_drive,
    report,
)
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


class PatchedEffects(NamedTuple):
    """Mean effects of moving the stimulus from -1 to 1; the total one and those of each set."""

    total: Float[AnyArray, ""]
    pure_direct: Float[AnyArray, " sets"]
    total_indirect: Float[AnyArray, " sets"]


@explains_misuse
def patched_effects(
    weights: NetworkWeights, noise: NetworkNoise, sets: Bool[AnyArray, "sets units"]
) -> PatchedEffects:
    r"""Return the effect of the stimulus through sets of units, by patching their spikes.

    .. math:: \mathrm{TNIE}_S = E[Y(x, s(x)) - Y(x, s_S(x^*), s_{\bar S}(x))], \qquad
        \mathrm{NDE}_S = E[Y(x, s_S(x^*), s_{\bar S}(x)) - Y(x^*, s(x^*))]

    with :math:`x^* = -1` and :math:`x = 1` under the same noise (Pearl 2001; activation patching:
    Vig et al. 2020). The network runs once for each stimulus; then it runs on from the decision
    step with the spikes of the set as the other stimulus had them. All of the stimulus's effect
    passes through spikes, so the set of all units has the total effect.

    Args:
        weights: One network.
        noise: Noise of the trials to average over.
        sets: True for the units of each set.

    Returns:
        Mean effects over trials.

    Raises:
        ValueError: If sets are not booleans (sets, units) or the noise does not fit.

    Examples:
        >>> weights = NetworkWeights(jnp.ones(2), jnp.zeros((2, 2)), jnp.zeros(2),
        ...                          jnp.array([0.7, 0.3]), jnp.zeros(()))
        >>> silence = NetworkNoise(*map(jnp.zeros, ((1, 3), (3, 2), (1, 3, 2))))
        >>> found = patched_effects(weights, silence, np.eye(2, dtype=bool))
        >>> found.total_indirect.round(6).tolist()
        [0.7, 0.3]
    """
    chosen = np.asarray(sets)
    units = weights.bias.shape[-1]
    if chosen.dtype != bool or chosen.ndim != 2 or chosen.shape[1] != units or not len(chosen):
        raise ValueError(
            f"sets must hold one or more rows of {units} booleans, got {chosen.dtype} of shape "
            f"{chosen.shape}."
        )
    found = _patched(weights, noise, jnp.asarray(chosen))
    return PatchedEffects(*(np.asarray(value, np.float64) for value in found))


@jax.jit
def _patched(
    weights: NetworkWeights, noise: NetworkNoise, sets: Bool[Array, "sets units"]
) -> PatchedEffects:
    before, after = (decision_drive(weights, x, noise) > 0 for x in (-1.0, 1.0))

    def patched(chosen: Bool[Array, " units"]) -> Float[Array, " trials"]:
        return report(weights, jnp.where(chosen, before, after).astype(float), noise)

    # The two plain worlds go the same way, so that what changes nothing is exactly zero.
    plain = jnp.stack([jnp.ones_like(sets[0]), jnp.zeros_like(sets[0])])
    reports = jax.lax.map(patched, jnp.concatenate([plain, sets]))
    control, treated, mixed = reports[0], reports[1], reports[2:]
    return PatchedEffects(
        jnp.mean(treated - control),
        jnp.mean(mixed - control, axis=1),
        jnp.mean(treated - mixed, axis=1),
    )


def random_sets(
    units: int, sizes: tuple[int, ...], choices: int, *, seed: int
) -> Bool[np.ndarray, "sizes choices units"]:
    """Return random choices of some of the units.

    Args:
        units: Number of units to choose from.
        sizes: How many to choose, each at most all.
        choices: Number of choices of each size.
        seed: Seed of the choices.

    Returns:
        True for the chosen units.

    Raises:
        ValueError: If a size is below 1 or above the number of units, or there are no choices.

    Examples:
        >>> random_sets(4, (1, 3), 2, seed=0).sum(axis=-1).tolist()
        [[1, 1], [3, 3]]
    """
    check_count("choices", choices, minimum=1)
    check_count("seed", seed)
    check_count("sizes", sizes, minimum=1)
    if max(sizes) > units:
        raise ValueError(f"sizes must not exceed the number of units, {units}, got {sizes}.")
    order: Int[np.ndarray, "choices units"] = np.random.default_rng(seed).permuted(
        np.tile(np.arange(units), (len(sizes), choices, 1)), axis=-1
    )
    return order < np.reshape(sizes, (-1, 1, 1))
