"""A chapter run in other ways agrees with the book; with a broken helper it does not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
CHAPTER = "sparse-dendrites"


@pytest.fixture
def compared(tmp_path):
    """A function that runs the chapter in a changed environment and compares it."""

    def run(*options, **environment):
        command = [sys.executable, "-m", "spinebook", "--root", str(ROOT)]
        out = ["--out", str(tmp_path / "out")]
        variables = os.environ | environment
        made = subprocess.run(
            [*command, "run", CHAPTER, *options, *out],
            env=variables,
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr
        return subprocess.run(
            [*command, "claims", "--compare", *out], env=variables, capture_output=True, text=True
        )

    return run


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing_but_roundings__property(compared, threads):
    said = compared(NPROC=str(threads))
    assert said.returncode == 0, said.stderr
    assert "differs" not in said.stdout


def test_another_seed_agrees_within_chance__property(compared):
    said = compared("-p", "seed=7")
    assert "other parameters: seed 7 for 2016" in said.stdout
    assert "within chance" in said.stdout
    assert said.returncode == 0, said.stderr


def test_a_broken_helper_is_caught__property(compared, tmp_path):
    """Probabilities that are two per cent too large."""
    library = tmp_path / "lib"
    shutil.copytree(
        ROOT / "lib", library, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    path, whole = library / "spinebook/dendrites/overlap.py", "return jnp.log(mantissa) + limbs"
    text = path.read_text()
    assert text.count(whole) == 1
    path.write_text(text.replace(whole, "return 0.02 + jnp.log(mantissa) + limbs"))
    said = compared(PYTHONPATH=str(library))
    assert said.returncode == 1
    assert said.stderr.count("but the book's run has") >= 5
