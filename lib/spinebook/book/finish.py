"""The last thing a chapter's kernel does under the runner: say what it ran on."""

from __future__ import annotations

from spinebook.book.jsonfile import write_json
from spinebook.book.provenance import environment, loaded_modules
from spinebook.book.record import run_folder


def finish() -> None:
    """Write environment and loaded library modules to ``final.json`` in the run's folder."""
    folder = run_folder()
    if folder is None:
        raise RuntimeError("finish() is called by the runner, at the end of a chapter")
    content = {"environment": environment(), "modules": loaded_modules()}
    write_json(folder / "final.json", content)
