"""What recordings say about parameters: output derivatives, Fisher information and its bounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray

# Squared share of a parameter in the null directions below which it counts as rounding.
_SHARE = float(np.finfo(float).eps)


class IdentifiabilityReport(NamedTuple):
    """What an information matrix says; leading axes are those of the matrix.

    Attributes:
        eigenvalues: Rising. Those at the level of rounding are 0.
        directions: Eigenvectors in columns, in the same order, so that the first are the sloppy
            ones.
        condition: Largest over smallest eigenvalue; infinite if the matrix is singular.
        bounds: Cramér-Rao bound on the standard deviation of each parameter.
        rms_bound: Root of the mean of the squared bounds.
    """

    eigenvalues: Float[np.ndarray, "*batch parameters"]
    directions: Float[np.ndarray, "*batch parameters parameters"]
    condition: Float[np.ndarray, "*batch"]
    bounds: Float[np.ndarray, "*batch parameters"]
    rms_bound: Float[np.ndarray, "*batch"]


@explains_misuse
def output_jacobian(
    function: Callable[[Any], Any], parameters: Any, *, cell_axes: int = 0
) -> Float[Array, "*outputs parameters"]:
    r"""Differentiate outputs by parameters in one forward pass for all of them.

    .. math:: J_{oi} = \partial f_o(\theta) / \partial \theta_i

    Forward mode costs as many tangents as there are parameters, whatever the number of outputs,
    and keeps no states: suited to few parameters and long recordings. Tangents are batched in
    front of the simulation's arrays, which keep their layout (:func:`simulate`).

    Trailing axes of the parameters may stand for cells, such as seeds, whose outputs do not depend
    on each other's parameters; all are then differentiated by one set of tangents.

    Args:
        function: Function of the parameters to an array, such as recorded voltages. Compiled once
            for each function and shapes.
        parameters: Pytree of arrays. In float32 derivatives are good to about 1e-6, which
            is too little for eigenvalues of the information that differ by more than 1e12.
        cell_axes: Number of trailing axes of every leaf that stand for cells.

    Returns:
        Derivatives, parameters last: leaves in the order of ``jax.tree.leaves``, each in C order,
        without the axes of cells.

    Raises:
        TypeError: If parameters are no numbers.
        ValueError: If they are not finite, there are none, or they have fewer axes than cells.

    Examples:
        Two cells in the last axis, two parameters each:

        >>> theta = jnp.array([[1.0, 2.0], [3.0, 4.0]])
        >>> output_jacobian(lambda p: p[0] * p[1], theta, cell_axes=1).tolist()
        [[3.0, 1.0], [4.0, 2.0]]
    """
    check_count("cell_axes", cell_axes)
    leaves = jax.tree.leaves(parameters)
    if not leaves:
        raise ValueError("parameters hold nothing; pass a pytree of arrays.")
    for leaf in leaves:
        check_number("parameters", leaf)
        if np.ndim(leaf) < cell_axes:
            raise ValueError(
                f"a leaf of parameters, of shape {np.shape(leaf)}, has no {cell_axes} axes of "
                "cells; add them, or pass cell_axes=0."
            )
    floating = jax.tree.map(
        lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf, jnp.float32)), parameters
    )
    return _jacobian(function, int(cell_axes), floating)


@partial(jax.jit, static_argnums=(0, 1))
def _jacobian(function: Callable[[Any], Any], cell_axes: int, parameters: Any) -> Array:
    one_cell = jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape[: leaf.ndim - cell_axes], leaf.dtype), parameters
    )
    zeros, unravel = ravel_pytree(one_cell)

    def derivative(unit: Array) -> Array:
        tangents = jax.tree.map(
            lambda piece, leaf: jnp.broadcast_to(
                piece.reshape(*piece.shape, *(1,) * cell_axes), leaf.shape
            ),
            unravel(unit),
            parameters,
        )
        return jax.jvp(function, (parameters,), (tangents,))[1]

    return jax.vmap(derivative, out_axes=-1)(jnp.eye(zeros.size, dtype=zeros.dtype))


@explains_misuse
def fisher_information(
    jacobian: Float[AnyArray, "*outputs parameters"],
    *,
    noise_sd: float,
    keep: tuple[int, ...] = (),
) -> Float[np.ndarray, "*kept parameters parameters"]:
    r"""Return the information that outputs with independent normal noise hold on parameters.

    .. math:: F = J^\top J / \sigma^2

    Informations of independent outputs add up. Kept apart by an axis, they serve every selection:
    with the axis of recorded sites kept, ``information[sites].sum(0)`` is that of these sites.

    Args:
        jacobian: Derivatives of the outputs, parameters last (:func:`output_jacobian`).
        noise_sd: Standard deviation σ of the noise, positive, in the unit of the outputs.
        keep: Axes of the outputs that are not summed over, such as recorded sites or seeds.

    Returns:
        Symmetric matrices in float64, one for each place along the kept axes, in their order.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If one is not finite, the noise is not positive, or an axis does not exist.

    Examples:
        >>> jacobian = np.array([[1.0, 0.0], [1.0, 2.0]])
        >>> fisher_information(jacobian, noise_sd=1.0).tolist()
        [[2.0, 2.0], [2.0, 4.0]]
        >>> fisher_information(jacobian, noise_sd=1.0, keep=(0,)).shape
        (2, 2, 2)
    """
    check_number("jacobian", jacobian)
    check_number("noise_sd", noise_sd)
    if np.ndim(noise_sd) or noise_sd <= 0:
        raise ValueError(f"noise_sd must be one positive number, got {noise_sd}.")
    derivatives = np.asarray(jacobian, float)
    outputs = derivatives.ndim - 1
    if len(set(keep)) != len(keep) or not all(0 <= axis < outputs for axis in keep):
        raise ValueError(
            f"keep must name different axes of the {outputs} axes of outputs, from 0, got {keep}."
        )
    kept = [derivatives.shape[axis] for axis in keep]
    rows = np.moveaxis(derivatives, keep, range(len(keep)))
    rows = rows.reshape(*kept, -1, derivatives.shape[-1])
    return np.swapaxes(rows, -1, -2) @ rows / float(noise_sd) ** 2


@explains_misuse
def identifiability_report(
    information: Float[AnyArray, "*batch parameters parameters"],
) -> IdentifiabilityReport:
    r"""Say how well parameters can be told at best, and which combinations cannot.

    .. math::

        F = \sum_k \lambda_k u_k u_k^\top, \qquad
        \operatorname{sd}(\hat\theta_i) \ge \sqrt{(F^{-1})_{ii}}
            = \Big(\sum_k u_{ki}^2 / \lambda_k\Big)^{1/2}

    for every unbiased estimate (Cramér 1946, Rao 1945). It is a local statement, about the
    parameters at which outputs were differentiated. Eigenvalues and condition depend on the units
    of the parameters; multiply the Jacobian by nominal values to speak of relative changes.

    An eigenvalue below P times the float64 rounding of the largest is 0: outputs do not change in
    its direction. A parameter with a share in such a direction (more than 1.5e-8 of its length)
    has an infinite bound, the others keep a finite one.

    Args:
        information: Symmetric positive semi-definite matrices (:func:`fisher_information`).

    Returns:
        An :class:`IdentifiabilityReport`.

    Raises:
        TypeError: If the matrices are no numbers.
        ValueError: If they are not finite, not symmetric, or have a negative eigenvalue.

    Examples:
        >>> report = identifiability_report(np.diag([100.0, 4.0, 0.0]))
        >>> report.bounds.tolist(), report.eigenvalues.tolist(), float(report.condition)
        ([0.1, 0.5, inf], [0.0, 4.0, 100.0], inf)
    """
    check_number("information", information)
    matrix = np.asarray(information, float)
    largest = np.abs(matrix).max((-1, -2), keepdims=True)
    # Float32 sums may differ by some roundings from one triangle to the other.
    if (np.abs(matrix - np.swapaxes(matrix, -1, -2)) > 1e-5 * largest).any():
        raise ValueError("information must be symmetric; pass what fisher_information returns.")
    values, directions = np.linalg.eigh(matrix)
    rounding = matrix.shape[-1] * np.finfo(float).eps * values[..., -1:]
    if (values < -np.maximum(rounding, 1e-5 * largest[..., 0])).any():
        raise ValueError(f"information has a negative eigenvalue, {values.min()}.")
    values = np.where(values <= rounding, 0.0, values)
    null = values == 0
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=~null)
    shares = directions**2
    variance = (shares @ inverse[..., None])[..., 0]
    lost = (shares * null[..., None, :]).sum(-1) > _SHARE
    variance = np.where(lost, np.inf, variance)
    condition = np.where(null[..., 0], np.inf, values[..., -1] * inverse[..., 0])
    return IdentifiabilityReport(
        values, directions, condition, np.sqrt(variance), np.sqrt(variance.mean(-1))
    )
