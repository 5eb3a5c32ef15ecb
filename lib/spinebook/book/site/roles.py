"""Roles for prose: a number from the run, a claim with its verdict, a figure by name."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxRole

from spinebook.book.site import html
from spinebook.book.site.badge import badge
from spinebook.book.site.reader import depend_on, note_math, site_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from spinebook.book.site.data import ChapterData


def register(app: Sphinx) -> None:
    """Add the roles."""
    app.add_role("number", NumberRole())
    app.add_role("claim", ClaimRole())
    app.add_role("figref", FigureRole())


class BookRole(SphinxRole):
    """What the roles share: the book, the page's chapter, and errors that name the place."""

    def problem(self, message: str) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Report a mistake as an error at the place of the role."""
        report = self.inliner.reporter.error(message, line=self.lineno)
        return [self.inliner.problematic(self.rawtext, self.rawtext, report)], [report]

    def missing_results(self, chapter: ChapterData) -> bool:
        """Tell whether the chapter has not been run (which the reader has reported already)."""
        return chapter.results is None

    def raw(self, text: str) -> nodes.raw:
        """Return HTML as a node."""
        return nodes.raw(self.rawtext, text, format="html")


class NumberRole(BookRole):
    """``{number}`name` ``: the text that ``book.number`` recorded under this name."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Insert the number as plain text, with the name as a hint."""
        chapter = site_of(self.env.app).chapter_of(self.env.docname)
        if chapter is None:
            return self.problem("{number} works on chapter pages only")
        if self.missing_results(chapter):
            return [nodes.emphasis(self.rawtext, "not run yet")], []
        numbers = (chapter.results or {}).get("numbers", {})
        if self.text not in numbers:
            known = ", ".join(sorted(numbers)) or "none"
            return self.problem(
                f"number {self.text!r} was not recorded by this chapter (recorded: {known}); "
                f"record it with book.number({self.text!r}, value)"
            )
        text = numbers[self.text]["text"]
        return [nodes.inline(self.rawtext, text, classes=["sb-number"])], []


class ClaimRole(BookRole):
    """``{claim}`DEN-4` ``: a link to the ledger row with its verdict."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Insert id and badge as one link."""
        site = site_of(self.env.app)
        row = next((row for row in site.rows if row.claim.id == self.text), None)
        if row is None:
            return self.problem(f"claim {self.text!r} stands in no claims.yml")
        depend_on(self.env, self.env.docname, [row.chapter])
        builder = self.env.app.builder
        own = site.chapter_of(self.env.docname)
        here = own is not None and own.slug == row.chapter
        page = self.env.docname if here else "chapters/claims"
        target = html.page_link(builder, self.env.docname, page, html.anchor(row.claim.id))
        content = f"{escape(row.claim.id)} {badge(row.verdict.value, row.label)}"
        return [self.raw(f'<a class="sb-claim" href="{escape(target)}">{content}</a>')], []


class FigureRole(BookRole):
    """``{figref}`fig-4a` `` or ``{figref}`slug/fig-4a` ``: a link to a figure, with its title."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Insert the link."""
        site = site_of(self.env.app)
        slug, _, name = self.text.rpartition("/")
        chapter = site.chapters.get(slug) if slug else site.chapter_of(self.env.docname)
        if chapter is None:
            return self.problem(
                f"figure {self.text!r}: name the chapter, as in {{figref}}`slug/fig-4a`"
            )
        depend_on(self.env, self.env.docname, [chapter.slug])
        if self.missing_results(chapter):
            return [nodes.emphasis(self.rawtext, name)], []
        titles: dict[str, Any] = {entry["name"]: entry["title"] for entry in chapter.figures()}
        if name not in titles:
            known = ", ".join(titles) or "none"
            return self.problem(f"chapter {chapter.slug!r} has no figure {name!r} (it has {known})")
        target = html.page_link(self.env.app.builder, self.env.docname, chapter.docname, name)
        text = html.inline(titles[name])
        if html.has_math(text):
            note_math(self.env, self.env.docname)
        return [self.raw(f'<a href="{escape(target)}">{text}</a>')], []
