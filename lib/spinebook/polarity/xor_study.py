"""Training many XOR networks side by side: scenarios, runs, and what is recorded of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from spinebook.checks import check_count
from spinebook.misuse import explains_misuse
from spinebook.polarity._xor_program import (
    BIAS,
    OUTPUT,
    Arms,
    Records,
    XorRecipe,
    draw_block,
    train_block,
)
from spinebook.polarity.freeze import RESETS
from spinebook.polarity.xor import XorNetwork
from spinebook.polarity.xor_scenario import (
    ADVERSARIAL,
    FLUID,
    RAND,
    RULES,
    SUFFICIENT,
    Scenario,
)
from spinebook.progress import Progress

__all__ = [
    "ADVERSARIAL",
    "FLUID",
    "GROUPS",
    "RAND",
    "SUFFICIENT",
    "Scenario",
    "XorRecipe",
    "XorRuns",
    "xor_study",
]

GROUPS = ("relevant", "irrelevant", "output")
"""Weights that are counted apart: hidden ones from the inputs that matter, from noise; output."""

_NETWORKS = 64  # in a block, whose arrays then fit into a processor's caches
_WIDTHS = (8, 24, 64)  # every width compiles a program of its own
_ROWS = 512
_OWN = 1 << 20  # numbers of the draws of a scenario with runs of its own start here, and so on


class XorRuns(NamedTuple):
    """What is known of the runs; every array has leading axes (scenarios, runs).

    Attributes:
        loss: validation cross-entropy after each epoch.
        accuracy: share of validation points on the right side after each epoch.
        crossed: share of the weights of each of :data:`GROUPS` that a step took across zero, mean
            over all steps; a frozen network resets them, a fluid one lets them go.
        boundary: share of the weights of each group that end within epsilon of zero.
        start: weights before the first step.
        network: final weights.
    """

    loss: Float[np.ndarray, "scenarios runs epochs"]
    accuracy: Float[np.ndarray, "scenarios runs epochs"]
    crossed: Float[np.ndarray, "scenarios runs groups"]
    boundary: Float[np.ndarray, "scenarios runs groups"]
    start: XorNetwork
    network: XorNetwork


@explains_misuse
def xor_study(
    scenarios: Sequence[Scenario],
    *,
    key: PRNGKeyArray,
    units: int = 20,
    samples: int = 60,
    runs: int = 50,
    data_sets: int | None = None,
    recipe: XorRecipe = XorRecipe(),  # noqa: B008 - frozen, so one value for all calls is safe
    label: str | None = None,
) -> XorRuns:
    r"""Train networks on XOR in five dimensions, all scenarios and runs side by side.

    Each step is one of Adam on a minibatch of the cross-entropy, followed by the reset of all
    weights that crossed zero, where signs are fixed:

    .. math:: W \leftarrow R_S\bigl(W + u_{\text{Adam}}(\nabla \ell_b(W))\bigr)

    (Wang et al. 2023, Algorithm 1 and code). All runs go through the rows in the same order, anew
    each epoch. Run r has the same data and the same initial draw in all scenarios, so that they can
    be compared in pairs, but for scenarios that ask for fresh runs: these are independent of all
    others. With ``data_sets`` run r of every scenario has data set r modulo that number; 1 is the
    design of the paper, under which differences between scenarios hold for these data only.

    Widths up to 8, 24 and 64 and any sample number up to 512 share a compiled program, and with it
    any number of runs and scenarios. None of this changes the data or first weights of a run.

    Args:
        scenarios: one or more arms.
        key: random key of data, initial weights, order and reset sizes.
        units: number of hidden units, at least 1.
        samples: number of training points, divisible by four.
        runs: number of networks in each scenario, at least 1.
        data_sets: number of data sets that the runs share, rather than each its own.
        recipe: epochs, learning rate, batch, validation points and reset size.
        label: what to call the study where it tells how far it has come; None tells nothing.

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
    if data_sets is not None:
        check_count("data_sets", data_sets, minimum=1)
    if not scenarios:
        raise ValueError("pass at least one scenario, such as SUFFICIENT or FLUID")
    if samples % 4:
        raise ValueError(f"samples must be divisible by four, one point a square, got {samples}")
    with jax.default_device(jax.devices("cpu")[0]):
        draw_key, order_key, reset_key = jax.random.split(key, 3)
        orders = _orders(order_key, samples, recipe)
    arms = _arms(scenarios, runs, data_sets)
    networks = len(scenarios) * runs
    shape = _padded_width(units, _WIDTHS[-1:]), orders.shape[1] - recipe.batch
    narrow = _padded_width(units, _WIDTHS)

    def train(first: int) -> Any:
        some = jax.tree.map(lambda a: a[np.arange(first, first + _NETWORKS) % networks], arms)
        with jax.default_device(jax.devices("cpu")[0]):  # small products: no work for a GPU
            block = jax.device_get(draw_block(recipe, shape, some, units, draw_key))
            kernel, polarity = block.weights[..., :narrow], block.polarity[..., :narrow]
            block = block._replace(weights=kernel, polarity=polarity)
            trained = train_block(recipe, block, some, orders, units, samples, reset_key)
            return *jax.device_get(trained), kernel, block.output_bias

    progress = Progress(label, 0, networks)
    done = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(train, range(0, networks, _NETWORKS)):
            done.append(result)
            progress.tell(len(done) * _NETWORKS)

    def joined(*parts: np.ndarray) -> np.ndarray:
        rows = np.concatenate(parts)[:networks]
        return rows.reshape(len(scenarios), runs, *rows.shape[1:])

    records, weights, bias, start, start_bias = jax.tree.map(joined, *done)
    known = Records(*records)._asdict()
    start, network = _unpacked(start, start_bias, units), _unpacked(weights, bias, units)
    return XorRuns(**known, start=start, network=network)


