"""A toy book from source to site: `spinebook build` and plain `jupyter-book build .`."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TOC = """format: jb-book
root: chapters/index
chapters:
  - file: chapters/toy-synapse/index
  - file: chapters/claims
  - file: chapters/how-we-decide
  - file: chapters/findings
  - file: chapters/figures
  - file: chapters/status
  - file: chapters/rerun
  - file: chapters/cluster
  - file: chapters/library/index
    sections: [{file: chapters/library/shared}]
  - file: chapters/references
"""
PAGE = "chapters/toy-synapse/index.html"


def make_book(folder):
    """Copy the toy chapter and the site's own pages."""
    shutil.copytree(ROOT / "tests/book/fixtures/toybook", folder)
    shutil.copytree(ROOT / "chapters/_static", folder / "chapters/_static")
    shutil.copy(ROOT / "_config.yml", folder)
    for page in (ROOT / "chapters").glob("*.md"):
        shutil.copy(page, folder / "chapters")
    library = folder / "chapters/library"
    library.mkdir()
    (library / "index.md").write_text("# The library\n\n- [Shared](shared.md)\n")
    shutil.copy(ROOT / "chapters/library/shared.md", library)
    (folder / "_toc.yml").write_text(TOC)
    entry = "@article{toy2020, title={A toy}, author={Nobody, A.}, year={2020}, journal={Toys}}\n"
    (folder / "chapters/references.bib").write_text(entry)
    return folder


