"""Recording in chapters: what is refused, what is written, and that bytes repeat."""

import json

import numpy as np
import pytest
from spinebook import book
from spinebook.book.numerals import compact, scientific
from spinebook.book.palette import COLORS, DARK_PARTNERS
from spinebook.book.record import RUN_VARIABLE

TEXTS = {"title": "Figure 1", "caption": "A line.", "alt": "A line that rises from one to two."}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path))
    return tmp_path


def draw():
    import matplotlib.pyplot as plt

    book.style()
    fig, ax = plt.subplots()
    ax.plot([1, 2], label="a line")
    ax.set(xlabel="place", ylabel="number")
    ax.legend()
    return fig


def records(folder):
    return [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]


def test_measure_defaults_to_an_exact_result__property(folder):
    record = book.measure("DEN-4", np.float32(2.5), n=np.int64(3))
    assert (record.low, record.high, record.n) == (2.5, 2.5, 3)
    assert records(folder)[0]["claim"] == "DEN-4"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((float("nan"),), "finite"),
        ((1.0, float("-inf"), 2.0), "finite"),
        ((1.0, 2.0, 3.0), "low <= value <= high"),
        (([1.0, 2.0],), "one number"),
    ],
)
def test_measure_refuses_what_no_rule_can_judge__property(arguments, message):
    with pytest.raises(ValueError, match=message):
        book.measure("DEN-4", *arguments)


def test_measure_refuses_no_samples__property():
    with pytest.raises(ValueError, match="n >= 1"):
        book.measure("DEN-4", 1.0, n=0)


@pytest.mark.parametrize("missing", ["title", "caption", "alt"])
def test_figure_needs_its_texts__property(missing):
    with pytest.raises(ValueError, match=r"alternative text|no (title|caption)"):
        book.figure("fig-1", draw(), **(TEXTS | {missing: " "}))


def test_figure_name_is_checked__property():
    with pytest.raises(ValueError, match="lower case"):
        book.figure("Figure 1", draw(), **TEXTS)


def test_figure_writes_the_same_bytes_twice__property(folder):
    images = []
    for name in ("fig-1", "fig-2"):
        book.figure(name, draw(), data={"y": [1, 2]}, **TEXTS)
        paths = (f"figures/{name}.svg", f"figures/{name}-dark.svg", f"figures/{name}.png")
        images.append([(folder / path).read_bytes() for path in paths])
    assert images[0] == images[1]


def test_dark_variant_exchanges_every_colour__property(folder):
    book.figure("fig-1", draw(), **TEXTS)
    light = (folder / "figures/fig-1.svg").read_text()
    dark = (folder / "figures/fig-1-dark.svg").read_text()
    assert COLORS["ink"] in light
    assert COLORS["blue"] in light
    assert not [name for name, colour in COLORS.items() if colour in dark]
    assert DARK_PARTNERS["blue"] in dark


def test_figure_data_becomes_csv_or_npz__closed_form(folder):
    data = {"curve": {"x": [1, 2], "y": [0.5, 0.25]}, "grid": {"z": np.eye(2)}}
    book.figure("fig-1", draw(), data=data, **TEXTS)
    assert records(folder)[0]["data"] == ["data/fig-1-curve.csv", "data/fig-1-grid.npz"]
    assert (folder / "data/fig-1-curve.csv").read_text() == "x,y\n1,0.5\n2,0.25\n"
    with np.load(folder / "data/fig-1-grid.npz") as kept:
        np.testing.assert_array_equal(kept["z"], np.eye(2))


def test_figure_data_must_be_finite__property(folder):
    with pytest.raises(ValueError, match="not finite"):
        book.figure("fig-1", draw(), data={"y": [1.0, np.nan]}, **TEXTS)


def test_explorer_refuses_a_bad_range__property():
    with pytest.raises(ValueError, match="min <= value <= max"):
        book.Control("n", "cells", 10, 100, 1, 5)
    with pytest.raises(ValueError, match="min > 0"):
        book.Control("n", "cells", 0, 100, 1, 5, log=True)


def test_explorer_ids_differ__property():
    control = book.Control("n", "cells", 1, 9, 1, 5)
    with pytest.raises(ValueError, match="different ids"):
        book.explorer("e-1", controls=[control, control], script="return {}", **TEXTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.5e-09", "1.5×10⁻⁹"), ("2e+12", "2×10¹²"), ("-0.5", "−0.5"), ("0.031", "0.031")],
)
def test_scientific__closed_form(text, expected):
    assert scientific(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0, "0"), (1e-300, "1×10⁻³⁰⁰"), (953114, "953,114"), (1e9, "1×10⁹")]
)
def test_compact__closed_form(value, expected):
    assert compact(value) == expected
