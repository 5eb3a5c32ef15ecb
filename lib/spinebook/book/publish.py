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
from contextlib import contextmanager, suppress
from pathlib import Path

from spinebook.book.errors import BookError

try:
    import fcntl
except ImportError:  # no such locks on Windows: there two runs of one chapter are the user's care
    fcntl = None  # type: ignore[assignment]

_LEFT = re.compile(r"\.(?P<target>(?P<slug>.+?)(\.failed)?)\.((?P<pid>\d+)\.run|old)")


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
                    f"another process is making {slug} in {results}; wait for it to end, or "
                    "work in a folder of your own (run --out FOLDER, or another checkout)"
                ) from None
            except OSError:
                pass  # a file system without locks, as some clusters have
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
    _remove(old)
    if target.exists():
        target.rename(old)
    folder.rename(target)
    _remove(old)


def recover(results: Path) -> None:
    """Clear away what processes that no longer live left behind, and undo half a swap.

    A chapter whose lock is held is left alone: its run is alive, on this machine or, where the
    folder is shared, on another one.
    """
    if not results.is_dir():
        return
    for entry in list(results.iterdir()):
        left = _LEFT.fullmatch(entry.name)
        if left is None or (left["pid"] and fcntl is None and _alive(int(left["pid"]))):
            continue
        with suppress(BookError), only_run(results, left["slug"]):
            target = results / left["target"]
            if left["pid"] is None and entry.exists() and not target.exists():
                entry.rename(target)
            else:
                _remove(entry)


def _remove(path: Path) -> None:
    """Remove a folder, or a file that somebody put in its place."""
    if path.is_file() or path.is_symlink():
        path.unlink()
    shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
