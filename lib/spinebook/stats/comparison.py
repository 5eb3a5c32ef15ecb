"""Comparing two groups of runs: superiority, difference of shares, several tests at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_at_most, check_count, check_number, check_probability
from spinebook.misuse import explains_misuse
from spinebook.stats.intervals import Estimate, check_level
from spinebook.types import Numbers


@explains_misuse
def probability_of_superiority(
    first: Numbers, second: Numbers, confidence: float = 0.95
) -> Estimate:
    r"""Probability that a run of the first group is below one of the second, ties counted half.

    .. math:: A = P(X < Y) + \tfrac12 P(X = Y), \qquad
        \ln\frac{\hat A}{1-\hat A} \pm z\,\frac{\sqrt{S_X/m + S_Y/n}}{\hat A(1-\hat A)}

    the Mann-Whitney statistic over :math:`mn`, or the area under the ROC curve. :math:`S_X` is the
    sample variance over the first group of the share of the second group that each run precedes,
    :math:`S_Y` the converse (DeLong, DeLong and Clarke-Pearson 1988), here on the logit scale,
    which keeps the interval inside [0, 1]. Where that variance is zero (complete separation, or
    all runs tied), the ends instead solve :math:`|\hat A - A| = z\sqrt{V(A)}` with

    .. math:: V(A) = \frac{A(1-A)}{mn}\left[1 + \left(\frac{m+n}{2} - 1\right)
        \left(\frac{1-A}{2-A} + \frac{A}{1+A}\right)\right]

    (Newcombe 2006, method 5).

    Args:
        first: Two or more independent observations, of any shape. Infinite values are allowed:
            runs that never reached a goal are censored as ``inf``, and tie with one another.
        second: The same for the other group, independent of the first.
        confidence: Coverage, strictly between 0 and 1; approximate, good from 20 runs a group on.

    Returns:
        :math:`\hat A`, low and high end; above 0.5 the first group tends to be lower.

    Raises:
        ValueError: If a group has fewer than two observations or holds NaN, or the level is out
            of range.

    Examples:
        >>> found = probability_of_superiority([3, 5, 8, np.inf], [6, 9, np.inf, np.inf])
        >>> [round(end, 4) for end in found]
        [0.75, 0.2754, 0.9595]
    """
    check_level(confidence)
    x, y = _observations("first", first), _observations("second", second)
    before = _share_above(x, y)
    after = 1 - _share_above(y, x)
    value = float(before.mean())
    error = float(np.sqrt(before.var(ddof=1) / len(x) + after.var(ddof=1) / len(y)))
    z = _normal_quantile(confidence)
    if error == 0:
        low, high = _score_ends(value, len(x), len(y), z)
        return Estimate(value, low, high)
    odds = value / (1 - value)
    factor = np.exp(z * error / (value * (1 - value)))
    low, high = odds / (factor + odds), odds * factor / (1 + odds * factor)
    return Estimate(value, float(low), float(high))


def _observations(name: str, sample: Any) -> Float[np.ndarray, " runs"]:
    values = np.asarray(sample)
    censored = np.isinf(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
    check_number(name, np.where(censored, 0, values))
    if values.size < 2:
        raise ValueError(f"{name} needs two observations or more, got {values.size}.")
    return values.astype(float).ravel()


def _share_above(
    these: Float[np.ndarray, " n"], others: Float[np.ndarray, " m"]
) -> Float[np.ndarray, " n"]:
    """Share of ``others`` above each of ``these``, ties counted half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, these, side="left")
    not_above = np.searchsorted(ordered, these, side="right")
    return 1 - (below + not_above) / (2 * len(others))


