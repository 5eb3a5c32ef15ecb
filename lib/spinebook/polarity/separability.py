"""How many random patterns a perceptron can store when some weights have a prescribed sign."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Num

from spinebook.checks import (
    check_at_most,
    check_broadcast,
    check_count,
    check_number,
    check_probability,
)
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray, Numbers

PROBLEMS_TOGETHER = 100  # solving all at once saves scipy's overhead; too many cost memory


@explains_misuse
def separability_probability(
    patterns: Numbers, inputs: Numbers, constrained: Numbers = 0
) -> Float[np.ndarray, "..."] | float:
    r"""Probability that random patterns are separable with prescribed signs of some weights.

    .. math:: P = 2^{-(P+K-1)} \sum_{i=0}^{N-1} \binom{P+K-1}{i}

    Each prescribed sign is one half-space more for the weight vector, so that Cover's count (Cover
    1965, from Wendel 1962) holds for :math:`P + K` half-spaces. It needs inputs in general
    position whose law does not change when a constrained input changes sign (Gaussian inputs do;
    non-negative rates do not), and random labels. An unconstrained bias adds 1 to ``inputs``.

    Args:
        patterns: Number :math:`P` of patterns, at least 1. All arguments broadcast.
        inputs: Number :math:`N` of weights, at least 1.
        constrained: Number :math:`K` of weights with a prescribed sign, 0 to ``inputs``.

    Returns:
        Probability, float64, of the broadcast shape.

    Raises:
        ValueError: If an argument is no count, ``constrained`` exceeds ``inputs``, or the shapes
            do not fit.

    Examples:
        >>> float(separability_probability(10, 10, 10)), float(separability_probability(20, 10))
        (0.5, 0.5)
    """
    from scipy.stats import binom

    check_count("patterns", patterns, minimum=1)
    check_count("inputs", inputs, minimum=1)
    check_count("constrained", constrained)
    check_at_most("constrained", constrained, "inputs", inputs)
    check_broadcast(patterns=patterns, inputs=inputs, constrained=constrained)
    half_spaces = np.asarray(patterns) + np.asarray(constrained)
    return binom.cdf(np.asarray(inputs) - 1, half_spaces - 1, 0.5)


@explains_misuse
def sign_constrained_capacity(fraction: Numbers) -> Float[np.ndarray, "..."] | float:
    r"""Patterns per weight at which half of all random problems are separable.

    .. math:: \alpha_c = P/N = 2 - K/N

    for large :math:`N`: Cover's 2 without constraints, and 1 when every sign is prescribed (Amit,
    Wong and Campbell 1989). At any :math:`N` the probability is exactly one half at
    :math:`P = 2N - K`.

    Args:
        fraction: Share :math:`K/N` of the weights whose sign is prescribed, in [0, 1].

    Returns:
        Capacity, between 1 and 2, of the same shape.

    Raises:
        ValueError: If a fraction lies outside [0, 1].

    Examples:
        >>> sign_constrained_capacity([0.0, 0.5, 1.0])
        array([2. , 1.5, 1. ])
    """
    check_probability("fraction", fraction)
    return 2.0 - np.asarray(fraction, float)


@explains_misuse
def separable_lp(
    patterns: Num[AnyArray, "*batch patterns inputs"],
    labels: Num[AnyArray, "*batch patterns"],
    signs: Num[AnyArray, " inputs"],
) -> Bool[np.ndarray, "*batch"]:
    r"""Whether weights of the given signs classify all patterns, decided by a linear programme.

    .. math:: \max t \quad \text{with} \quad y_\mu\, w \cdot x_\mu \ge t, \qquad
        s_i w_i \ge 0, \qquad 0 \le t \le 1

    ends at :math:`t = 1` if the problem is separable, since weights may grow, and at 0 if not.
    There is no bias: append a constant input with sign 0 for one. Problems of a batch are solved
    together.

    Args:
        patterns: Inputs :math:`x_\mu`, one row a pattern; leading axes are separate problems.
        labels: Labels -1 or 1.
        signs: Prescribed signs -1 or 1, or 0 where a weight is free; the same for all problems.

    Returns:
        One truth value for each problem.

    Raises:
        ValueError: If labels or signs hold other values, or the shapes do not fit.
        RuntimeError: If the solver fails.

    Examples:
        >>> patterns, labels = np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([1, -1])
        >>> bool(separable_lp(patterns, labels, np.array([0, 0])))
        True
        >>> bool(separable_lp(patterns, labels, np.array([1, 1])))
        False
    """
    check_number("patterns", patterns)
    x, y, s = np.asarray(patterns, float), np.asarray(labels), np.asarray(signs)
    _check_values("labels", y, (-1, 1))
    _check_values("signs", s, (-1, 0, 1))
    if x.shape[:-1] != y.shape or x.shape[-1:] != s.shape:
        raise ValueError(
            f"patterns {x.shape} need one label each, got {y.shape}, and one sign for each input, "
            f"got {s.shape}."
        )
    facing = (y[..., None] * x).reshape(-1, *x.shape[-2:])
    chunks = [
        _solve_together(facing[start : start + PROBLEMS_TOGETHER], s)
        for start in range(0, len(facing), PROBLEMS_TOGETHER)
    ]
    return np.concatenate(chunks).reshape(y.shape[:-1])


def _check_values(name: str, array: np.ndarray, allowed: tuple[int, ...]) -> None:
    wrong = ~np.isin(array, allowed)
    if wrong.any():
        raise ValueError(f"{name} must be among {allowed}, got {array[wrong].flat[0]}.")


def _solve_together(
    facing: Float[np.ndarray, "problems patterns inputs"], signs: Num[np.ndarray, " inputs"]
) -> Bool[np.ndarray, " problems"]:
    """One programme whose blocks are the problems; its variables are (w, t) of each."""
    from scipy.optimize import linprog
    from scipy.sparse import block_diag

    problems, patterns, inputs = facing.shape
    below = np.concatenate([-facing, np.ones((problems, patterns, 1))], axis=-1)
    low = np.append(np.where(signs == 1, 0.0, -np.inf), 0.0)
    high = np.append(np.where(signs == -1, 0.0, np.inf), 1.0)
    found: Any = linprog(
        np.tile(np.append(np.zeros(inputs), -1.0), problems),
        A_ub=block_diag(list(below), format="csc"),
        b_ub=np.zeros(problems * patterns),
        bounds=np.tile(np.stack([low, high], axis=-1), (problems, 1)),
        method="highs",
    )
    if found.status != 0:
        raise RuntimeError(f"the linear programme was not solved: {found.message}")
    return found.x.reshape(problems, inputs + 1)[:, -1] > 0.5


@explains_misuse
def count_separable(patterns: int, inputs: int, constrained: int, *, trials: int, seed: int) -> int:
    """Count how many random problems are separable, for comparison with the exact probability.

    Inputs are standard normal, labels fair coin flips; which signs are prescribed does not matter
    then, and the first ``constrained`` weights are held non-negative.

    Args:
        patterns: Number of patterns of a problem, at least 1.
        inputs: Number of weights, at least 1.
        constrained: Number of weights with a prescribed sign, 0 to ``inputs``.
        trials: Number of problems, at least 1.
        seed: Seed of the draws.

    Returns:
        Number of separable problems out of ``trials``; ``stats.binomial_interval`` fits.

    Raises:
        ValueError: If an argument is no count, or ``constrained`` exceeds ``inputs``.

    Examples:
        >>> count_separable(2, 4, 0, trials=5, seed=0)
        5
    """
    for name, count in (("patterns", patterns), ("inputs", inputs), ("trials", trials)):
        check_count(name, count, minimum=1)
    check_count("constrained", constrained)
    check_at_most("constrained", constrained, "inputs", inputs)
    check_count("seed", seed)
    generator = np.random.default_rng(seed)
    drawn = generator.normal(size=(trials, patterns, inputs))
    labels = generator.choice([-1, 1], size=(trials, patterns))
    signs = (np.arange(inputs) < constrained).astype(int)
    return int(separable_lp(drawn, labels, signs).sum())
