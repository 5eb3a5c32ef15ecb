"""Closed forms of what is mediated in a linear model, with and without interaction."""

from __future__ import annotations

from spinebook.checks import check_number
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.structural import Effects, Value
from spinebook.misuse import explains_misuse


@explains_misuse
def effects(
    scm: LinearSCM, *, control: Value = 0.0, treated: Value = 1.0, level: Value = 0.0
) -> Effects:
    r"""Return total, direct and indirect effects of a linear model and the four-way parts.

    .. math::
        \mathrm{NDE} = [c' + \kappa(m_0 + \alpha x^*)]\,(x - x^*), \quad
        \mathrm{TNIE} = \alpha(\beta + \kappa x)(x - x^*), \quad
        \mathrm{CDE}(m) = (c' + \kappa m)(x - x^*)

    where the total direct effect has x and the pure indirect effect x* in the brackets (Robins &
    Greenland 1992; Pearl 2001). Further, as VanderWeele (2014) splits the total effect,

    .. math::
        \mathrm{TE} = \mathrm{CDE}(m) + \mathrm{INT_{ref}} + \mathrm{INT_{med}} + \mathrm{PNIE},
        \quad \mathrm{INT_{ref}} = \kappa(m_0 + \alpha x^* - m)(x - x^*), \quad
        \mathrm{INT_{med}} = \kappa\alpha(x - x^*)^2.

    Silencing the mediator at m removes TE - CDE(m), which differs from the total indirect effect
    by the reference interaction. A common input changes none of these effects.

    Args:
        scm: The model, or a family of models with arrays of parameters.
        control: x*, the stimulus one comes from.
        treated: x, the stimulus one goes to.
        level: m, where the mediator is clamped.

    Returns:
        The effects, in the precision and shape of the parameters.

    Raises:
        TypeError: If a contrast or level is not numeric.
        ValueError: If one is not finite.

    Examples:
        >>> with_interaction = LinearSCM(interaction=0.4, mediator_intercept=2.0)
        >>> found = effects(with_interaction)
        >>> round(found.total_indirect, 6), round(found.pure_indirect, 6)
        (0.6, 0.4)
        >>> round(found.total - found.controlled_direct, 6)  # what silencing removes
        1.4
    """
    for name, value in (("control", control), ("treated", treated), ("level", level)):
        check_number(name, value)
    change = treated - control
    before = scm.mediator_intercept + scm.alpha * control
    after = scm.mediator_intercept + scm.alpha * treated
    total_direct = (scm.direct + scm.interaction * after) * change
    pure_indirect = scm.alpha * (scm.beta + scm.interaction * control) * change
    return Effects(
        total=total_direct + pure_indirect,
        controlled_direct=(scm.direct + scm.interaction * level) * change,
        pure_direct=(scm.direct + scm.interaction * before) * change,
        total_direct=total_direct,
        pure_indirect=pure_indirect,
        total_indirect=scm.alpha * (scm.beta + scm.interaction * treated) * change,
        reference_interaction=scm.interaction * (before - level) * change,
        mediated_interaction=scm.interaction * scm.alpha * change**2,
    )
