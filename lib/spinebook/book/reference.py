"""Reference results: what the book's own run measured, kept in the repository as small JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spinebook.book.documents import schema_faults
from spinebook.book.errors import BookError, located
from spinebook.book.jsonfile import write_json
from spinebook.book.paths import Book
from spinebook.book.results import read_results

SCHEMA = 1
_OF_A_MEASUREMENT = ("claim", "quantity", "value", "low", "high", "n", "unit")
_OF_THE_ORIGIN = (
    "commit", "device", "platform", "processor", "python", "seconds", "started", "threads",
    "versions",
)  # fmt: skip


def reference_path(book: Book, profile: str, slug: str) -> Path:
    """Return where the reference of a chapter lies."""
    return book.root / "results" / profile / f"{slug}.json"


def write_reference(book: Book, profile: str, slug: str, results: Path) -> Path | None:
    """Keep what a run of a chapter measured, with its parameters and where it was run.

    Returns:
        The file written, or None where the chapter has not run.
    """
    found = read_results(results / slug)
    if found is None:
        return None
    content = {
        "schema": SCHEMA,
        "chapter": slug,
        "profile": profile,
        "parameters": found["parameters"],
        "measurements": [
            {key: record[key] for key in _OF_A_MEASUREMENT} for record in found["measurements"]
        ],
        "provenance": {key: found["provenance"][key] for key in _OF_THE_ORIGIN},
    }
    path = reference_path(book, profile, slug)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, content)
    return path


def read_reference(book: Book, profile: str, slug: str) -> dict[str, Any] | None:
    """Return the reference of a chapter, or None where the repository has none.

    Raises:
        BookError: if the file is damaged.
    """
    path = reference_path(book, profile, slug)
    if not path.is_file():
        return None
    remedy = "restore it with `git checkout`, or record a run anew"
    try:
        content = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except json.JSONDecodeError as error:
        text = f"not valid JSON ({error.msg}); {remedy}"
        raise BookError(located(path, error.lineno, text)) from None
    faults = [text for _, text in schema_faults(content, "reference")]
    if faults:
        raise BookError(located(path, None, f"damaged ({faults[0]}); {remedy}"))
    return dict(content)
