"""Where everything of a book lies: sources in ``chapters/``, products under ``_build/``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spinebook.book.errors import BookError

PROFILES = ("quick", "full")


@dataclass(frozen=True)
class Book:
    """A checkout of the book."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Book:
        """Return the book that holds a folder (by default the working folder).

        Raises:
            BookError: if no folder from there upwards holds ``_config.yml`` and ``chapters/``.
        """
        folder = (start or Path.cwd()).resolve()
        for candidate in (folder, *folder.parents):
            if (candidate / "_config.yml").is_file() and (candidate / "chapters").is_dir():
                return cls(candidate)
        raise BookError(
            f"no book found at {folder} or above it: expected a folder with _config.yml and "
            "chapters/; run the command inside a checkout of the repository, or pass --root"
        )

    @property
    def chapters(self) -> Path:
        """Folder of the chapters' sources."""
        return self.root / "chapters"

    @property
    def build(self) -> Path:
        """Folder of everything that can be made again."""
        return self.root / "_build"

    @property
    def lock(self) -> Path:
        """The lock file that pins what chapters run on."""
        return self.root / "requirements-book.lock"

    def results(self, profile: str) -> Path:
        """Folder of one profile's results."""
        return self.build / profile

    def slugs(self) -> list[str]:
        """Names of all chapters, in alphabetical order.

        Every folder with a ledger or profiles is one: if another of its files is missing, the
        reader of that file says so, and no chapter drops out unseen.
        """
        marks = ("claims.yml", "profiles.yml")
        return sorted({p.parent.name for mark in marks for p in self.chapters.glob(f"*/{mark}")})

    def select(self, wanted: list[str] | tuple[str, ...]) -> list[str]:
        """Return the chapters asked for, or all.

        Raises:
            BookError: if a name is no chapter of this book.
        """
        known = self.slugs()
        if not known:
            raise BookError(f"no chapter in {self.chapters}; one is a folder with claims.yml")
        unknown = [slug for slug in wanted if slug not in known]
        if unknown:
            raise BookError(f"no chapter named {', '.join(unknown)}; there are: {', '.join(known)}")
        return list(dict.fromkeys(wanted)) or known
