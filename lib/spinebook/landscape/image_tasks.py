"""Small training sets of images, a few with wrong labels, drawn for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from spinebook.checks import check_at_most, check_count
from spinebook.types import AnyArray


class Tasks(NamedTuple):
    """The images of each seed, as rows of one array that all seeds share.

    Attributes:
        rows: training images.
        targets: what each is to be mapped to, wrong labels included.
        held_out: 100 images (or as many as there are) that are not trained on.
        unseen: whether an image has one of the classes and is not trained on.
        truth: right label of every image of the array, as a position among the outputs.
    """

    rows: Int[np.ndarray, "seeds train"]
    targets: Float[np.ndarray, "seeds train outputs"]
    held_out: Int[np.ndarray, "seeds _"]
    unseen: Bool[np.ndarray, "seeds images"]
    truth: Int[np.ndarray, "seeds images"]


def draw_tasks(
    labels: Int[AnyArray, " images"],
    classes: Sequence[int],
    seeds: int,
    *,
    train: int,
    wrong: int,
    outputs: int = 10,
    held_out: int = 100,
    key: PRNGKeyArray,
) -> Tasks:
    """Draw for each seed its training images, of which a fixed number gets a wrong label.

    A wrong label is one of the other ``classes``, all equally likely. Targets are one-hot; with
    one output they are -1 for the first of two classes and 1 for the second.

    Args:
        labels: class of every image.
        classes: the classes to take images of, two or more.
        seeds: number of seeds, at least 1.
        train: training images of a seed.
        wrong: how many of them are labelled wrongly.
        outputs: outputs of the network, 1 or more than the largest class.
        held_out: images kept for measures on images that are not trained on.
        key: random key.

    Returns:
        The :class:`Tasks`.

    Raises:
        ValueError: counts out of range, or too few images of these classes.

    Examples:
        >>> labels = np.arange(60) % 3
        >>> tasks = draw_tasks(labels, (0, 2), 2, train=30, wrong=5, held_out=10,
        ...     key=jax.random.key(0))
        >>> wrong = tasks.targets.argmax(axis=2) != labels[tasks.rows]
        >>> wrong.sum(axis=1).tolist()
        [5, 5]
    """
    check_count("seeds", seeds, minimum=1)
    check_at_most("wrong", wrong, "train", train)
    labels = np.asarray(labels)
    pool = np.flatnonzero(np.isin(labels, classes))
    if len(pool) < train + held_out:
        raise ValueError(
            f"expected {train} training and {held_out} held-out images of the classes "
            f"{list(classes)}, got {len(pool)} images; ask for fewer"
        )
    place = np.searchsorted(np.sort(classes), labels) if outputs == 1 else labels
    parts = []
    for number in np.asarray(jax.random.bits(key, (seeds,))):
        generator = np.random.default_rng(int(number))
        order = generator.permutation(pool)
        rows = order[:train]
        given = labels[rows].copy()
        for i in generator.permutation(train)[:wrong]:
            given[i] = generator.choice([c for c in classes if c != given[i]])
        unseen = np.isin(np.arange(len(labels)), order[train:])
        parts.append((rows, given, order[train : train + held_out], unseen))
    rows, given, kept, unseen = (np.stack(part) for part in zip(*parts, strict=True))
    if outputs == 1:
        targets = np.where(given == max(classes), 1.0, -1.0)[:, :, None]
    else:
        targets = np.eye(outputs)[given]
    truth = np.broadcast_to(place, unseen.shape)
    return Tasks(rows, targets.astype(np.float32), kept, unseen, truth)
