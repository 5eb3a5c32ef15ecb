"""Pre-train a network, fine-tune it in a chosen geometry, and keep the weights of both moments."""

from __future__ import annotations

import dataclasses
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, ArrayLike, Float, Int, Key, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.geometry.mirror_descent import mirror_descent
from spinebook.geometry.networks import Network, Parameters
from spinebook.geometry.potentials import PNorm, Potential
from spinebook.types import Numbers

_MOMENTUM = 0.9


@dataclasses.dataclass(frozen=True)
class FineTuningPlan:
    """How to train: sizes and step counts of :func:`fine_tune`.

    Args:
        examples: images of the fine-tuning subset, all in every step.
        pretraining_steps: minibatch steps on the other images.
        pretraining_rate: learning rate of these steps, in the units of ``pretraining``.
        batch: images in a minibatch.
        steps: full-batch fine-tuning steps.
        rates: learning rates to try, rising.
        choice: which rate to keep: the one with the ``lowest loss`` at the end, as in the public
            code of the paper, or the ``gentlest``, the smallest one that classifies all examples
            correctly (the lowest loss if none does), which keeps changes small.
        pretraining: geometry of pre-training.

    Raises:
        ValueError: counts below 1 or no rates.

    Examples:
        >>> FineTuningPlan(97, 500, 0.1, 64, 150, (0.1, 0.3)).pretraining
        PNorm(p=2.0)
    """

    examples: int
    pretraining_steps: int
    pretraining_rate: float
    batch: int
    steps: int
    rates: tuple[float, ...]
    choice: Literal["lowest loss", "gentlest"] = "lowest loss"
    pretraining: Potential = PNorm(2.0)  # noqa: RUF009 - a frozen dataclass is no mutable default

    def __post_init__(self) -> None:
        """Refuse plans without images, steps or rates."""
        for name in ("examples", "pretraining_steps", "batch", "steps"):
            check_count(name, getattr(self, name), minimum=1)
        if not self.rates or list(self.rates) != sorted(self.rates) or self.rates[0] <= 0:
            raise ValueError(f"rates must be one or more rising positive numbers, got {self.rates}")
        if self.choice not in ("lowest loss", "gentlest"):
            raise ValueError(f"choice must be 'lowest loss' or 'gentlest', got {self.choice!r}")


class FineTuned(NamedTuple):
    """Weights before and after fine-tuning, one row a seed, and how training went."""

    before: dict[str, Float[ArrayLike, "seeds n"]]
    after: dict[str, Float[ArrayLike, "seeds n"]]
    loss: Float[ArrayLike, " seeds"]
    accuracy: Float[ArrayLike, " seeds"]
    pretrained_accuracy: Float[ArrayLike, " seeds"]
    rate: Float[ArrayLike, " seeds"]

    def pooled(self) -> tuple[Float[np.ndarray, "seeds n"], Float[np.ndarray, "seeds n"]]:
        """Return the analysed weights of all layers together, before and after."""
        return (
            np.concatenate(list(self.before.values()), axis=1),
            np.concatenate(list(self.after.values()), axis=1),
        )


