"""The Sphinx extension that turns chapters and their results into the site.

``spinebook build`` and plain ``jupyter-book build .`` both go through it: it makes sure that the
chapters have been run, gives each page the outputs of its executed notebook, and offers the roles
and directives that place ledger rows, figures and numbers on pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["setup"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything; Sphinx calls this because ``_config.yml`` names the extension."""
    from spinebook.book.site import (
        accessibility,
        assets,
        background_pages,
        benchmarks_page,
        cell_anchors,
        config,
        explorer_files,
        feed,
        finished_pages,
        glossary,
        ledger_pages,
        pages,
        prepare,
        reader,
        roles,
        search_objects,
        social,
        version,
    )
    from spinebook.book.site import api as library_pages

    config.register(app)
    prepare.register(app)
    reader.register(app)
    roles.register(app)
    pages.register(app)
    ledger_pages.register(app)
    cell_anchors.register(app)
    background_pages.register(app)
    benchmarks_page.register(app)
    glossary.register(app)
    search_objects.register(app)
    library_pages.register(app)
    accessibility.register(app)
    assets.register(app)
    explorer_files.register(app)
    social.register(app)
    feed.register(app)
    finished_pages.register(app)
    return {
        "version": "1",
        "env_version": version.source_version(),
        "parallel_read_safe": False,
        "parallel_write_safe": True,
    }
