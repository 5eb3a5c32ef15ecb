"""Hostile arguments: every public helper answers with a result or an error that helps."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz_calls import PACKAGES, helpers

PROGRAM = Path(__file__).with_name("fuzz_arguments.py")
# Their helpers compile little, so that Hypothesis can try many values in a few seconds.
QUICK = ("stats", "data", "devices", "dendrites")
# Helpers that are not tried at all, with the reason.
NOT_TRIED: dict[str, str] = {}
# What goes into the caller's own functions unseen, so that only these can say what is wrong.
CALLERS = {
    "neurons.fit": ("start", "optimiser"),
    "training.train": ("start", "own", "shared"),
}


def fuzz(folder, how, *packages):
    """Run the program in a folder of its own, where files named by hostile arguments land."""
    command = [sys.executable, PROGRAM, how, *packages]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def check(found, name, tmp_path, capsys):
    """Tell and keep the counts; fail with every fault."""
    faults = [
        fault for fault in found["faults"] if fault[2] not in CALLERS.get(".".join(fault[:2]), ())
    ]
    counts = {key: found[key] for key in ("helpers", "arguments", "calls")} | {
        "faults": len(faults)
    }
    (tmp_path / f"argument-fuzz-{name}.json").write_text(json.dumps(counts))
    with capsys.disabled():
        print(f"\n{name}: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
    assert set(found["without a call"]) <= set(NOT_TRIED)
    assert not faults, "\n" + "\n".join(": ".join(map(str, fault)) for fault in faults)


def test_drawn_arguments_are_answered__property(tmp_path, capsys):
    check(fuzz(tmp_path, "12", *QUICK), "drawn", tmp_path, capsys)


@pytest.mark.long
@pytest.mark.parametrize("package", PACKAGES)
def test_hostile_arguments_are_answered__property(package, tmp_path, capsys):
    check(fuzz(tmp_path, "all", package), package, tmp_path, capsys)


def test_every_package_is_tried__property():
    """A module of the library with public names belongs to the list, unless it serves others."""
    serving = {"book", "checks", "misuse", "precision", "progress", "types"}
    folder = Path(__file__).parents[1] / "lib" / "spinebook"
    modules = {path.stem for path in folder.iterdir() if not path.name.startswith(("_", "py."))}
    assert modules - {"__pycache__"} == set(PACKAGES) | serving
    assert all(helpers(package) for package in PACKAGES)
