"""What makes the book: recording in chapters, ledger, runner, site and command line.

A chapter needs only the names exported here; they record what a run found and never judge it.
"""

from spinebook.book.explorer import Control, explorer
from spinebook.book.palette import COLORS, CYCLE
from spinebook.book.record import checkpoint, figure, measure, number
from spinebook.book.style import style

__all__ = [
    "COLORS",
    "CYCLE",
    "Control",
    "checkpoint",
    "explorer",
    "figure",
    "measure",
    "number",
    "style",
]
