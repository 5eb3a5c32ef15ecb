"""Minibatches by row number."""

from __future__ import annotations

import jax
from jaxtyping import Array, Int, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.misuse import explains_misuse


@explains_misuse
def random_rows(rows: int, batch: int, *, key: PRNGKeyArray) -> Int[Array, " batch"]:
    """Draw the row numbers of a minibatch, independently and with replacement.

    With replacement there is no epoch to keep track of, so that a step needs nothing but its key.

    Args:
        rows: number of examples, at least 1.
        batch: size of the minibatch, at least 1.
        key: random key.

    Returns:
        Row numbers from 0 to ``rows - 1``.

    Raises:
        ValueError: a count below 1.

    Examples:
        >>> random_rows(10, 4, key=jax.random.key(0)).shape
        (4,)
    """
    check_count("rows", rows, minimum=1)
    check_count("batch", batch, minimum=1)
    return jax.random.randint(key, (batch,), 0, rows)
