"""Directives of the pages behind the chapters: glossary, notation, how to cite."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from docutils import nodes

from spinebook.book.site import citing, html
from spinebook.book.site.config import repository_url
from spinebook.book.site.glossary import entries_of, glossary_list
from spinebook.book.site.notation import notation, read_symbols
from spinebook.book.site.pages import BookDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def register(app: Sphinx) -> None:
    """Add the directives."""
    app.add_directive("glossary-list", GlossaryList)
    app.add_directive("notation", Notation)
    app.add_directive("how-to-cite", HowToCite)


class _Background(BookDirective):
    def chapter_link(self, slug: str) -> str:
        """Return a link to a chapter."""
        chapter = self.site.chapters.get(slug)
        if chapter is None:
            known = ", ".join(self.site.chapters)
            raise self.error(f"there is no chapter {slug!r} (there are: {known})")
        link = escape(self.page(chapter.docname))
        return f'<a href="{link}">{html.inline(chapter.title)}</a>'


class GlossaryList(_Background):
    """All terms of ``chapters/glossary.yml``."""

    def run(self) -> list[nodes.Node]:
        """Draw the list."""
        path = self.site.book.chapters / "glossary.yml"
        self.env.note_dependency(str(path))
        return self.result_of(glossary_list(entries_of(self.env.app), self.chapter_link))


class Notation(_Background):
    """The symbols of all chapters."""

    def run(self) -> list[nodes.Node]:
        """Draw the shared ones, then those of each chapter."""
        tables = {}
        for slug, chapter in self.site.chapters.items():
            try:
                tables[slug] = read_symbols(chapter.page.read_text("utf-8"))
            except ValueError as fault:
                raise self.error(f"{chapter.page}: {fault}") from None
        content = notation(tables, self.chapter_link)
        return self.result_of(f'<div class="sb-wide">{content}</div>')


class HowToCite(_Background):
    """BibTeX of the book, its chapters and their papers."""

    def run(self) -> list[nodes.Node]:
        """Draw one box per entry."""
        root = self.site.book.root
        citation = citing.read_citation(root / "CITATION.cff")
        url = repository_url(self.config)
        parts = [citing.citation_box("The book and its library", citing.book_entry(citation, url))]
        for slug, chapter in self.site.chapters.items():
            paper = self.site.ledger.papers[slug]
            try:
                original = citing.paper_entry(root / "chapters" / "references.bib", paper.cite)
            except (ValueError, OSError) as fault:
                raise self.error(str(fault)) from None
            chapter_box = citing.chapter_entry(chapter, citation, url)
            parts.append(
                f'<section><h2 id="cite-{slug}">{self.chapter_link(slug)}</h2>'
                f"{citing.citation_box('The paper', original)}"
                f"{citing.citation_box('Our chapter on it', chapter_box)}</section>"
            )
        return self.result_of("".join(parts))
