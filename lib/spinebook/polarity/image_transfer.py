"""From some classes of an image set to others: sources, then every scenario at every size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.misuse import explains_misuse
from spinebook.polarity.image_network import ImageNetwork
from spinebook.polarity.image_study import ImageRecipe, ImageRuns, ImageScenario, image_study
from spinebook.polarity.image_tasks import draw_image_task
from spinebook.types import AnyArray

_FREE = ImageScenario(frozen=False)


class TransferRuns(NamedTuple):
    """Errors of a study, in per cent.

    Attributes:
        error: test error by scenario, each (runs, sizes).
        source_error: test error of the source network of each run on its own classes; empty where
            there are no sources.
    """

    error: dict[ImageScenario, Float[np.ndarray, "runs sizes"]]
    source_error: Float[np.ndarray, " sources"]


@explains_misuse
def transfer_study(
    network: ImageNetwork,
    images: Float[AnyArray, "images height width colours"],
    labels: Int[AnyArray, " images"],
    scenarios: Sequence[ImageScenario],
    *,
    target: Sequence[int],
    sizes: Sequence[int],
    runs: int,
    key: PRNGKeyArray,
    source: Sequence[int] = (),
    source_steps: int = 600,
    validation: int = 100,
    test: int = 500,
    recipe: ImageRecipe = ImageRecipe(),  # noqa: B008 - frozen, so one value for all calls is safe
    label: str | None = None,
    checkpoint: str | PathLike[str] | None = None,
) -> TransferRuns:
    """Train a source network for each run, then all scenarios of the run at every sample size.

    A source is a free network that starts from random weights and learns from all images of the
    source classes that are not held out. Run r has one source for all sizes; its images, drawn
    weights and minibatches are new at each size, and the same in all scenarios.

    Args:
        network: what to train, with as many outputs as each side has classes.
        images: all images, standardised.
        labels: class of every image.
        scenarios: one or more.
        target: classes to learn.
        sizes: numbers of training images.
        runs: number of runs, at least 1.
        key: random key.
        source: classes the source networks learn; none if no scenario needs them.
        source_steps: steps of the sources' training.
        validation: images that choose the epoch.
        test: images that the error is measured on.
        recipe: as in :func:`image_study`.
        label: what to call the training when it tells how far it is.
        checkpoint: folder for the states of the trainings.

    Returns:
        The :class:`TransferRuns`.

    Raises:
        ValueError: no sizes, numbers of classes that do not fit the network, or what
            :func:`image_study` and :func:`draw_image_task` refuse.

    Examples:
        >>> labels, short = np.arange(60) % 4, ImageRecipe(steps=8, checks=2)
        >>> images = np.ones((60, 4, 4, 1), np.float32) * labels[:, None, None, None]
        >>> found = transfer_study(
        ...     ImageNetwork(4, 4, 1, maps=(2,), hidden=(), outputs=2), images, labels,
        ...     [ImageScenario("signs")], source=(0, 1), target=(2, 3), sizes=(5, 9), runs=2,
        ...     source_steps=20, validation=5, test=5, recipe=short, key=jax.random.key(0),
        ... )
        >>> found.error[ImageScenario("signs")].shape, found.source_error.shape
        ((2, 2), (2,))
    """
    check_count("sizes", sizes, minimum=1)
    for name, classes in (("source", source), ("target", target)):
        if len(classes) != network.outputs and (name == "target" or len(classes)):
            raise ValueError(
                f"{name} has {len(classes)} classes, the network {network.outputs} outputs; "
                "make them the same number"
            )

    def study(classes: Sequence[int], samples: int | None, **more: Any) -> list[ImageRuns]:
        """Learn from so many images, or from all there are."""
        task_key, study_key = jax.random.split(jax.random.fold_in(key, samples or 0))
        split = {"validation": validation, "test": test}
        task = draw_image_task(labels, classes, runs, key=task_key, **split)
        part = "sources" if samples is None else f"{samples} images"
        return image_study(
            network,
            images,
            task,
            samples=samples or task.available,
            key=study_key,
            label=None if label is None else f"{label}, {part}",
            checkpoint=None if checkpoint is None else Path(checkpoint) / part.replace(" ", "-"),
            **more,
        )

    sources, source_error = None, np.empty(0)
    if len(source):
        longer = replace(recipe, steps=source_steps)
        (first,) = study(source, None, scenarios=[_FREE], recipe=longer)
        sources, source_error = first.network, first.error
    more = {"scenarios": scenarios, "recipe": recipe, "sources": sources}
    found = [study(target, samples, **more) for samples in sizes]
    error = {
        scenario: np.stack([at_size[place].error for at_size in found], axis=1)
        for place, scenario in enumerate(scenarios)
    }
    return TransferRuns(error, source_error)
