"""Links to services that run a chapter, and the cell that installs the library there."""

import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from spinebook.book.site.launch import launch_links, public_commit
from spinebook.book.site.notebooks import write_download

ROOT = Path(__file__).parents[2]
ADDRESS = "https://github.com/example/spinebook"


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def config(url=ADDRESS, branch="main", notebooks="notebooks"):
    options = {"repository_url": url, "repository_branch": branch}
    return SimpleNamespace(html_theme_options=options, spinebook_notebook_branch=notebooks)


def links(url=ADDRESS, branch="main", commit=None):
    return dict(launch_links(config(url, branch), "toy", commit))


@pytest.mark.parametrize(
    "url", ["", "https://example.org/example/spinebook", "ssh://github.com/a/b"]
)
def test_no_links_without_an_address_that_services_read__property(url):
    assert links(url) == {}


def test_only_a_commit_that_holds_everything_counts__property():
    origin = {"commit": COMMIT, "dirty": False}
    assert public_commit({"provenance": origin}) == COMMIT
    assert public_commit({"provenance": origin | {"dirty": True}}) is None
    assert public_commit({"provenance": {"commit": None, "dirty": False}}) is None


def test_binder_starts_the_commit_that_made_the_results__published():
    path = urlsplit(links(commit=COMMIT)["Open in Binder"]).path
    assert path == f"/v2/gh/example/spinebook/{COMMIT}"


def test_colab_opens_the_executed_notebook__published():
    # Colab's scheme: /github/OWNER/NAME/blob/BRANCH/PATH
    path = urlsplit(links(ADDRESS + ".git")["Open in Colab"]).path
    assert path == "/github/example/spinebook/blob/notebooks/results/toy/toy.ipynb"


def test_ci_keeps_the_notebooks_where_colab_looks__property():
    workflow = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    branch = re.search(
        r"spinebook_notebook_branch: (\S+)", (ROOT / "_config.yml").read_text("utf-8")
    )
    assert f"git push --force origin {branch[1]}" in workflow
    assert "find results -name '*.ipynb'" in workflow


def test_binder_opens_the_source_as_a_notebook__published():
    # Binder's scheme: /v2/gh/OWNER/NAME/BRANCH?urlpath=PATH, and a slash in the branch is escaped.
    parts = urlsplit(links(branch="new/look")["Open in Binder"])
    assert parts.path == "/v2/gh/example/spinebook/new%2Flook"
    (inner,) = parse_qs(parts.query)["urlpath"]
    assert inner == "lab/tree/chapters/toy/index.md?factory=Jupytext Notebook"
    assert unquote(inner) == inner


def downloaded(tmp_path, repository, commit=None):
    source, target = tmp_path / "run.ipynb", tmp_path / "page.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    source.write_text(nbformat.writes(notebook))
    write_download(source, target, repository, commit)
    written = nbformat.read(target, as_version=4)
    nbformat.validate(written)
    return written


def test_the_install_cell_runs_where_the_library_is__independent_package(tmp_path):
    first = downloaded(tmp_path, ADDRESS).cells[0]
    called = []
    shell = SimpleNamespace(run_line_magic=lambda name, line: called.append((name, line)))
    code = TransformerManager().transform_cell(first.source)
    exec(compile(code, "cell", "exec"), {"get_ipython": lambda: shell})
    assert called == []  # it is installed here


def test_the_install_cell_installs_the_version_that_made_the_results__independent_package(tmp_path):
    first = downloaded(tmp_path, ADDRESS, COMMIT).cells[0]
    called = []
    shell = SimpleNamespace(run_line_magic=lambda name, line: called.append((name, line)))
    code = TransformerManager().transform_cell(
        first.source.replace('"spinebook")', '"no_such_module")')
    )
    exec(compile(code, "cell", "exec"), {"get_ipython": lambda: shell})
    assert called == [("pip", f'install --quiet "spinebook[book] @ git+{ADDRESS}@{COMMIT}"')]


def test_no_install_cell_without_an_address__property(tmp_path):
    assert [cell.source for cell in downloaded(tmp_path, "").cells] == ["1 + 1"]
