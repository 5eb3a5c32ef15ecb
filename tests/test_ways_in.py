"""Every way in that the README promises: import, papermill, JupyterLab, Jupyter Book."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SLUGS = sorted(ledger.parent.name for ledger in ROOT.glob("chapters/*/claims.yml"))
# Whole chapters take what an earlier `make book` compiled.
COMPILED = ROOT / "_build" / ".jax-cache"
CHAPTER_RUN = {"JAX_PLATFORMS": "cpu"} | (
    {"JAX_COMPILATION_CACHE_DIR": str(COMPILED)} if COMPILED.is_dir() else {}
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
IMPORT_SECONDS = 0.2
# Runs of a fresh interpreter; the fastest counts, because other work on the machine only slows.
IMPORT_TRIES = 7


def run(*arguments, cwd=ROOT, **variables):
    """Run a command and return its standard output; a failure shows both streams."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPINEBOOK_")}
    done = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def script(name):
    """Path of a command of the environment that runs the tests."""
    return Path(sys.executable).with_name(name)


def notebook_of(page, target):
    """Turn a chapter into an .ipynb file, as a reader would with jupytext."""
    run(script("jupytext"), "--quiet", "--to", "ipynb", "--output", target, page)
    return json.loads(target.read_text(encoding="utf-8"))


def errors_in(notebook):
    """Every error output of an executed notebook."""
    return [
        output
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if output["output_type"] == "error"
    ]


def test_import_is_light__property():
    code = (
        "import sys, time; start = time.perf_counter(); import spinebook; "
        "print(time.perf_counter() - start); print('jax' in sys.modules)"
    )
    answers = [run(sys.executable, "-c", code).split() for _ in range(IMPORT_TRIES)]
    assert {jax for _, jax in answers} == {"False"}
    assert min(float(seconds) for seconds, _ in answers) < IMPORT_SECONDS


def test_importing_a_result_leaves_precision_alone__property():
    code = (
        "import spinebook; import spinebook.dendrites, spinebook.geometry, spinebook.book, jax; "
        "print(jax.config.jax_enable_x64)"
    )
    assert run(sys.executable, "-c", code).strip() == "False"


def test_library_alone_says_what_the_command_needs__property():
    """As after `pip install .`, which leaves the packages of the book out."""
    code = "import sys; sys.modules['click'] = None; from spinebook.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'click' is missing" in done.stderr
    assert "pip install '.[book]'" in done.stderr


def test_example_of_readme__published(tmp_path):
    """The printed number is the README's own; scipy confirms it in the next test."""
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(example.strip().splitlines()) <= 5
    (promised,) = re.findall(r"This prints `(.*?)`", README)
    assert run(sys.executable, "-c", example, cwd=tmp_path).strip() == promised


def test_number_in_readme__independent_package():
    from scipy.stats import hypergeom

    (promised,) = re.findall(r"This prints `.*10\^([0-9.]+)`", README)
    survival = hypergeom.logsf(11, 10_000, 300, 30)
    assert promised == f"{-survival / 2.302585092994046:.2f}"


def test_readme_names_what_exists__property():
    from spinebook.book.chapters import load_chapter
    from spinebook.book.paths import Book

    linked = set(re.findall(r"\]\((?!http)([^)]+)\)", README))
    assert not [target for target in linked if not (ROOT / target).exists()]
    assert {f"chapters/{slug}/index.md" for slug in SLUGS} <= linked
    examples = re.findall(r"spinebook run ([a-z-]+)(?: -p (\w+)=)?", README)
    for slug, parameter in examples:
        assert parameter in ("", *load_chapter(Book(ROOT), slug).parameters)


def test_first_parameter_reaches_papermill__property(tmp_path):
    """Plain papermill runs a chapter from any folder, with a parameter of the reader's own."""
    page = ROOT / "chapters" / "sparse-dendrites" / "index.md"
    notebook = notebook_of(page, tmp_path / "page.ipynb")
    # Stop after the parameters: that they arrive is the question here, not what follows.
    tags = [cell["metadata"].get("tags", []) for cell in notebook["cells"]]
    last = next(index for index, names in enumerate(tags) if "parameters" in names)
    probe = {
        "cell_type": "code",
        "metadata": {},
        "source": "print(seed)",
        "outputs": [],
        "execution_count": None,
    }
    notebook["cells"] = [*notebook["cells"][: last + 1], probe]
    (tmp_path / "page.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    run(
        script("papermill"),
        *("page.ipynb", "out.ipynb", "-p", "seed", "7", "--no-progress-bar"),
        cwd=tmp_path,
        JAX_PLATFORMS="cpu",
    )
    executed = json.loads((tmp_path / "out.ipynb").read_text(encoding="utf-8"))
    assert executed["cells"][-1]["outputs"][0]["text"] == ["7\n"]


@pytest.mark.slow
def test_plain_papermill_runs_a_chapter__property(tmp_path):
    """One chapter is enough: the book's runner executes every chapter by papermill."""
    page = ROOT / "chapters" / "sparse-dendrites" / "index.md"
    notebook_of(page, tmp_path / "page.ipynb")
    run(
        script("papermill"),
        *("page.ipynb", "out.ipynb", "--no-progress-bar"),
        cwd=tmp_path,
        **CHAPTER_RUN,
    )
    assert not errors_in(json.loads((tmp_path / "out.ipynb").read_text(encoding="utf-8")))


@pytest.mark.slow
def test_run_all_cells_as_jupyterlab_does__property(tmp_path):
    """JupyterLab reads a page through jupytext and starts its kernel in the page's folder.

    One chapter is enough: Jupyter Book, in the next test, reads every chapter like that.
    """
    import jupytext
    from nbclient import NotebookClient

    slug = "sparse-dendrites"
    folder = tmp_path / slug
    shutil.copytree(ROOT / "chapters" / slug, folder)
    notebook = jupytext.read(folder / "index.md")
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
    client.execute(env=os.environ | CHAPTER_RUN)
    assert not errors_in(notebook)
    assert not list(folder.rglob("*.ipynb"))


@pytest.mark.slow
def test_jupyter_book_builds_a_checkout__property(tmp_path):
    checkout = tmp_path / "a checkout"
    kept_out = shutil.ignore_patterns("_build", ".*", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, checkout, ignore=kept_out)
    # What an earlier `make book` ran is taken along but for one chapter, which is to be run here.
    for slug in SLUGS:
        results = ROOT / "_build" / "quick" / slug
        if slug != "sparse-dendrites" and results.is_dir():
            shutil.copytree(results, checkout / "_build" / "quick" / slug)
    run(script("jupyter-book"), "build", ".", cwd=checkout, **CHAPTER_RUN)
    html = checkout / "_build" / "html"
    assert (html / "index.html").is_file()
    for slug in SLUGS:
        assert "<figure" in (html / "chapters" / slug / "index.html").read_text(encoding="utf-8")
