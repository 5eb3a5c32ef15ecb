"""Training many XOR networks side by side: scenarios, runs, and what is recorded of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.polarity._xor_program import Arms, XorRecipe, train_xor
from spinebook.polarity.freeze import RESETS, Reset
from spinebook.polarity.xor import XorNetwork

GROUPS = ("relevant", "irrelevant", "output")
"""Weights that are counted apart: hidden ones from the inputs that matter, from noise; output."""

_RULES = {"random": 0, "sufficient": 1, "adversarial": -1}


@dataclass(frozen=True)
class Scenario:
    """One arm of the study: which signs the weights start with, and whether they are kept.

    Attributes:
        signs: of the output weights; "random" keeps the drawn ones, the other two follow
            :func:`sufficient_polarity_xor` and :func:`adversarial_polarity_xor`. The signs of the
            hidden weights are always the drawn ones.
        frozen: whether signs are fixed. A fluid network starts where its frozen twin would.
        reset: what becomes of a weight that crosses zero, before training and after each step.
        l1: factor of the summed magnitudes of all weights that is added to the loss.
        fresh: whether the initial weights are drawn for this scenario alone, as those of the
            paper's fluid networks are; otherwise run r starts from the same draw in all of them.
    """

    signs: Literal["random", "sufficient", "adversarial"] = "random"
    frozen: bool = True
    reset: Reset = "random"
    l1: float = 0.0
    fresh: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no scenario."""
        if self.signs not in _RULES:
            raise ValueError(f"signs must be one of {', '.join(_RULES)}, got {self.signs!r}")
        if self.reset not in RESETS:
            raise ValueError(f"reset must be one of {', '.join(RESETS)}, got {self.reset!r}")
        check_number("l1", self.l1)
        if self.l1 < 0:
            raise ValueError(f"l1 must be at least 0, got {self.l1}")


SUFFICIENT = Scenario("sufficient")
RAND = Scenario("random")
FLUID = Scenario("random", frozen=False)
ADVERSARIAL = Scenario("adversarial")


class XorRuns(NamedTuple):
    """What is known of the runs; every array has leading axes (scenarios, runs).

    Attributes:
        loss: validation cross-entropy after each epoch.
        accuracy: share of validation points on the right side after each epoch.
        crossed: share of the weights of each of :data:`GROUPS` that a step took across zero, mean
            over all steps; a frozen network resets them, a fluid one lets them go.
        boundary: share of the weights of each group that end within epsilon of zero.
        network: final weights.
    """

    loss: Float[np.ndarray, "scenarios runs epochs"]
    accuracy: Float[np.ndarray, "scenarios runs epochs"]
    crossed: Float[np.ndarray, "scenarios runs groups"]
    boundary: Float[np.ndarray, "scenarios runs groups"]
    network: XorNetwork


def xor_study(
    scenarios: Sequence[Scenario],
    *,
    key: PRNGKeyArray,
    units: int = 20,
    samples: int = 60,
    runs: int = 50,
    shared_data: bool = False,
    recipe: XorRecipe = XorRecipe(),  # noqa: B008 - frozen, so one value for all calls is safe
) -> XorRuns:
    r"""Train networks on XOR in five dimensions, all scenarios and runs in one compiled program.

    Each step is one of Adam on a minibatch of the cross-entropy, followed by the reset of all
    weights that crossed zero, where signs are fixed:

    .. math:: W \leftarrow R_S\bigl(W + u_{\text{Adam}}(\nabla \ell_b(W))\bigr)

    (Wang et al. 2023, Algorithm 1 and code). All runs go through the rows in the same order, anew
    each epoch. Run r has the same data in all scenarios, and unless a scenario asks for fresh ones
    the same initial draw, so that scenarios can be compared in pairs. With ``shared_data`` all runs
    have one training and one validation set, as in the paper: then differences between scenarios
    hold for these data only. Widths up to the same multiple of eight, and sample numbers up to the
    same power of two, share a compiled program.

    Args:
        scenarios: one or more arms.
        key: random key of data, initial weights, order and reset sizes.
        units: number of hidden units, at least 1.
        samples: number of training points, divisible by four.
        runs: number of networks in each scenario, at least 1.
        shared_data: whether all runs have the same data, rather than each its own.
        recipe: epochs, learning rate, batch, validation points and reset size.

    Returns:
        An :class:`XorRuns`, in host memory.

    Raises:
        ValueError: no scenario, or a count that is out of range.

    Examples:
        >>> result = xor_study(
        ...     [SUFFICIENT, FLUID], key=jax.random.key(0), units=4, samples=8, runs=2,
        ...     recipe=XorRecipe(epochs=3, validation=8),
        ... )
        >>> result.accuracy.shape, result.network.hidden.shape
        ((2, 2, 3), (2, 2, 5, 4))
    """
    check_count("units", units, minimum=1)
    check_count("samples", samples, minimum=4)
    check_count("runs", runs, minimum=1)
    if not scenarios:
        raise ValueError("pass at least one scenario, such as SUFFICIENT or FLUID")
    if samples % 4:
        raise ValueError(f"samples must be divisible by four, one point a square, got {samples}")
    run = jnp.tile(jnp.arange(runs), len(scenarios))
    arms = Arms(
        rule=_each([_RULES[s.signs] for s in scenarios], runs),
        frozen=_each([s.frozen for s in scenarios], runs),
        reset=_each([RESETS.index(s.reset) for s in scenarios], runs),
        l1=_each([float(s.l1) for s in scenarios], runs),
        draw=_each([1 + k if s.fresh else 0 for k, s in enumerate(scenarios)], runs),
        run=run,
        data=run * (not shared_data),
    )
    width, rows = 8 * -(-units // 8), max(32, 1 << (samples - 1).bit_length())
    records, network = train_xor(recipe, (width, rows, runs), arms, units, samples, key)
    network = network._replace(
        hidden=network.hidden[:, :units],
        hidden_bias=network.hidden_bias[:units],
        output=network.output[:units],
    )
    first = partial(_networks_first, (len(scenarios), runs))
    known = {name: first(value) for name, value in records._asdict().items()}
    return XorRuns(**known, network=jax.tree.map(first, network))


def _each(values: Sequence[float | int], runs: int) -> Array:
    """Give every run of a scenario its value."""
    return jnp.repeat(jnp.asarray(values), runs)


def _networks_first(shape: tuple[int, int], array: Array) -> np.ndarray:
    """Turn the last axis, of networks, into two leading ones, scenarios and runs."""
    rows = np.moveaxis(np.asarray(array), -1, 0)
    return rows.reshape(*shape, *rows.shape[1:])
