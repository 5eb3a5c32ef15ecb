"""Fit parameters by gradient steps, many fits in one compiled program."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from spinebook.checks import check_count, check_number
from spinebook.misuse import explains_misuse
from spinebook.neurons.bounds import Bounds, from_logits, to_logits, whole_bounds
from spinebook.progress import Progress
from spinebook.training.pace import Pace


class Fit(NamedTuple):
    """What a fit leaves, in host memory.

    Attributes:
        parameters: Pytree of the parameters after the last step.
        losses: Loss of each fit after 0, 1, ... steps; not finite once a fit has diverged.
        measured: What ``measure`` returned after as many steps, or None.
    """

    parameters: Any
    losses: Float[np.ndarray, "records *fits"]
    measured: Any = None


class _State(NamedTuple):
    """What the compiled loop carries; ``free`` are the parameters, as logits if bounded."""

    free: Any
    optimiser: Any
    losses: Any
    measured: Any


class _Parts(NamedTuple):
    """The functions of a fit: hashable, and compiled once."""

    loss: Callable[[Any], Any]
    optimiser: optax.GradientTransformation
    measure: Callable[[Any], Any] | None


@explains_misuse
def fit(
    loss: Callable[[Any], Any],
    start: Any,
    *,
    steps: int,
    optimiser: optax.GradientTransformation,
    bounds: Bounds | None = None,
    measure: Callable[[Any], Any] | None = None,
    label: str | None = None,
) -> Fit:
    r"""Minimise a loss, or many at the same time, by gradient steps.

    .. math::

        \theta_{k+1} = \theta_k + u\Big(\nabla_\theta \sum_i \ell_i(\theta_k)\Big)

    where u is the update of an optax optimiser. Fits go side by side when the loss returns one
    number for each: as long as no parameter enters two losses and the optimiser treats each number
    by itself, as Adam does, the gradient of the sum is that of each loss and no fit feels another.
    (Clipping by a global norm would couple them.) A fit whose loss or slope stops being finite has
    diverged: it stays in the result, as it does in :func:`spinebook.training.train`, and the
    others go on.

    With bounds the optimiser moves :math:`z` of :math:`\theta = a + (b - a)/(1 + e^{-z})`, so its
    learning rate is in units of z: near the middle, a step of 1 is a quarter of the range.

    The program is compiled once for each loss, optimiser and measure (the same objects, not equal
    ones) and shapes. Pass them again and the second call starts at once.

    Args:
        loss: Function of the parameters to a number, or to an array with one number for each fit.
        start: Pytree of numbers or arrays, finite.
        steps: Number of steps, at least 1.
        optimiser: An optax transformation, such as ``optax.adam(0.5)``.
        bounds: Lower and upper limit, each a number for all parameters or a pytree like ``start``
            whose leaves broadcast with it; ``start`` lies strictly between them.
        measure: Function of the parameters to a pytree of arrays, recorded with each loss.
        label: What to call the fit when it tells how far it is (only if it takes long).

    Returns:
        A :class:`Fit`, with ``steps + 1`` losses and measurements, the first before any step.

    Raises:
        TypeError: If parameters are no numbers, or the loss is no array of real numbers.
        ValueError: If ``start`` is empty, not finite or not inside the bounds, bounds do not fit,
            steps are below 1, or no loss is finite at ``start``.

    Examples:
        Two parabolas side by side:

        >>> run = fit(lambda x: (x - jnp.array([1.0, 3.0])) ** 2, jnp.zeros(2),
        ...           steps=40, optimiser=optax.sgd(0.25), measure=jnp.sum)
        >>> run.parameters.tolist(), run.losses.shape, run.measured.shape
        ([1.0, 3.0], (41, 2), (41,))
    """
    check_count("steps", steps, minimum=1)
    start = _numbers(start)
    limits = None if bounds is None else whole_bounds(bounds, start)
    parts = _Parts(loss, optimiser, measure)
    state = _begin(parts, int(steps), start if limits is None else to_logits(start, limits), limits)
    pace, progress, step = Pace(), Progress(label, 0, int(steps)), 0
    # The pass after the last step only records, so that there is no second program to compile.
    while step <= steps:
        stop = min(step + pace.steps, int(steps) + 1)
        state = pace.timed(partial(_finished_advance, parts, limits), state, step, stop)
        step = stop
        progress.tell(step)
    losses = np.asarray(state.losses)
    if not np.isfinite(losses[0]).any():
        raise ValueError(
            f"no loss is finite at start ({losses[0].flat[0]}); begin elsewhere or mend the loss."
        )
    parameters = state.free if limits is None else from_logits(state.free, limits)
    return Fit(*jax.tree.map(np.asarray, (parameters, losses, state.measured)))


def _numbers(start: Any) -> Any:
    if not jax.tree.leaves(start):
        raise ValueError("start holds no parameters; pass a pytree of numbers or arrays.")
    for path, leaf in jax.tree_util.tree_leaves_with_path(start):
        check_number(f"start{jax.tree_util.keystr(path)}", leaf)
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf, jnp.float32)), start)


@partial(jax.jit, static_argnums=(0, 1))
def _begin(parts: _Parts, steps: int, free: Any, limits: Any) -> _State:
    def look(free: Any) -> Any:
        return _seen(parts, free if limits is None else from_logits(free, limits))

    loss, measured = jax.eval_shape(look, free)
    if not isinstance(loss, jax.ShapeDtypeStruct) or not jnp.issubdtype(loss.dtype, jnp.floating):
        raise TypeError(f"loss must return an array of real numbers, got {loss}.")
    records = jax.tree.map(lambda a: jnp.zeros((steps + 1, *a.shape), a.dtype), (loss, measured))
    return _State(free, parts.optimiser.init(free), *records)


def _seen(parts: _Parts, parameters: Any) -> tuple[Any, Any]:
    measured = None if parts.measure is None else parts.measure(parameters)
    return parts.loss(parameters), measured


def _finished_advance(parts: _Parts, limits: Any, state: _State, step: int, stop: int) -> _State:
    return jax.block_until_ready(_advance(parts, limits, state, step, stop))


@partial(jax.jit, static_argnums=0)
def _advance(
    parts: _Parts, limits: Any, state: _State, step: Int[Array, ""], stop: Int[Array, ""]
) -> _State:
    def total(free: Any) -> Any:
        losses, measured = _seen(parts, free if limits is None else from_logits(free, limits))
        return losses.sum(), (losses, measured)

    def take(k: Int[Array, ""], state: _State) -> _State:
        slope, seen = jax.grad(total, has_aux=True)(state.free)
        losses, measured = jax.tree.map(
            lambda record, value: record.at[k].set(value), (state.losses, state.measured), seen
        )
        updates, optimiser = parts.optimiser.update(slope, state.optimiser, state.free)
        moved = optax.apply_updates(state.free, updates)
        last = k == len(losses) - 1
        free = jax.tree.map(lambda new, old: jnp.where(last, old, new), moved, state.free)
        return _State(free, optimiser, losses, measured)

    return jax.lax.fori_loop(step, stop, take, state)
