"""Results are used again exactly when nothing that a run depends on has changed."""

import json

import pytest
from spinebook.book import fingerprint
from spinebook.book.cli import main

CELL = "```{code-cell} ipython3\n"


@pytest.fixture
def reasons(toy, capfd):
    """Run the toy book once; return a function that says what ``status`` then says."""
    root = ["--root", str(toy.root)]
    assert main([*root, "run", "--out", str(toy.root / "out")]) == 0
    capfd.readouterr()

    def ask(*options):
        main([*root, "status", "--out", str(toy.root / "out"), *options])
        return capfd.readouterr().out

    assert "up to date" in ask()
    return ask


def test_what_only_shows_needs_no_run__property(toy, reasons):
    toy.replace(toy.page, "book.style()\n```\n", "book.style()\n```\n\nProse between cells.\n")
    toy.page.write_text(toy.page.read_text().replace(CELL, f"{CELL}:tags: [hide-input]\n", 1))
    (toy.chapter / "index.ipynb").touch()
    assert "up to date" in reasons()


@pytest.mark.parametrize("tag", ["raises-exception", "skip-execution"])
def test_what_works_needs_a_run__property(toy, reasons, tag):
    toy.page.write_text(toy.page.read_text().replace(CELL, f"{CELL}:tags: [{tag}]\n", 1))
    assert "the page's code changed" in reasons()


def test_reasons_are_named__property(toy, reasons):
    (toy.chapter / "curve.csv").write_text("1\n")
    assert "a file beside the page changed" in reasons()
    assert "other parameters: trials (10 → 20); these results are of the profile quick" in reasons(
        "--profile", "full"
    )
    (toy.root / "out/toy/figures/fig-1.png").unlink()
    assert "missing file: figures/fig-1.png" in reasons()


def test_quick_value_by_hand_is_the_quick_run__property(toy, reasons, capfd):
    out = ["--out", str(toy.root / "out")]
    assert main(["--root", str(toy.root), "run", "toy", "-p", "trials=10", *out]) == 0
    assert "used again" in capfd.readouterr().out


def test_library_modules_count_as_loaded__property(toy, reasons, monkeypatch):
    path = toy.root / "out/toy/results.json"
    loaded = json.loads(path.read_text())["fingerprint"]["modules"]
    assert "spinebook.book.record" in loaded
    assert "spinebook.dendrites" not in loaded
    assert fingerprint.library_digests().items() >= loaded.items()
    changed = fingerprint.module_digest
    monkeypatch.setattr(
        fingerprint,
        "module_digest",
        lambda name: "other" if name == "spinebook.book.record" else changed(name),
    )
    assert "library changed: spinebook.book.record" in reasons()
