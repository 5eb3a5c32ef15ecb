"""Pre-train a network, fine-tune it in a chosen geometry, and keep the weights of both moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from spinebook.checks import check_count, check_number, check_real
from spinebook.geometry.networks import Network, Parameters
from spinebook.geometry.potentials import PNorm, Potential
from spinebook.geometry.tuning_recipe import (
    begin,
    check_images,
    check_start,
    flat,
    shaped,
    tuning_recipe,
)
from spinebook.misuse import explains_misuse
from spinebook.training import Recipe, Trained, train
from spinebook.types import AnyArray


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


@explains_misuse
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
        together: seeds trained side by side, as in :func:`spinebook.training.train`.

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
    check_number("rate", rate)
    if len(images) != len(labels) or len(images) <= held_out:
        raise ValueError(
            f"expected one label an image and more than {held_out} images, got {len(images)} "
            f"images and {len(labels)} labels"
        )
    check_images(network, images)
    vectors, order = begin(network, len(images), jax.random.split(key, seeds))
    runs = {"rows": order[:, held_out:], "judged": order[:, :held_out]}
    recipe, which = tuning_recipe(network, potential, steps, batch)
    batch_key = jax.random.fold_in(key, seeds)
    end = _descend(recipe, vectors, runs, which, rate, images, labels, steps, together, batch_key)
    parameters = shaped(network, end.parameters)
    return Pretrained(parameters, np.asarray(runs["judged"]), end.recorded["accuracy"][:, -1])


@explains_misuse
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
    check_real("rates", rates)
    if len(rates) == 0 or list(rates) != sorted(set(rates)) or rates[0] <= 0:
        raise ValueError(f"rates must be one or more rising positive numbers, got {rates}")
    if choice not in ("gentlest", "lowest loss"):
        raise ValueError(f"choice must be 'gentlest' or 'lowest loss', got {choice!r}")
    seeds, examples = np.shape(start.subset)
    check_start(network, start.parameters)
    check_images(network, images)
    recipe, which = tuning_recipe(network, potential, steps, None)
    vectors = flat(network, start.parameters)
    rows = jnp.asarray(start.subset)
    runs, unused = {"rows": rows, "judged": rows}, jax.random.key(0)
    kept: _Ends | None = None
    for rate in rates:
        end = _descend(recipe, vectors, runs, which, rate, images, labels, steps, together, unused)
        ends = _ends(network, end, rate)
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


def _ends(network: Network, end: Trained, rate: float) -> _Ends:
    """Return where training ended; a run that diverged has an infinite loss."""
    loss = np.where(end.diverged, np.inf, end.recorded["loss"][:, -1])
    # A diverged run's outputs are all alike, and their place of the maximum is no answer.
    accuracy = np.nan_to_num(end.recorded["accuracy"][:, -1])
    rates = np.full(len(loss), rate, np.float32)
    return _Ends(shaped(network, end.parameters), loss, accuracy, rates)


def _descend(
    recipe: Recipe,
    start: Float[AnyArray, "seeds n"],
    runs: dict[str, Int[Array, "seeds _"]],
    which: int,
    rate: float,
    images: Float[AnyArray, "images ..."],
    labels: Int[AnyArray, " images"],
    steps: int,
    together: int | None,
    key: PRNGKeyArray,
) -> Trained:
    seeds = len(start)
    own = runs | {"which": jnp.full(seeds, which), "rate": jnp.full(seeds, rate, jnp.float32)}
    data = {"images": images, "labels": labels}
    return train(recipe, start, key=key, steps=steps, shared=data, own=own, together=together)
