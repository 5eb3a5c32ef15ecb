r"""Many small studies of one model: their trials, and the regressions fitted to each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray
from scipy.special import stdtrit

from spinebook.checks import check_count, check_number
from spinebook.mediation.moments import regression_paths
from spinebook.mediation.scm import LinearSCM
from spinebook.mediation.significance import ProductTest, joint_significance, sobel
from spinebook.mediation.trials import StimulusLaw
from spinebook.misuse import explains_misuse
from spinebook.stats.intervals import Interval, check_level

# Trials drawn at once: tens of megabytes, and one shape to compile whatever the size of a study.
CHUNK = 1 << 20


class StudyRegressions(NamedTuple):
    """Trials of each study, and its coefficients with standard errors, one entry a study."""

    trials: int
    a: Float[np.ndarray, " studies"]
    b: Float[np.ndarray, " studies"]
    direct: Float[np.ndarray, " studies"]
    total: Float[np.ndarray, " studies"]
    a_error: Float[np.ndarray, " studies"]
    b_error: Float[np.ndarray, " studies"]
    total_error: Float[np.ndarray, " studies"]
    mediator_sd: Float[np.ndarray, " studies"]

    @property
    def indirect(self) -> Float[np.ndarray, " studies"]:
        """The product of the two coefficients, which is total minus direct."""
        return self.a * self.b

    @property
    def sobel(self) -> ProductTest:
        """Sobel's test of each study."""
        return sobel(self.a, self.b, self.a_error, self.b_error)

    @property
    def joint(self) -> Float[np.ndarray, " studies"]:
        """P values of joint significance."""
        ratios = self.a / self.a_error, self.b / self.b_error
        return joint_significance(*ratios, self.trials - 2, self.trials - 3)

    def total_interval(self, confidence: float = 0.95) -> Interval:
        """Return the t interval of each study's total effect."""
        check_level(confidence)
        reach = stdtrit(self.trials - 2, (1 + confidence) / 2) * self.total_error
        return Interval(self.total - reach, self.total + reach)


@explains_misuse
def draw_studies(
    model: LinearSCM,
    studies: int,
    n: int,
    *,
    key: PRNGKeyArray,
    stimulus: StimulusLaw = "gaussian",
) -> Float[np.ndarray, "studies n 3"]:
    """Draw stimulus, mediator and outcome of many independent studies of n trials.

    Args:
        model: What the trials come from.
        studies: Number of studies.
        n: Trials of each.
        key: Random key.
        stimulus: "gaussian" or "bernoulli".

    Returns:
        The trials in float64.

    Raises:
        ValueError: If a count is below 1 or a study too long to be held in memory.

    Examples:
        >>> draw_studies(LinearSCM(), 2, 3, key=jax.random.key(0)).shape
        (2, 3, 3)
    """
    return np.concatenate(list(_chunks(model, studies, n, key, stimulus)))


@explains_misuse
def regress_columns(columns: Float[np.ndarray, "studies n 3"]) -> StudyRegressions:
    r"""Fit :math:`M \sim aX` and :math:`Y \sim bM + c'X` to each of many studies.

    .. math:: s_a^2 = \frac{\hat\sigma_M^2}{\sum_i (x_i - \bar x)^2}, \qquad
        \hat\sigma_M^2 = \frac{1}{n - 2} \sum_i \hat e_i^2

    and likewise for :math:`Y \sim cX` and, with n - 3 degrees of freedom, :math:`s_b`.

    Args:
        columns: Stimulus, mediator and outcome of each study, at least 4 trials.

    Returns:
        The coefficients of each study; not finite where a regressor is constant.

    Raises:
        ValueError: If a value is missing or a study has fewer than four trials.

    Examples:
        >>> found = regress_columns(np.random.default_rng(0).normal(size=(5, 20, 3)))
        >>> bool(np.allclose(found.indirect + found.direct, found.total))
        True
    """
    check_number("columns", columns)
    n = columns.shape[1]
    if n < 4:
        raise ValueError(f"columns must hold at least 4 trials a study, got {n}.")
    away = columns - columns.mean(axis=1, keepdims=True)
    paths = regression_paths(np.moveaxis(away.swapaxes(1, 2) @ away, 0, -1))
    variance = paths.mediator_spread[0, 0] / (n - 2)
    a_error = np.sqrt(variance * paths.stimulus_inverse)
    b_error = np.sqrt(paths.outcome_spread / (n - 3) * paths.mediator_inverse[0, 0])
    total_error = np.sqrt(paths.total_spread / (n - 2) * paths.stimulus_inverse)
    coefficients = paths.a[0], paths.b[0], paths.direct, paths.total
    fields = *coefficients, a_error, b_error, total_error, variance**0.5
    return StudyRegressions(n, *map(np.asarray, fields))


@explains_misuse
def regress_studies(
    model: LinearSCM,
    studies: int,
    n: int,
    *,
    key: PRNGKeyArray,
    stimulus: StimulusLaw = "gaussian",
) -> StudyRegressions:
    r"""Draw many studies as :func:`draw_studies` does and fit each as :func:`regress_columns` does.

    No more than a million trials are held at a time, whatever the number of studies.

    Args:
        model: What the trials come from.
        studies: Number of studies.
        n: Trials of each, at least 4.
        key: Random key.
        stimulus: "gaussian" or "bernoulli".

    Returns:
        The coefficients of each study.

    Raises:
        ValueError: If a count is too small or a study too long to be held in memory.

    Examples:
        >>> regress_studies(LinearSCM(), 5, 20, key=jax.random.key(0)).a.shape
        (5,)
    """
    check_count("n", n, minimum=4)
    found = [regress_columns(columns) for columns in _chunks(model, studies, n, key, stimulus)]
    fields = zip(*(one[1:] for one in found), strict=True)
    return StudyRegressions(n, *map(np.concatenate, fields))


def _chunks(
    model: LinearSCM, studies: int, n: int, key: PRNGKeyArray, stimulus: StimulusLaw
) -> Iterator[Float[np.ndarray, "some n 3"]]:
    """Yield the studies in order, as many at once as a chunk of trials holds."""
    check_count("studies", studies, minimum=1)
    check_count("n", n, minimum=1)
    if n > CHUNK:
        raise ValueError(f"n must be at most {CHUNK} trials a study, got {n}.")
    each = CHUNK // n
    for first in range(0, studies, each):
        sample = model.draw(CHUNK, key=jax.random.fold_in(key, first), stimulus=stimulus)
        columns = np.stack(sample[:3], axis=-1).astype(np.float64)
        yield columns[: each * n].reshape(each, n, 3)[: studies - first]
