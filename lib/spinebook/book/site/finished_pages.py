"""The last work on pages that Sphinx has written: scripts out of the way, and the policy.

The theme puts scripts into the head that the browser must fetch before it may paint anything. They
move to the end of the page, in their order; only the short one that chooses the colours stays,
because without it a dark page would flash in white. Scripts that no page of this book needs go.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from spinebook.book.jsonfile import write_whole
from spinebook.book.site.policy import with_policy

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_SCRIPT = re.compile(r"[ \t]*<script\b([^>]*)>(.*?)</script>\n?", re.DOTALL)
# Icons come from the theme's web font; its script, 1.5 MB, would draw the same ones again. The
# other two set up running code in the page, which this book does not offer.
_NEEDLESS = re.compile(
    r"[ \t]*<script\b(?:[^>]*\bsrc=\"[^\"]*fontawesome\.js[^>]*>"
    r"|[^>]*\btype=\"text/x-thebe-config\"[^>]*>.*?|>kernelName = '[^']*')</script>\n?",
    re.DOTALL,
)
# The theme loads the index for a search that answers while one types, which the book switches off.
_SEARCHES = re.compile(
    r"[ \t]*<script\b[^>]*\bsrc=\"[^\"]*(?:searchtools|language_data|searchindex)\.js[^>]*>"
    r"</script>\n?"
)
_NOT_BLOCKING = re.compile(r"\b(?:defer|async|type=\"(?:module|application/json)\")|data-cfasync")


def register(app: Sphinx) -> None:
    """Finish all pages once everything else has been written."""
    app.connect("build-finished", _finish_all, priority=900)


def finished(page: str, *, search: bool) -> str:
    """Return a page as readers get it; finishing it again changes nothing.

    Args:
        page: what Sphinx wrote.
        search: whether this is the page of the search, which needs the index.
    """
    page = _NEEDLESS.sub("", page)
    if not search:
        page = _SEARCHES.sub("", page)
    return with_policy(_scripts_last(page))


def _scripts_last(page: str) -> str:
    head, closing, rest = page.partition("</head>")
    body, end, tail = rest.rpartition("</body>")
    if not closing or not end:
        return page
    moved: list[str] = []

    def move(match: re.Match[str]) -> str:
        if _NOT_BLOCKING.search(match[1]):
            return match[0]
        moved.append(match[0])
        return ""

    head = _SCRIPT.sub(move, head)
    return f"{head}{closing}{body}{''.join(moved)}{end}{tail}"


def _finish_all(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for path in out.rglob("*.html"):
        if "_static" in path.relative_to(out).parts:
            continue  # templates that the theme leaves there
        before = path.read_text("utf-8")
        after = finished(before, search=path == out / "search.html")
        if after != before:
            write_whole(path, after)
