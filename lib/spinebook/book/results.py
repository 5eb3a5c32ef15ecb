"""``results.json``: what a finished run of a chapter leaves behind, written once and whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spinebook.book.documents import schema_faults
from spinebook.book.errors import BookError, located
from spinebook.book.parameters import line_of

SCHEMA = 1


def read_results(folder: Path) -> dict[str, Any] | None:
    """Return the results of one chapter, or None where it has not run.

    Raises:
        BookError: if the file is damaged or was written by another version of this program.
    """
    path = folder / "results.json"
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        content = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise BookError(
            located(path, error.lineno, f"not valid JSON ({error.msg}); run the chapter again")
        ) from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise BookError(located(path, 1, f"expected schema {SCHEMA}; run the chapter again"))
    faults = [text.removesuffix("; add it") for _, text in schema_faults(content, "results")]
    if faults:
        text = f"damaged, or of another version ({faults[0]}); run the chapter again"
        raise BookError(located(path, None, text))
    return content


def _refuse(constant: str) -> float:
    raise json.JSONDecodeError(f"{constant} is not finite", "", 0)


def check_against_claims(
    results: dict[str, Any], claims: list[Any], profile: str, path: Path, *, whole: bool = True
) -> list[str]:
    """Return what does not fit between the records of a run and the ledger's rows.

    Args:
        results: what the run recorded.
        claims: the chapter's rows.
        profile: ``quick`` or ``full``.
        path: the chapter's ``claims.yml``.
        whole: whether every row of the profile must have been measured and its figure drawn; a run
            with a reader's own parameters may leave some out, and add some of the other profile.
    """
    by_id = {claim.id: claim for claim in claims}
    page = path.with_name("index.md")
    faults = [
        _in_page(page, claim, f"measures {claim}, which claims.yml does not list; add the row")
        for claim in dict.fromkeys(m["claim"] for m in results["measurements"])
        if claim not in by_id
    ]
    measured: dict[str, list[dict[str, Any]]] = {}
    for record in results["measurements"]:
        measured.setdefault(record["claim"], []).append(record)
    for claim in claims if whole else ():
        text = _row_fault(claim, measured.get(claim.id, []), profile)
        if text:
            faults.append(located(path, claim.line, f"{claim.id}: {text}"))
    return faults + _figure_faults(results, by_id, path, page, whole)


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


def _in_page(page: Path, word: str, text: str) -> str:
    line = line_of(page, f'"{word}"') if page.is_file() else None
    return located(page, line, text)


def _figure_faults(
    results: dict[str, Any], by_id: dict[str, Any], path: Path, page: Path, whole: bool
) -> list[str]:
    names = [item["name"] for kind in ("figures", "explorers") for item in results[kind]]
    faults = [
        _in_page(page, name, f"the figure name {name!r} is used twice; give each its own")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    for figure in results["figures"]:
        unknown = [claim for claim in figure["claims"] if claim not in by_id]
        if unknown:
            text = (
                f"figure {figure['name']!r} names claims that claims.yml does not list: {unknown}"
            )
            faults.append(_in_page(page, figure["name"], text))
    for claim in by_id.values() if whole else ():
        if claim.figure and claim.figure not in names:
            text = f"{claim.id}: its figure {claim.figure!r} was not drawn; drawn: {names}"
            faults.append(located(path, claim.line, text))
    return faults
