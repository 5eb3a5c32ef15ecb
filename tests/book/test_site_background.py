"""Glossary, notation and citations: read from their sources, placed on pages."""

import re
from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from spinebook.book.errors import BookError
from spinebook.book.site import citing, glossary, notation, search_objects

ROOT = Path(__file__).parents[2]
GLOSSARY = """schema: 1
terms:
  - term: mirror descent
    means: Gradient descent in another geometry.
  - term: gradient
    forms: [gradients]
    means: The vector of first derivatives of a function.
    chapters: [toy]
"""


def entries(tmp_path, text=GLOSSARY):
    path = tmp_path / "glossary.yml"
    path.write_text(text, encoding="utf-8")
    return glossary.read_glossary(path)


def test_terms_are_found_as_whole_words_and_once__brute_force(tmp_path):
    text = "Gradients and a\nsubgradient; Mirror\ndescent follows gradients."
    found = glossary.find_terms(text, entries(tmp_path))
    assert [(text[start:end], entry.term) for start, end, entry in found] == [
        ("Gradients", "gradient"),
        ("Mirror\ndescent", "mirror descent"),
    ]
    assert glossary.find_terms(text, []) == []


def test_longer_terms_win__property(tmp_path):
    both = GLOSSARY + "  - term: descent\n    means: Going down a slope, step by step.\n"
    found = glossary.find_terms("By mirror descent, a descent.", entries(tmp_path, both))
    assert [entry.term for *_, entry in found] == ["mirror descent", "descent"]


def test_links_stand_in_prose_only__property(tmp_path):
    tree = publish_doctree(
        "Gradient\n========\n\nThe ``gradient`` of `gradient <x.html>`_ is a gradient & more.\n\n"
        "Another gradient.\n"
    )
    before = tree.astext()
    glossary.explain(tree, entries(tmp_path), "../glossary.html")
    links = list(tree.findall(nodes.raw))
    assert [link.astext() for link in links] == [
        '<a class="sb-term" href="../glossary.html#term-gradient" '
        'data-definition="The vector of first derivatives of a function.">gradient</a>'
    ]
    links[0].replace_self(nodes.Text("gradient"))
    assert tree.astext() == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("term: gradient", "term: Mirror descent", r"yml:5: .*belongs to 'mirror descent' already"),
        ("means: Gradient descent in another geometry.", "means: Short.", r"yml:4: .*20 to 400"),
        ("forms: [gradients]", "form: gradients", r"yml:6: .*form"),
    ],
)
def test_a_faulty_glossary_names_the_line__property(tmp_path, old, new, message):
    assert old in GLOSSARY
    with pytest.raises(BookError, match=message):
        entries(tmp_path, GLOSSARY.replace(old, new))


def test_every_term_is_used_in_the_chapters_it_names__property():
    """A glossary of words that nobody uses explains nothing."""
    terms = glossary.read_glossary(ROOT / "chapters" / "glossary.yml")
    pages = {
        path.parent.name: re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
        for path in ROOT.glob("chapters/*/index.md")
        if path.parent.name != "library"
    }
    unused = [
        (entry.term, slug)
        for entry in terms
        for slug in entry.chapters
        if not glossary.find_terms(pages[slug], [entry])
    ]
    everything = "\n".join(path.read_text("utf-8") for path in ROOT.glob("chapters/**/*.md"))
    unused += [(e.term, "") for e in terms if not glossary.find_terms(everything, [e])]
    assert unused == []


TABLE = r"""Text.

| symbol | meaning | shape | unit | name in code |
| --- | --- | --- | --- | --- |
| $n$, $\theta$ | cells; threshold | scalar | – | `n`, `theta` |
| $\|x\|$ | norm | scalar | – | – |

More | text.
"""


def test_symbols_are_the_rows_of_the_table__published():
    found = notation.read_symbols(TABLE)
    assert [row.symbol for row in found] == [r"$n$, $\theta$", "$|x|$"]
    assert found[0].code == "`n`, `theta`"
    assert notation.read_symbols("| a | b |\n| - | - |\n| 1 | 2 |\n") == []


def test_a_row_of_another_length_is_refused__property():
    with pytest.raises(ValueError, match="expected 5 cells"):
        notation.read_symbols(TABLE.replace("| scalar | – | – |", "| scalar | – |"))


def test_shared_symbols_are_those_of_two_chapters__brute_force():
    rows = notation.read_symbols(TABLE)
    tables = {"a": rows, "b": [rows[0]._replace(symbol="$n$", meaning="points")], "c": []}
    assert notation.shared_symbols(tables) == {"n": [("a", "cells; threshold"), ("b", "points")]}
    text = notation.notation(tables, lambda slug: f"<i>{slug}</i>")
    assert '<td><span class="math' in text
    assert 'id="symbols-c"' not in text
    labels = re.findall('aria-label="([^"]*)"', text)
    assert len(labels) == len(set(labels)) == 3


CITATION = {"title": "The book", "version": "1.2", "authors": [{"name": "The authors"}]}


def test_entries_are_what_bibtex_reads__independent_package():
    from pybtex.database import parse_string

    text = citing.book_entry(CITATION, "https://example.org/book")
    parsed = parse_string(text, "bibtex").entries["spinebook"]
    assert parsed.fields["title"] == "The book"
    assert parsed.fields["url"] == "https://example.org/book"
    assert "year" not in parsed.fields
    assert [str(person) for person in parsed.persons["author"]] == ["{The authors}"]


def test_the_papers_entry_is_that_of_the_bibliography__published():
    bibliography = ROOT / "chapters" / "references.bib"
    entry = citing.paper_entry(bibliography, "ahmad2016")
    assert entry in bibliography.read_text(encoding="utf-8")
    assert entry.startswith("@misc{ahmad2016,")
    assert entry.endswith("}")
    with pytest.raises(ValueError, match="no entry 'nobody2000'"):
        citing.paper_entry(bibliography, "nobody2000")


def test_text_of_a_claim_is_searchable__closed_form():
    """Sphinx takes the part after the last full stop for the name of an object."""
    assert "." not in search_objects.plain("Rates at $n = 0.5$. They `fall`.")
    assert search_objects.plain("At 0.5 it falls. Then not.") == "At 0·5 it falls; Then not"
