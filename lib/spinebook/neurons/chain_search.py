"""Gradient descent and searches without gradients on one loss, at equal cost."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.neurons.chain_fits import chain_losses, fit_chain
from spinebook.neurons.neuron import Neuron
from spinebook.neurons.published_toy import NOMINAL_MS_CM2
from spinebook.neurons.search import Search, cma_search, random_search
from spinebook.types import AnyArray


class Race(NamedTuple):
    """How far each method got; all have spent as many simulations, and all began at nominal.

    Attributes:
        names: Methods, gradient descent first.
        spent: Simulations after each record of each method.
        losses: Lowest loss so far of each method, (records, targets), mV2; the first is that of
            the start.
        conductances: Those of the lowest loss, (2, nodes, targets) for each method, mS/cm2.
    """

    names: tuple[str, ...]
    spent: tuple[np.ndarray, ...]
    losses: tuple[np.ndarray, ...]
    conductances: tuple[np.ndarray, ...]


def race(
    neuron: Neuron,
    samples_uA_cm2: Float[AnyArray, "samples nodes targets stimuli"],
    target_mV: Float[AnyArray, "records nodes targets stimuli"],
    *,
    steps: int,
    gradient_cost: int,
    spread: float,
    dt_ms: float,
    key: PRNGKeyArray,
    label: str | None = None,
) -> Race:
    """Let Adam, CMA-ES, separable CMA-ES and random search fit the conductances of a chain.

    Each rival may simulate the loss ``steps * gradient_cost`` times for each target. The two
    evolution strategies begin at nominal values with the standard deviation of the targets; random
    search draws from the targets' own law. The start is known to all and costs nothing.

    Args:
        neuron: Model and origin of the targets.
        samples_uA_cm2: Currents in samples of 0.1 ms.
        target_mV: Voltages of all nodes.
        steps: Steps of Adam.
        gradient_cost: Simulations that one step of Adam counts as.
        spread: Half the width of the uniform law of the targets, as a share of nominal.
        dt_ms: Step of the simulation; must divide 0.1.
        key: Random key of the rivals.
        label: What to call Adam's fit when it tells how far it is.

    Returns:
        A :class:`Race`.

    Raises:
        ValueError: If an argument is out of range or shapes do not belong together.

    Examples:
        >>> from spinebook.neurons.chain_fits import chain_voltages
        >>> from spinebook.neurons.published_toy import published_targets, toy_neuron
        >>> neuron, currents = toy_neuron([-1], 0.5), np.full((10, 1, 1, 1), 9.0)
        >>> g = published_targets(20230619, 1)[..., None, None]
        >>> target = chain_voltages(neuron, g, currents, dt_ms=0.1)
        >>> found = race(neuron, currents, target, steps=4, gradient_cost=5, spread=0.3,
        ...              dt_ms=0.1, key=jax.random.key(0))
        >>> [int(spent[-1]) for spent in found.spent]  # whole populations of six
        [20, 18, 18, 18]
    """
    check_count("gradient_cost", gradient_cost, minimum=1)
    check_number("spread", spread)
    if not 0 < spread < 1:
        raise ValueError(f"spread must lie between 0 and 1, got {spread}.")
    nodes, targets = neuron.n_nodes, np.shape(target_mV)[2]
    start = np.tile(np.repeat(NOMINAL_MS_CM2, nodes), (targets, 1))
    evaluations = steps * gradient_cost
    tasks = tuple(jnp.asarray(data)[..., None, :] for data in (samples_uA_cm2, target_mV))
    losses_of = partial(_population_losses, jax.tree.map(jnp.asarray, neuron), tasks, dt_ms=dt_ms)
    for_full, for_separable, for_random = jax.random.split(key, 3)
    strategy = partial(
        cma_search, losses_of, start, scale=spread / 3**0.5 * start, evaluations=evaluations
    )
    searches = (
        strategy(key=for_full),
        strategy(key=for_separable, separable=True),
        random_search(
            losses_of, (1 - spread) * start, (1 + spread) * start, evaluations=evaluations,
            key=for_random,
        ),
    )  # fmt: skip
    descent = fit_chain(neuron, samples_uA_cm2, target_mV, steps=steps, dt_ms=dt_ms, label=label)
    lowest = np.nanargmin(descent.losses, axis=0)
    records = [np.fmin.accumulate(descent.losses, axis=0)]
    spent = [gradient_cost * np.arange(steps + 1)]
    found = [np.moveaxis(descent.measured[lowest, :, :, np.arange(targets)], 0, -1)]
    for search in searches:
        record, conductances = _with_start(search, descent.losses[0], start, nodes)
        records.append(record)
        spent.append(np.concatenate([[0], search.evaluations]))
        found.append(conductances)
    names = ("Adam", "CMA-ES", "separable CMA-ES", "random search")
    return Race(names, tuple(spent), tuple(records), tuple(found))


def _with_start(
    search: Search, start_loss: np.ndarray, start: np.ndarray, nodes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Put the start before what a search has tried."""
    record = np.minimum(np.concatenate([start_loss[None], search.losses]), start_loss)
    better = (search.loss < start_loss)[:, None]
    parameters = np.where(better, search.parameters, start)
    return record, np.moveaxis(parameters.reshape(-1, 2, nodes), 0, -1)


@partial(jax.jit, static_argnames="dt_ms")
def _population_losses(
    neuron: Neuron, tasks: tuple[Array, Array], candidates: Array, *, dt_ms: float
) -> Array:
    """Return the losses of candidates (targets, population, parameters)."""
    shape = (*candidates.shape[:-1], 2, neuron.n_nodes)
    conductances = jnp.moveaxis(candidates.reshape(shape), (-2, -1), (0, 1))[..., None]
    return chain_losses(neuron, conductances, *tasks, dt_ms=dt_ms)
