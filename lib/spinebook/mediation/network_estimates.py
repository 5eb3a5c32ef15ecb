"""What an experimenter would say that single units of a network mediate."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from spinebook.mediation.discontinuity import spike_discontinuity
from spinebook.mediation.instrument import instrument_estimate
from spinebook.mediation.moments import Paths, regression_paths
from spinebook.mediation.network_sessions import NetworkSession
from spinebook.mediation.sensitivity import indirect_under_rho
from spinebook.types import AnyArray

WINDOW = 0.5
"""Window of the discontinuity in standard deviations of the drive."""


class RhoBounds(NamedTuple):
    """Smallest and largest mediated effect of each unit over assumed residual correlations."""

    low: Float[np.ndarray, " units"]
    high: Float[np.ndarray, " units"]


def naive_effects(session: NetworkSession) -> Float[np.ndarray, " units"]:
    r"""Return each unit's indirect effect from a recording of that unit alone.

    :math:`\hat a_j \hat b_j` by least squares of the spike on the stimulus and of the report on
    stimulus and spike (:func:`spinebook.mediation.moments.regression_paths`).

    Args:
        session: A recording.

    Returns:
        The effects; 0 for a unit that always or never spikes, as it mediates nothing.

    Examples:
        >>> drive = np.linspace(-1.0, 1.0, 40)[:, None]
        >>> x, spikes = np.arange(40) >= 15.0, (drive > 0) * 1.0
        >>> session = NetworkSession(x * 1.0, drive, spikes, 3 * spikes[:, 0], drive)
        >>> naive_effects(session).round(6).tolist()  # 3 times a slope of 20/25
        [2.4]
    """
    paths = _single_unit_paths(session)
    return _where_active(session, paths.a[0] * paths.b[0])


def rho_bounds(session: NetworkSession, limit: float = 0.9) -> RhoBounds:
    r"""Return what each unit could mediate if residuals correlated by up to ``limit``.

    :func:`spinebook.mediation.sensitivity.indirect_under_rho` is monotone in rho, so its values at
    :math:`\pm` ``limit`` are the bounds (Imai, Keele and Yamamoto 2010).

    Args:
        session: A recording.
        limit: Largest correlation one is ready to assume, in absolute value and below 1.

    Returns:
        The bounds; 0 and 0 for a unit that always or never spikes.

    Raises:
        ValueError: If the limit is not below 1.

    Examples:
        >>> drive = np.linspace(-1.0, 1.0, 40)[:, None]
        >>> x, spikes = np.arange(40) >= 15.0, (drive > 0) * 1.0
        >>> session = NetworkSession(x * 1.0, drive, spikes, np.cos(9 * drive[:, 0]), drive)
        >>> bounds = rho_bounds(session, 0.5)
        >>> bool((bounds.low < 0) & (bounds.high > 0))
        True
    """
    paths = _single_unit_paths(session)
    active = active_units(session)
    mediator_sd = np.sqrt(np.where(active, paths.mediator_spread[0, 0], 1.0))
    outcome_sd = np.sqrt(paths.total_spread)
    correlation = np.where(active, paths.b[0], 0.0) * mediator_sd / outcome_sd
    alpha = np.where(active, paths.a[0], 0.0)
    ends = np.stack(
        [
            np.asarray(indirect_under_rho(alpha, outcome_sd, mediator_sd, correlation, rho))
            for rho in (-limit, limit)
        ]
    )
    return RhoBounds(ends.min(axis=0), ends.max(axis=0))


def instrument_effects(session: NetworkSession) -> Float[np.ndarray, " units"]:
    """Return each unit's indirect effect with the current into it as an instrument for its spike.

    Both factors come from this one session, as :func:`instrument_estimate` has it.

    Args:
        session: A session with random currents.

    Returns:
        The effects; 0 for a unit that always or never spikes.

    Raises:
        ValueError: If a unit received no current.

    Examples:
        >>> drive = np.linspace(-1.0, 1.0, 40)[:, None]
        >>> x, spikes = np.arange(40) >= 15.0, (drive > 0) * 1.0
        >>> session = NetworkSession(x * 1.0, drive, spikes, 3 * spikes[:, 0] + x, drive)
        >>> session = session._replace(current=np.cos(9 * drive))
        >>> bool(np.isfinite(instrument_effects(session)).all())
        True
    """

    def of_unit(unit: int) -> float:
        return instrument_estimate(
            session.stimulus, session.spikes[:, unit], session.report, session.current[:, unit]
        ).indirect

    return _unit_by_unit(session, of_unit)


def discontinuity_effects(session: NetworkSession) -> Float[np.ndarray, " units"]:
    r"""Return each unit's indirect effect with the jump of the report at its spike threshold.

    :math:`\hat a_j` times the jump between two local lines
    (:func:`spinebook.mediation.discontinuity.spike_discontinuity`), in a window of half a standard
    deviation of the unit's drive over all trials.

    Args:
        session: A recording.

    Returns:
        The effects; 0 for a unit that always or never spikes.

    Raises:
        ValueError: If a unit that spikes has too few trials near its threshold.

    Examples:
        >>> drive = np.linspace(-1.0, 1.0, 40)[:, None]
        >>> x, spikes = np.arange(40) >= 15.0, (drive > 0) * 1.0
        >>> session = NetworkSession(x * 1.0, drive, spikes, 3 * spikes[:, 0] + drive[:, 0], drive)
        >>> discontinuity_effects(session).round(6).tolist()
        [2.4]
    """
    slopes = np.asarray(_single_unit_paths(session).a[0])

    def of_unit(unit: int) -> float:
        drive = np.asarray(session.drive[:, unit], np.float64)
        jump = spike_discontinuity(drive, session.report, window=WINDOW * float(drive.std()))
        return float(slopes[unit]) * jump.value

    return _unit_by_unit(session, of_unit)


def apparent_effects(
    session: NetworkSession, sets: Bool[AnyArray, "sets units"]
) -> Float[np.ndarray, " sets"]:
    r"""Return the joint indirect effect of the units of each set when just these are recorded.

    :math:`\sum_{j \in S} \hat a_j \hat b_j` with all units of the set in one regression.

    Args:
        session: A recording.
        sets: True for the recorded units.

    Returns:
        The effects. Units that always or never spike are left out.

    Examples:
        >>> drive = np.linspace(-1.0, 1.0, 40)[:, None]
        >>> x, spikes = np.arange(40) >= 15.0, (drive > 0) * 1.0
        >>> session = NetworkSession(x * 1.0, drive, spikes, 3 * spikes[:, 0], drive)
        >>> apparent_effects(session, np.array([[True]])).round(6).tolist()
        [2.4]
    """
    covariance, active = _covariance(session), active_units(session)
    found = []
    for chosen in np.asarray(sets):
        units = np.flatnonzero(chosen & active)
        columns = np.array([0, *(units + 1), covariance.shape[0] - 1])
        paths = regression_paths(covariance[np.ix_(columns, columns)], mediators=len(units))
        found.append(np.sum(paths.a * paths.b))
    return np.array(found, np.float64)


def active_units(session: NetworkSession) -> Bool[np.ndarray, " units"]:
    """Return which units spike in some trials and not in others.

    Args:
        session: A recording.

    Returns:
        True for these units.

    Examples:
        >>> spikes = np.array([[0.0, 1.0], [1.0, 1.0]])
        >>> session = NetworkSession(spikes[:, 0], spikes, spikes, spikes[:, 0], spikes)
        >>> active_units(session).tolist()
        [True, False]
    """
    return np.asarray(np.ptp(session.spikes, axis=0) > 0)


def _covariance(session: NetworkSession) -> Float[np.ndarray, "columns columns"]:
    """Return the covariance of stimulus, all spikes and report."""
    columns = np.column_stack([session.stimulus, session.spikes, session.report])
    return np.cov(columns.astype(np.float64), rowvar=False, ddof=0)


def _single_unit_paths(session: NetworkSession) -> Paths:
    """Regress with one unit at a time, units as the batch."""
    covariance = _covariance(session)
    units = np.arange(1, len(covariance) - 1)
    columns = np.stack([0 * units, units, 0 * units + len(covariance) - 1])
    # A unit that never changes divides zero by zero; callers put 0 there.
    with np.errstate(divide="ignore", invalid="ignore"):
        return regression_paths(covariance[columns[:, None], columns[None]])


def _where_active(
    session: NetworkSession, values: Float[AnyArray, " units"]
) -> Float[np.ndarray, " units"]:
    return np.where(active_units(session), values, 0.0)


def _unit_by_unit(
    session: NetworkSession, of_unit: Callable[[int], float]
) -> Float[np.ndarray, " units"]:
    values = [of_unit(j) if on else 0.0 for j, on in enumerate(active_units(session))]
    return np.array(values, np.float64)
