"""Settings that follow from one another, so that ``_config.yml`` states each fact once."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config


def register(app: Sphinx) -> None:
    """Add our scripts and styles and derive the repository's buttons."""
    app.connect("config-inited", _derive, priority=400)
    app.connect("html-page-context", _drop_remote_scripts, priority=900)
    app.add_config_value("spinebook_notebook_branch", "notebooks", "env", str)
    app.add_css_file("site.css", priority=900)
    app.add_css_file("ledger.css", priority=900)
    app.add_css_file("downloads.css", priority=900)
    app.add_css_file("print.css", priority=900, media="print")
    app.add_js_file("print.js", loading_method="defer")
    app.add_js_file("claims.js", loading_method="defer")
    app.add_js_file("places.js", loading_method="defer")
    app.add_js_file("gallery.js", loading_method="defer")


def repository_url(config: Config) -> str:
    """Return the public address of the repository, empty until ``_config.yml`` gives one."""
    options: dict[str, Any] = config.html_theme_options
    return str(options.get("repository_url") or "").rstrip("/")


def repository_branch(config: Config) -> str:
    """Return the branch that edit and launch links point at."""
    options: dict[str, Any] = config.html_theme_options
    return str(options.get("repository_branch") or "main")


def source_link(config: Config, path: str, line: int) -> str | None:
    """Return the address of a line of a Markdown file in the repository, None without one."""
    url = repository_url(config)
    branch = quote(repository_branch(config))
    return f"{url}/blob/{branch}/{quote(path)}?plain=1#L{line}" if url else None


def _derive(app: Sphinx, config: Config) -> None:
    config.html_static_path.append(str(files("spinebook.book") / "static"))
    # The theme's launch menu would point at sources that Colab cannot open; the line under each
    # chapter's title has the links that work.
    config.html_theme_options["launch_buttons"] = {"thebe": False}
    if repository_url(config):
        config.html_theme_options |= {
            "use_repository_button": True,
            "use_edit_page_button": True,
            "use_issues_button": True,
        }


def _drop_remote_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Leave out the live-code script, which Jupyter Book always adds and which points elsewhere."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in str(getattr(script, "filename", script) or "").lower()
        and "THEBE" not in str(getattr(script, "attributes", {}).get("body", ""))
    ]
