"""Types that several results use in their signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import jax
import jax.typing
import numpy as np

Numbers: TypeAlias = jax.typing.ArrayLike | Sequence[float | int] | Sequence[Sequence[float | int]]
"""A number, a NumPy or JAX array, or a list of numbers."""

AnyArray: TypeAlias = jax.Array | np.ndarray
"""A JAX or a NumPy array, for the shapes that jaxtyping adds: ``Float[AnyArray, "n"]``."""
