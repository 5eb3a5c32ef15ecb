"""The signs of a network's weights: taking, giving and handing them on."""

from __future__ import annotations

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int8, PRNGKeyArray

from spinebook.checks import check_count, check_floats, check_probability, is_traced
from spinebook.misuse import explains_misuse
from spinebook.polarity._trees import Mask, beside, check_polarity, masked


@explains_misuse
def polarity_of(params: Any, mask: Mask | None = None) -> Any:
    r"""Take the signs of weights, :math:`S_i = \operatorname{sign}(W_i)`.

    A weight of exactly zero has no sign: it gets 0, which leaves it free, as in the code of Wang
    et al. (2023). Biases usually start at zero and are never constrained there; mask them.

    Args:
        params: pytree of weights.
        mask: pytree of booleans, or a prefix, or a function of the parameters that makes one;
            leaves where it is False get None, free.

    Returns:
        Pytree of -1, 0 and 1 (8-bit integers), with None for free leaves.

    Raises:
        ValueError: a mask that does not fit the parameters.
        TypeError: a mask that holds other things than True and False.

    Examples:
        >>> params = {"kernel": jnp.array([0.5, -2.0, 0.0]), "bias": jnp.ones(1)}
        >>> polarity_of(params, mask={"kernel": True, "bias": False})
        {'bias': None, 'kernel': Array([ 1, -1,  0], dtype=int8)}
    """
    return masked(params, jax.tree.map(_sign, params), mask)


@explains_misuse
def apply_polarity(
    params: Any,
    polarity: Any,
    how: Literal["reflect", "redraw"] = "reflect",
    *,
    key: PRNGKeyArray | None = None,
) -> Any:
    r"""Give weights the signs of a polarity, keeping their sizes or drawing them anew.

    .. math:: W_i \leftarrow S_i\,|W_i| \quad\text{or}\quad W_i \leftarrow S_i\,|W_{\pi(i)}|

    where, to redraw, :math:`\pi(i)` is a non-zero weight of the same leaf, drawn with replacement:
    the sizes keep their distribution and lose their places. Weights of polarity 0 stay.

    Args:
        params: pytree of weights.
        polarity: pytree of -1, 1 and 0 (free), with None for free leaves.
        how: "reflect" or "redraw".
        key: random key, to redraw.

    Returns:
        The weights with the signs of the polarity.

    Raises:
        ValueError: an unknown way, no key to redraw, a polarity that does not fit, or weights of
            exactly zero, which reflection gives no sign.

    Examples:
        >>> apply_polarity(jnp.array([0.5, 0.25, -1.0]), jnp.array([-1, 1, 0])).tolist()
        [-0.5, 0.25, -1.0]
    """
    if how not in ("reflect", "redraw"):
        raise ValueError(f"how must be 'reflect' or 'redraw', got {how!r}")
    if how == "redraw" and key is None:
        raise ValueError("sizes are drawn at random: pass key=, or how='reflect'")
    check_polarity(params, polarity)
    weights, signs, structure = beside(params, polarity, "polarity")
    given = []
    for number, (w, s) in enumerate(zip(weights, signs, strict=True)):
        if s is None:
            given.append(w)
            continue
        _refuse_zero(w, s, how)
        size = jnp.abs(w)
        if key is not None and how == "redraw":
            size = _redraw(size, jax.random.fold_in(key, number))
        given.append(jnp.where(jnp.asarray(s) == 0, w, jnp.asarray(s).astype(w.dtype) * size))
    return jax.tree.unflatten(structure, given)


