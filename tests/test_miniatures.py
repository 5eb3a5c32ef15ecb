"""The full profile of each chapter runs, with its sizes divided by a stated factor."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from spinebook.book.chapters import load_chapter
from spinebook.book.claims import read_claims
from spinebook.book.paths import Book

from tests.shared_data import shared_file

ROOT = Path(__file__).parents[1]
BOOK = Book(ROOT)
SLUGS = BOOK.slugs()
each_chapter = pytest.mark.parametrize("slug", SLUGS)


def sizes(value):
    """The numbers of a value, or none where it is a name."""
    values = value if isinstance(value, list) else [value]
    return [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]


@each_chapter
def test_no_size_is_smaller_than_stated__property(slug):
    chapter = load_chapter(BOOK, slug)
    profiles = yaml.safe_load((BOOK.chapters / slug / "profiles.yml").read_text())
    divisor = profiles["miniature"]["divisor"]
    full = chapter.parameters | chapter.overrides
    for name, small in chapter.miniature.items():
        pairs = list(zip(sizes(small), sizes(full[name]), strict=True))
        assert pairs, f"{name} is no size"
        for few, many in pairs:
            assert many / divisor <= few <= many, name


@pytest.mark.long
@each_chapter
def test_the_full_profile_runs_in_small__property(slug, tmp_path):
    """Every cell runs, and nearly all rows of the full ledger are measured."""
    images = shared_file("mnist.npz").parent
    out = ["--out", str(tmp_path)]
    command = [sys.executable, "-m", "spinebook", "--root", str(ROOT), "run", slug, *out]
    done = subprocess.run(
        [*command, "--profile", "full", "--miniature"],
        capture_output=True,
        text=True,
        env=os.environ | {"SPINEBOOK_DATA": str(images)},
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / slug / "results.json").read_text())
    measured = {record["claim"] for record in results["measurements"]}
    claims = read_claims(BOOK.chapters / slug / "claims.yml")[1]
    wanted = {claim.id for claim in claims if claim.tested["full"] is True}
    missing = wanted - measured
    print(
        f"{slug}: {len(missing)} of {len(wanted)} rows not measured: {', '.join(sorted(missing))}"
    )
    assert len(missing) <= 0.1 * len(wanted)
