"""Hostile values to stand in the place of a valid argument."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as numpy_arrays

HUGE = 10**30


def hostile(valid):
    """Values of the wrong kind, size, sign or shape for an argument, by what is wrong with them.

    Args:
        valid: what the argument is in a call that works.

    Returns:
        Values by kind; those that spoil a part of an array or a tree depend on what is valid.
    """
    return _SINGLE | _spoilt_array(valid) | _spoilt_tree(valid)


_SINGLE = {
    "none": None,
    "text": "seven",
    "nan": float("nan"),
    "infinite": float("inf"),
    "negative": -3,
    "negative fraction": -0.5,
    "zero": 0,
    "fraction": 0.37,
    "huge": HUGE,
    "complex": 1.0 + 2.0j,
    "true": True,
    "empty": np.zeros(0),
    "empty matrix": np.zeros((0, 3)),
    "objects": np.array([None, {}], dtype=object),
    "ragged": [[1.0], [1.0, 2.0]],
    "tree": {"a": [1.0, None]},
}


def _spoilt_array(valid):
    if isinstance(valid, (str, bytes, dict)) or valid is None:
        return {}
    try:
        array = np.asarray(valid)
    except Exception:
        return {}
    if array.dtype.kind not in "biuf" or array.ndim == 0 or array.size == 0:
        return {}
    numbers = array.astype(float)
    first = (0,) * array.ndim
    spoilt = {
        "one nan": _with(numbers, first, np.nan),
        "one infinite": _with(numbers, first, np.inf),
        "negated": -np.abs(numbers) - 1,
        "all zero": np.zeros_like(array),
        "complex array": numbers + 1j,
        "object array": array.astype(object),
        "texts": np.full(array.shape, "seven"),
        "flags": numbers > numbers.mean(),
        "an axis more": numbers[..., None],
        "an axis less": numbers[0],
        "one longer": np.concatenate([numbers, numbers[:1]]),
        "one shorter": numbers[:-1],
    }
    if isinstance(valid, jax.Array):
        spoilt = {k: jnp.asarray(v) if v.dtype.kind in "bifc" else v for k, v in spoilt.items()}
    return spoilt


def _with(array, place, value):
    copy = array.copy()
    copy[place] = value
    return copy


def _spoilt_tree(valid):
    """The same tree with one leaf or branch spoilt."""
    if isinstance(valid, (str, bytes, np.ndarray, jax.Array)):
        return {}
    if dataclasses.is_dataclass(valid) and not isinstance(valid, type):
        return {}
    leaves, structure = jax.tree.flatten(valid)
    if not leaves or structure == jax.tree.structure(0):
        return {}

    def again(first):
        return jax.tree.unflatten(structure, [first, *leaves[1:]])

    spoilt = {"leaf none": again(None), "leaf text": again("seven")}
    if isinstance(leaves[0], (np.ndarray, jax.Array)) and leaves[0].dtype.kind == "f":
        spoilt |= {
            "leaf nan": again(leaves[0] * np.nan),
            "leaf longer": again(np.concatenate([leaves[0][None], leaves[0][None]])),
            "leaf empty": again(np.zeros(0)),
        }
    if isinstance(valid, dict):
        spoilt["branch missing"] = dict(list(valid.items())[1:])
        spoilt["branch added"] = valid | {"stranger": 1.0}
    elif type(valid) in (list, tuple):
        spoilt["branch missing"] = valid[1:]
        spoilt["branch added"] = type(valid)([*valid, 1.0])
    return spoilt


def drawn(valid):
    """Hypothesis's choice among the same values and numbers, texts and arrays at random."""
    few = st.integers(-5, 12)  # a count of many millions would only show how much memory there is
    sides = st.lists(st.integers(0, 3), max_size=3).map(tuple)
    wild = st.one_of(
        few,
        st.floats(width=32),
        st.text(max_size=5),
        st.complex_numbers(max_magnitude=9),
        st.none(),
    )
    arrays = sides.flatmap(lambda shape: numpy_arrays(np.float64, shape, elements=st.floats(-9, 9)))
    known = hostile(valid)
    return st.one_of(
        st.sampled_from(list(known)).map(lambda kind: (kind, known[kind])),
        wild.map(lambda value: (_kind_of(value), value)),
        arrays.map(lambda value: ("array", value)),
    )


def _kind_of(value):
    finite = not isinstance(value, float) or np.isfinite(value)
    return "drawn" if finite else "nan"
