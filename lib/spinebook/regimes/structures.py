"""Biologically motivated connectivity, all of one size, from a low to a high effective rank.

The recipes are choices of this project: Liu et al. (2024) name the structures, but no code or
parameters for them are public.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_count, check_number, check_probability
from spinebook.misuse import explains_misuse
from spinebook.regimes.structured_init import Gaussian, Structure


def _check_share(name: str, value: float) -> None:
    check_probability(name, value)
    if value in (0, 1):
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {value}.")


def _check_positive(name: str, value: float) -> None:
    check_number(name, value)
    if value <= 0:
        raise ValueError(f"{name} must be positive, got {value}.")


def _check_strength(value: float) -> None:
    check_number("strength", value)
    if value < 0:
        raise ValueError(f"strength must not be negative, got {value}.")


@explains_misuse
@dataclass(frozen=True)
class Dale(Structure):
    r"""Dale's law: all weights out of one unit share its sign; sizes are half-normal.

    Excitatory units come first. Unbalanced, the mean weight makes one outlier eigenvalue at
    :math:`(2p-1)\sqrt{2/\pi}\,g\sqrt N`. Balanced, inhibitory weights are p/(1-p) times as large,
    the mean vanishes and so does the outlier.

    Args:
        excitatory: Share p of excitatory units, strictly between 0 and 1.
        balanced: Whether inhibition makes up for the smaller number of its units.

    Examples:
        >>> from spinebook.regimes import structured_init
        >>> weights = structured_init(Dale(), 10, key=jax.random.key(0))
        >>> jnp.all(weights >= 0, axis=0).sum().item(), jnp.all(weights <= 0, axis=0).sum().item()
        (8, 2)
    """

    excitatory: float = 0.8
    balanced: bool = False

    def __post_init__(self) -> None:
        """Check the share."""
        _check_share("excitatory", self.excitatory)

    @property
    def name(self) -> str:
        """How a figure calls the structure."""
        return "Dale, balanced" if self.balanced else "Dale"

    def shape(self, gaussian: Float[Array, "n n"], *, key: PRNGKeyArray) -> Float[Array, "n n"]:
        """Give each column one sign."""
        return jnp.abs(gaussian) * _signs(gaussian.shape[0], self.excitatory, self.balanced)


@explains_misuse
@dataclass(frozen=True)
class Blocks(Structure):
    """Cell types: each pair of groups has its own Gaussian mean weight, on top of the noise.

    The means have rank ``groups``, and so many outlier eigenvalues at most.

    Args:
        groups: Number of equal groups, at least 1.
        strength: Frobenius norm of the means over that of the Gaussian weights, not negative.

    Examples:
        >>> Blocks(4).name
        'Blocks (4)'
    """

    groups: int = 3
    strength: float = 0.5

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_count("groups", self.groups, minimum=1)
        _check_strength(self.strength)

    @property
    def name(self) -> str:
        """How a figure calls the structure."""
        return f"Blocks ({self.groups})"

    def shape(self, gaussian: Float[Array, "n n"], *, key: PRNGKeyArray) -> Float[Array, "n n"]:
        """Add the block means."""
        n = gaussian.shape[0]
        means = jax.random.normal(key, (self.groups, self.groups), gaussian.dtype)
        group = jnp.arange(n) * self.groups // n
        return _add(gaussian, means[group[:, None], group[None, :]], self.strength)


@explains_misuse
@dataclass(frozen=True)
class ChainMotifs(Structure):
    r"""An excess of two-synapse chains: units with strong inputs also have strong outputs.

    .. math:: W = G + (x 1^\top + 1 y^\top)/N

    with Gaussian row effects x and column effects y of the given correlation (the motif statistics
    of Zhao et al. 2011 and Hu et al. 2013). The rank-two part has two eigenvalues near
    :math:`\pm\sqrt{x^\top y / N}`, real for an excess of chains and imaginary for a lack.

    Args:
        strength: Frobenius norm of the rank-two part over that of the Gaussian weights.
        correlation: Correlation of x and y, from -1 to 1.

    Examples:
        >>> ChainMotifs().name
        'Chain motifs'
    """

    strength: float = 0.5
    correlation: float = 0.9

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check_strength(self.strength)
        check_number("correlation", self.correlation)
        if not -1 <= self.correlation <= 1:
            raise ValueError(f"correlation must lie between -1 and 1, got {self.correlation}.")

    @property
    def name(self) -> str:
        """How a figure calls the structure."""
        return "Chain motifs"

    def shape(self, gaussian: Float[Array, "n n"], *, key: PRNGKeyArray) -> Float[Array, "n n"]:
        """Add row and column effects."""
        rows, other = jax.random.normal(key, (2, gaussian.shape[0]), gaussian.dtype)
        columns = self.correlation * rows + math.sqrt(1 - self.correlation**2) * other
        return _add(gaussian, rows[:, None] + columns[None, :], self.strength)


@explains_misuse
@dataclass(frozen=True)
class DistanceDependent(Structure):
    """Units on a ring of circumference 1 whose mean weight decays exponentially with distance.

    Args:
        length_scale: Distance over which the mean falls to 1/e, positive.
        strength: Frobenius norm of the means over that of the Gaussian weights, not negative.

    Examples:
        >>> DistanceDependent(0.2).name
        'Distance-dependent'
    """

    length_scale: float = 0.1
    strength: float = 0.5

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check_positive("length_scale", self.length_scale)
        _check_strength(self.strength)

    @property
    def name(self) -> str:
        """How a figure calls the structure."""
        return "Distance-dependent"

    def shape(self, gaussian: Float[Array, "n n"], *, key: PRNGKeyArray) -> Float[Array, "n n"]:
        """Add the ring's means."""
        n = gaussian.shape[0]
        position = jnp.arange(n, dtype=gaussian.dtype) / n
        apart = jnp.abs(position[:, None] - position[None, :])
        distance = jnp.minimum(apart, 1 - apart)
        return _add(gaussian, jnp.exp(-distance / self.length_scale), self.strength)


