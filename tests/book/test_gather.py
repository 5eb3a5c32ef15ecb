"""Results that were made in folders of their own come into one, whole or not at all."""

import json
import shutil

import pytest
from spinebook.book.cli import main
from spinebook.book.errors import BookError
from spinebook.book.gather import gather
from spinebook.book.paths import Book


@pytest.fixture(scope="module")
def run_once(tmp_path_factory):
    """A toy book with its chapter run into a folder of its own."""
    from tests.book.conftest import Toy

    toy = Toy(tmp_path_factory.mktemp("gather") / "book")
    assert main(["--root", str(toy.root), "run", "--out", str(toy.root / "one")]) == 0
    return toy.root


@pytest.fixture
def root(run_once, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(run_once, tmp_path / "book")


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_chapter_is_copied_once__property(root):
    book, out = Book(root), root / "all"
    assert gather(book, [root / "one"], "quick", out) == {"toy": "copied"}
    assert files(out / "toy") == files(root / "one" / "toy")
    assert gather(book, [root / "one"], "quick", out) == {"toy": "the same"}
    assert sorted(p.name for p in out.iterdir()) == [".toy.lock", "toy"]


def test_newer_results_replace_older_ones__property(root):
    book, out = Book(root), root / "all"
    gather(book, [root / "one"], "quick", out)
    (out / "toy" / "left over").touch()
    path = root / "one" / "toy" / "results.json"
    results = json.loads(path.read_text())
    results["provenance"]["seconds"] = 7.5
    path.write_text(json.dumps(results))
    assert gather(book, [root / "one"], "quick", out) == {"toy": "copied"}
    assert files(out / "toy") == files(root / "one" / "toy")


def test_gathered_results_are_up_to_date__property(root, capfd):
    assert main(["--root", str(root), "gather", str(root / "one")]) == 0
    assert "toy: copied" in capfd.readouterr().out
    assert main(["--root", str(root), "status"]) == 0
    assert "toy: up to date" in capfd.readouterr().out


def test_bad_sources_are_refused_before_anything_is_copied__property(root):
    book, out = Book(root), root / "all"
    shutil.copytree(root / "one", root / "two")
    with pytest.raises(BookError, match=r"toy: results in both .*one and .*two; name one"):
        gather(book, [root / "one", root / "two"], "quick", out)
    with pytest.raises(BookError, match=r"no folder .*three; run a chapter with --out"):
        gather(book, [root / "one", root / "three"], "quick", out)
    with pytest.raises(BookError, match="results of the profile quick, expected full"):
        gather(book, [root / "one"], "full", out)
    assert not out.exists()


def test_a_job_that_failed_is_told_and_stops_nothing__property(root, capfd):
    (root / "failed").mkdir()
    assert main(["--root", str(root), "gather", str(root / "failed"), str(root / "one")]) == 0
    out = capfd.readouterr().out
    assert "toy: copied" in out
    assert f"{root / 'failed'}: no results" in out


def test_results_that_do_not_fit_the_ledger_are_refused__property(root):
    claims = root / "chapters" / "toy" / "claims.yml"
    claims.write_text(claims.read_text().replace("id: TOY-1", "id: TOY-4"))
    with pytest.raises(BookError, match=r"measures TOY-1, which claims\.yml does not list"):
        gather(Book(root), [root / "one"], "quick", root / "all")
    assert not (root / "all").exists()
