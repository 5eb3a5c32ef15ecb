"""Random-label linear regression: the setting in which the Gaussian change can be proved."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray
from scipy import linalg, optimize

from spinebook.checks import check_count
from spinebook.geometry.gaussianity import gaussianity_distance, gaussianity_null_mean
from spinebook.geometry.inference import CANDIDATES
from spinebook.geometry.one_of import OneOf
from spinebook.geometry.potentials import Potential
from spinebook.geometry.projection import project_dual
from spinebook.geometry.toeplitz import alternating_autocovariance, toeplitz_gaussian
from spinebook.misuse import explains_misuse
from spinebook.precision import float64_inside
from spinebook.types import AnyArray

_NOISE_VARIANCE = 1.0 / 12.0  # of the uniform noise on [-1/2, 1/2]


@explains_misuse
@dataclasses.dataclass(frozen=True)
class RegressionDesign:
    r"""Inputs and sizes of a linear regression with random labels.

    The dense inputs are those of Pogodin et al. 2024 (public code at commit c29c1a3): Gaussian
    with covariance :math:`(-1)^k/(1 + k^p)` at distance k, plus uniform noise on [-1/2, 1/2].
    Labels are random signs and initial weights :math:`N(0, 1/D)`.

    Args:
        features: number D of weights, at least 2.
        samples: number N of examples, at least 1 and below D.
        exponent: decay p of the input correlations.
        active: share of inputs that are not zero. Below 1 the inputs are independent
            Gaussian values, each present with this probability (not in the paper).
        strength: root mean square of such sparse inputs; the weaker they are, the more the
            weights must change.

    Raises:
        ValueError: counts that make the problem solvable in no or in one way only.

    Examples:
        >>> RegressionDesign(1000, 31).samples
        31
    """

    features: int
    samples: int
    exponent: float | int = 2.0
    active: float | int = 1.0
    strength: float | int = 1.0

    def __post_init__(self) -> None:
        """Refuse designs without room for more than one solution."""
        check_count("features", self.features, minimum=2)
        check_count("samples", self.samples, minimum=1)
        if self.samples >= self.features:
            raise ValueError(
                f"samples must be fewer than features, got {self.samples} and {self.features}: "
                "with as many there is one solution at most, whatever the geometry"
            )
        if not 0.0 < self.active <= 1.0:
            raise ValueError(f"active must lie in (0, 1], got {self.active}")
        if not 0.0 < self.strength < np.inf or (self.active == 1.0 and self.strength != 1.0):
            raise ValueError(
                f"strength must be positive, and 1 for dense inputs, got {self.strength}"
            )

    @property
    def autocovariance(self) -> Float[np.ndarray, " features"]:
        """Return the covariance of the inputs with distance."""
        if self.active < 1.0:
            return self.strength**2 * np.eye(1, self.features)[0]
        covariance = alternating_autocovariance(self.features, self.exponent)
        covariance[0] += _NOISE_VARIANCE
        return covariance

    @property
    def floor(self) -> float:
        """Return the distance expected of one Gaussian vector with the inputs' covariance."""
        rho = self.autocovariance
        return gaussianity_null_mean(self.features, autocorrelation=rho / rho[0])


class RegressionEnd(NamedTuple):
    """Where learning ended, one row a seed.

    ``distance`` of the dual change under the true potential, ``centred_distance`` the same about
    its mean, ``distances`` under every candidate, ``relative_change`` ||d - d0|| / ||d0||,
    ``squared_change`` ||w - w0||^2, ``sign_flips`` the share of weights that changed sign.
    """

    distance: Float[AnyArray, "seeds *potentials"]
    centred_distance: Float[AnyArray, "seeds *potentials"]
    distances: Float[AnyArray, "seeds *potentials candidates"]
    relative_change: Float[AnyArray, "seeds *potentials"]
    squared_change: Float[AnyArray, "seeds *potentials"]
    sign_flips: Float[AnyArray, "seeds *potentials"]
    converged: Bool[AnyArray, "seeds *potentials"]


