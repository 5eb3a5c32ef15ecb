"""Directives that show the ledger: its rows, what was found, and how rows are decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives

from spinebook.book.site import claims_page, decide_page, findings_page, html, ledger_html, rows
from spinebook.book.site.config import source_link
from spinebook.book.site.pages import BookDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from spinebook.book.ledger import Row


def register(app: Sphinx) -> None:
    """Add the directives."""
    app.add_directive("ledger", LedgerDirective)
    app.add_directive("claims-table", ClaimsTable)
    app.add_directive("paper-findings", Findings)
    app.add_directive("ledger-facts", Facts)


class RowDirective(BookDirective):
    """What the directives that show rows share."""

    def links(self, row: Row) -> ledger_html.Links:
        """Return where a row leads, as seen from this page."""
        chapter = self.site.chapters[row.chapter]
        here = self.env.docname == chapter.docname
        code = source = None
        place = self.site.code_places.get(row.claim.id)
        if place and row.measurements:
            code = self.page(chapter.docname, place.anchor), f"code, index.md line {place.line}"
            path = f"{chapter.docname}.md"
            address = source_link(self.config, path, place.line)
            source = (address, "in the repository") if address else None
        return ledger_html.Links(
            None if here else (self.row_address(row), chapter.title),
            self._figure(row),
            code,
            source,
        )

    def row_address(self, row: Row) -> str:
        """Return the address of a row in its chapter."""
        docname = self.site.chapters[row.chapter].docname
        return self.page(docname, html.anchor(row.claim.id))

    def _figure(self, row: Row) -> tuple[str, str] | None:
        chapter = self.site.chapters[row.chapter]
        titles = {entry["name"]: entry["title"] for entry in chapter.figures()}
        name = row.claim.figure
        if name is None or name not in titles:
            return None
        return self.page(chapter.docname, name), titles[name]


class LedgerDirective(RowDirective):
    """The ledger rows of this chapter."""

    option_spec: ClassVar[dict[str, Any]] = {"kind": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Draw the table."""
        chapter = self.chapter
        kinds = None
        if "kind" in self.options:
            kinds = [kind.strip() for kind in self.options["kind"].split(",")]
            unknown = set(kinds) - set(rows.KIND_ORDER)
            if unknown:
                raise self.error(
                    f"unknown kind {sorted(unknown)}; expected {', '.join(rows.KIND_ORDER)}"
                )
        chosen = rows.select(self.site.rows, chapter.slug, kinds)
        if not chosen:
            return self.result_of("<p>This chapter has no such rows.</p>", [chapter.slug])
        table = ledger_html.ledger_table(chosen, f"Ledger of {chapter.title}", self.links)
        return self.result_of(table, [chapter.slug])


class ClaimsTable(RowDirective):
    """All rows of the ledger, with filters, order and downloads."""

    def run(self) -> list[nodes.Node]:
        """Draw what stands above the table, and the table."""
        table = ledger_html.ledger_table(
            rows.select(self.site.rows), "All claims of the book", self.links
        )
        above = claims_page.downloads(self.site, self.file) + claims_page.filters(self.site)
        return self.result_of(above + table)


class Findings(RowDirective):
    """All errata of the book, as errors and questions, by chapter and kind of evidence."""

    def run(self) -> list[nodes.Node]:
        """Draw a summary and one section for each chapter that has some."""
        found = self.result_of(findings_page.summary(self.site))
        for slug, chapter in self.site.chapters.items():
            entries = rows.select(self.site.rows, slug, ["erratum"])
            if not entries:
                continue
            section = nodes.section(ids=[f"found-in-{slug}"], names=[f"found-in-{slug}"])
            section += nodes.title(chapter.title, chapter.title)
            paper = self.site.ledger.papers[slug]
            section += self.result_of(findings_page.chapter(paper, entries, self.row_address))
            found.append(section)
        return found


class Facts(RowDirective):
    """A piece of the page that explains verdicts, drawn from the ledger."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Draw the piece that the argument names."""
        makers = {
            "examples": lambda: decide_page.examples(self.site.rows, self.row_address),
            "verdicts": decide_page.verdict_words,
            "profiles": lambda: decide_page.profiles(self.site.rows),
            "grades": lambda: decide_page.grades(self.site.rows),
            "columns": decide_page.columns,
        }
        make = makers.get(self.arguments[0])
        if make is None:
            raise self.error(f"unknown part {self.arguments[0]!r}; there are: {', '.join(makers)}")
        return self.result_of(make())
