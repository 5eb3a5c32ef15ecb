"""A chapter's source: one MyST notebook with a cell of literal parameters."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinebook.book.documents import read_document
from spinebook.book.errors import BookError, located
from spinebook.book.paths import PROFILES, Book


@dataclass(frozen=True)
class Chapter:
    """A chapter as it stands in the checkout.

    Attributes:
        notebook: the page read as a notebook (nbformat).
        parameters: names and quick values of the parameters cell.
        overrides: values of the full profile.
    """

    slug: str
    page: Path
    notebook: Any
    parameters: dict[str, Any]
    overrides: dict[str, Any]

    @property
    def code_cells(self) -> list[Any]:
        """The cells with code, in order."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    def values(self, profile: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return what a run overrides: the profile's values, then the ones given by hand.

        Raises:
            BookError: if a name given is no parameter, or its value has another type.
        """
        if profile not in PROFILES:
            raise BookError(f"unknown profile {profile!r}; there are: {', '.join(PROFILES)}")
        chosen = dict(self.overrides) if profile == "full" else {}
        for name, value in given.items():
            self._check(name, value, "-p")
            chosen[name] = _fit(value, self.parameters[name])
        return chosen

    def _check(self, name: str, value: Any, where: str) -> None:
        if name not in self.parameters:
            known = ", ".join(self.parameters) or "none"
            raise BookError(f"{where}: {self.slug} has no parameter {name!r}; it has: {known}")
        default = self.parameters[name]
        if not _same_kind(value, default):
            raise BookError(
                f"{where}: {self.slug}: parameter {name!r} is a {type(default).__name__} "
                f"(quick value {default!r}), got {value!r}"
            )


def load_chapter(book: Book, slug: str) -> Chapter:
    """Read a chapter and check its parameters cell and profiles.

    Raises:
        BookError: naming the file, the line and the remedy.
    """
    import jupytext

    page = book.chapters / slug / "index.md"
    if not page.is_file():
        raise BookError(located(page, None, "file not found; a chapter is chapters/SLUG/index.md"))
    notebook = jupytext.read(page)
    parameters = _parameters(page, notebook)
    profiles = read_document(page.parent / "profiles.yml", "profiles")
    overrides = profiles.content["full"] or {}
    chapter = Chapter(slug, page, notebook, parameters, {})
    for name, value in overrides.items():
        chapter._check(name, value, profiles.at(("full", name), "full"))
    return Chapter(slug, page, notebook, parameters, overrides)


def _parameters(page: Path, notebook: Any) -> dict[str, Any]:
    tagged = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", [])
    ]
    if len(tagged) != 1:
        text = f"expected exactly one code cell tagged 'parameters', found {len(tagged)}"
        raise BookError(located(page, None, f"{text}; add `:tags: [parameters]` to it"))
    try:
        statements = ast.parse(tagged[0].source).body
        return dict(_literal(statement) for statement in statements)
    except (SyntaxError, ValueError) as error:
        text = f"the parameters cell may hold only NAME = literal lines: {error}"
        raise BookError(located(page, _line_of(page, tagged[0].source), text)) from None


def _literal(statement: ast.stmt) -> tuple[str, Any]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            pass
        case _:
            raise ValueError(f"line {statement.lineno} of the cell is {ast.unparse(statement)!r}")
    return name, ast.literal_eval(value)


def _line_of(page: Path, source: str) -> int | None:
    first = source.splitlines()[0] if source else ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if first and line.strip() == first.strip():
            return number
    return None


def _same_kind(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    if isinstance(default, list | tuple):
        return isinstance(value, list | tuple)
    return default is None or isinstance(value, type(default))


def _fit(value: Any, default: Any) -> Any:
    return float(value) if isinstance(default, float) else value