def call(folder, *command, **environment):
    """Run a command installed beside this Python in a folder."""
    return subprocess.run(
        [Path(sys.executable).with_name(command[0]), *command[1:]],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = make_book(tmp_path_factory.mktemp("site") / "book")
    for command in (["spinebook", "run"], ["spinebook", "build"]):
        done = call(folder, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def copied(built, tmp_path):
    """A copy that a test may spoil; results stay fresh, Sphinx starts anew."""
    folder = tmp_path / "book"
    shutil.copytree(built, folder, ignore=shutil.ignore_patterns(".site", "site"))
    return folder


def page(folder, name=PAGE):
    return (folder / "_build/site" / name).read_text()


def test_the_chapter_shows_its_run__property(built):
    text = page(built)
    results = json.loads((built / "_build/quick/toy-synapse/results.json").read_text())
    assert f'<span class="sb-number">{results["numbers"]["rate"]["text"]}</span>' in text
    assert "1.5×10⁻⁹" in text
    assert '<figure class="sb-figure" id="fig-1">' in text
    assert '<a href="#fig-1">Figure 1</a>' in text
    assert 'href="#claim-toy-1"' in text
    assert "&lt;as it should&gt;" in text
    for claim in ("toy-1", "toy-2", "toy-3", "toy-e1"):
        assert f'id="claim-{claim}"' in text
    assert "injected" not in text


def test_files_of_figures_are_there__property(built):
    site = built / "_build/site"
    for address in re.findall(r'(?:src|href)="([^"#]*results/[^"]*)"', page(built)):
        assert (site / PAGE).parent.joinpath(address).is_file(), address


def test_the_notebook_to_download_holds_outputs_and_no_paths__property(built):
    path = built / "_build/site/results/toy-synapse/toy-synapse.ipynb"
    text = path.read_text()
    assert str(built) not in text
    assert "image/png" in text
    assert "papermill" not in json.loads(text)["metadata"]
    assert "%pip" not in text


def test_rows_lead_to_the_code_that_measures_them__property(built):
    text = page(built)
    source = (built / "chapters/toy-synapse/index.md").read_text().splitlines()
    line = next(n for n, code in enumerate(source, 1) if 'book.measure("TOY-2"' in code)
    assert f'<a href="#cell-3">code, index.md line {line}</a>' in text
    cell = text.split('id="cell-3"')[1].split("</pre>")[0]
    assert "TOY-2" in cell
    row = text.split('id="claim-toy-3"')[1].split("</tr>")[0]
    assert "index.md line" not in row
    claims = page(built, "chapters/claims.html")
    assert f'<a href="toy-synapse/index.html#cell-3">code, index.md line {line}</a>' in claims


def test_the_ledger_is_there_to_download__property(built):
    claims = page(built, "chapters/claims.html")
    for form in ("csv", "json"):
        name = f"results/ledger/spinebook-ledger-quick.{form}"
        assert f'href="../{name}" download' in claims
        assert "TOY-E1" in (built / "_build/site" / name).read_text()


def test_findings_and_examples_come_from_the_ledger__property(built):
    findings = page(built, "chapters/findings.html")
    assert "Entries: 1. Errors: 1. Questions: 0." in findings
    assert 'href="toy-synapse/index.html#claim-toy-e1"' in findings
    assert 'id="found-in-toy-synapse"' in findings
    decide = page(built, "chapters/how-we-decide.html")
    assert "The interval lies inside the bounds, so the row is" in decide
    assert "The value lies outside the bounds, so the row is" in decide


def test_helpers_and_figures_lead_to_each_other__property(built):
    helper = "spinebook.stats.binomial_interval"
    assert f'href="../library/shared.html#{helper}"' in page(built)
    shared = page(built, "chapters/library/shared.html")
    assert f'id="{helper}"' in shared
    assert re.search(r'Used in.*toy-synapse/index\.html#fig-1"', shared)


def test_nothing_points_at_another_host_without_a_repository__property(built):
    for path in (built / "_build/site").rglob("*.html"):
        remote = re.findall(
            r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(https?:[^"]*)"', path.read_text()
        )
        assert remote == [], path
        assert "unpkg" not in path.read_text()
        assert "mybinder" not in path.read_text()
        assert not re.search(r"/edit/|/issues|colab|>Cite<|Open in", path.read_text()), path


def test_the_chapter_can_be_taken_home_whole__property(built):
    with zipfile.ZipFile(built / "_build/site/results/toy-synapse/toy-synapse.zip") as archive:
        names = {Path(name).name for name in archive.namelist()}
    assert {"toy-synapse.ipynb", "index.md", "results.json", "README.txt", "fig-1.png"} <= names
    assert "spinebook run toy-synapse -p " in page(built)


def test_pages_are_described_but_name_no_picture_without_an_address__property(built):
    for path in (built / "_build/site").rglob("chapters/**/*.html"):
        text = path.read_text()
        assert re.search(r'<meta name="description" content="[^"]{20,}">', text), path
        assert re.search(r'<meta property="og:title" content="[^"]+">', text), path
        assert "og:image" not in text, path
        assert "og:url" not in text, path
        assert "feed.xml" not in text, path  # this book has no changelog


def test_the_landing_page_counts_verdicts__property(built):
    text = page(built, "chapters/index.html")
    assert "<span>3 claims</span>" in text
    assert re.search(r'title="1 contradicted"', text)


def test_the_bare_address_leads_to_the_first_page_and_names_an_icon__property(built):
    text = page(built, "index.html")
    assert 'content="0; url=chapters/index.html"' in text
    icon = re.search(r'rel="icon" href="([^"]+)"', text).group(1)
    assert (built / "_build/site" / icon).is_file()


def test_an_unchanged_site_is_kept__property(built):
    stamp = (built / "_build/site").stat().st_ino
    done = call(built, "spinebook", "build")
    assert done.returncode == 0
    assert (built / "_build/site").stat().st_ino == stamp


def test_prose_changes_without_a_run__property(copied):
    source = copied / "chapters/toy-synapse/index.md"
    source.write_text(source.read_text().replace("A coin decides", "A fair coin decides"))
    done = call(copied, "spinebook", "build")
    assert done.returncode == 0, done.stderr
    assert "A fair coin decides" in page(copied)
    source.write_text(source.read_text().replace("A fair coin", "A bent coin"))
    assert call(copied, "spinebook", "build").returncode == 0  # now other pages stay as they are
    for path in (copied / "_build/site").rglob("*.html"):
        if "_static" not in path.parts:
            assert path.read_text().count("Content-Security-Policy") == 1, path


def test_changed_code_is_refused_until_it_is_run__property(copied):
    source = copied / "chapters/toy-synapse/index.md"
    source.write_text(source.read_text().replace("< 0.3\n", "< 0.31\n"))
    done = call(copied, "spinebook", "build")
    assert done.returncode == 1
    assert "stale" in done.stderr
    assert "spinebook run toy-synapse" in done.stderr


def test_missing_results_say_what_to_run__property(copied):
    shutil.rmtree(copied / "_build/quick")
    done = call(copied, "spinebook", "build")
    assert done.returncode == 1
    assert "run `spinebook run toy-synapse`" in done.stderr


def test_wrong_names_in_prose_fail_every_build__property(copied):
    wrong = {
        "{number}`nothing`": "number 'nothing' was not recorded",
        "{claim}`TOY-99`": "claim 'TOY-99' stands in no claims.yml",
        "{figref}`fig-9`": "has no figure 'fig-9'",
        "```{ledger}\n:kind: rumour\n```": "unknown kind",
        "```{ledger-facts} rumours\n```": "unknown part 'rumours'; there are: examples",
    }
    source = copied / "chapters/toy-synapse/index.md"
    texts = "\n\n".join(wrong)
    source.write_text(source.read_text().replace("## Ledger", f"{texts}\n\n## Ledger"))
    for _ in range(2):  # the second build must not pass because the page was read before
        done = call(copied, "spinebook", "build")
        assert done.returncode == 1
        for message in wrong.values():
            assert message in done.stderr


def test_a_malformed_ledger_is_told_with_its_line__property(copied):
    claims = copied / "chapters/toy-synapse/claims.yml"
    claims.write_text(claims.read_text().replace("kind: erratum", "kind: mistake"))
    done = call(copied, "spinebook", "build")
    assert done.returncode == 1
    assert re.search(r"claims\.yml:\d+: .*mistake", done.stderr)
    assert "Traceback" not in done.stderr


def test_a_repository_address_brings_its_links__property(copied):
    config = copied / "_config.yml"
    address = "https://github.com/example/spinebook"
    config.write_text(config.read_text().replace('url: ""', f'url: "{address}"'))
    done = call(copied, "spinebook", "build")
    assert done.returncode == 0, done.stderr
    text = page(copied)
    assert f"{address}/edit/main/chapters/toy-synapse/index.md" in text
    assert "colab.research.google.com/github/example/spinebook/blob/notebooks/results/" in text
    assert "mybinder.org/v2/gh/example/spinebook/main" in text
    assert f'href="{address}"' in text
    assert re.search(rf"{address}/blob/main/chapters/toy-synapse/index\.md\?plain=1#L\d+", text)
    assert f"{address}/v2/" not in text  # the theme's own launch menu
    assert "fa-rocket" not in text
    assert f"{address}/issues/new" in text
    notebook = copied / "_build/site/results/toy-synapse/toy-synapse.ipynb"
    first = json.loads(notebook.read_text())["cells"][0]
    assert f"git+{address}" in "".join(first["source"])


def test_a_public_address_brings_absolute_links_and_the_feed__property(copied):
    config = copied / "_config.yml"
    config.write_text(config.read_text().replace('baseurl: ""', "baseurl: https://example.org/b"))
    claims = copied / "chapters/toy-synapse/claims.yml"
    claims.write_text(re.sub(r"(?m)^paper:\n", "paper:\n  figure: fig-1\n", claims.read_text()))
    (copied / "CHANGELOG.md").write_text("# Changelog\n\n## [0.1.0]\n\n### Added\n\n- All.\n")
    done = call(copied, "spinebook", "build")
    assert done.returncode == 0, done.stderr
    picture = "https://example.org/b/results/toy-synapse/figures/fig-1.png"
    assert f'<meta property="og:image" content="{picture}">' in page(copied)
    assert f'<meta property="og:url" content="https://example.org/b/{PAGE}">' in page(copied)
    other = page(copied, "chapters/status.html")
    assert 'og:image" content="https://example.org/b/_static/site.png"' in other
    assert 'rel="alternate" type="application/rss+xml" title="Changes" href="../feed.xml"' in other
    assert "https://example.org/b/chapters/changelog.html" in page(copied, "feed.xml")


def test_hidden_folders_disturb_no_build__property(copied):
    hidden = copied / ".cache/package"
    hidden.mkdir(parents=True)
    (hidden / "README.md").write_text(
        "Text before any title, and a [link](nowhere.md).\n\n### Deep\n"
    )
    (hidden / "index.ipynb").write_text("{not a notebook")
    done = call(copied, "spinebook", "build")
    assert done.returncode == 0, done.stderr
    assert not list((copied / "_build/site").rglob("*README*"))
    done = call(copied, "jupyter-book", "build", ".", "-W", "-n", "--keep-going")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ".cache" not in done.stdout + done.stderr


def test_plain_jupyter_book_runs_what_is_missing__property(copied):
    shutil.rmtree(copied / "_build")
    done = call(copied, "jupyter-book", "build", ".", "-W", "-n", "--keep-going")
    assert done.returncode == 0, done.stdout + done.stderr
    text = (copied / "_build/html" / PAGE).read_text()
    assert '<figure class="sb-figure" id="fig-1">' in text
