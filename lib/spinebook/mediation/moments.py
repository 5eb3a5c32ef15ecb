r"""Least squares from second moments: every linear estimate of mediation needs nothing else.

Columns are ordered covariates, stimulus, mediators, outcome. One pass of the sweep operator
over the stimulus regresses mediators and outcome on it; going on over the mediators regresses the
outcome on all of them. Arrays hold the two axes of the matrix first and any batch behind, so that
a thousand resamples cost as many operations as one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_count
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray


class Paths(NamedTuple):
    """Coefficients of the three regressions and what their standard errors are made of.

    ``mediator_spread`` is the residual covariance of the mediators given stimulus and covariates,
    ``outcome_spread`` the residual variance of the outcome given the mediators too and
    ``total_spread`` without them; ``stimulus_inverse``, ``direct_inverse`` and ``mediator_inverse``
    are the entries of the inverse moment matrices that belong to the coefficients. ``tolerance`` is
    the smallest share of a regressor's variance that the regressors before it leave over.
    """

    a: Float[AnyArray, "mediators *batch"]
    b: Float[AnyArray, "mediators *batch"]
    direct: Float[AnyArray, "*batch"] | float
    total: Float[AnyArray, "*batch"] | float
    mediator_spread: Float[AnyArray, "mediators mediators *batch"]
    outcome_spread: Float[AnyArray, "*batch"] | float
    total_spread: Float[AnyArray, "*batch"] | float
    stimulus_inverse: Float[AnyArray, "*batch"] | float
    direct_inverse: Float[AnyArray, "*batch"] | float
    mediator_inverse: Float[AnyArray, "mediators mediators *batch"]
    tolerance: Float[AnyArray, "*batch"] | float


@explains_misuse
def moment_rows(columns: Float[AnyArray, "n q"]) -> Float[AnyArray, "n moments"]:
    r"""Values and products of the columns, one row an observation.

    Any estimate that depends on first and second moments follows from means of these rows: for
    stimulus, mediator and outcome, with the constant, they are the ten numbers
    :math:`1, x, m, y, x^2, xm, xy, m^2, my, y^2`.

    Args:
        columns: Observations of q variables, best centred before, which costs no generality and
            keeps the digits.

    Returns:
        The q columns followed by the :math:`q(q+1)/2` products.

    Examples:
        >>> moment_rows(np.array([[1.0, 2.0]]))
        array([[1., 2., 1., 2., 4.]])
    """
    array: Any = columns
    first, second = np.triu_indices(array.shape[1])
    xp = array.__array_namespace__()
    rows: AnyArray = xp.concat([array, array[:, first] * array[:, second]], axis=1)
    return rows


@explains_misuse
def covariance_from_moments(
    means: Float[AnyArray, "moments *batch"], q: int
) -> Float[AnyArray, "{q} {q} *batch"]:
    r"""Covariance matrices from means of :func:`moment_rows`, with divisor n.

    .. math:: S_{ij} = \overline{z_i z_j} - \bar z_i \bar z_j

    Args:
        means: Means of the moment rows, moments first.
        q: Number of variables.

    Returns:
        Covariances, both axes of the matrix first.

    Raises:
        ValueError: If there are other moments than those of ``q`` variables.

    Examples:
        >>> z = np.array([[0.0, 1.0], [2.0, 5.0]])
        >>> covariance_from_moments(moment_rows(z).mean(axis=0), 2)
        array([[1., 2.],
               [2., 4.]])
    """
    check_count("q", q, minimum=1)
    moments = q + q * (q + 1) // 2
    if len(means) != moments:
        raise ValueError(
            f"means must hold {moments} moments of q = {q} variables, got {len(means)}; pass what "
            "moment_rows makes, averaged"
        )
    index = np.zeros((q, q), int)
    index[np.triu_indices(q)] = np.arange(q, q + q * (q + 1) // 2)
    index = np.maximum(index, index.T)
    products: Any = means[index]
    return products - means[:q, None] * means[None, :q]


@explains_misuse
def sweep(
    matrix: Float[AnyArray, "q q *batch"], pivot: int
) -> tuple[Float[AnyArray, "q q *batch"], Float[AnyArray, "*batch"] | float]:
    r"""Sweep a moment matrix on one variable (Goodnight 1979, section 3).

    After sweeping a set of regressors, their block is the inverse of what it was, the columns of
    the other variables hold the regression coefficients, and the rest the residual covariance.

    Args:
        matrix: Moments, both axes first.
        pivot: Index of the variable to sweep.

    Returns:
        The swept matrix and the pivot that it was divided by; not finite where that is zero, as
        for a variable that is constant.

    Raises:
        ValueError: If ``pivot`` is no index of a variable.

    Examples:
        >>> swept, _ = sweep(np.array([[2.0, 1.0], [1.0, 3.0]]), 0)
        >>> float(swept[0, 1]), float(swept[1, 1])
        (0.5, 2.5)
    """
    array: Any = matrix
    xp = array.__array_namespace__()
    if not 0 <= pivot < len(array):
        raise ValueError(f"pivot must be 0 to {len(array) - 1}, got {pivot}.")
    with np.errstate(divide="ignore", invalid="ignore"):
        return _swept(array, pivot, xp)


def _swept(array: Any, pivot: int, xp: Any) -> tuple[Any, Any]:
    size = array[pivot, pivot]
    row = array[pivot] / size
    chosen = (np.arange(len(array)) == pivot).reshape(-1, *[1] * (array.ndim - 1))
    inside = array - array[:, pivot][:, None] * row[None]
    column = (xp.where(chosen[:, 0], 1.0, -array[:, pivot]) / size)[:, None]
    row = xp.broadcast_to(row[None], array.shape)
    swept = xp.where(chosen, row, inside)
    return xp.where(chosen.swapaxes(0, 1), column, swept), size


@explains_misuse
def regression_paths(
    covariance: Float[AnyArray, "q q *batch"], mediators: int = 1, covariates: int = 0
) -> Paths:
    r"""Coefficients of outcome and mediators on stimulus, and of outcome on both.

    .. math:: m = a x + e_m, \qquad y = c x + e, \qquad y = c' x + b^\top m + e_y

    (Baron and Kenny 1986), each with an intercept and the covariates; :math:`c = c' + a^\top b`
    holds in every sample.

    Args:
        covariance: Covariances of covariates, stimulus, mediators and outcome, in this order.
        mediators: Number of mediators.
        covariates: Number of covariates.

    Returns:
        The coefficients and the parts of their standard errors; not finite where a regressor is
        constant.

    Examples:
        >>> s = np.array([[1.0, 0.5, 0.7], [0.5, 1.25, 1.15], [0.7, 1.15, 2.13]])
        >>> paths = regression_paths(s)
        >>> [round(float(path), 6) for path in (paths.a[0], paths.b[0], paths.direct, paths.total)]
        [0.5, 0.8, 0.3, 0.7]
    """
    before: Any = covariance
    xp = before.__array_namespace__()
    x, middle = covariates, slice(covariates + 1, covariates + 1 + mediators)
    swept, tolerance = before, xp.ones(before.shape[2:])
    stages = []
    for last in (x, x + mediators):
        for pivot in range(0 if last == x else x + 1, last + 1):
            swept, size = sweep(swept, pivot)
            # A constant regressor has a pivot of 0 out of a variance of 0: no tolerance at all.
            with np.errstate(divide="ignore", invalid="ignore"):
                share = size / xp.where(before[pivot, pivot] > 0, before[pivot, pivot], 1.0)
            tolerance = xp.minimum(tolerance, share)
        stages.append(swept)
    first, second = stages
    return Paths(
        a=first[x, middle],
        b=second[middle, -1],
        direct=second[x, -1],
        total=first[x, -1],
        mediator_spread=first[middle, middle],
        outcome_spread=second[-1, -1],
        total_spread=first[-1, -1],
        stimulus_inverse=first[x, x],
        direct_inverse=second[x, x],
        mediator_inverse=second[middle, middle],
        tolerance=tolerance,
    )
