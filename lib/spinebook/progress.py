"""Lines that tell how far a long computation has come."""

from __future__ import annotations

import sys
import time

PREFIX = "progress: "
"""How every line starts, so that a runner can tell progress from complaints."""

_SILENT_SECONDS = 15.0


class Progress:
    """Says on standard error where a run stands, at most every fifteen seconds.

    A run shorter than that says nothing.
    """

    def __init__(self, label: str | None, step: int, steps: int) -> None:
        """Start the clock of a run that begins at ``step``."""
        self._label, self._first, self._steps = label, step, steps
        self._start = self._told = time.monotonic()

    def tell(self, step: int) -> None:
        """Say that ``step`` is reached, if the last word was long enough ago."""
        now = time.monotonic()
        if self._label is None or now - self._told < _SILENT_SECONDS or step >= self._steps:
            return
        self._told = now
        left = (now - self._start) / (step - self._first) * (self._steps - step)
        print(
            f"{PREFIX}{self._label}: step {step:,} of {self._steps:,}, about {_spoken(left)} left",
            file=sys.stderr,
            flush=True,
        )


def _spoken(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
