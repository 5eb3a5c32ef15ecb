"""Learning with fixed signs: an optax wrapper that puts back every weight that crossed zero."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, UInt32

from spinebook.checks import check_floats, check_number
from spinebook.misuse import explains_misuse
from spinebook.polarity._trees import Mask, beside, check_polarity, check_steps, masked
from spinebook.types import AnyArray

Reset: TypeAlias = Literal["random", "constant", "zero", "reflect"]
RESETS: tuple[Reset, ...] = ("random", "constant", "zero", "reflect")
"""The rules for a weight that crossed zero, in the order of their numbers."""


class FreezePolarityState(NamedTuple):
    """State of :func:`freeze_polarity`: the wrapped optimiser's, and the key of the next draws."""

    inner: Any
    key: PRNGKeyArray | None


@explains_misuse
def freeze_polarity(
    optimiser: optax.GradientTransformation,
    polarity: Any,
    reset: Reset | Int[AnyArray, "..."] = "random",
    *,
    epsilon: float = 1e-3,
    mask: Mask | None = None,
    seed: int | Int[AnyArray, ""] | None = None,
) -> optax.GradientTransformationExtraArgs:
    r"""Let any optax optimiser learn the magnitudes of weights whose signs are fixed.

    With :math:`W' = W + u` the weights after a step :math:`u` of the optimiser and :math:`S` their
    polarity (Wang et al. 2023, Algorithm 1, as in the authors' code),

    .. math::
        W'_i S_i < 0 \;\Rightarrow\; W'_i \leftarrow S_i\, r_i, \qquad
        r_i \sim U(0, \epsilon),\quad r_i = \epsilon,\quad r_i = 0,\quad\text{or}\quad r_i = |W'_i|

    for the rules "random", "constant", "zero" and "reflect"; all other weights take their step.
    "zero" is the Euclidean projection on the orthant of :math:`S`. The wrapped optimiser never
    learns of it: its state (momentum, Adam's moments) is what its gradients made it, so a weight
    at the border may be pushed across again at the next step. Put weight decay inside, not after.

    The returned updates are added to the weights by optax, so a weight is put back to within one
    rounding of its old value: the sign holds without exception, but a weight can become zero.

    Args:
        optimiser: what makes the step.
        polarity: pytree like the parameters, of -1, 1 and 0 (free), with None for free leaves.
        reset: the rule, or its number in :data:`RESETS`: integers that broadcast with every leaf,
            so that one compiled program serves several rules.
        epsilon: size of a reset weight, positive, in units of the weights.
        mask: pytree of booleans, or a prefix, or a function of the parameters that makes one;
            leaves where it is False are free.
        seed: seed of the random sizes; only "random" and numbered rules need it.

    Returns:
        An optax gradient transformation; its ``update`` needs ``params``.

    Raises:
        ValueError: an unknown rule, a missing seed, an epsilon that is not positive, or, once the
            weights are known, a polarity of another structure or shape or with other values.

    Examples:
        >>> polarity = jnp.array([1, -1, 0])
        >>> optimiser = freeze_polarity(optax.sgd(1.0), polarity, "constant")
        >>> weights = jnp.array([0.2, -0.2, 0.2])
        >>> state = optimiser.init(weights)
        >>> updates, state = optimiser.update(jnp.array([0.5, 0.1, 0.5]), state, weights)
        >>> [f"{weight:.3f}" for weight in optax.apply_updates(weights, updates)]
        ['0.001', '-0.300', '-0.300']
    """
    _check_rule(reset, epsilon)
    if seed is None and _draws(reset):
        raise ValueError("random sizes need a seed: pass seed=0, or another rule than 'random'")
    wrapped = optax.with_extra_args_support(optimiser)

    def init(params: optax.Params) -> FreezePolarityState:
        check_polarity(params, masked(params, polarity, mask))
        return FreezePolarityState(
            wrapped.init(params), None if seed is None else jax.random.key(seed)
        )

    def update(
        updates: optax.Updates,
        state: FreezePolarityState,
        params: optax.Params | None = None,
        **extra: Any,
    ) -> tuple[optax.Updates, FreezePolarityState]:
        if params is None:
            raise ValueError(
                "freeze_polarity needs the current weights: call update(grads, state, params)"
            )
        updates, inner = wrapped.update(updates, state.inner, params, **extra)
        key, draw = (None, None) if state.key is None else jax.random.split(state.key)
        signs = masked(params, polarity, mask)
        updates = frozen_step(params, updates, signs, reset, epsilon=epsilon, key=draw)
        return updates, FreezePolarityState(inner, key)

    return optax.GradientTransformationExtraArgs(init, update)


