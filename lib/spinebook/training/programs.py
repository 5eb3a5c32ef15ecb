"""The compiled programs of a training, and what they carry from step to step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, Key, PRNGKeyArray

from spinebook.training.recipe import Recipe


class State(NamedTuple):
    """What a run carries from step to step; every leaf has a leading axis of runs."""

    parameters: Any
    optimiser: Any
    diverged_at: Any


class Kept(NamedTuple):
    """All that an interrupted training needs to go on, as one pytree of arrays."""

    step: np.ndarray
    written: np.ndarray
    state: State
    loss: np.ndarray
    recorded: dict[str, np.ndarray]


class Work:
    """The compiled programs of one training with the arrays they are called with."""

    def __init__(self, recipe: Recipe, side: int, keys: Key[Array, " runs"], shared: Any, own: Any):
        """Keep the arrays; ``side`` runs go side by side."""
        self._static = recipe, side
        self._arrays = keys, shared, own

    def begin(self, start: Any, records: int) -> Kept:
        """Return the state before the first step, with empty records."""
        recipe, _ = self._static
        keys, shared, own = self._arrays
        state = _begin(recipe, start, own)
        shapes = jax.eval_shape(partial(_records, *self._static), state.parameters, shared, own)
        runs = len(keys)
        recorded = {
            name: np.full((runs, records, *leaf.shape[1:]), _empty(leaf.dtype), leaf.dtype)
            for name, leaf in shapes.items()
        }
        nothing = np.array(0)
        return Kept(nothing, nothing, state, np.zeros((runs, records)), recorded)

    def advance(self, state: State, step: int, stop: int) -> tuple[State, np.ndarray]:
        """Take the steps from ``step`` up to ``stop``; return the sum of each run's losses too."""
        state, losses = _advance(*self._static, state, *self._arrays, step, stop)
        return state, np.asarray(losses, np.float64)

    def record(self, state: State, step: int) -> tuple[State, dict[str, np.ndarray]]:
        """Record every run; a run whose parameters are not finite any more has diverged."""
        _, shared, own = self._arrays
        at = jnp.asarray(step)
        diverged_at = _mark(state.parameters, state.diverged_at, at)
        record = _records(*self._static, state.parameters, shared, own)
        gone = np.asarray(diverged_at) >= 0
        values = {}
        for name, value in record.items():
            value = np.array(value)
            if np.issubdtype(value.dtype, np.floating):
                value[gone] = np.nan
            values[name] = value
        return state._replace(diverged_at=diverged_at), values


def _empty(dtype: Any) -> Any:
    return np.nan if np.issubdtype(dtype, np.floating) else 0


@jax.jit(static_argnums=0)
def _begin(recipe: Recipe, start: Any, own: Any) -> State:
    def one(each: tuple[Any, Any]) -> State:
        parameters, mine = each
        optimiser = recipe.optimiser_for(mine).init(parameters)
        return State(parameters, optimiser, jnp.asarray(-1, jnp.int32))

    return jax.vmap(one)((start, own))


@jax.jit(static_argnums=(0, 1), donate_argnums=2)
def _advance(
    recipe: Recipe,
    side: int,
    state: State,
    keys: Key[Array, " runs"],
    shared: Any,
    own: Any,
    step: Int[Array, ""],
    stop: Int[Array, ""],
) -> tuple[State, Float[Array, " runs"]]:
    def one(each: tuple[State, PRNGKeyArray, Any]) -> tuple[State, Float[Array, ""]]:
        state, key, mine = each
        optimiser = recipe.optimiser_for(mine)

        def take(t: Int[Array, ""], carry: tuple[State, Any]) -> tuple[State, Any]:
            (parameters, inner, diverged_at), total = carry
            batch = recipe.draw(jax.random.fold_in(key, t), shared, mine)
            value, slope = jax.value_and_grad(recipe.loss)(parameters, batch)
            updates, inner = optimiser.update(slope, inner, parameters)
            parameters = optax.apply_updates(parameters, updates)
            lost = (diverged_at < 0) & ~jnp.isfinite(value)
            diverged_at = jnp.where(lost, t.astype(jnp.int32), diverged_at)
            return State(parameters, inner, diverged_at), total + value

        def first_loss() -> Any:
            return recipe.loss(state.parameters, recipe.draw(key, shared, mine))

        nothing = jnp.zeros((), jax.eval_shape(first_loss).dtype)
        return jax.lax.fori_loop(step, stop, take, (state, nothing))

    return _over_runs(one, side, (state, keys, own))


@jax.jit(static_argnums=(0, 1))
def _records(recipe: Recipe, side: int, parameters: Any, shared: Any, own: Any) -> dict[str, Any]:
    def one(each: tuple[Any, Any]) -> dict[str, Any]:
        return recipe.recorded(each[0], shared, each[1])

    return _over_runs(one, side, (parameters, own))


def _over_runs(one: Callable[[Any], Any], side: int, each: Any) -> Any:
    runs = len(jax.tree.leaves(each)[0])
    if side >= runs:
        return jax.vmap(one)(each)
    return jax.lax.map(one, each, batch_size=side)


@jax.jit
def _mark(parameters: Any, diverged_at: Int[Array, " runs"], step: Int[Array, ""]) -> Any:
    def finite(leaf: Float[Array, "runs ..."]) -> Any:
        return jnp.all(jnp.isfinite(leaf), axis=tuple(range(1, leaf.ndim)))

    whole = jnp.stack([finite(leaf) for leaf in jax.tree.leaves(parameters)]).all(axis=0)
    return jnp.where((diverged_at < 0) & ~whole, step.astype(diverged_at.dtype), diverged_at)


@jax.jit
def run_keys(key: PRNGKeyArray, draws: Int[Array, " runs"]) -> Key[Array, " runs"]:
    """Return the key of each run's stream of batches."""
    return jax.vmap(partial(jax.random.fold_in, key))(draws)