def _normal_quantile(confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


def _score_ends(value: float, m: int, n: int, z: float) -> tuple[float, float]:
    """Both solutions of the score equation of Newcombe's method 5, as far as they exist."""
    from scipy.optimize import brentq

    def excess(a: float) -> float:
        spread = 1 + ((m + n) / 2 - 1) * ((1 - a) / (2 - a) + a / (1 + a))
        return (value - a) ** 2 - z**2 * a * (1 - a) * spread / (m * n)

    inside = 1e-9  # the equation also holds at the end itself, where the variance vanishes
    low = 0.0 if value == 0 else float(brentq(excess, 0.0, value - inside))
    high = 1.0 if value == 1 else float(brentq(excess, value + inside, 1.0))
    return low, high


@explains_misuse
def difference_of_shares(
    first_successes: int,
    first_trials: int,
    second_successes: int,
    second_trials: int,
    confidence: float = 0.95,
) -> Estimate:
    r"""Difference of two independent proportions with its hybrid score interval.

    .. math:: \hat d - \sqrt{(\hat p_1 - l_1)^2 + (u_2 - \hat p_2)^2} \;\ldots\;
        \hat d + \sqrt{(u_1 - \hat p_1)^2 + (\hat p_2 - l_2)^2}, \qquad
        \hat d = \hat p_1 - \hat p_2

    with the Wilson score limits :math:`l_i, u_i` of each proportion (Newcombe 1998, method 10,
    without continuity correction). It stays inside [-1, 1], and has a width also where all runs
    or none succeed. Its coverage is close to the level asked for on average, not guaranteed.

    Args:
        first_successes: Successes of the first group, 0 to ``first_trials``.
        first_trials: Size of the first group, at least 1.
        second_successes: Successes of the second group, 0 to ``second_trials``.
        second_trials: Size of the second group, at least 1.
        confidence: Coverage, strictly between 0 and 1.

    Returns:
        First share minus second share, low and high end.

    Raises:
        ValueError: If counts are negative, fractional or inconsistent, or the level out of range.

    Examples:
        >>> [round(end, 4) for end in difference_of_shares(56, 70, 48, 80)]
        [0.2, 0.0524, 0.3339]
    """
    check_level(confidence)
    shares = []
    for group, hits, trials in (
        ("first", first_successes, first_trials),
        ("second", second_successes, second_trials),
    ):
        check_count(f"{group}_successes", hits)
        check_count(f"{group}_trials", trials, minimum=1)
        check_at_most(f"{group}_successes", hits, f"{group}_trials", trials)
        shares.append((hits / trials, *_wilson_ends(hits, trials, _normal_quantile(confidence))))
    (p1, low1, high1), (p2, low2, high2) = shares
    difference = p1 - p2
    down = float(np.hypot(p1 - low1, high2 - p2))
    up = float(np.hypot(high1 - p1, p2 - low2))
    return Estimate(difference, difference - down, difference + up)


def _wilson_ends(successes: int, trials: int, z: float) -> tuple[float, float]:
    """Solve (p - k/N)^2 = z^2 p (1 - p) / N for p (Wilson 1927)."""
    share = successes / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * np.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    half = float(half) / (1 + z**2 / trials)
    # At the ends one limit is the share itself; rounding must not move it.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return low, high


@explains_misuse
def holm(p_values: Numbers) -> Float[np.ndarray, "*families tests"]:
    r"""Adjust p values for several tests by Holm's step-down rule.

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min\bigl(1, (m - j + 1)\, p_{(j)}\bigr),
        \qquad p_{(1)} \le \ldots \le p_{(m)}

    (Holm 1979). Rejecting wherever :math:`\tilde p \le \alpha` makes any false rejection among
    the :math:`m` tests of a family at most :math:`\alpha` probable, however they depend on one
    another.

    Args:
        p_values: One p value a test along the last axis, in [0, 1]; each row is a family.

    Returns:
        Adjusted p values, same shape and order.

    Raises:
        ValueError: If a value is no probability, or there is no axis of tests.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        array([0.03, 0.06, 0.06])
    """
    check_probability("p_values", p_values)
    p = np.asarray(p_values, float)
    if p.ndim == 0:
        raise ValueError("p_values needs an axis of tests, got a single number; pass a list.")
    order = np.argsort(p, axis=-1)
    steps = np.arange(p.shape[-1], 0, -1)
    raised = np.minimum(1.0, steps * np.take_along_axis(p, order, axis=-1))
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.maximum.accumulate(raised, axis=-1), axis=-1)
    return adjusted
