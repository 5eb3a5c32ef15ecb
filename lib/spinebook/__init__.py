"""Spinebook: helpers behind a reproducible companion to seven papers on how neural circuits learn.

Importing this package is light: it loads neither JAX nor any subpackage until one is asked for.
"""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinebook import (
        book,
        data,
        dendrites,
        geometry,
        landscape,
        mediation,
        neurons,
        pixels,
        polarity,
        regimes,
        stats,
        training,
    )

try:
    __version__ = version("spinebook")
except PackageNotFoundError:  # a checkout on the path, never installed
    __version__ = "0+unknown"

__all__ = [
    "__version__",
    "book",
    "data",
    "dendrites",
    "geometry",
    "landscape",
    "mediation",
    "neurons",
    "pixels",
    "polarity",
    "regimes",
    "stats",
    "training",
]
_SUBMODULES = frozenset(__all__) - {"__version__"}


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"spinebook.{name}")
    raise AttributeError(f"module 'spinebook' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | _SUBMODULES)
