"""Networks trained on a few images each, at several learning rates and batch sizes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, Key, Num, PRNGKeyArray

from spinebook.landscape.convnets import Convnet
from spinebook.landscape.image_records import image_record
from spinebook.landscape.image_tasks import Tasks
from spinebook.landscape.networks import DenseNetwork
from spinebook.training import Recipe, random_rows, train
from spinebook.types import AnyArray

# Fewer parameters than this: all records fit in memory and are measured in one program.
_SMALL = 20_000


class ImageRuns(NamedTuple):
    """Trained networks by seed and setting; a run that diverged holds NaN.

    Attributes:
        settings: pairs of learning rate and batch size.
        steps: steps at which was recorded.
        start: initial parameters, leaves (seeds, ...).
        parameters: final parameters, leaves (seeds, settings, ...).
        recorded: what :func:`image_record` returns, each (seeds, settings, records, ...).
        diverged: whether a run diverged.
    """

    settings: tuple[tuple[float, int], ...]
    steps: Int[np.ndarray, " records"]
    start: Any
    parameters: Any
    recorded: dict[str, np.ndarray]
    diverged: Bool[np.ndarray, "seeds settings"]

    def part(self, seeds: slice) -> ImageRuns:
        """Return the runs of some of the seeds."""
        start, parameters, recorded, diverged = jax.tree.map(
            lambda leaf: leaf[seeds], (self.start, self.parameters, self.recorded, self.diverged)
        )
        return ImageRuns(self.settings, self.steps, start, parameters, recorded, diverged)


def train_on_images(
    network: DenseNetwork | Convnet,
    images: Float[AnyArray, "images ..."],
    tasks: Tasks,
    settings: Sequence[tuple[float, int]],
    *,
    at: Sequence[int],
    key: PRNGKeyArray,
    loss_scale: float = 1.0,
    label: str | None = None,
    checkpoint: str | PathLike[str] | None = None,
) -> ImageRuns:
    r"""Train a network for each seed and setting by plain stochastic gradient descent.

    .. math:: \ell = \frac{a}{B N} \sum_{i \in \text{batch}} \|f(x_i) - y_i\|^2

    with N outputs and images drawn with replacement. The runs of a seed share images and start
    over all settings, and those of the same batch size the draws of their batches too.

    Args:
        network: what to train.
        images: all images, as the network takes them.
        tasks: from :func:`draw_tasks`.
        settings: pairs of learning rate and batch size.
        at: steps to record at, rising; the last is the number of steps.
        key: random key of starts and batches.
        loss_scale: a.
        label: what to call the training when it tells how far it is.
        checkpoint: folder for the state of the trainings.

    Returns:
        An :class:`ImageRuns`.

    Examples:
        >>> from spinebook.landscape.image_tasks import draw_tasks
        >>> labels, key = np.arange(60) % 3, jax.random.key(0)
        >>> tasks = draw_tasks(labels, (0, 1, 2), 2, train=20, wrong=2, held_out=9, key=key)
        >>> runs = train_on_images(
        ...     DenseNetwork((12, 5, 10)), np.ones((60, 12), np.float32), tasks,
        ...     [(0.1, 2), (0.2, 2), (0.1, 4)], at=(0, 2, 4), key=key,
        ... )
        >>> runs.recorded["sharpness"].shape
        (2, 3, 3)
    """
    start_key, batch_key = jax.random.split(key)
    seeds, kinds = len(tasks.rows), tuple((float(rate), int(batch)) for rate, batch in settings)
    start = _starts(network, jax.random.split(start_key, seeds))
    columns: dict[int, Any] = {}
    steps = np.asarray(at)
    for batch in sorted({batch for _, batch in kinds}):
        which = [i for i, (_, size) in enumerate(kinds) if size == batch]
        repeat = partial(np.repeat, repeats=len(which), axis=0)
        rates = np.array([kinds[i][0] for i in which], np.float32)
        trained = train(
            image_recipe(network, batch, loss_scale),
            jax.tree.map(repeat, start),
            key=batch_key,
            steps=int(steps[-1]),
            at=at,
            shared=images,
            own={**jax.tree.map(repeat, _recorded_on(tasks)), "rate": np.tile(rates, seeds)},
            draws=repeat(np.arange(seeds)),
            label=None if label is None else f"{label}, batch {batch}",
            checkpoint=None if checkpoint is None else Path(checkpoint) / str(batch),
        )
        found = trained.parameters, trained.recorded, trained.diverged
        for place, i in enumerate(which):
            every = slice(place, None, len(which))
            columns[i] = jax.tree.map(lambda leaf, every=every: leaf[every], found)
    tables = [columns[i] for i in range(len(kinds))]
    parameters, recorded, diverged = jax.tree.map(lambda *leaves: np.stack(leaves, axis=1), *tables)
    if "parameters" in recorded:
        recorded = _measure_later(network, loss_scale, start, recorded["parameters"], images, tasks)
    return ImageRuns(kinds, steps, jax.tree.map(np.asarray, start), parameters, recorded, diverged)


def _recorded_on(tasks: Tasks) -> dict[str, np.ndarray]:
    """Return what a run needs to know of its images, by name."""
    return {name: getattr(tasks, name) for name in ("rows", "targets", "held_out")}


@partial(jax.jit, static_argnums=0)
def _starts(network: DenseNetwork | Convnet, keys: Key[Array, " seeds"]) -> Any:
    return jax.vmap(lambda key: network.init(key=key))(keys)


@cache
def image_recipe(network: DenseNetwork | Convnet, batch: int, loss_scale: float = 1.0) -> Recipe:
    """Return the recipe of :func:`train_on_images` for one batch size.

    Args:
        network: what to train.
        batch: images in a batch.
        loss_scale: factor of the mean square.

    Returns:
        The recipe, the same object at every call.

    Examples:
        >>> image_recipe(DenseNetwork((4, 2)), 3) is image_recipe(DenseNetwork((4, 2)), 3)
        True
    """

    def draw(key: PRNGKeyArray, images: Array, own: dict[str, Array]) -> tuple[Array, Array]:
        chosen = random_rows(own["rows"].shape[0], batch, key=key)
        return images[own["rows"][chosen]], own["targets"][chosen]

    def loss(params: Any, batch: tuple[Array, Array]) -> Float[Array, ""]:
        x, y = batch
        return loss_scale * jnp.mean((network(params, x) - y) ** 2)

    def keep(params: Any, images: Array, own: dict[str, Array]) -> dict[str, Array]:
        return {"parameters": ravel_pytree(params)[0]}

    record = keep if _is_small(network) else partial(image_record, network, loss_scale)
    return Recipe(draw, loss, lambda own: optax.sgd(own["rate"]), record)


def _is_small(network: DenseNetwork | Convnet) -> bool:
    """Whether all records of a study may be kept whole and measured in one program at its end."""
    shapes = jax.eval_shape(lambda: network.init(key=jax.random.key(0)))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes)) < _SMALL


def _measure_later(
    network: DenseNetwork | Convnet,
    loss_scale: float,
    start: Any,
    vectors: Float[np.ndarray, "seeds settings records parameters"],
    images: Any,
    tasks: Tasks,
) -> dict[str, np.ndarray]:
    _, unravel = ravel_pytree(jax.tree.map(lambda leaf: leaf[0], start))
    found = _measure_all(network, loss_scale, unravel, vectors, images, _recorded_on(tasks))
    return {name: np.asarray(value) for name, value in found.items()}


@partial(jax.jit, static_argnums=(0, 1, 2))
def _measure_all(
    network: DenseNetwork | Convnet,
    loss_scale: float,
    unravel: Any,
    vectors: Float[Array, "seeds settings records parameters"],
    images: Any,
    own: dict[str, Array],
) -> dict[str, Array]:
    def seed(each: tuple[Any, Any]) -> dict[str, Array]:
        runs, mine = each
        one = partial(image_record, network, loss_scale, images=images, own=mine)
        return jax.lax.map(jax.vmap(lambda vector: one(unravel(vector))), runs)

    return jax.lax.map(seed, (vectors, own))


def unseen_accuracy(
    network: DenseNetwork | Convnet,
    parameters: Any,
    images: Float[AnyArray, "images ..."],
    tasks: Tasks,
) -> Float[np.ndarray, "seeds settings"]:
    """Return the share of all unseen images of the task's classes that are classified correctly.

    Args:
        network: a trained network with one output a class.
        parameters: leaves (seeds, settings, ...).
        images: all images.
        tasks: what the runs were trained on.

    Returns:
        One share a run.

    Examples:
        >>> from spinebook.landscape.image_tasks import draw_tasks
        >>> labels, key = np.arange(60) % 3, jax.random.key(0)
        >>> tasks = draw_tasks(labels, (0, 1, 2), 2, train=20, wrong=2, held_out=9, key=key)
        >>> bias = np.tile(np.eye(10)[1], (2, 1, 1))
        >>> params = ({"weight": np.zeros((2, 1, 4, 10)), "bias": bias},)
        >>> share = unseen_accuracy(DenseNetwork((4, 10)), params, np.ones((60, 4)), tasks)
        >>> bool(np.all((0.2 < share) & (share < 0.5)))
        True
    """
    return np.asarray(_unseen_accuracy(network, parameters, images, tasks.unseen, tasks.truth))


@partial(jax.jit, static_argnums=0)
def _unseen_accuracy(
    network: DenseNetwork | Convnet,
    parameters: Any,
    images: Num[Array, "images ..."],
    unseen: Bool[Array, "seeds images"],
    truth: Int[Array, "seeds images"],
) -> Float[Array, "seeds settings"]:
    def seed(each: tuple[Any, Any, Any]) -> Float[Array, " settings"]:
        params, counted, label = each

        def run(one: Any) -> Float[Array, ""]:
            right = jnp.argmax(network(one, images), axis=1) == label
            return jnp.sum(right & counted) / jnp.sum(counted)

        return jax.lax.map(run, params)

    return jax.lax.map(seed, (parameters, unseen, truth))
