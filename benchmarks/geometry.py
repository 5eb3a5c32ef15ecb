"""One step of mirror descent against one of plain gradient descent (PF-7).

Each contestant takes steps on a million and on ten million float32 weights inside one compiled
scan, through optax's ``update`` and ``apply_updates``; a ratio says how many times the time of
``optax.sgd`` a step takes. The check compares the end of the scan with the closed form, in which
every step is the same move in the dual variable.

    python benchmarks/geometry.py [PAIRS]
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from pairs import Case, main
from reports import Bar

SIZES = {"1e6": 1_000_000, "1e7": 10_000_000}
RATE = 1e-4


def dual_and_back(name: str, w: np.ndarray, move: np.ndarray) -> np.ndarray:
    """Return weights whose dual variables have fallen by ``move``, in float64."""
    sign = np.sign(w)
    if name == "3-norm":
        dual = sign * w**2 - move
        return np.sign(dual) * np.sqrt(np.abs(dual))
    if name == "negative entropy":
        return w * np.exp(-sign * move)
    if name == "hyperbolic entropy":
        return np.sinh(np.arcsinh(w) - move)
    return w - move


def case(name: str, size: int) -> Case:
    """Time steps of one optimiser and check where they end."""
    import jax
    import jax.numpy as jnp
    import optax
    from spinebook.geometry import HyperbolicEntropy, NegativeEntropy, PNorm, mirror_descent

    potentials = {
        "3-norm": PNorm(3.0),
        "negative entropy": NegativeEntropy(),
        "hyperbolic entropy": HyperbolicEntropy(1.0),
    }
    optimiser: Any = optax.sgd(RATE)
    if name in potentials:
        optimiser = mirror_descent(RATE, potentials[name])
    steps = 2_000_000_000 // size
    generator = np.random.default_rng(9)
    start = generator.choice([-1.0, 1.0], size) * generator.uniform(0.5, 1.5, size)
    gradient = generator.uniform(-1.0, 1.0, size)
    weights, slope = jnp.asarray(start, jnp.float32), jnp.asarray(gradient, jnp.float32)
    # A gradient of varying size, or the compiler would move its exponential out of the loop.
    sizes = jnp.asarray(generator.uniform(0.5, 1.5, steps), jnp.float32)

    @jax.jit
    def learn(weights: jax.Array, slope: jax.Array, sizes: jax.Array) -> jax.Array:
        def step(carry: Any, factor: jax.Array) -> tuple[Any, None]:
            w, state = carry
            updates, state = optimiser.update(factor * slope, state, w)
            return (optax.apply_updates(w, updates), state), None

        (end, _), _ = jax.lax.scan(step, (weights, optimiser.init(weights)), sizes)
        return end

    def check(result: Any) -> tuple[bool, str]:
        few = slice(0, 100_000)
        w = np.asarray(weights[few], np.float64)
        move = RATE * np.sum(np.asarray(sizes, np.float64)) * np.asarray(slope[few], np.float64)
        exact = dual_and_back(name, w, move)
        error = float(np.max(np.abs(np.asarray(result[few], np.float64) - exact)))
        return error < 1e-3, f"largest error {error:.0e} after {steps} steps"

    return Case(lambda: learn(weights, slope, sizes).block_until_ready(), check, 5, steps)


CASES: dict[str, Callable[[], Case]] = {}
BARS = []
for label, count in SIZES.items():
    peer = f"optax.sgd on {label}"
    CASES[peer] = partial(case, "sgd", count)
    for potential, bars in {
        "3-norm": (3.0, 2.0),
        "negative entropy": (7.0, 4.0),
        "hyperbolic entropy": (10.0, 6.0),
    }.items():
        ours = f"{potential} on {label}"
        CASES[ours] = partial(case, potential, count)
        must, stretch = bars if label == "1e6" else (None, None)
        BARS.append(Bar("PF-7", peer, ours, must, stretch, faster=False))

if __name__ == "__main__":
    main(__file__, CASES, BARS, ["jax", "jaxlib", "optax", "numpy"])
