"""Before pages are read: bring the results up to date, unless told not to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError

from spinebook.book.errors import BookError
from spinebook.book.site.data import RESULTS_VARIABLE, load_site

if TYPE_CHECKING:
    from sphinx.application import Sphinx

NO_RUN_VARIABLE = "SPINEBOOK_NO_RUN"


def register(app: Sphinx) -> None:
    """Run stale chapters, then load the book, before anything else looks at it."""
    app.connect("builder-inited", _prepare, priority=300)


def _prepare(app: Sphinx) -> None:
    root = Path(app.srcdir)
    if os.environ.get(NO_RUN_VARIABLE) != "1" and not os.environ.get(RESULTS_VARIABLE):
        run_stale_chapters(root)
    site = load_site(root)
    try:
        _ = site.ledger  # a malformed claims.yml is told here, with file and line
    except BookError as error:
        raise ExtensionError(str(error)) from error
    app.spinebook_site = site  # type: ignore[attr-defined]


def run_stale_chapters(root: Path) -> None:
    """Run every chapter whose results are missing or stale, with the quick profile.

    Args:
        root: folder of the checkout.

    Raises:
        ExtensionError: if a chapter fails; what went wrong is already on the terminal.
    """
    command = [sys.executable, "-m", "spinebook", "run"]
    finished = subprocess.run(command, cwd=root, check=False)
    if finished.returncode != 0:
        raise ExtensionError(
            "a chapter could not be run (see above). Mend it, or build from the results at hand "
            f"with {NO_RUN_VARIABLE}=1"
        )
