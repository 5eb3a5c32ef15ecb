"""Which geometry did learning follow? Judge by weights before and after it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from spinebook.geometry._arrays import as_vector
from spinebook.geometry.gaussianity import gaussianity_distance, gaussianity_null_mean
from spinebook.geometry.potentials import NegativeEntropy, PNorm, Potential
from spinebook.misuse import explains_misuse
from spinebook.types import AnyArray, Numbers

CANDIDATES: tuple[Potential, ...] = (
    NegativeEntropy(),
    PNorm(1.5),
    PNorm(2.0),
    PNorm(2.5),
    PNorm(3.0),
)


@dataclasses.dataclass(frozen=True)
class PotentialScan:
    """What :func:`infer_potential` found; arrays run over the candidates in order."""

    candidates: tuple[Potential, ...]
    distances: Float[np.ndarray, " candidates"]
    low: Float[np.ndarray, " candidates"]
    high: Float[np.ndarray, " candidates"]
    share_best: Float[np.ndarray, " candidates"]
    sign_flip_fraction: float
    weights_used: int
    floor: float

    @property
    def best(self) -> Potential:
        """Return the candidate under which the change is closest to Gaussian."""
        return self.candidates[int(np.argmin(self.distances))]

    @property
    def ratio(self) -> float:
        """Return the best distance over the floor of independent Gaussian changes."""
        return float(np.min(self.distances) / self.floor)


@explains_misuse
def dual_distances(
    before: Float[AnyArray, "*batch n"],
    after: Float[AnyArray, "*batch n"],
    candidates: Sequence[Potential] = CANDIDATES,
    *,
    centred: bool = False,
) -> Float[Array, "candidates *batch"]:
    r"""Return the distance from Gaussian of :math:`\nabla\phi(w) - \nabla\phi(w_0)` for each phi.

    Args:
        before: weights before learning, shape (..., n).
        after: the same weights after learning.
        candidates: potentials to assume, one after the other.
        centred: subtract the mean change first.

    Returns:
        Distances, shape (candidates, ...).

    Examples:
        >>> before = jnp.exp(jax.random.normal(jax.random.key(0), (1000,)))
        >>> after = before * jnp.exp(0.1 * jax.random.normal(jax.random.key(1), (1000,)))
        >>> int(jnp.argmin(dual_distances(before, after)))
        0
    """
    # One stack, so that a compiled program holds one sort and not one for each candidate.
    changes = jnp.stack([p.dual(after) - p.dual(before) for p in candidates])
    return gaussianity_distance(changes, centred=centred)


@explains_misuse
def infer_potential(
    before: Numbers,
    after: Numbers,
    candidates: Sequence[Potential] = CANDIDATES,
    *,
    key: PRNGKeyArray,
    centred: bool = False,
    keep_sign_flips: bool = True,
    resamples: int = 200,
    level: float = 0.95,
) -> PotentialScan:
    """Scan potentials for the one under which the change of the weights is closest to Gaussian.

    The right potential makes the change of the dual variable Gaussian when many weights change
    a little (Pogodin et al. 2024). The smallest distance says which candidate is closest, not that
    the change is Gaussian: compare ``ratio`` with 1 for that. Uncertainty is over weights, by
    resampling them with replacement, the same resample for every candidate.

    Args:
        before: weights before learning, shape (n,), none of them zero if negative entropy is a
            candidate.
        after: the same weights after learning.
        candidates: potentials to compare, at least one.
        key: random key of the resamples.
        centred: subtract the mean change first.
        keep_sign_flips: whether weights that changed sign take part. Under negative entropy, whose
            dual jumps at zero, they are far outliers; leaving them out is kinder to that candidate.
        resamples: number of bootstrap resamples, at least 1.
        level: coverage of the intervals, between 0 and 1.

    Returns:
        A :class:`PotentialScan`: per candidate the distance, its interval, and the share of
        resamples in which it was best; the share of weights that changed sign; the floor.

    Raises:
        ValueError: different lengths, empty or non-finite weights, zero weights together with
            negative entropy, no candidates, or an impossible level.

    Examples:
        >>> before = jnp.exp(jax.random.normal(jax.random.key(0), (1000,)))
        >>> after = before * jnp.exp(0.1 * jax.random.normal(jax.random.key(1), (1000,)))
        >>> infer_potential(before, after, key=jax.random.key(2)).best
        NegativeEntropy()
    """
    w0, w1 = as_vector(before, "before"), as_vector(after, "after")
    _check_scan(w0, w1, candidates, resamples, level)
    flipped = np.sign(w0) != np.sign(w1)
    kept = np.ones_like(flipped) if keep_sign_flips else ~flipped
    if kept.sum() < 2:
        raise ValueError("fewer than two weights kept their sign; nothing is left to compare")
    with jax.enable_x64(True):
        pair = jnp.asarray(w0[kept]), jnp.asarray(w1[kept])
        point, resampled = _bootstrap(*pair, tuple(candidates), centred, resamples, key)
    point, resampled = np.asarray(point), np.asarray(resampled)
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(resampled, [tail, 100.0 - tail], axis=0)
    winners = np.bincount(np.argmin(resampled, axis=1), minlength=len(candidates))
    return PotentialScan(
        candidates=tuple(candidates),
        distances=point,
        low=low,
        high=high,
        share_best=winners / resamples,
        sign_flip_fraction=float(np.mean(flipped)),
        weights_used=int(kept.sum()),
        floor=gaussianity_null_mean(int(kept.sum()), centred=centred),
    )


def _check_scan(
    w0: Float[np.ndarray, "..."],
    w1: Float[np.ndarray, "..."],
    candidates: Sequence[Potential],
    resamples: int,
    level: float,
) -> None:
    if w0.shape != w1.shape:
        raise ValueError(
            f"before and after must list the same weights; got {len(w0)} and {len(w1)} values"
        )
    if len(candidates) == 0 or not all(isinstance(c, Potential) for c in candidates):
        raise ValueError(
            "candidates must be one or more potentials such as [NegativeEntropy(), PNorm(2.0)], "
            f"got {candidates!r}"
        )
    zeros = int(np.sum((w0 == 0) | (w1 == 0)))
    if zeros and any(isinstance(c, NegativeEntropy) for c in candidates):
        raise ValueError(
            f"{zeros} weights are zero before or after learning, where negative entropy has no "
            "dual variable; drop those weights (they are pruned or absent synapses) or that "
            "candidate"
        )
    if resamples < 1 or not 0.0 < level < 1.0:
        raise ValueError(
            f"resamples must be at least 1 and level between 0 and 1, got {resamples} and {level}"
        )


@jax.jit(static_argnums=(2, 3, 4))
def _bootstrap(
    w0: Float[Array, " n"],
    w1: Float[Array, " n"],
    candidates: tuple[Potential, ...],
    centred: bool,
    resamples: int,
    key: PRNGKeyArray,
) -> tuple[Float[Array, " candidates"], Float[Array, "resamples candidates"]]:
    def one(draw_key: PRNGKeyArray) -> Float[Array, " candidates"]:
        rows = jax.random.randint(draw_key, w0.shape, 0, w0.shape[0])
        return dual_distances(w0[rows], w1[rows], candidates, centred=centred)

    point = dual_distances(w0, w1, candidates, centred=centred)
    return point, jax.lax.map(one, jax.random.split(key, resamples), batch_size=8)
