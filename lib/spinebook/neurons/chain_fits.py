"""Fits of all conductances of the published chains, and what they leave."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from spinebook.checks import check_count, check_number
from spinebook.neurons.fit import Fit, fit
from spinebook.neurons.neuron import Neuron
from spinebook.neurons.published_toy import (
    NOMINAL_MS_CM2,
    published_start,
    steps_per_sample,
    toy_densities,
)
from spinebook.neurons.simulate import simulate
from spinebook.neurons.voltage_loss import masked_voltage_loss
from spinebook.types import AnyArray

LEARNING_RATE_MS_CM2 = 0.5
"""Published rate of Adam: how far each conductance moves in the first step."""

# One object, because a fit is compiled anew for each.
_ADAM = optax.adam(LEARNING_RATE_MS_CM2)


def stand_in_degrees(nodes: int, hub: int, branch_points: tuple[int, ...] = ()) -> list[int]:
    """Return how many neighbours the nodes of a tree with one hub have.

    Args:
        nodes: Number of nodes.
        hub: Neighbours of the hub.
        branch_points: Neighbours of the other nodes that have three or more.

    Returns:
        Degrees for :func:`spinebook.neurons.hub_tree.hub_tree`, falling; what is neither hub,
        branch point nor end has two neighbours.

    Raises:
        ValueError: If there are too few nodes for the ends.

    Examples:
        >>> stand_in_degrees(6, 3)
        [3, 2, 2, 1, 1, 1]
    """
    check_count("nodes", nodes, minimum=2)
    check_count("hub and branch points", np.array([hub, *branch_points]), minimum=2)
    branched = sorted([hub, *branch_points], reverse=True)
    ends = 2 + sum(degree - 2 for degree in branched)
    passed = nodes - len(branched) - ends
    if passed < 0:
        raise ValueError(
            f"a tree with these branch points has {ends} ends and needs "
            f"{ends + len(branched)} nodes, got {nodes}."
        )
    return branched + [2] * passed + [1] * ends


def chain_voltages(
    neuron: Neuron,
    conductances_mS_cm2: Float[AnyArray, "2 nodes *#cells"],
    samples_uA_cm2: Float[AnyArray, "samples nodes *#cells"],
    *,
    dt_ms: float,
) -> Float[Array, "records nodes ..."]:
    """Simulate the published model from its published start, all nodes stimulated and recorded.

    Args:
        neuron: :func:`spinebook.neurons.published_toy.toy_neuron`.
        conductances_mS_cm2: Sodium and potassium of each node.
        samples_uA_cm2: Currents in samples of 0.1 ms
            (:func:`spinebook.neurons.published_toy.published_stimuli` with a step of 0.1).
        dt_ms: Step of the simulation; must divide 0.1.

    Returns:
        Voltages at the start and after each sample, mV.

    Raises:
        ValueError: If ``dt_ms`` does not divide 0.1, or shapes do not belong together.

    Examples:
        >>> from spinebook.neurons.published_toy import toy_neuron
        >>> neuron = toy_neuron([-1, 0], 0.5)
        >>> g = np.broadcast_to(NOMINAL_MS_CM2[:, None, None], (2, 2, 1))
        >>> chain_voltages(neuron, g, np.zeros((5, 2, 3)), dt_ms=0.1).shape
        (6, 2, 3)
    """
    # As arrays of JAX, whose precision is that of the moment: a compiled program takes float64
    # arrays of NumPy for those of the other setting.
    arguments = jax.tree.map(jnp.asarray, (neuron, conductances_mS_cm2, samples_uA_cm2))
    return _voltages(*arguments, dt_ms=dt_ms)


@partial(jax.jit, static_argnames="dt_ms")
def _voltages(neuron: Neuron, conductances: Array, samples: Array, *, dt_ms: float) -> Array:
    nodes, per_sample = np.arange(neuron.n_nodes), steps_per_sample(dt_ms)
    return simulate(
        neuron,
        toy_densities(conductances),
        jnp.repeat(samples, per_sample, axis=0),
        sites=nodes,
        record=nodes,
        dt_ms=dt_ms,
        initial=published_start(neuron),
        record_every=per_sample,
    ).v_mV


def chain_losses(
    neuron: Neuron,
    conductances_mS_cm2: Float[AnyArray, "2 nodes *#fits one"],
    samples_uA_cm2: Float[AnyArray, "samples nodes *#fits stimuli"],
    target_mV: Float[AnyArray, "records nodes *#fits stimuli"],
    *,
    dt_ms: float,
) -> Float[Array, "..."]:
    """Return the published loss of conductances, all nodes recorded.

    Args:
        neuron: The model, which may be another one than that of the targets.
        conductances_mS_cm2: Sodium and potassium of each node.
        samples_uA_cm2: Currents in samples of 0.1 ms; 0 where a node is not stimulated.
        target_mV: Voltages that :func:`chain_voltages` returned.
        dt_ms: Step of the simulation; must divide 0.1.

    Returns:
        One loss for each fit, mV2.

    Raises:
        ValueError: If ``dt_ms`` does not divide 0.1, or shapes do not belong together.

    Examples:
        >>> from spinebook.neurons.published_toy import toy_neuron
        >>> neuron, currents = toy_neuron([-1, 0], 0.5), np.zeros((5, 2, 3))
        >>> g = np.broadcast_to(NOMINAL_MS_CM2[:, None, None], (2, 2, 1))
        >>> target = chain_voltages(neuron, g, currents, dt_ms=0.1)
        >>> float(chain_losses(neuron, g, currents, target, dt_ms=0.1))
        0.0
    """
    per_sample = steps_per_sample(dt_ms)
    return masked_voltage_loss(
        neuron, toy_densities(conductances_mS_cm2), jnp.repeat(samples_uA_cm2, per_sample, axis=0),
        target_mV, sites=np.arange(neuron.n_nodes), dt_ms=dt_ms, record_every=per_sample,
        initial=published_start(neuron),
    )  # fmt: skip


def fit_chain(
    neuron: Neuron,
    samples_uA_cm2: Float[AnyArray, "samples nodes *#fits stimuli"],
    target_mV: Float[AnyArray, "records nodes *#fits stimuli"],
    *,
    steps: int,
    dt_ms: float,
    label: str | None = None,
) -> Fit:
    """Fit sodium and potassium of every node as published: by Adam, from nominal values.

    Args:
        neuron: The model that is fitted.
        samples_uA_cm2: Currents in samples of 0.1 ms; 0 where a node is not stimulated.
        target_mV: Voltages that are to be matched, of all nodes.
        steps: Steps of Adam, at least 1.
        dt_ms: Step of the simulation; must divide 0.1.
        label: What to call the fit when it tells how far it is.

    Returns:
        A :class:`spinebook.neurons.Fit`; ``measured`` are the conductances
        (steps + 1, 2, nodes and fits) after each step, in mS/cm2.

    Raises:
        ValueError: If an argument is out of range or shapes do not belong together.

    Examples:
        >>> from spinebook.neurons.published_toy import published_targets, toy_neuron
        >>> neuron, currents = toy_neuron([-1, 0], 0.5), np.full((10, 2, 1, 2), 9.0)
        >>> g = published_targets(20230619, 2)[..., None, None]
        >>> target = chain_voltages(neuron, g, currents, dt_ms=0.1)
        >>> run = fit_chain(neuron, currents, target, steps=20, dt_ms=0.1)
        >>> run.measured.shape, bool(run.losses[-1] < run.losses[0])
        ((21, 2, 2, 1), True)
    """
    fits = np.shape(target_mV)[2:-1]
    nominal = np.asarray(NOMINAL_MS_CM2, np.float32).reshape(2, *(1,) * (len(fits) + 2))

    def loss(conductances: Array) -> Array:
        return chain_losses(neuron, conductances, samples_uA_cm2, target_mV, dt_ms=dt_ms)

    return fit(
        loss,
        np.broadcast_to(nominal, (2, neuron.n_nodes, *fits, 1)),
        steps=steps,
        optimiser=_ADAM,
        measure=lambda conductances: conductances[..., 0],
        label=label,
    )


def pooled_reduction(before: Float[AnyArray, "*axes"], after: Float[AnyArray, "..."]) -> float:
    r"""Return by what share errors have become smaller, all of them taken together.

    .. math:: 1 - \sum_i e'_i \Big/ \sum_i e_i

    Errors that were small at the start do not weigh as much as they would in a mean of ratios.

    Args:
        before: e, errors before, at least 0, with a positive sum.
        after: e', errors after, in the same shape.

    Returns:
        1 if no error is left, 0 if there is as much as before, negative if there is more.

    Raises:
        ValueError: If there was no error before, or shapes differ.

    Examples:
        >>> pooled_reduction(np.array([4.0, 1.0]), np.array([1.0, 1.5]))
        0.5
    """
    for name, errors in (("before", before), ("after", after)):
        check_number(name, errors)
    if np.shape(before) != np.shape(after):
        raise ValueError(
            f"before and after differ in shape: {np.shape(before)}, {np.shape(after)}."
        )
    total = float(np.sum(before))
    if total <= 0:
        raise ValueError(f"errors before must have a positive sum, got {total:g}.")
    return 1 - float(np.sum(after)) / total
