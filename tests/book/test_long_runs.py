"""A long computation in a chapter says how far it is, and goes on after an interruption."""

import pytest
from spinebook.book.cli import main

CELL = """import sys

print("progress: four networks: step 5 of 10, about 3 s left", file=sys.stderr)
print("a complaint", file=sys.stderr)
kept = book.checkpoint("networks")
found = kept.is_dir()
kept.mkdir(parents=True, exist_ok=True)
if not found:
    raise RuntimeError("interrupted")
fig, ax"""


def run(toy, *arguments):
    return main(["--root", str(toy.root), "run", *arguments])


def checkpoints(toy):
    return toy.results.with_name(f".{toy.results.name}.checkpoints")


@pytest.mark.slow
def test_progress_is_told_and_no_complaint__property(toy, capfd):
    toy.replace(toy.page, "fig, ax", CELL)
    assert run(toy) == 1
    assert "toy: four networks: step 5 of 10, about 3 s left" in capfd.readouterr().out
    assert run(toy) == 0
    told = capfd.readouterr()
    assert "a complaint" in told.err
    assert "four networks" not in told.err


def test_interrupted_run_finds_its_checkpoints__property(toy):
    toy.replace(toy.page, "fig, ax", CELL)
    assert run(toy) == 1
    assert checkpoints(toy).is_dir()
    assert run(toy) == 0
    assert not checkpoints(toy).exists()  # done, so nothing to go on from


@pytest.mark.slow
def test_checkpoints_of_other_code_are_not_used__property(toy, capfd):
    toy.replace(toy.page, "fig, ax", CELL)
    assert run(toy) == 1
    toy.replace(toy.page, "trials = 10", "trials = 12")
    assert run(toy) == 1
    assert "interrupted" in capfd.readouterr().err
