"""A small book with one chapter that runs in about two seconds."""

from pathlib import Path

import pytest

PAGE = """---
jupytext:
  formats: md:myst
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# Toy

Some prose.

```{code-cell} ipython3
import matplotlib.pyplot as plt
from spinebook import book
book.style()
```

```{code-cell} ipython3
:tags: [parameters]
trials = 10
seed = 0
rate = 0.5
```

```{code-cell} ipython3
fig, ax = plt.subplots()
ax.plot([1, 2, trials])
ax.set(xlabel="place", ylabel="trials")
book.measure("TOY-1", trials)
book.measure("TOY-2", 3.0, 2.5, 3.5, quantity="left", n=trials)
book.measure("TOY-2", 9.0, quantity="right")
book.number("trials", trials, "d")
book.figure(
    "fig-1",
    fig,
    title="Figure 1",
    caption="A line.",
    alt="A line that rises to the number of trials.",
    data={"y": [1, 2, trials]},
    claims=["TOY-1"],
)
```
"""

CLAIMS = """schema: 1
paper: {title: Toy, authors: A, year: 2020, venue: nowhere, cite: toy2020}
claims:
  - id: TOY-1
    kind: claim
    statement: Trials are many.
    where: Section 1
    published: direction only
    figure: fig-1
    rule: {quantity: trials, above: 5}
    tested: {quick: true, full: true}
  - id: TOY-2
    kind: finding
    statement: Two quantities at once.
    where: our own
    published: none
    rule:
      all_of:
        - {key: left, quantity: left side, between: [2, 4]}
        - {key: right, quantity: right side, below: 10}
    tested: {quick: true, full: true}
  - id: TOY-3
    kind: claim
    statement: Needs a data set that nobody has.
    where: Section 2
    published: direction only
    tested: {quick: needs a data set, full: needs a data set}
"""


class Toy:
    """The toy book's folder, with its three sources to change at will."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.chapter = root / "chapters" / "toy"
        self.chapter.mkdir(parents=True)
        (root / "_config.yml").write_text("title: Toy\n")
        self.page.write_text(PAGE)
        self.claims.write_text(CLAIMS)
        (self.chapter / "profiles.yml").write_text("schema: 1\nfull: {trials: 20}\n")

    @property
    def page(self) -> Path:
        return self.chapter / "index.md"

    @property
    def claims(self) -> Path:
        return self.chapter / "claims.yml"

    @property
    def results(self) -> Path:
        return self.root / "_build" / "quick" / "toy"

    def replace(self, path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path / "book")
