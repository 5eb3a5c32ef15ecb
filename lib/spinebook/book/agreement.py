"""What ``spinebook claims --compare`` says: does a run agree with the book's own?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spinebook.book.claims import read_claims
from spinebook.book.comparison import (
    Agreement,
    Compared,
    compare,
    other_parameters,
)
from spinebook.book.errors import BookError
from spinebook.book.numerals import compact
from spinebook.book.paths import Book
from spinebook.book.reference import read_reference
from spinebook.book.results import read_results

_FAULTS = (Agreement.DIFFERS, Agreement.MISSING)


def compare_book(book: Book, profile: str, results: Path) -> tuple[str, list[str]]:
    """Compare all chapters that have run with the reference results of the repository.

    Returns:
        What to print, and what to object to: one line for each measurement that differs or is
        missing.

    Raises:
        BookError: if no chapter has run, or none has a reference.
    """
    lines: list[str] = []
    problems: list[str] = []
    compared = 0
    for slug in book.slugs():
        found, reference = read_results(results / slug), read_reference(book, profile, slug)
        if found is None or reference is None:
            lines.append(f"{slug}: {'not run' if found is None else 'no reference results'}")
            continue
        claims = read_claims(book.chapters / slug / "claims.yml")[1]
        rows = compare(found, reference, claims)
        compared += 1
        lines += _chapter_lines(slug, rows, found, reference)
        problems += [_fault(row) for row in rows if row.agreement in _FAULTS]
    if not compared:
        raise BookError(
            f"nothing to compare: run chapters first (results in {results}, references in "
            f"{book.root / 'results' / profile})"
        )
    return "\n".join(lines), problems


def _chapter_lines(
    slug: str, rows: list[Compared], found: Mapping[str, Any], reference: Mapping[str, Any]
) -> list[str]:
    counts = Counter(row.agreement for row in rows)
    told = ", ".join(f"{counts[kind]} {kind.value}" for kind in Agreement if counts[kind])
    lines = [f"{slug}: {len(rows)} measurements, {told}"]
    here, there = _machine(found), _machine(reference)
    if here != there:
        lines.append(f"    here {here}; the book's run {there}")
    if changed := other_parameters(found, reference):
        lines.append(f"    other parameters: {', '.join(changed)}")
    return lines


def _machine(results: Mapping[str, Any]) -> str:
    origin = results["provenance"]
    device = origin["processor"] if origin["device"] == "CPU" else origin["device"]
    return f"{device}, {origin['threads']} threads, jax {origin['versions'].get('jax', 'absent')}"


def _fault(row: Compared) -> str:
    name = f"{row.claim} {row.quantity}" if row.quantity else row.claim
    if row.value is None or row.reference is None:
        return f"{name}: not measured; the book's run has it"
    return (
        f"{name}: {compact(row.value)}, but the book's run has {compact(row.reference)}; "
        f"{compact(row.allowed)} apart would be rounding or chance"
    )
