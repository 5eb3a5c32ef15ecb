"""Start a command of the toy book, kill a process of it at a given moment, look at what is left."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

from spinebook.book.results import read_results

MARK = "SPINEBOOK_TEST_MARK"


def moments(count, seconds, seed=0):
    """Random moments, uniform from the start to a little after the usual end."""
    draw = random.Random(seed)
    return [draw.uniform(0, 1.05 * seconds) for _ in range(count)]


def start(root, *command):
    """Start ``spinebook`` on a book; return the process and the file that it prints to."""
    log = tempfile.TemporaryFile("w+")  # noqa: SIM115  (the caller closes it)
    process = subprocess.Popen(
        [sys.executable, "-m", "spinebook", "--root", str(root), *command],
        env=os.environ | {MARK: str(root)},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    return process, log


def said(log):
    """What the command has printed so far."""
    log.seek(0)
    return log.read()


def finish(root, *command, seconds=300):
    """Run a command to its end; return its status, what it said and how long it took."""
    began = time.monotonic()
    process, log = start(root, *command)
    with log:
        status = process.wait(seconds)
        return status, said(log), time.monotonic() - began


def processes_of(root):
    """Numbers and command lines of the living processes that work for a book."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            alive = folder.joinpath("stat").read_text().rpartition(") ")[2][0] != "Z"
            marked = f"{MARK}={root}\0".encode() in folder.joinpath("environ").read_bytes()
            command = folder.joinpath("cmdline").read_bytes().decode()
        except OSError:
            continue
        if alive and marked:
            found[int(folder.name)] = command
    return found


def _kernels(root):
    return [number for number, text in processes_of(root).items() if "ipykernel_launcher" in text]


def wait_for_kernel(root, process):
    """Wait until the Python process of the notebook is there, or the run has ended."""
    while not _kernels(root) and process.poll() is None:
        time.sleep(0.01)


def life_of_kernel(root):
    """Run a book once more; return for how many seconds the notebook's Python process lives."""
    process, log = start(root, "run", "--force")
    with log:
        wait_for_kernel(root, process)
        began = time.monotonic()
        while _kernels(root):
            time.sleep(0.01)
        seconds = time.monotonic() - began
        assert process.wait(200) == 0, said(log)
    return seconds


def kill_kernel(root):
    """Kill the Python process of the notebook, if there is one; say whether there was."""
    for number in _kernels(root):
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True
    return False


def wait_for_silence(root, seconds=20):
    """Return the processes that are still alive after a while, which should be none."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(root)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def trials_of(folder):
    """Read a folder of results in full; return the parameter ``trials`` of its run.

    Raises whatever a half-written file would raise.
    """
    results = read_results(folder)
    assert results is not None
    notebook = json.loads((folder / "notebook.ipynb").read_text())
    assert notebook["cells"]
    for figure in results["figures"]:
        for path in (folder / "figures").glob(f"{figure['name']}.*"):
            if path.suffix == ".svg":
                ElementTree.fromstring(path.read_text())
            if path.suffix == ".png":
                assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
        assert list((folder / "figures").glob(f"{figure['name']}.*"))
    trials = results["parameters"]["trials"]
    assert results["numbers"]["trials"]["value"] == trials
    return trials
