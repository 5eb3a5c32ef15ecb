"""Effective rank and related summaries of a matrix, all definitions side by side."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex, Float

from spinebook.checks import check_number, is_traced
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

Values: TypeAlias = Float[np.ndarray, "*batch"] | np.floating
"""One number a matrix: a NumPy float64 for a single matrix, else an array."""


class SpectrumSummary(NamedTuple):
    """What :func:`spectrum_summary` says of a square matrix, each a float64 per matrix."""

    effective_rank: Values
    participation_ratio: Values
    stable_rank: Values
    entropy_rank: Values
    spectral_radius: Values
    spectral_norm: Values
    frobenius_norm: Values
    non_normality: Values


@explains_misuse
def effective_rank(weights: Float[AnyArray, "*batch n n"]) -> Values:
    r"""Return the effective rank of Liu et al. (2024), a share of N from eigenvalue moduli.

    .. math:: e = \frac{\sum_i |\lambda_i|}{N\, |\lambda_1|}

    It is 1/N for one non-zero eigenvalue and 1 for the identity; a large Gaussian matrix has 2/3
    by the circular law. It can disagree widely with :func:`participation_ratio`.

    Args:
        weights: Square matrices.

    Returns:
        e between 1/N and 1. Nilpotent matrices have no eigenvalue but zero, and no meaningful e.

    Raises:
        ValueError: If weights are not finite or all zero.

    Examples:
        >>> float(effective_rank(np.diag([2.0, 1.0, 1.0, 0.0])))
        0.5
    """
    return _effective_rank(_eigenvalues(_concrete(weights)))


@explains_misuse
def spectral_radius(weights: Float[AnyArray, "*batch n n"]) -> Values:
    r"""Return the largest eigenvalue modulus, :math:`\max_i |\lambda_i|`.

    Args:
        weights: Square matrices.

    Returns:
        The radius, in units of the weights.

    Raises:
        ValueError: If weights are not finite or all zero.

    Examples:
        >>> round(float(spectral_radius(np.array([[0.0, 2.0], [-2.0, 0.0]]))), 6)
        2.0
    """
    return np.abs(_eigenvalues(_concrete(weights))).max(axis=-1)


@explains_misuse
def non_normality(weights: Float[AnyArray, "*batch n n"]) -> Values:
    r"""Return Henrici's departure from normality as a share of the Frobenius norm.

    .. math:: \frac{\sqrt{\|W\|_F^2 - \sum_i |\lambda_i|^2}}{\|W\|_F}

    (Henrici 1962): the share of the Schur form that lies above its diagonal.

    Args:
        weights: Square matrices.

    Returns:
        0 for normal matrices (symmetric, orthogonal), 1 for nilpotent ones.

    Raises:
        ValueError: If weights are not finite or all zero.

    Examples:
        >>> float(non_normality(np.array([[0.0, 1.0], [0.0, 0.0]])))
        1.0
    """
    weights = _concrete(weights)
    return _henrici(weights, _eigenvalues(weights))


@explains_misuse
def participation_ratio(weights: Float[AnyArray, "*batch rows columns"]) -> Values:
    r"""Return the participation ratio of the squared singular values.

    .. math:: \mathrm{PR} = \frac{(\sum_i s_i^2)^2}{\sum_i s_i^4}
        = \frac{(\mathrm{tr}\, W^\top W)^2}{\|W^\top W\|_F^2}

    A square Gaussian matrix has N/2, a Gaussian (h, d) matrix d / (1 + d/h).

    Args:
        weights: Matrices of any shape.

    Returns:
        A number of dimensions, from 1 to the smaller side.

    Raises:
        ValueError: If weights are not finite or all zero.

    Examples:
        >>> round(float(participation_ratio(np.diag([1.0, 1.0, 0.0]))), 6)
        2.0
    """
    return _participation(_singular_values(_concrete(weights)))


@explains_misuse
def stable_rank(weights: Float[AnyArray, "*batch rows columns"]) -> Values:
    r"""Return the stable rank, :math:`\|W\|_F^2 / s_1^2`.

    Args:
        weights: Matrices of any shape.

    Returns:
        A number of dimensions r from 1 to the smaller side; the participation ratio lies between
        r and its square.

    Raises:
        ValueError: If weights are not finite or all zero.

    Examples:
        >>> round(float(stable_rank(np.diag([2.0, 1.0, 1.0]))), 6)
        1.5
    """
    return _stable(_singular_values(_concrete(weights)))


@explains_misuse
def entropy_rank(weights: Float[AnyArray, "*batch rows columns"]) -> Values:
    r"""Return the exponential of the entropy of the singular values.

    .. math:: \exp\Big(-\sum_i p_i \log p_i\Big), \qquad p_i = s_i / \sum_j s_j

    (the effective rank of Roy and Vetterli 2007; the singular values are not squared).

    Args:
        weights: Matrices of any shape.

    Returns:
        A number of dimensions, from 1 to the smaller side.

    Raises:
        ValueError: If weights are not finite or all zero.

    Examples:
        >>> round(float(entropy_rank(np.eye(3))), 6)
        3.0
    """
    return _entropy(_singular_values(_concrete(weights)))


@explains_misuse
def spectrum_summary(weights: Float[AnyArray, "*batch n n"]) -> SpectrumSummary:
    """Return every summary of this module, from one decomposition, in float64.

    Args:
        weights: Square matrices.

    Returns:
        A :class:`SpectrumSummary`.

    Raises:
        ValueError: If weights are not finite or all zero.

    Examples:
        >>> summary = spectrum_summary(np.diag([1.0, 1.0, 0.0, 0.0]))
        >>> round(float(summary.effective_rank), 6), round(float(summary.stable_rank), 6)
        (0.5, 2.0)
    """
    weights = _concrete(weights)
    eigenvalues, singular = _eigenvalues(weights), _singular_values(weights)
    return SpectrumSummary(
        effective_rank=_effective_rank(eigenvalues),
        participation_ratio=_participation(singular),
        stable_rank=_stable(singular),
        entropy_rank=_entropy(singular),
        spectral_radius=np.abs(eigenvalues).max(axis=-1),
        spectral_norm=singular[..., 0],
        frobenius_norm=np.sqrt((singular**2).sum(axis=-1)),
        non_normality=_henrici(weights, eigenvalues),
    )


def _concrete(weights: Float[AnyArray, "*batch n m"]) -> Float[np.ndarray, "*batch n m"]:
    if is_traced(weights):
        raise TypeError(
            "spectra are computed by LAPACK in float64, outside jit and vmap; pass the array "
            "itself, several matrices stacked along leading axes."
        )
    check_number("weights", weights)
    array = np.asarray(weights)
    if not array.any(axis=(-2, -1)).all():
        raise ValueError("weights are all zero and have no spectrum to summarise.")
    return array


def _singular_values(weights: Float[np.ndarray, "*batch n m"]) -> Float[np.ndarray, "*batch k"]:
    return np.linalg.svd(weights.astype(np.float64), compute_uv=False)


def _eigenvalues(weights: Float[np.ndarray, "*batch n n"]) -> Complex[np.ndarray, "*batch n"]:
    """Return the eigenvalues, exact zeros for the directions that a low-rank matrix lacks.

    Rounding lifts the zero eigenvalues of a non-normal matrix to the square root of the precision
    and beyond; those of U S V^T are the eigenvalues of the small matrix S V^T U.
    """
    rounding = weights.shape[-1] * float(jnp.finfo(weights.dtype).eps)
    left, values, right = np.linalg.svd(weights.astype(np.float64))
    ranks = (values > rounding * values[..., :1]).sum(axis=-1)
    found = np.zeros(values.shape, np.complex128)
    for index in np.ndindex(weights.shape[:-2]):
        rank = ranks[index]
        core = (values[index][:rank, None] * right[index][:rank]) @ left[index][:, :rank]
        found[index][:rank] = np.linalg.eigvals(core)
    return found


def _effective_rank(eigenvalues: Complex[np.ndarray, "*batch n"]) -> Values:
    moduli = np.abs(eigenvalues)
    largest = moduli.max(axis=-1)
    with np.errstate(invalid="ignore"):
        return moduli.sum(axis=-1) / (moduli.shape[-1] * largest)


def _henrici(
    weights: Float[np.ndarray, "*batch n n"], eigenvalues: Complex[np.ndarray, "*batch n"]
) -> Values:
    size = (weights.astype(np.float64) ** 2).sum(axis=(-2, -1))
    departure = np.maximum(size - (np.abs(eigenvalues) ** 2).sum(axis=-1), 0.0)
    return np.sqrt(departure / size)


def _participation(singular: Float[np.ndarray, "*batch k"]) -> Values:
    return (singular**2).sum(axis=-1) ** 2 / (singular**4).sum(axis=-1)


def _stable(singular: Float[np.ndarray, "*batch k"]) -> Values:
    return (singular**2).sum(axis=-1) / singular[..., 0] ** 2


def _entropy(singular: Float[np.ndarray, "*batch k"]) -> Values:
    share = singular / singular.sum(axis=-1, keepdims=True)
    terms = share * np.log(np.where(share > 0, share, 1.0))
    return np.exp(-terms.sum(axis=-1))
