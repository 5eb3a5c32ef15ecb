"""What went wrong in a chapter's run, told so that its author finds the place."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path
from typing import Any

from spinebook.book.errors import BookError, located, system_fault
from spinebook.book.parameters import line_of


def describe(error: Exception, page: Path, source: str) -> str:
    """Return an error in words, with the page's line where that is known.

    Args:
        error: what ended the run.
        page: the chapter's source.
        source: code of the cell that was at work.
    """
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        return _failed_cell(error, page)
    if isinstance(error, DeadKernelError):
        return located(
            page,
            line_of(page, source),
            "the Python process of the notebook died in the cell that starts here. The usual "
            "reasons: the machine ran out of memory (run fewer chapters at a time with --jobs 1, "
            "or smaller with -p), a crash in compiled code, or quit() in the cell",
        )
    if isinstance(error, RuntimeError) and "Kernel died before" in str(error):
        return (
            "the notebook's Python did not start; see whether "
            f"`{sys.executable} -m ipykernel_launcher --help` works, and make the environment anew "
            "if it does not (make distclean)"
        )
    if isinstance(error, BookError):
        return str(error)
    if isinstance(error, OSError):
        return system_fault(error)
    return f"{''.join(traceback.format_exception(error))}This is a fault of the runner itself."


def stopped_early(notebook: Any, page: Path) -> str:
    """Say why a notebook that raised no error has not come to its last cell."""
    for cell in notebook.cells:
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            text = "the notebook ended in the cell that starts here; remove exit() or SystemExit"
            return located(page, line_of(page, cell.source), text)
    return located(page, None, "the notebook did not come to its last cell")


def _failed_cell(error: Any, page: Path) -> str:
    told = str(error).strip()
    line = line_of(page, error.source)
    inside = re.search(rf"Cell In\[{error.exec_count}\], line (\d+)", told)
    if line and inside:
        line += int(inside[1]) - 1
    reason = (error.evalue or "").strip().splitlines()
    head = f"{error.ename}: {reason[0]}" if reason else str(error.ename)
    return f"{located(page, line, head)}\n{told}"
