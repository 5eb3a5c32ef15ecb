"""Mistakes that a person can mend, told with the file, the line and the remedy."""

from __future__ import annotations

from pathlib import Path


class BookError(Exception):
    """Something in the book's sources or results is wrong; the message says what to do."""


def located(path: Path, line: int | None, message: str) -> str:
    """Return ``path:line: message``, the form that editors turn into a link."""
    place = f"{path}:{line}" if line else str(path)
    return f"{place}: {message}"
