r"""Estimate mediated effects by least squares, with intervals and p values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_number
from spinebook.mediation.bootstrap import METHODS as RESAMPLED
from spinebook.mediation.bootstrap import bootstrap_interval, resample_means
from spinebook.mediation.moments import (
    Paths,
    covariance_from_moments,
    moment_rows,
    regression_paths,
)
from spinebook.mediation.path_estimates import MediationEstimate, PathEstimate
from spinebook.misuse import explains_misuse
from spinebook.stats.intervals import check_level

METHODS = (*RESAMPLED, "sobel", "joint")
LEAST_TOLERANCE = 1e-10  # below it float64 leaves fewer than six digits of a coefficient


@explains_misuse
def estimate_mediation(
    stimulus: Any,
    mediator: Any,
    outcome: Any,
    *,
    data: Any = None,
    covariates: Any = None,
    method: str = "percentile",
    confidence: float = 0.95,
    resamples: int = 5000,
    seed: int = 0,
) -> MediationEstimate:
    r"""Indirect, direct and total effect of a stimulus through one or several mediators.

    .. math:: m_j = a_j x + \dots, \qquad y = c' x + \sum_j b_j m_j + \dots, \qquad
        \text{indirect} = \sum_j a_j b_j

    by least squares with intercepts (Baron and Kenny 1986). The product is a mediated effect only
    if nothing unmeasured drives both mediator and outcome and stimulus and mediator do not interact
    (Imai, Keele and Yamamoto 2010): a randomised stimulus does not see to that. Variables may be
    binary; their effects are then differences of probabilities, never logits.

    Intervals and p values: "percentile", "bias-corrected" and "bca" bootstrap all effects (in the
    rare bootstrap samples without variance the rest is used); "sobel" takes the delta method for
    the indirect effects and t quantiles for all others; "joint" calls an indirect effect
    significant if both its coefficients are, which gives a p value for each mediator, and no
    interval. With several mediators, "joint" has no p value for their sum.

    Args:
        stimulus: (n,) numbers, or the name of a column of ``data``.
        mediator: (n,) or (n, mediators) numbers, or one or several column names.
        outcome: (n,) numbers or a column name.
        data: DataFrame (or mapping of names to arrays) that holds the named columns.
        covariates: (n,) or (n, covariates) numbers or column names, in all regressions.
        method: "percentile", "bias-corrected", "bca", "sobel" or "joint".
        confidence: Coverage of the intervals, strictly between 0 and 1.
        resamples: Number of bootstrap samples.
        seed: Seed of the resampling.

    Returns:
        Estimates with standard errors, intervals and p values; ``print`` shows a table.

    Raises:
        KeyError: If ``data`` lacks a column.
        ValueError: If values are missing, lengths differ, there are too few observations, a column
            is constant or a combination of others, or an option is unknown.

    Examples:
        >>> x = np.array([0.0, 0.0, 1.0, 1.0, 2.0, 2.0])
        >>> m = x + np.array([0.5, -0.5, 0.5, -0.5, 0.5, -0.5])
        >>> y = 2 * m + x + np.array([0.1, 0.1, -0.2, -0.2, 0.1, 0.1])
        >>> print(estimate_mediation(x, m, y, method="sobel"))
        6 observations, sobel intervals
        effect         estimate       s.e.       95% interval       p
        a (mediator)     1.0000     0.3062  [   0.1499,    1.8501]  0.0309
        b (mediator)     2.0000     0.1633  [   1.4803,    2.5197]  0.0012
        indirect         2.0000     0.6338  [   0.7578,    3.2422]  0.0016
        direct           1.0000     0.1915  [   0.3906,    1.6094]  0.0137
        total            3.0000     0.6185  [   1.2829,    4.7171]  0.0083
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
    check_level(confidence)
    x, _ = _columns("stimulus", stimulus, data)
    m, names = _columns("mediator", mediator, data)
    y, _ = _columns("outcome", outcome, data)
    if x.shape[1] != 1 or y.shape[1] != 1:
        raise ValueError("stimulus and outcome must be one column each.")
    parts = [x, m, y]
    if covariates is not None:
        parts.insert(0, _columns("covariates", covariates, data)[0])
    lengths = [len(part) for part in parts]
    if len(set(lengths)) > 1:
        raise ValueError(f"all variables must have the same length, got {lengths}.")
    columns = np.concatenate(parts, axis=1)
    columns = columns - columns.mean(axis=0)
    mediators, others = m.shape[1], columns.shape[1] - m.shape[1] - 2
    paths, degrees = _whole_sample(columns, mediators, others)
    if method in RESAMPLED:
        table, draws = _resampled(columns, paths, mediators, method, confidence, resamples, seed)
    else:
        table, draws = _analytic(paths, degrees, method, confidence), None
    if not (isinstance(mediator, list | tuple) or np.ndim(mediator) > 1):
        for label in ("a", "b", "specific"):
            table[label] = PathEstimate(*(np.asarray(column)[0] for column in table[label]))
    return MediationEstimate(
        **table,
        method=method,
        confidence=confidence,
        observations=len(columns),
        mediators=names,
        draws=draws,
    )


