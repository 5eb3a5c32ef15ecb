"""The two compiled programs of the XOR study: drawing networks and data, and training them.

:func:`spinebook.training.train` does not serve here: its batches are drawn from the key of a step
alone, while these go through shuffled epochs whose last batch is smaller. Networks come in blocks
of one size, and narrow ones are padded, so that few shapes are ever compiled. All weights of a
network but its output bias are one array, which leaves few and large products for a processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Int8, PRNGKeyArray

from spinebook.checks import check_count, check_number
from spinebook.geometry import NegativeEntropy
from spinebook.misuse import explains_misuse
from spinebook.polarity.freeze import crossings, frozen_step, initial_reset
from spinebook.polarity.xor import init_xor_network, sufficient_polarity_xor, xor5d
from spinebook.types import AnyArray

DIMENSIONS = 5
BIAS, OUTPUT = DIMENSIONS, DIMENSIONS + 1  # rows of the array of weights, below those of the inputs
_ADAM_EPSILON = 1e-7  # that of Keras


@explains_misuse
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
    """What is done with every network: its scenario, and the numbers of its draws."""

    rule: Int[AnyArray, " networks"]  # 1 sufficient, -1 adversarial, 0 as drawn
    frozen: Bool[AnyArray, " networks"]
    start: Int[AnyArray, " networks"]  # reset before training, and in it
    reset: Int[AnyArray, " networks"]
    l1: Float[AnyArray, " networks"]
    mirror: Float[AnyArray, " networks"]  # rate of exponentiated gradient, 0 for Adam
    free: Int[AnyArray, " networks"]  # one of so many hidden weights has no sign; 0 for none
    weights: Int[AnyArray, " networks"]
    data: Int[AnyArray, " networks"]


class Block(NamedTuple):
    """What a block of networks starts with; inputs have a sixth coordinate, 1, for the biases."""

    training: Float[Array, "networks rows inputs"]
    validation: Float[Array, "networks inputs points"]
    weights: Float[Array, "networks weights units"]
    output_bias: Float[Array, " networks"]
    polarity: Int8[Array, "networks weights units"]


class Records(NamedTuple):
    """What is recorded of every network; a group of weights is relevant, irrelevant or output."""

    loss: Float[Array, "networks epochs"]
    accuracy: Float[Array, "networks epochs"]
    crossed: Float[Array, "networks groups"]
    boundary: Float[Array, "networks groups"]


@partial(jax.jit, static_argnames=("recipe", "shape"))
def draw_block(
    recipe: XorRecipe,
    shape: tuple[int, int],
    arms: Arms,
    units: Int[Array, ""] | int,
    key: PRNGKeyArray,
) -> Block:
    """Draw data and weights of a block; ``shape`` is the padded width and the padded rows."""
    width, rows = shape
    data_key, weights_key = jax.random.split(key)

    def one(arm: Any) -> Block:
        # Validation points come first: the training ones can then be more or fewer.
        points = recipe.validation + rows
        inputs, _ = xor5d(points, key=jax.random.fold_in(data_key, arm.data))
        inputs = jnp.concatenate([inputs, jnp.ones((points, 1))], axis=1)
        own = jax.random.split(jax.random.fold_in(weights_key, arm.weights))
        weights, output_bias = _draw_weights(own[0], width, units)
        polarity = _polarity(weights, arm, units)
        size, reset_key = recipe.epsilon, own[1]
        weights = initial_reset(weights, polarity, arm.start, epsilon=size, key=reset_key)
        held_out, training = inputs[: recipe.validation].T, inputs[recipe.validation :]
        return Block(training, held_out, weights, output_bias, polarity)

    return jax.vmap(one)(arms)


def _draw_weights(key: PRNGKeyArray, width: int, units: Any) -> tuple[Array, Array]:
    """Draw initial weights; units beyond ``units`` are zero, and stay so under any training."""
    drawn = init_xor_network(width, key=key, dimensions=DIMENSIONS)
    bias = drawn.hidden_bias * jnp.sqrt(width / units)  # Glorot's bound is for units
    rows = jnp.concatenate([drawn.hidden, bias[None], drawn.output[None]])
    return rows * (jnp.arange(width) < units), jnp.asarray(drawn.output_bias)


def _polarity(
    weights: Float[Array, "weights units"], arm: Any, units: Any
) -> Int8[Array, "weights units"]:
    """Return the signs that a scenario asks for, 0 for biases and for weights without one."""
    signs = jnp.sign(weights).astype(jnp.int8)
    by_rule = sufficient_polarity_xor(signs[:BIAS]) * arm.rule.astype(jnp.int8)
    output = jnp.where(arm.rule == 0, signs[OUTPUT], by_rule)
    place = jnp.arange(DIMENSIONS)[:, None] * units + jnp.arange(weights.shape[1])
    without = (arm.free > 0) & (place % jnp.maximum(arm.free, 1) == 0)
    hidden = jnp.where(without, 0, signs[:BIAS])
    return jnp.concatenate([hidden, jnp.zeros_like(output)[None], output[None]])


@partial(jax.jit, static_argnames="recipe")
def train_block(
    recipe: XorRecipe,
    block: Block,
    arms: Arms,
    orders: Int[Array, "epochs padded"],
    units: Int[Array, ""] | int,
    samples: Int[Array, ""] | int,
    key: PRNGKeyArray,
) -> tuple[Records, Float[Array, "networks weights units"], Float[Array, " networks"]]:
    """Train every network of a block through the rows in the same orders."""
    batches = -(-samples // recipe.batch)
    steps = batches * recipe.epochs
    train_labels, held_out_labels = (
        _labels(n) for n in (block.training.shape[1], block.validation.shape[2])
    )
    adam = optax.adam(recipe.rate, eps=_ADAM_EPSILON)

    def one(own: Block, arm: Any) -> Any:
        kept = own.polarity * arm.frozen
        own_key = jax.random.fold_in(key, arm.weights)

        def step(number: Any, carry: Any) -> Any:
            (weights, bias), inner, crossed = carry
            epoch, first = number // batches, number % batches * recipe.batch
            rows = jax.lax.dynamic_slice(orders, (epoch, first), (1, recipe.batch))[0]
            share = (first + jnp.arange(recipe.batch) < samples).astype(jnp.float32)
            answer, pull_back = jax.vjp(logits, weights, bias, own.training[rows].T)
            slope = share / share.sum() * (jax.nn.sigmoid(answer) - train_labels[rows])
            slopes = pull_back(slope)[:2]
            (change, bias_change), inner = adam.update(slopes, inner, (weights, bias))
            change = jnp.where(arm.mirror > 0, _mirror(weights, slopes[0], change, arm), change)
            side = jnp.where(kept == 0, jnp.sign(weights), kept).at[BIAS].set(0)
            crossed = crossed + crossings(weights, change, side).sum(axis=1)
            draw, epsilon = jax.random.fold_in(own_key, number), recipe.epsilon
            change = frozen_step(weights, change, kept, arm.reset, epsilon=epsilon, key=draw)
            weights = _shrink(weights + change, recipe.rate * arm.l1)
            return (weights, bias + bias_change), inner, crossed

        def epoch(carry: Any, number: Int[Array, ""]) -> Any:
            first = number * batches
            carry = jax.lax.fori_loop(first, first + batches, step, carry)
            weights, bias = carry[0]
            return carry, _validate(weights, bias, own.validation, held_out_labels)

        begin = own.weights, own.output_bias
        carry = begin, adam.init(begin), jnp.zeros(len(own.weights))
        carry, (loss, accuracy) = jax.lax.scan(epoch, carry, jnp.arange(recipe.epochs))
        (weights, bias), _, crossed = carry
        alive = jnp.arange(weights.shape[1]) < units
        near = ((jnp.abs(weights) <= recipe.epsilon) & alive).sum(axis=1)
        records = Records(loss, accuracy, _share(crossed, units) / steps, _share(near, units))
        return records, weights, bias

    trained: tuple[Records, Array, Array] = jax.vmap(one)(block, arms)
    return trained


def _labels(points: int) -> Float[Array, " points"]:
    """Return the labels of ``xor5d``, whose squares take turns."""
    return jnp.tile(jnp.array([1.0, 0.0, 0.0, 1.0]), points // 4)


def logits(
    weights: Float[Array, "weights units"],
    output_bias: Float[Array, ""],
    inputs: Float[Array, "inputs points"],
) -> Float[Array, " points"]:
    """As ``xor_logits``, of packed weights and inputs."""
    return weights[OUTPUT] @ jax.nn.relu(weights[:OUTPUT].T @ inputs) + output_bias


def _losses(
    logits: Float[Array, " points"], labels: Float[Array, " points"]
) -> Float[Array, " points"]:
    """Return cross-entropies, with one exponential and one logarithm a point."""
    margin = (2 * labels - 1) * logits
    return jax.nn.relu(-margin) + jnp.log1p(jnp.exp(-jnp.abs(margin)))


def _validate(
    weights: Array, output_bias: Array, inputs: Array, labels: Array
) -> tuple[Array, Array]:
    answer = logits(weights, output_bias, inputs)
    return _losses(answer, labels).mean(), ((answer > 0) == (labels > 0.5)).mean()


def _mirror(weights: Array, slope: Array, adam_change: Array, arm: Any) -> Array:
    """Return the exponentiated-gradient step of all weights, with Adam's for the biases."""
    change = NegativeEntropy().mirror_step(weights, arm.mirror * slope)
    return change.at[BIAS].set(adam_change[BIAS])


def _shrink(weights: Float[Array, "weights units"], by: Float[Array, ""]) -> Array:
    """Take a step of the 1-norm's proximal operator, which leaves biases alone."""
    smaller = jnp.sign(weights) * jnp.maximum(jnp.abs(weights) - by, 0)
    return smaller.at[BIAS].set(weights[BIAS])


def _share(counts: Any, units: Any) -> Float[Array, " groups"]:
    """Turn counts by row into shares of the weights of each group."""
    groups = [counts[:2].sum(), counts[2:BIAS].sum(), counts[OUTPUT]]
    sizes = jnp.array([2, DIMENSIONS - 2, 1])
    return jnp.stack(groups) / (sizes * units)
