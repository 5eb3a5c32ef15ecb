r"""Two leaky integrate-and-fire neurons with shared noise, and what their spikes do to a cost."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from spinebook.checks import check_count, check_number, check_probability
from spinebook.mediation.discontinuity import fit_at_threshold
from spinebook.misuse import explains_misuse
from spinebook.types import Numbers


class SpikingModel(NamedTuple):
    r"""Settings of the two neurons, by default those of Lansdell and Kording (2023).

    Times are in seconds and voltages in units of the threshold. The outcome is the cost
    :math:`(\alpha_1 s_1 + \alpha_2 s_2 - y)^2` of the filtered spikes s.
    """

    step: float = 0.001
    membrane: float = 1.0
    refractory_steps: int = 3
    threshold: float = 1.0
    reset: float = 0.0
    input_weight: float = 5.0
    noise_sd: float = 20.0
    synaptic: float = 0.020
    block_steps: int = 50
    weights: tuple[float, float] = (-30.0, 20.0)
    target: float = 4.0


class SpikingBlocks(NamedTuple):
    """One value a block: largest drive, whether it spiked, and cost and filtered spikes at its end.

    ``contribution`` is what the neuron's spikes of the block itself add to ``filtered``, and
    ``lag`` the number of steps from the largest drive to the end of the block.
    Axes: blocks, correlations, simulations and, where it applies, the two neurons.
    """

    drive: Float[Array, "blocks correlations simulations 2"]
    spiked: Float[Array, "blocks correlations simulations 2"]
    filtered: Float[Array, "blocks correlations simulations 2"]
    cost: Float[Array, "blocks correlations simulations"]
    contribution: Float[Array, "blocks correlations simulations 2"]
    lag: Int[Array, "blocks correlations simulations 2"]


class SpikingSweep(NamedTuple):
    """Estimated effect of a spike on the cost, and that of spikes inserted at random."""

    naive: Float[Array, "correlations simulations 2"]
    means: Float[Array, "windows correlations simulations 2"]
    lines: Float[Array, "windows correlations simulations 2"]
    randomised: Float[Array, "correlations simulations 2"]


class ToggledSpikes(NamedTuple):
    """Sum over the counted blocks of what their spikes do to the cost, and how many there are."""

    change: Float[Array, "correlations simulations 2"]
    blocks: Float[Array, "correlations simulations 2"]


@explains_misuse
def simulate_spiking(
    correlations: Numbers,
    simulations: int,
    blocks: int,
    *,
    key: PRNGKeyArray,
    model: SpikingModel | None = None,
) -> SpikingBlocks:
    r"""Simulate two leaky integrate-and-fire neurons whose input noise is correlated.

    .. math:: v_{t+1} = v_t + \Delta\left[-\frac{v_t}{\tau} + w\,(\sqrt{c}\,\xi_{0t} +
        \sqrt{1-c}\,\xi_{jt})\right], \qquad \xi \sim \mathcal N(0, \sigma^2/\tau)

    A spike where v exceeds the threshold is followed by the reset, where v stays for the
    refractory time; v never falls below the reset. The drive u starts each block at v and follows
    the same equation without spikes, so that its maximum tells how close a block without a spike
    came to one (Lansdell and Kording 2023, the variant with the drive instead of the voltage). The
    cost at the end of a block depends on both neurons' spikes through an exponential filter, here
    untruncated. All correlations share one noise, and all simulations run in one compiled loop.

    Args:
        correlations: c of the noise, each in [0, 1].
        simulations: Number of independent simulations of each.
        blocks: Length of each in blocks of ``model.block_steps`` steps (50 ms).
        key: Random key.
        model: Settings; those of the paper's code if omitted.

    Returns:
        What an observer records of each block.

    Raises:
        ValueError: If a correlation is no probability or a count is below 1.

    Examples:
        >>> seen = simulate_spiking([0.5], 2, 3, key=jax.random.key(0))
        >>> seen.drive.shape, seen.cost.shape
        ((3, 1, 2, 2), (3, 1, 2))
    """
    check_probability("correlations", correlations)
    check_count("simulations", simulations, minimum=1)
    check_count("blocks", blocks, minimum=1)
    shared = jnp.ravel(jnp.asarray(correlations, float))
    return _simulate(shared, key, int(simulations), int(blocks), model or SpikingModel())


@partial(jax.jit, static_argnames=("simulations", "blocks", "model"))
def _simulate(shared, key, simulations, blocks, model):
    shape = (len(shared), simulations, 2)
    together = jnp.sqrt(shared)[:, None, None]
    alone = jnp.sqrt(1 - shared)[:, None, None]
    decay = np.exp(-model.step / model.synaptic)
    scale = model.step * model.input_weight * model.noise_sd / np.sqrt(model.membrane)

    def advance(state, noise):
        v, u, rest, filtered, own, peak, lag, spiked = state
        kick = scale * (together * noise[:, :1] + alone * noise[:, 1:])
        change = kick - model.step / model.membrane * v
        v, u = v + change, u + change
        spike = v > model.threshold
        lag = jnp.where(u > peak, 0, lag + 1)
        peak = jnp.maximum(peak, u)
        rest = jnp.where(spike, model.refractory_steps, rest)
        v = jnp.where(rest > 0, model.reset, jnp.maximum(v, model.reset))
        u = jnp.maximum(u, model.reset)
        filtered, own = (decay * trace + (1 - decay) * spike for trace in (filtered, own))
        rest = jnp.maximum(rest - 1, 0)
        return (v, u, rest, filtered, own, peak, lag, spiked | spike), None

    def block(carry, key):
        v, rest, filtered = carry
        noise = jax.random.normal(key, (model.block_steps, simulations, 3))
        fresh = jnp.zeros(shape), jnp.full(shape, -jnp.inf), jnp.zeros(shape, jnp.int32)
        start = v, v, rest, filtered, *fresh, jnp.zeros(shape, bool)
        state, _ = jax.lax.scan(advance, start, noise)
        v, _, rest, filtered, own, peak, lag, spiked = state
        cost = (filtered @ jnp.asarray(model.weights) - model.target) ** 2
        seen = peak, spiked.astype(peak.dtype), filtered, cost, own, lag
        return (v, rest, filtered), seen

    start = jnp.zeros(shape), jnp.zeros(shape, jnp.int32), jnp.zeros(shape)
    _, seen = jax.lax.scan(block, start, jax.random.split(key, blocks))
    return SpikingBlocks(*seen)


@explains_misuse
def spiking_effects(
    seen: SpikingBlocks, windows: Numbers, *, model: SpikingModel | None = None
) -> SpikingSweep:
    r"""Estimate each neuron's effect on the cost at every window, by means and by lines.

    One truth to compare with is what spikes at random would do: a spike at a uniformly chosen
    step of half of the blocks, the other neuron left as it is (another is that of
    :func:`toggled_spikes`, for spikes that come when the neuron fires). With the filter
    :math:`g_l = (1 - d) d^l`, blocks of L steps and bars for means over one block it is

    .. math:: \alpha_j^2\left(\overline{g^2} + 2 \bar g \cdot \tfrac12
        \sum_{k \ge 1} d^{kL} \bar g\right) + 2 \alpha_j \bar g\, E[\alpha_i s_i - y]

    Args:
        seen: Blocks of :func:`simulate_spiking`.
        windows: Largest distances of the drive from the threshold, each positive.
        model: The settings that ``seen`` came from.

    Returns:
        Estimates of each simulation; NaN where a window holds too few blocks.

    Raises:
        ValueError: If a window is not positive.

    Examples:
        >>> seen = simulate_spiking([0.5], 2, 40, key=jax.random.key(0))
        >>> spiking_effects(seen, [0.5, 1.0]).means.shape
        (2, 1, 2, 2)
    """
    check_number("windows", windows)
    if np.any(np.asarray(windows) <= 0):
        raise ValueError("windows must be positive.")
    return _effects(seen, jnp.ravel(jnp.asarray(windows, float)), model or SpikingModel())


@partial(jax.jit, static_argnames="model")
def _effects(seen, windows, model):
    distance = jnp.moveaxis(seen.drive, 0, -1) - model.threshold
    cost = jnp.moveaxis(seen.cost, 0, -1)[..., None, :]

    def jump(window, order):
        near = jnp.abs(distance) < window
        above, below = (
            fit_at_threshold(distance, cost, (near & side).astype(cost.dtype), order)
            for side in (distance > 0, distance <= 0)
        )
        enough = jnp.minimum(above.count, below.count) >= 2 + order
        return jnp.where(enough, above.value - below.value, jnp.nan)

    means, lines = (jax.lax.map(lambda w, k=k: jump(w, k), windows) for k in (0, 1))
    decay, steps = np.exp(-model.step / model.synaptic), model.block_steps
    mean = (1 - decay**steps) / steps
    square = (1 - decay) ** 2 * (1 - decay ** (2 * steps)) / ((1 - decay**2) * steps)
    earlier = mean * decay**steps / (1 - decay**steps) / 2
    weights = jnp.asarray(model.weights)
    other = (weights * seen.filtered.mean(axis=0))[..., ::-1] - model.target
    randomised = weights**2 * (square + 2 * mean * earlier) + 2 * weights * mean * other
    return SpikingSweep(jump(jnp.inf, 0), means, lines, randomised)


@explains_misuse
def toggled_spikes(
    seen: SpikingBlocks, window: float, *, model: SpikingModel | None = None
) -> ToggledSpikes:
    r"""Add up what a spike does to the cost in blocks near the threshold, all else as it was.

    .. math:: \Delta = C(s_j = f_j + g_j) - C(s_j = f_j)

    with :math:`f_j` what spikes before the block leave of the filtered spikes. Where the neuron
    spiked, :math:`g_j` is what its spikes of the block add; where it was silent, it is
    :math:`(1 - d) d^l` for a spike l steps before the end of the block, where the drive was
    largest. This is the effect that estimates at the threshold are after (Lansdell and Kording
    2023), computed from what no experiment can do: the same block with and without the spike.

    Args:
        seen: Blocks of :func:`simulate_spiking`.
        window: Largest distance of the drive from the threshold, positive.
        model: The settings that ``seen`` came from.

    Returns:
        Sums and numbers of blocks of each simulation, so that means can be taken over any of them.

    Raises:
        ValueError: If the window is not positive.

    Examples:
        >>> seen = simulate_spiking([0.5], 2, 40, key=jax.random.key(0))
        >>> toggled_spikes(seen, 0.5).change.shape
        (1, 2, 2)
    """
    check_number("window", window)
    if not np.all(np.asarray(window) > 0):
        raise ValueError(f"window must be positive, got {window}.")
    return _toggle(seen, float(window), model or SpikingModel())


@partial(jax.jit, static_argnames="model")
def _toggle(seen, window, model):
    weights, decay = jnp.asarray(model.weights), np.exp(-model.step / model.synaptic)
    inserted = (1 - decay) * decay**seen.lag
    gain = jnp.where(seen.spiked > 0, seen.contribution, inserted)
    without = seen.filtered - seen.contribution
    # (w_j (f + g) + rest)^2 - (w_j f + rest)^2, factored: no difference of large squares.
    other = (weights * seen.filtered).sum(-1, keepdims=True) - weights * seen.filtered
    change = weights * gain * (weights * (2 * without + gain) + 2 * (other - model.target))
    near = jnp.abs(seen.drive - model.threshold) < window
    return ToggledSpikes(jnp.where(near, change, 0.0).sum(0), near.sum(0).astype(change.dtype))
