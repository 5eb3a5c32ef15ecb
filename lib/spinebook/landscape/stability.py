"""What linear stability of gradient descent says about curvature at a given learning rate."""

from __future__ import annotations

from typing import NamedTuple

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse


class StabilityLimits(NamedTuple):
    """Largest values at which training can stay; beyond them it leaves the minimum."""

    eigenvalue: float
    trace: float
    sharpness: float


@explains_misuse
def linear_stability_limits(
    rate: float | int, batch: int, outputs: int, loss_scale: float | int = 1.0
) -> StabilityLimits:
    r"""Return the curvature beyond which a minimum with zero loss is linearly unstable.

    .. math:: \lambda_{max}(H) \le \frac2\eta, \qquad \mathrm{Tr}\,H \le \frac{2 N B}{\eta}, \qquad
        S \le \frac{2 N B}{\eta\, a}

    The first is for full-batch gradient descent (Wu et al. 2018; Cohen et al. 2021 call this
    largest eigenvalue sharpness, which is not the trace). The second is for the mean square of
    stochastic gradient descent with independent batches: the Gauss-Newton matrix of a batch has
    rank at most NB, so :math:`\mathrm{E}\,\mathrm{Tr}\,H_B^2 \ge (\mathrm{Tr}\,H)^2/(NB)`, while
    stability asks for :math:`\mathrm{E}\,\mathrm{Tr}\,H_B^2 \le 2\,\mathrm{Tr}\,H/\eta`. For
    N = B = 1 it is the limit 2 / eta of Wu and Su (2305.17490), which does not apply otherwise.

    Args:
        rate: learning rate eta, positive.
        batch: samples in a batch B.
        outputs: outputs N.
        loss_scale: the trained loss in units of :math:`\frac{1}{2n}\sum_i \|f_i - y_i\|^2`; 2/N
            for a mean over outputs as well (the default of PyTorch).

    Returns:
        Limits on the largest eigenvalue and the trace of the Hessian of the trained loss, and on
        the sharpness S, which has the unit of the loss without scale.

    Raises:
        ValueError: a rate or scale that is not positive, or a batch or outputs below 1.

    Examples:
        >>> linear_stability_limits(0.5, batch=4, outputs=10, loss_scale=0.2)
        StabilityLimits(eigenvalue=4.0, trace=160.0, sharpness=800.0)
    """
    check_number("rate", rate)
    check_number("loss_scale", loss_scale)
    check_count("batch", batch, minimum=1)
    check_count("outputs", outputs, minimum=1)
    if not (rate > 0 and loss_scale > 0):
        raise ValueError(f"rate and loss_scale must be positive, got {rate} and {loss_scale}")
    trace = 2 * outputs * batch / rate
    return StabilityLimits(2 / rate, trace, trace / loss_scale)
