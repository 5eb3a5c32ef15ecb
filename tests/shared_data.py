"""Real image sets in a folder beside the checkout, which tests may use and must not need."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "data"


def shared_file(name):
    """Return the place of a file, or skip the test and say what it wanted."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"needs {FOLDER.parent.name}/{FOLDER.name}/{name} beside the checkout")
    return path
