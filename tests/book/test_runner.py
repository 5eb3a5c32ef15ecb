"""Chapters run whole or not at all, and only when something they depend on has changed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from spinebook.book.cli import main
from spinebook.book.publish import only_run, publish, recover


def run(toy, *arguments):
    return main(["--root", str(toy.root), "run", *arguments])


def results(toy):
    return json.loads((toy.results / "results.json").read_text())


def test_run_reuse_and_reasons__property(toy, capfd):
    assert run(toy) == 0
    found = results(toy)
    assert found["numbers"] == {"trials": {"value": 10.0, "text": "10"}}
    assert found["provenance"]["seeds"] == {"seed": 0}
    assert {m["claim"] for m in found["measurements"]} == {"TOY-1", "TOY-2"}
    assert "papermill" not in json.loads((toy.results / "notebook.ipynb").read_text())["metadata"]
    assert str(toy.root) not in (toy.results / "results.json").read_text()
    capfd.readouterr()

    stamp = (toy.results / "results.json").stat().st_mtime_ns
    toy.replace(toy.page, "Some prose.", "Other prose.")
    assert run(toy) == 0
    assert "used again" in capfd.readouterr().out
    assert (toy.results / "results.json").stat().st_mtime_ns == stamp

    toy.replace(toy.page, "trials = 10", "trials = 12")
    main(["--root", str(toy.root), "status"])
    assert "the page's code changed" in capfd.readouterr().out
    (toy.root / "requirements-book.lock").write_text("jax==0\n")
    main(["--root", str(toy.root), "status"])
    assert "the lock file changed" in capfd.readouterr().out


def test_failing_cell_keeps_the_good_results__property(toy, capfd):
    assert run(toy) == 0
    before = results(toy)
    toy.replace(toy.page, "fig, ax", "raise RuntimeError('no spine')\nfig, ax")
    assert run(toy) == 1
    told = capfd.readouterr().err
    assert "no spine" in told
    assert "as far as it got" in told
    assert results(toy) == before
    assert (toy.root / "_build/quick/toy.failed/notebook.ipynb").is_file()
    toy.replace(toy.page, "raise RuntimeError('no spine')\n", "")
    assert run(toy, "--force") == 0
    assert not (toy.root / "_build/quick/toy.failed").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('book.measure("TOY-1"', 'book.measure("TOY-9"', "which claims.yml does not list"),
        pytest.param(
            'book.measure("TOY-1", trials)\n',
            "",
            "TOY-1: the rule asks for",
            marks=pytest.mark.slow,
        ),
        ('quantity="left"', 'quantity="middle"', "TOY-2: the rule asks for"),
        pytest.param(
            'claims=["TOY-1"]',
            'claims=["TOY-7"]',
            "claims.yml does not list",
            marks=pytest.mark.slow,
        ),
        pytest.param('    "fig-1",', '    "fig-2",', "was not drawn", marks=pytest.mark.slow),
        pytest.param(
            "A line that rises to the number of trials.",
            "A line.",
            "alternative text",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_records_must_fit_the_ledger__property(toy, capfd, old, new, message):
    toy.replace(toy.page, old, new)
    assert run(toy) == 1
    assert message in capfd.readouterr().err


def test_parameters_by_hand_go_elsewhere__property(toy, capfd):
    assert run(toy, "toy", "-p", "trials=3", "-p", "rate=1e-1") == 0
    assert not toy.results.exists()
    folder = capfd.readouterr().out.split("Results: ")[1].strip()
    assert json.loads(Path(folder, "results.json").read_text())["parameters"]["rate"] == 0.1
    assert run(toy, "toy", "-p", "trails=3") == 1
    assert run(toy, "toy", "-p", "trials") == 1
    assert "NAME=VALUE" in capfd.readouterr().err
    assert run(toy, "--profile", "huge") == 2


def test_shards_cover_each_chapter_once__brute_force(toy):
    from spinebook.book.cli import _shard

    slugs = list("abcdefg")
    parts = [_shard(slugs, f"{i}/3") for i in (1, 2, 3)]
    assert sorted(slug for part in parts for slug in part) == slugs
    assert run(toy, "--shard", "3/2") == 1


def test_killed_run_starts_clean__property(toy):
    toy.replace(toy.page, "fig, ax", "import time; time.sleep(60)\nfig, ax")
    command = [sys.executable, "-m", "spinebook", "--root", str(toy.root), "run"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "cell 3" in line or "cell 4" in line:
            break
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert list((toy.root / "_build/quick").glob(".toy.*.run"))
    toy.replace(toy.page, "import time; time.sleep(60)\n", "")
    assert run(toy) == 0
    left = {path.name for path in (toy.root / "_build/quick").iterdir()}
    assert left == {"toy", ".toy.lock"}


def test_one_run_of_a_chapter_at_a_time__property(toy, capfd):
    toy.results.parent.mkdir(parents=True)
    with only_run(toy.results.parent, "toy"):
        assert run(toy) == 1
    assert "another process is making toy" in capfd.readouterr().err
    assert run(toy) == 0


def test_live_run_is_not_cleared_away__property(tmp_path):
    """Its process may live on another machine, where this one cannot see its number."""
    working = tmp_path / ".toy.999999999.run"
    working.mkdir()
    with only_run(tmp_path, "toy"):
        recover(tmp_path)
        assert working.is_dir()
    recover(tmp_path)
    assert not working.exists()


def test_half_a_swap_is_undone__property(tmp_path):
    (tmp_path / ".toy.old").mkdir()
    (tmp_path / ".toy.old" / "results.json").write_text("old")
    recover(tmp_path)
    assert (tmp_path / "toy" / "results.json").read_text() == "old"
    new = tmp_path / ".toy.1.run"
    new.mkdir()
    (new / "results.json").write_text("new")
    publish(new, tmp_path / "toy")
    assert (tmp_path / "toy" / "results.json").read_text() == "new"
    assert {p.name for p in tmp_path.iterdir()} == {"toy", ".toy.lock"}


def test_ledger_check_and_record__property(toy, capfd):
    root = ["--root", str(toy.root)]
    assert main([*root, "claims", "--check"]) == 1
    assert "TOY-1: not run" in capfd.readouterr().err
    assert run(toy) == 0
    assert main([*root, "claims", "--check"]) == 1
    assert "the repository records nothing" in capfd.readouterr().err
    assert main([*root, "claims", "--record"]) == 0
    capfd.readouterr()
    assert main([*root, "claims", "--check", "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    verdicts = {row["id"]: row["label"] for row in rows}
    assert verdicts == {"TOY-1": "reproduced", "TOY-2": "as predicted", "TOY-3": "not tested"}
    toy.replace(toy.claims, "above: 5", "above: 50")
    assert main([*root, "claims", "--check"]) == 1
    assert "TOY-1: contradicted, but the repository records reproduced" in capfd.readouterr().err


@pytest.mark.slow
def test_own_parameters_may_leave_rows_out__property(toy, capfd):
    """A reader who takes fewer trials need not feed every row; the book's own profiles must."""
    toy.replace(
        toy.page, 'book.measure("TOY-1", trials)', 'trials > 5 and book.measure("TOY-1", 9)'
    )
    assert run(toy, "toy", "-p", "trials=3") == 0
    folder = Path(capfd.readouterr().out.split("Results: ")[1].strip()).parent
    assert main(["--root", str(toy.root), "claims", "--json", "--results", str(folder)]) == 0
    verdicts = {row["id"]: row["verdict"] for row in json.loads(capfd.readouterr().out)}
    assert verdicts == {"TOY-1": "not run", "TOY-2": "reproduced", "TOY-3": "not tested"}
    toy.replace(toy.page, "trials = 10", "trials = 4")
    assert run(toy) == 1
    assert "TOY-1: the rule asks for" in capfd.readouterr().err
