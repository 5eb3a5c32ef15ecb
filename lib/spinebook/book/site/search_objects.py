"""Claims and figures as objects of the index, so that the site's search finds each by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from sphinx.domains import Domain, ObjType

from spinebook.book.site.html import anchor
from spinebook.book.site.reader import site_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

# The search shows results of the first class before pages, of the second after them.
IMPORTANT, USUAL = 0, 1


def register(app: Sphinx) -> None:
    """Add the domain, and the ranking that puts a claim asked for by its id first."""
    app.add_domain(BookDomain)
    app.connect("config-inited", _rank, priority=400)


def _rank(app: Sphinx, config: Config) -> None:
    config.html_search_scorer = str(files("spinebook.book") / "static" / "scorer.js")


def plain(text: str) -> str:
    r"""Return a ledger's text as the search matches it: no mathematics, no full stops.

    The index takes what follows a full stop for a name inside what stands before it.

    Examples:
        >>> plain("The rate is $10^{-9}$. It `falls`.")
        'The rate is 10{-9}; It falls'
    """
    bare = re.sub(r"[$`*^\\]", "", text)
    return re.sub(r"\.(?=\s|$)", ";", bare).strip("; ").replace(".", "·")


class BookDomain(Domain):
    """What the book has beside pages and functions."""

    name = "book"
    label = "Spinebook"
    object_types: ClassVar[dict[str, ObjType]] = {  # type: ignore[misc]
        "claim": ObjType("claim"),
        "figure": ObjType("figure"),
    }
    data_version = 1
    initial_data: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """Yield name, text shown, kind, page, place on it and priority of every object."""
        site = site_of(self.env.app)
        for row in site.rows:
            shown = f"{row.claim.id}: {plain(row.claim.statement)} ({row.label})"
            page = site.chapters[row.chapter].docname
            yield row.claim.id, shown, "claim", page, anchor(row.claim.id), IMPORTANT
        for chapter in site.chapters.values():
            for record in chapter.figures():
                name = f"{chapter.slug}/{record['name']}"
                shown = f"{plain(record['title'])} ({plain(chapter.title)})"
                yield name, shown, "figure", chapter.docname, record["name"], USUAL

    def merge_domaindata(self, docnames: list[str], otherdata: dict[str, Any]) -> None:
        """Do nothing: all comes from the results."""
