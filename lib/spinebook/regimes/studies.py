"""How the rich-and-lazy chapter trains its networks: seeds, ranks and structures together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.regimes.decision_task import DecisionTask, Trials
from spinebook.regimes.image_rows import image_rows
from spinebook.regimes.rate_losses import Batch, decision_loss, last_step_loss
from spinebook.regimes.rate_network import RateParameters, outputs
from spinebook.training import Recipe, random_rows, train


@dataclass(frozen=True)
class TrialDraws:
    """Batches of a task for :class:`spinebook.training.Recipe`; the decision may last longer."""

    task: DecisionTask
    batch: int = 32
    decision_steps: int = 1

    def __call__(self, key: PRNGKeyArray, shared: Any, own: Any) -> Trials:
        """Draw the batch of one training step."""
        inputs, labels = self.task.draw(self.batch, key=key)
        more = self.decision_steps - 1
        if not more:
            return inputs, labels
        return tuple(  # type: ignore[return-value]
            jnp.concatenate([x, jnp.repeat(x[-1:], more, axis=0)]) for x in (inputs, labels)
        )


@dataclass(frozen=True)
class ImageDraws:
    """Batches of images, read row by row, with labels that belong to the last row."""

    batch: int = 200

    def __call__(self, key: PRNGKeyArray, shared: tuple[Array, Array], own: Any) -> Batch:
        """Draw the batch of one training step from shared images and labels."""
        images, labels = shared
        rows = random_rows(images.shape[0], self.batch, key=key)
        return image_rows(images[rows]), labels[rows]


@dataclass(frozen=True)
class TrialLoss:
    """Cross-entropy of all steps or of the last one, or squared distance from the right answer."""

    leak: float = 1.0
    kind: Literal["all steps", "last step", "squared"] = "all steps"

    def __call__(self, parameters: RateParameters, batch: Batch) -> Float[Array, ""]:
        """Return the loss of a batch."""
        if self.kind == "all steps":
            return decision_loss(parameters, batch, self.leak)
        if self.kind == "last step":
            return last_step_loss(parameters, batch, self.leak)
        logits = outputs(parameters, batch[0], self.leak)
        right = jax.nn.one_hot(batch[1], logits.shape[-1], dtype=logits.dtype)
        return jnp.mean(jnp.sum((logits - right) ** 2, axis=-1))


def momentum_descent(own: dict[str, Any]) -> optax.GradientTransformation:
    """Gradient descent whose learning rate and momentum are a run's own.

    Examples:
        >>> momentum_descent({"rate": 0.1, "momentum": 0.9}).init(jnp.zeros(2)) is not None
        True
    """
    return optax.sgd(own["rate"], momentum=own["momentum"])


def task_recipe(
    task: DecisionTask,
    *,
    leak: float = 1.0,
    squared: bool = False,
    decision_steps: int = 1,
) -> Recipe:
    """How the networks of one task are trained; equal arguments share one compiled program.

    Examples:
        >>> from spinebook.regimes.tasks import DelayedMatchToSample
        >>> task_recipe(DelayedMatchToSample()) == task_recipe(DelayedMatchToSample())
        True
    """
    kind: Literal["squared", "all steps"] = "squared" if squared else "all steps"
    draws = TrialDraws(task, decision_steps=decision_steps)
    return Recipe(draws, TrialLoss(leak, kind), momentum_descent)


def image_recipe(batch: int = 200) -> Recipe:
    """How networks that read images row by row are trained.

    Examples:
        >>> image_recipe() == image_recipe(200)
        True
    """
    return Recipe(ImageDraws(batch), TrialLoss(kind="last step"), momentum_descent)


class Outcome(NamedTuple):
    """Blocks of networks after training, each with leading axes (seeds, columns).

    ``loss`` is the mean training loss of the last tenth of the steps: many thousand fresh trials.
    A network that diverged has no finite loss.
    """

    final: list[RateParameters]
    loss: list[Float[np.ndarray, "seeds columns"]]


def train_blocks(
    recipe: Recipe,
    blocks: Sequence[RateParameters],
    *,
    key: PRNGKeyArray,
    steps: int,
    rate: float = 0.003,
    momentum: float = 0.9,
    shared: Any = None,
    label: str | None = None,
    checkpoint: Any = None,
) -> Outcome:
    """Train blocks of networks together; those of one seed see the same batches.

    Args:
        recipe: As :func:`task_recipe` or :func:`image_recipe` make it.
        blocks: Weights with leading axes (seeds, columns); a column is a rank or a structure.
        key: Random key of the batches.
        steps: Number of training steps.
        rate: Learning rate.
        momentum: Momentum, 0 for plain gradient descent.
        shared: Arrays that the recipe's draws need, such as images.
        label: What to call the training when it tells how far it is.
        checkpoint: Folder to keep the state in.

    Returns:
        An :class:`Outcome`.

    Examples:
        >>> from spinebook.regimes.tasks import DelayedMatchToSample
        >>> keys = jax.random.split(jax.random.key(0), 2)
        >>> from spinebook.regimes.study_starts import rank_starts
        >>> start = rank_starts((3, 3), 8, jnp.array([1, 8]), 1.25, keys=keys)
        >>> recipe = task_recipe(DelayedMatchToSample())
        >>> train_blocks(recipe, [start], key=keys[0], steps=2).loss[0].shape
        (2, 2)
    """
    shapes = [block.recurrent.shape[:2] for block in blocks]
    draws = np.concatenate([np.repeat(np.arange(seeds), columns) for seeds, columns in shapes])
    own = {
        "rate": np.full(len(draws), rate, np.float32),
        "momentum": np.full(len(draws), momentum, np.float32),
    }
    trained = train(
        recipe,
        join(blocks),
        key=key,
        steps=steps,
        at=sorted({steps - max(1, steps // 10), steps}),
        shared=shared,
        own=own,
        draws=draws,
        label=label,
        checkpoint=checkpoint,
    )
    loss = np.where(trained.diverged, np.nan, trained.loss[:, -1])
    return Outcome(split(blocks, trained.parameters), split(blocks, loss))


def join(blocks: Sequence[RateParameters]) -> RateParameters:
    """Put the networks of all blocks into one leading axis.

    Examples:
        >>> keys = jax.random.split(jax.random.key(0), 2)
        >>> from spinebook.regimes.study_starts import rank_starts
        >>> start = rank_starts((3, 3), 8, jnp.array([1, 8]), 1.25, keys=keys)
        >>> join([start, start]).recurrent.shape
        (8, 8, 8)
    """

    def rows(*parts: Any) -> np.ndarray:
        return np.concatenate([np.reshape(part, (-1, *part.shape[2:])) for part in parts])

    return jax.tree.map(rows, *blocks)


def split(blocks: Sequence[RateParameters], values: Any) -> list[Any]:
    """Cut arrays with one row a network of the joined blocks into arrays (seeds, columns, ...).

    Examples:
        >>> keys = jax.random.split(jax.random.key(0), 2)
        >>> from spinebook.regimes.study_starts import rank_starts
        >>> start = rank_starts((3, 3), 8, jnp.array([1, 8]), 1.25, keys=keys)
        >>> [part.tolist() for part in split([start, start], np.arange(8))]
        [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
    """
    parts, first = [], 0
    for block in blocks:
        shape = block.recurrent.shape[:2]
        cut = partial(_cut, first, shape)
        parts.append(jax.tree.map(cut, values))
        first += shape[0] * shape[1]
    return parts


def _cut(first: int, shape: tuple[int, ...], values: Any) -> np.ndarray:
    array = np.asarray(values)[first : first + shape[0] * shape[1]]
    return array.reshape(*shape, *array.shape[1:])
