"""Contestants in turn, each in a process of its own; what travels between machines is the ratio.

A benchmark script lists its cases (a call and a check of its result) and its bars (which two cases
to compare, and how). ``main`` runs every case once a pair, forwards and then backwards, and prints
median ratios of wall and processor time with their range, the first call beside the warm ones, and
peak memory. A bar may be about memory instead. A case whose check fails has no time.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

TOLERANCE = 0.15  # a bar is missed only if wall and processor time both miss it by more
LEAST = 5  # pairs below which no ratio is quoted without a warning


@dataclass(frozen=True)
class Case:
    """One contestant: ``call`` is timed ``warm`` times after its first call, ``check`` judges it.

    ``work`` is how many units one call does, where the contestants do different amounts;
    ``memory`` tells the MiB that one call needs, once it has been made.
    """

    call: Callable[[], Any]
    check: Callable[[Any], tuple[bool, str]]
    warm: int = 5
    work: float = 1.0
    memory: Callable[[], float] | None = None


@dataclass(frozen=True)
class Bar:
    """A comparison: how many times faster ours is, or how many times the peer's time it takes.

    ``quantity`` is "time", of which wall and processor time are compared when warm, "first" for
    the wall time of a first call alone, or "memory".
    """

    name: str
    peer: str
    ours: str
    must: float | None
    stretch: float | None
    faster: bool = True
    quantity: str = "time"

    def ratio(self, peer: float, ours: float) -> float:
        """Return the ratio in the direction of the bar."""
        return peer / ours if self.faster else ours / peer

    def met(self, value: float, bar: float, slack: float = 0.0) -> bool:
        """Tell whether a ratio is on the right side of a bar."""
        return value >= bar * (1 - slack) if self.faster else value <= bar * (1 + slack)

    @property
    def keys(self) -> tuple[str, ...]:
        """What is compared."""
        return ("wall", "cpu") if self.quantity == "time" else (self.quantity,)

    def verdict(self, *medians: float) -> str:
        """Return what the median ratios, the most important first, say about both bars."""
        if self.must is None:
            return "no bar, for comparison"
        if self.met(medians[0], self.must):
            must = "reached"
        elif any(self.met(median, self.must, TOLERANCE) for median in medians):
            must = "within tolerance"
        else:
            must = "MISSED"
        text = f"must {self.must:g}: {must}"
        if self.stretch is not None:
            reached = "reached" if self.met(medians[0], self.stretch) else "not reached"
            text += f"; stretch {self.stretch:g}: {reached}"
        return text


def cores_as_devices() -> None:
    """Make each core a device of JAX, before anything is computed."""
    import jax

    jax.config.update("jax_num_cpu_devices", os.cpu_count())


def _clock() -> tuple[float, float]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), usage.ru_utime + usage.ru_stime


def _child(case: Case) -> None:
    start = _clock()
    result = case.call()
    first = _clock()[0] - start[0]
    wall, cpu = [], []
    for _ in range(case.warm):
        before = _clock()
        result = case.call()
        after = _clock()
        wall.append(after[0] - before[0])
        cpu.append(after[1] - before[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    memory = case.memory() if case.memory else None
    passed, text = case.check(result)
    seconds = {"first": first, "wall": statistics.median(wall), "cpu": statistics.median(cpu)}
    record = {key: value / case.work for key, value in seconds.items()}
    print(
        json.dumps(record | {"peak": peak, "memory": memory, "passed": bool(passed), "check": text})
    )


def _run(script: str, name: str) -> dict[str, Any]:
    command = [sys.executable, script, "--case", name]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed\n{done.stdout}\n{done.stderr}")
    record: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if not record["passed"]:
        raise SystemExit(f"{name} failed its check, so it has no time: {record['check']}")
    return record


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def main(
    script: str,
    cases: Mapping[str, Callable[[], Case]],
    bars: Sequence[Bar],
    packages: Sequence[str],
) -> None:
    """Run one case (``--case NAME``, used by the script itself) or all of them in pairs."""
    if sys.argv[1:2] == ["--case"]:
        _child(cases[sys.argv[2]]())
        return
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        print(
            f"{os.path.basename(script)}: left out, for want of {', '.join(missing)}; see README.md"
        )
        return
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else LEAST
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in cases}
    for turn in range(pairs):
        for name in list(cases)[:: 1 if turn % 2 == 0 else -1]:
            runs[name].append(_run(script, name))
    known = ", ".join(f"{name} {version(name)}" for name in packages)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {known}"
    )
    for name, records in runs.items():
        print(f"check {name}: {records[-1]['check']}; peak {records[-1]['peak']:.0f} MiB")
    print(f"medians of {pairs} pairs (range)" + ("" if pairs >= LEAST else ", too few to quote"))
    for bar in bars:
        both = list(zip(runs[bar.peer], runs[bar.ours], strict=True))
        ratios = {
            key: [bar.ratio(peer[key], ours[key]) for peer, ours in both]
            for key in {*bar.keys, "first"}
        }
        verdict = bar.verdict(*(statistics.median(ratios[key]) for key in bar.keys))
        meaning = "times as fast as" if bar.faster else f"times the {bar.quantity} of"
        print(f"{bar.name}: {bar.ours}, {meaning} {bar.peer}")
        print(
            "    " + ", ".join(f"{key} {_spread(ratios[key])}" for key in bar.keys),
            verdict,
            sep="; ",
        )
        if bar.quantity == "time":
            print(f"    first call {_spread(ratios['first'])}")
