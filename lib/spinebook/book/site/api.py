"""The library's reference: readable array shapes, and links from each function to its figures."""

from __future__ import annotations

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
    app.connect("autodoc-process-docstring", _keep_stars, priority=400)
    app.connect("autodoc-process-docstring", _add_figures, priority=900)


def _keep_stars(
    app: Sphinx, what: str, name: str, item: Any, options: Any, lines: list[str]
) -> None:
    """Keep the star of a shape such as ``(*batch, n)``, which would start an emphasis."""
    lines[:] = [re.sub(r"\((\*)(?=\w)", r"(\\\1", line) for line in lines]


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
