"""The link to a chapter's PDF, which exists only once ``spinebook pdf`` has printed the page.

The header of a chapter holds a comment where the link belongs. Printing puts the PDF into the built
site and the link into that place; a site that is built anew starts without both, so a page never
links to the print of another one.
"""

from __future__ import annotations

import re
from html import escape

PLACE = "<!-- spinebook: link to the PDF --><!-- /spinebook -->"
_OPENING, _CLOSING = re.findall(r"<!--.*?-->", PLACE)
_FILLED = re.compile(f"{re.escape(_OPENING)}.*?{re.escape(_CLOSING)}", re.DOTALL)


def with_pdf_link(page: str, address: str, size: int) -> str:
    """Return a chapter's page with the link to its PDF; an older link goes.

    Args:
        page: the built page.
        address: of the PDF, as seen from the page.
        size: of the PDF in bytes.

    Raises:
        ValueError: if the page has no place for the link.
    """
    if not _FILLED.search(page):
        raise ValueError("expected a chapter's page with a place for the link to its PDF")
    link = f'<a href="{escape(address)}" download>PDF ({size / 1e6:.1f} MB)</a>'
    return _FILLED.sub(lambda _: f"{_OPENING}{link}{_CLOSING}", page, count=1)
