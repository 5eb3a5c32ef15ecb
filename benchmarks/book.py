"""The book against plain Jupyter Book: eight pages, each with one import of JAX, jit and figure.

Both sides are built in turn, process by process, on the same pages: cold, with nothing changed,
with one page's prose changed, with one page's code changed. Only ratios travel between machines.

    python benchmarks/book.py [PAIRS]
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import reports
from reports import Bar

ROOT = Path(__file__).resolve().parents[1]
PAGES = 8
BIN = Path(sys.executable).parent

HEADER = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# Page

Some prose.

"""
COMPUTE = """```{code-cell} ipython3
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
%s
```

```{code-cell} ipython3
:tags: [parameters]
steps = 300
```

```{code-cell} ipython3
x = jnp.linspace(0.0, 6.0, steps)
y = jax.jit(lambda x: jnp.sin(x) * jnp.exp(-x / 3))(x)
fig, ax = plt.subplots()
ax.plot(x, y)
%s
```
"""
OURS = COMPUTE % (
    "from spinebook import book\nbook.style()",
    'book.measure("%s-1", float(y.max()))\n'
    'book.figure("fig-1", fig, title="Figure 1", caption="A damped wave.", '
    'alt="A sine wave that dies away.")',
)
PEER = COMPUTE % ("", "plt.show()")
CLAIMS = """schema: 1
paper: {{title: Page, authors: A, year: 2026, venue: none, cite: none}}
claims:
  - id: {name}-1
    kind: claim
    statement: The largest value is below one.
    where: here
    published: none
    rule: {{quantity: largest value, below: 1}}
    tested: {{quick: true, full: true}}
"""


@dataclass
class Side:
    """One of the two contestants: its folder, its pages and the commands that build it."""

    name: str
    folder: Path
    pages: list[Path]
    commands: list[list[str]]
    site: str

    def build(self) -> tuple[float, float]:
        """Build and return wall and processor seconds of all processes."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        for command in self.commands:
            done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{self.name}: {command} failed\n{done.stdout}\n{done.stderr}")
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return wall, cpu


def peer(folder: Path) -> Side:
    """Plain Jupyter Book, executing pages itself and keeping them in its cache."""
    folder.mkdir()
    (folder / "_config.yml").write_text("title: Peer\nexecute: {execute_notebooks: cache}\n")
    names = [f"page{i}" for i in range(PAGES)]
    chapters = "\n".join(f"- file: {name}" for name in names)
    (folder / "intro.md").write_text("# Intro\n")
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: intro\nchapters:\n{chapters}\n")
    pages = [folder / f"{name}.md" for name in names]
    for page in pages:
        page.write_text(HEADER + PEER)
    return Side("jupyter-book", folder, pages, [[str(BIN / "jupyter-book"), "build", "."]], "html")


def ours(folder: Path) -> Side:
    """The same pages as chapters of a book."""
    chapters = folder / "chapters"
    chapters.mkdir(parents=True)
    shutil.copy(ROOT / "_config.yml", folder)
    shutil.copytree(ROOT / "chapters/_static", chapters / "_static")
    shutil.copy(ROOT / "chapters/references.bib", chapters)
    (chapters / "index.md").write_text("# Intro\n")
    names = [f"page{i}" for i in range(PAGES)]
    listed = "\n".join(f"- file: chapters/{name}/index" for name in names)
    (folder / "_toc.yml").write_text(
        f"format: jb-book\nroot: chapters/index\nchapters:\n{listed}\n"
    )
    pages = []
    for i, name in enumerate(names):
        (chapters / name).mkdir()
        pages.append(chapters / name / "index.md")
        page_id = "P" + "ABCDEFGH"[i]  # an id has letters only before its hyphen
        pages[-1].write_text(HEADER + OURS % page_id)
        (chapters / name / "claims.yml").write_text(CLAIMS.format(name=page_id))
        (chapters / name / "profiles.yml").write_text("schema: 1\nfull: {}\n")
    command = [sys.executable, "-m", "spinebook"]
    return Side("spinebook", folder, pages, [[*command, "run"], [*command, "build"]], "site")


def cases(side: Side, turn: int) -> dict[str, tuple[float, float]]:
    """Build one side cold, unchanged, with prose changed and with code changed."""
    shutil.rmtree(side.folder / "_build", ignore_errors=True)
    times = {"cold": side.build(), "nothing changed": side.build()}
    page = side.pages[0]
    page.write_text(page.read_text().replace("Some prose.", f"Some prose. Turn {turn}."))
    times["one page's prose"] = side.build()
    page.write_text(page.read_text().replace("x / 3", f"x / {3 + turn}"))
    times["one page's code"] = side.build()
    page.write_text(page.read_text().replace(f"x / {3 + turn}", "x / 3"))
    return times


BARS = [
    Bar("PF-8a", "jupyter-book, cold", "spinebook, cold", 0.75, 0.55, faster=False),
    Bar(
        "PF-8b",
        "jupyter-book, nothing changed",
        "spinebook, nothing changed",
        1.3,
        1.0,
        faster=False,
    ),
    Bar(
        "PF-8b",
        "jupyter-book, one page's prose",
        "spinebook, one page's prose",
        1.3,
        1.0,
        faster=False,
    ),
    Bar(
        "PF-8",
        "jupyter-book, one page's code",
        "spinebook, one page's code",
        None,
        None,
        faster=False,
    ),
]


def main() -> None:
    """Alternate the two sides and report the median ratios."""
    options = reports.options(5)
    os.environ["JAX_PLATFORMS"] = "cpu"
    runs: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        sides = [peer(Path(temporary) / "peer"), ours(Path(temporary) / "ours")]
        for turn in range(1, options.pairs + 1):
            for side in sides:
                built = cases(side, turn)
                site = side.folder / "_build" / side.site
                pages = {*site.rglob("page?.html"), *site.rglob("page?/index.html")}
                if len(pages) != PAGES:
                    raise SystemExit(f"{side.name} made {len(pages)} of {PAGES} pages")
                for case, (wall, cpu) in built.items():
                    record = {"wall": wall, "cpu": cpu, "check": f"{len(pages)} pages"}
                    runs.setdefault(f"{side.name}, {case}", []).append(record)
    found = reports.report(runs, BARS, ["jupyter-book", "papermill", "jax"])
    reports.finish(__file__, found, options)


if __name__ == "__main__":
    main()
