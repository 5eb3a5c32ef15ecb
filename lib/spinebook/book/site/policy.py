"""The content security policy of a page: what it may load, and which of its scripts may run.

Only the site's own files are loaded, and of the scripts that stand in a page only those run whose
SHA-256 the policy names. The hashes are taken from the finished page, where the theme has put its
own scripts by then; nothing that gets into a page later can run, and no text is evaluated.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape

_SCRIPT = re.compile(r"<script\b(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL | re.I)
_TYPE = re.compile(r"""\btype\s*=\s*["']?(?P<type>[^"'\s>]+)""", re.I)
_SOURCE = re.compile(r"\bsrc\s*=", re.I)
_META = re.compile(r'\s*<meta http-equiv="Content-Security-Policy"[^>]*>')
_CHARSET = re.compile(r"<meta charset=[^>]*>", re.I)
# Scripts of other types, such as JSON, are data to a browser.
_RUNS = {"text/javascript", "application/javascript", "module"}
_FIXED = (
    "default-src 'none'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "style-src 'self' 'unsafe-inline'",  # MathJax and the theme write styles into the page
    "base-uri 'none'",
    "form-action 'self'",
)


def policy_of(page: str) -> str:
    """Return the policy under which exactly the scripts of a finished page run.

    Examples:
        >>> policy_of("<p>No script.</p>").split("; ")[1]
        "script-src 'self'"
    """
    bodies = dict.fromkeys(match["body"] for match in _SCRIPT.finditer(page) if _is_inline(match))
    scripts = " ".join(["script-src 'self'", *map(_source_of, bodies)])
    return "; ".join([_FIXED[0], scripts, *_FIXED[1:]])


def with_policy(page: str) -> str:
    """Return a finished page with its policy in front of everything that the policy rules.

    Raises:
        ValueError: if the page does not state its character set, after which the policy stands.
    """
    bare = _META.sub("", page)
    charset = _CHARSET.search(bare)
    if charset is None:
        raise ValueError("expected a page with <meta charset=...> in its head")
    policy = escape(policy_of(bare), quote=False).replace('"', "&quot;")
    meta = f'\n    <meta http-equiv="Content-Security-Policy" content="{policy}">'
    return bare[: charset.end()] + meta + bare[charset.end() :]


def _is_inline(match: re.Match[str]) -> bool:
    attributes = match["attributes"]
    kind = _TYPE.search(attributes)
    runs = kind is None or kind["type"].lower() in _RUNS
    return runs and _SOURCE.search(attributes) is None


def _source_of(body: str) -> str:
    digest = hashlib.sha256(body.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