@explains_misuse
def frozen_step(
    params: Any,
    updates: Any,
    polarity: Any,
    reset: Reset | Int[AnyArray, "..."] = "random",
    *,
    epsilon: float = 1e-3,
    key: PRNGKeyArray | None = None,
) -> Any:
    r"""Change a step so that no weight leaves its side of zero.

    Returns :math:`u` where :math:`(W + u) S \ge 0` and :math:`S r - W` elsewhere, with
    :math:`r` as in :func:`freeze_polarity`.

    Args:
        params: pytree of weights before the step.
        updates: pytree of steps :math:`u`, to be added.
        polarity: pytree of -1, 1 and 0 (free), with None for free leaves.
        reset: the rule or its number, as in :func:`freeze_polarity`.
        epsilon: size of a reset weight, positive.
        key: random key; only "random" and numbered rules need it.

    Returns:
        The steps to add.

    Raises:
        ValueError: as in :func:`freeze_polarity`.

    Examples:
        >>> step = frozen_step(jnp.array([0.2]), jnp.array([-0.5]), jnp.array([1]), "reflect")
        >>> round(float(0.2 + step[0]), 6)
        0.3
    """
    _check_rule(reset, epsilon)
    check_polarity(params, polarity)
    if key is None and _draws(reset):
        raise ValueError("random sizes need a key: pass key=, or another rule than 'random'")
    check_steps(params, updates)
    weights, signs, structure = beside(params, polarity, "polarity")
    steps = beside(params, updates, "updates")[1]
    # Sizes of reset weights matter little, so that a few mixed bits each will do: a Threefry draw
    # for every weight can cost as much as the training step itself.
    words = None if key is None else jax.random.bits(key, (max(1, len(weights)), 2), jnp.uint32)
    changed = []
    for number, (w, u, s) in enumerate(zip(weights, steps, signs, strict=True)):
        if s is None or u is None:
            changed.append(u)
            continue
        sign = jnp.asarray(s).astype(w.dtype)
        size = _size(reset, w + u, epsilon, None if words is None else words[number])
        changed.append(jnp.where(_crosses(w, u, sign), (sign * size - w).astype(u.dtype), u))
    return jax.tree.unflatten(structure, changed)


@explains_misuse
def crossings(params: Any, updates: Any, polarity: Any) -> Any:
    """Tell which weights a step would take to the other side of zero, :math:`(W + u) S < 0`.

    Args:
        params: pytree of weights before the step.
        updates: pytree of steps, to be added.
        polarity: pytree of -1, 1 and 0 (free), with None for free leaves.

    Returns:
        Pytree of booleans, None where the polarity or the step is.

    Raises:
        ValueError: as in :func:`freeze_polarity`.

    Examples:
        >>> crossings(jnp.array([0.2, 0.2]), jnp.array([-0.5, 0.1]), jnp.array([1, 1])).tolist()
        [True, False]
    """
    check_polarity(params, polarity)
    check_steps(params, updates)
    weights, signs, structure = beside(params, polarity, "polarity")
    steps = beside(params, updates, "updates")[1]
    crossed = [
        None if s is None or u is None else _crosses(w, u, jnp.asarray(s).astype(w.dtype))
        for w, u, s in zip(weights, steps, signs, strict=True)
    ]
    return jax.tree.unflatten(structure, crossed)


@explains_misuse
def initial_reset(
    params: Any,
    polarity: Any,
    reset: Reset | Int[AnyArray, "..."] = "random",
    *,
    epsilon: float = 1e-3,
    key: PRNGKeyArray | None = None,
) -> Any:
    """Put every weight on its side of zero before training starts, by the rule of a step.

    Args:
        params: pytree of weights.
        polarity: pytree of -1, 1 and 0 (free), with None for free leaves.
        reset: the rule or its number, as in :func:`freeze_polarity`.
        epsilon: size of a reset weight, positive.
        key: random key; only "random" and numbered rules need it.

    Returns:
        The weights, those on the wrong side put back.

    Raises:
        ValueError: as in :func:`freeze_polarity`.

    Examples:
        >>> initial_reset(jnp.array([0.5, 0.25]), jnp.array([-1, 1]), "reflect").tolist()
        [-0.5, 0.25]
    """
    check_floats("params", params)
    nothing = jax.tree.map(jnp.zeros_like, params)
    change = frozen_step(params, nothing, polarity, reset, epsilon=epsilon, key=key)
    return optax.apply_updates(params, change)


def _check_rule(reset: Any, epsilon: float) -> None:
    if isinstance(reset, str) and reset not in RESETS:
        raise ValueError(f"reset must be one of {', '.join(RESETS)}, got {reset!r}")
    if not isinstance(reset, str) and not jnp.issubdtype(jnp.result_type(reset), jnp.integer):
        raise TypeError(f"reset must be the name or the number of a rule, got {reset!r}")
    check_number("epsilon", epsilon)
    if not epsilon > 0:
        raise ValueError(f"epsilon must be positive, got {epsilon!r}")


def _draws(reset: Any) -> bool:
    return not isinstance(reset, str) or reset == "random"


def _crosses(
    weight: Float[Array, "*shape"], step: Float[Array, "*shape"], sign: Float[Array, "*shape"]
) -> Bool[Array, "*shape"]:
    """Whether ``(weight + step) * sign`` is negative, by a comparison, which rounds nothing."""
    return sign * step < -sign * weight


def _size(
    reset: Reset | Int[AnyArray, "..."],
    moved: Float[Array, "*shape"],
    epsilon: float,
    words: UInt32[Array, "2"] | None,
) -> Float[Array, "*shape"]:
    """Return the magnitude r of a weight that is put back."""
    sizes = {
        "random": lambda: epsilon * _uniform(moved, words),
        "constant": lambda: jnp.full_like(moved, epsilon),
        "zero": lambda: jnp.zeros_like(moved),
        "reflect": lambda: jnp.abs(moved),
    }
    if isinstance(reset, str):
        return sizes[reset]()
    number = jnp.broadcast_to(jnp.asarray(reset), moved.shape)
    return jax.lax.select_n(number, *(sizes[rule]() for rule in RESETS))


def _uniform(like: Float[Array, "*shape"], words: Any) -> Float[Array, "*shape"]:
    """Spread two random words over an array of numbers between 0 and 1, both excluded.

    Every position is mixed with the words by two rounds of multiplication and shifts (the
    constants are those of Wellons's 32-bit hash prospector, 2018).
    """
    x = jax.lax.iota(jnp.uint32, like.size).reshape(like.shape)
    x = (x ^ words[0]) * jnp.uint32(0x9E3779B9)
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D) ^ words[1]
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    x = x ^ (x >> 16)
    return (((x >> 9).astype(jnp.float32) + 0.5) * 2.0**-23).astype(like.dtype)
