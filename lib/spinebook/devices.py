"""Side-by-side work shared out over the devices of a machine."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from spinebook.misuse import explains_misuse

_NAME = "shares"


@explains_misuse
def over_devices(
    function: Callable[..., Any],
    *,
    axis: int = -1,
    devices: Sequence[jax.Device] | None = None,
) -> Callable[..., Any]:
    """Return a compiled function whose cells, seeds or stimuli run on several devices at once.

    The arrays are cut along one axis into a share for each device, the function is applied to each
    share, and the results are joined along the same axis. Nothing passes between the shares, so a
    function that treats the elements of the axis alike and apart gives the same numbers as before.
    It can be differentiated, and stand inside ``jax.jit``.

    On several GPUs nothing else is needed. The cores of a processor count as one device unless
    ``jax.config.update("jax_num_cpu_devices", 2)`` is called first of all; a program of many small
    operations, such as :func:`spinebook.neurons.simulate`, then gains nearly the factor of the
    cores (`benchmarks/neurons.py`), while one that multiplies large matrices has them at work
    already.

    Args:
        function: Takes arrays, or pytrees of arrays, that all have the axis, with the same length;
            returns such as well. What it holds otherwise (a neuron, say) each device gets whole.
        axis: The axis that is cut, as in NumPy: -1 is the last one, where the cells of
            :func:`spinebook.neurons.simulate` are, 0 the first.
        devices: Where to run; by default all devices of JAX's default backend. A length that is no
            multiple of their number is filled up with copies of the last element, which are
            dropped from the results.

    Returns:
        The function with the same arguments and results.

    Raises:
        TypeError: If ``axis`` is no integer.
        ValueError: If ``devices`` is empty; at the first call, if an array lacks the axis or the
            lengths differ, or a result does not have an element for each element.

    Examples:
        >>> square = over_devices(lambda x: x**2)
        >>> square(jnp.arange(5.0)).tolist()
        [0.0, 1.0, 4.0, 9.0, 16.0]
    """
    axis = operator.index(axis)
    if devices is not None and not len(devices):
        raise ValueError("devices is empty; pass at least one, or None for all there are.")

    @jax.jit
    @functools.wraps(function)
    def shared(*arguments: Any) -> Any:
        chosen = np.array(jax.devices() if devices is None else devices)
        length = _common_length(arguments, axis, "argument")
        extra = -length % len(chosen)
        results = jax.eval_shape(function, *arguments)
        if (made := _common_length(results, axis, "result")) != length:
            raise ValueError(
                f"the function returned {made} for {length} elements along axis {axis}; it must "
                "return one for each."
            )
        run = jax.shard_map(
            function,
            mesh=Mesh(chosen, (_NAME,)),
            in_specs=_cuts(arguments, axis),
            out_specs=_cuts(results, axis),
            check_vma=False,
        )
        joined = run(*jax.tree.map(lambda values: _filled(values, axis, extra), arguments))
        return jax.tree.map(lambda values: _first(values, axis, length), joined)

    return shared


def _common_length(tree: Any, axis: int, what: str) -> int:
    lengths = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        name = what + jax.tree_util.keystr(path)
        if not -jnp.ndim(leaf) <= axis < jnp.ndim(leaf):
            raise ValueError(
                f"{name} of shape {jnp.shape(leaf)} has no axis {axis} to cut; what all elements "
                "share must be held by the function, not passed to it."
            )
        lengths[name] = jnp.shape(leaf)[axis]
    if len(set(lengths.values())) != 1:
        raise ValueError(f"lengths along axis {axis} must be the same, got {lengths or 'no array'}")
    return next(iter(lengths.values()))


def _cuts(tree: Any, axis: int) -> Any:
    def cut(leaf: Any) -> PartitionSpec:
        names: list[str | None] = [None] * jnp.ndim(leaf)
        names[axis] = _NAME
        return PartitionSpec(*names)

    return jax.tree.map(cut, tree)


def _filled(values: Any, axis: int, extra: int) -> Any:
    if not extra:
        return values
    last = jax.lax.slice_in_dim(values, -1, None, axis=axis)
    return jnp.concatenate([values, jnp.repeat(last, extra, axis)], axis)


def _first(values: Any, axis: int, length: int) -> Any:
    return jax.lax.slice_in_dim(values, 0, length, axis=axis)
