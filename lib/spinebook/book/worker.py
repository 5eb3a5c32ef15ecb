"""The operating-system processes that execute chapters, one each, and their end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Said by every kernel that talks over TCP, as all of them do here, on this machine alone.
_NOISE = "[IPKernelApp] WARNING | Kernel is running over TCP"
_PATIENCE_SECONDS = 5.0


class Stopped(Exception):
    """The run was told to stop before this chapter was done; a person asked for it."""


class Workers:
    """The processes at work, so that Ctrl-C ends them all at once."""

    def __init__(self) -> None:
        """Start with none."""
        self._live: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def execute(
        self, request: Path, root: Path, build: Path, report: Callable[[dict[str, Any]], None]
    ) -> tuple[int, str]:
        """Execute a request, telling of each event; return exit status and what was on stderr.

        Raises:
            Stopped: if the run was told to stop before or meanwhile.
        """
        # The log lies outside the results, whose disk may be full.
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log,
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        ):
            with self._lock:
                if self._stopped:
                    raise Stopped
                process = subprocess.Popen(
                    [sys.executable, "-m", "spinebook.book.execute", str(request)],
                    cwd=root,
                    env=_environment(build, profile),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
                self._live.add(process)
            with process:
                assert process.stdout is not None
                for line in process.stdout:
                    if line.startswith("{"):
                        report(json.loads(line))
            with self._lock:
                self._live.discard(process)
                if self._stopped:
                    raise Stopped
            log.seek(0)
            lines = [line for line in log if not line.startswith(_NOISE)]
        return process.returncode, "".join(lines).strip()

    def stop(self) -> None:
        """End every process and start no other."""
        with self._lock:
            self._stopped = True
            live = list(self._live)
        for process in live:
            process.terminate()
        for process in live:
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _environment(build: Path, profile: str) -> dict[str, str]:
    own = {
        "JAX_COMPILATION_CACHE_DIR": str(build / ".jax-cache"),
        # A chapter has dozens of small programs; by default only slow compilations are kept.
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        # A stopped run can leave half an entry behind; JAX then compiles, which is all it takes.
        "PYTHONWARNINGS": "ignore:Error reading persistent compilation cache entry",
        "MPLBACKEND": "agg",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        # No start-up script or kernel of the user's own may get into a chapter.
        "IPYTHONDIR": profile,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PATH": "",
    }
    # The threads of OpenBLAS, which solves JAX's linear systems, wait by spinning: with two
    # chapters on two cores they cost up to thirty times what a small system takes.
    # NPROC is the size of JAX's thread pool on a CPU, by default the number of cores. Batched
    # decompositions that run side by side hold a thread each while they wait for another one:
    # with two cores two of them wait for ever (jax 0.10.2), with sixteen threads they do not.
    return {"OPENBLAS_NUM_THREADS": "1", "NPROC": "16"} | os.environ | own
