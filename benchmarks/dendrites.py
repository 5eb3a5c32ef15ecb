"""Sparse dendrites against SciPy and NumPy (PF-6): log tails, and overlaps by simulation.

Tails: 100,000 settings with n from 1,000 to 200,000, 0.5 to 3 % of the cells active, 20 to 50
synapses and thresholds from 1 to 24, in float64. SciPy's ``logsf`` runs on the first 4,000 of
them; its time is counted per setting. The check compares 300 settings with exact rationals.

Simulation: 10 million overlaps with n = 2,000, a = 128, s = 24. ``sample_overlap`` returns them as
NumPy does; ``overlap_histogram`` returns their counts and uses no formula for the overlap. The
check is the deviation, in standard errors, of the share of overlaps of 5 or more.

    python benchmarks/dendrites.py [PAIRS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pairs import Case, main
from reports import Bar

ROOT = Path(__file__).resolve().parents[1]
ROWS, FEW, CHECKED = 100_000, 4_000, 300
TRIALS, N, A, S, THETA = 10_000_000, 2_000, 128, 24, 5


def settings() -> tuple[np.ndarray, ...]:
    """Return the settings (n, a, s, theta) of the tails."""
    generator = np.random.default_rng(6)
    n = np.exp(generator.uniform(np.log(1_000), np.log(200_000), ROWS)).astype(int)
    a = np.maximum(1, np.round(n * generator.uniform(0.005, 0.03, ROWS))).astype(int)
    s = generator.integers(20, 51, ROWS)
    theta = np.minimum(generator.integers(1, 25, ROWS), np.minimum(a, s))
    return n, a, s, theta


def tails(function: Callable[..., Any], limit: float, rows: int = ROWS, warm: int = 5) -> Case:
    """Time log tails and hold a sample of them against exact rationals."""
    # By its folder: another package may have installed a module named tests.
    sys.path.insert(0, str(ROOT / "tests" / "dendrites"))
    import rationals

    n, a, s, theta = (x[:rows] for x in settings())

    def check(result: Any) -> tuple[bool, str]:
        logs = np.asarray(result)
        chosen = np.random.default_rng(7).choice(rows, CHECKED, replace=False)
        error = 0.0
        for i in chosen:
            exact = rationals.false_match(int(n[i]), int(a[i]), int(s[i]), int(theta[i]))
            error = max(error, rationals.relative_error(logs[i], exact))
        return (
            error < limit,
            f"relative error of the tail at most {error:.1e} in {CHECKED} settings",
        )

    return Case(lambda: function(n, a, s, theta), check, warm, rows)


def scipy_sf() -> Case:
    """SciPy's survival function, then the logarithm."""
    from scipy.stats import hypergeom

    return tails(lambda n, a, s, t: np.log(hypergeom.sf(t - 1, n, a, s)), 1e-8, warm=1)


def scipy_logsf() -> Case:
    """SciPy's log survival function on the first settings."""
    from scipy.stats import hypergeom

    return tails(lambda n, a, s, t: hypergeom.logsf(t - 1, n, a, s), 1e-7, FEW, warm=1)


def ours_tails() -> Case:
    """Our log tail, argument checks included."""
    from spinebook.dendrites import log_false_match

    return tails(lambda *rows: log_false_match(*rows).block_until_ready(), 1e-12, warm=15)


def overlaps(draw: Callable[[], Any], hits: Callable[[Any], int], warm: int) -> Case:
    """Time a simulation and compare one tail of it with the exact one."""
    from scipy.stats import hypergeom

    def check(result: Any) -> tuple[bool, str]:
        p = hypergeom.sf(THETA - 1, N, A, S)
        z = (hits(result) - TRIALS * p) / np.sqrt(TRIALS * p * (1 - p))
        return abs(z) < 4, f"z = {z:.2f} at {p:.4f}"

    return Case(draw, check, warm)


def numpy_overlaps() -> Case:
    """NumPy's hypergeometric generator."""
    generator = np.random.default_rng(8)
    return overlaps(
        lambda: generator.hypergeometric(A, N - A, S, TRIALS),
        lambda draws: int(np.sum(draws >= THETA)),
        warm=2,
    )


def ours_overlaps() -> Case:
    """Our overlaps from the exact tails."""
    import jax
    from spinebook.dendrites import sample_overlap

    key = jax.random.key(8)
    return overlaps(
        lambda: sample_overlap(N, A, S, (TRIALS,), key=key).block_until_ready(),
        lambda draws: int(np.sum(np.asarray(draws) >= THETA)),
        warm=9,
    )


def ours_histogram() -> Case:
    """Our counts of overlaps, synapse by synapse."""
    import jax
    from spinebook.dendrites import overlap_histogram

    key = jax.random.key(8)
    return overlaps(
        lambda: overlap_histogram(N, A, S, TRIALS, key=key),
        lambda counts: int(counts[THETA:].sum()),
        warm=5,
    )


CASES = {
    "hypergeom.sf": scipy_sf,
    "log_false_match": ours_tails,
    "hypergeom.logsf": scipy_logsf,
    "Generator.hypergeometric": numpy_overlaps,
    "sample_overlap": ours_overlaps,
    "overlap_histogram": ours_histogram,
}
BARS = [
    Bar("PF-6a", "hypergeom.sf", "log_false_match", 100, 300),
    Bar("PF-6a", "hypergeom.logsf", "log_false_match", 300, None),
    Bar("PF-6b, from the exact tails", "Generator.hypergeometric", "sample_overlap", 2.5, 6),
    Bar("PF-6b, synapse by synapse", "Generator.hypergeometric", "overlap_histogram", 2.5, 6),
]

if __name__ == "__main__":
    main(__file__, CASES, BARS, ["jax", "jaxlib", "numpy", "scipy"])
