"""Small pieces of HTML: escaped text with mathematics, and addresses relative to a page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.builders import Builder

_INLINE = re.compile(r"\$(?P<math>[^$]+)\$|`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*")
_POWER = re.compile(
    r"(?<![\w.])(?:10\^(?P<power>-?\w+)|(?P<factor>\d+(?:\.\d+)?)e(?P<exponent>[+-]?\d+))(?!\w)"
)


def inline(text: str) -> str:
    r"""Escape a text; ``$...$`` becomes mathematics, backquotes become code, ``**`` bold.

    Examples:
        >>> inline("a < $b$")
        'a &lt; <span class="math notranslate nohighlight">\\(b\\)</span>'
    """
    parts, last = [], 0
    for match in _INLINE.finditer(text):
        parts.append(_plain(text[last : match.start()]))
        if match["math"] is not None:
            body = f"\\({escape(match['math'])}\\)"
            parts.append(f'<span class="math notranslate nohighlight">{body}</span>')
        elif match["code"] is not None:
            parts.append(f"<code>{escape(match['code'])}</code>")
        else:
            parts.append(f"<strong>{escape(match['strong'])}</strong>")
        last = match.end()
    return "".join(parts) + _plain(text[last:])


def _plain(text: str) -> str:
    """Escape text and raise the exponents in ``1e-9`` and ``10^9``."""

    def power(match: re.Match[str]) -> str:
        factor = match["factor"]
        times = "" if factor in (None, "1") else f"{factor}×"
        exponent = match["power"] or match["exponent"].replace("+", "").lstrip("0")
        return f"{times}10<sup>{re.sub('^-0*', '−', exponent)}</sup>"

    return _POWER.sub(power, escape(text))


def has_math(html: str) -> bool:
    """Tell whether a piece of HTML holds mathematics that MathJax must set."""
    return 'class="math' in html


def select_field(
    name: str, title: str, choices: Iterable[tuple[str, str]], empty: str = "all"
) -> str:
    """Return a labelled choice of a filter.

    Args:
        name: of the field.
        title: its label.
        choices: value and text of each.
        empty: text of the first choice, which means that nothing is chosen.
    """
    options = "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>'
        for value, text in [("", empty), *choices]
    )
    return f'<label>{title}<select name="{name}">{options}</select></label>'


def text_field(hint: str) -> str:
    """Return the field of a filter for words, with a hint at what may be asked for."""
    attributes = f'type="search" name="text" autocomplete="off" placeholder="{escape(hint)}"'
    return f"<label>Text<input {attributes}></label>"


FILTER_END = (
    '<button type="reset">Show all</button>'
    '<output class="sb-count" aria-live="polite"></output></form>'
)
"""How a filter ends: a way back to everything, and what its script says is shown."""


def anchor(claim_id: str) -> str:
    """Return the fragment of a ledger row.

    Examples:
        >>> anchor("DEN-4")
        'claim-den-4'
    """
    return "claim-" + claim_id.lower()


def page_link(builder: Builder, docname: str, target: str, fragment: str = "") -> str:
    """Return the address of a page (and a place on it) as seen from another page."""
    from sphinx.errors import NoUri

    tail = f"#{fragment}" if fragment else ""
    if docname == target and fragment:
        return tail
    try:
        return builder.get_relative_uri(docname, target) + tail
    except NoUri:
        return tail


def file_link(builder: Builder, docname: str, path: str) -> str:
    """Return the address of a file of the site (``results/...``) as seen from a page."""
    from sphinx.util.osutil import relative_uri

    return relative_uri(builder.get_target_uri(docname), path)
