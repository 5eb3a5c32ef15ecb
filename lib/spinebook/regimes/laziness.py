"""How far a network has moved from its start: weights, representation, kernel and signs.

All but the checks of values also work inside ``jit``; there a zero norm gives NaN.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.checks import check_number, is_traced
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


@explains_misuse
def weight_change(
    initial: Float[AnyArray, "*shape"], final: Float[AnyArray, "*shape"], *, relative: bool = False
) -> Float[Array, ""]:
    r"""Return the norm of a change of weights; large means rich learning.

    .. math:: \lVert W_f - W_0 \rVert_F \quad\text{or}\quad
        \lVert W_f - W_0 \rVert_F / \lVert W_0 \rVert_F

    The public code of Liu et al. 2024 (commit acf25c33) takes the absolute norm of the recurrent
    weights.

    Args:
        initial: weights at the start.
        final: the same weights after training.
        relative: divide by the norm at the start.

    Returns:
        The change, not negative, in the unit of the weights or (relative) without one.

    Raises:
        ValueError: shapes that differ, no or non-finite weights, or a relative change from zero.

    Examples:
        >>> weight_change(jnp.eye(2), 2 * jnp.eye(2), relative=True)
        Array(1., dtype=float32)
    """
    initial, final = _checked("weights", initial, final)
    if initial.shape != final.shape:
        raise ValueError(
            f"initial and final weights must have one shape, got {initial.shape}, {final.shape}"
        )
    change = _norm(final - initial)
    return change / _norm(_nonzero("initial weights", initial)) if relative else change


@explains_misuse
def representation_alignment(
    initial: Float[AnyArray, "samples units"], final: Float[AnyArray, "samples others"]
) -> Float[Array, ""]:
    r"""Return the alignment of two representations of the same samples; near 1 means lazy.

    .. math:: \mathrm{RA} = \frac{\langle R_f, R_0\rangle_F}{\lVert R_f\rVert_F \lVert R_0\rVert_F},
        \qquad R = H H^\top

    as in the public code of Liu et al. 2024 (commit acf25c33), with H the rates of the last step.
    It is not centred: rates are not negative, and their common mean alone brings it near 1
    (:func:`centred_kernel_alignment` removes the mean). Any rotation of the units leaves it as it
    is.

    Args:
        initial: activity at the start, (samples, units).
        final: activity after training for the same samples; the number of units may differ.

    Returns:
        The alignment, from 0 to 1.

    Raises:
        ValueError: different numbers of samples, no or non-finite values, or activity of zero.

    Examples:
        >>> H = jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> round(float(representation_alignment(H, H[:, ::-1] * 3)), 6)
        1.0
    """
    initial, final = _checked_activity(initial, final)
    initial, final = _nonzero("initial activity", initial), _nonzero("final activity", final)
    return _alignment(initial, final)


@explains_misuse
def centred_kernel_alignment(
    initial: Float[AnyArray, "samples units"], final: Float[AnyArray, "samples others"]
) -> Float[Array, ""]:
    r"""Return the alignment of two representations whose mean over samples is removed.

    Linear centred kernel alignment, the cosine of :math:`C R_0 C` and :math:`C R_f C` with
    :math:`C = I - 11^\top/n` (Kornblith et al. 2019, eq. 4 with the biased estimator).

    Args:
        initial: activity at the start, (samples, units).
        final: activity after training for the same samples; the number of units may differ.

    Returns:
        The alignment, from 0 to 1.

    Raises:
        ValueError: as :func:`representation_alignment`; also activity that is the same for all
            samples.

    Examples:
        >>> H = jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> round(float(centred_kernel_alignment(H, H + 5.0)), 6)
        1.0
    """
    initial, final = _checked_activity(initial, final)
    centred = [H - jnp.mean(H, axis=0) for H in (initial, final)]
    for name, H, deviation in zip(("initial", "final"), (initial, final), centred, strict=True):
        _check_spread(name, H, deviation)
    return _alignment(*centred)


@explains_misuse
def kernel_alignment(
    initial: Float[AnyArray, "rows rows"], final: Float[AnyArray, "rows rows"]
) -> Float[Array, ""]:
    r"""Return the cosine of two tangent kernels; near 1 means lazy.

    .. math:: \mathrm{KA} = \frac{\langle K_f, K_0\rangle_F}{\lVert K_f\rVert_F \lVert K_0\rVert_F}

    (Liu et al. 2024, as in their public code). Two unrelated networks do not have 0:
    see :func:`spinebook.regimes.unrelated_alignment`.

    Args:
        initial: kernel at the start, (rows, rows).
        final: kernel after training, of the same outputs.

    Returns:
        The alignment, from 0 to 1 for kernels.

    Raises:
        ValueError: shapes that differ, no or non-finite values, or a kernel of zero.

    Examples:
        >>> round(float(kernel_alignment(jnp.eye(3), 2 * jnp.eye(3))), 6)
        1.0
    """
    initial, final = _checked("kernel", initial, final)
    if initial.shape != final.shape:
        raise ValueError(f"kernels must have one shape, got {initial.shape} and {final.shape}")
    initial = _scaled(_nonzero("initial kernel", initial))
    final = _scaled(_nonzero("final kernel", final))
    return jnp.sum(initial * final) / (_norm(initial) * _norm(final))


@explains_misuse
def sign_similarity(
    initial: Float[AnyArray, "*shape"], final: Float[AnyArray, "*shape"]
) -> Float[Array, ""]:
    """Return the share of entries whose sign (-1, 0 or 1) is the same before and after.

    For rates it is the share of units and samples that stayed active or stayed silent (public code
    of Liu et al. 2024, commit acf25c33).

    Args:
        initial: activity at the start.
        final: activity after training, of the same shape.

    Returns:
        The share, from 0 to 1.

    Raises:
        ValueError: shapes that differ, or no or non-finite values.

    Examples:
        >>> sign_similarity(jnp.array([0.0, 1.0, 2.0, 0.0]), jnp.array([0.0, 3.0, 0.0, 0.0]))
        Array(0.75, dtype=float32)
    """
    initial, final = _checked("activity", initial, final)
    if initial.shape != final.shape:
        raise ValueError(
            f"initial and final activity must have one shape, got {initial.shape}, {final.shape}"
        )
    return jnp.mean(jnp.sign(initial) == jnp.sign(final), dtype=initial.dtype)


def _alignment(
    initial: Float[Array, "samples units"], final: Float[Array, "samples others"]
) -> Float[Array, ""]:
    """Return the cosine of the two Gram matrices, through the smaller products."""
    initial, final = _scaled(initial), _scaled(final)
    samples = initial.shape[0]
    if samples <= min(initial.shape[1], final.shape[1]):
        first, last = initial @ initial.T, final @ final.T
        return jnp.sum(first * last) / (_norm(first) * _norm(last))
    across = jnp.sum((final.T @ initial) ** 2)
    return across / (_norm(initial.T @ initial) * _norm(final.T @ final))


def _scaled(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return the array over its largest entry, so that fourth powers stay within float32."""
    return x / jnp.max(jnp.abs(x))


