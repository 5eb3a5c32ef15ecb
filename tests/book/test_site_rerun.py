"""The box that says how to run a chapter again."""

import html
import re
import shlex
from pathlib import Path

import pytest
from spinebook.book import cli
from spinebook.book.chapters import load_chapter
from spinebook.book.parameters import read_assignment
from spinebook.book.paths import Book
from spinebook.book.site.rerun_box import override, rerun_box

from tests.book.site_examples import RESULTS

ROOT = Path(__file__).parents[2]


def commands(box):
    return [html.unescape(text) for text in re.findall(r"<pre>(.*?)</pre>", box)]


def box_of(**changes):
    return rerun_box("toy", RESULTS | changes, "../rerun.html", [])


@pytest.mark.parametrize("slug", Book(ROOT).slugs())
def test_the_example_changes_a_parameter_that_the_chapter_has__property(slug):
    chapter = load_chapter(Book(ROOT), slug)
    results = RESULTS | {"parameters": chapter.parameters}
    name, value, _ = override(results)
    assert value != chapter.parameters[name]
    command = next(text for text in commands(rerun_box(slug, results, "", [])) if " -p " in text)
    context = cli.run.make_context("run", shlex.split(command)[2:])
    assert context.params["chapter"] == (slug,)
    (given,) = context.params["given"]
    assert chapter.values("quick", dict([read_assignment(given)])) == {name: value}


def test_the_shown_run_comes_first_with_its_time_and_device__property():
    box = box_of()
    assert commands(box) == [
        "spinebook run toy",
        "spinebook run toy -p seed=8",
        "spinebook run toy --profile full",
    ]
    assert "Re-run this chapter: 12 s on CPU, 2 threads</summary>" in box
    assert "12 s on CPU, 2 threads (A &lt;fast&gt; one)" in box


def test_results_at_full_size_are_run_again_at_full_size__property():
    origin = RESULTS["provenance"] | {"device": "NVIDIA H200", "threads": 16}
    box = box_of(profile="full", provenance=origin)
    assert commands(box) == [
        "spinebook run toy --profile full",
        "spinebook run toy --profile full -p seed=8",
        "spinebook run toy",
    ]
    assert "NVIDIA H200, 16 threads" in box
    assert "fast" not in box, "the processor did not do the work"


def test_without_a_seed_the_first_number_is_doubled__property():
    assert override(RESULTS | {"parameters": {"deep": True, "rate": 0.5, "n": 3}})[:2] == (
        "rate",
        1.0,
    )
    assert override(RESULTS | {"parameters": {"deep": True}}) is None
    assert len(commands(box_of(parameters={"deep": True}))) == 2


def test_services_are_named_only_where_there_are_some__property():
    assert "Without an installation" not in box_of()
    box = rerun_box("toy", RESULTS, "", [("Open in Colab", "https://example.org/?a=1&b=2")])
    assert '<a href="https://example.org/?a=1&amp;b=2">Open in Colab</a>' in box
