"""What a run says, keeps and leaves behind when it goes wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from spinebook.book.cli import main


def run(toy, *arguments):
    return main(["--root", str(toy.root), "run", *arguments])


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise RuntimeError('no spine')", "index.md:26: RuntimeError: no spine"),
        ("import os; os._exit(3)", "index.md:25: the Python process of the notebook died"),
        pytest.param(
            "raise SystemExit",
            "index.md:25: the notebook ended in the cell",
            marks=pytest.mark.slow,
        ),
        ("import os; os.kill(os.getppid(), 9)", "was killed; the usual reason"),
    ],
)
def test_the_place_of_a_failure_is_named__property(toy, capfd, code, message):
    toy.replace(toy.page, "fig, ax =", f"1 + 1\n{code}\nfig, ax =")
    assert run(toy) == 1
    told = capfd.readouterr().err
    assert message in told
    assert 'File "' not in told  # no traceback of the runner's own
    assert [path.name for path in (toy.root / "_build/quick").glob(".toy.*")] == [".toy.lock"]


def test_separators_of_unicode_in_a_caption__property(toy):
    toy.replace(toy.page, 'caption="A line."', 'caption="A line.\\u2028Another \\x85 ü."')
    assert run(toy) == 0
    found = json.loads((toy.results / "results.json").read_text())
    assert found["figures"][0]["caption"] == "A line.\u2028Another \x85 ü."


@pytest.mark.parametrize(
    "damage",
    ['{"schema": 1', '{"schema": 2}', '{"schema": 1}', "[]", "", '{"schema": NaN}', "\0\ufffd"],
)
def test_damaged_results_are_a_reason_to_run__property(toy, capfd, damage):
    toy.results.mkdir(parents=True)
    (toy.results / "results.json").write_text(damage)
    assert main(["--root", str(toy.root), "status"]) == 0
    assert "run the chapter again" in capfd.readouterr().out
    assert main(["--root", str(toy.root), "claims"]) == 1
    assert "results.json" in capfd.readouterr().err


def test_faulty_ledger_is_told_before_the_run__property(toy, capfd):
    toy.replace(toy.claims, ", above: 5", "")
    assert run(toy) == 1
    told = capfd.readouterr()
    assert "claims.yml:10:" in told.err
    assert "cell" not in told.out


@pytest.mark.parametrize("place", ["file/sub", "/proc/nowhere"])
def test_impossible_results_folder__property(toy, capfd, place):
    (toy.root / "file").touch()
    assert run(toy, "--out", str(toy.root / place)) == 1
    told = capfd.readouterr().err
    assert told.startswith("spinebook: ")
    assert len(told.splitlines()) == 1


def processes_of(mark):
    """Numbers of the living processes whose environment holds a mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            alive = folder.joinpath("stat").read_text().rpartition(") ")[2][0] != "Z"
            marked = mark.encode() in folder.joinpath("environ").read_bytes()
        except OSError:
            continue
        if alive and marked:
            found.append(int(folder.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, -15, marks=pytest.mark.slow),
    ],
)
def test_stopped_run_leaves_no_process__property(toy, sent, status):
    """Even while the cell holds the interpreter and no other thread of the kernel runs."""
    busy = "import re; re.match('(a+)+$', 'a' * 40 + 'b')"
    toy.replace(toy.page, "fig, ax =", f"{busy}\nfig, ax =")
    mark = f"SPINEBOOK_TEST_MARK={toy.root}"
    name, _, value = mark.partition("=")
    process = subprocess.Popen(
        [sys.executable, "-m", "spinebook", "--root", str(toy.root), "run"],
        env=os.environ | {name: value},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if "cell 4" in line:
            break
    time.sleep(0.3)
    process.send_signal(sent)
    _, told = process.communicate(timeout=20)
    assert process.returncode == status
    assert "Traceback" not in told
    deadline = time.monotonic() + 5
    while processes_of(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes_of(mark)
    toy.replace(toy.page, f"{busy}\n", "")
    assert run(toy) == 0
    assert {p.name for p in (toy.root / "_build/quick").iterdir()} == {"toy", ".toy.lock"}


def test_start_up_scripts_of_the_user_stay_out__property(toy, tmp_path, monkeypatch):
    startup = tmp_path / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("raise SystemExit('from the profile of the user')")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    assert run(toy) == 0
