"""Which images each run of a study learns from, chooses its epoch by, and is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Int, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


class ImageTask(NamedTuple):
    """Images of a set, by row number; no image of a run has two roles.

    Attributes:
        training: rows in a random order of which a run takes the first ones; the order begins
            anew where the images end, so that it is as long as the whole set.
        available: number of different training images.
        validation: rows that choose the epoch.
        test: rows on which the error is measured.
        answers: class of every image of the set as a place among the classes, 0 for others.
    """

    training: Int[np.ndarray, "runs images"]
    available: int
    validation: Int[np.ndarray, "runs validation"]
    test: Int[np.ndarray, "runs test"]
    answers: Int[np.ndarray, " images"]


@explains_misuse
def draw_image_task(
    labels: Int[AnyArray, " images"],
    classes: Sequence[int],
    runs: int,
    *,
    validation: int,
    test: int,
    key: PRNGKeyArray,
) -> ImageTask:
    """Split the images of some classes anew for every run.

    Args:
        labels: class of every image of the set.
        classes: the classes to tell apart, two or more.
        runs: number of runs, at least 1.
        validation: images of a run that choose the epoch, at least 1.
        test: images of a run that are tested on, at least 1.
        key: random key.

    Returns:
        An :class:`ImageTask`.

    Raises:
        ValueError: fewer than two classes, a count below 1, or no image left to train on.

    Examples:
        >>> labels = np.arange(30) % 3
        >>> task = draw_image_task(labels, (0, 2), 4, validation=5, test=5, key=jax.random.key(0))
        >>> task.training.shape, task.available, sorted(set(labels[task.test].ravel().tolist()))
        ((4, 30), 10, [0, 2])
    """
    for name, count in (("runs", runs), ("validation", validation), ("test", test)):
        check_count(name, count, minimum=1)
    known = np.asarray(labels)
    if len(set(classes)) < 2 or len(set(classes)) != len(classes):
        raise ValueError(f"classes must hold two different classes or more, got {list(classes)}")
    pool = np.flatnonzero(np.isin(known, classes))
    available = len(pool) - validation - test
    if available < 1:
        raise ValueError(
            f"{len(pool)} images of the classes {list(classes)} leave none to train on beside "
            f"{validation} for validation and {test} for the test; ask for fewer"
        )
    orders = np.stack(
        [
            np.random.default_rng(int(number)).permutation(pool)
            for number in np.asarray(jax.random.bits(key, (runs,)))
        ]
    ).astype(np.int32)
    held, rest = orders[:, : validation + test], orders[:, validation + test :]
    again = np.arange(len(known)) % available
    answers = np.zeros(len(known), np.int32)
    for place, kind in enumerate(classes):
        answers[known == kind] = place
    return ImageTask(rest[:, again], available, held[:, :validation], held[:, validation:], answers)
