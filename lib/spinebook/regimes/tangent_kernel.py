"""Tangent kernels: which outputs move together when the weights move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.regimes._kernel_sums import sum_by_samples, sum_by_steps
from spinebook.regimes._recurrence import run_recurrence
from spinebook.regimes.laziness import kernel_alignment
from spinebook.regimes.rate_network import RateParameters, checked_network
from spinebook.types import AnyArray

# Beyond this the program of `sum_by_steps` takes longer to compile than it saves.
_FEW_STEPS = 10


@explains_misuse
def recurrent_tangent_kernel(
    parameters: RateParameters,
    inputs: Float[AnyArray, "steps batch inputs"],
    leak: float = 1.0,
    *,
    steps: Literal["all", "last"] = "all",
) -> Float[Array, "rows rows"]:
    r"""Return the tangent kernel of the recurrent weights without forming their Jacobian.

    .. math::
        K = J J^\top, \quad J = \frac{\partial y}{\partial W_h}, \qquad
        K_{ij} = a^2 \sum_{s, s'} (\delta_s^i \cdot \delta_{s'}^j)\,
        (r_{s-1}^i \cdot r_{s'-1}^j)

    with :math:`\delta_s^i` the gradient of output i with respect to the input of the units at step
    s. As in the public code of Liu et al. 2024 (commit acf25c33) the rows are the outputs of all
    steps (cognitive tasks, 32 samples) or of the last one (images). May be used inside ``jit``,
    ``vmap`` and ``lax.map``; the precision is that of the weights.

    Args:
        parameters: weights.
        inputs: (steps, batch, inputs).
        leak: a, above 0 and at most 1; a fixed Python number.
        steps: "all" for the outputs of every step, "last" for those of the last step only.

    Returns:
        The kernel. Rows and columns are ordered by (step, sample, output) with "all" and by
        (sample, output) with "last". Outputs of the first step do not depend on the recurrent
        weights, so their rows are zero.

    Raises:
        ValueError: leak outside (0, 1], an empty batch, shapes that do not fit, another word for
            ``steps``, or (outside jit) non-finite weights or inputs.

    Examples:
        >>> from spinebook.regimes.rate_network import init_rate_parameters
        >>> parameters = init_rate_parameters(50, 3, 2, key=jax.random.key(0))
        >>> recurrent_tangent_kernel(parameters, jnp.ones((8, 4, 3))).shape
        (64, 64)
    """
    if steps not in ("all", "last"):
        raise ValueError(f'steps must be "all" or "last", got {steps!r}')
    parameters, inputs, leak = checked_network(parameters, inputs, leak)
    return _recurrent_kernel(parameters, inputs, leak, steps)


@explains_misuse
def tangent_kernel_alignment(
    initial: RateParameters,
    final: RateParameters,
    inputs: Float[AnyArray, "steps batch inputs"],
    leak: float = 1.0,
    *,
    steps: Literal["all", "last"] = "all",
) -> Float[Array, ""]:
    """Return the alignment of two networks' recurrent tangent kernels, which are not kept.

    Args:
        initial: weights at the start.
        final: weights after training.
        inputs: (steps, batch, inputs) for both.
        leak: a, above 0 and at most 1; a fixed Python number.
        steps: as :func:`recurrent_tangent_kernel`.

    Returns:
        The alignment (:func:`spinebook.regimes.kernel_alignment`), from 0 to 1; near 1 is lazy.

    Raises:
        ValueError: as :func:`recurrent_tangent_kernel`, or a kernel of zero.

    Examples:
        >>> from spinebook.regimes.rate_network import init_rate_parameters
        >>> parameters = init_rate_parameters(50, 3, 2, key=jax.random.key(0))
        >>> inputs = jnp.ones((8, 4, 3))
        >>> round(float(tangent_kernel_alignment(parameters, parameters, inputs)), 5)
        1.0
    """
    return kernel_alignment(
        recurrent_tangent_kernel(initial, inputs, leak, steps=steps),
        recurrent_tangent_kernel(final, inputs, leak, steps=steps),
    )


@explains_misuse
def tangent_kernel(
    apply: Callable[[Any, Any], Array],
    parameters: Any,
    x: Any,
    *,
    wrt: tuple[str, ...] | None = None,
    chunk: int = 32,
) -> Float[Array, "rows rows"]:
    r"""Return the empirical tangent kernel of any function of its parameters.

    .. math:: K = J J^\top, \qquad J = \partial f(\theta, x) / \partial \theta

    by columns, :math:`K e_j = J (J^\top e_j)`, some at a time, so that the Jacobian of all outputs
    is never in memory. For the recurrent weights of a rate network
    :func:`recurrent_tangent_kernel` is many times faster.

    Args:
        apply: ``apply(parameters, x)``, a pure function; define it once, for it is compiled.
        parameters: any pytree of floating-point arrays.
        x: what ``apply`` takes, any pytree.
        wrt: names of the parameters that count, where ``parameters`` is a dictionary or a named
            tuple; all of them if omitted.
        chunk: columns computed at a time, at least 1; the memory is ``chunk`` times that of the
            parameters and of one gradient.

    Returns:
        The kernel; rows and columns are the outputs of ``apply`` in their own order, flattened.

    Raises:
        ValueError: unknown names in ``wrt``, no or (outside jit) non-finite parameters, or
            ``chunk`` below 1.
        TypeError: ``wrt`` for parameters without names.

    Examples:
        >>> def apply(parameters, x):
        ...     return x @ parameters["weights"]
        >>> x = jnp.array([[1.0, 2.0], [0.0, 1.0]])
        >>> tangent_kernel(apply, {"weights": jnp.ones(2)}, x)
        Array([[5., 2.],
               [2., 1.]], dtype=float32)
    """
    check_count("chunk", chunk, 1)
    if not jax.tree.leaves(parameters):
        raise ValueError("parameters hold no array; pass those of the network")
    for leaf in jax.tree.leaves(parameters):
        check_number("parameters", leaf)
    return _general_kernel(apply, jax.tree.map(jnp.asarray, parameters), x, wrt, int(chunk))


@partial(jax.jit, static_argnames=("leak", "steps"))
def _recurrent_kernel(
    parameters: RateParameters,
    inputs: Float[Array, "steps batch inputs"],
    leak: float,
    steps: Literal["all", "last"],
) -> Float[Array, "rows rows"]:
    input_weights, recurrent, readout = map(jnp.asarray, parameters)
    run = run_recurrence(input_weights, recurrent, inputs, leak)
    if inputs.shape[0] == 1:
        rows = inputs.shape[1] * readout.shape[0]
        return jnp.zeros((rows, rows), run.dtype)
    if steps == "all" and inputs.shape[0] <= _FEW_STEPS:
        return sum_by_steps(recurrent, readout, run, leak)
    return sum_by_samples(recurrent, readout, run, leak, steps == "all")


@partial(jax.jit, static_argnames=("apply", "wrt", "chunk"))
def _general_kernel(
    apply: Callable[[Any, Any], Array],
    parameters: Any,
    x: Any,
    wrt: tuple[str, ...] | None,
    chunk: int,
) -> Float[Array, "rows rows"]:
    selected, merge = _selection(parameters, wrt)
    y, pull = jax.vjp(lambda some: apply(merge(some), x).reshape(-1), selected)
    # The derivative of the pullback with respect to its (linear) argument pushes forward, and
    # unlike forward mode it also passes through functions that only define a reverse rule.
    _, push = jax.vjp(lambda cotangent: pull(cotangent)[0], jnp.zeros_like(y))

    def column(j: Array) -> Array:
        return push(pull(jnp.zeros_like(y).at[j].set(1))[0])[0]

    return jax.lax.map(column, jnp.arange(y.size), batch_size=chunk).T


def _selection(parameters: Any, wrt: tuple[str, ...] | None) -> tuple[Any, Callable[[Any], Any]]:
    """Return the selected parameters and how to put them back among the others."""
    if wrt is None:
        return parameters, lambda some: some
    if isinstance(parameters, Mapping):
        named = dict(parameters)
    elif hasattr(parameters, "_asdict"):
        named = parameters._asdict()
    else:
        raise TypeError(
            "wrt needs parameters with names, a dictionary or a named tuple, got "
            f"{type(parameters).__name__}; leave wrt out or select inside apply"
        )
    unknown = [name for name in wrt if name not in named]
    if unknown or not wrt:
        raise ValueError(f"wrt must name some of {', '.join(named)}, got {wrt!r}")

    def merge(some: dict[str, Any]) -> Any:
        merged = named | some
        return merged if isinstance(parameters, Mapping) else type(parameters)(**merged)

    return {name: named[name] for name in wrt}, merge
