"""What the site knows about the book: its chapters, their results and the ledger."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from spinebook.book.ledger import Ledger, Row, load_ledger
from spinebook.book.paths import PROFILES, Book
from spinebook.book.results import read_results
from spinebook.book.site.code_lines import CodePlace, code_places

RESULTS_VARIABLE = "SPINEBOOK_RESULTS"
PROFILE_VARIABLE = "SPINEBOOK_PROFILE"


@dataclass(frozen=True)
class ChapterData:
    """One chapter: where its source and its results are."""

    slug: str
    source: Path
    results_folder: Path

    @property
    def docname(self) -> str:
        """Name of the page in Sphinx."""
        return f"chapters/{self.slug}/index"

    @property
    def page(self) -> Path:
        """The chapter's only source, a MyST notebook."""
        return self.source / "index.md"

    @property
    def notebook(self) -> Path:
        """The executed notebook."""
        return self.results_folder / "notebook.ipynb"

    @cached_property
    def results(self) -> dict[str, Any] | None:
        """What the run recorded, or None if the chapter has not been run."""
        return read_results(self.results_folder)

    @cached_property
    def title(self) -> str:
        """First heading of the page."""
        for line in self.page.read_text("utf-8").splitlines():
            if line.startswith("# "):
                return line[2:].strip()
        return self.slug

    def figures(self) -> list[dict[str, Any]]:
        """Records of figures and interactive figures, in the order in which they were drawn."""
        results = self.results or {}
        entries = [dict(entry, interactive=False) for entry in results.get("figures", [])]
        entries += [dict(entry, interactive=True) for entry in results.get("explorers", [])]
        return sorted(entries, key=lambda entry: entry.get("cell") or 0)

    def fingerprint(self) -> str:
        """Hash of everything a page may show of this chapter."""
        digest = hashlib.sha256()
        for path in (
            self.page,
            self.source / "claims.yml",
            self.results_folder / "results.json",
            self.notebook,
        ):
            digest.update(path.read_bytes() if path.is_file() else b"missing")
        return digest.hexdigest()


@dataclass(frozen=True)
class SiteData:
    """The whole book as the site sees it."""

    book: Book
    results: Path
    profile: str
    chapters: dict[str, ChapterData]

    def chapter_of(self, docname: str) -> ChapterData | None:
        """Return the chapter that a page is, or None for other pages."""
        parts = docname.split("/")
        if len(parts) == 3 and parts[0] == "chapters" and parts[2] == "index":
            return self.chapters.get(parts[1])
        return None

    @cached_property
    def ledger(self) -> Ledger:
        """Every claim with its verdict."""
        return load_ledger(self.book, self.profile, self.results)

    @cached_property
    def code_places(self) -> dict[str, CodePlace]:
        """Where the code measures each row, by the row's id."""
        found: dict[str, CodePlace] = {}
        for slug, chapter in self.chapters.items():
            claims = [row.claim.id for row in self.ledger.rows if row.chapter == slug]
            found |= code_places(chapter.page.read_text("utf-8"), claims)
        return found

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows of the ledger, in the order of the chapters."""
        place = {slug: index for index, slug in enumerate(self.chapters)}
        return tuple(sorted(self.ledger.rows, key=lambda row: place.get(row.chapter, len(place))))

    @cached_property
    def compared(self) -> dict[str, ChapterData]:
        """Chapters that have results of the other profile too, to set beside those shown.

        Only where the site shows the results of a profile: those made by hand have no counterpart.
        """
        if self.results.resolve() != self.book.results(self.profile).resolve():
            return {}
        (other,) = set(PROFILES) - {self.profile}
        folder = self.book.results(other)
        found = {
            slug: ChapterData(slug, chapter.source, folder / slug)
            for slug, chapter in self.chapters.items()
        }
        return {slug: chapter for slug, chapter in found.items() if chapter.results}


def load_site(root: Path) -> SiteData:
    """Find the chapters below a checkout and the results to show.

    Args:
        root: folder that holds ``_config.yml`` and ``chapters/``. The results are those in
            ``$SPINEBOOK_RESULTS`` (judged by the rules of ``$SPINEBOOK_PROFILE``), else those of
            the quick profile.

    Returns:
        The book, its chapters in the order of the table of contents; results are read when they
        are first needed.
    """
    book = Book(Path(root))
    profile = os.environ.get(PROFILE_VARIABLE) or PROFILES[0]
    results = Path(os.environ.get(RESULTS_VARIABLE) or book.results(profile))
    chapters = {
        slug: ChapterData(slug, book.chapters / slug, results / slug) for slug in _in_order(book)
    }
    return SiteData(book, results, profile, chapters)


def _in_order(book: Book) -> list[str]:
    """Return all chapters: first those in the table of contents, in its order."""
    contents = book.root / "_toc.yml"
    text = contents.read_text("utf-8") if contents.is_file() else ""
    listed = re.findall(r"\bfile:\s*chapters/([\w-]+)/index\b", text)
    known = book.slugs()
    return list(dict.fromkeys([slug for slug in listed if slug in known] + known))
