"""Changes of known geometry: how well does the scan over potentials find it again?"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.checks import check_number
from spinebook.geometry.inference import CANDIDATES, dual_distances
from spinebook.geometry.potentials import Potential
from spinebook.misuse import explains_misuse


@explains_misuse
def scan_known_changes(
    truth: Potential,
    initial: Float[Array, "seeds n"],
    noise: float,
    candidates: Sequence[Potential] = CANDIDATES,
    *,
    key: PRNGKeyArray,
) -> tuple[Float[Array, "candidates seeds"], Float[Array, " seeds"]]:
    r"""Add Gaussian noise to the dual variables of weights and scan which potential fits.

    :math:`\nabla\phi(w) = \nabla\phi(w_0) + \sigma\xi` with independent standard normal
    :math:`\xi`. No learning takes place: this is the best case for the method.

    Args:
        truth: the potential phi in which the change is Gaussian.
        initial: weights w_0 before the change, one row a seed, not zero.
        noise: sigma, positive, in dual units.
        candidates: potentials to assume.
        key: random key.

    Returns:
        Distance from Gaussian of each candidate and seed, and the share of weights of each seed
        that changed sign.

    Raises:
        ValueError: noise not positive.

    Examples:
        >>> from spinebook.geometry import NegativeEntropy, signed_lognormal
        >>> start = signed_lognormal((4, 500), key=jax.random.key(0))
        >>> distances, flips = scan_known_changes(
        ...     NegativeEntropy(), start, 0.1, key=jax.random.key(1)
        ... )
        >>> distances.shape, float(flips.max())
        ((5, 4), 0.0)
    """
    check_number("initial", initial)
    if not 0.0 < noise < float("inf"):
        raise ValueError(f"noise must be positive and finite, got {noise!r}")
    return _scan(truth, initial, jnp.asarray(noise, initial.dtype), tuple(candidates), key)


@jax.jit(static_argnums=(0, 3))
def _scan(
    truth: Potential,
    initial: Float[Array, "seeds n"],
    noise: Float[Array, ""],
    candidates: tuple[Potential, ...],
    key: PRNGKeyArray,
) -> tuple[Float[Array, "candidates seeds"], Float[Array, " seeds"]]:
    xi = jax.random.normal(key, initial.shape, initial.dtype)
    after = truth.primal(truth.dual(initial) + noise * xi, jnp.sign(initial))
    flips = jnp.mean(jnp.sign(after) != jnp.sign(initial), axis=-1)
    return dual_distances(initial, after, candidates), flips
