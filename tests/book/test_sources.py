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
        (", above: 5", ", above: 5, within: 1", (":10:", "one of above")),
        (", above: 5", ", above: 5, equals: 1", (":10:", "beside equals")),
        (", above: 5", ", abov: 5", (":10:", "unknown key 'abov'")),
        (", above: 5", ", above: .nan", (":10:", "finite")),
        (", above: 5", ", equals: 5, within_relative: .inf", (":10:", "finite")),
        ("all_of:", "any_of:", ("unknown key 'any_of'",)),
        ("quick: true, full: true", "quick: false, full: true", ("or the reason",)),
        ("where: Section 1", "where: 2020-13-45", (":7:", "quotes")),
        ("where: Section 1", "where: &a [*a]", ("alias",)),
        ("where: Section 1", "where: !tag x", (":7:", "not valid YAML")),
        ("where: Section 1", "[a, b]: c", (":7:", "plain word")),
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


def test_claims_in_another_encoding__property(toy):
    toy.claims.write_bytes(toy.claims.read_bytes().replace(b"Trials are", b"Tr\xefals are"))
    with pytest.raises(BookError, match=r"claims\.yml:6: not UTF-8"):
        read_claims(toy.claims)


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
        (":tags: [parameters]", ":tags: [other]", "add `:tags: "),
        (
            "book.style()",
            "book.style()\n```\n\n```{code-cell}\n:tags: [parameters]\nx = 1",
            "keep one",
        ),
        ("trials = 10", "trials = 5 + 5 * len('a')", "index.md:19: the parameters cell may hold"),
        ("seed = 0", "import os", "index.md:20: the parameters cell may hold only"),
        ("seed = 0", "trials = 3", "index.md:20: .*stands twice"),
        ("seed = 0", "seed = 1e999", "index.md:20: .*finite"),
        ("seed = 0", "seed = (", "index.md:20: .*never closed"),
        (":tags: [parameters]", ":tags: [parameters", "index.md: jupytext cannot read"),
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
        ("schema: 1\nfull: {trials: many}\n", "profiles.yml:2:.*a whole number"),
        ("schema: 1\nfull: {rate: .nan}\n", "profiles.yml:2:.*must be finite"),
        ("schema: 1\nfull: {rate: 2020-01-01}\n", "profiles.yml:2:.*a number"),
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


def test_no_chapter_drops_out_unseen__property(toy):
    toy.claims.unlink()
    assert Book(toy.root).slugs() == ["toy"]
    (toy.chapter / "profiles.yml").unlink()
    with pytest.raises(BookError, match="no chapter in"):
        Book(toy.root).select(())


def test_unknown_chapter__property(toy):
    with pytest.raises(BookError, match="no chapter named other; there are: toy"):
        Book(toy.root).select(["other"])
