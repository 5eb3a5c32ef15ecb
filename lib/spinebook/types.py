"""Types that several results use in their signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import jax.typing

Numbers: TypeAlias = jax.typing.ArrayLike | Sequence[float | int] | Sequence[Sequence[float | int]]
"""A number, a NumPy or JAX array, or a list of numbers."""
