"""Runs and builds that are killed at random moments lose nothing, and the next one succeeds."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from tests.book.killing import (
    finish,
    kill_kernel,
    life_of_kernel,
    moments,
    said,
    start,
    trials_of,
    wait_for_kernel,
    wait_for_silence,
)
from tests.book.test_site_build import make_book

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
KILLS = 50
SITE_FILES = ("index.html", "chapters/toy-synapse/index.html", "chapters/claims.html")


@pytest.fixture
def report(tmp_path, capsys):
    """Print a line of counts and keep it as JSON."""

    def write(name, counts):
        (tmp_path / f"{name}.json").write_text(json.dumps(counts, indent=1))
        with capsys.disabled():
            print(f"\n{name}: " + ", ".join(f"{n} {what}" for what, n in counts.items()))

    return write


def phase(text):
    """Where a run was, from what it had told."""
    if "toy: done" in text:
        return "after the chapter was done"
    if "cell 5 of 5" in text:
        return "while publishing"
    return "during a cell" if "cell " in text else "before the first cell"


@pytest.mark.long
def test_killed_runners_lose_nothing__property(toy, report):
    """Each time the page asks for one trial more, so that old and new results can be told apart."""
    for _ in range(2):  # the first run is slow, and no measure of the others
        status, told, seconds = finish(toy.root, "run", "--force")
        assert status == 0, told
    counts = Counter()
    wanted = 10
    for moment in moments(KILLS, seconds):
        toy.replace(toy.page, f"trials = {wanted}\n", f"trials = {wanted + 1}\n")
        before, wanted = wanted, wanted + 1
        process, log = start(toy.root, "run")
        with log:
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.wait()
            counts[f"killed {phase(said(log))}"] += 1
        assert not wait_for_silence(toy.root)
        if toy.results.is_dir():  # else it was between the two moves of a swap
            assert trials_of(toy.results) in (before, wanted)
        else:
            counts["between the two moves"] += 1
        status, told, _ = finish(toy.root, "run")
        assert status == 0, told
        assert trials_of(toy.results) == wanted
        counts["resumed"] += 1
        left = {path.name for path in toy.results.parent.iterdir()}
        assert left == {"toy", ".toy.lock"}
    report("kills-of-the-runner", {"kills": KILLS, "lost": 0} | counts)


@pytest.mark.long
def test_killed_kernels_lose_nothing__property(toy, report):
    """The runner lives on: it must say what happened in words and keep the good results."""
    status, told, _ = finish(toy.root, "run")  # the first run is slow, and no measure of the others
    assert status == 0, told
    life = life_of_kernel(toy.root)
    counts = Counter()
    wanted = 10
    for moment in moments(KILLS, life, seed=1):
        toy.replace(toy.page, f"trials = {wanted}\n", f"trials = {wanted + 1}\n")
        before, wanted = wanted, wanted + 1
        process, log = start(toy.root, "run")
        with log:
            wait_for_kernel(toy.root, process)
            time.sleep(moment)
            killed = kill_kernel(toy.root)
            status = process.wait(200)
            told = said(log)
        assert not wait_for_silence(toy.root)
        if status == 0:
            counts["killed after its work was done" if killed else "had ended by itself"] += 1
            assert trials_of(toy.results) == wanted
            continue
        assert killed, told
        assert "Traceback" not in told, told
        started = "the Python process of the notebook died" in told
        assert started or "the notebook's Python did not start" in told, told
        counts["told that it died" if started else "told that it did not start"] += 1
        assert f"The previous good results stay in {toy.results}" in told
        assert trials_of(toy.results) == before
        status, told, _ = finish(toy.root, "run")
        assert status == 0, told
        assert trials_of(toy.results) == wanted
        counts["resumed"] += 1
    report("kills-of-the-kernel", {"kills": KILLS, "lost": 0} | counts)


@pytest.mark.long
def test_killed_site_builds_lose_nothing__property(tmp_path, report):
    """The site at hand stays whole; every tenth kill is followed by a plain build."""
    folder = make_book(tmp_path / "book")
    page = folder / "chapters/toy-synapse/index.md"
    for command in ("run", "build"):
        status, told, seconds = finish(folder, command)
        assert status == 0, told
    site = folder / "_build/site"
    counts = Counter()
    old = 0
    text = page.read_text()
    for number, moment in enumerate(moments(KILLS, seconds, seed=2), 1):
        page.write_text(f"{text}\nAfter {number} kills.\n")
        process, log = start(folder, "build")
        with log:
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert not wait_for_silence(folder)
        if site.is_dir():
            shown = _whole_site(site)
            assert shown in (old, number)
            counts["killed after the swap" if shown == number else "killed before the swap"] += 1
        else:
            counts["between the two moves"] += 1
        if number % 10 == 0:
            status, told, _ = finish(folder, "build")
            assert status == 0, told
            assert _whole_site(site) == number
            left = {path.name for path in (folder / "_build").iterdir()}
            assert not left & {".site.new", ".site.old"}
            counts["resumed"] += 1
            old = number
        elif site.is_dir():
            old = shown
    report("kills-of-the-site-build", {"kills": KILLS, "lost": 0} | counts)


def _whole_site(site):
    """Check that every page ends as a page does; return how many kills it tells of."""
    for name in SITE_FILES:
        assert (site / name).read_text().rstrip().endswith("</html>")
    assert (site / ".spinebook-site").read_text()
    words = (site / "chapters/toy-synapse/index.html").read_text()
    return int(words.split("After ")[1].split(" kills")[0]) if " kills." in words else 0


@pytest.mark.slow
def test_kill_at_each_step_of_a_swap__brute_force(tmp_path):
    """Not at random: before each single change that publishing makes to the file system."""
    from spinebook.book.publish import recover

    target, step = tmp_path / "results" / "toy", 0
    while True:
        shutil.rmtree(tmp_path / "results", ignore_errors=True)
        for folder, content in ((target, "old"), (target.with_name(".toy.1.run"), "new")):
            (folder / "figures").mkdir(parents=True)
            for name in ("results.json", "notebook.ipynb", "figures/a.svg"):
                (folder / name).write_text(content)
        died = _publish_and_die(target, step)
        recover(target.parent)
        files = [path for path in target.rglob("*") if path.is_file()]
        assert len(files) == 3
        assert len({path.read_text() for path in files}) == 1
        assert {path.name for path in target.parent.iterdir()} <= {"toy", ".toy.lock"}
        if not died:
            break
        step += 1
    assert step > 5


def _publish_and_die(target, step):
    """Publish in a process that kills itself before its change number ``step``."""
    code = f"""
import os, pathlib, sys
from spinebook.book.publish import publish
seen = 0
def count(event, arguments):
    global seen
    if event in ("os.rename", "os.remove", "os.rmdir"):
        if seen == {step}:
            os.kill(os.getpid(), 9)
        seen += 1
target = pathlib.Path({str(target)!r})
sys.addaudithook(count)
publish(target.with_name(".toy.1.run"), target)
"""
    status = subprocess.run([sys.executable, "-c", code]).returncode
    assert status in (0, -9)
    return status == -9
