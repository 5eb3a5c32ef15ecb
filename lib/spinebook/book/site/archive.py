"""One zip per chapter: notebook, source, ledger, results, figures and data, with a note.

The same content gives the same bytes: entries are sorted and carry no time of their own. A digest
of the content stands in the archive's comment, so that an unchanged archive is not packed again.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinebook.book.site.figure_html import commit_text

if TYPE_CHECKING:
    from spinebook.book.claims import Paper
    from spinebook.book.site.data import ChapterData

EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
SOURCES = ("index.md", "claims.yml", "profiles.yml", "verdicts.yml")  # the last one once recorded
LICENCES = ("LICENSE", "LICENSE-TEXT")
ENTRIES = {
    "index.md": "the chapter's source, a MyST notebook",
    "claims.yml": "the ledger: published claims with their rules, written before the run",
    "profiles.yml": "what the full profile changes",
    "verdicts.yml": "the verdicts that the repository records",
    "results.json": "what was measured, with parameters, versions and seconds",
    "figures/": "each figure as SVG (light and dark) and PNG",
    "data/": "what the figures draw, as CSV or NPZ",
}
README = """\
{title}
{rule}
A chapter of Spinebook, a reproducible companion to papers on how neural circuits learn.
It is about: {authors}: {paper} ({year}), {venue}.

What is here
{entries}

Where it came from
  version {version}, commit {commit}
  {profile} profile, {started}, {seconds:.0f} s on {device} with {threads} threads

Run it again, in a checkout of the repository{address}
  spinebook run {slug}
  spinebook run {slug} --profile full     at the paper's own size
or open {slug}.ipynb in JupyterLab where the library is installed, and run all cells.

Licences: text and figures CC BY 4.0, code BSD 3-Clause; the texts are beside this file.
"""


def write_archive(
    chapter: ChapterData, paper: Paper, notebook: Path, target: Path, root: Path, repository: str
) -> None:
    """Write the archive of a chapter that has been run, unless it is there already.

    Args:
        chapter: the chapter.
        paper: what it is about.
        notebook: its executed notebook as readers download it.
        target: the zip.
        root: folder of the checkout, where the licences are.
        repository: public address of the repository, or empty.
    """
    content = contents(chapter, paper, notebook, root, repository)
    comment = _digest(content)
    if target.is_file() and _comment_of(target) == comment:
        return
    target.write_bytes(pack(chapter.slug, content, comment))


def contents(
    chapter: ChapterData, paper: Paper, notebook: Path, root: Path, repository: str
) -> dict[str, bytes]:
    """Return the files of a chapter's archive by their names in it."""
    results = chapter.results or {}
    places = {f"{chapter.slug}.ipynb": notebook}
    places |= {name: chapter.source / name for name in SOURCES}
    places |= {name: root / name for name in LICENCES}
    drawn = [path for record in results["figures"] for path in _files(record)]
    places |= {name: chapter.results_folder / name for name in ("results.json", *drawn)}
    found = {name: path.read_bytes() for name, path in places.items() if path.is_file()}
    readme = _readme(chapter, paper, list(found), repository)
    return found | {"README.txt": readme.encode("utf-8")}


def pack(folder: str, content: Mapping[str, bytes], comment: bytes = b"") -> bytes:
    """Return a zip whose bytes follow from its content alone.

    Args:
        folder: folder inside the zip that holds everything.
        content: files by name.
        comment: a comment for the whole archive.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(f"{folder}/{name}", EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # or the bytes would differ between Windows and others
            archive.writestr(entry, content[name])
        archive.comment = comment
    return buffer.getvalue()


def _files(record: Mapping[str, Any]) -> list[str]:
    return [*record["files"].values(), *record["data"]]


def _readme(chapter: ChapterData, paper: Paper, names: Sequence[str], repository: str) -> str:
    results = chapter.results or {}
    origin = results["provenance"]
    notebook = {f"{chapter.slug}.ipynb": "the executed notebook, which opens in JupyterLab"}
    there = [entry for entry in ENTRIES if any(name.startswith(entry) for name in names)]
    listed = notebook | {entry: ENTRIES[entry] for entry in there}
    width = max(map(len, listed)) + 2
    return README.format(
        title=chapter.title,
        entries="\n".join(f"  {name:{width}}{text}" for name, text in listed.items()),
        rule="=" * len(chapter.title),
        authors=paper.authors,
        paper=paper.title,
        year=paper.year,
        venue=paper.venue,
        slug=chapter.slug,
        version=origin.get("versions", {}).get("spinebook", "unknown"),
        commit=commit_text(origin),
        profile=results["profile"],
        started=origin.get("started"),
        seconds=origin["seconds"],
        device=origin.get("device"),
        threads=origin.get("threads"),
        address=f" ({repository})" if repository else "",
    )


def _digest(content: Mapping[str, bytes]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(content):
        digest.update(f"{name}\0{len(content[name])}\0".encode())
        digest.update(content[name])
    return digest.hexdigest().encode("ascii")


def _comment_of(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment
    except zipfile.BadZipFile:  # a build was killed while writing it
        return b""
