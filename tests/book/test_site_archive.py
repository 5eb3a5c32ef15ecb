"""The zip of a chapter: complete, the same bytes for the same content, and left alone."""

import json
import shutil
import subprocess
import sys
import zipfile

import pytest
from spinebook.book.site.archive import contents, pack, write_archive

from tests.book.site_examples import PAPER, RESULTS, toy_chapter


@pytest.fixture
def chapter(tmp_path):
    return toy_chapter(tmp_path)


def write(chapter, target, repository=""):
    root = chapter.source.parents[1]
    write_archive(chapter, PAPER, chapter.notebook, target, root, repository)
    return zipfile.ZipFile(target)


def test_everything_of_the_chapter_is_in_it__brute_force(chapter, tmp_path):
    with write(chapter, tmp_path / "toy.zip") as archive:
        assert archive.testzip() is None
        names = {name.removeprefix("toy/") for name in archive.namelist()}
        drawn = {
            path.relative_to(chapter.results_folder).as_posix()
            for path in chapter.results_folder.rglob("*")
            if path.is_file() and path.name != "notebook.ipynb"
        }
        sources = {"toy.ipynb", "index.md", "claims.yml", "LICENSE", "README.txt"}
        assert names == drawn | sources
        for name in drawn:
            assert archive.read(f"toy/{name}") == (chapter.results_folder / name).read_bytes()


def test_another_program_unpacks_it__independent_package(chapter, tmp_path):
    write(chapter, tmp_path / "toy.zip").close()
    shutil.unpack_archive(tmp_path / "toy.zip", tmp_path / "one")
    done = subprocess.run(
        [sys.executable, "-m", "zipfile", "-t", str(tmp_path / "toy.zip")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert json.loads((tmp_path / "one/toy/results.json").read_text()) == RESULTS


def test_the_same_content_gives_the_same_bytes__property():
    forward = pack("toy", {"a": b"1" * 999, "b": b"2"})
    assert forward == pack("toy", {"b": b"2", "a": b"1" * 999})
    assert forward != pack("toy", {"b": b"3", "a": b"1" * 999})


def test_an_unchanged_archive_is_not_written_again__property(chapter, tmp_path):
    target = tmp_path / "toy.zip"
    write(chapter, target).close()
    before = target.stat().st_mtime_ns
    write(chapter, target).close()
    assert target.stat().st_mtime_ns == before
    (chapter.source / "index.md").write_text("# Toy\n\nOther prose.\n")
    with write(chapter, target) as archive:
        assert b"Other prose" in archive.read("toy/index.md")


def test_a_damaged_archive_is_replaced__property(chapter, tmp_path):
    target = tmp_path / "toy.zip"
    target.write_bytes(b"PK half")
    with write(chapter, target) as archive:
        assert archive.testzip() is None


def test_the_note_says_what_when_and_how__property(chapter):
    root = chapter.source.parents[1]
    address = "https://github.com/example/spinebook"
    note = contents(chapter, PAPER, chapter.notebook, root, address)["README.txt"].decode()
    for part in (
        "A. Nobody: A toy (2020)",
        "version 0.1.0, commit 0123456789ab",
        "quick profile, 2026-01-01 00:00:00 UTC, 12 s on CPU with 2 threads",
        "spinebook run toy\n",
        f"({address})",
        "CC BY 4.0",
        "BSD 3-Clause",
        "claims.yml",
    ):
        assert part in note
    assert "profiles.yml" not in note, "a file that is not there is not listed"
