"""Networks of every rank or structure, as the rich-and-lazy chapter starts them."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key, PRNGKeyArray

from spinebook.regimes.low_rank import Match, truncate_rank
from spinebook.regimes.rate_network import RateParameters, init_rate_parameters
from spinebook.regimes.structured_init import Gaussian, Structure, structured_init
from spinebook.types import AnyArray


@partial(jax.jit, static_argnames=("sizes", "units", "gain", "match", "redraw"))
def rank_starts(
    sizes: tuple[int, int],
    units: int,
    ranks: Int[AnyArray, " ranks"],
    gain: float,
    *,
    match: Match = "frobenius",
    redraw: bool = False,
    keys: Key[Array, " seeds"],
) -> RateParameters:
    """Draw networks of several ranks for each seed, which share the Gaussian matrix.

    Args:
        sizes: Numbers of inputs and of outputs.
        units: Number of units.
        ranks: Ranks of the recurrent weights.
        gain: g of the Gaussian matrix.
        match: What the recurrent weights share with the full-rank ones.
        redraw: Whether each rank has input and readout weights of its own.
        keys: One random key a seed.

    Returns:
        Weights with leading axes (seeds, ranks).

    Examples:
        >>> keys = jax.random.split(jax.random.key(0), 2)
        >>> rank_starts((3, 3), 8, jnp.array([1, 8]), 1.25, keys=keys).recurrent.shape
        (2, 2, 8, 8)
    """

    def seed(key: PRNGKeyArray) -> RateParameters:
        recurrent_key, other_key = jax.random.split(key)
        gaussian = structured_init(Gaussian(), units, gain, key=recurrent_key)

        def one(rank: Any, number: Any) -> RateParameters:
            recurrent = truncate_rank(gaussian, rank, match)
            own = jax.random.fold_in(other_key, number) if redraw else other_key
            return init_rate_parameters(units, *sizes, recurrent, key=own)

        return jax.vmap(one)(ranks, jnp.arange(ranks.shape[0]))

    return jax.vmap(seed)(keys)


@partial(jax.jit, static_argnames=("sizes", "units", "structures", "gain"))
def structure_starts(
    sizes: tuple[int, int],
    units: int,
    structures: tuple[Structure, ...],
    gain: float,
    *,
    keys: Key[Array, " seeds"],
) -> RateParameters:
    """Draw structured networks; with the same keys as :func:`rank_starts` full rank is their null.

    Returns:
        Weights with leading axes (seeds, structures).

    Examples:
        >>> keys = jax.random.split(jax.random.key(0), 2)
        >>> null = structure_starts((3, 3), 8, (Gaussian(),), 1.25, keys=keys)
        >>> full = rank_starts((3, 3), 8, jnp.array([8]), 1.25, keys=keys)
        >>> bool(jnp.all(null.recurrent == full.recurrent))
        True
    """

    def seed(key: PRNGKeyArray) -> RateParameters:
        recurrent_key, other_key = jax.random.split(key)
        networks = [
            init_rate_parameters(
                units,
                *sizes,
                structured_init(structure, units, gain, key=recurrent_key),
                key=other_key,
            )
            for structure in structures
        ]
        return jax.tree.map(lambda *weights: jnp.stack(weights), *networks)

    return jax.vmap(seed)(keys)
