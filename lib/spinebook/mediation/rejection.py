r"""How often tests of an indirect effect reject and its intervals cover, over many samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray
from scipy.special import ndtri, stdtrit

from spinebook.checks import check_count, check_number
from spinebook.mediation.moments import covariance_from_moments, moment_rows, regression_paths
from spinebook.stats.intervals import check_level

METHODS = ("sobel", "joint", "percentile", "bias-corrected")
# Resampled rows in memory at once: tens of megabytes.
ROWS = 1 << 20


class RepeatedStudies(NamedTuple):
    """One entry a study. "joint" is a test without an interval, and has no coverage."""

    indirect: Float[Array, " studies"]
    direct: Float[Array, " studies"]
    total: Float[Array, " studies"]
    rejected: dict[str, Bool[Array, " studies"]]
    covered: dict[str, Bool[Array, " studies"]]


def repeat_studies(
    draw: Callable[..., Any],
    studies: int,
    *parameters: Any,
    key: PRNGKeyArray,
    truth: float = 0.0,
    methods: Sequence[str] = ("sobel", "joint"),
    confidence: float = 0.95,
    resamples: int = 500,
) -> RepeatedStudies:
    r"""Draw a data set many times, test its indirect effect each time, in one compiled program.

    The tests are those of ``estimate_mediation`` without covariates, for one mediator: Sobel's
    with the normal quantile, joint significance with t quantiles, and whether the percentile or the
    bias-corrected bootstrap interval excludes 0.

    Args:
        draw: Function of a random key and ``parameters`` to stimulus, mediator and outcome, each of
            shape (n,); whatever it returns beyond these three is ignored. Pass the same function
            again for other parameters: it is then not compiled again.
        studies: Number of data sets.
        *parameters: Numbers or arrays handed to ``draw``.
        key: Random key.
        truth: The indirect effect that intervals should cover.
        methods: Some of "sobel", "joint", "percentile" and "bias-corrected".
        confidence: One minus the level of the tests.
        resamples: Number of bootstrap samples of each data set.

    Returns:
        Estimates and decisions of each study, in the caller's precision.

    Raises:
        ValueError: If a method is unknown or a number out of range.

    Examples:
        >>> def draw(key, slope):
        ...     x, m, y = jax.random.normal(key, (3, 40))
        ...     return x, slope * x + m, y
        >>> found = repeat_studies(draw, 50, 2.0, key=jax.random.key(0))
        >>> found.rejected["joint"].shape
        (50,)
    """
    check_count("studies", studies, minimum=1)
    check_count("resamples", resamples, minimum=1)
    check_number("truth", truth)
    check_level(confidence)
    unknown = [method for method in methods if method not in METHODS]
    if unknown or not methods:
        raise ValueError(f"methods must be some of {', '.join(METHODS)}; got {list(methods)}.")
    keys = jax.random.split(key, int(studies))
    return _repeat(keys, parameters, truth, draw, tuple(methods), float(confidence), int(resamples))


@partial(jax.jit, static_argnames=("draw", "methods", "confidence", "resamples"))
def _repeat(keys, parameters, truth, draw, methods, confidence, resamples):
    shapes = jax.eval_shape(draw, keys[0], *parameters)
    n = shapes[0].shape[0]
    upper = (1 + confidence) / 2
    bootstrapped = [method for method in methods if method not in ("sobel", "joint")]

    def study(key):
        data_key, resampling_key = jax.random.split(key)
        columns = jnp.stack(draw(data_key, *parameters)[:3], axis=1)
        columns = columns - columns.mean(axis=0)
        paths = regression_paths(columns.T @ columns / n)
        a, b = paths.a[0], paths.b[0]
        a_error = jnp.sqrt(paths.mediator_spread[0, 0] * paths.stimulus_inverse / (n - 2))
        b_error = jnp.sqrt(paths.outcome_spread * paths.mediator_inverse[0, 0] / (n - 3))
        rejected, ends = {}, {}
        if "sobel" in methods:
            reach = ndtri(upper) * jnp.sqrt(a**2 * b_error**2 + b**2 * a_error**2)
            ends["sobel"] = a * b - reach, a * b + reach
        if "joint" in methods:
            a_rejected = jnp.abs(a) > stdtrit(n - 2, upper) * a_error
            rejected["joint"] = a_rejected & (jnp.abs(b) > stdtrit(n - 3, upper) * b_error)
        if bootstrapped:
            draws = _bootstrap(resampling_key, columns, resamples)
            ends |= _quantile_ends(draws, a * b, upper, bootstrapped)
        rejected |= {name: (low > 0) | (high < 0) for name, (low, high) in ends.items()}
        covered = {name: (low <= truth) & (truth <= high) for name, (low, high) in ends.items()}
        direct, total = jnp.asarray(paths.direct), jnp.asarray(paths.total)
        return RepeatedStudies(a * b, direct, total, rejected, covered)

    size = n * resamples if bootstrapped else n
    return jax.lax.map(study, keys, batch_size=int(np.clip(ROWS // size, 1, len(keys))))


def _bootstrap(key, columns, resamples):
    """Indirect effects of bootstrap samples of one data set, from the moments of its rows."""
    n = len(columns)
    chosen = jax.random.randint(key, (resamples, n), 0, n)
    means = moment_rows(columns)[chosen].mean(axis=1)
    paths = regression_paths(covariance_from_moments(means.T, 3))
    return paths.a[0] * paths.b[0]


def _quantile_ends(draws, estimate, upper, methods):
    edge = 1 / (len(draws) + 1)
    share = jnp.clip((draws < estimate).mean(), edge, 1 - edge)
    ends = {}
    for name in methods:
        shift = 2 * jax.scipy.special.ndtri(share) if name == "bias-corrected" else 0.0
        levels = jax.scipy.special.ndtr(shift + jnp.asarray([ndtri(1 - upper), ndtri(upper)]))
        low, high = jnp.quantile(draws, levels)
        ends[name] = low, high
    return ends
