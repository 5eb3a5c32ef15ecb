"""Fits of the published chains: many targets under many conditions, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.neurons.fit import fit
from spinebook.neurons.neuron import Neuron, State
from spinebook.neurons.published_toy import (
    NOMINAL_MS_CM2,
    published_stimuli,
    steps_per_sample,
    toy_densities,
)
from spinebook.neurons.simulate import simulate
from spinebook.neurons.voltage_loss import masked_voltage_loss
from spinebook.types import AnyArray


class Toy(NamedTuple):
    """Targets with their stimuli, and the neuron that is fitted to them.

    Attributes:
        neuron: The neuron.
        initial: State or voltage (mV) that every run starts from.
        truths: Sodium and potassium conductances of the targets, mS/cm2.
        currents: Currents into every compartment before any is left out, uA/cm2.
        dt_ms: Step of the simulation; must divide 0.1.
    """

    neuron: Neuron
    initial: float | State
    truths: Float[np.ndarray, "2 nodes targets"]
    currents: Float[AnyArray, "steps nodes targets stimuli"]
    dt_ms: float


class Condition(NamedTuple):
    """What one group of fits, one for each target, has to go by.

    Attributes:
        stimulated: Compartments whose currents are kept.
        recorded: Compartments that enter the loss.
        start: Conductances before any step, mS/cm2; broadcasts with the truths.
        steps: Steps of Adam.
        rate: Its rate, mS/cm2.
        fade: Whether the rate falls to 0 along half a cosine.
        noise_mV: What is added to the voltages of the targets.
    """

    stimulated: Bool[np.ndarray, " nodes"]
    recorded: Bool[np.ndarray, " nodes"]
    start: Float[np.ndarray, "2 #nodes #targets"] = NOMINAL_MS_CM2[:, None, None]
    steps: int = 200
    rate: float = 0.5
    fade: bool = False
    noise_mV: Float[AnyArray, "samples nodes targets stimuli"] | float = 0.0


class ToyFit(NamedTuple):
    """The way of one group of fits.

    Attributes:
        conductances: After 0, 1, ... steps, mS/cm2.
        losses: Loss after as many steps, mV2, against targets with their noise.
        stored: Published error: mean distance from the truth over compartments, mS/cm2.
        relative: Root mean square distance over all conductances in units of nominal.
    """

    conductances: Float[np.ndarray, "records 2 nodes targets"]
    losses: Float[np.ndarray, "records targets"]
    stored: Float[np.ndarray, "records 2 targets"]
    relative: Float[np.ndarray, "records targets"]


@partial(jax.jit, static_argnames=("targets", "stimuli", "nodes", "dt_ms"))
def draw_stimuli(
    key: PRNGKeyArray, *, targets: int, stimuli: int, nodes: int, dt_ms: float
) -> Float[Array, "steps nodes targets stimuli"]:
    """Draw currents by the published law, from a key of its own for each target.

    Args:
        key: Random key; target i gets ``jax.random.fold_in(key, i)``, so that more targets leave
            the first ones as they are.
        targets: Number of targets.
        stimuli: Stimuli of each.
        nodes: Number of compartments.
        dt_ms: Step of the simulation.

    Returns:
        Currents, uA/cm2 (:func:`spinebook.neurons.published_toy.published_stimuli`).

    Examples:
        >>> draw_stimuli(jax.random.key(0), targets=2, stimuli=3, nodes=6, dt_ms=0.1).shape
        (50, 6, 2, 3)
    """
    keys = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(targets))
    draw = partial(published_stimuli, stimuli=stimuli, nodes=nodes, dt_ms=dt_ms)
    return jax.vmap(draw, out_axes=2)(keys)


def recorded_voltages(
    toy: Toy,
    conductances_mS_cm2: Float[AnyArray, "2 nodes *#cells"],
    currents: Float[AnyArray, "steps nodes *#cells"],
) -> Float[Array, "samples nodes ..."]:
    """Simulate and read every compartment at the start and each 0.1 ms.

    Args:
        toy: Neuron, start and step.
        conductances_mS_cm2: Sodium and potassium.
        currents: Currents into every compartment, uA/cm2.

    Returns:
        Voltages, mV.
    """
    arguments = toy.neuron, toy_densities(conductances_mS_cm2), currents
    return simulate(*arguments, record=range(toy.neuron.n_nodes), **_protocol(toy)).v_mV


def _protocol(toy: Toy) -> dict[str, Any]:
    """Return how the toy is simulated: all of it stimulated, read every 0.1 ms."""
    return {
        "sites": range(toy.neuron.n_nodes),
        "dt_ms": toy.dt_ms,
        "initial": toy.initial,
        "record_every": steps_per_sample(toy.dt_ms),
        # States of all steps are kept, 24 floats a cell and step: a fifth faster than not.
        "checkpoint_steps": 1,
    }


def fit_conditions(
    toy: Toy, conditions: Mapping[str, Condition], *, label: str | None = None
) -> dict[str, ToyFit]:
    r"""Fit every target under every condition, side by side in as few programs as possible.

    The loss of one fit is the published one, over S stimuli, all N compartments and T samples,

    .. math:: \ell = \frac{1}{SNT} \sum_{s,i,t} r_i\,\big(\hat v_{sit} - v_{sit}\big)^2

    with r = 1 for recorded compartments and 0 for others. Parameters are the conductances
    themselves, unbounded, moved by Adam.

    Conditions with at most as many steps as the first one run along with it and are read after
    their own number of steps; longer ones run together by number of steps.

    Args:
        toy: Targets, stimuli and neuron.
        conditions: Conditions by name.
        label: What to call the fits when they tell how far they are.

    Returns:
        A :class:`ToyFit` for each condition.

    Raises:
        ValueError: If there are no conditions or steps are below 1.
    """
    if not conditions:
        raise ValueError("conditions are empty; pass at least one by name.")
    for name, condition in conditions.items():
        check_count(f"steps of {name}", condition.steps, minimum=1)
    shortest = next(iter(conditions.values())).steps
    length = {name: max(c.steps, shortest) for name, c in conditions.items()}
    found: dict[str, ToyFit] = {}
    for steps in sorted(set(length.values())):
        names = [name for name in conditions if length[name] == steps]
        found |= _fit_together(toy, {name: conditions[name] for name in names}, steps, label)
    return {name: found[name] for name in conditions}


def _fit_together(
    toy: Toy, conditions: Mapping[str, Condition], steps: int, label: str | None
) -> dict[str, ToyFit]:
    """Run conditions as cells, (conditions times targets, stimuli), of one program."""
    group, targets = list(conditions.values()), toy.truths.shape[-1]
    truths = np.concatenate([toy.truths] * len(group), axis=-1)
    start = np.concatenate([np.broadcast_to(c.start, toy.truths.shape) for c in group], axis=-1)
    currents = np.concatenate(
        [np.asarray(toy.currents) * c.stimulated[:, None, None] for c in group], axis=2
    )
    weights = np.repeat(np.stack([c.recorded for c in group], axis=-1), targets, axis=-1)
    recording = np.array(recorded_voltages(toy, truths[..., None].astype(currents.dtype), currents))
    for place, condition in enumerate(group):
        recording[1:, :, place * targets : (place + 1) * targets] += condition.noise_mV
    fixed = (currents, recording, weights.astype(currents.dtype)[..., None])
    stimuli, target, mask = jax.tree.map(jnp.asarray, fixed)

    def loss(conductances: Array) -> Array:
        densities = toy_densities(conductances)
        return masked_voltage_loss(
            toy.neuron, densities, stimuli, target, mask=mask, **_protocol(toy)
        )

    run = fit(
        loss,
        start[..., None].astype(currents.dtype),
        steps=steps,
        optimiser=optax.chain(
            optax.scale_by_adam(), optax.scale_by_schedule(_rates(group, targets))
        ),
        measure=lambda conductances: conductances[..., 0],
        label=label,
    )
    return {
        name: _way(
            run.measured[: condition.steps + 1, ..., place * targets : (place + 1) * targets],
            run.losses[: condition.steps + 1, place * targets : (place + 1) * targets],
            toy.truths,
        )
        for place, (name, condition) in enumerate(conditions.items())
    }


def _rates(group: list[Condition], targets: int) -> Callable[[Array], Array]:
    """Return minus the learning rate of each fit as a function of the step."""
    rate, fade, steps = (
        np.repeat([getattr(c, name) for c in group], targets)[:, None]
        for name in ("rate", "fade", "steps")
    )

    def rates(count: Array) -> Array:
        share = jnp.minimum(count / steps, 1.0)
        return jnp.where(fade, (1 + jnp.cos(jnp.pi * share)) / 2, 1.0) * -rate

    return rates


def _way(conductances: np.ndarray, losses: np.ndarray, truths: np.ndarray) -> ToyFit:
    distance = conductances - truths
    relative = np.sqrt(np.mean((distance / NOMINAL_MS_CM2[:, None, None]) ** 2, axis=(1, 2)))
    return ToyFit(conductances, losses, np.abs(distance).mean(axis=2), relative)
