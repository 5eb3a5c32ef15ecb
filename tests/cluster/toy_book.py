"""A book of two toy chapters: one is done at once, the other counts and keeps count."""

import shutil

from tests.book.test_site_build import make_book as make_book_of_one

# Counts to a number in as many seconds, and after an interruption goes on from where it was.
COUNTING = """import time
from pathlib import Path

kept = Path(book.checkpoint("count"))
kept.mkdir(parents=True, exist_ok=True)
found = len(list(kept.iterdir()))
for step in range(found, SECONDS):
    time.sleep(1)
    (kept / str(step)).touch()
book.number("found", found, "d")
releases ="""
ASKED = "{memory_GB: 2, minutes: 10, cores: 2, gpus: 0}"


def make_book(folder, seconds):
    """Make a book with the toy chapter twice, under other names.

    Args:
        folder: where the book will be.
        seconds: how long the second chapter counts.
    """
    chapters = make_book_of_one(folder) / "chapters"
    for slug, prefix in (("quick-toy", "QUICK-"), ("counting-toy", "COUNT-")):
        shutil.copytree(chapters / "toy-synapse", chapters / slug)
        for name in ("index.md", "claims.yml"):
            path = chapters / slug / name
            text = path.read_text().replace("TOY-", prefix).replace("# A toy", f"# {slug}")
            path.write_text(text)
        path = chapters / slug / "profiles.yml"
        path.write_text(path.read_text() + f"resources:\n  quick: {ASKED}\n")
    shutil.rmtree(chapters / "toy-synapse")
    page = chapters / "counting-toy" / "index.md"
    counting = COUNTING.replace("SECONDS", str(seconds))
    page.write_text(page.read_text().replace("releases =", counting, 1))
    contents = folder / "_toc.yml"
    both = "quick-toy/index\n  - file: chapters/counting-toy/index"
    contents.write_text(contents.read_text().replace("toy-synapse/index", both))
    return folder
