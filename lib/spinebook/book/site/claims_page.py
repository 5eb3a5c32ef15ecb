"""What stands above the table of all claims: downloads, filters and order.

``claims.js`` makes filters and order work; without it the table shows every row.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from spinebook.book.site.html import FILTER_END, select_field, text_field
from spinebook.book.site.ledger_files import paths
from spinebook.book.site.rows import KIND_ORDER, KIND_TITLES, PROFILE_TITLES, count_labels

if TYPE_CHECKING:
    from spinebook.book.site.data import SiteData

ORDERS = ("paper", "id", "verdict", "profile")
"""Orders of the table other than its own: by kind, and by paper within each kind."""


def downloads(site: SiteData, file: Callable[[str], str]) -> str:
    """Return links to the whole ledger as files.

    Args:
        site: the book.
        file: gives the address of a file of the site.
    """
    links = " ".join(
        f'<a href="{escape(file(path))}" download>{path.rsplit(".", 1)[1].upper()}</a>'
        for path in paths(site.profile)
    )
    return (
        f'<p class="sb-downloads">The whole ledger, {escape(site.profile)} profile, '
        f"to download: {links}</p>"
    )


def filters(site: SiteData) -> str:
    """Return a form with choices of what is shown and of the order."""
    chapters = [(slug, chapter.title) for slug, chapter in site.chapters.items()]
    labels = dict.fromkeys(label for _, label, _ in count_labels(site.rows))
    kinds = [(kind, KIND_TITLES[kind]) for kind in KIND_ORDER]
    return (
        '<form class="sb-filters sb-wide" role="search" aria-label="Filter the claims" hidden>'
        + select_field("chapter", "Chapter", chapters)
        + select_field("kind", "Kind", kinds)
        + select_field("verdict", "Verdict", [(label, label) for label in labels])
        + select_field("profile", "Tested by", list(PROFILE_TITLES.items()))
        + text_field("word or id")
        + select_field("sort", "Sort by", [(order, order) for order in ORDERS], "kind")
        + '<label class="sb-check"><input type="checkbox" name="reverse" value="1">'
        "reversed</label>" + FILTER_END
    )
