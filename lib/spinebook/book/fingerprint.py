"""When a chapter must run again, and why: page, profile, parameters, library or lock changed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from spinebook.book.chapters import Chapter
from spinebook.book.paths import Book
from spinebook.book.provenance import digest, file_digest
from spinebook.book.results import read_results


def code_digest(chapter: Chapter) -> str:
    """Digest what a page executes: its code cells; prose may change without a new run."""
    cells = [
        [cell.source, sorted(cell.metadata.get("tags", []))]
        for cell in chapter.code_cells
        if cell.source.strip()
    ]
    return digest(json.dumps(cells).encode())


def source_parts(book: Book, chapter: Chapter, overrides: dict[str, Any]) -> dict[str, str]:
    """Return the parts of a fingerprint that are known before the run."""
    return {
        "code": code_digest(chapter),
        "parameters": digest(json.dumps(overrides, sort_keys=True).encode()),
        "lock": file_digest(book.lock),
    }


def reasons_to_run(
    book: Book, chapter: Chapter, overrides: dict[str, Any], folder: Path
) -> list[str]:
    """Return why a chapter must run, in words; nothing if its results can be used again.

    Args:
        book: the checkout.
        chapter: the chapter as it stands.
        overrides: what the run would override.
        folder: where the chapter's results lie or would lie.
    """
    results = read_results(folder)
    if results is None:
        return ["never run"]
    old = results["fingerprint"]
    texts = {
        "code": "the page's code changed",
        "parameters": f"other parameters asked for: {overrides or 'quick values'}",
        "lock": "the lock file changed",
    }
    parts = source_parts(book, chapter, overrides)
    reasons = [texts[key] for key, value in parts.items() if old.get(key) != value]
    changed = [name for name, was in old["modules"].items() if module_digest(name) != was]
    if changed:
        reasons.append(f"library changed: {', '.join(changed)}")
    return reasons + [f"missing file: {name}" for name in _missing(results, folder)]


def module_digest(name: str) -> str:
    """Digest the source of an installed module without importing it."""
    package = importlib.util.find_spec("spinebook")
    if package is None or package.origin is None:
        return "absent"
    base = Path(package.origin).parent.joinpath(*name.split(".")[1:])
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    return file_digest(path)


def _missing(results: dict[str, Any], folder: Path) -> list[str]:
    names = ["notebook.ipynb"]
    for figure in results["figures"]:
        names += [*figure.get("files", {}).values(), *figure.get("data", [])]
    return [name for name in names if not (folder / name).is_file()]