def _arms(scenarios: Sequence[Scenario], runs: int, data_sets: int | None) -> Arms:
    """List what is done with each network, scenario by scenario."""

    def each(values: Sequence[float | int], kind: Any) -> np.ndarray:
        return np.repeat(np.asarray(values, kind), runs)

    run = np.tile(np.arange(runs, dtype=np.int32), len(scenarios))
    own = [_OWN * (1 + k) if s.fresh else 0 for k, s in enumerate(scenarios)]
    number = run + each(own, np.int32)
    arms = Arms(
        rule=each([RULES[s.signs] for s in scenarios], np.int32),
        frozen=each([s.frozen for s in scenarios], bool),
        start=each([RESETS.index(s.start or s.reset) for s in scenarios], np.int32),
        reset=each([RESETS.index(s.reset) for s in scenarios], np.int32),
        l1=each([s.l1 for s in scenarios], np.float32),
        mirror=each([s.mirror for s in scenarios], np.float32),
        free=each([s.free_every for s in scenarios], np.int32),
        weights=number,
        data=number if data_sets is None else run % data_sets,
    )
    return arms


def _orders(key: PRNGKeyArray, samples: int, recipe: XorRecipe) -> Int[np.ndarray, "epochs padded"]:
    """Shuffle the first ``samples`` row numbers for each epoch; the others stand behind them."""
    rows = max(_ROWS, 1 << (samples - 1).bit_length())
    place = np.array(jax.random.uniform(key, (recipe.epochs, rows)))
    place[:, samples:] = 2
    # A slice of the last batch must not reach beyond the end.
    return np.pad(place.argsort(axis=1).astype(np.int32), ((0, 0), (0, recipe.batch)))


def _padded_width(units: int, widths: Sequence[int]) -> int:
    """Return the smallest of the widths that has room, or else a multiple of the last."""
    fitting = [width for width in widths if width >= units]
    return fitting[0] if fitting else widths[-1] * -(-units // widths[-1])


def _unpacked(weights: np.ndarray, output_bias: np.ndarray, units: int) -> XorNetwork:
    weights = weights[..., :units]
    return XorNetwork(
        weights[..., :BIAS, :], weights[..., BIAS, :], weights[..., OUTPUT, :], output_bias
    )
