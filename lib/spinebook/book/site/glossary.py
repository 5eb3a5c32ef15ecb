"""The glossary: one list of terms, and a definition at hand where a page first uses one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.errors import ExtensionError

from spinebook.book.documents import read_document
from spinebook.book.errors import BookError
from spinebook.book.site import html
from spinebook.book.site.reader import site_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGE = "chapters/glossary"
# Inside these a word is a name, a formula or a link already.
_OUTSIDE = (nodes.reference, nodes.literal, nodes.math, nodes.raw, nodes.table, nodes.figure)


@dataclass(frozen=True)
class Entry:
    """A term, other forms in which prose uses it, its definition, and the chapters it belongs to.

    A term that belongs to some chapters is explained in these only: elsewhere the word may mean
    another thing.
    """

    term: str
    forms: tuple[str, ...]
    means: str
    chapters: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """Fragment of the entry on the glossary's page."""
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.term.lower()).strip("-")


def register(app: Sphinx) -> None:
    """Explain terms on the pages of chapters."""
    app.connect("doctree-read", _explain)
    app.add_js_file("terms.js", loading_method="defer")


def read_glossary(path: Path) -> list[Entry]:
    """Read ``glossary.yml``.

    Raises:
        BookError: if it breaks its schema, or two entries share a form.
    """
    document = read_document(path, "glossary")
    entries, owners = [], dict[str, str]()
    for index, source in enumerate(document.content["terms"]):
        forms = tuple(source.get("forms", ()))
        for form in (source["term"], *forms):
            if owners.setdefault(form.lower(), source["term"]) != source["term"]:
                text = f"{form!r} belongs to {owners[form.lower()]!r} already; choose another form"
                raise BookError(document.at(("terms", index), text))
        chapters = tuple(source.get("chapters", ()))
        entries.append(Entry(source["term"], forms, source["means"], chapters))
    return sorted(entries, key=lambda entry: entry.term.lower())


def glossary_list(entries: Sequence[Entry], chapter_link: Callable[[str], str]) -> str:
    """Return all entries.

    Args:
        entries: the terms in their order.
        chapter_link: gives a link, as HTML, to a chapter.
    """
    items = ""
    for entry in entries:
        links = ", ".join(chapter_link(slug) for slug in entry.chapters)
        where = f' <span class="sb-note">{links}</span>' if links else ""
        items += (
            f'<dt id="{entry.anchor}">{html.inline(entry.term)}</dt>'
            f"<dd>{html.inline(entry.means)}{where}</dd>"
        )
    return f'<dl class="sb-glossary">{items}</dl>'


def find_terms(text: str, entries: Sequence[Entry]) -> list[tuple[int, int, Entry]]:
    """Return where a text first uses each term: start, end and entry, from left to right.

    A longer form wins over a shorter one inside it, and only whole words count.
    """
    forms = {form.lower(): entry for entry in entries for form in (entry.term, *entry.forms)}
    if not forms:
        return []
    longest_first = sorted(forms, key=len, reverse=True)
    any_form = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in longest_first)
    found, seen = [], set()
    for match in re.finditer(rf"(?<![\w-])(?:{any_form})(?![\w-])", text, re.IGNORECASE):
        entry = forms[" ".join(match[0].lower().split())]
        if entry not in seen:
            seen.add(entry)
            found.append((match.start(), match.end(), entry))
    return found


def explain(doctree: nodes.document, entries: Sequence[Entry], address: str) -> None:
    """Make the first use of each term in a page's paragraphs a link that holds its definition.

    Args:
        doctree: the page.
        entries: terms to explain.
        address: of the glossary as seen from the page.
    """
    left = list(entries)
    for paragraph in list(doctree.findall(nodes.paragraph)):
        for text in list(paragraph.findall(nodes.Text)):
            if not left or _has_parent(text, _OUTSIDE):
                continue
            found = find_terms(text.astext(), left)
            if found:
                left = [entry for entry in left if entry not in {entry for *_, entry in found}]
                text.parent.replace(text, _pieces(text.astext(), found, address))


def _pieces(text: str, found: Sequence[tuple[int, int, Entry]], address: str) -> list[nodes.Node]:
    pieces: list[nodes.Node] = []
    last = 0
    for start, end, entry in found:
        if start > last:
            pieces.append(nodes.Text(text[last:start]))
        link = (
            f'<a class="sb-term" href="{escape(address)}#{entry.anchor}" '
            f'data-definition="{escape(entry.means)}">{escape(text[start:end])}</a>'
        )
        pieces.append(nodes.raw("", link, format="html"))
        last = end
    if last < len(text):
        pieces.append(nodes.Text(text[last:]))
    return pieces


def _has_parent(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def entries_of(app: Sphinx) -> list[Entry]:
    """Return the book's terms; none if it has no glossary.

    Raises:
        ExtensionError: if the file is faulty, with its lines.
    """
    path = site_of(app).book.chapters / "glossary.yml"
    if not path.is_file():
        return []
    try:
        return read_glossary(path)
    except BookError as error:
        raise ExtensionError(str(error)) from error


def _explain(app: Sphinx, doctree: nodes.document) -> None:
    env: Any = app.env
    site = site_of(app)
    path = site.book.chapters / "glossary.yml"
    chapter = site.chapter_of(env.docname)
    if chapter is None or not path.is_file():
        return
    env.note_dependency(str(path))
    entries = [e for e in entries_of(app) if not e.chapters or chapter.slug in e.chapters]
    explain(doctree, entries, html.page_link(app.builder, env.docname, PAGE))
