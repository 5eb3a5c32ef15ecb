"""Swap finished folders into place, so that a reader of results never sees half a chapter.

A run works in ``.SLUG.PID.run``. Publishing moves the old folder aside, the new one in, and removes
the old one; if the process dies between the two moves, the next call of `recover` puts the old
folder back.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spinebook.book.errors import BookError

try:
    import fcntl
except ImportError:  # no such locks on Windows: there two runs of one chapter are the user's care
    fcntl = None  # type: ignore[assignment]

_RUN = re.compile(r"\.(?P<slug>.+)\.(?P<pid>\d+)\.run")
_OLD = re.compile(r"\.(?P<slug>.+)\.old")


@contextmanager
def only_run(results: Path, slug: str) -> Iterator[None]:
    """Hold a chapter's results for one run; the system lets go when the process ends.

    Raises:
        BookError: if another process is running the same chapter into the same folder.
    """
    with (results / f".{slug}.lock").open("w") as handle:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BookError(
                    f"another process is running {slug} into {results}; wait for it to end, or "
                    "choose another folder with --out"
                ) from None
        yield


def working_folder(results: Path, slug: str) -> Path:
    """Make and return an empty folder for a run by this process."""
    folder = results / f".{slug}.{os.getpid()}.run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def publish(folder: Path, target: Path) -> None:
    """Move a finished folder to its place, replacing what was there."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    folder.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def recover(results: Path) -> None:
    """Clear away what processes that no longer live left behind, and undo half a swap."""
    if not results.is_dir():
        return
    for entry in results.iterdir():
        run, old = _RUN.fullmatch(entry.name), _OLD.fullmatch(entry.name)
        if old and not (results / old["slug"]).exists():
            entry.rename(results / old["slug"])
        elif old or (run and not _alive(int(run["pid"]))):
            shutil.rmtree(entry, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
