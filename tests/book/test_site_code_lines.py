"""The line of code that measures a row, found without running it."""

from pathlib import Path

import pytest
from spinebook.book.site.code_lines import code_places, number_cells
from spinebook.book.site.data import load_site
from spinebook.book.site.merge import read_page

ROOT = Path(__file__).parents[2]
HEAD = """---
jupytext:
  formats: md:myst
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# Toy
"""


def page(*cells, tags=""):
    blocks = [f"\nProse on A-1.\n\n```{{code-cell}} python3\n{tags}{cell}\n```\n" for cell in cells]
    return HEAD + "".join(blocks)


def found(text, *claims):
    """Return number of the cell and the text of the line for each claim."""
    lines = text.splitlines()
    places = code_places(text, claims)
    return {claim: (place.cell, lines[place.line - 1].strip()) for claim, place in places.items()}


@pytest.mark.parametrize("tags", ["", ":tags: [hide-input]\n", "---\ntags: [hide-input]\n---\n"])
def test_the_line_of_the_call__property(tags):
    text = page("x = 1", 'y = 2\n\nbook.measure("A-1", x)', tags=tags)
    assert found(text, "A-1", "A-2") == {"A-1": (2, 'book.measure("A-1", x)')}


def test_functions_of_the_chapter_and_loops_count__property():
    text = page(
        'note("A-1", x)', 'for claim in ("A-2", "A-3"):\n    book.measure(\n        claim, 1)'
    )
    assert found(text, "A-1", "A-2") == {
        "A-1": (1, 'note("A-1", x)'),
        "A-2": (2, 'for claim in ("A-2", "A-3"):'),
    }


def test_a_call_comes_before_a_mention_and_what_a_figure_shows_is_none__property():
    shown = 'book.figure("f", fig, claims=["A-1", "A-2"])'
    mention = 'names = {"A-1": "one"}'
    text = page(shown, mention, 'book.measure("A-1", 1)', 'book.measure("A-1", 2)')
    assert found(text, "A-1", "A-2") == {"A-1": (3, 'book.measure("A-1", 1)')}


def test_letters_are_filled_in_but_numbers_are_not__property():
    text = page('for letter in "ab":\n    book.measure(f"A-1{letter}", 1)', 'note("A-1b", 2)')
    assert found(text, "A-1", "A-1a", "A-1b", "A-10", "A-1ab") == {
        "A-1a": (1, 'book.measure(f"A-1{letter}", 1)'),
        "A-1b": (2, 'note("A-1b", 2)'),
    }


def test_equal_cells_keep_their_own_lines__property():
    text = page("x = 1", "x = 1", 'note("A-1")')
    assert code_places(text, ["A-1"])["A-1"].line == text.splitlines().index('note("A-1")') + 1
    twice = page('note("A-1")\nx = 1', 'note("A-1")\nx = 1')
    assert code_places(twice, ["A-1"])["A-1"].cell == 1


def test_numbers_of_cells_are_those_of_the_places__property():
    text = page("%pip list", 'note("A-1")')
    notebook = read_page(text)
    number_cells(notebook)
    tags = {
        cell.source: cell.metadata["tags"] for cell in notebook.cells if cell.cell_type == "code"
    }
    assert tags['note("A-1")'] == [code_places(text, ["A-1"])["A-1"].anchor]


def test_every_row_with_a_rule_that_some_profile_tests_has_its_line__property():
    site = load_site(ROOT)
    tested = [row.claim for row in site.rows if True in row.claim.tested.values()]
    assert [claim.id for claim in tested if claim.id not in site.code_places] == []
    pages = {slug: data.page.read_text().splitlines() for slug, data in site.chapters.items()}
    for row in site.rows:
        if place := site.code_places.get(row.claim.id):
            line = pages[row.chapter][place.line - 1]
            assert f'"{row.claim.id}"' in line or f'f"{row.claim.id[:-1]}{{' in line
