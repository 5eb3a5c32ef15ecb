"""What a mediated effect could be if something unrecorded drives mediator and outcome."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_broadcast, check_number
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.structural import Exact, Value
from spinebook.mediation.trials import trial_columns
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray, Numbers


class SensitivityCurve(NamedTuple):
    r"""Effects as a function of the residual correlation rho that one is ready to assume.

    ``residual_correlation`` is that of the fitted residuals, where the indirect effect is zero.
    ``residual_product`` is rho squared, the product of the shares of *residual* variance of
    mediator and outcome that the common cause explains; ``total_product`` is the same product in
    shares of *total* variance.
    """

    rho: Float[np.ndarray, "rho"]
    indirect: Float[np.ndarray, "rho"]
    direct: Float[np.ndarray, "rho"]
    residual_correlation: float
    residual_product: Float[np.ndarray, "rho"]
    total_product: Float[np.ndarray, "rho"]


@explains_misuse
def indirect_under_rho(
    alpha: Value, outcome_sd: Value, mediator_sd: Value, residual_correlation: Value, rho: Numbers
) -> Exact:
    r"""Return the indirect effect that a residual correlation implies.

    .. math::
        \delta(\rho) = \alpha\,\frac{\sigma_1}{\sigma_2}
        \left\{\tilde\rho - \rho\sqrt{\frac{1 - \tilde\rho^2}{1 - \rho^2}}\right\}

    (Imai, Keele & Yamamoto 2010, theorem 4). It is zero where rho equals the correlation of the
    fitted residuals, and the product of the regression coefficients where rho is zero.

    Args:
        alpha: Slope of the mediator on the stimulus.
        outcome_sd: sigma_1, residual standard deviation of Y ~ X.
        mediator_sd: sigma_2, residual standard deviation of M ~ X, positive.
        residual_correlation: Correlation of these two residuals, strictly between -1 and 1.
        rho: Assumed correlation of the structural residuals, strictly between -1 and 1.

    Returns:
        The indirect effect for each rho, float64.

    Raises:
        ValueError: If a correlation or standard deviation is out of range.

    Examples:
        >>> values = indirect_under_rho(0.5, 1.565248, 1.118034, 0.714286, [0.0, 0.2, 0.714286])
        >>> values.round(5).tolist()
        [0.5, 0.4, 0.0]
    """
    values = {"alpha": alpha, "outcome_sd": outcome_sd, "mediator_sd": mediator_sd}
    correlations = {"residual_correlation": residual_correlation, "rho": rho}
    for name, value in (values | correlations).items():
        check_number(name, value)
    check_broadcast(**values, **correlations)
    for name, value in correlations.items():
        if np.max(np.abs(value)) >= 1:
            raise ValueError(f"{name} must lie strictly between -1 and 1, got {value}.")
    if np.min(mediator_sd) <= 0 or np.min(outcome_sd) < 0:
        raise ValueError(
            "mediator_sd must be positive and outcome_sd not negative, got "
            f"{np.min(mediator_sd)} and {np.min(outcome_sd)}."
        )
    a, sigma_y, sigma_m = (np.asarray(value, np.float64) for value in values.values())
    fitted, assumed = (np.asarray(value, np.float64) for value in correlations.values())
    ratio = np.sqrt((1 - fitted**2) / (1 - assumed**2))
    return a * sigma_y / sigma_m * (fitted - assumed * ratio)


@explains_misuse
def sensitivity_rho(
    stimulus: Float[AnyArray, " n"],
    mediator: Float[AnyArray, " n"],
    outcome: Float[AnyArray, " n"],
    *,
    rho: Numbers,
) -> SensitivityCurve:
    r"""Return direct and indirect effects of recorded trials over assumed correlations.

    :func:`indirect_under_rho` with least-squares estimates; the direct effect is the rest of the
    total one. The outcome's share of unexplained total variance uses its *structural* residual
    variance, :math:`\sigma_1^2 (1-\tilde\rho^2)/(1-\rho^2)`, so it changes with rho (the R package
    mediation takes the value at rho = 0 everywhere).

    Args:
        stimulus: X, randomized.
        mediator: M.
        outcome: Y.
        rho: Assumed correlations of the structural residuals, strictly between -1 and 1.

    Returns:
        The curve. Positive rho means that the naive indirect effect over alpha is too large.

    Raises:
        ValueError: If lengths differ, values are missing, columns are collinear, or a rho is out
            of range.

    Examples:
        >>> import jax
        >>> sample = LinearSCM().draw(500, key=jax.random.key(0))
        >>> curve = sensitivity_rho(*sample[:3], rho=[-0.5, 0.0, 0.5])
        >>> bool(curve.indirect[0] > curve.indirect[1] > curve.indirect[2])
        True
    """
    check_number("rho", rho)
    columns = trial_columns(4, stimulus=stimulus, mediator=mediator, outcome=outcome)
    return _curve(np.cov(columns), np.atleast_1d(np.asarray(rho, np.float64)))


@explains_misuse
def same_covariance_models(covariance: Float[AnyArray, "3 3"], *, rho: Numbers) -> LinearSCM:
    r"""Return linear models with different mediated effects and one and the same covariance.

    One model for each rho. Its common input makes the structural residuals correlate by rho, and
    its coefficients make up for that,

    .. math::
        \alpha\beta(\rho) = \delta(\rho), \qquad c'(\rho) = c - \alpha\beta(\rho), \qquad
        \sigma_Y(\rho) = \sigma_1\sqrt{(1 - \tilde\rho^2)/(1 - \rho^2)},

    so no amount of data on stimulus, mediator and outcome tells them apart (the construction
    behind theorem 4 of Imai, Keele & Yamamoto 2010; also for a mediator that no stimulus moves).

    Args:
        covariance: Covariance matrix of (X, M, Y), positive definite.
        rho: Correlations of the structural residuals, strictly between -1 and 1.

    Returns:
        A family of models: parameters that depend on rho are arrays of its shape.

    Raises:
        ValueError: If the matrix is not a positive definite 3 by 3 one, or a rho is out of range.

    Examples:
        >>> family = same_covariance_models(LinearSCM().covariance(), rho=[-0.5, 0.0, 0.5])
        >>> (family.alpha * family.beta).round(3).tolist()
        [0.689, 0.4, 0.111]
        >>> bool(np.ptp(family.covariance(), axis=0).max() < 1e-12)
        True
    """
    check_number("covariance", covariance)
    check_number("rho", rho)
    fit = _residuals(np.asarray(covariance, np.float64))
    correlations = np.asarray(rho, np.float64)
    beta = indirect_under_rho(1.0, fit.outcome_sd, fit.mediator_sd, fit.correlation, correlations)
    outcome_sd = fit.outcome_sd * np.sqrt((1 - fit.correlation**2) / (1 - correlations**2))
    # Both residuals get the share |rho| of their variance from the common input.
    common, private = np.sqrt(np.abs(correlations)), np.sqrt(1 - np.abs(correlations))
    return LinearSCM(
        alpha=fit.a,
        beta=beta,
        direct=fit.total - fit.a * beta,
        confounder_mediator=common * fit.mediator_sd,
        confounder_outcome=np.sign(correlations) * common * outcome_sd,
        stimulus_sd=fit.stimulus_sd,
        mediator_sd=private * fit.mediator_sd,
        outcome_sd=private * outcome_sd,
    )


class _Residuals(NamedTuple):
    """Regressions of mediator and outcome on the stimulus alone."""

    stimulus_sd: float
    a: float
    total: float
    mediator_sd: float
    outcome_sd: float
    correlation: float


def _residuals(covariance: Float[np.ndarray, "..."]) -> _Residuals:
    if covariance.shape != (3, 3) or not np.allclose(covariance, covariance.T):
        raise ValueError(
            f"covariance must be a symmetric matrix (3, 3) of X, M, Y, got {covariance.shape}."
        )
    (xx, xm, xy), (_, mm, my), (_, _, yy) = covariance
    if xx <= 0:
        raise ValueError(f"stimulus must vary, got variance {xx}.")
    a, total = xm / xx, xy / xx
    mediator, outcome, shared = mm - a * xm, yy - total * xy, my - a * xy
    # Rounding leaves about 1e-15 of a variance that should be zero.
    if mediator <= 1e-12 * mm or outcome * mediator - shared**2 <= 1e-12 * mm * yy:
        raise ValueError(
            "stimulus, mediator and outcome are collinear or constant, so no correlation of "
            "residuals is left to vary."
        )
    sds = np.sqrt(mediator), np.sqrt(outcome)
    correlation = shared / (sds[0] * sds[1])
    return _Residuals(*map(float, (np.sqrt(xx), a, total, *sds, correlation)))


def _curve(
    covariance: Float[np.ndarray, "3 3"], rho: Float[np.ndarray, " rho"]
) -> SensitivityCurve:
    fit = _residuals(covariance)
    indirect = np.asarray(
        indirect_under_rho(fit.a, fit.outcome_sd, fit.mediator_sd, fit.correlation, rho)
    )
    structural = fit.outcome_sd**2 * (1 - fit.correlation**2) / (1 - rho**2)
    unexplained = fit.mediator_sd**2 / covariance[1, 1] * structural / covariance[2, 2]
    return SensitivityCurve(
        rho, indirect, fit.total - indirect, fit.correlation, rho**2, rho**2 * unexplained
    )
