"""Pages joined with the outputs of their executed notebooks."""

import nbformat
import pytest
from spinebook.book.site import merge

PAGE = """---
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# Title

New prose.

```{code-cell} python3
:tags: [parameters]
trials = 10
```

Between.

```{code-cell} python3
draw(trials)
```
"""


def executed(*sources, injected=False):
    cells = []
    for number, source in enumerate(sources, start=1):
        cell = nbformat.v4.new_code_cell(source)
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", text=f"out {number}")]
        cells.append(cell)
    if injected:
        extra = nbformat.v4.new_code_cell("trials = 99")
        extra.metadata["tags"] = ["injected-parameters"]
        cells.insert(1, extra)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("Old prose."), *cells])


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_prose_is_current_and_outputs_are_of_the_run__property():
    page = merge.read_page(PAGE)
    merged = merge.merge(page, executed("trials = 10", "draw(trials)"), "toy")
    assert "New prose." in sources(merged, "markdown")[0]
    texts = [cell.outputs[0].text for cell in merged.cells if cell.cell_type == "code"]
    assert texts == ["out 1", "out 2"]
    assert len(merged.metadata["source_map"]) == len(merged.cells)


def test_the_injected_cell_is_left_out__property():
    page = merge.read_page(PAGE)
    merged = merge.merge(page, executed("trials = 10", "draw(trials)", injected=True), "toy")
    assert sources(merged, "code") == ["trials = 10", "draw(trials)"]


@pytest.mark.parametrize("ran", [("trials = 10",), ("trials = 10", "draw(2)"), ("a", "b", "c")])
def test_code_that_differs_is_stale__property(ran):
    with pytest.raises(merge.StalePageError, match=r"stale.*index\.md.*spinebook run toy"):
        merge.merge(merge.read_page(PAGE), executed(*ran), "toy")


def test_a_longer_run_is_stale__property():
    ran = executed("trials = 10", "draw(trials)", "more()")
    with pytest.raises(merge.StalePageError, match="code cell 3"):
        merge.merge(merge.read_page(PAGE), ran, "toy")


def test_recorded_figures_become_directives__property():
    ran = executed("trials = 10", "draw(trials)")
    figure = nbformat.v4.new_output(
        "display_data", data={"image/png": "AA=="}, metadata={"spinebook": {"figure": "fig-1"}}
    )
    explorer = nbformat.v4.new_output(
        "display_data", data={"text/html": "x"}, metadata={"spinebook": {"explorer": "try-it"}}
    )
    ran.cells[2].outputs += [figure, explorer]
    merged = merge.merge(merge.read_page(PAGE), ran, "toy")
    assert "{book-figure} fig-1" in merged.cells[-1].source
    assert "{book-explorer} try-it" in merged.cells[-1].source
    assert [output.output_type for output in merged.cells[-2].outputs] == ["stream"]


@pytest.mark.parametrize(
    ("last", "shown"),
    [
        ('book.measure("A-1", 2)', False),
        ("x = 1\nbook.number('a', x)", False),
        ("results.book(1)", True),
        ("trials + 1", True),
        ("%pip list", True),
    ],
)
def test_the_echo_of_recording_is_not_shown__property(last, shown):
    page = PAGE.replace("draw(trials)", last)
    ran = executed("trials = 10", last)
    ran.cells[2].outputs.append(nbformat.v4.new_output("execute_result", {"text/plain": "Echo()"}))
    merged = merge.merge(merge.read_page(page), ran, "toy")
    kinds = [output.output_type for output in merged.cells[-1].outputs]
    assert kinds == ["stream", "execute_result"][: 2 if shown else 1]


def test_without_results_the_page_says_what_to_do__property():
    page = merge.without_results(merge.read_page(PAGE), "toy")
    assert "`spinebook run toy`" in page.cells[1].source
    assert len(page.metadata["source_map"]) == len(page.cells)
