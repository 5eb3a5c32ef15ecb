"""The changelog as a feed, in RSS 2.0: one item per change.

A feed reader shows an item once. The section of what is not released yet grows all the time, so a
section would be a bad item; a single change is a good one. Its identity is a digest of its text and
stays the same when the section becomes a release. An item has a date only if the changelog dates
its section (``## [0.2.0] - 2026-12-01``), for which RSS, unlike Atom, leaves the choice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from xml.etree import ElementTree

from markdown_it import MarkdownIt

from spinebook.book.jsonfile import write_whole

if TYPE_CHECKING:
    from markdown_it.token import Token
    from sphinx.application import Sphinx

NAME = "feed.xml"
PAGE = "chapters/changelog"
_VERSION = re.compile(r"\[?(?P<name>[^\]\s]+)\]?(?:\s+[-–—]\s+(?P<date>\d{4}-\d{2}-\d{2}))?\s*$")
_SENTENCE_END = re.compile(r"(?<=[.:;])\s")


@dataclass(frozen=True)
class Change:
    """One entry of the changelog.

    Attributes:
        version: name of its section, such as ``0.1.0`` or ``Unreleased``.
        date: the section's date, if it has one.
        kind: heading above it, such as ``Added``.
        text: its words, without markup.
        html: the same with markup.
    """

    version: str
    date: datetime | None
    kind: str
    text: str
    html: str

    @property
    def identity(self) -> str:
        """What a feed reader knows the change by; it does not depend on the section."""
        return "spinebook:" + hashlib.sha256(self.text.encode("utf-8")).hexdigest()[:24]

    @property
    def title(self) -> str:
        """Its first clause."""
        return _SENTENCE_END.split(self.text)[0].rstrip(".:;")


def register(app: Sphinx) -> None:
    """Write the feed and name it on every page."""
    app.connect("html-page-context", _announce)
    app.connect("build-finished", _write)


def changes(text: str) -> Iterator[Change]:
    """Read a changelog in the form of Keep a Changelog; yield its entries in their order.

    Raises:
        ValueError: if a heading of the second level names no version.
    """
    parser = MarkdownIt()
    tokens = parser.parse(text)
    version, date, kind = "", None, ""
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = tokens[place + 1].content
            if token.tag == "h2":
                version, date = _version(heading)
            elif token.tag == "h3":
                kind = heading
        elif token.type == "list_item_open" and token.level == 1:
            item = _until_close(tokens, place)
            words = " ".join(_plain(part) for part in item if part.type == "inline")
            html = parser.renderer.render(item, parser.options, {})
            yield Change(version, date, kind, words, html)


def feed(entries: Sequence[Change], title: str, summary: str, language: str, base: str) -> str:
    """Return the feed as XML.

    Args:
        entries: the changes, newest first.
        title: name of the site.
        summary: one sentence on what the feed is.
        language: of the text.
        base: public address of the site. Without one only the channel has a link, a relative one,
            since the format asks for it.
    """
    root = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(root, "channel")
    page = f"{PAGE}.html"
    link = urljoin(base, page)
    _add(channel, title=title, link=link, description=summary, language=language)
    for change in entries:
        item = ElementTree.SubElement(channel, "item")
        _add(item, title=f"{change.kind}: {change.title}", description=change.html)
        if base:
            _add(item, link=link)
        _add(item, category=change.version)
        guid = ElementTree.SubElement(item, "guid", isPermaLink="false")
        guid.text = change.identity
        if change.date is not None:
            _add(item, pubDate=format_datetime(change.date, usegmt=True))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _version(heading: str) -> tuple[str, datetime | None]:
    match = _VERSION.match(heading)
    if match is None:
        raise ValueError(f"expected a heading such as '[0.1.0] - 2026-01-31', got {heading!r}")
    date = match["date"]
    return match["name"], datetime.fromisoformat(date).replace(tzinfo=UTC) if date else None


def _until_close(tokens: Sequence[Token], place: int) -> list[Token]:
    """Return what stands inside the list item that opens at a place."""
    level = tokens[place].level
    end = next(
        i
        for i in range(place, len(tokens))
        if tokens[i].type == "list_item_close" and tokens[i].level == level
    )
    return list(tokens[place + 1 : end])


def _plain(token: Token) -> str:
    parts = (" " if part.type == "softbreak" else part.content for part in token.children or ())
    return "".join(parts)


def _add(parent: ElementTree.Element, **texts: str) -> None:
    for name, text in texts.items():
        ElementTree.SubElement(parent, name).text = text


def _source(app: Sphinx) -> Path:
    return Path(app.srcdir) / "CHANGELOG.md"


def _announce(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    if _source(app).is_file() and "pathto" in context:
        address = context["pathto"](NAME, resource=True)
        link = f'<link rel="alternate" type="application/rss+xml" title="Changes" href="{address}">'
        context["metatags"] = context.get("metatags", "") + f"\n    {link}"


def _write(app: Sphinx, exception: Exception | None) -> None:
    source = _source(app)
    if exception is not None or app.builder.format != "html" or not source.is_file():
        return
    title = app.config.html_title or app.config.project
    entries = list(changes(source.read_text("utf-8")))
    text = feed(
        entries,
        f"{title}: changes",
        f"What changed in {title}, newest first.",
        app.config.language,
        app.config.html_baseurl and app.config.html_baseurl.rstrip("/") + "/",
    )
    write_whole(Path(app.outdir) / NAME, text)
