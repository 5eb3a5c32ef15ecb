"""How to cite: BibTeX of the book, of each chapter and of the paper it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from spinebook.book.site.html import inline

if TYPE_CHECKING:
    from spinebook.book.site.data import ChapterData


def bibtex_entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    """Return one BibTeX entry; empty fields are left out.

    Examples:
        >>> print(bibtex_entry("book", "key", {"title": "T", "url": ""}))
        @book{key,
          title = {T},
        }
    """
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def book_entry(citation: Mapping[str, Any], url: str) -> str:
    """Return the book's entry, from the content of ``CITATION.cff``."""
    return bibtex_entry("book", "spinebook", _common(citation) | {"url": url})


def chapter_entry(chapter: ChapterData, citation: Mapping[str, Any], url: str) -> str:
    """Return the entry of a chapter, which names the commit whose results are shown."""
    origin = (chapter.results or {}).get("provenance", {})
    commit = str(origin.get("commit") or "")[:12]
    common = _common(citation)
    fields = {
        "author": common.pop("author"),
        "title": chapter.title,
        "booktitle": common.pop("title"),
        **common,
        "note": f"Results of commit {commit}" if commit else "",
        "url": url,
    }
    return bibtex_entry("incollection", f"spinebook-{chapter.slug}", fields)


def paper_entry(bibliography: Path, key: str) -> str:
    """Return an entry of a BibTeX file as it stands there.

    Raises:
        ValueError: if the file has no such entry.
    """
    text = bibliography.read_text("utf-8")
    found = re.search(rf"^@\w+\{{{re.escape(key)},.*?^\}}", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"{bibliography.name} has no entry {key!r}; add it or mend paper.cite")
    return found[0]


def read_citation(path: Path) -> dict[str, Any]:
    """Read ``CITATION.cff``; without one there is nothing to name but the title."""
    return yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {"title": "Spinebook"}


def citation_box(title: str, entry: str) -> str:
    """Return an entry under a title, in the markup that gets the theme's button to copy it."""
    return (
        f'<p><b>{inline(title)}</b></p><div class="sb-cite highlight-bibtex notranslate">'
        f'<div class="highlight"><pre>{escape(entry)}</pre></div></div>'
    )


def _common(citation: Mapping[str, Any]) -> dict[str, str]:
    names = [
        person.get("name") or f"{person.get('family-names')}, {person.get('given-names')}"
        for person in citation.get("authors", [])
    ]
    return {
        "author": " and ".join(f"{{{name}}}" for name in names),
        "title": str(citation.get("title", "")),
        "version": str(citation.get("version", "")),
        "year": str(citation.get("date-released", ""))[:4],
    }
