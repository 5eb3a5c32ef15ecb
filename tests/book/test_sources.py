"""Malformed sources are refused with file, line and remedy."""

import pytest
from spinebook.book.chapters import load_chapter
from spinebook.book.claims import read_claims
from spinebook.book.errors import BookError
from spinebook.book.paths import Book


def refuse(toy, old, new, *words):
    toy.replace(toy.claims, old, new)
    with pytest.raises(BookError) as caught:
        read_claims(toy.claims)
    for word in ("claims.yml:", *words):
        assert word in str(caught.value)


def test_good_claims_are_read__closed_form(toy):
    paper, claims = read_claims(toy.claims)
    assert (paper.year, [claim.id for claim in claims]) == (2020, ["TOY-1", "TOY-2", "TOY-3"])
    assert claims[0].rule.text == "above 5"
    assert claims[0].line == 4


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("id: TOY-2", "id: TOY-1", (":12:", "stands twice")),
        ("id: TOY-2", "id: toy two", (":12:", "DEN-4")),
        ("kind: finding", "kind: opinion", ("opinion", "erratum")),
        ("kind: finding", "kind: erratum", ("grade", "evidence")),
        (", above: 5", "", (":10:", "rule", "above")),
        (", above: 5", ", above: many", ("a number",)),
        (", above: 5", ", above: 5, below: 7", (":10:",)),
        ("between: [2, 4]", "between: [4, 2]", ("in order",)),
        ("key: right", "key: left", ("must differ",)),
        ("full: true}\n  - id: TOY-2", "}\n  - id: TOY-2", ("full",)),
        ("    statement: Two quantities at once.\n", "", ("statement",)),
        ("paper: {", "papier: {", ("papier",)),
        ("where: Section 1", "where: Section 1\n    where: Section 3", ("stands twice",)),
        ("schema: 1", "schema: [1", ("not valid YAML",)),
        ("tested: {quick: needs a data set", "tested: {quick: true", ("needs a rule",)),
    ],
)
def test_bad_claims__property(toy, old, new, words):
    refuse(toy, old, new, *words)


def test_numbers_without_a_dot_are_numbers__closed_form(toy):
    toy.replace(toy.claims, "above: 5", "below: 1e-9")
    assert read_claims(toy.claims)[1][0].rule.regions[0].high == 1e-9


def test_missing_claims_file__property(toy):
    toy.claims.unlink()
    with pytest.raises(BookError, match="file not found"):
        read_claims(toy.claims)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (":tags: [parameters]", ":tags: [other]", "found 0"),
        ("trials = 10", "trials = 5 + 5 * len('a')", "parameters cell may hold only"),
        ("trials = 10", "import os", "parameters cell may hold only"),
    ],
)
def test_bad_parameters_cell__property(toy, old, new, message):
    toy.replace(toy.page, old, new)
    with pytest.raises(BookError, match=message):
        load_chapter(Book(toy.root), "toy")


@pytest.mark.parametrize(
    ("profiles", "message"),
    [
        ("schema: 1\nfull: {trails: 3}\n", "profiles.yml:2:.*no parameter 'trails'"),
        ("schema: 1\nfull: {trials: many}\n", "is a int"),
        ("schema: 1\nquick: {trials: 3}\nfull: {}\n", "parameters cell"),
        ("schema: 2\nfull: {}\n", "schema: 1"),
    ],
)
def test_bad_profiles__property(toy, profiles, message):
    (toy.chapter / "profiles.yml").write_text(profiles)
    with pytest.raises(BookError, match=message):
        load_chapter(Book(toy.root), "toy")


def test_profile_and_given_values__closed_form(toy):
    chapter = load_chapter(Book(toy.root), "toy")
    assert chapter.values("quick", {}) == {}
    assert chapter.values("full", {"rate": 1}) == {"trials": 20, "rate": 1.0}
    with pytest.raises(BookError, match="unknown profile"):
        chapter.values("huge", {})
    with pytest.raises(BookError, match="no parameter 'x'; it has: trials, seed, rate"):
        chapter.values("quick", {"x": 1})


def test_outside_a_book__property(tmp_path):
    with pytest.raises(BookError, match="no book found"):
        Book.find(tmp_path)


def test_unknown_chapter__property(toy):
    with pytest.raises(BookError, match="no chapter named other; there are: toy"):
        Book(toy.root).select(["other"])