@explains_misuse
@float64_inside
def regression_end_points(
    design: RegressionDesign,
    potentials: Sequence[Potential],
    seeds: int,
    *,
    key: PRNGKeyArray,
    candidates: Sequence[Potential] = CANDIDATES,
) -> tuple[RegressionEnd, ...]:
    """Solve random regression problems exactly and measure how Gaussian the dual changes are.

    Every geometry learns the same problems, so that they compare within seeds. All seeds run in
    one compiled call, one after the other, in float64.

    Args:
        design: the problems.
        potentials: the geometries that learning follows, one or more.
        seeds: number of problems, each with its own inputs, labels and initial weights.
        key: random key.
        candidates: potentials to assume in ``distances``.

    Returns:
        One :class:`RegressionEnd` of NumPy arrays for each potential; look at ``converged``.

    Raises:
        ValueError: no seeds or no potentials.

    Examples:
        >>> from spinebook.geometry import PNorm
        >>> (end,) = regression_end_points(
        ...     RegressionDesign(100, 10), [PNorm(2.0)], 3, key=jax.random.key(0)
        ... )
        >>> end.distances.shape, bool(end.converged.all())
        ((3, 5), True)
    """
    check_count("seeds", seeds, minimum=1)
    if len(potentials) == 0:
        raise ValueError("potentials is empty; pass one or more, such as [PNorm(2.0)]")
    keys = jax.random.split(key, seeds)
    ends = _end_points(design, tuple(potentials), tuple(candidates), keys)
    return tuple(
        RegressionEnd(*(np.asarray(leaf)[:, i] for leaf in ends)) for i in range(len(potentials))
    )


@jax.jit(static_argnums=(0, 1, 2))
def _end_points(
    design: RegressionDesign,
    potentials: tuple[Potential, ...],
    candidates: tuple[Potential, ...],
    keys: Key[Array, " seeds"],
) -> RegressionEnd:
    def one(key: PRNGKeyArray) -> RegressionEnd:
        X, y, w0 = sample_problem(design, key=key)

        def learn(which: Int[Array, ""]) -> RegressionEnd:
            potential = OneOf(potentials, which)
            d0 = potential.dual(w0)
            end = project_dual(X, y, d0, jnp.sign(w0), potential)
            change = end.multipliers @ X
            assumed = [p.dual(end.weights) - p.dual(w0) for p in candidates]
            # One stack, so that the compiled program sorts in one place.
            stack = jnp.stack([change, change - jnp.mean(change), *assumed])
            distances = gaussianity_distance(stack)
            return RegressionEnd(
                distance=distances[0],
                centred_distance=distances[1],
                distances=distances[2:],
                relative_change=jnp.linalg.norm(change) / jnp.linalg.norm(d0),
                squared_change=jnp.sum((end.weights - w0) ** 2),
                sign_flips=jnp.mean(jnp.sign(end.weights) != jnp.sign(w0)),
                converged=end.converged,
            )

        return jax.lax.map(learn, jnp.arange(len(potentials)))

    return jax.lax.map(one, keys)


def sample_problem(
    design: RegressionDesign, *, key: PRNGKeyArray
) -> tuple[Float[Array, "samples features"], Float[Array, " samples"], Float[Array, " features"]]:
    """Draw inputs, labels and initial weights of one problem.

    Examples:
        >>> X, y, w0 = sample_problem(RegressionDesign(100, 10), key=jax.random.key(0))
        >>> X.shape, y.shape, w0.shape
        ((10, 100), (10,), (100,))
    """
    input_key, noise_key, label_key, weight_key = jax.random.split(key, 4)
    shape = (design.samples, design.features)
    if design.active < 1.0:
        present = jax.random.bernoulli(noise_key, design.active, shape)
        scale = design.strength / np.sqrt(design.active)
        X = jnp.where(present, scale * jax.random.normal(input_key, shape), 0.0)
    else:
        covariance = alternating_autocovariance(design.features, design.exponent)
        X = toeplitz_gaussian(design.samples, covariance, key=input_key)
        X = X + jax.random.uniform(noise_key, shape, minval=-0.5, maxval=0.5)
    y = jax.random.rademacher(label_key, (design.samples,), dtype=X.dtype)
    return X, y, jax.random.normal(weight_key, (design.features,)) / np.sqrt(design.features)


@explains_misuse
def expected_squared_change(design: RegressionDesign) -> float:
    r"""Return the expected squared weight change of Euclidean learning, in closed form.

    .. math::
        E\|\Delta w\|^2 \approx \frac{N}{D} + \kappa, \qquad
        \sum_i \frac{\kappa\, l_i}{1 + \kappa\, l_i} = N,

    with the eigenvalues l of the input covariance: the first term removes the outputs of the
    initial weights, the second writes the labels (a large-N equivalent, exact in the limit).

    Args:
        design: the problems; their size bounds the cost, D^3.

    Returns:
        The expected squared norm of the change.

    Examples:
        >>> round(expected_squared_change(RegressionDesign(100, 10)), 3)
        0.208
    """
    spectrum = linalg.eigvalsh(linalg.toeplitz(design.autocovariance))

    def excess(log_kappa: float) -> float:
        load = np.exp(log_kappa) * spectrum
        return float(np.sum(load / (1.0 + load)) - design.samples)

    return design.samples / design.features + float(np.exp(optimize.brentq(excess, -40.0, 40.0)))
