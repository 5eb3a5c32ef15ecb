"""``results.json``: what a finished run of a chapter leaves behind, written once and whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from spinebook.book.errors import BookError, located

SCHEMA = 1


def write_json(path: Path, content: Any) -> None:
    """Write JSON beside its final place and move it there in one step."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)


def read_results(folder: Path) -> dict[str, Any] | None:
    """Return the results of one chapter, or None where it has not run.

    Raises:
        BookError: if the file is damaged or was written by another version of this program.
    """
    path = folder / "results.json"
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise BookError(
            located(path, error.lineno, f"not valid JSON ({error.msg}); run the chapter again")
        ) from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise BookError(located(path, 1, f"expected schema {SCHEMA}; run the chapter again"))
    return content


def check_against_claims(
    results: dict[str, Any], claims: list[Any], profile: str, path: Path
) -> list[str]:
    """Return what does not fit between the records of a run and the ledger's rows."""
    by_id = {claim.id: claim for claim in claims}
    faults = [
        f"{path}: the chapter measured {m['claim']}, which claims.yml does not list; add the row"
        for m in results["measurements"]
        if m["claim"] not in by_id
    ]
    measured: dict[str, list[dict[str, Any]]] = {}
    for record in results["measurements"]:
        measured.setdefault(record["claim"], []).append(record)
    for claim in claims:
        text = _row_fault(claim, measured.get(claim.id, []), profile)
        if text:
            faults.append(located(path, claim.line, f"{claim.id}: {text}"))
    return faults + _figure_faults(results, by_id, path)


def _row_fault(claim: Any, records: list[dict[str, Any]], profile: str) -> str | None:
    tested = claim.tested[profile] is True
    if not tested:
        return "measured, but claims.yml says it is not tested; set tested: true" * bool(records)
    wanted = [region.key for region in claim.rule.regions]
    found = [record["quantity"] for record in records]
    if sorted(map(str, found)) != sorted(map(str, wanted)):
        return (
            f"the rule asks for the quantities {wanted}, the chapter measured {found}; call "
            "book.measure once for each (quantity=KEY where the rule names keys)"
        )
    pointlike = [r for r in records if r["low"] == r["high"]]
    if claim.needs_interval and pointlike:
        return "needs an interval (uncertainty: required), measured without one; pass low and high"
    return None


def _figure_faults(results: dict[str, Any], by_id: dict[str, Any], path: Path) -> list[str]:
    names = [item["name"] for kind in ("figures", "explorers") for item in results[kind]]
    faults = [
        f"{path}: the figure name {name!r} is used twice; give each its own"
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    for figure in results["figures"]:
        unknown = [claim for claim in figure["claims"] if claim not in by_id]
        if unknown:
            faults.append(f"{path}: figure {figure['name']!r} names unknown claims {unknown}")
    for claim in by_id.values():
        if claim.figure and claim.figure not in names:
            text = f"{claim.id}: its figure {claim.figure!r} was not drawn; drawn: {names}"
            faults.append(located(path, claim.line, text))
    return faults
