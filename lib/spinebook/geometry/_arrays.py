"""Argument checks shared by the geometry helpers."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from spinebook.checks import check_number


def as_vector(values: Any, name: str) -> Float[np.ndarray, " n"]:
    """Return ``values`` as a finite, non-empty float64 vector, or say what is wrong with them."""
    check_number(name, values)
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {vector.shape}")
    return vector
