"""What a chapter asks of a cluster: read as stated, refused with file, line and remedy."""

from pathlib import Path

import pytest
from spinebook.book.cli import main
from spinebook.book.errors import BookError
from spinebook.book.paths import PROFILES, Book
from spinebook.book.resources import Resources, in_words, read_resources

ROOT = Path(__file__).parents[2]
GOOD = "{memory_GB: 1.5, minutes: 30, cores: 2, gpus: 1}"
HEAD = "schema: 1\nfull: {trials: 20}\n"


def write(toy, text):
    (toy.chapter / "profiles.yml").write_text(HEAD + text)
    return Book(toy.root)


def test_resources_are_read__closed_form(toy):
    book = write(toy, f"resources:\n  full: {GOOD}\n")
    found = read_resources(book, "toy", "full")
    assert found == Resources(memory_GB=1.5, minutes=30, cores=2, gpus=1)
    assert found.memory_MB == 1500


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("", "profiles.yml:1: resources: missing 'quick'.*add quick: {memory_GB"),
        (f"resources:\n  full: {GOOD}\n", "profiles.yml:4: resources: missing 'quick'"),
        (f"resources:\n  slow: {GOOD}\n", "profiles.yml:4: .*unknown key 'slow'; known: quick"),
        (
            "resources:\n  quick: {memory_GB: 1, minutes: 5, cores: 2}\n",
            "profiles.yml:4: resources.quick: missing 'gpus'",
        ),
        (
            f"resources:\n  quick: {GOOD.replace('gpus', 'gpu')}\n",
            "profiles.yml:4: .*(unknown key 'gpu'|missing 'gpus')",
        ),
        (
            f"resources:\n  quick: {GOOD.replace('1.5', '0')}\n",
            "profiles.yml:4: resources.quick.memory_GB: expected main memory.*got 0",
        ),
        (
            f"resources:\n  quick: {GOOD.replace('1.5', '4 GB')}\n",
            "profiles.yml:4: resources.quick.memory_GB: expected main memory.*got '4 GB'",
        ),
        (
            f"resources:\n  quick: {GOOD.replace('30', '0.5')}\n",
            "profiles.yml:4: resources.quick.minutes: expected longest time.*got 0.5",
        ),
        (
            f"resources:\n  quick: {GOOD.replace('cores: 2', 'cores: 0')}\n",
            "profiles.yml:4: resources.quick.cores: expected processor cores.*got 0",
        ),
        (
            f"resources:\n  quick: {GOOD.replace('gpus: 1', 'gpus: -1')}\n",
            "profiles.yml:4: resources.quick.gpus: expected GPUs.*got -1",
        ),
    ],
)
def test_bad_resources__property(toy, block, message):
    with pytest.raises(BookError, match=message):
        read_resources(write(toy, block), "toy", "quick")


def test_unknown_profile__property(toy):
    with pytest.raises(BookError, match="unknown profile 'fast'; there are: quick, full"):
        read_resources(Book(toy.root), "toy", "fast")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("slug", Book(ROOT).slugs())
def test_every_chapter_states_its_resources__property(slug, profile):
    found = read_resources(Book(ROOT), slug, profile)
    assert found.gpus == (profile == "full")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Resources(16, 45, 4, 0), "up to 16 GB of memory and 45 min on 4 cores"),
        (Resources(2.5, 90, 1, 2), "up to 2.5 GB of memory and 1.5 h on 2 GPUs with 1 core"),
    ],
)
def test_resources_in_words__closed_form(asked, said):
    assert in_words(asked) == said


def test_a_full_run_says_before_what_it_will_take__property(toy, capfd):
    """Only where something is to run, and not for the miniature."""
    root = ["--root", str(toy.root)]
    write(toy, f"resources:\n  full: {GOOD}\n")
    assert main([*root, "run", "--profile", "full"]) == 0
    told = "toy, full profile: up to 1.5 GB of memory and 30 min on a GPU with 2 cores"
    assert told in capfd.readouterr().out
    assert main([*root, "run", "--profile", "full"]) == 0
    assert told not in capfd.readouterr().out
    write(toy, "")
    assert main([*root, "run", "--profile", "full", "--force"]) == 0
    assert "up to" not in capfd.readouterr().out
