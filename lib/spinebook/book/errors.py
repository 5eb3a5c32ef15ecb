"""Mistakes that a person can mend, told with the file, the line and the remedy."""

from __future__ import annotations

import errno
from pathlib import Path


class BookError(Exception):
    """Something in the book's sources or results is wrong; the message says what to do."""


def located(path: Path, line: int | None, message: str) -> str:
    """Return ``path:line: message``, the form that editors turn into a link."""
    place = f"{path}:{line}" if line else str(path)
    return f"{place}: {message}"


def system_fault(error: OSError) -> str:
    """Say in words what the system refused, and what to do about it."""
    place = f"{error.filename}: " if error.filename else ""
    remedies = {
        errno.ENOSPC: "; free some space, or choose another folder with --out",
        errno.EDQUOT: "; free some space, or choose another folder with --out",
        errno.EROFS: "; choose another folder with --out",
        errno.EACCES: "; choose another folder with --out, or change its permissions",
    }
    return f"{place}{error.strerror or error}{remedies.get(error.errno or 0, '')}"
