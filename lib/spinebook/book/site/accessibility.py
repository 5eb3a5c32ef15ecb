"""What the theme leaves out for readers with screen readers or keyboards, put right."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

_PARAMETERS = re.compile(r'(<span class="sig-paren">\(</span>)\s*<dl>(.*?)</dl>', re.DOTALL)


def register(app: Sphinx) -> None:
    """Mend pages as they are written."""
    app.connect("config-inited", _add_templates)
    app.connect("html-page-context", _mend, priority=950)
    app.add_js_file("site.js", loading_method="defer")


def _add_templates(app: Sphinx, config: Config) -> None:
    config.templates_path.append(str(Path(__file__).parent / "templates"))


def _mend(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    if "body" in context:
        body = parameters_as_spans(context["body"])
        # Sphinx's role for entries of a bibliography has been withdrawn; lists want list items.
        context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')
    if "generate_toctree_html" in context:
        context["generate_toctree_html"] = _named(context["generate_toctree_html"])


def parameters_as_spans(body: str) -> str:
    """Write the parameters of a long signature as spans; Sphinx writes a list without terms.

    Examples:
        >>> parameters_as_spans('<span class="sig-paren">(</span><dl><dd>n</dd></dl>')
        '<span class="sig-paren">(</span><span class="sb-parameter">n</span>'
    """

    def spans(match: re.Match[str]) -> str:
        inner = match[2].replace("<dd>", '<span class="sb-parameter">').replace("</dd>", "</span>")
        return match[1] + inner

    return _PARAMETERS.sub(spans, body)


def _named(generate: Callable[..., Any]) -> Callable[..., Any]:
    """Give the switches that fold the list of pages a name."""

    def generate_named(*arguments: Any, **options: Any) -> Any:
        html = generate(*arguments, **options)
        if isinstance(html, str):
            return html.replace("<summary>", '<summary aria-label="Pages of this part">')
        for summary in html.find_all("summary"):
            summary["aria-label"] = "Pages of this part"
        return html

    return generate_named