@explains_misuse
def transfer_polarity(
    source: Any,
    target: Any,
    mask: Mask | None = None,
    *,
    zero: Literal["free", "random"] = "free",
    key: PRNGKeyArray | None = None,
) -> Any:
    """Make the polarity of a network from the weights of another one, trained elsewhere.

    Leaves that the source does not have (None there, such as a new output layer) keep the signs of
    the target's own weights, as the new layer of Wang et al. (2023) does. A weight of exactly zero
    in the source, such as one of a zero block that stands for a missing connection, says nothing:
    it is left free, as in their code, or gets a random sign.

    Args:
        source: pytree of weights whose signs are handed on, None for leaves it does not have.
        target: pytree of weights that are to learn with these signs.
        mask: leaves to fix, as in :func:`polarity_of`; the others get None, free.
        zero: what becomes of weights of exactly zero.
        key: random key, for random signs.

    Returns:
        Pytree of -1, 0 and 1 (8-bit integers) like ``target``, with None for free leaves.

    Raises:
        ValueError: another structure or shape, an unknown rule for zeros, or no key for it.

    Examples:
        >>> source = {"hidden": jnp.array([0.5, -1.0]), "output": None}
        >>> target = {"hidden": jnp.array([0.1, 0.1]), "output": jnp.array([-0.3])}
        >>> transfer_polarity(source, target)
        {'hidden': Array([ 1, -1], dtype=int8), 'output': Array([-1], dtype=int8)}
    """
    if zero not in ("free", "random"):
        raise ValueError(f"zero must be 'free' or 'random', got {zero!r}")
    if zero == "random" and key is None:
        raise ValueError("random signs need a key: pass key=, or zero='free'")
    check_floats("target", target)
    own, handed, structure = beside(target, source, "source")
    signs = []
    for number, (w, other) in enumerate(zip(own, handed, strict=True)):
        if other is not None and np.shape(other) != np.shape(w):
            raise ValueError(
                f"source has weights of shape {np.shape(other)} where target has {np.shape(w)}; "
                "pass None for a layer that has no counterpart"
            )
        sign = _sign(w if other is None else other)
        if key is not None and zero == "random":
            drawn = jax.random.rademacher(jax.random.fold_in(key, number), sign.shape, jnp.int8)
            sign = jnp.where(sign == 0, drawn, sign)
        signs.append(sign)
    return masked(target, jax.tree.unflatten(structure, signs), mask)


@explains_misuse
def dale_polarity(
    shape: tuple[int, ...], excitatory: float = 0.8, *, key: PRNGKeyArray
) -> Int8[Array, "..."]:
    """Draw signs by neuron rather than by synapse: all outgoing weights of a neuron share one.

    This is Dale's principle, a stronger constraint than the signs of single synapses in Wang et
    al. (2023). The number of excitatory neurons is exact: the fraction, rounded.

    Args:
        shape: shape of a kernel (..., inputs, outputs) that multiplies activity from the right; an
            input is a sending neuron, and in a convolution a map of them.
        excitatory: fraction of sending neurons whose weights are positive, 0 to 1.
        key: random key.

    Returns:
        Signs of that shape, constant along all axes but the last but one.

    Raises:
        ValueError: fewer than two axes, an axis below 1, or a fraction outside 0 to 1.

    Examples:
        >>> dale_polarity((5, 3), 0.8, key=jax.random.key(0)).sum(axis=0).tolist()
        [3, 3, 3]
    """
    check_probability("excitatory", excitatory)
    check_count("shape", shape, minimum=1)
    if len(shape) < 2:
        raise ValueError(
            f"shape must be that of a kernel (..., inputs, outputs), got {tuple(shape)}"
        )
    senders = shape[-2]
    order = jax.random.permutation(key, senders)
    sign = jnp.where(order < round(excitatory * senders), 1, -1).astype(jnp.int8)
    return jnp.broadcast_to(sign[:, None], shape)


def _sign(weights: Float[Any, "..."]) -> Int8[Array, "..."]:
    dtype = weights.dtype if hasattr(weights, "dtype") else np.asarray(weights).dtype
    if dtype.kind not in "iuf" and "float" not in dtype.name:
        raise TypeError(f"params must hold real numbers, got {dtype}; convert them first")
    return jnp.sign(jnp.asarray(weights)).astype(jnp.int8)


def _redraw(sizes: Float[Array, "*shape"], key: PRNGKeyArray) -> Float[Array, "*shape"]:
    known = sizes.ravel() > 0
    return jax.random.choice(key, sizes.ravel(), sizes.shape, p=known / known.sum())


def _refuse_zero(weights: Any, signs: Any, how: str) -> None:
    """Refuse to reflect weights of zero, and to redraw sizes where none is other than zero."""
    if is_traced(weights) or is_traced(signs):
        return
    zero = np.asarray(weights) == 0
    stuck = zero & (np.asarray(signs) != 0)
    if stuck.any() and (how == "reflect" or zero.all()):
        raise ValueError(
            f"{stuck.sum()} weights of a leaf of shape {np.shape(weights)} are exactly zero and "
            "can not take a sign; draw them first, or leave them free with polarity 0 or None"
        )
