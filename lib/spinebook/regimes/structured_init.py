"""Recurrent weights with a structure and the size of Gaussian ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.misuse import explains_misuse
from spinebook.regimes.low_rank import check_dtype, check_size, gaussian_init


class Structure(ABC):
    """A name and a way to shape a Gaussian matrix; subclass it to add a structure."""

    @property
    @abstractmethod
    def name(self) -> str:
        """How a figure calls the structure."""

    @abstractmethod
    def shape(self, gaussian: Float[Array, "n n"], *, key: PRNGKeyArray) -> Float[Array, "n n"]:
        """Turn Gaussian weights into structured ones; the caller restores their size."""


@dataclass(frozen=True)
class Gaussian(Structure):
    """Independent Gaussian weights: the null model, effective rank 2/3 for large N.

    Examples:
        >>> Gaussian().name
        'Gaussian'
    """

    @property
    def name(self) -> str:
        """How a figure calls the structure."""
        return "Gaussian"

    def shape(self, gaussian: Float[Array, "n n"], *, key: PRNGKeyArray) -> Float[Array, "n n"]:
        """Return the Gaussian weights as they are."""
        return gaussian


@explains_misuse
def structured_init(
    structure: Structure,
    n: int,
    gain: ArrayLike = 1.25,
    *,
    key: PRNGKeyArray,
    dtype: Any = jnp.float32,
) -> Float[Array, "n n"]:
    """Draw structured recurrent weights with the Frobenius norm of Gaussian ones.

    One key gives every structure the same Gaussian matrix to start from and its norm, so that
    ``Gaussian()`` with this key is the paired null model.

    Args:
        structure: One of :data:`STRUCTURES`, or any :class:`Structure`.
        n: Number of units N, at least 2 under Dale's law.
        gain: Standard deviation of the Gaussian weights times sqrt(N), positive.
        key: Random key.
        dtype: Floating-point type of the weights.

    Returns:
        The weights; row i holds the inputs of unit i, column j the outputs of unit j.

    Raises:
        TypeError: If ``structure`` is no :class:`Structure`.
        ValueError: If a number is out of range, or the network too small for the structure.

    Examples:
        >>> from spinebook.regimes import Dale
        >>> key = jax.random.key(0)
        >>> null = structured_init(Gaussian(), 50, key=key)
        >>> signed = structured_init(Dale(), 50, key=key)
        >>> bool(abs(jnp.linalg.norm(signed) - jnp.linalg.norm(null)) < 1e-4)
        True
    """
    if not isinstance(structure, Structure):
        raise TypeError(f"structure must be an object such as Dale(), got {structure!r}.")
    check_size(n, gain)
    check_dtype(dtype)
    return _structured(structure, n, gain, key, dtype)


@jax.jit(static_argnums=(0, 1, 4))
def _structured(
    structure: Structure, n: int, gain: ArrayLike, key: PRNGKeyArray, dtype: Any
) -> Float[Array, "n n"]:
    gaussian_key, structure_key = jax.random.split(key)
    gaussian = gaussian_init(n, gain, key=gaussian_key, dtype=dtype)
    if isinstance(structure, Gaussian):  # exactly, without a division by its own norm
        return gaussian
    shaped = structure.shape(gaussian, key=structure_key)
    return shaped * (jnp.linalg.norm(gaussian) / jnp.linalg.norm(shaped))
