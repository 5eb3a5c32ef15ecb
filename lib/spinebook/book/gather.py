"""Bring chapters that ran in folders of their own, as the jobs of a cluster do, into one folder."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from spinebook.book.claims import read_claims
from spinebook.book.errors import BookError
from spinebook.book.paths import Book
from spinebook.book.publish import only_run, publish, recover, working_folder
from spinebook.book.results import check_against_claims, read_results


def gather(book: Book, sources: Sequence[Path], profile: str, out: Path) -> dict[str, str]:
    """Copy every chapter's results from some folders into one, each of them whole or not at all.

    Args:
        book: the checkout.
        sources: folders of results, each with one folder a chapter; a job that failed leaves none.
        profile: the profile that all of them must be of.
        out: the folder that takes them; a chapter that no source has stays as it is there.

    Returns:
        What was done, by chapter: ``copied`` or ``the same``; by folder where one has no results.

    Raises:
        BookError: before anything is copied, if a source is no folder, two have the same chapter,
            or results are damaged, of another profile, or do not fit the ledger.
    """
    found: dict[str, Path] = {}
    empty: dict[str, str] = {}
    for source in sources:
        if not source.is_dir():
            raise BookError(f"no folder {source}; run a chapter with --out {source} first")
        folders = _chapters(book, source)
        if not folders:
            empty[str(source)] = "no results"
        for folder in folders:
            if folder.name in found:
                both = f"{found[folder.name].parent} and {source}"
                raise BookError(f"{folder.name}: results in both {both}; name one of the folders")
            found[folder.name] = folder
    faults = [fault for folder in found.values() for fault in _faults(book, folder, profile)]
    if faults:
        raise BookError("\n".join(faults))
    out.mkdir(parents=True, exist_ok=True)
    recover(out)
    return {slug: _bring(folder, out) for slug, folder in found.items()} | empty


def _chapters(book: Book, source: Path) -> list[Path]:
    return [source / slug for slug in book.select(()) if (source / slug / "results.json").is_file()]


def _faults(book: Book, folder: Path, profile: str) -> list[str]:
    path = book.chapters / folder.name / "claims.yml"
    results = read_results(folder) or {}
    if results["profile"] != profile:
        return [f"{folder}: results of the profile {results['profile']}, expected {profile}"]
    return check_against_claims(results, read_claims(path)[1], profile, path)


def _bring(folder: Path, out: Path) -> str:
    """Copy one chapter's folder into place, unless the very same results lie there already."""
    name, target = "results.json", out / folder.name
    if (target / name).is_file() and (target / name).read_bytes() == (folder / name).read_bytes():
        return "the same"
    with only_run(out, folder.name):
        copy = working_folder(out, folder.name)
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        publish(copy, target)
    return "copied"
