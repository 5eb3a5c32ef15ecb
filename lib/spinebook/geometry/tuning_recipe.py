"""How the fine-tuning studies train: one program for all potentials of a family."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, Key, PRNGKeyArray

from spinebook.geometry.mirror_descent import mirror_descent
from spinebook.geometry.networks import Network, Parameters
from spinebook.geometry.one_of import OneOf
from spinebook.geometry.potentials import NegativeEntropy, PNorm, Potential
from spinebook.training import Recipe, random_rows
from spinebook.types import AnyArray

_MOMENTUM = 0.9
_STUDIED = (NegativeEntropy(), PNorm(2.0), PNorm(3.0))


def tuning_recipe(
    network: Network, potential: Potential, steps: int, batch: int | None
) -> tuple[Recipe, int]:
    """Return a recipe and the place of the potential in its family: one program serves them all."""
    family = _STUDIED if potential in _STUDIED else (potential,)
    return _family_recipe(network, family, steps, batch), family.index(potential)


@cache
def _family_recipe(
    network: Network, family: tuple[Potential, ...], steps: int, batch: int | None
) -> Recipe:
    as_leaves = _template(network)
    decay = optax.cosine_decay_schedule(1.0, steps)

    def draw(key: PRNGKeyArray, shared: Any, own: Any) -> Any:
        rows = own["rows"]
        if batch is not None:
            rows = rows[random_rows(len(rows), batch, key=key)]
        return shared["images"][rows], shared["labels"][rows]

    def loss(weights: Float[Array, " n"], examples: Any) -> Float[Array, ""]:
        x, y = examples
        logits = network(as_leaves(weights), x)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    def optimiser(own: Any) -> optax.GradientTransformation:
        potential = OneOf(family, own["which"])
        return mirror_descent(lambda step: own["rate"] * decay(step), potential, _MOMENTUM)

    def record(weights: Float[Array, " n"], shared: Any, own: Any) -> dict[str, Any]:
        x, y = shared["images"][own["judged"]], shared["labels"][own["judged"]]
        right = jnp.argmax(network(as_leaves(weights), x), axis=-1) == y
        accuracy = jnp.mean(right, dtype=jnp.float32)
        return {"loss": loss(weights, (x, y)), "accuracy": accuracy}

    return Recipe(draw, loss, optimiser, record)


@cache
def _template(network: Network) -> Callable[[Any], Parameters]:
    """Return how a vector of all parameters takes its shape.

    One vector compiles faster than a leaf for each layer.
    """
    shapes = jax.eval_shape(lambda key: network.init(key=key), jax.random.key(0))
    _, as_leaves = ravel_pytree(jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes))
    return as_leaves


def shaped(network: Network, vectors: Float[AnyArray, "seeds n"]) -> Parameters:
    """Return the parameters that vectors hold, in host memory."""
    return jax.tree.map(np.asarray, _as_leaves(network, vectors))


@jax.jit(static_argnums=0)
def _as_leaves(network: Network, vectors: Float[AnyArray, "seeds n"]) -> Parameters:
    return jax.vmap(_template(network))(vectors)


def check_images(network: Network, images: Any) -> None:
    """Refuse images of another size than the network takes."""
    key = jax.random.key(0)
    try:
        jax.eval_shape(lambda x: network(network.init(key=key), x), jnp.asarray(images[:1]))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"images of shape {np.shape(images)} do not fit {network}; reshape them"
        ) from error


def check_start(network: Network, parameters: Any) -> None:
    """Refuse parameters that are not those of the network, with an axis of seeds before."""
    own = jax.eval_shape(lambda key: network.init(key=key), jax.random.key(0))
    expected = jax.tree.map(lambda leaf: leaf.shape, own)
    found = jax.tree.map(lambda leaf: np.shape(leaf)[1:], parameters)
    if found != expected:
        raise ValueError(
            f"start holds parameters of shapes {found} a seed where {network} has {expected}; "
            "pass what pretrain returned for this network"
        )


@jax.jit(static_argnums=0)
def flat(network: Network, parameters: Parameters) -> Float[Array, "seeds n"]:
    """Return the parameters of each seed as one vector."""
    return jax.vmap(lambda leaves: ravel_pytree(leaves)[0])(parameters)


@jax.jit(static_argnums=(0, 1))
def begin(
    network: Network, images: int, keys: Key[Array, " seeds"]
) -> tuple[Float[Array, "seeds n"], Int[Array, "seeds images"]]:
    """Draw initial weights and the order that decides which images are held out."""

    def one(key: PRNGKeyArray) -> tuple[Float[Array, " n"], Int[Array, " images"]]:
        init_key, subset_key, _ = jax.random.split(key, 3)
        weights, _ = ravel_pytree(network.init(key=init_key))
        return weights, jax.random.permutation(subset_key, images)

    return jax.lax.map(one, keys)
