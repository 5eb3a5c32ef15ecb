"""What a page tells those that link to it: a description, a title and a picture (Open Graph)."""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from docutils import nodes

from spinebook.book.site.reader import site_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from spinebook.book.site.data import ChapterData

LONGEST = 220  # characters of a description; search engines cut what is longer
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_MARKS = re.compile(r"[$`*]")


def register(app: Sphinx) -> None:
    """Describe pages as they are written."""
    app.connect("html-page-context", _describe)
    app.add_config_value("spinebook_picture", "", "html", str)
    app.add_config_value("spinebook_picture_alt", "", "html", str)


def description(text: str) -> str:
    """Return as many whole sentences of a text as a description may hold, one at least.

    Examples:
        >>> description("One $n$. Two.")
        'One n. Two.'
    """
    first, *others = _SENTENCE.split(" ".join(_MARKS.sub("", text).split()))
    for sentence in others:
        if len(first) + 1 + len(sentence) > LONGEST:
            break
        first = f"{first} {sentence}"
    return first if len(first) <= LONGEST else first[: LONGEST - 1].rsplit(" ", 1)[0] + "…"


def opening(doctree: nodes.document | None) -> str:
    """Return the text of a page's first paragraph, without HTML of our own; empty if none."""
    if doctree is None:
        return ""
    for paragraph in doctree.findall(nodes.paragraph):
        text = "".join(_words(paragraph)).strip()
        if text and isinstance(paragraph.parent, nodes.section | nodes.document):
            return text  # and not of a list or a note
    return ""


def tags(properties: dict[str, str], summary: str) -> str:
    """Return the elements for a page's head.

    Args:
        properties: Open Graph properties by name, without the prefix; empty ones are left out.
        summary: the description.
    """
    lines = [f'<meta name="description" content="{escape(summary)}">']
    lines += [
        f'<meta property="og:{name}" content="{escape(value)}">'
        for name, value in properties.items()
        if value
    ]
    return "".join(f"\n    {line}" for line in lines)


def _words(node: nodes.Node) -> list[str]:
    if isinstance(node, nodes.raw):
        return []
    if isinstance(node, nodes.Text):
        return [str(node)]
    return [word for child in node.children for word in _words(child)]


def _describe(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    chapter = site_of(app).chapter_of(pagename)
    book = app.config.html_title or app.config.project
    title = re.sub(r"<[^>]+>", "", context.get("title") or book)
    claim = site_of(app).ledger.papers[chapter.slug].claim if chapter else None
    # Pages that Sphinx makes itself, such as the index, are described as the book is.
    text = claim or opening(doctree) or opening(app.env.get_doctree(app.config.root_doc))
    properties = {
        "title": unescape(title),
        "type": "article" if chapter else "website",
        "site_name": book,
        "description": description(text),
    }
    if app.config.html_baseurl:  # such addresses are absolute, or they are wrong
        base = app.config.html_baseurl.rstrip("/") + "/"
        properties |= {"url": urljoin(base, app.builder.get_target_uri(pagename))}
        properties |= _picture(app, chapter, base)
    summary = properties["description"]
    context["metatags"] = context.get("metatags", "") + tags(properties, summary)


def _picture(app: Sphinx, chapter: ChapterData | None, base: str) -> dict[str, str]:
    """Return the picture of a page: a chapter's signature figure, or else the book's picture."""
    if chapter is not None:
        name = site_of(app).ledger.papers[chapter.slug].figure
        for record in chapter.figures():
            if record["name"] == name and not record["interactive"]:
                path = f"results/{chapter.slug}/{record['files']['png']}"
                return {"image": urljoin(base, path), "image:alt": record["alt"]}
    picture = app.config.spinebook_picture
    if not picture:
        return {}
    address = urljoin(base, f"_static/{Path(picture).name}")
    return {"image": address, "image:alt": app.config.spinebook_picture_alt}
