"""Does this machine give the same numbers twice? A self-test of devices and determinism flags.

Run as a program it does the same work several times and prints, as JSON, the device and whether
all repeats agree bit for bit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from spinebook.book.errors import BookError

FLAG = "--xla_gpu_deterministic_ops=true"
REPEATS = 5


@dataclass(frozen=True)
class Repeatability:
    """What the self-test found.

    Attributes:
        device: kind of the device, ``CPU`` or the name of a GPU.
        count: how many devices there are.
        memory_GB: memory of the first one, None where it does not say.
        repeats: whether each kind of work gave the same bits every time.
        seconds: time of the work, without its compilation.
    """

    device: str
    count: int
    memory_GB: float | None
    repeats: dict[str, bool]
    seconds: float

    @property
    def same(self) -> bool:
        """Whether all kinds of work did."""
        return all(self.repeats.values())


def check_device(*flags: str) -> Repeatability:
    """Run the self-test in a process of its own, with more flags for XLA.

    A flag is trusted only if the test passes with it: an unknown one, or one that some operation
    of this device does not obey, shows here and not in a result.

    Raises:
        BookError: if the process fails, with what it said last.
    """
    known = os.environ.get("XLA_FLAGS", "")
    done = subprocess.run(
        [sys.executable, "-m", "spinebook.book.device_check"],
        env=os.environ | {"XLA_FLAGS": " ".join([known, *flags]).strip()},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise BookError(f"the self-test of the device failed: {last[0]}")
    return Repeatability(**json.loads(done.stdout.splitlines()[-1]))


def advice(plain: Repeatability, flagged: Repeatability | None) -> str:
    """Say what follows from a test without the flag, and one with it where there is a GPU."""
    if plain.same:
        return "The same numbers every time, bit for bit, as it is."
    if flagged is None:
        return "Runs differ in their last digits; `spinebook claims --compare` allows for that."
    if flagged.same:
        slower = flagged.seconds / plain.seconds
        return (
            f"Runs differ in their last digits. With XLA_FLAGS={FLAG} they do not; the work then "
            f"takes {slower:.1f} times as long."
        )
    return (
        f"Runs differ in their last digits, and with XLA_FLAGS={FLAG} as well: do not trust the "
        "flag on this device; `spinebook claims --compare` allows for the differences."
    )


def _work() -> dict[str, Any]:
    """Return programs whose sums devices may take in any order."""
    import jax
    import jax.numpy as jnp

    key = jax.random.key(0)
    values = jax.random.normal(key, (200_000,))
    places = jax.random.randint(key, (200_000,), 0, 50)
    images, filters = jax.random.normal(key, (16, 16, 16, 3)), jax.random.normal(key, (3, 3, 3, 8))
    weights, inputs = jax.random.normal(key, (256, 256)), jax.random.normal(key, (64, 256))

    def convolution(filters: Any) -> Any:
        out = jax.lax.conv_general_dilated(
            images, filters, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return jnp.sum(jnp.tanh(out))

    def loss(weights: Any) -> Any:
        return jnp.mean(jnp.tanh(inputs @ weights) ** 2)

    def train(weights: Any) -> Any:
        return jax.lax.fori_loop(0, 100, lambda _, w: w - 0.1 * jax.grad(loss)(w), weights)

    return {
        "scattered sums": (jax.jit(lambda v: jnp.zeros(50).at[places].add(v)), values),
        "slope of a convolution": (jax.jit(jax.grad(convolution)), filters),
        "a hundred steps of training": (jax.jit(train), weights),
    }


def _report() -> dict[str, Any]:
    import time

    import jax
    import numpy as np

    repeats, seconds = {}, 0.0
    for name, (program, argument) in _work().items():
        first = np.asarray(program(argument)).tobytes()
        start = time.perf_counter()
        others = [np.asarray(program(argument)).tobytes() for _ in range(REPEATS - 1)]
        seconds += time.perf_counter() - start
        repeats[name] = all(other == first for other in others)
    device = jax.devices()[0]
    memory = (device.memory_stats() or {}).get("bytes_limit")
    return {
        "device": "CPU" if device.platform == "cpu" else device.device_kind,
        "count": len(jax.devices()),
        "memory_GB": None if memory is None else round(memory / 1e9, 1),
        "repeats": repeats,
        "seconds": round(seconds, 4),
    }


if __name__ == "__main__":
    print(json.dumps(_report()))
