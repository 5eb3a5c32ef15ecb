"""What stands under a chapter's title: paper, verdicts, downloads, and how to run it again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from spinebook.book.site.badge import badge
from spinebook.book.site.config import repository_branch, repository_url
from spinebook.book.site.figure_html import commit_text
from spinebook.book.site.landing import paper_line
from spinebook.book.site.pdf_link import PLACE
from spinebook.book.site.rerun_box import rerun_box

if TYPE_CHECKING:
    from sphinx.config import Config

    from spinebook.book.claims import Paper
    from spinebook.book.site.data import ChapterData

_GITHUB = re.compile(r"https://github\.com/(?P<name>[^/]+/[^/]+)")


def chapter_header(
    chapter: ChapterData,
    paper: Paper,
    counts: list[tuple[str, list[tuple[str, str, int]]]],
    file: Callable[[str], str],
    guide: str,
    cite: str | None,
    config: Config,
) -> str:
    """Return the header of a chapter.

    Args:
        chapter: the chapter.
        paper: what it is about.
        counts: for each kind of row its name, and the verdict, label and number of its rows.
        file: gives the address of a file of the chapter's results.
        guide: address of the page that says how to run chapters.
        cite: address of the chapter's entry on the page that says how to cite, if there is one.
        config: Sphinx's settings, which hold the repository's address if there is one.
    """
    badges = "".join(_badges(name, entries) for name, entries in counts)
    slug, results = chapter.slug, chapter.results or {}
    services = launch_links(config, slug, public_commit(results))
    links = [
        f'<a href="{escape(file(slug + ".ipynb"))}" download>Executed notebook (.ipynb)</a>',
        f'<a href="{escape(file(slug + ".zip"))}" download>Everything, with data (.zip)</a>',
        PLACE,
        *(f'<a href="{escape(address)}">{name}</a>' for name, address in services),
        *([f'<a href="{escape(cite)}">Cite</a>'] if cite else []),
    ]
    return (
        f'<div class="sb-header"><p class="sb-paper">{paper_line(paper)}</p>'
        f"{badges}"
        f'<p class="sb-downloads">{" ".join(links)}</p>'
        f"{rerun_box(slug, results, guide, services)}"
        f'<p class="sb-print-only">{_imprint(results)}</p></div>'
    )


def _badges(name: str, entries: list[tuple[str, str, int]]) -> str:
    items = "".join(f"<li>{badge(*entry)}</li>" for entry in entries)
    return f'<ul class="sb-badges"><li class="sb-badges-name">{name}</li>{items}</ul>'


def _imprint(results: Mapping[str, Any]) -> str:
    """Say what a print was made from; on a screen the page itself leads there."""
    origin = results["provenance"]
    version = origin.get("versions", {}).get("spinebook", "")
    return escape(
        f"A chapter of Spinebook {version}; results of the {results['profile']} profile, "
        f"{origin.get('started')}, commit {commit_text(origin)}. "
        "Text and figures CC BY 4.0, code BSD 3-Clause."
    )


def public_commit(results: Mapping[str, Any]) -> str | None:
    """Return the commit that made the results, or None if no commit holds what made them."""
    origin = results.get("provenance", {})
    return None if origin.get("dirty") else origin.get("commit")


def launch_links(config: Config, slug: str, commit: str | None) -> list[tuple[str, str]]:
    """Return name and address of the services that can run a chapter.

    None without a repository address, and none for hosts that the services do not read from.
    Colab opens the executed notebook from the branch on which CI keeps them; its first cell
    installs the library of the commit that made the results. Binder opens the chapter's source in
    JupyterLab, at that commit too, or else on the branch.
    """
    name = _github_name(config)
    if name is None:
        return []
    version = commit or repository_branch(config)
    notebooks = quote(config.spinebook_notebook_branch, safe="")
    return [
        (
            "Open in Colab",
            f"https://colab.research.google.com/github/{name}/blob/{notebooks}"
            f"/results/{slug}/{slug}.ipynb",
        ),
        (
            "Open in Binder",
            f"https://mybinder.org/v2/gh/{name}/{quote(version, safe='')}"
            f"?urlpath={quote(f'lab/tree/chapters/{slug}/index.md?factory=Jupytext Notebook')}",
        ),
    ]


def _github_name(config: Config) -> str | None:
    match = _GITHUB.match(repository_url(config))
    return match["name"].removesuffix(".git") if match else None
