"""The compiled program of the XOR study.

:func:`spinebook.training.train` does not serve here: its batches are drawn from the key of a step
alone, while these go through shuffled epochs whose last batch is smaller, and vmapping networks of
a hundred weights leaves a processor with products too small for it. Here all networks, whatever
their scenario, lie along the last axis of every array, so that each operation runs along contiguous
memory; on a processor this is several times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.polarity.freeze import crossings, frozen_step, initial_reset
from spinebook.polarity.signs import polarity_of
from spinebook.polarity.xor import (
    XorNetwork,
    init_xor_network,
    sufficient_polarity_xor,
    xor5d,
)
from spinebook.types import AnyArray

_DIMENSIONS = 5
_ADAM_EPSILON = 1e-7  # that of Keras
_AT_ONCE = 4  # units in one pass over the inputs, which would else be waited for


@dataclass(frozen=True)
class XorRecipe:
    """How the networks of a study are trained; equal values share a compiled program.

    Attributes:
        epochs: passes through the data.
        rate: learning rate of Adam.
        batch: rows in a minibatch; the last one of an epoch is smaller.
        validation: number of validation points, divisible by four.
        epsilon: size of reset weights, and what counts as the boundary.
    """

    epochs: int = 100
    rate: float = 0.03
    batch: int = 32
    validation: int = 1000
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        for name in ("epochs", "batch", "validation"):
            check_count(name, getattr(self, name), minimum=1)
        for name in ("rate", "epsilon"):
            check_number(name, getattr(self, name))
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.validation % 4:
            raise ValueError(f"validation must be divisible by four, got {self.validation}")


class Arms(NamedTuple):
    """The scenario of every network, its initial draw, its run, and the run whose data it has."""

    rule: Int[Array, " networks"]
    frozen: Bool[Array, " networks"]
    reset: Int[Array, " networks"]
    l1: Float[Array, " networks"]
    draw: Int[Array, " networks"]
    run: Int[Array, " networks"]
    data: Int[Array, " networks"]


class Records(NamedTuple):
    """What is recorded of every network."""

    loss: Float[Array, "epochs networks"]
    accuracy: Float[Array, "epochs networks"]
    crossed: Float[Array, "groups networks"]
    boundary: Float[Array, "groups networks"]


Shape = tuple[int, int, int]
Data = tuple[Float[Array, "dimensions samples networks"], Float[Array, " samples"]]


@partial(jax.jit, static_argnames=("recipe", "shape"))
def train_xor(
    recipe: XorRecipe,
    shape: Shape,
    arms: Arms,
    units: Int[Array, ""] | int,
    samples: Int[Array, ""] | int,
    key: PRNGKeyArray,
) -> tuple[Records, XorNetwork]:
    """Draw everything and train; ``shape`` is the padded width, the padded rows and the runs."""
    width, rows, runs = shape
    data_key, validation_key, init_key, order_key, reset_key = jax.random.split(key, 5)
    training = _data(data_key, rows, arms.data, runs)
    validation = _data(validation_key, recipe.validation, arms.data, runs)
    drawn = _networks(init_key, width, units, arms)
    target = _polarity(drawn, arms.rule)
    at_start, in_training = jax.random.split(reset_key)
    start = initial_reset(drawn, target, arms.reset, epsilon=recipe.epsilon, key=at_start)
    kept = jax.tree.map(lambda s: s * arms.frozen, target)
    adam = optax.adam(recipe.rate, eps=_ADAM_EPSILON)
    batches = -(-samples // recipe.batch)

    def step(b: Any, carry: Any, order: Any, epoch_key: PRNGKeyArray) -> Any:
        network, inner, crossed = carry
        first = b * recipe.batch
        chosen = jax.lax.dynamic_slice_in_dim(order, first, recipe.batch)
        weight = (first + jnp.arange(recipe.batch) < samples).astype(jnp.float32)
        slope = jax.grad(_objective)(network, training, chosen, weight / weight.sum(), arms.l1)
        updates, inner = adam.update(slope, inner, network)
        crossed = crossed + _share(crossings(network, updates, _sides(network, kept)), units)
        draw = jax.random.fold_in(epoch_key, b)
        epsilon = recipe.epsilon
        updates = frozen_step(network, updates, kept, arms.reset, epsilon=epsilon, key=draw)
        return optax.apply_updates(network, updates), inner, crossed

    def epoch(carry: Any, number: Int[Array, ""]) -> Any:
        order = _order(jax.random.fold_in(order_key, number), samples, rows, recipe.batch)
        take = partial(step, order=order, epoch_key=jax.random.fold_in(in_training, number))
        carry = jax.lax.fori_loop(0, batches, take, carry)
        return carry, _validate(carry[0], validation)

    carry = start, adam.init(start), jnp.zeros((3, len(arms.rule)))
    (network, _, crossed), (loss, accuracy) = jax.lax.scan(epoch, carry, jnp.arange(recipe.epochs))
    near = jax.tree.map(lambda w: jnp.abs(w) <= recipe.epsilon, network)
    records = Records(loss, accuracy, crossed / (batches * recipe.epochs), _share(near, units))
    return records, network


def _data(key: PRNGKeyArray, rows: int, which: Int[Array, " networks"], runs: int) -> Data:
    """Draw the points of every run, and lay out those of each network."""

    def one(key: PRNGKeyArray) -> Any:
        return xor5d(rows, key=key)

    inputs, labels = jax.vmap(one)(jax.random.split(key, runs))
    return inputs[which].transpose(2, 1, 0), labels[0]  # labels go by row number


def _networks(key: PRNGKeyArray, width: int, units: Any, arms: Arms) -> XorNetwork:
    """Draw initial networks; units beyond ``units`` are zero, and stay so under any training."""

    def one(draw: Any, run: Any) -> XorNetwork:
        own = jax.random.fold_in(jax.random.fold_in(key, draw), run)
        return init_xor_network(width, key=own, dimensions=_DIMENSIONS)

    drawn = jax.vmap(one, out_axes=-1)(arms.draw, arms.run)
    alive = (jnp.arange(width) < units)[:, None]
    return XorNetwork(
        drawn.hidden * alive,
        drawn.hidden_bias * alive * jnp.sqrt(width / units),  # Glorot's bound is for units
        drawn.output * alive,
        drawn.output_bias,
    )


def _sides(network: XorNetwork, kept: XorNetwork) -> XorNetwork:
    """Return the sign each weight has to cross: a frozen one's own, a fluid one's present one."""
    sides: XorNetwork = jax.tree.map(
        lambda s, now: jnp.where(s == 0, now, s), kept, _signs(network)
    )
    return sides


def _signs(network: XorNetwork) -> XorNetwork:
    signs: XorNetwork = polarity_of(network, XorNetwork(True, False, True, False))  # type: ignore[arg-type]
    return signs


def _polarity(network: XorNetwork, rule: Int[Array, " networks"]) -> XorNetwork:
    """Return the signs each scenario starts with: rule 1 sufficient, -1 adversarial, 0 drawn."""
    signs = _signs(network)
    by_rule = sufficient_polarity_xor(signs.hidden) * rule.astype(jnp.int8)
    return signs._replace(output=jnp.where(rule == 0, signs.output, by_rule))


def _order(key: PRNGKeyArray, samples: Any, rows: int, batch: int) -> Int[Array, " padded"]:
    """Shuffle the first ``samples`` of ``rows`` row numbers, the others after them."""
    place = jnp.where(jnp.arange(rows) < samples, jax.random.uniform(key, (rows,)), 2.0)
    return jnp.pad(jnp.argsort(place), (0, -rows % batch))


def _logits(
    network: XorNetwork, inputs: Float[Array, "dimensions samples networks"]
) -> Float[Array, "samples networks"]:
    """As ``xor_logits``, unit by unit along the last axes: nothing larger is ever stored."""
    hidden = jnp.asarray(network.hidden).swapaxes(0, 1)[:, :, None]

    def add(total: Array, unit: tuple[Array, Array, Array]) -> tuple[Array, None]:
        w, bias, a = unit
        drive = bias + sum(w[k] * inputs[k] for k in range(_DIMENSIONS))
        return total + a * jax.nn.relu(drive), None

    total = jnp.broadcast_to(network.output_bias, inputs.shape[1:2] + network.output_bias.shape)
    units = hidden, jnp.asarray(network.hidden_bias), jnp.asarray(network.output)
    return jax.lax.scan(add, total, units, unroll=_AT_ONCE)[0]


def _objective(
    network: XorNetwork,
    data: Data,
    chosen: Int[Array, " batch"],
    weight: Float[Array, " batch"],
    l1: Float[Array, " networks"],
) -> Float[Array, ""]:
    """Sum over all runs of the loss of a minibatch: the gradients of runs do not mix."""
    inputs, labels = data
    logits = _logits(network, inputs[:, chosen])
    loss = optax.sigmoid_binary_cross_entropy(logits, labels[chosen, None])
    size = _size(network.hidden).sum((0, 1)) + _size(network.output).sum(0)
    return jnp.sum(weight[:, None] * loss) + jnp.sum(l1 * size)


def _size(weights: Float[AnyArray, "..."]) -> Float[Array, "..."]:
    """Return magnitudes whose slope at zero is 0; that of ``jnp.abs`` is 1."""
    return jnp.asarray(weights) * jax.lax.stop_gradient(jnp.sign(weights))


def _validate(network: XorNetwork, data: Data) -> tuple[Array, Array]:
    inputs, labels = data
    logits, right = _logits(network, inputs), labels[:, None]
    loss = optax.sigmoid_binary_cross_entropy(logits, right).mean(0)
    return loss, ((logits > 0) == (right > 0.5)).mean(0)


def _share(which: Any, units: Any) -> Float[Array, "3 networks"]:
    """Return the share of the weights of each group that are marked, padding left out."""
    alive = (jnp.arange(which.output.shape[0]) < units)[:, None]
    hidden, output = which.hidden & alive, which.output & alive
    counts = [hidden[:2].sum((0, 1)), hidden[2:].sum((0, 1)), output.sum(0)]
    sizes = [2, _DIMENSIONS - 2, 1]
    return jnp.stack([n / (k * units) for n, k in zip(counts, sizes, strict=True)])
