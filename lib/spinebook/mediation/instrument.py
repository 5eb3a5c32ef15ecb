r"""A randomised perturbation of the mediator as an instrument for its effect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from spinebook.mediation.trials import trial_columns
from spinebook.misuse import explains_misuse
from spinebook.types import Numbers


class InstrumentEstimate(NamedTuple):
    """Effects with robust standard errors; ``first_stage_f`` tells how strong the instrument is."""

    alpha: float
    beta: float
    direct: float
    indirect: float
    alpha_error: float
    beta_error: float
    direct_error: float
    indirect_error: float
    first_stage_f: float


@explains_misuse
def instrument_estimate(
    stimulus: Numbers,
    mediator: Numbers,
    outcome: Numbers,
    perturbation: Numbers,
    *,
    adjust: bool = True,
) -> InstrumentEstimate:
    r"""Estimate the indirect effect with a randomised perturbation P of the mediator.

    .. math:: \hat\beta_{IV} = \frac{\widehat{\mathrm{Cov}}(P, Y)}{\widehat{\mathrm{Cov}}(P, M)},
        \qquad \hat\alpha = \frac{\widehat{\mathrm{Cov}}(X, M)}{\widehat{\mathrm{Var}}(X)}, \qquad
        \text{indirect} = \hat\alpha \hat\beta_{IV}

    (Wright 1928; Angrist and Krueger 2001). With ``adjust`` the stimulus is held fixed in the
    covariances with P and the perturbation in :math:`\hat\alpha` (two-stage least squares), which
    changes no limit where both are randomised and makes the standard errors smaller. An unmeasured
    common cause of mediator and outcome does no harm; a perturbation that reaches the outcome
    past the mediator by :math:`\eta` per :math:`\tau` that reaches the mediator adds
    :math:`\eta/\tau` to :math:`\hat\beta_{IV}`. The product is the mean indirect effect only if
    the effects do not covary over units.

    Standard errors follow from influence functions :math:`\psi`,
    :math:`\psi_{\alpha\beta} = \beta\psi_\alpha + \alpha\psi_\beta` (delta method), so that
    unequal variances do no harm. They, and the estimate itself, need an instrument that is not
    weak: an F below about 10 is a warning (Staiger and Stock 1997).

    Args:
        stimulus: X, (n,), randomised.
        mediator: M, (n,).
        outcome: Y, (n,).
        perturbation: P, (n,), randomised; independent of X unless ``adjust`` is on.
        adjust: Whether X and P are covariates of one another's effects.

    Returns:
        Estimates, standard errors and the first-stage F.

    Raises:
        ValueError: If lengths differ, values are missing, there are fewer than five observations,
            a variable is constant, or P does not move M at all.

    Examples:
        >>> x = np.array([0.0, 0, 1, 1, 2, 2])
        >>> p = np.array([0.0, 1, 0, 1, 0, 1])
        >>> m = 0.5 * x + p + np.array([0.1, 0, 0, 0, 0, -0.1])
        >>> found = instrument_estimate(x, m, 2 * m + x, p)
        >>> round(found.beta, 6), round(found.direct, 6)
        (2.0, 1.0)
    """
    named = {"stimulus": stimulus, "mediator": mediator, "outcome": outcome}
    named["perturbation"] = perturbation
    columns = trial_columns(5, **named)
    for name, column in zip(named, columns, strict=True):
        if np.ptp(column) == 0:
            raise ValueError(f"{name} is constant; it can neither have nor be an effect.")
    x, m, y, p = columns - columns.mean(axis=1, keepdims=True)
    n = len(x)
    x_alone = x - p * (p @ x) / (p @ p) if adjust else x
    p_alone = p - x * (x @ p) / (x @ x) if adjust else p
    for name, alone, whole in (("stimulus", x_alone, x), ("perturbation", p_alone, p)):
        if alone @ alone < 1e-10 * (whole @ whole):
            raise ValueError(f"the {name} is a multiple of the other cause; randomise both apart.")
    moved = p_alone @ m
    if moved == 0:
        raise ValueError("the perturbation does not move the mediator; it is no instrument.")
    alpha, tau = x_alone @ m / (x_alone @ x_alone), moved / (p_alone @ p_alone)
    beta = p_alone @ y / moved
    direct = x_alone @ (y - beta * m) / (x_alone @ x_alone)
    m_rest = m - alpha * x - (tau * p if adjust else 0.0)
    y_rest = y - beta * m - (direct * x if adjust else 0.0)
    # The direct effect is a regression of y - beta m, and moves with the error of beta.
    d_rest = y - beta * m - direct * x
    psi_alpha = n * x_alone * m_rest / (x_alone @ x_alone)
    psi_beta = n * p_alone * y_rest / moved
    psi_direct = n * x_alone * d_rest / (x_alone @ x_alone) - alpha * psi_beta
    psi_indirect = beta * psi_alpha + alpha * psi_beta
    used = 3 if adjust else 2
    errors = [_error(psi, used) for psi in (psi_alpha, psi_beta, psi_direct, psi_indirect)]
    first = m - tau * p - (alpha * x if adjust else 0.0)
    strength = tau**2 * (p_alone @ p_alone) / (first @ first / (n - used))
    values = alpha, beta, direct, alpha * beta, *errors, strength
    return InstrumentEstimate(*(float(value) for value in values))


def _error(influence: Float[np.ndarray, " n"], used: int) -> float:
    n = len(influence)
    return float(np.sqrt(influence @ influence / (n * (n - used))))
