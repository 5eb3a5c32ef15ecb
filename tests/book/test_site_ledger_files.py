"""The ledger to download: every row once for each quantity, the same in both forms."""

import csv
import io
import json
from pathlib import Path

from spinebook.book.site import ledger_files
from spinebook.book.site.data import load_site

ROOT = Path(__file__).parents[2]


def lines(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_each_quantity_of_each_row_has_one_line_in_order__brute_force():
    site = load_site(ROOT)
    found = [(line["id"], line["key"]) for line in ledger_files.records(site)]
    expected = []
    for row in site.rows:
        regions = row.claim.rule.regions if row.claim.rule else ()
        expected += [(row.claim.id, region.key) for region in regions] or [(row.claim.id, None)]
    assert found == expected


def test_both_forms_say_the_same__property(tmp_path, toy):
    site = load_site(toy.root)
    ledger_files.write(site, tmp_path)
    table, objects = (tmp_path / path for path in ledger_files.paths("quick"))
    content = json.loads(objects.read_text())
    read = lines(table.read_text())
    assert len(read) == len(content["rows"]) == 4
    assert list(read[0]) == list(content["columns"]) == list(ledger_files.COLUMNS)
    assert content["profile"] == "quick"
    for flat, record in zip(read, content["rows"], strict=True):
        for name, value in record.items():
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            assert flat[name] == ("" if value is None else shown)


def test_lines_hold_bounds_and_reasons__published(toy):
    first, left, right, last = ledger_files.records(load_site(toy.root))
    assert (first["allowed_low"], first["allowed_high"], first["bounds_allowed"]) == (
        5,
        None,
        False,
    )
    assert (left["key"], left["allowed_low"], left["allowed_high"]) == ("left", 2, 4)
    assert (right["needed"], right["quantities"]) == (2, 2)
    assert last["tested_full"] == "needs a data set"
    assert last["verdict"] == "not tested"
    assert last["value"] is last["quantity"] is last["code_line"] is None
