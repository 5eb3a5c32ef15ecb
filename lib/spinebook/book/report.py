"""What the command line prints about results: the ledger, its check, and the figures."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

from spinebook.book.ledger import Ledger, Row
from spinebook.book.numerals import compact
from spinebook.book.paths import Book
from spinebook.book.results import read_results
from spinebook.book.rules import Verdict

_COLOURS = {
    Verdict.REPRODUCED: "green",
    Verdict.CONTRADICTED: "red",
    Verdict.INCONCLUSIVE: "yellow",
}


def measured_text(row: Row) -> str:
    """Write what was measured for a row, with its interval where it has one."""
    return "; ".join(_value_text(record) for _, record in row.measurements)


def ledger_table(ledger: Ledger) -> str:
    """Return the ledger as a table for the terminal, with a count of each verdict."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_lines=False, header_style="bold")
    for name in ("Row", "Chapter", "Rule", "Measured"):
        table.add_column(name, overflow="fold")
    table.add_column("Verdict", no_wrap=True)
    for row in ledger.rows:
        colour = _COLOURS.get(row.verdict, "default")
        rule = row.claim.rule.text if row.claim.rule else ""
        measured = measured_text(row) or (row.reason_not_tested or "")
        table.add_row(
            row.claim.id, row.chapter, rule, measured, f"[{colour}]{row.label}[/{colour}]"
        )
    width = max(100, shutil.get_terminal_size((120, 24)).columns)
    buffer = io.StringIO()
    Console(file=buffer, width=width, force_terminal=None).print(table)
    return buffer.getvalue() + "\n".join(_totals(ledger))


def ledger_json(ledger: Ledger) -> str:
    """Return the ledger as JSON, one object a row."""
    return json.dumps([_row_object(row) for row in ledger.rows], ensure_ascii=False, indent=1)


def check_problems(ledger: Ledger) -> list[str]:
    """Return what ``claims --check`` objects to, one line each."""
    problems = [
        f"{row.claim.id}: not run; run `spinebook run {row.chapter}` first"
        for row in ledger.rows
        if row.verdict is Verdict.NOT_RUN
    ]
    problems += [
        f"{row.claim.id}: {row.verdict.value}, but the repository records "
        f"{row.recorded or 'nothing'}; find out why, then `spinebook claims --record`"
        for row in ledger.changed()
    ]
    return problems + list(ledger.strays)


def figure_table(book: Book, results: Path) -> str:
    """List every figure of the results with its files."""
    lines = []
    for slug in book.slugs():
        found = read_results(results / slug)
        if found is None:
            lines.append(f"{slug}: never run")
            continue
        for figure in found["figures"]:
            files = [*figure.get("files", {}).values(), *figure.get("data", [])]
            lines.append(f"{slug}  {figure['title']}  {' '.join(files)}")
    return "\n".join(lines)


def _value_text(record: dict[str, Any]) -> str:
    unit = f" {record['unit']}" if record["unit"] else ""
    text = compact(record["value"]) + unit
    if record["low"] != record["high"]:
        text += f" [{compact(record['low'])}, {compact(record['high'])}]"
    if record["quantity"]:
        text = f"{record['quantity']}: {text}"
    return text


def _totals(ledger: Ledger) -> list[str]:
    lines = []
    for kind, name in (("claim", "Claims"), ("erratum", "Errata"), ("finding", "Findings")):
        rows = [row.label for row in ledger.rows if row.claim.kind == kind]
        counts = ", ".join(f"{rows.count(label)} {label}" for label in dict.fromkeys(rows))
        if rows:
            lines.append(f"{name}: {len(rows)} ({counts})")
    return lines


def _row_object(row: Row) -> dict[str, Any]:
    return {
        "id": row.claim.id,
        "chapter": row.chapter,
        "kind": row.claim.kind,
        "statement": row.claim.statement,
        "where": row.claim.where,
        "published": row.claim.published,
        "rule": row.claim.rule.text if row.claim.rule else None,
        "measured": [
            {key: record[key] for key in ("quantity", "value", "low", "high", "n", "unit", "note")}
            for _, record in row.measurements
        ],
        "verdict": row.verdict.value,
        "label": row.label,
        "reason_not_tested": row.reason_not_tested,
        "recorded": row.recorded,
        "grade": row.claim.grade,
        "source": row.claim.source,
        "evidence": row.claim.evidence,
    }
