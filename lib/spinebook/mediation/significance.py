r"""Tests of an indirect effect that need no resampling, and its exact variance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_broadcast, check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.types import Numbers


class ProductTest(NamedTuple):
    """Standard error of a product of coefficients, its ratio z, and the two-sided normal p."""

    standard_error: Float[np.ndarray, "..."]
    z: Float[np.ndarray, "..."]
    p_value: Float[np.ndarray, "..."]


def _product_test(
    a: Numbers, b: Numbers, a_error: Numbers, b_error: Numbers, last: float
) -> ProductTest:
    from scipy.special import ndtr

    for name, value in (("a", a), ("b", b), ("a_error", a_error), ("b_error", b_error)):
        check_number(name, value)
    check_broadcast(a=a, b=b, a_error=a_error, b_error=b_error)
    if np.any(np.asarray(a_error) <= 0) or np.any(np.asarray(b_error) <= 0):
        raise ValueError("standard errors must be positive; a coefficient that is known has none.")
    a, b, s_a, s_b = (np.asarray(value, float) for value in (a, b, a_error, b_error))
    variance = a**2 * s_b**2 + b**2 * s_a**2 + last * s_a**2 * s_b**2
    error = np.sqrt(np.where(variance > 0, variance, np.nan))
    # 0 / 0 where both coefficients vanish: no evidence of anything.
    z = np.where(a * b == 0, 0.0, a * b / np.where(error > 0, error, np.nan))
    return ProductTest(error, z, 2 * ndtr(-np.abs(z)))


@explains_misuse
def sobel(a: Numbers, b: Numbers, a_error: Numbers, b_error: Numbers) -> ProductTest:
    r"""Sobel's test of an indirect effect (Sobel 1982).

    .. math:: s^2 = a^2 s_b^2 + b^2 s_a^2, \qquad z = ab / s

    At :math:`\alpha = \beta = 0` z tends to :math:`N(0, 1/4)` rather than :math:`N(0, 1)`, so the
    test then rejects about once in ten thousand at a level of 5 %.

    Args:
        a: Coefficient of the stimulus on the mediator, any shape.
        b: Coefficient of the mediator on the outcome, broadcasts.
        a_error: Standard error of ``a``, positive.
        b_error: Standard error of ``b``, positive.

    Returns:
        Standard error, z and p value.

    Raises:
        ValueError: If a standard error is not positive or the shapes do not fit.

    Examples:
        >>> round(float(sobel(0.5, 0.8, 0.1, 0.1).z), 4)
        4.24
    """
    return _product_test(a, b, a_error, b_error, 0.0)


@explains_misuse
def aroian(a: Numbers, b: Numbers, a_error: Numbers, b_error: Numbers) -> ProductTest:
    r"""Sobel's test with the variance of a product of independent estimates (Aroian 1947).

    .. math:: s^2 = a^2 s_b^2 + b^2 s_a^2 + s_a^2 s_b^2

    Args:
        a: Coefficient of the stimulus on the mediator, any shape.
        b: Coefficient of the mediator on the outcome, broadcasts.
        a_error: Standard error of ``a``, positive.
        b_error: Standard error of ``b``, positive.

    Returns:
        Standard error, z and p value.

    Raises:
        ValueError: If a standard error is not positive or the shapes do not fit.

    Examples:
        >>> round(float(aroian(0.5, 0.8, 0.1, 0.1).z), 4)
        4.2164
    """
    return _product_test(a, b, a_error, b_error, 1.0)


@explains_misuse
def goodman(a: Numbers, b: Numbers, a_error: Numbers, b_error: Numbers) -> ProductTest:
    r"""Sobel's test with the unbiased estimate of the variance of the product (Goodman 1960).

    .. math:: s^2 = a^2 s_b^2 + b^2 s_a^2 - s_a^2 s_b^2

    which is negative where neither coefficient reaches its standard error: standard error and z
    are then NaN.

    Args:
        a: Coefficient of the stimulus on the mediator, any shape.
        b: Coefficient of the mediator on the outcome, broadcasts.
        a_error: Standard error of ``a``, positive.
        b_error: Standard error of ``b``, positive.

    Returns:
        Standard error, z and p value.

    Raises:
        ValueError: If a standard error is not positive or the shapes do not fit.

    Examples:
        >>> round(float(goodman(0.5, 0.8, 0.1, 0.1).z), 4)
        4.264
    """
    return _product_test(a, b, a_error, b_error, -1.0)


@explains_misuse
def joint_significance(
    a_t: Numbers, b_t: Numbers, a_degrees: Numbers, b_degrees: Numbers
) -> Float[np.ndarray, "..."]:
    r"""P value of the joint test: both coefficients differ from 0 (MacKinnon et al. 2002).

    .. math:: p = \max(p_a, p_b)

    with the t quantiles of both regressions. Its size is at most the level, and close to it unless
    both coefficients are near 0, where it is the level squared.

    Args:
        a_t: Coefficient of the stimulus over its standard error, any shape.
        b_t: Coefficient of the mediator over its standard error, broadcasts.
        a_degrees: Degrees of freedom of the first regression, n - 2 without covariates.
        b_degrees: Degrees of freedom of the second, n - 3 with one mediator and no covariates.

    Returns:
        Two-sided p value.

    Raises:
        ValueError: If a value is not finite, degrees lie below 1, or the shapes do not fit.

    Examples:
        >>> round(float(joint_significance(4.0, 2.0, 98, 97)), 4)
        0.0483
    """
    from scipy.special import stdtr

    for name, value in (("a_t", a_t), ("b_t", b_t)):
        check_number(name, value)
    check_count("a_degrees", a_degrees, minimum=1)
    check_count("b_degrees", b_degrees, minimum=1)
    check_broadcast(a_t=a_t, b_t=b_t, a_degrees=a_degrees, b_degrees=b_degrees)
    tails = stdtr(a_degrees, -np.abs(a_t)), stdtr(b_degrees, -np.abs(b_t))
    return np.asarray(2 * np.maximum(*tails))


@explains_misuse
def product_variance(
    alpha: Numbers,
    beta: Numbers,
    n: Numbers,
    *,
    stimulus_sd: Numbers = 1.0,
    mediator_sd: Numbers = 1.0,
    outcome_sd: Numbers = 1.0,
) -> Float[np.ndarray, "..."]:
    r"""Exact variance of the estimated indirect effect for Gaussian stimulus and errors.

    .. math:: \mathrm{Var}(\hat a) = \frac{\sigma_M^2}{\sigma_X^2 (n-3)}, \qquad
        \mathrm{Var}(\hat b) = \frac{\sigma_Y^2}{\sigma_M^2 (n-4)}, \qquad
        \mathrm{Var}(\hat a \hat b) = \beta^2 \mathrm{Var}(\hat a) + \alpha^2 \mathrm{Var}(\hat b)
        + \mathrm{Var}(\hat a)\mathrm{Var}(\hat b)

    without interaction or confounding, intercepts fitted: given the stimulus and the mediator,
    :math:`\hat b` has mean :math:`\beta` and a variance that does not depend on :math:`\hat a`.

    Args:
        alpha: Effect of the stimulus on the mediator, any shape.
        beta: Effect of the mediator on the outcome, broadcasts.
        n: Number of observations, at least 5.
        stimulus_sd: Standard deviation of the stimulus, positive.
        mediator_sd: That of the mediator's error.
        outcome_sd: That of the outcome's error.

    Returns:
        The variance, of the broadcast shape.

    Raises:
        ValueError: If there are fewer than five observations or a deviation is not positive.

    Examples:
        >>> round(float(product_variance(0.5, 0.8, 50)) ** 0.5, 6)
        0.139694
    """
    deviations = {
        "stimulus_sd": stimulus_sd,
        "mediator_sd": mediator_sd,
        "outcome_sd": outcome_sd,
    }
    for name, value in {"alpha": alpha, "beta": beta, **deviations}.items():
        check_number(name, value)
    for name, value in deviations.items():
        if np.any(np.asarray(value) <= 0):
            raise ValueError(f"{name} must be positive, got {np.min(np.asarray(value))}.")
    check_count("n", n, minimum=5)
    check_broadcast(alpha=alpha, beta=beta, n=n, **deviations)
    a, b, count, *spreads = (np.asarray(v, float) for v in (alpha, beta, n, *deviations.values()))
    var_x, var_m, var_y = (spread**2 for spread in spreads)
    var_a = var_m / (var_x * (count - 3))
    var_b = var_y / (var_m * (count - 4))
    return np.asarray(b**2 * var_a + a**2 * var_b + var_a * var_b)
