"""Networks of the two-stimulus task before and after training."""

from __future__ import annotations

from functools import cache
from os import PathLike
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.mediation.network_model import (
    NetworkNoise,
    NetworkTask,
    NetworkWeights,
    decision_drive,
    draw_noise,
    report,
)
from spinebook.training import Recipe, train
from spinebook.types import AnyArray

# Set with the noises of the task, by the same numbers.
BATCH = 100
RATE = 0.01
WEIGHT_COST = 0.1


class DecisionNetworks(NamedTuple):
    """Networks, the coupling of their units to the common fluctuation, and their training loss."""

    weights: NetworkWeights
    coupling: Float[np.ndarray, "networks units"]
    loss: Float[np.ndarray, " networks"]

    def network(self, number: int) -> tuple[NetworkWeights, Float[np.ndarray, " units"]]:
        """Return the weights and couplings of one network."""
        weights: NetworkWeights = jax.tree.map(lambda leaf: leaf[number], self.weights)
        return weights, self.coupling[number]


def draw_weights(task: NetworkTask, networks: int, *, key: PRNGKeyArray) -> NetworkWeights:
    r"""Draw untrained networks: Gaussian weights, no biases.

    Recurrent weights have variance :math:`g^2/N` with g = 2, half of what a network of logistic
    rates (slope 1/4) needs to keep its activity by itself; input weights have a standard deviation
    of 0.5 and read-out weights of :math:`1/\sqrt N`.

    Args:
        task: Sizes.
        networks: Number of networks, at least 1.
        key: Random key.

    Returns:
        Their weights, networks first.

    Raises:
        ValueError: If there is no network.

    Examples:
        >>> draw_weights(NetworkTask(units=3), 2, key=jax.random.key(0)).recurrent.shape
        (2, 3, 3)
    """
    check_count("networks", networks, minimum=1)
    into, among, out = jax.random.split(key, 3)
    size, scale = (networks, task.units), task.units**-0.5
    return NetworkWeights(
        0.5 * jax.random.normal(into, size),
        2 * scale * jax.random.normal(among, (*size, task.units)),
        jnp.zeros(size),
        scale * jax.random.normal(out, size),
        jnp.zeros(networks),
    )


def train_networks(
    task: NetworkTask,
    networks: int,
    *,
    key: PRNGKeyArray,
    steps: int = 400,
    label: str | None = None,
    checkpoint: str | PathLike[str] | None = None,
) -> DecisionNetworks:
    r"""Train networks to report the stimulus, all of them in one compiled program.

    .. math:: \ell = \overline{(y - x)^2}
        + \frac{0.1}{N} \Big(\sum_i w_i^2 + \sum_{ij} W_{ij}^2\Big)

    by Adam with rate 0.01 on 100 new trials a step. The cost of synapses keeps units from shouting
    down their private noise. A spike is not differentiable; the backward pass takes the slope of
    the rate in its place (a surrogate gradient: Neftci et al. 2019). Couplings are uniform
    between 0 and 2. Every network has first weights, couplings and trials of its own.

    Args:
        task: Sizes and noises.
        networks: Number of networks, at least 1.
        key: Random key.
        steps: Training steps, at least 1.
        label: What to call the training when it tells how far it is.
        checkpoint: Folder to keep the state in.

    Returns:
        The trained networks.

    Raises:
        ValueError: If a count is below 1.

    Examples:
        >>> trained = train_networks(NetworkTask(units=2), 1, key=jax.random.key(0), steps=1)
        >>> trained.coupling.shape
        (1, 2)
    """
    check_count("networks", networks, minimum=1)
    first, among, stream = jax.random.split(key, 3)
    coupling = jax.random.uniform(among, (networks, task.units), maxval=2.0)
    start = draw_weights(task, networks, key=first)
    trained = train(
        _recipe(task),
        start,
        key=stream,
        steps=steps,
        own=coupling,
        label=label,
        checkpoint=checkpoint,
    )
    return DecisionNetworks(trained.parameters, np.asarray(coupling), trained.loss[:, -1])


@cache
def _recipe(task: NetworkTask) -> Recipe:
    """Return the recipe of a task, always the same object, so that it is compiled once."""

    def draw(key: PRNGKeyArray, _: None, coupling: Array) -> tuple[Array, NetworkNoise]:
        for_stimulus, for_noise = jax.random.split(key)
        stimulus = 2.0 * jax.random.bernoulli(for_stimulus, shape=(BATCH,)) - 1.0
        return stimulus, draw_noise(task, coupling, BATCH, key=for_noise)

    def loss(weights: NetworkWeights, batch: tuple[Array, NetworkNoise]) -> Float[Array, ""]:
        stimulus, noise = batch
        spikes = _surrogate_spikes(decision_drive(weights, stimulus, noise))
        error = jnp.mean((report(weights, spikes, noise) - stimulus) ** 2)
        synapses = jnp.sum(weights.input**2) + jnp.sum(weights.recurrent**2)
        return error + WEIGHT_COST * synapses / task.units

    return Recipe(draw=draw, loss=loss, optimiser=optax.adam(RATE))


def _surrogate_spikes(drive: Float[AnyArray, "trials units"]) -> Float[Array, "trials units"]:
    rate = jax.nn.sigmoid(drive)
    return rate + jax.lax.stop_gradient((drive > 0) - rate)
