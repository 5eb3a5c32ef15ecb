"""Contestants in turn, each in a process of its own; what travels between machines is the ratio.

A benchmark script lists its cases (a call and a check of its result) and its bars (which two cases
to compare, and how). ``main`` runs every case once a pair, forwards and then backwards, and hands
the times to ``reports``. A case whose check fails has no time.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import reports
from reports import Bar

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
    options = reports.options(LEAST)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in cases}
    for turn in range(options.pairs):
        for name in list(cases)[:: 1 if turn % 2 == 0 else -1]:
            runs[name].append(_run(script, name))
    reports.finish(script, reports.report(runs, bars, packages), options)