def fine_tune(
    network: Network,
    plan: FineTuningPlan,
    potential: Potential,
    images: Float[Array, "images ..."],
    labels: Int[Array, " images"],
    seeds: int,
    *,
    key: PRNGKeyArray,
    together: int = 1,
) -> FineTuned:
    """Train networks from several seeds and return their weights before and after fine-tuning.

    A seed draws the initial weights, the fine-tuning subset and the minibatches of pre-training
    (on all other images). Every parameter, biases included, follows mirror descent with momentum
    0.9 and a cosine learning rate. All seeds run in one compiled call.

    Args:
        network: what to train.
        plan: sizes, steps and rates.
        potential: geometry of fine-tuning.
        images: float32 inputs of the network.
        labels: classes 0 to 9.
        seeds: number of networks, at least 1.
        key: random key.
        together: seeds trained side by side; 1 suits a CPU, all of them a GPU.

    Returns:
        A :class:`FineTuned`; ``loss`` and ``accuracy`` are those of the fine-tuning subset.

    Raises:
        ValueError: fewer images than the subset needs, or images and labels that differ in number.

    Examples:
        >>> from spinebook.geometry.networks import Perceptron
        >>> plan = FineTuningPlan(8, 5, 0.1, 4, 5, (0.1,))
        >>> x, y = jnp.ones((20, 4)), jnp.zeros(20, int)
        >>> tuned = fine_tune(Perceptron(4, 3), plan, PNorm(2.0), x, y, 2, key=jax.random.key(0))
        >>> tuned.before["first"].shape
        (2, 12)
    """
    check_count("seeds", seeds, minimum=1)
    if len(images) != len(labels) or len(images) <= plan.examples:
        raise ValueError(
            f"expected one label an image and more than {plan.examples} images, got "
            f"{len(images)} images and {len(labels)} labels"
        )
    keys = jax.random.split(key, seeds)
    result = _train_all(
        network, plan, potential, jnp.asarray(images), jnp.asarray(labels), keys, together
    )
    return jax.tree.map(np.asarray, result)


@jax.jit(static_argnums=(0, 1, 2, 6))
def _train_all(
    network: Network,
    plan: FineTuningPlan,
    potential: Potential,
    images: Float[Array, "images ..."],
    labels: Int[Array, " images"],
    keys: Key[Array, " seeds"],
    together: int,
) -> FineTuned:
    def loss(parameters: Parameters, rows: Int[Array, " batch"]) -> Float[Array, ""]:
        logits = network(parameters, images[rows])
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels[rows]).mean()

    def accuracy(parameters: Parameters, rows: Int[Array, " batch"]) -> Float[Array, ""]:
        guess = jnp.argmax(network(parameters, images[rows]), axis=-1)
        return jnp.mean(guess == labels[rows], dtype=jnp.float32)

    def descend(
        potential: Potential, rate: Numbers, start: Parameters, batches: Int[Array, "steps batch"]
    ) -> Parameters:
        decay = optax.cosine_decay_schedule(1.0, len(batches))
        optimiser = mirror_descent(lambda step: rate * decay(step), potential, _MOMENTUM)

        def step(carry, rows):
            parameters, state = carry
            gradient = jax.grad(loss)(parameters, rows)
            updates, state = optimiser.update(gradient, state, parameters)
            return (optax.apply_updates(parameters, updates), state), None

        (end, _), _ = jax.lax.scan(step, (start, optimiser.init(start)), batches)
        return end

    def one(key: PRNGKeyArray) -> FineTuned:
        init_key, subset_key, batch_key = jax.random.split(key, 3)
        order = jax.random.permutation(subset_key, images.shape[0])
        subset, rest = order[: plan.examples], order[plan.examples :]
        shape = (plan.pretraining_steps, plan.batch)
        batches = rest[jax.random.randint(batch_key, shape, 0, rest.shape[0])]
        start = network.init(key=init_key)
        start = descend(plan.pretraining, plan.pretraining_rate, start, batches)

        def tune(rate: Float[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""], Parameters]:
            every_step = jnp.broadcast_to(subset, (plan.steps, plan.examples))
            end = descend(potential, rate, start, every_step)
            final = loss(end, subset)
            return jnp.where(jnp.isfinite(final), final, jnp.inf), accuracy(end, subset), end

        losses, shares, ends = jax.lax.map(tune, jnp.asarray(plan.rates, jnp.float32))
        best = jnp.argmin(losses)
        if plan.choice == "gentlest":
            fitted = shares > 1.0 - 0.5 / plan.examples
            best = jnp.where(jnp.any(fitted), jnp.argmax(fitted), best)
        end = jax.tree.map(lambda leaf: leaf[best], ends)
        return FineTuned(
            before={name: start[name].ravel() for name in network.analysed},
            after={name: end[name].ravel() for name in network.analysed},
            loss=losses[best],
            accuracy=shares[best],
            pretrained_accuracy=accuracy(start, subset),
            rate=jnp.asarray(plan.rates, jnp.float32)[best],
        )

    return jax.lax.map(one, keys, batch_size=together)
