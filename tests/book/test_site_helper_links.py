"""Library functions behind figures, found in the code without running it."""

from spinebook.book.site.helper_links import figures_by_helper, helpers_by_figure

IMPORTS = """
import numpy as np
import spinebook.geometry as geo
from spinebook import book, dendrites, stats
from spinebook.dendrites import capacity
from spinebook.dendrites.tails import log_false_match as lfm
"""


def found(*cells, name="fig-1"):
    return helpers_by_figure([IMPORTS, *cells])[name]


def test_a_call_in_the_same_cell__property():
    assert found('y = dendrites.capacity(1)\nbook.figure("fig-1", y)') == [
        "spinebook.dendrites.capacity"
    ]


def test_through_earlier_cells_and_functions__property():
    cells = (
        "def rate(n):\n    return lfm(n, 1, 2, 3)",
        "values = [rate(n) for n in (1, 2)]",
        "unused = stats.binomial_interval(1, 2)",
        'fig = plot(values)\nbook.figure("fig-1", fig)',
    )
    assert found(*cells) == ["spinebook.dendrites.log_false_match"]


def test_through_changes_in_place__property():
    cells = (
        "table = {}",
        "table['a'] = geo.PNorm(3).dual(1)",
        "rows = []\nrows.append(capacity(1))",
        'book.figure("fig-1", table, rows)',
    )
    assert found(*cells) == ["spinebook.dendrites.capacity", "spinebook.geometry.PNorm"]


def test_figures_do_not_borrow_from_each_other__property():
    cells = (
        'a = capacity(1)\nbook.figure("fig-1", a)',
        'b = stats.binomial_interval(1, 2)\nbook.figure("fig-2", b)',
    )
    assert found(*cells) == ["spinebook.dendrites.capacity"]
    assert found(*cells, name="fig-2") == ["spinebook.stats.binomial_interval"]


def test_recording_and_foreign_packages_do_not_count__property():
    assert found('book.measure("A-1", np.mean([1]))\nbook.explorer("fig-1")') == []


def test_magics_do_not_stop_the_reading__property():
    assert found('%pip list\nx = capacity(1)\nbook.figure("fig-1", x)') == [
        "spinebook.dendrites.capacity"
    ]


def test_turning_round__brute_force():
    turned = figures_by_helper({"fig-1": ["a", "b"], "fig-2": ["b"]})
    assert turned == {"a": ["fig-1"], "b": ["fig-1", "fig-2"]}
