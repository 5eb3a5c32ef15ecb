"""Search without gradients: evolution strategy and random search, by number of simulations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray, Numbers

Loss = Callable[[Any], Any]
"""Function of a population (*searches, population, parameters) to its losses."""

# Takes the place of a loss that is not finite: the worst of its generation, and no overflow in the
# sums that the strategy keeps of past losses.
_WORST = 1e100


class Search(NamedTuple):
    """What searches found.

    Attributes:
        parameters: The best that each search has tried; NaN if no loss was finite.
        loss: Their losses.
        evaluations: Simulations that each search has spent after every generation.
        losses: Best loss so far after as many; infinite until one is finite.
    """

    parameters: Float[np.ndarray, "*searches parameters"]
    loss: Float[np.ndarray, "*searches"]
    evaluations: Int[np.ndarray, " generations"]
    losses: Float[np.ndarray, "generations *searches"]


@explains_misuse
def default_population(parameters: int) -> int:
    r"""Return :math:`4 + \lfloor 3 \ln P \rfloor`, the usual population (Hansen 2016, table 1).

    Args:
        parameters: Number of parameters P, at least 1.

    Returns:
        Number of candidates in each generation.

    Raises:
        ValueError: If the number is below 1.

    Examples:
        >>> [default_population(count) for count in (12, 48, 368)]
        [11, 15, 21]
    """
    check_count("parameters", parameters, minimum=1)
    return 4 + math.floor(3 * math.log(parameters))


@explains_misuse
def cma_search(
    loss_of_population: Loss,
    start: Float[AnyArray, "*searches parameters"],
    *,
    scale: Numbers,
    evaluations: int,
    key: PRNGKeyArray,
    separable: bool = False,
    bounds: tuple[Numbers, Numbers] | None = None,
) -> Search:
    r"""Minimise by covariance matrix adaptation (Hansen 2016), through the library ``cma``.

    .. math:: \theta_j \sim m + \sigma\,\mathcal{N}(0, C)

    Each generation draws a population of :func:`default_population` candidates around the mean m,
    evaluates them, and moves m, :math:`\sigma` and C towards the better half. Searches in the
    leading axes do not feel each other, but each generation of all of them is evaluated in one
    call of the loss, which should be compiled. The budget is always spent: the library's
    suggestions to stop are not heeded.

    Args:
        loss_of_population: Function of (*searches, population, parameters) to losses (*searches,
            population). What is not finite counts as the worst.
        start: First mean of each search; at least 2 parameters.
        scale: First standard deviation of each parameter, positive; broadcasts with ``start``.
        evaluations: Simulations that each search may spend. Whole generations only are run, so
            that the last few may be left over.
        key: Random key. Every search has a stream of its own; NumPy's global one is not touched.
        separable: Adapt the diagonal of C only (Ros and Hansen 2008): faster in many dimensions
            if parameters are hardly correlated.
        bounds: Lower and upper limit, which broadcast with ``start``; candidates beyond are
            reflected into them. ``start`` lies between them.

    Returns:
        A :class:`Search`.

    Raises:
        ImportError: If ``cma`` is not installed.
        ValueError: If there are fewer than 2 parameters, numbers are out of range, the budget is
            smaller than one generation, or shapes do not fit.

    Examples:
        >>> found = cma_search(lambda x: ((x - 1) ** 2).sum(-1), np.zeros(3), scale=0.5,
        ...                    evaluations=600, key=jax.random.key(0))
        >>> found.parameters.round(3).tolist(), found.evaluations[:3].tolist()
        ([1.0, 1.0, 1.0], [7, 14, 21])
    """
    if not isinstance(separable, bool):
        raise TypeError(f"separable must be True or False, got {separable!r}.")
    start = _floats("start", start)
    if not start.ndim or start.shape[-1] < 2:
        raise ValueError(f"start must be (*searches, parameters >= 2), got {start.shape}.")
    scale = _like(start, "scale", scale)
    if not (scale > 0).all():
        raise ValueError(f"scale must be positive, got {scale.min()}.")
    limits = None if bounds is None else _limits(start, *bounds)
    count = start.shape[-1]
    generations = _generations(evaluations, default_population(count))
    seeds = np.asarray(jax.random.bits(key, start.shape[:-1])).ravel()
    rows = (array.reshape(-1, count) for array in (start, scale))
    strategies = [
        _strategy(mean, spread, int(seed), separable, limits and tuple(a[i] for a in limits))
        for i, (mean, spread, seed) in enumerate(zip(*rows, seeds, strict=True))
    ]

    def draw(generation: int) -> np.ndarray:
        drawn = np.stack([np.stack(strategy.ask()) for strategy in strategies])
        return drawn.reshape(*start.shape[:-1], -1, count)

    def learn(candidates: np.ndarray, losses: np.ndarray) -> None:
        tried = candidates.reshape(len(strategies), -1, count)
        ranked = np.where(np.isfinite(losses), losses, _WORST).reshape(len(strategies), -1)
        for strategy, own, value in zip(strategies, tried, ranked, strict=True):
            strategy.tell(list(own), value.tolist())

    return _spend(loss_of_population, draw, learn, generations)


@explains_misuse
def random_search(
    loss_of_population: Loss,
    lower: Float[AnyArray, "*searches parameters"],
    upper: Numbers,
    *,
    evaluations: int,
    key: PRNGKeyArray,
    population: int | None = None,
) -> Search:
    """Keep the best of candidates drawn independently and uniformly between bounds.

    Args:
        loss_of_population: As for :func:`cma_search`.
        lower: Lower limits, one row for each search.
        upper: Upper limits, above the lower ones; broadcasts with them.
        evaluations: Simulations that each search may spend, in whole populations.
        key: Random key.
        population: Candidates evaluated together; by default as for :func:`cma_search`, whose
            compiled loss then serves both.

    Returns:
        A :class:`Search`.

    Raises:
        ValueError: If bounds are not finite, do not fit or leave no room, or the budget is smaller
            than one population.

    Examples:
        >>> found = random_search(lambda x: (x ** 2).sum(-1), np.full(2, -1.0), np.full(2, 1.0),
        ...                       evaluations=6000, key=jax.random.key(0))
        >>> bool(found.loss < 0.01), len(found.losses)
        (True, 1000)
    """
    lower = _floats("lower", lower)
    if not lower.ndim:
        raise ValueError("lower must be (*searches, parameters), got a single number.")
    upper = _like(lower, "upper", upper)
    if not (lower < upper).all():
        raise ValueError("every upper bound must be above its lower bound.")
    *searches, count = lower.shape
    size = default_population(count) if population is None else population
    check_count("population", size, minimum=1)
    generator = np.random.default_rng(np.asarray(jax.random.bits(key, (4,))))

    def draw(generation: int) -> np.ndarray:
        share = generator.random((*searches, size, count))
        return lower[..., None, :] + (upper - lower)[..., None, :] * share

    generations = _generations(evaluations, size)
    return _spend(loss_of_population, draw, lambda candidates, losses: None, generations)


def _strategy(mean: Any, scale: Any, seed: int, separable: bool, limits: Any) -> Any:
    """Return a silent strategy with a random stream of its own."""
    try:
        import cma
    except ImportError:
        raise ImportError(
            "the evolution strategy comes with cma: pip install 'spinebook[book]'"
        ) from None
    options = {
        "CMA_diagonal": separable,
        "CMA_stds": scale,
        "randn": np.random.RandomState(seed).randn,
        "seed": np.nan,  # leaves NumPy's global generator alone
        "verbose": -10,
        "verb_log": 0,
        "verb_disp": 0,
    }
    if limits is not None:
        options["bounds"] = [list(limit) for limit in limits]
    return cma.CMAEvolutionStrategy(mean, 1.0, options)


def _spend(
    loss_of_population: Loss,
    draw: Callable[[int], np.ndarray],
    learn: Callable[[np.ndarray, np.ndarray], None],
    generations: int,
) -> Search:
    """Evaluate generation after generation and keep the best of each search."""
    best: Any = np.inf
    parameters: Any = np.nan
    history = []
    for generation in range(generations):
        candidates = draw(generation)
        losses = np.asarray(loss_of_population(candidates), float)
        if losses.shape != candidates.shape[:-1]:
            raise ValueError(
                f"loss_of_population must return losses of shape {candidates.shape[:-1]} for "
                f"candidates {candidates.shape}, got {losses.shape}."
            )
        finite = np.where(np.isfinite(losses), losses, np.inf)
        leader = finite.argmin(-1, keepdims=True)
        value = np.take_along_axis(finite, leader, -1)[..., 0]
        leading = np.take_along_axis(candidates, leader[..., None], -2)[..., 0, :]
        parameters = np.where((value < best)[..., None], leading, parameters)
        best = np.minimum(value, best)
        history.append(best)
        learn(candidates, losses)
    spent = candidates.shape[-2] * np.arange(1, generations + 1)
    return Search(parameters, np.asarray(best), spent, np.stack(history))


def _floats(name: str, value: Any) -> np.ndarray:
    check_number(name, value)
    return np.asarray(value, float)


def _like(start: np.ndarray, name: str, value: Any) -> np.ndarray:
    array = _floats(name, value)
    try:
        return np.broadcast_to(array, start.shape)
    except ValueError:
        raise ValueError(
            f"{name} has shape {array.shape}, which does not broadcast to that of the start, "
            f"{start.shape}; reshape one of them."
        ) from None


def _limits(start: np.ndarray, lower: Numbers, upper: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds with one row for each search."""
    low, high = _like(start, "lower bound", lower), _like(start, "upper bound", upper)
    if not ((low < high) & (low <= start) & (start <= high)).all():
        raise ValueError("start must lie between the bounds, lower below upper; move one of them.")
    return low.reshape(-1, start.shape[-1]), high.reshape(-1, start.shape[-1])


def _generations(evaluations: int, population: int) -> int:
    check_count("evaluations", evaluations)
    if evaluations < population:
        raise ValueError(
            f"evaluations = {evaluations} do not suffice for one generation of {population}."
        )
    return int(evaluations) // population
