"""The directives: each asks for a piece of HTML made elsewhere and puts it on its page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from spinebook.book.site import (
    explorer_files,
    figure_html,
    gallery,
    helper_index,
    html,
    landing,
    launch,
    rows,
    status_page,
)
from spinebook.book.site.badge import badge
from spinebook.book.site.reader import depend_on, note_math, site_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from spinebook.book.site.data import ChapterData, SiteData


def register(app: Sphinx) -> None:
    """Add the directives."""
    for name, directive in {
        "book-figure": FigureDirective,
        "book-explorer": ExplorerDirective,
        "signature-figure": SignatureFigure,
        "chapter-links": ChapterLinks,
        "results-at-a-glance": Glance,
        "figure-gallery": Gallery,
        "run-status": RunStatus,
    }.items():
        app.add_directive(name, directive)


class BookDirective(SphinxDirective):
    """What the directives share."""

    @property
    def site(self) -> SiteData:
        """The book."""
        return site_of(self.env.app)

    @property
    def chapter(self) -> ChapterData:
        """The chapter that this page is; an error on other pages."""
        chapter = self.site.chapter_of(self.env.docname)
        if chapter is None:
            raise self.error(f"{{{self.name}}} works on chapter pages only")
        return chapter

    def page(self, docname: str, fragment: str = "") -> str:
        """Return the address of a page as seen from this one."""
        return html.page_link(self.env.app.builder, self.env.docname, docname, fragment)

    def result_file(self, slug: str, path: str) -> str:
        """Return the address of a file of a chapter's results as seen from this page."""
        return self.file(f"results/{slug}/{path}")

    def file(self, path: str) -> str:
        """Return the address of a file of the site as seen from this page."""
        return html.file_link(self.env.app.builder, self.env.docname, path)

    def result_of(self, content: str, slugs: list[str] | None = None) -> list[nodes.Node]:
        """Wrap HTML in a node and note what the page depends on."""
        chapters = list(self.site.chapters) if slugs is None else slugs
        depend_on(self.env, self.env.docname, chapters)
        if html.has_math(content):
            note_math(self.env, self.env.docname)
        return [nodes.raw("", content, format="html")]

    def claim_links(self, record: dict[str, Any]) -> str:
        """Return links, with verdicts, to the rows of this chapter that a figure bears on."""
        by_id = {row.claim.id: row for row in self.site.rows}
        named = [by_id[name] for name in record.get("claims", []) if name in by_id]
        return " ".join(
            f'<a class="sb-claim" href="#{html.anchor(row.claim.id)}">{escape(row.claim.id)} '
            f"{badge(row.verdict.value, row.label)}</a>"
            for row in named
        )

    def provenance(self, chapter: ChapterData, record: dict[str, Any]) -> str:
        """Return the folded provenance line of a figure."""
        helpers = helper_index.links_to_helpers(self.env, chapter, record["name"], self.page)
        results = chapter.results or {}
        return figure_html.provenance_line(results, record, chapter.slug, helpers)

    def record(self, name: str, interactive: bool) -> dict[str, Any]:
        """Return the record of a figure of this chapter."""
        for record in self.chapter.figures():
            if record["name"] == name and record["interactive"] == interactive:
                return record
        raise self.error(f"the results of chapter {self.chapter.slug!r} hold no figure {name!r}")


class FigureDirective(BookDirective):
    """A drawn figure."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Draw it."""
        chapter, record = self.chapter, self.record(self.arguments[0], interactive=False)
        size = figure_html.svg_size(chapter.results_folder / record["files"]["svg"])
        content = figure_html.static_figure(
            record,
            size,
            lambda path: self.result_file(chapter.slug, path),
            self.claim_links(record),
            self.provenance(chapter, record),
        )
        return self.result_of(content, [chapter.slug])


class ExplorerDirective(BookDirective):
    """A figure that the reader moves."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Draw it from the settings that stand in the executed notebook."""
        chapter, record = self.chapter, self.record(self.arguments[0], interactive=True)
        content = figure_html.interactive_figure(
            record,
            self._spec(chapter, record["name"]),
            self.claim_links(record),
            self.provenance(chapter, record),
        )
        return self.result_of(content, [chapter.slug])

    def _spec(self, chapter: ChapterData, name: str) -> dict[str, Any]:
        try:
            return explorer_files.settings_of(chapter)[name]
        except KeyError:
            text = f"the executed notebook holds no settings of the explorer {name!r}"
            raise self.error(text) from None


class SignatureFigure(BookDirective):
    """The figure that ``claims.yml`` names as the one that shows the result, ahead of its place."""

    def run(self) -> list[nodes.Node]:
        """Draw it without downloads and provenance, which stand where it is made."""
        chapter = self.chapter
        name = self.site.ledger.papers[chapter.slug].figure
        if name is None:
            raise self.error(f"claims.yml of {chapter.slug!r} names no figure of the paper")
        if chapter.results is None:
            return []  # the reader has said so already
        record = self.record(name, interactive=False)
        content = figure_html.signature_figure(
            record,
            figure_html.svg_size(chapter.results_folder / record["files"]["svg"]),
            lambda path: self.result_file(chapter.slug, path),
        )
        return self.result_of(content, [chapter.slug])


class ChapterLinks(BookDirective):
    """What stands under a chapter's title: paper, verdicts, downloads, how to run it again."""

    def run(self) -> list[nodes.Node]:
        """Draw it."""
        chapter = self.chapter
        by_kind = {
            kind: rows.select(self.site.rows, chapter.slug, [kind]) for kind in rows.KIND_ORDER
        }
        counts = [
            (rows.KIND_PLURALS[kind], rows.count_labels(chosen))
            for kind, chosen in by_kind.items()
            if chosen
        ]
        content = launch.chapter_header(
            chapter,
            self.site.ledger.papers[chapter.slug],
            counts,
            lambda path: self.result_file(chapter.slug, path),
            self.page("chapters/rerun"),
            self._cite(chapter.slug),
            self.config,
        )
        return self.result_of(content, [chapter.slug])

    def _cite(self, slug: str) -> str | None:
        known = "chapters/cite" in self.env.found_docs  # a book need not have the page
        return self.page("chapters/cite", f"cite-{slug}") if known else None


class Glance(BookDirective):
    """The landing page's results."""

    def run(self) -> list[nodes.Node]:
        """Draw one card per chapter."""
        return self.result_of(landing.glance(self.site, self.page, self.result_file))


class Gallery(BookDirective):
    """All figures of the book."""

    def run(self) -> list[nodes.Node]:
        """Draw them as small pictures that link to their places."""
        links = gallery.Links(
            self.page,
            self.result_file,
            lambda slug, path: self.file(f"compared/{slug}/{path}"),
            self.provenance,
        )
        return self.result_of(gallery.gallery(self.site, links))


class RunStatus(BookDirective):
    """Where and when the results shown were made."""

    def run(self) -> list[nodes.Node]:
        """Draw a table per chapter."""
        self.env.note_reread()  # what is stale depends on files that no page shows
        return self.result_of(status_page.run_status(self.site, self.page))
