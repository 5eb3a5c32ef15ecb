"""The whole ledger as files to download: one line for each quantity of each row."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinebook.book.ledger import Row
from spinebook.book.rules import Region
from spinebook.book.site.strip_plot import SIDES

if TYPE_CHECKING:
    from spinebook.book.site.data import SiteData

SCHEMA = 1
FOLDER = "results/ledger"

COLUMNS: dict[str, str] = {
    "profile": "profile whose results these are: quick or full",
    "id": "id of the row",
    "chapter": "chapter, as in its address",
    "kind": "claim (published), erratum (found by us) or finding (an experiment of our own)",
    "verdict": "reproduced, contradicted, inconclusive, not tested or not run",
    "label": "the verdict as the site words it for this kind of row",
    "statement": "what the row says",
    "where": "where the paper, its code or its data says so",
    "published": "the published value or direction",
    "quantities": "how many quantities the rule has; each has a line of its own",
    "needed": "how many of them must lie in their regions",
    "quantity": "the measured quantity in words",
    "key": "its name in the chapter's code, empty where the rule has one quantity only",
    "unit": "unit of the value and its bounds, empty for counts and probabilities",
    "allowed_low": "lower bound of the allowed region, empty where there is none",
    "allowed_high": "upper bound of the allowed region, empty where there is none",
    "bounds_allowed": "true if a value on a bound lies inside",
    "value": "what we measured, empty if not tested in this profile",
    "low": "lower end of its interval; the value itself for an exact result",
    "high": "upper end of its interval; the value itself for an exact result",
    "n": "number of independent samples or seeds behind the value",
    "side": "where the interval lies: inside, outside or across a bound",
    "note": "remark on the measurement",
    "reason": "why this rule",
    "tested_quick": "true, or why the quick profile does not test the row",
    "tested_full": "true, or why the full profile does not test the row",
    "grade": "how sure an erratum is: certain, likely or uncertain",
    "source": "where an erratum was seen: paper, code, data or image",
    "evidence": "what shows the erratum",
    "figure": "figure of the chapter that shows the row",
    "code_cell": "code cell that measures the row, counted from 1",
    "code_line": "line of the chapter's index.md on which it does",
}
"""Name of each column and what it holds."""


def paths(profile: str) -> tuple[str, str]:
    """Return the places of the CSV and the JSON file in the site."""
    stem = f"{FOLDER}/spinebook-ledger-{profile}"
    return f"{stem}.csv", f"{stem}.json"


def write(site: SiteData, out: Path) -> None:
    """Write both files below the site's folder; rows come in the order of the book."""
    lines = list(records(site))
    table, objects = (out / path for path in paths(site.profile))
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text(as_csv(lines), "utf-8", newline="")
    objects.write_text(as_json(site.profile, lines), "utf-8")


def records(site: SiteData) -> Iterable[dict[str, Any]]:
    """Yield one record for each quantity of each row, with the keys of ``COLUMNS``."""
    for row in site.rows:
        place = site.code_places.get(row.claim.id) if row.measurements else None
        code = {"code_cell": place.cell, "code_line": place.line} if place else {}
        about = _about(row) | {"profile": site.profile} | code
        rule = row.claim.rule
        found: dict[str | None, dict[str, Any]] = {
            region.key: record for region, record in row.measurements
        }
        for region in rule.regions if rule else ():
            record = about | _region(region) | _measured(region, found.get(region.key))
            yield {name: record.get(name) for name in COLUMNS}
        if rule is None:
            yield {name: about.get(name) for name in COLUMNS}


def as_csv(lines: Iterable[dict[str, Any]]) -> str:
    """Return records as CSV (RFC 4180), with the names of the columns first."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(COLUMNS))
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in line.items()} for line in lines)
    return buffer.getvalue()


def as_json(profile: str, lines: Iterable[dict[str, Any]]) -> str:
    """Return records as JSON, with a description of each column; what is absent is null."""
    content = {"schema": SCHEMA, "profile": profile, "columns": COLUMNS, "rows": list(lines)}
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1)


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _about(row: Row) -> dict[str, Any]:
    claim = row.claim
    names = "id kind statement where published reason grade source evidence figure"
    return {name: getattr(claim, name) for name in names.split()} | {
        "chapter": row.chapter,
        "verdict": row.verdict.value,
        "label": row.label,
        "quantities": len(claim.rule.regions) if claim.rule else 0,
        "needed": claim.rule.needed if claim.rule else None,
        "tested_quick": claim.tested["quick"],
        "tested_full": claim.tested["full"],
    }


def _region(region: Region) -> dict[str, Any]:
    return {
        "quantity": region.quantity,
        "key": region.key,
        "unit": region.unit,
        "allowed_low": region.low if math.isfinite(region.low) else None,
        "allowed_high": region.high if math.isfinite(region.high) else None,
        "bounds_allowed": region.closed,
    }


def _measured(region: Region, record: dict[str, Any] | None) -> dict[str, Any]:
    if record is None:
        return {}
    side = SIDES[region.judge(record["low"], record["high"])]
    return {name: record[name] for name in ("value", "low", "high", "n", "note")} | {"side": side}
