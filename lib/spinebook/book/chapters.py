"""A chapter's source: one MyST notebook with a cell of literal parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spinebook.book.documents import read_document, read_text
from spinebook.book.errors import BookError, located
from spinebook.book.parameters import fit, read_parameters
from spinebook.book.paths import PROFILES, Book


@dataclass(frozen=True)
class Chapter:
    """A chapter as it stands in the checkout.

    Attributes:
        notebook: the page read as a notebook (nbformat).
        parameters: names and quick values of the parameters cell.
        overrides: values of the full profile.
        miniature: values that make the full profile small enough for a test of its path.
    """

    slug: str
    page: Path
    notebook: Any
    parameters: dict[str, Any]
    overrides: dict[str, Any]
    miniature: dict[str, Any]

    @property
    def code_cells(self) -> list[Any]:
        """The cells with code, in order."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    def values(
        self, profile: str, given: dict[str, Any], *, miniature: bool = False
    ) -> dict[str, Any]:
        """Return what a run overrides: the profile's values, then the ones given by hand.

        Args:
            profile: ``quick`` or ``full``.
            given: values given by hand.
            miniature: whether the full profile is run in small.

        Raises:
            BookError: if a name given is no parameter, its value has another type, or only the
                full profile was asked for in small.
        """
        if profile not in PROFILES:
            raise BookError(f"unknown profile {profile!r}; there are: {', '.join(PROFILES)}")
        if miniature and profile != "full":
            raise BookError("--miniature is the full profile in small; add --profile full")
        chosen = dict(self.overrides) if profile == "full" else {}
        if miniature:
            chosen |= self.miniature
        for name, value in given.items():
            chosen[name] = self._fitted(name, value, "-p")
        return chosen

    def _fitted(self, name: str, value: Any, where: str) -> Any:
        if name not in self.parameters:
            known = ", ".join(self.parameters) or "none"
            raise BookError(f"{where}: {self.slug} has no parameter {name!r}; it has: {known}")
        try:
            return fit(value, self.parameters[name])
        except ValueError as error:
            raise BookError(f"{where}: {self.slug}: parameter {name!r} {error}") from None


def load_chapter(book: Book, slug: str) -> Chapter:
    """Read a chapter and check its parameters cell and profiles.

    Raises:
        BookError: naming the file, the line and the remedy.
    """
    import jupytext

    page = book.chapters / slug / "index.md"
    if not page.is_file():
        raise BookError(located(page, None, "file not found; a chapter is chapters/SLUG/index.md"))
    read_text(page)  # refuses what is no UTF-8, with its line
    try:
        notebook = jupytext.read(page)
    except Exception as error:  # whatever its readers of YAML and Markdown raise
        text = f"jupytext cannot read the page; mend its header or the options of a cell: {error}"
        raise BookError(located(page, None, text)) from None
    parameters = read_parameters(page, notebook)
    profiles = read_document(page.parent / "profiles.yml", "profiles")
    chapter = Chapter(slug, page, notebook, parameters, {}, {})

    def fitted(*place: str) -> dict[str, Any]:
        content = profiles.content
        for key in place:
            content = content.get(key, {})
        return {
            name: chapter._fitted(name, value, profiles.at((*place, name), place[0]))
            for name, value in content.items()
        }

    return replace(chapter, overrides=fitted("full"), miniature=fitted("miniature", "values"))