@explains_misuse
@dataclass(frozen=True)
class SoftRank(Structure):
    r"""The singular vectors of the Gaussian weights with :math:`S_i \propto e^{-i/\tau}`.

    Args:
        decay: tau, the number of singular values over which they fall to 1/e, positive.

    Examples:
        >>> SoftRank(5.0).name
        'Soft rank (5)'
    """

    decay: float = 10.0

    def __post_init__(self) -> None:
        """Check the decay."""
        _check_positive("decay", self.decay)

    @property
    def name(self) -> str:
        """How a figure calls the structure."""
        return f"Soft rank ({self.decay:g})"

    def shape(self, gaussian: Float[Array, "n n"], *, key: PRNGKeyArray) -> Float[Array, "n n"]:
        """Replace the singular values."""
        left, values, right = jnp.linalg.svd(gaussian)
        return (left * jnp.exp(-jnp.arange(values.size) / self.decay)) @ right


@explains_misuse
@dataclass(frozen=True)
class SparseLogNormal(Structure):
    """Sparse log-normal synapses under Dale's law: a synthetic stand-in for measured wiring.

    Args:
        density: Probability of a connection, above 0 and at most 1.
        spread: Standard deviation of the logarithm of a synapse's size, not negative.
        excitatory: Share of excitatory units, strictly between 0 and 1.

    Examples:
        >>> from spinebook.regimes import structured_init
        >>> weights = structured_init(SparseLogNormal(0.1), 100, key=jax.random.key(0))
        >>> bool(abs(jnp.mean(weights != 0) - 0.1) < 0.01)
        True
    """

    density: float = 0.2
    spread: float = 1.0
    excitatory: float = 0.8

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_probability("density", self.density)
        _check_positive("density", self.density)
        check_number("spread", self.spread)
        if self.spread < 0:
            raise ValueError(f"spread must not be negative, got {self.spread}.")
        _check_share("excitatory", self.excitatory)

    @property
    def name(self) -> str:
        """How a figure calls the structure."""
        return "Sparse log-normal"

    def shape(self, gaussian: Float[Array, "n n"], *, key: PRNGKeyArray) -> Float[Array, "n n"]:
        """Turn the Gaussian weights into log-normal sizes and keep a share of them."""
        n = gaussian.shape[0]
        sizes = jnp.exp(self.spread * gaussian / jnp.std(gaussian))
        present = jax.random.bernoulli(key, self.density, (n, n))
        return jnp.where(present, sizes, 0.0) * _signs(n, self.excitatory, balanced=True)


STRUCTURES: tuple[Structure, ...] = (
    Gaussian(),
    Dale(),
    Dale(balanced=True),
    Blocks(),
    ChainMotifs(),
    DistanceDependent(),
    SoftRank(),
    SparseLogNormal(),
)
"""The null model and seven structures, for comparisons across effective ranks."""


def _add(
    gaussian: Float[Array, "n n"], means: Float[Array, "n n"], strength: float
) -> Float[Array, "n n"]:
    return gaussian + strength * jnp.linalg.norm(gaussian) / jnp.linalg.norm(means) * means


def _signs(n: int, excitatory: float, balanced: bool) -> Float[Array, " n"]:
    """Return the sign of each column, inhibitory ones scaled so that the mean is zero."""
    count = round(excitatory * n)
    if not 0 < count < n:
        raise ValueError(
            f"{n} units cannot hold a share of {excitatory} excitatory ones and an inhibitory one; "
            "use more units."
        )
    return jnp.where(jnp.arange(n) < count, 1.0, -count / (n - count) if balanced else -1.0)