def _norm(x: Float[Array, "*shape"]) -> Float[Array, ""]:
    return jnp.sqrt(jnp.sum(x * x))


def _checked(name: str, initial: Any, final: Any) -> tuple[Array, Array]:
    check_number(f"initial {name}", initial)
    check_number(f"final {name}", final)
    return jnp.asarray(initial), jnp.asarray(final)


def _checked_activity(initial: Any, final: Any) -> tuple[Array, Array]:
    initial, final = _checked("activity", initial, final)
    if initial.ndim != 2 or final.ndim != 2 or initial.shape[0] != final.shape[0]:
        raise ValueError(
            "initial and final activity must have shapes (samples, units) with equal numbers of "
            f"samples, got {initial.shape} and {final.shape}"
        )
    return initial, final


def _nonzero(name: str, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    if not is_traced(x) and not bool(jnp.any(x)):
        raise ValueError(
            f"{name} is all zero, so it has no direction to compare; pass other weights or inputs"
        )
    return x


def _check_spread(name: str, H: Array, deviation: Array) -> None:
    # Equal rows leave rounding errors of their mean instead of zeros.
    if is_traced(H):
        return
    if bool(jnp.max(jnp.abs(deviation)) <= 8 * jnp.finfo(H.dtype).eps * jnp.max(jnp.abs(H))):
        raise ValueError(f"{name} activity is the same for all samples, so nothing is left of it")
