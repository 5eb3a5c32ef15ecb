"""Progress of a run: a live display on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """What the runner tells its audience."""

    def cell(self, slug: str, number: int, total: int) -> None:
        """A chapter has started its cell NUMBER of TOTAL."""

    def note(self, slug: str, text: str) -> None:
        """A long computation of a chapter says how far it is."""

    def done(self, slug: str, text: str) -> None:
        """A chapter has ended."""


class Lines:
    """One line at each quarter of a chapter, for logs."""

    def __init__(self) -> None:
        """Start with nothing told."""
        self._quarter: dict[str, int] = {}

    def cell(self, slug: str, number: int, total: int) -> None:
        """Print a line when another quarter of the cells is reached."""
        quarter = 4 * number // total
        if self._quarter.get(slug, -1) < quarter:
            self._quarter[slug] = quarter
            print(f"{slug}: cell {number} of {total}", flush=True)

    def note(self, slug: str, text: str) -> None:
        """Print it."""
        print(f"{slug}: {text}", flush=True)

    def done(self, slug: str, text: str) -> None:
        """Print how the chapter ended."""
        print(f"{slug}: {text}", flush=True)


class Bars:
    """A bar for each chapter, for terminals."""

    def __init__(self, bars: object) -> None:
        """Draw on a started rich progress display."""
        self._bars = bars
        self._tasks: dict[str, object] = {}
        self._lock = threading.Lock()

    def _task(self, slug: str, total: int) -> object:
        with self._lock:
            if slug not in self._tasks:
                self._tasks[slug] = self._bars.add_task(slug, total=total)  # type: ignore[attr-defined]
            return self._tasks[slug]

    def cell(self, slug: str, number: int, total: int) -> None:
        """Move the chapter's bar."""
        text = f"{slug}: cell {number} of {total}"
        self._bars.update(  # type: ignore[attr-defined]
            self._task(slug, total), completed=number - 1, total=total, description=text
        )

    def note(self, slug: str, text: str) -> None:
        """Write it beside the chapter's bar until the next cell."""
        self._bars.update(self._task(slug, 1), description=f"{slug}: {text}")  # type: ignore[attr-defined]

    def done(self, slug: str, text: str) -> None:
        """Fill the bar and say how the chapter ended."""
        self._bars.update(  # type: ignore[attr-defined]
            self._task(slug, 1), completed=1, total=1, description=f"{slug}: {text}"
        )


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield the display that fits standard output."""
    if sys.stdout is None or not sys.stdout.isatty():  # None where standard output is closed
        yield Lines()
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Display

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Display(*columns) as display:
        yield Bars(display)
