"""The library's reference: readable array shapes, and links from each function to its figures."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from spinebook.book.site import helper_index
from spinebook.book.site.reader import depend_on, site_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def register(app: Sphinx) -> None:
    """Follow autodoc's events."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("autodoc-process-signature", _as_written)
    app.connect("autodoc-skip-member", _skip_field_aliases)
    app.connect("autodoc-process-docstring", _keep_stars, priority=400)
    app.connect("autodoc-process-docstring", _quote_attribute_types, priority=600)
    app.connect("autodoc-process-docstring", _add_figures, priority=900)


def _as_written(
    app: Sphinx, what: str, name: str, item: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Show annotations as the source writes them, such as ``Float[Array, "*batch n"]``."""
    if what not in {"function", "class", "method"} or not callable(item):
        return None
    try:
        written = inspect.signature(item)
    except (TypeError, ValueError):
        return None
    parameters = list(written.parameters.values())
    if what == "method" and parameters and parameters[0].name in {"self", "cls"}:
        parameters = parameters[1:]
    shown = written.replace(
        parameters=[part.replace(annotation=_words(part.annotation)) for part in parameters],
        return_annotation=inspect.Signature.empty,
    )
    result = "" if what == "class" else _annotation(written.return_annotation)
    return str(shown), result


def _words(annotation: Any) -> Any:
    """Keep only annotations that stand in the source as text; others would show a machine form."""
    text = _annotation(annotation)
    return _AsIs(text) if text else inspect.Parameter.empty


def _annotation(annotation: Any) -> str:
    """Return an annotation's text without the blank that linters want in front of a lone name."""
    if not isinstance(annotation, str):
        return ""
    return re.sub(r"(['\"]) +", r"\1", " ".join(annotation.split()))


class _AsIs:
    """An annotation that prints without quotation marks."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _skip_field_aliases(
    app: Sphinx, what: str, name: str, item: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out fields of named tuples, which the class describes better than "field number 2"."""
    return True if (getattr(item, "__doc__", "") or "").startswith("Alias for field") else None


def _keep_stars(
    app: Sphinx, what: str, name: str, item: Any, options: Any, lines: list[str]
) -> None:
    """Keep the star of a shape such as ``(*batch, n)``, which would start an emphasis."""
    lines[:] = [re.sub(r"\((\*)(?=\w)", r"(\\\1", line) for line in lines]


def _quote_attribute_types(
    app: Sphinx, what: str, name: str, item: Any, options: Any, lines: list[str]
) -> None:
    """Show types that napoleon takes from annotations as code: a star in a shape is no markup."""
    for number, line in enumerate(lines):
        if found := re.match(r"(\s*:type: )(.*jaxtyping.*)", line):
            short = re.sub(r"jaxtyping\.|jaxlib\._jax\.|numpy\.", "", found[2])
            lines[number] = f"{found[1]}``{short}``"


def _add_figures(
    app: Sphinx, what: str, name: str, item: Any, options: Any, lines: list[str]
) -> None:
    if what not in {"function", "class"}:
        return
    env: Any = app.env
    site = site_of(app)
    depend_on(env, env.docname, list(site.chapters))
    cache = env.temp_data.setdefault("spinebook_used_in", None)
    if cache is None:
        cache = env.temp_data["spinebook_used_in"] = helper_index.used_in(site)
    places = cache.get(name, [])
    if places:
        links = ", ".join(f":figref:`{slug}/{figure}`" for slug, figure in places)
        lines += ["", f"**Used in** {links}.", ""]
