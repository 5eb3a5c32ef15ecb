"""The workflow on this machine: what runs, what does not run again, and what a mistake says."""

import json
import os

import pytest

from tests.cluster.engine import find_snakemake, start_snakemake
from tests.cluster.toy_book import make_book

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_snakemake() is None, reason="not installed: snakemake"),
]


@pytest.fixture
def call(tmp_path):
    """Run the workflow for the toy book; return its exit status and what it printed."""
    book, log = make_book(tmp_path / "book", seconds=0), tmp_path / "log"
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}

    def call(*options):
        log.write_text("")
        status = start_snakemake("local", book, environment, log, *options).wait(300)
        return status, log.read_text()

    call.book = book
    return call


def results(book, slug):
    return json.loads((book / "_build/quick" / slug / "results.json").read_text())


def test_only_what_is_stale_is_a_job__property(call):
    status, text = call()
    assert status == 0, text
    second = results(call.book, "counting-toy")
    assert "job" not in second["provenance"]  # no cluster
    assert (call.book / "_build/site/chapters/counting-toy/index.html").is_file()
    measured = call.book / "_build/jobs/quick/counting-toy.benchmark.tsv"
    assert "max_rss" in measured.read_text()

    status, text = call()
    assert status == 0, text
    assert "rule chapter_" not in text
    assert "QUICK-1" in text  # the ledger is printed all the same

    page = call.book / "chapters/quick-toy/index.md"
    page.write_text(page.read_text().replace("seed = 7", "seed = 8"))
    status, text = call()
    assert status == 0, text
    assert "rule chapter_quick_toy" in text
    assert "rule chapter_counting_toy" not in text
    assert results(call.book, "quick-toy")["parameters"]["seed"] == 8
    assert results(call.book, "counting-toy") == second


def test_a_failing_chapter_leaves_the_others_done__property(call):
    page = call.book / "chapters/quick-toy/index.md"
    whole = page.read_text()
    page.write_text(whole.replace("releases =", "raise ValueError('on purpose')\nreleases =", 1))
    status, text = call()
    assert status == 1
    assert "on purpose" in text
    assert not (call.book / "_build/quick/quick-toy").exists()
    page.write_text(whole)
    status, text = call()
    assert status == 0, text
    assert "rule chapter_quick_toy" in text
    assert "rule chapter_counting_toy" not in text


def test_a_chapter_without_resources_is_refused__property(call):
    path = call.book / "chapters/quick-toy/profiles.yml"
    path.write_text("schema: 1\nfull: {trials: 4000}\n")
    status, text = call("--dry-run")
    assert status == 1
    assert "quick-toy/profiles.yml:1: resources: missing 'quick'" in text
