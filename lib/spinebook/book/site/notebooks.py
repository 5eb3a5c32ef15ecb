"""The executed notebook as a reader downloads it: ready to start, nothing of our machine in it."""

from __future__ import annotations

from pathlib import Path

import nbformat

INSTALL = """\
# Install the library unless it is here already (on Colab it is not).
import importlib.util

if importlib.util.find_spec("spinebook") is None:
    %pip install --quiet "spinebook[book] @ git+{repository}{version}"
"""


def write_download(source: Path, target: Path, repository: str, commit: str | None) -> None:
    """Write the notebook for download.

    Args:
        source: what papermill wrote.
        target: where readers find it.
        repository: public address of the repository, or empty; with one, the first cell installs
            the library where it is missing.
        commit: the commit that made the results, whose library that cell installs; with None it
            installs the newest one.
    """
    notebook = nbformat.reads(source.read_text("utf-8"), as_version=4)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    if repository:
        version = f"@{commit}" if commit else ""
        code = INSTALL.format(repository=repository, version=version)
        cell = nbformat.v4.new_code_cell(code)
        cell["id"] = "install"
        cell.metadata["tags"] = ["hide-input"]
        notebook.cells.insert(0, cell)
    notebook.nbformat_minor = max(notebook.nbformat_minor, 5)
    text = nbformat.writes(notebook)
    if not target.is_file() or target.read_text("utf-8") != text:
        target.write_text(text, "utf-8")
