"""Local volume and local dimensionality, from the singular values of the Jacobian."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from spinebook.checks import check_number
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


class LogVolume(NamedTuple):
    """Mean log volume, that of each sample, and which samples have no volume at all."""

    value: Float[Array, ""]
    per_sample: Float[Array, " samples"]
    rank_deficient: Bool[Array, " samples"]


@explains_misuse
def log_local_volume(
    singular_values: Float[AnyArray, "samples rank"], outputs: int, top: int | None = None
) -> LogVolume:
    r"""Return the mean logarithm of the local volumetric ratio.

    .. math:: \frac1n\sum_i \log \sqrt{\det J_i J_i^T} = \frac1n\sum_i \sum_{j \le r} \log s_{ij}

    with r = N outputs (Chen et al. 2310.01770, Prop. 3.4), or the largest r singular values: the
    public code plots r = 3 for every N. With fewer inputs than outputs the determinant is zero
    for every network, so that case is refused.

    Args:
        singular_values: from :func:`input_singular_values`, largest first.
        outputs: number of outputs N.
        top: how many of the largest to multiply; all if omitted.

    Returns:
        The mean in nats, the value of each sample, and a flag where one of the r values is zero
        to the precision of the numbers, which counts as minus infinity.

    Raises:
        ValueError: more outputs than inputs without ``top``, ``top`` out of range, or NaN or
            infinite numbers.

    Examples:
        >>> log_local_volume(jnp.array([[4.0, 0.5]]), 2).value
        Array(0.6931472, dtype=float32)
        >>> log_local_volume(jnp.array([[4.0, 0.0]]), 2).rank_deficient
        Array([ True], dtype=bool)
    """
    check_number("singular_values", singular_values)
    available = singular_values.shape[1]
    if top is None and outputs > available:
        raise ValueError(
            f"the local volume needs at least as many inputs as outputs, got {outputs} outputs "
            f"and {available} singular values; it is zero for every network, so pass top=r for "
            "the product of the r largest"
        )
    count = outputs if top is None else top
    if not 1 <= count <= available:
        raise ValueError(f"top must lie between 1 and {available}, got {count}")
    return log_volume(jnp.asarray(singular_values), count)


def log_volume(singular_values: Float[Array, "samples rank"], count: int) -> LogVolume:
    """Return the log volume of the ``count`` largest values, without checks."""
    used = singular_values[:, :count]
    precision = jnp.finfo(used.dtype).eps * singular_values.shape[1]
    zero = used <= precision * used[:, :1]
    per_sample = jnp.sum(jnp.log(jnp.where(zero, 0, used)), axis=1)
    return LogVolume(jnp.mean(per_sample), per_sample, jnp.any(zero, axis=1))


@explains_misuse
def local_dimensionality(singular_values: Float[AnyArray, "samples rank"]) -> Float[Array, ""]:
    r"""Return the local dimensionality, the mean participation ratio of squared singular values.

    .. math:: \frac1n\sum_i \frac{(\sum_j s_{ij}^2)^2}{\sum_j s_{ij}^4}

    Between 1 and the number of singular values; unchanged when J is multiplied by a number, so
    no sharpness can bound it (Chen et al. 2310.01770, Sec. 3.3).

    Args:
        singular_values: from :func:`input_singular_values`.

    Returns:
        The mean over samples; NaN if a Jacobian is zero, which has no dimension.

    Raises:
        ValueError: an empty array, or NaN or infinite numbers.

    Examples:
        >>> local_dimensionality(jnp.array([[2.0, 2.0, 0.0]]))
        Array(2., dtype=float32)
    """
    check_number("singular_values", singular_values)
    return participation_ratio(jnp.asarray(singular_values))


def participation_ratio(singular_values: Float[Array, "samples rank"]) -> Float[Array, ""]:
    """Return the mean participation ratio, without checks."""
    # Relative to the largest, so that fourth powers of small numbers do not underflow.
    squares = (singular_values / jnp.max(singular_values, axis=1, keepdims=True)) ** 2
    return jnp.mean(jnp.sum(squares, axis=1) ** 2 / jnp.sum(squares**2, axis=1))
