"""When a chapter must run again, and why: page, profile, parameters, library or lock changed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from spinebook.book.chapters import Chapter
from spinebook.book.errors import BookError
from spinebook.book.paths import Book
from spinebook.book.provenance import digest, file_digest
from spinebook.book.results import read_results

# The tags that change what is executed; all others only change how a cell is shown.
_WORKING_TAGS = frozenset({"parameters", "raises-exception", "skip-execution"})
# What lies beside a page and is read by the book itself, not by the page's code.
_OWN_FILES = frozenset({"index.md", "claims.yml", "profiles.yml", "verdicts.yml"})


def code_digest(chapter: Chapter) -> str:
    """Digest what a page executes: its code cells; prose may change without a new run."""
    cells = [
        [cell.source, sorted(_WORKING_TAGS.intersection(cell.metadata.get("tags", [])))]
        for cell in chapter.code_cells
    ]
    return digest(json.dumps(cells).encode())


def files_digest(folder: Path) -> str:
    """Digest the files beside a page that its code may read: data, modules of its own."""
    digests = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith((".", "__pycache__")) for part in name.parts)
        if path.is_file() and not hidden and str(name) not in _OWN_FILES:
            digests[name.as_posix()] = file_digest(path)
    digests = {name: found for name, found in digests.items() if not name.endswith(".ipynb")}
    return digest(json.dumps(digests).encode())


def source_parts(book: Book, chapter: Chapter) -> dict[str, str]:
    """Return the parts of a fingerprint that are known before the run."""
    return {
        "code": code_digest(chapter),
        "files": files_digest(chapter.page.parent),
        "lock": file_digest(book.lock),
    }


def reasons_to_run(
    book: Book, chapter: Chapter, profile: str, overrides: dict[str, Any], folder: Path
) -> list[str]:
    """Return why a chapter must run, in words; nothing if its results can be used again.

    Args:
        book: the checkout.
        chapter: the chapter as it stands.
        profile: name of the profile asked for.
        overrides: what the run would override.
        folder: where the chapter's results lie or would lie.
    """
    try:
        results = read_results(folder)
    except BookError as error:
        return [str(error)]
    if results is None:
        return ["never run"]
    old = results["fingerprint"]
    texts = {
        "code": "the page's code changed",
        "files": "a file beside the page changed",
        "lock": "the lock file changed",
    }
    parts = source_parts(book, chapter)
    reasons = [texts[key] for key, value in parts.items() if old.get(key) != value]
    reasons += _other_values(results["parameters"], chapter.parameters | overrides)
    if results["profile"] != profile:
        reasons.append(f"these results are of the profile {results['profile']}")
    changed = [name for name, was in old["modules"].items() if module_digest(name) != was]
    if changed:
        reasons.append(f"library changed: {', '.join(changed)}")
    return reasons + [f"missing file: {name}" for name in _missing(results, folder)]


def module_digest(name: str) -> str:
    """Digest the source of an installed module without importing it."""
    base = _package()
    if base is None:
        return "absent"
    base = base.joinpath(*name.split(".")[1:])
    package = base / "__init__.py"
    return file_digest(package if package.is_file() else base.with_suffix(".py"))


def library_digests() -> dict[str, str]:
    """Digest every module of the library, by name, as it stands now."""
    base = _package()
    digests = {}
    for path in base.rglob("*.py") if base else ():
        parts = ("spinebook", *path.relative_to(base or path).with_suffix("").parts)
        digests[".".join(parts).removesuffix(".__init__")] = file_digest(path)
    return digests


def _package() -> Path | None:
    found = importlib.util.find_spec("spinebook")
    return None if found is None or found.origin is None else Path(found.origin).parent


def _other_values(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    new = json.loads(json.dumps(new))  # a tuple comes back from results.json as a list
    differing = [
        f"{name} ({old.get(name, 'absent')} → {new.get(name, 'absent')})"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    return [f"other parameters: {', '.join(differing)}"] if differing else []


def _missing(results: dict[str, Any], folder: Path) -> list[str]:
    names = ["notebook.ipynb"]
    for figure in results["figures"]:
        names += [*figure["files"].values(), *figure["data"]]
    return [name for name in names if not (folder / name).is_file()]
