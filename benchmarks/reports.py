"""What a benchmark found: ratios with their spread, printed, recorded, and held against a record.

``--record`` writes ``results/NAME.json``, from which the book makes a page. ``--check`` compares
with what is recorded there and fails on a loss of more than 30 % in every quantity of a bar.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

TOLERANCE = 0.15  # a bar is missed only if wall and processor time both miss it by more
LOSS = 0.3  # a ratio has got worse if it lost more of what was recorded
RESULTS = Path(__file__).resolve().parent / "results"


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


def options(pairs: int) -> argparse.Namespace:
    """Read how many pairs to run, and what to do with what they show."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs", nargs="?", type=int, default=pairs, help="pairs of runs")
    parser.add_argument("--record", action="store_true", help="write results/NAME.json")
    parser.add_argument("--check", action="store_true", help="fail if a recorded ratio got worse")
    chosen = parser.parse_args()
    chosen.least = pairs
    return chosen


def report(
    runs: Mapping[str, Sequence[Mapping[str, Any]]], bars: Sequence[Bar], packages: Sequence[str]
) -> dict[str, Any]:
    """Put the runs of all cases together.

    Args:
        runs: for each case its runs, each with seconds ``first``, ``wall`` and ``cpu``, ``memory``
            and ``peak`` in MiB, and the words of its ``check``.
        bars: what to compare.
        packages: names whose versions count.
    """
    return origin(packages) | {
        "pairs": min(map(len, runs.values())),
        "cases": {name: _case(records) for name, records in runs.items()},
        "bars": [_bar(bar, runs) for bar in bars],
    }


def origin(packages: Sequence[str]) -> dict[str, Any]:
    """Return where a benchmark runs, and on which versions."""
    return {
        "schema": 1,
        "machine": {
            "architecture": platform.machine(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "versions": {name: version(name) for name in packages},
    }


def finish(script: str, found: dict[str, Any], chosen: argparse.Namespace) -> None:
    """Print a report, and record or check it if asked to."""
    show(found, chosen.least)
    keep(script, found, chosen)


def keep(script: str, found: dict[str, Any], chosen: argparse.Namespace) -> None:
    """Record a report or check it, if asked to."""
    path = RESULTS / f"{Path(script).stem}.json"
    if chosen.check:
        worse = losses(found, json.loads(path.read_text(encoding="utf-8")))
        print("\n".join(worse) or "no ratio got worse by more than 30 %")
        if worse:
            sys.exit(1)
    if chosen.record:
        RESULTS.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"recorded in {path.name}")


def losses(found: Mapping[str, Any], recorded: Mapping[str, Any]) -> list[str]:
    """Return the comparisons that lost more than 30 % of the recorded ratio, in words.

    As for a bar, wall and processor time must both have lost it.
    """
    known = {(bar["ours"], bar["peer"], bar["quantity"]): bar for bar in recorded["bars"]}
    worse = []
    for bar in found["bars"]:
        before = known.get((bar["ours"], bar["peer"], bar["quantity"]))
        if before is None:
            continue
        kept = [_kept(bar, before, key) for key in bar["keys"]]
        if max(kept) < 1 - LOSS:
            now, then = (each["ratios"][bar["keys"][0]]["median"] for each in (bar, before))
            worse.append(
                f"{bar['name']}: {bar['ours']} against {bar['peer']}: {now:.3g}, was {then:.3g}"
            )
    return worse


def _kept(bar: Mapping[str, Any], before: Mapping[str, Any], key: str) -> float:
    now, then = (each["ratios"][key]["median"] for each in (bar, before))
    return float(now / then if bar["faster"] else then / now)


def _case(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    medians = {
        key: _median([record.get(key) for record in records])
        for key in ("first", "wall", "cpu", "peak", "memory")
    }
    return medians | {"check": records[-1]["check"]}


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(f"{statistics.median(known):.4g}") if known else None


def _bar(bar: Bar, runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    both = list(zip(runs[bar.peer], runs[bar.ours], strict=True))
    ratios = {
        key: [bar.ratio(peer[key], ours[key]) for peer, ours in both]
        for key in dict.fromkeys((*bar.keys, "first"))
        if both[0][0].get(key) is not None
    }
    medians = [statistics.median(ratios[key]) for key in bar.keys]
    spread = {
        key: {
            "median": float(f"{statistics.median(values):.4g}"),
            "low": float(f"{min(values):.4g}"),
            "high": float(f"{max(values):.4g}"),
        }
        for key, values in ratios.items()
    }
    return asdict(bar) | {
        "keys": list(bar.keys),
        "ratios": spread,
        "verdict": bar.verdict(*medians),
    }


def show(found: Mapping[str, Any], least: int) -> None:
    """Print a report; with fewer than ``least`` pairs it says so."""
    machine, pairs = found["machine"], found["pairs"]
    known = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    print(
        f"{machine['architecture']}, {machine['cores']} cores, Python {machine['python']}, {known}"
    )
    for name, case in found["cases"].items():
        peak = "" if case["peak"] is None else f"; peak {case['peak']:.0f} MiB"
        print(f"check {name}: {case['check']}{peak}")
    print(f"medians of {pairs} pairs (range)" + ("" if pairs >= least else ", too few to quote"))
    for bar in found["bars"]:
        meaning = "times as fast as" if bar["faster"] else f"times the {bar['quantity']} of"
        print(f"{bar['name']}: {bar['ours']}, {meaning} {bar['peer']}")
        shown = (f"{key} {_spread(bar['ratios'][key])}" for key in bar["keys"])
        print("    " + ", ".join(shown), bar["verdict"], sep="; ")
        if bar["quantity"] == "time" and "first" in bar["ratios"]:
            print(f"    first call {_spread(bar['ratios']['first'])}")


def _spread(ratio: Mapping[str, float]) -> str:
    return f"{ratio['median']:.3g} ({ratio['low']:.3g} to {ratio['high']:.3g})"


def _processor() -> str:
    from spinebook.book.provenance import environment

    return str(environment()["processor"])
