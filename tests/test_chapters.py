"""The rhythm that all chapters share, read from their sources."""

import ast
import re
from pathlib import Path

import pytest
from spinebook.book.chapters import load_chapter
from spinebook.book.claims import read_claims
from spinebook.book.paths import Book
from spinebook.book.site.notation import read_symbols

ROOT = Path(__file__).parents[1]
SLUGS = sorted(path.parent.name for path in ROOT.glob("chapters/*/claims.yml"))
BEFORE = ["The question", "The result in brief", "What the paper shows", "The model"]
AFTER = [
    "What did not reproduce, and why",
    "Beyond the paper",
    "Try it yourself",
    "What to take away",
    "Further reading",
    "The ledger of this chapter",
]
pytestmark = pytest.mark.parametrize("slug", SLUGS)


def page(slug):
    return (ROOT / "chapters" / slug / "index.md").read_text(encoding="utf-8")


def prose(slug):
    """The page without its code."""
    return re.sub(r"^```\{code-cell.*?^```$", "", page(slug), flags=re.MULTILINE | re.DOTALL)


def sections(slug):
    """Heading and text of each section of the second level."""
    parts = re.split(r"^## (.*)$", prose(slug), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_sections_come_in_the_common_order__property(slug):
    headings = list(sections(slug))
    assert headings[: len(BEFORE)] == BEFORE
    assert headings[-len(AFTER) :] == AFTER
    assert len(headings) > len(BEFORE) + len(AFTER)


def test_the_result_is_one_paragraph_and_one_figure__property(slug):
    text = sections(slug)["The result in brief"]
    assert len([part for part in text.split("\n\n") if part.strip()]) == 2
    assert "```{signature-figure}" in text
    assert "{claim}`" in text


def test_the_paper_is_told_in_a_sentence_and_a_figure__property(slug):
    paper, _ = read_claims(ROOT / "chapters" / slug / "claims.yml")
    assert 8 <= len(paper.claim.split()) <= 25
    assert paper.claim.endswith(".")
    assert f'"{paper.figure}"' in page(slug)


def test_symbols_have_meaning_shape_unit_and_name__property(slug):
    rows = read_symbols(page(slug))
    assert len(rows) >= 8
    for row in rows:
        assert all(row), row
    assert page(slug).count("| symbol | meaning | shape |") == 1


def test_experiments_name_the_claims_they_decide__property(slug):
    between = list(sections(slug).items())[len(BEFORE) : -len(AFTER)]
    assert [heading for heading, text in between if "{claim}`" not in text] == []


def test_three_exercises_have_solutions_that_run__property(slug):
    chapter = load_chapter(Book(ROOT), slug)
    solutions = [
        cell for cell in chapter.code_cells if "hide-cell" in cell.metadata.get("tags", [])
    ]
    assert re.findall(r"\*\*Exercise (\d)\.", sections(slug)["Try it yourself"]) == ["1", "2", "3"]
    assert len(solutions) == 3
    for cell in solutions:
        assert cell.metadata["mystnb"]["code_prompt_show"] == "Show a solution"
        calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
        assert not any(ast.unparse(call.func) == "book.measure" for call in calls)


def test_further_reading_leads_to_papers_and_chapters__property(slug):
    text = sections(slug)["Further reading"]
    assert len(set(re.findall(r"\{cite\}`([^`]+)`", text))) >= 4
    linked = set(re.findall(r"\]\(\.\./([\w-]+)/index\.md", prose(slug)))
    assert len(linked & set(SLUGS)) >= 2


def test_the_page_can_be_moved_by_the_reader__property(slug):
    assert "book.explorer(" in page(slug)
    assert "{figref}`" in sections(slug)["Try it yourself"]
