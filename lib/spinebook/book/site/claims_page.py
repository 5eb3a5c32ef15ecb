"""The filters above the table of all claims; ``claims.js`` makes them work."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from spinebook.book.site.rows import KIND_ORDER, KIND_TITLES, count_labels

if TYPE_CHECKING:
    from spinebook.book.site.data import SiteData


def filters(site: SiteData) -> str:
    """Return a form with a choice of chapter, kind and verdict and a field for free text."""
    chapters = [(slug, chapter.title) for slug, chapter in site.chapters.items()]
    labels = dict.fromkeys(label for _, label, _ in count_labels(site.rows))
    kinds = [(kind, KIND_TITLES[kind]) for kind in KIND_ORDER]
    return (
        '<form class="sb-filters sb-wide" role="search" aria-label="Filter the claims" hidden>'
        + _select("chapter", "Chapter", chapters)
        + _select("kind", "Kind", kinds)
        + _select("verdict", "Verdict", [(label, label) for label in labels])
        + '<label>Text<input type="search" name="text" autocomplete="off" '
        'placeholder="word or id"></label>'
        '<button type="reset">Show all</button>'
        '<output class="sb-count" aria-live="polite"></output></form>'
    )


def _select(name: str, title: str, choices: list[tuple[str, str]]) -> str:
    options = "".join(f'<option value="{escape(v)}">{escape(text)}</option>' for v, text in choices)
    options = f'<option value="">all</option>{options}'
    return f'<label>{title}<select name="{name}">{options}</select></label>'