def _columns(
    name: str, value: Any, data: Any
) -> tuple[Float[np.ndarray, "n columns"], tuple[str, ...]]:
    """Return the columns that an argument stands for, in float64, and what to call them."""
    listed = [value] if isinstance(value, str) else value
    if isinstance(listed, Sequence) and len(listed) and all(isinstance(v, str) for v in listed):
        if data is None:
            raise ValueError(f"{name} is given by name ({value!r}); pass data=... that has it.")
        for label in listed:
            if label not in data:
                raise KeyError(f"data has no column {label!r} ({name}); it has {list(data)}.")
        array = np.stack([np.asarray(data[label]) for label in listed], axis=1)
        labels = tuple(listed)
    else:
        array = np.asarray(value)
        array = array[:, None] if array.ndim == 1 else array
        count = array.shape[1] if array.ndim == 2 else 1
        labels = (name,) if count == 1 else tuple(f"{name} {i + 1}" for i in range(count))
    if array.dtype.kind == "b":
        array = array.astype(float)
    check_number(name, array)
    if array.ndim != 2:
        raise ValueError(f"{name} must have one axis or two (n, columns), got {array.shape}.")
    return array.astype(np.float64), labels


def _whole_sample(
    columns: Float[np.ndarray, "n q"], mediators: int, covariates: int
) -> tuple[Paths, tuple[int, int]]:
    """Return the coefficients and both degrees of freedom, or say why there are none."""
    n = len(columns)
    degrees = n - covariates - 2, n - covariates - 2 - mediators
    if degrees[1] < 1:
        least = covariates + mediators + 3
        raise ValueError(f"{n} observations are too few for these variables; take {least} or more.")
    flat = np.ptp(columns, axis=0) == 0
    if flat.any():
        raise ValueError(
            f"column {int(np.argmax(flat)) + 1} of {columns.shape[1]} (covariates, stimulus, "
            "mediators, outcome) is constant; it can neither have nor be an effect: leave it out."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        paths = regression_paths(columns.T @ columns / n, mediators, covariates)
    if not paths.tolerance > LEAST_TOLERANCE:
        raise ValueError(
            "stimulus, mediators and covariates are collinear: one of them is a linear combination "
            "of the others; leave it out."
        )
    return paths, degrees


def _effects(paths: Paths) -> dict[str, Any]:
    """Return every effect by name, the batch behind the mediators."""
    specific: Any = paths.a * paths.b
    return {
        "a": paths.a,
        "b": paths.b,
        "specific": specific,
        "direct": paths.direct,
        "total": paths.total,
        "indirect": specific.sum(axis=0),
    }


def _resampled(
    columns: Float[np.ndarray, "n q"],
    paths: Paths,
    mediators: int,
    method: str,
    confidence: float,
    resamples: int,
    seed: int,
) -> tuple[dict[str, PathEstimate], Float[np.ndarray, " resamples"]]:
    """Bootstrap every effect."""
    n, q = columns.shape
    sizes = mediators, q - mediators - 2
    rows = np.asarray(moment_rows(columns))
    means = resample_means(rows, resamples, seed=seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = regression_paths(covariance_from_moments(means.T, q), *sizes)
        usable = drawn.tolerance > LEAST_TOLERANCE
    draws = {name: effect[..., usable] for name, effect in _effects(drawn).items()}
    left_out = {}
    if method == "bca":
        others = (rows.sum(axis=0) - rows) / (n - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            left_out = _effects(regression_paths(covariance_from_moments(others.T, q), *sizes))
    table: dict[str, PathEstimate] = {}
    for name, value in _effects(paths).items():
        if name == "indirect" and mediators == 1:
            table[name] = PathEstimate(*(np.asarray(column)[0] for column in table["specific"]))
            continue
        flat = np.atleast_2d(draws[name])
        without = np.atleast_2d(left_out[name]) if left_out else [None] * len(flat)
        ends = [
            bootstrap_interval(d, v, method=method, confidence=confidence, left_out=w)
            for d, v, w in zip(flat, np.atleast_1d(value), without, strict=True)
        ]
        shape = np.shape(value)
        low, high, p = (np.reshape(column, shape) for column in zip(*ends, strict=True))
        error = np.reshape(flat.std(axis=1, ddof=1), shape)
        table[name] = PathEstimate(np.asarray(value), error, low, high, p)
    return table, draws["indirect"]


def _analytic(
    paths: Paths, degrees: tuple[int, int], method: str, confidence: float
) -> dict[str, PathEstimate]:
    """Standard errors from the regressions, and from the delta method for indirect effects."""
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    values: Any = paths
    cov_a = values.mediator_spread * values.stimulus_inverse / degrees[0]
    cov_b = values.outcome_spread * values.mediator_inverse / degrees[1]
    a, b = values.a, values.b
    errors = {
        "a": (np.sqrt(np.diag(cov_a)), degrees[0]),
        "b": (np.sqrt(np.diag(cov_b)), degrees[1]),
        "direct": (np.sqrt(values.outcome_spread * values.direct_inverse / degrees[1]), degrees[1]),
        "total": (np.sqrt(values.total_spread * values.stimulus_inverse / degrees[0]), degrees[0]),
        "specific": (np.sqrt(a**2 * np.diag(cov_b) + b**2 * np.diag(cov_a)), None),
        "indirect": (np.sqrt(b @ cov_a @ b + a @ cov_b @ a), None),
    }
    table = {}
    for name, value in _effects(paths).items():
        error, freedom = errors[name]
        with np.errstate(divide="ignore"):
            ratio = -np.abs(value) / error
        upper = (1 + confidence) / 2
        reach = ndtri(upper) if freedom is None else stdtrit(freedom, upper)
        p = 2 * (ndtr(ratio) if freedom is None else stdtr(freedom, ratio))
        table[name] = PathEstimate(*map(np.asarray, _ends(value, error, reach, p)))
    if method == "joint":
        joint = np.maximum(table["a"].p_value, table["b"].p_value)
        none = np.full(len(a), np.nan)
        alone = joint[0] if len(a) == 1 else np.nan
        table["specific"] = table["specific"]._replace(low=none, high=none, p_value=joint)
        table["indirect"] = table["indirect"]._replace(
            low=none[0], high=none[0], p_value=np.asarray(alone)
        )
    return table


def _ends(value: Any, error: Any, reach: float, p: Any) -> tuple[Any, ...]:
    return value, error, value - reach * error, value + reach * error, p
