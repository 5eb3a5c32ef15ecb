"""The workflow on a real SLURM, started for the test: a node dies and nothing is lost."""

import json
import signal
import tempfile
import time
from pathlib import Path

import pytest

from tests.cluster.engine import find_snakemake, start_snakemake
from tests.cluster.slurm import Slurm, missing
from tests.cluster.toy_book import make_book

LACKING = missing() + ([] if find_snakemake() else ["snakemake"])
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}"),
]
# A toy takes seconds, so the engine asks more often than for chapters that take minutes.
IMPATIENT = ("--slurm-init-seconds-before-status-checks", 1, "--seconds-between-status-checks", 1)
# No accounting database, so the queue itself is asked.
OPTIONS = ("--slurm-status-command", "squeue", *IMPATIENT)


def counted(book):
    kept = book / "_build/jobs/quick/counting-toy/.counting-toy.checkpoints"
    return len(list(kept.glob("*/count/*")))


def wait_for_count(book, engine, log):
    deadline = time.monotonic() + 60
    while counted(book) < 3:
        assert engine.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def results(book, slug):
    return json.loads((book / "_build/quick" / slug / "results.json").read_text())


def test_chapters_survive_the_death_of_a_node__property(tmp_path):
    book, log = make_book(tmp_path / "book", seconds=12), tmp_path / "log"
    # Not below pytest's folder, whose path may be too long for a socket's.
    with tempfile.TemporaryDirectory() as folder, Slurm(Path(folder)) as slurm:
        slurm.environment["XDG_CACHE_HOME"] = str(tmp_path)
        engine = start_snakemake("slurm", book, slurm.environment, log, *OPTIONS)
        wait_for_count(book, engine, log)
        # The comment of a job (%k) names its rule.
        lines = slurm.call("squeue", "--noheader", "--states=R", "--format=%N %k").splitlines()
        (node,) = {line.split()[0] for line in lines if "counting" in line}
        slurm.kill_node(node)
        # SLURM finds out by itself, in about half a minute; here an operator tells it at once.
        slurm.call("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=killed")
        before = counted(book)
        assert engine.wait(300) == 0, log.read_text()

        first, second = results(book, "quick-toy"), results(book, "counting-toy")
        job = second["provenance"]["job"]
        assert second["numbers"]["found"]["value"] >= before >= 3
        assert job["engine"] == "slurm"
        assert job["node"] != node
        assert first["provenance"]["job"]["id"] != job["id"]
        assert (book / "_build/site/chapters/counting-toy/index.html").is_file()
        assert "QUICK-1" in log.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_engine_goes_on__property(tmp_path, number):
    book, log = make_book(tmp_path / "book", seconds=12), tmp_path / "log"
    with tempfile.TemporaryDirectory() as folder, Slurm(Path(folder)) as slurm:
        slurm.environment["XDG_CACHE_HOME"] = str(tmp_path)
        engine = start_snakemake("slurm", book, slurm.environment, log, *OPTIONS)
        wait_for_count(book, engine, log)
        engine.send_signal(number)
        assert engine.wait(60) != 0
        if number == signal.SIGKILL:  # it had no time to cancel its jobs, or to give up its lock
            slurm.call("scancel", "--state=RUNNING")
            unlock = start_snakemake("slurm", book, slurm.environment, log, "--unlock")
            assert unlock.wait(60) == 0, log.read_text()
        deadline = time.monotonic() + 30
        while slurm.call("squeue", "--noheader", "--states=R,CG"):
            assert time.monotonic() < deadline, "jobs of a stopped engine still run"
            time.sleep(0.5)
        before = counted(book)
        assert before < 12
        engine = start_snakemake("slurm", book, slurm.environment, log, *OPTIONS)
        assert engine.wait(300) == 0, log.read_text()
        assert results(book, "counting-toy")["numbers"]["found"]["value"] == before
