"""Pre-train a network, fine-tune it in a chosen geometry, and keep the weights of both moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, Key, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.geometry.mirror_descent import mirror_descent
from spinebook.geometry.networks import Network, Parameters
from spinebook.geometry.one_of import OneOf
from spinebook.geometry.potentials import NegativeEntropy, PNorm, Potential
from spinebook.types import AnyArray, Numbers

_MOMENTUM = 0.9
_STUDIED = (NegativeEntropy(), PNorm(2.0), PNorm(3.0))


class Pretrained(NamedTuple):
    """Networks before fine-tuning, one row a seed, and the images each is to be tuned on.

    ``accuracy`` is the share of these unseen images that the network already classifies correctly.
    """

    parameters: Parameters
    subset: Int[AnyArray, "seeds examples"]
    accuracy: Float[AnyArray, " seeds"]


class FineTuned(NamedTuple):
    """Weights before and after fine-tuning, one row a seed, and how training went."""

    before: dict[str, Float[np.ndarray, "seeds n"]]
    after: dict[str, Float[np.ndarray, "seeds n"]]
    loss: Float[AnyArray, " seeds"]
    accuracy: Float[AnyArray, " seeds"]
    rate: Float[AnyArray, " seeds"]

    def pooled(self) -> tuple[Float[np.ndarray, "seeds n"], Float[np.ndarray, "seeds n"]]:
        """Return the analysed weights of all layers together, before and after."""
        return (
            np.concatenate(list(self.before.values()), axis=1),
            np.concatenate(list(self.after.values()), axis=1),
        )


def pretrain(
    network: Network,
    images: Float[AnyArray, "images ..."],
    labels: Int[AnyArray, " images"],
    seeds: int,
    *,
    held_out: int,
    steps: int,
    rate: float,
    batch: int,
    key: PRNGKeyArray,
    potential: Potential = PNorm(2.0),  # noqa: B008 - frozen, so one object for all calls is right
    together: int | None = None,
) -> Pretrained:
    """Train networks on minibatches of all images but a few, which are kept for fine-tuning.

    A seed draws the initial weights, the images held out and the minibatches. Every parameter,
    biases included, follows mirror descent with momentum 0.9 and a cosine learning rate. All seeds
    run in one compiled call.

    Args:
        network: what to train.
        images: float32 inputs of the network.
        labels: classes 0 to 9.
        seeds: number of networks, at least 1.
        held_out: images kept from this training, at least 1.
        steps: minibatch steps.
        rate: learning rate of the first step, in the units of ``potential``.
        batch: images in a minibatch.
        key: random key.
        potential: geometry of this training.
        together: seeds trained side by side; by default one after the other on a CPU, where one
            fills the cores, and all of them on a GPU.

    Returns:
        A :class:`Pretrained`.

    Raises:
        ValueError: counts below 1, too few images, or images and labels that differ in number.

    Examples:
        >>> from spinebook.geometry.networks import Perceptron
        >>> x, y = jnp.ones((20, 4)), jnp.zeros(20, int)
        >>> start = pretrain(
        ...     Perceptron(4, 3), x, y, 2, held_out=8, steps=5, rate=0.1, batch=4,
        ...     key=jax.random.key(0),
        ... )
        >>> start.parameters["first"].shape, start.subset.shape
        ((2, 4, 3), (2, 8))
    """
    for name, count in (("seeds", seeds), ("held_out", held_out), ("steps", steps)):
        check_count(name, count, minimum=1)
    check_count("batch", batch, minimum=1)
    if len(images) != len(labels) or len(images) <= held_out:
        raise ValueError(
            f"expected one label an image and more than {held_out} images, got {len(images)} "
            f"images and {len(labels)} labels"
        )
    shape = (held_out, steps, batch)
    data = jnp.asarray(images), jnp.asarray(labels), jnp.asarray(rate, jnp.float32)
    keys = jax.random.split(key, seeds)
    family, which = _family(potential)
    side = _side_by_side(together, seeds)
    result = _pretrain_all(network, family, shape, side, which, *data, keys)
    return jax.tree.map(np.asarray, result)


def fine_tune(
    network: Network,
    start: Pretrained,
    potential: Potential,
    images: Float[AnyArray, "images ..."],
    labels: Int[AnyArray, " images"],
    *,
    steps: int,
    rates: Sequence[float],
    choice: Literal["gentlest", "lowest loss"] = "gentlest",
    together: int | None = None,
) -> FineTuned:
    """Train networks further on their held-out images, all of them in every step.

    Momentum, schedule and parameters as in :func:`pretrain`. Rates are tried in rising order.

    Args:
        network: what to train.
        start: where each seed begins, and its images.
        potential: geometry of fine-tuning.
        images: the images that ``start`` was made with.
        labels: their classes.
        steps: full-batch steps.
        rates: learning rates to try, rising.
        choice: which rate to keep: the ``gentlest``, the smallest one that classifies all
            examples correctly (the lowest loss if none does), which keeps changes small, or
            the one with the ``lowest loss`` at the end, as in the public code of the paper.
        together: as in :func:`pretrain`.

    Returns:
        A :class:`FineTuned`; ``loss`` and ``accuracy`` are those of the images tuned on. A run that
        diverged has an infinite loss and is kept only if every rate diverged.

    Raises:
        ValueError: no steps, rates that do not rise, or an unknown choice.

    Examples:
        >>> from spinebook.geometry.networks import Perceptron
        >>> x, y, network = jnp.ones((20, 4)), jnp.zeros(20, int), Perceptron(4, 3)
        >>> start = pretrain(
        ...     network, x, y, 2, held_out=8, steps=5, rate=0.1, batch=4, key=jax.random.key(0)
        ... )
        >>> tuned = fine_tune(network, start, PNorm(2.0), x, y, steps=5, rates=(0.1,))
        >>> tuned.before["first"].shape
        (2, 12)
    """
    check_count("steps", steps, minimum=1)
    if len(rates) == 0 or list(rates) != sorted(set(rates)) or rates[0] <= 0:
        raise ValueError(f"rates must be one or more rising positive numbers, got {rates}")
    if choice not in ("gentlest", "lowest loss"):
        raise ValueError(f"choice must be 'gentlest' or 'lowest loss', got {choice!r}")
    seeds, examples = np.shape(start.subset)
    side = _side_by_side(together, seeds)
    data = jnp.asarray(images), jnp.asarray(labels), start.parameters, jnp.asarray(start.subset)
    family, which = _family(potential)
    kept: _Ends | None = None
    for rate in rates:
        at = jnp.asarray(rate, jnp.float32)
        ends = jax.tree.map(np.asarray, _tune_all(network, family, steps, side, which, *data, at))
        kept = ends if kept is None else _choose(kept, ends, choice, examples)
        if choice == "gentlest" and np.all(_fitted(kept, examples)):
            break  # a larger rate would not be kept by any seed
    assert kept is not None

    def analysed(parameters: Parameters) -> dict[str, Float[np.ndarray, "seeds n"]]:
        return {name: np.reshape(parameters[name], (seeds, -1)) for name in network.analysed}

    before, after = analysed(start.parameters), analysed(kept.parameters)
    return FineTuned(before, after, kept.loss, kept.accuracy, kept.rate)


class _Ends(NamedTuple):
    """Where fine-tuning at one rate ended, one row a seed."""

    parameters: Parameters
    loss: Float[AnyArray, " seeds"]
    accuracy: Float[AnyArray, " seeds"]
    rate: Float[AnyArray, " seeds"]


def _fitted(ends: _Ends, examples: int) -> np.ndarray:
    return np.asarray(ends.accuracy) > 1.0 - 0.5 / examples


def _choose(kept: _Ends, new: _Ends, choice: str, examples: int) -> _Ends:
    """Take the new end where the choice prefers it, seed by seed."""
    better = np.asarray(new.loss) < np.asarray(kept.loss)
    if choice == "gentlest":
        better = ~_fitted(kept, examples) & (_fitted(new, examples) | better)

    def pick(old, fresh):
        return np.where(better.reshape(-1, *[1] * (old.ndim - 1)), fresh, old)

    return jax.tree.map(pick, kept, new)


def _side_by_side(together: int | None, seeds: int) -> int:
    if together is not None:
        check_count("together", together, minimum=1)
        return together
    return 1 if jax.default_backend() == "cpu" else seeds


def _family(potential: Potential) -> tuple[tuple[Potential, ...], Int[Array, ""]]:
    """Return a family and the place of a potential in it: one program then serves them all."""
    family = _STUDIED if potential in _STUDIED else (potential,)
    return family, jnp.asarray(family.index(potential))


def _loss(network, parameters, x, y):
    logits = network(parameters, x)
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


def _accuracy(network, parameters, x, y):
    return jnp.mean(jnp.argmax(network(parameters, x), axis=-1) == y, dtype=jnp.float32)


def _descend(
    network: Network,
    potential: Potential,
    rate: Numbers,
    start: Parameters,
    batches: Int[Array, "steps batch"],
    images: Float[Array, "images ..."],
    labels: Int[Array, " images"],
) -> Parameters:
    decay = optax.cosine_decay_schedule(1.0, len(batches))
    optimiser = mirror_descent(lambda step: rate * decay(step), potential, _MOMENTUM)
    weights, shaped = ravel_pytree(start)  # one vector compiles faster than a leaf for each layer

    def loss(weights, rows):
        return _loss(network, shaped(weights), images[rows], labels[rows])

    def step(carry, rows):
        weights, state = carry
        updates, state = optimiser.update(jax.grad(loss)(weights, rows), state, weights)
        return (optax.apply_updates(weights, updates), state), None

    (end, _), _ = jax.lax.scan(step, (weights, optimiser.init(weights)), batches)
    return shaped(end)


@jax.jit(static_argnums=(0, 1, 2, 3))
def _pretrain_all(
    network: Network,
    family: tuple[Potential, ...],
    shape: tuple[int, int, int],
    together: int,
    which: Int[Array, ""],
    images: Float[Array, "images ..."],
    labels: Int[Array, " images"],
    rate: Float[Array, ""],
    keys: Key[Array, " seeds"],
) -> Pretrained:
    held_out, steps, batch = shape
    potential = OneOf(family, which)

    def one(key: PRNGKeyArray) -> Pretrained:
        init_key, subset_key, batch_key = jax.random.split(key, 3)
        order = jax.random.permutation(subset_key, images.shape[0])
        subset, rest = order[:held_out], order[held_out:]
        batches = rest[jax.random.randint(batch_key, (steps, batch), 0, rest.shape[0])]
        begin = network.init(key=init_key)
        end = _descend(network, potential, rate, begin, batches, images, labels)
        return Pretrained(end, subset, _accuracy(network, end, images[subset], labels[subset]))

    return jax.lax.map(one, keys, batch_size=together)


@jax.jit(static_argnums=(0, 1, 2, 3))
def _tune_all(
    network: Network,
    family: tuple[Potential, ...],
    steps: int,
    together: int,
    which: Int[Array, ""],
    images: Float[Array, "images ..."],
    labels: Int[Array, " images"],
    parameters: Parameters,
    subsets: Int[Array, "seeds examples"],
    rate: Float[Array, ""],
) -> _Ends:
    def one(seed: tuple[Parameters, Int[Array, " examples"]]) -> _Ends:
        begin, subset = seed
        x, y = images[subset], labels[subset]
        every = jnp.broadcast_to(jnp.arange(len(subset)), (steps, len(subset)))
        end = _descend(network, OneOf(family, which), rate, begin, every, x, y)
        loss = _loss(network, end, x, y)
        loss = jnp.where(jnp.isfinite(loss), loss, jnp.inf)
        return _Ends(end, loss, _accuracy(network, end, x, y), rate)

    return jax.lax.map(one, (parameters, subsets), batch_size=together)
