"""The book's own pages: their order, their commands, and what they say of the library."""

import re
from pathlib import Path

import pytest
from spinebook.book.chapters import load_chapter
from spinebook.book.paths import Book
from spinebook.book.site.data import load_site
from spinebook.book.site.helper_index import chapter_index

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "chapters" / "rerun.md"]


def test_chapters_come_in_the_order_of_the_contents__property(toy):
    other = toy.root / "chapters/another"
    other.mkdir()
    for path in toy.chapter.iterdir():
        (other / path.name).write_text(path.read_text().replace("TOY-", "ANOTHER-"))
    contents = toy.root / "_toc.yml"
    contents.write_text("chapters: [{file: chapters/toy/index}, {file: chapters/another/index}]")
    site = load_site(toy.root)
    assert list(site.chapters) == ["toy", "another"]
    assert list(dict.fromkeys(row.chapter for row in site.rows)) == ["toy", "another"]
    contents.write_text("chapters: [{file: chapters/another/index}]")  # those left out come last
    assert list(load_site(toy.root).chapters) == ["another", "toy"]
    contents.unlink()
    assert list(load_site(toy.root).chapters) == ["another", "toy"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_parameters_named_in_commands_exist__property(page):
    text = page.read_text("utf-8")
    commands = re.findall(r"spinebook run ([\w-]+).* -p (\w+)=", text)
    assert commands
    papermill = re.findall(r"papermill .*-p (\w+) ", text)
    assert papermill
    for slug, name in commands:
        assert name in load_chapter(Book(ROOT), slug).parameters, name
    for name in papermill:
        assert name in load_chapter(Book(ROOT), "sparse-dendrites").parameters, name


def test_only_documented_functions_stand_behind_figures__property(toy):
    toy.replace(
        toy.page,
        "import matplotlib.pyplot as plt\n",
        "import matplotlib.pyplot as plt\nfrom spinebook.geometry import CANDIDATES, PNorm\n"
        "from spinebook.stats import binomial_interval, _check_level\n"
        "from spinebook.geometry.studies import descent_paths\n",
    )
    uses = "[CANDIDATES, PNorm, binomial_interval, _check_level, descent_paths]"
    toy.replace(toy.page, "ax.plot([1, 2, trials])", f"ax.plot({uses})")
    library = toy.chapter.parent / "library"
    library.mkdir()
    named = [f".. automodule:: spinebook.{name}\n   :members:\n" for name in ("stats", "geometry")]
    (library / "all.md").write_text("".join(named))
    helpers = chapter_index(load_site(toy.root).chapters["toy"])["fig-1"]
    assert helpers == ["spinebook.geometry.PNorm", "spinebook.stats.binomial_interval"]
