"""Handing signs or weights on from one image task to another: scenarios, runs, what is recorded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, Key, PRNGKeyArray

from spinebook.checks import check_at_most, check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.polarity.freeze import freeze_polarity
from spinebook.polarity.image_network import ImageNetwork
from spinebook.polarity.image_tasks import ImageTask
from spinebook.polarity.measures import error_at_minimum_loss
from spinebook.polarity.signs import apply_polarity, polarity_of, transfer_polarity
from spinebook.training import Recipe, train
from spinebook.types import AnyArray

# Images that pass through a network together when it is tested: more would leave the cache.
_BLOCK = 100


@explains_misuse
@dataclass(frozen=True)
class ImageScenario:
    """What a network starts with, and whether its signs are fixed.

    Attributes:
        start: "random" draws all weights; "signs" reflects the drawn weights onto the signs of a
            source network; "weights" takes weights and biases of the source. The output layer is
            the drawn one in all three.
        frozen: whether the signs of all weights are fixed. Otherwise only the start differs.
    """

    start: Literal["random", "signs", "weights"] = "random"
    frozen: bool = True

    def __post_init__(self) -> None:
        """Refuse what is no scenario."""
        if self.start not in ("random", "signs", "weights"):
            raise ValueError(f"start must be random, signs or weights, got {self.start!r}")

    @property
    def name(self) -> str:
        """What to call it."""
        return f"{self.start}, {'frozen' if self.frozen else 'free'}"


@explains_misuse
@dataclass(frozen=True)
class ImageRecipe:
    """How the networks of a study are trained; equal values share a compiled program.

    Attributes:
        steps: steps of Adam.
        checks: how often, at equal distances, loss and error are measured.
        batch: images in a step, drawn with replacement.
        rate: learning rate.
        epsilon: size of reset weights.
    """

    steps: int = 120
    checks: int = 8
    batch: int = 25
    rate: float = 5e-3
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        for name in ("steps", "checks", "batch"):
            check_count(name, getattr(self, name), minimum=1)
        check_at_most("checks", self.checks, "steps", self.steps)
        for name in ("rate", "epsilon"):
            check_number(name, getattr(self, name))
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")


class ImageRuns(NamedTuple):
    """Trained networks of one scenario, one row each.

    Attributes:
        error: test error at the check with the smallest validation loss, in per cent.
        loss: validation cross-entropy at every check.
        accuracy: share of the test images that are classified correctly at every check.
        start: the weights before training, leaves (runs, ...).
        network: the weights after it.
    """

    error: Float[np.ndarray, " runs"]
    loss: Float[np.ndarray, "runs checks"]
    accuracy: Float[np.ndarray, "runs checks"]
    start: Any
    network: Any


@explains_misuse
def image_study(
    network: ImageNetwork,
    images: Float[AnyArray, "images height width colours"],
    task: ImageTask,
    scenarios: Sequence[ImageScenario],
    *,
    samples: int,
    key: PRNGKeyArray,
    sources: Any = None,
    recipe: ImageRecipe = ImageRecipe(),
    label: str | None = None,
    checkpoint: str | PathLike[str] | None = None,
) -> list[ImageRuns]:
    r"""Train every run of a task in every scenario.

    Each step is one of Adam on the cross-entropy of a minibatch, after which weights that crossed
    zero are put back by random sizes where signs are fixed:

    .. math:: W \leftarrow R_S\bigl(W + u_{\text{Adam}}(\nabla \ell_b(W))\bigr)

    (Wang et al. 2023, Algorithm 1 and code; there with AlexNet, batches of 1,000 images, and the
    test images choosing the epoch). Run r has the same images, drawn weights and minibatches in
    all scenarios, so that with the same ``start`` the free network is the twin of the frozen one.
    Biases are never fixed. All calls with the same network, recipe and numbers of runs and of held
    images share one compiled program, whatever the scenario, the samples and the steps.

    Args:
        network: what to train.
        images: all images, standardised.
        task: from :func:`draw_image_task`.
        scenarios: one or more.
        samples: training images of a run.
        key: random key of weights, minibatches and reset sizes.
        sources: weights of one source network a run (the ``network`` of other
            :class:`ImageRuns`), for scenarios that take signs or weights from it.
        recipe: steps, checks, batch, learning rate and reset size.
        label: what to call the training when it tells how far it is.
        checkpoint: folder for the state of the trainings.

    Returns:
        One :class:`ImageRuns` for each scenario.

    Raises:
        ValueError: no scenario, more samples than images, or no sources where they are needed.

    Examples:
        >>> from spinebook.polarity.image_tasks import draw_image_task
        >>> labels, key = np.arange(40) % 2, jax.random.key(0)
        >>> images = np.ones((40, 8, 8, 1), np.float32) * labels[:, None, None, None]
        >>> task = draw_image_task(labels, (0, 1), 3, validation=5, test=5, key=key)
        >>> (frozen,) = image_study(
        ...     ImageNetwork(8, 8, 1, outputs=2), images, task, [ImageScenario()], samples=20,
        ...     key=key, recipe=ImageRecipe(steps=20, checks=2),
        ... )
        >>> frozen.error.shape, frozen.loss.shape
        ((3,), (3, 2))
    """
    if not scenarios:
        raise ValueError("pass at least one scenario, such as ImageScenario()")
    check_count("samples", samples, minimum=1)
    check_at_most("samples", samples, "the training images of a run", task.available)
    if sources is None and any(scenario.start != "random" for scenario in scenarios):
        raise ValueError("signs and weights come from source networks: pass sources=")
    runs = len(task.training)
    drawn_key, batch_key, reset_key = jax.random.split(key, 3)
    drawn = _draw(network, jax.random.split(drawn_key, runs))
    if sources is not None and jax.tree.map(np.shape, sources) != jax.tree.map(np.shape, drawn):
        raise ValueError("sources must hold the weights of one source network for each run")
    starts = _starts(drawn, drawn if sources is None else sources)
    own = {
        "rows": task.training,
        "count": np.full(runs, samples, np.int32),
        "held": np.concatenate([task.validation, task.test], axis=1),
        "validation": np.ones(task.validation.shape, bool),
        "seed": (np.asarray(jax.random.bits(reset_key, (runs,))) >> 1).astype(np.int32),
    }
    learn = partial(
        train,
        _recipe(network, recipe.batch, recipe.rate, recipe.epsilon),
        key=batch_key,
        steps=recipe.steps,
        at=np.linspace(0, recipe.steps, recipe.checks + 1).astype(int)[1:].tolist(),
        shared={"images": images, "answers": task.answers},
    )

    def one(place: int) -> ImageRuns:
        scenario = scenarios[place]
        start, signs = starts[scenario.start]
        fixed = jax.tree.map(lambda s: np.asarray(s) * np.int8(scenario.frozen), signs)
        trained = learn(
            start,
            own={**own, "polarity": fixed},
            label=None if label is None else f"{label}, {scenario.name}",
            checkpoint=None if checkpoint is None else Path(checkpoint) / str(place),
        )
        loss, accuracy = trained.recorded["loss"], trained.recorded["accuracy"]
        error = error_at_minimum_loss(loss, accuracy)
        return ImageRuns(error, loss, accuracy, start, trained.parameters)

    # Networks as small as these keep one core of a processor busy, and no more.
    cores = os.cpu_count() if jax.default_backend() == "cpu" else 1
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(one, range(len(scenarios))))


@partial(jax.jit, static_argnums=0)
def _draw(network: ImageNetwork, keys: Key[Array, " runs"]) -> Any:
    return jax.vmap(lambda key: network.init(key=key))(keys)


@jax.jit
def _starts(drawn: Any, sources: Any) -> dict[str, tuple[Any, Any]]:
    """Return weights before training and their signs, for every way to start."""
    mask = tuple({"weight": True, "bias": False} for _ in drawn)
    handed = (*({"weight": layer["weight"], "bias": None} for layer in sources[:-1]), _NOTHING)
    signs = transfer_polarity(handed, drawn, mask)
    taken = (*sources[:-1], drawn[-1])
    return {
        "random": (drawn, polarity_of(drawn, mask)),
        "signs": (apply_polarity(drawn, signs), signs),
        "weights": (taken, polarity_of(taken, mask)),
    }


_NOTHING = {"weight": None, "bias": None}


@cache
def _recipe(network: ImageNetwork, batch: int, rate: float, epsilon: float) -> Recipe:
    """Return the recipe of a training, the same object at every call."""

    def draw(key: PRNGKeyArray, shared: Any, own: Any) -> tuple[Array, Array]:
        place = jax.random.uniform(key, (batch,)) * own["count"]
        rows = own["rows"][place.astype(jnp.int32)]
        return shared["images"][rows], shared["answers"][rows]

    def loss(params: Any, drawn: tuple[Array, Array]) -> Float[Array, ""]:
        return _losses(network(params, drawn[0]), drawn[1]).mean()

    def optimiser(own: Any) -> optax.GradientTransformation:
        adam, seed = optax.adam(rate), own["seed"]
        return freeze_polarity(adam, own["polarity"], "random", epsilon=epsilon, seed=seed)

    def record(params: Any, shared: Any, own: Any) -> dict[str, Array]:
        logits = _in_blocks(partial(network, params), shared["images"], own["held"])
        answers, split = shared["answers"][own["held"]], own["validation"].shape[0]
        right = logits.argmax(axis=1) == answers
        losses = _losses(logits, answers)
        return {"loss": losses[:split].mean(), "accuracy": right[split:].mean()}

    return Recipe(draw, loss, optimiser, record)


def _losses(
    logits: Float[Array, "images classes"], answers: Int[Array, " images"]
) -> Float[Array, " images"]:
    return optax.softmax_cross_entropy_with_integer_labels(logits, answers)


def _in_blocks(network: Any, images: Array, rows: Int[Array, " held"]) -> Float[Array, "held _"]:
    """Return the network's outputs for some of the images, a block at a time."""
    blocks = jnp.resize(rows, (-(-len(rows) // _BLOCK), _BLOCK))
    outputs = jax.lax.map(lambda block: network(images[block]), blocks)
    return outputs.reshape(-1, outputs.shape[-1])[: len(rows)]
