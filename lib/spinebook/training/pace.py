"""How many steps one call of the compiled program takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
# One dispatch lasts about this long: a run then hears an interrupt, tells how far it is, and is
# saved, at a cost nobody notices.
_DISPATCH_SECONDS = 5.0
_FIRST_DISPATCH = 50


class Pace:
    """Learns from how long the last steps took how many to dispatch at once."""

    def __init__(self) -> None:
        """Begin with a few steps."""
        self.steps = _FIRST_DISPATCH
        self._warm = False

    def timed(self, advance: Callable[..., T], state: object, step: int, stop: int) -> T:
        """Advance from ``step`` to ``stop`` and return what comes back."""
        begun = time.monotonic()
        result = advance(state, step, stop)
        seconds = time.monotonic() - begun
        if self._warm:
            rate = (stop - step) / max(seconds, 1e-6)
            self.steps = int(min(max(1.0, rate * _DISPATCH_SECONDS), 20 * self.steps))
        self._warm = True  # the first dispatch is mostly compilation
        return result
