"""Findings and examples: what is called an error, and that real rows explain the rules."""

import dataclasses

import pytest
from spinebook.book.claims import Claim, Paper, read_claims
from spinebook.book.errors import BookError
from spinebook.book.ledger import Row
from spinebook.book.rules import Verdict, parse_rule
from spinebook.book.site import decide_page, findings_page

PAPER = Paper("T", "A", 2020, "V", "key")
INSIDE, OUTSIDE, ACROSS = (1, 2, 3), (-3, -2, -1), (-1, 0, 1)


def make_row(identity="TOY-E1", interval=INSIDE, **changes):
    rule = parse_rule({"quantity": "ratio", "above": 0})
    claim = Claim(
        id=identity,
        kind="erratum",
        statement="A slip.",
        where="Section 1",
        published="2",
        tested={"quick": True, "full": True},
        rule=rule,
        reason=None,
        grade="certain",
        evidence="paper <text>",
        figure=None,
        needs_interval=False,
        line=1,
    )
    low, value, high = interval
    record = {"low": low, "value": value, "high": high, "n": 5, "unit": None, "note": None}
    verdict = rule.regions[0].judge(low, high)
    claim = dataclasses.replace(claim, **changes)
    return Row("toy", claim, ((rule.regions[0], record),), verdict, None, None)


@pytest.mark.parametrize("grade", ["certain", "likely", "uncertain"])
@pytest.mark.parametrize("interval", [INSIDE, OUTSIDE, ACROSS])
def test_only_what_is_certain_and_confirmed_is_an_error__brute_force(grade, interval):
    row = make_row(interval=interval, grade=grade)
    error = grade == "certain" and interval == INSIDE
    assert findings_page.is_error(row) is error
    text = findings_page.chapter(PAPER, [row], lambda row: "#row")
    assert (">Error<" in text) is error
    assert (">Question<" in text) is not error


def test_what_was_only_read_is_a_question_with_its_reason__property():
    row = dataclasses.replace(
        make_row(),
        verdict=Verdict.NOT_TESTED,
        measurements=(),
        reason_not_tested="read in the <source>",
    )
    text = findings_page.chapter(PAPER, [row], lambda row: "#row")
    assert ">Question<" in text
    assert "read in the &lt;source&gt;" in text


def test_entries_are_grouped_by_source_in_a_fixed_order__property():
    entries = [
        make_row("TOY-E1", source="image"),
        make_row("TOY-E2", source="paper"),
        make_row("TOY-E3"),
        make_row("TOY-E4", source="code"),
    ]
    text = findings_page.chapter(PAPER, entries, lambda row: f"#{row.claim.id}")
    order = ["TOY-E2", "TOY-E4", "TOY-E1", "TOY-E3"]
    assert sorted(order, key=text.index) == order
    titles = [findings_page.SOURCES[name] for name in ("paper", "code", "image")]
    assert all(f"<h3>{title}</h3>" in text for title in (*titles, findings_page.UNSORTED))
    assert findings_page.SOURCES["data"] not in text
    assert "paper &lt;text&gt;" in text


def test_the_source_of_an_erratum_is_read_from_the_ledger__property(toy):
    about = "kind: erratum\n    grade: likely\n    evidence: a file\n    source: data"
    toy.replace(toy.claims, "kind: claim\n    statement: Trials", f"{about}\n    statement: Trials")
    _, (first, *_) = read_claims(toy.claims)
    assert first.source == "data"
    toy.replace(toy.claims, "source: data", "source: hearsay")
    with pytest.raises(BookError, match="paper, code, data or image"):
        read_claims(toy.claims)


def test_examples_show_each_verdict_once_by_rows_that_stand_by_themselves__property():
    rows = [
        make_row("TOY-1b", INSIDE, kind="claim"),  # goes on from another row
        make_row("TOY-2", (2, 2, 2), kind="claim"),  # has no interval
        make_row("TOY-3", INSIDE, kind="claim"),
        make_row("TOY-4", OUTSIDE, kind="claim"),
        make_row("TOY-5", ACROSS, kind="claim", statement="The same at night."),
        make_row("TOY-6", ACROSS, kind="claim"),
        make_row("TOY-E1", INSIDE),
    ]
    text = decide_page.examples(rows, lambda row: f"#{row.claim.id}")
    shown = [row.claim.id for row in rows if f'href="#{row.claim.id}"' in text]
    assert shown == ["TOY-3", "TOY-4", "TOY-6"]
    assert text.count('<svg class="sb-strip') == 3
    assert "The interval lies across a bound, so the row is" in text


def test_examples_of_a_book_without_results_are_none__property():
    assert decide_page.examples([], lambda row: "") == '<ol class="sb-examples"></ol>'


def test_grades_are_counted__brute_force():
    rows = [make_row(grade=g) for g in ("certain", "likely", "certain")]
    text = decide_page.grades(rows)
    assert '<span class="sb-badge-count">2</span> confirmed' in text
    assert "none" in text
