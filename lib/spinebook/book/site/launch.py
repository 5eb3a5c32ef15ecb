"""The line under a chapter's title: paper, verdicts, the executed notebook, places to run it."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from spinebook.book.site.badge import badge
from spinebook.book.site.config import repository_branch, repository_url
from spinebook.book.site.landing import paper_line

if TYPE_CHECKING:
    from sphinx.config import Config

    from spinebook.book.claims import Paper
    from spinebook.book.site.data import ChapterData

_GITHUB = re.compile(r"https://github\.com/(?P<name>[^/]+/[^/]+)")


def chapter_header(
    chapter: ChapterData,
    paper: Paper,
    counts: list[tuple[str, list[tuple[str, str, int]]]],
    notebook: str,
    config: Config,
) -> str:
    """Return the header of a chapter.

    Args:
        chapter: the chapter.
        paper: what it is about.
        counts: for each kind of row its name, and the verdict, label and number of its rows.
        notebook: address of its executed notebook.
        config: Sphinx's settings, which hold the repository's address if there is one.
    """
    badges = "".join(_badges(name, entries) for name, entries in counts)
    links = [f'<a href="{escape(notebook)}" download>Executed notebook (.ipynb)</a>']
    links += [
        f'<a href="{escape(address)}">{name}</a>'
        for name, address in launch_links(config, chapter.slug)
    ]
    return (
        f'<div class="sb-header"><p class="sb-paper">{paper_line(paper)}</p>'
        f"{badges}"
        f'<p class="sb-downloads">{" ".join(links)}</p></div>'
    )


def _badges(name: str, entries: list[tuple[str, str, int]]) -> str:
    items = "".join(f"<li>{badge(*entry)}</li>" for entry in entries)
    return f'<ul class="sb-badges"><li class="sb-badges-name">{name}</li>{items}</ul>'


def launch_links(config: Config, slug: str) -> list[tuple[str, str]]:
    """Return name and address of the services that can run a chapter, and of how to cite it.

    None without a repository address, and none for hosts that the services do not read from.
    Colab opens the executed notebook from the branch on which CI keeps them; Binder opens the
    chapter's source in JupyterLab.
    """
    match = _GITHUB.match(repository_url(config))
    if not match:
        return []
    name, branch = match["name"].removesuffix(".git"), repository_branch(config)
    notebooks = quote(config.spinebook_notebook_branch, safe="")
    links = [
        (
            "Open in Colab",
            f"https://colab.research.google.com/github/{name}/blob/{notebooks}"
            f"/results/{slug}/{slug}.ipynb",
        ),
        (
            "Open in Binder",
            f"https://mybinder.org/v2/gh/{name}/{quote(branch, safe='')}"
            f"?urlpath={quote(f'lab/tree/chapters/{slug}/index.md?factory=Jupytext Notebook')}",
        ),
    ]
    links.append(("Cite", f"https://github.com/{name}/blob/{quote(branch)}/CITATION.cff"))
    return links
