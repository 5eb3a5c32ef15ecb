"""How time and memory of a simulation and its gradient grow with compartments, steps and cells."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import reports
from spinebook.neurons import Leak, Neuron, PotassiumHH, SodiumHH, graph_compartments, simulate

CHANNELS = (SodiumHH(), PotassiumHH(), Leak())
LENGTHS, STEPS, CELLS = (10, 30, 100, 300, 1000), (1_000, 10_000, 100_000), (1, 4, 16, 64)
REPEATS = 5


def cost(compartments: int, steps: int, cells: int) -> dict[str, tuple[float, float, float]]:
    """Return compile time (s), run time (s) and temporary memory (MiB), forward and gradient.

    The cable is not branched: a solve that unrolled its levels would show in the compile time.
    """
    parents = np.arange(-1, compartments - 1)
    neuron = Neuron(graph_compartments(parents, 0.3), CHANNELS)
    densities = jnp.ones((3, compartments, cells)) * jnp.array([120.0, 36.0, 0.3])[:, None, None]
    current = jnp.zeros((steps, 1)).at[40:120].set(30.0)

    def loss(densities: jax.Array) -> jax.Array:
        run = simulate(
            neuron, densities, current, sites=[0], record=[compartments - 1], record_every=steps
        )
        return jnp.sum(run.v_mV**2)

    found = {}
    for name, function in (("forward", loss), ("gradient", jax.value_and_grad(loss))):
        start = time.perf_counter()
        compiled = jax.jit(function).lower(densities).compile()
        compile_time = time.perf_counter() - start
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            jax.block_until_ready(compiled(densities))
            times.append(time.perf_counter() - start)
            if sum(times) > 20:
                break
        memory = compiled.memory_analysis().temp_size_in_bytes / 2**20
        found[name] = compile_time, float(np.median(times)), memory
    return found


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Return the slope of the values over the sizes on double logarithmic axes, upper half."""
    half = len(sizes) // 2
    return round(float(np.polyfit(np.log(sizes[half:]), np.log(values[half:]), 1)[0]), 3)


def series(what: str, sizes: Sequence[int], settings: Sequence[tuple[int, int, int]]) -> Any:
    """Print and return one series with its exponents."""
    print(f"\n{what}\n{'':>8}  {'forward: compile s, run ms, MiB':>34}  {'gradient':>30}")
    rows = [cost(*setting) for setting in settings]
    for size, row in zip(sizes, rows, strict=True):
        cells = [
            f"{compiled:8.2f} {1e3 * run:12.2f} {memory:9.2f}"
            for compiled, run, memory in row.values()
        ]
        print(f"{size:>8}  {cells[0]:>34}  {cells[1]:>30}")
    found: dict[str, Any] = {"what": what, "sizes": list(sizes)}
    for name in ("forward", "gradient"):
        compiled, run, memory = zip(*(row[name] for row in rows), strict=True)
        found[name] = {
            "longest_compile_s": round(max(compiled), 2),
            "time_exponent": exponent(sizes, run),
            "memory_exponent": exponent(sizes, memory),
        }
        print(f"{name}: exponents {found[name]}")
    return found


def main() -> None:
    """Measure the three series."""
    options = reports.options(REPEATS)
    found = reports.origin(["jax", "jaxlib", "numpy"]) | {"pairs": REPEATS, "cases": {}, "bars": []}
    found["growth"] = [
        series("compartments (1,000 steps, 4 cells)", LENGTHS, [(n, 1000, 4) for n in LENGTHS]),
        series("steps (30 compartments, 4 cells)", STEPS, [(30, n, 4) for n in STEPS]),
        series("cells (65 compartments, 800 steps)", CELLS, [(65, 800, n) for n in CELLS]),
    ]
    reports.keep(__file__, found, options)


if __name__ == "__main__":
    main()
