"""Full disks, folders that may not be written to, two commands at once, clocks set back."""

import os
import shutil
import subprocess
import sys
import time

import pytest
from spinebook.book.cli import main
from spinebook.book.publish import only_run

from tests.book.killing import finish, start, trials_of
from tests.book.test_site_build import make_book

A_DAY = 86_400


def command(toy, *arguments):
    return main(["--root", str(toy.root), *arguments])


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes in memory, which can be filled up or made read-only."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs Linux and root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this root may not mount a file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder, spare):
    """Fill a file system but for some bytes."""
    free = shutil.disk_usage(folder).free - spare
    (folder / "filler").write_bytes(bytes(max(free, 0)))


@pytest.mark.parametrize("spare", [0, pytest.param(16_384, marks=pytest.mark.slow)])
def test_full_disk_keeps_the_good_results__property(toy, small_disk, capfd, spare):
    out = ["--out", str(small_disk / "results")]
    assert command(toy, "run", *out) == 0
    capfd.readouterr()
    toy.replace(toy.page, "trials = 10", "trials = 11")
    fill(small_disk, spare)
    assert command(toy, "run", *out) == 1
    told = capfd.readouterr().err
    assert "No space left on device; free some space, or choose another folder" in told
    assert "Traceback" not in told
    assert trials_of(small_disk / "results/toy") == 10
    (small_disk / "filler").unlink()
    assert command(toy, "run", *out) == 0
    assert trials_of(small_disk / "results/toy") == 11
    left = {path.name for path in (small_disk / "results").iterdir()}
    assert left == {"toy", ".toy.lock"}


def test_folder_that_may_only_be_read__property(toy, small_disk, capfd):
    """It cannot be run into, and can be read."""
    out = ["--out", str(small_disk / "results")]
    assert command(toy, "run", *out) == 0
    (small_disk / "results/.toy.1.run").mkdir()  # left by a killed run, and cannot be removed
    toy.replace(toy.page, "trials = 10", "trials = 11")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    capfd.readouterr()
    assert command(toy, "run", *out) == 1
    told = capfd.readouterr().err
    assert told.count("\n") <= 2
    assert "Read-only file system; choose another folder with --out" in told
    assert trials_of(small_disk / "results/toy") == 10
    for reading in ("claims", "figures", "status"):
        assert command(toy, reading, *out) == 0
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert command(toy, "run", *out) == 0
    assert trials_of(small_disk / "results/toy") == 11


def two_at_once(root, *command):
    """Start a command twice; return status and words of both."""
    told = []
    for process, log in [start(root, *command) for _ in range(2)]:
        with log:
            process.wait(300)
            log.seek(0)
            told.append((process.returncode, log.read()))
    return told


def test_two_runs_at_once__property(toy):
    """One does the work; the other says so, or comes late and uses the results again."""
    toy.replace(toy.page, "fig, ax =", "import time; time.sleep(2)\nfig, ax =")
    told = two_at_once(toy.root, "run")
    statuses = sorted(status for status, _ in told)
    assert statuses[0] == 0
    for status, text in told:
        assert "Traceback" not in text
        assert status == 0 or "another process is making toy" in text
    assert trials_of(toy.results) == 10
    assert command(toy, "run") == 0


def test_reader_sees_results_that_a_kill_had_moved_aside__property(toy, capfd):
    assert command(toy, "run") == 0
    toy.results.rename(toy.results.with_name(".toy.old"))
    capfd.readouterr()
    assert command(toy, "status") == 0
    assert "up to date" in capfd.readouterr().out
    assert trials_of(toy.results) == 10


def test_site_is_made_by_one_process_at_a_time__property(toy, capfd):
    (toy.root / "_toc.yml").write_text("format: jb-book\nroot: chapters/toy/index\n")
    (toy.root / "_build").mkdir()
    with only_run(toy.root / "_build", "site"):
        assert command(toy, "build") == 1
    assert "another process is making site" in capfd.readouterr().err


@pytest.mark.slow
def test_clock_set_back_between_runs__property(toy, capfd):
    """What was run is known by content: neither a future nor a past time of a file deceives."""
    assert command(toy, "run") == 0
    for path in (*toy.results.rglob("*"), *toy.chapter.rglob("*")):
        os.utime(path, 2 * (time.time() + A_DAY,))
    capfd.readouterr()
    assert command(toy, "run") == 0
    assert "used again" in capfd.readouterr().out
    toy.replace(toy.page, "trials = 10", "trials = 11")
    os.utime(toy.page, 2 * (time.time() - A_DAY,))
    assert command(toy, "run") == 0
    assert trials_of(toy.results) == 11


@pytest.mark.slow
def test_corrupt_compilations_are_made_again__property(toy, capfd):
    cell = "import jax\nassert jax.jit(lambda x: x + 1)(1.0) == 2\nfig, ax ="
    toy.replace(toy.page, "fig, ax =", cell)
    assert command(toy, "run") == 0
    entries = list((toy.root / "_build/.jax-cache").rglob("*-cache"))
    assert entries
    for number, path in enumerate(entries):
        whole = path.read_bytes()
        path.write_bytes((b"no program", whole[: len(whole) // 2], b"")[number % 3])
    capfd.readouterr()
    assert command(toy, "run", "--force") == 0
    assert capfd.readouterr().err == ""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = make_book(tmp_path_factory.mktemp("site") / "book")
    for name in ("run", "build"):
        status, told, _ = finish(folder, name)
        assert status == 0, told
    return folder


@pytest.mark.slow
def test_page_edited_under_a_clock_set_back_is_drawn__property(built):
    """Sphinx looks at times; a page written "before" its last build would never be read again."""
    page = built / "chapters/rerun.md"
    page.write_text(f"{page.read_text()}\nWritten yesterday.\n")
    os.utime(page, 2 * (time.time() - A_DAY,))
    status, told, _ = finish(built, "build")
    assert status == 0, told
    assert "Written yesterday." in (built / "_build/site/chapters/rerun.html").read_text()


@pytest.mark.slow
def test_site_that_a_kill_had_moved_aside_is_put_back__property(built):
    site = built / "_build/site"
    text = (site / "index.html").read_text()
    site.rename(site.with_name(".site.old"))
    status, told, _ = finish(built, "build")
    assert status == 0, told
    assert (site / "index.html").read_text() == text


@pytest.mark.slow
def test_two_builds_at_once__property(built):
    told = two_at_once(built, "build", "--force")
    assert any(status == 0 for status, _ in told), told
    for status, text in told:
        assert "Traceback" not in text
        assert status == 0 or "another process is making site" in text
    status, text, _ = finish(built, "build")
    assert status == 0, text
