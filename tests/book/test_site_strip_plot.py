"""Strip plots: everything lies where its number says, and nothing leaves the strip."""

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.book.rules import parse_rule
from spinebook.book.site.strip_plot import HEIGHT, LEFT, RIGHT, WIDTH, scale_for, strip

NUMBERS = st.floats(-1e9, 1e9).map(lambda x: 0.0 if abs(x) < 1e-9 else x)
TINY = 0.06  # positions are written with a tenth of a unit


def region(**bounds):
    return parse_rule({"quantity": "q"} | bounds).regions[0]


def draw(allowed, low, value, high):
    return ElementTree.fromstring(strip(allowed, {"low": low, "value": value, "high": high}))


def part(drawing, name):
    return [element for element in drawing if element.get("class") == f"sb-strip-{name}"]


def positions(element):
    """Return the end points of a path, or the centre of a circle, as written."""
    if element.get("cx"):
        return [(float(element.get("cx")), float(element.get("cy")))]
    x = y = 0.0
    found = []
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", element.get("d")):
        values = [float(n) for n in re.findall(r"-?[\d.]+", numbers)]
        match command:
            case "M" | "L":
                x, y = values
            case "l" | "m":
                x, y = x + values[0], y + values[1]
            case "H":
                x = values[0]
            case "V":
                y = values[0]
            case "v":
                y += values[0]
        found.append((x, y))
    return found


@st.composite
def measured(draw_from):
    low, value, high = sorted(draw_from(st.tuples(NUMBERS, NUMBERS, NUMBERS)))
    first, second = sorted(draw_from(st.tuples(NUMBERS, NUMBERS)))
    bounds = draw_from(
        st.sampled_from([{"above": first}, {"below": first}, {"between": [first, second]}])
    )
    return region(**bounds), low, value, high


@given(measured())
def test_everything_lies_on_the_strip__property(case):
    drawing = draw(*case)
    for element in drawing:
        if element.tag == "text":
            half = 6.2 * len(element.text) / 2
            assert float(element.get("x")) - half >= -TINY
            assert float(element.get("x")) + half <= WIDTH + TINY
        else:
            for x, y in positions(element):
                assert -TINY <= x <= WIDTH + TINY
                assert 0 <= y <= HEIGHT


@given(measured())
def test_numbers_keep_their_order__property(case):
    allowed, *numbers = case
    scale = scale_for(allowed, numbers[0], numbers[2])
    bounds = [b for b in (allowed.low, allowed.high) if math.isfinite(b)]
    placed = [scale.place(number) for number in sorted([*numbers, *bounds])]
    assert placed == sorted(placed)
    assert all(LEFT <= place <= RIGHT for place in placed)
    assert all(scale.beyond(bound) == 0 for bound in bounds)


@given(measured())
def test_the_region_ends_at_its_bounds__property(case):
    allowed, low, _, high = case
    scale = scale_for(allowed, low, high)
    [shade] = part(draw(*case), "region")
    edges = [x for x, _ in positions(shade)]
    if allowed.low == allowed.high:  # a single point is drawn with some width
        assert (min(edges) + max(edges)) / 2 == pytest.approx(scale.place(allowed.low), abs=0.2)
        return
    left = scale.place(allowed.low) if math.isfinite(allowed.low) else 0
    right = scale.place(allowed.high) if math.isfinite(allowed.high) else WIDTH
    assert (min(edges), max(edges)) == pytest.approx((left, right), abs=TINY)


@given(measured())
def test_the_mark_is_inside_the_shade_if_the_value_is_allowed__property(case):
    allowed, low, value, high = case
    scale = scale_for(allowed, low, high)
    [shade] = part(draw(*case), "region")
    edges = [x for x, _ in positions(shade)]
    if allowed.low <= value <= allowed.high:
        assert scale.beyond(value) == 0
        assert min(edges) - TINY <= scale.place(value) <= max(edges) + TINY


def test_a_linear_scale_is_even__closed_form():
    scale = scale_for(region(between=[0, 2]), 0.5, 1.5)
    assert not scale.log
    assert scale.place(1) == (LEFT + RIGHT) / 2
    assert scale.place(0.5) - scale.place(0) == pytest.approx(scale.place(2) - scale.place(1.5))


def test_a_logarithmic_scale_gives_each_decade_the_same_width__closed_form():
    scale = scale_for(region(below=1e-3), 1e-9, 1e-9)
    assert scale.log
    widths = [scale.place(10.0**k) - scale.place(10.0 ** (k - 1)) for k in range(-8, -2)]
    assert widths == pytest.approx([widths[0]] * len(widths))
    assert part(draw(region(below=1e-3), 1e-9, 1e-9, 1e-9), "log")


@pytest.mark.parametrize(
    ("bounds", "low", "high", "log"),
    [
        ({"below": 1e-9}, 1e-17, 1e-17, True),
        ({"below": 1e-9}, 0, 0, False),  # zero has no logarithm
        ({"above": 0}, 5, 500, False),
        ({"above": 0.5}, 0.9, 1, False),
        ({"between": [9, 11]}, 1e6, 1e6, False),  # an arrow, so that the region keeps its width
        ({"between": [1e-6, 1]}, 1e-3, 1e-3, True),
    ],
)
def test_scales_are_logarithmic_where_positive_numbers_span_decades__brute_force(
    bounds, low, high, log
):
    assert scale_for(region(**bounds), low, high).log is log


def test_a_value_far_outside_is_an_arrow_and_leaves_the_region_its_width__property():
    drawing = draw(region(between=[9, 11]), 1e6, 1e6, 1e6)
    [shade], [arrow] = part(drawing, "region"), part(drawing, "dot")
    edges = [x for x, _ in positions(shade)]
    assert max(edges) - min(edges) > WIDTH / 5
    tip = max(positions(arrow))
    assert tip[0] > max(edges)
    mirrored = draw(region(between=[9, 11]), -1e6, -1e6, -1e6)
    [arrow] = part(mirrored, "dot")
    assert min(positions(arrow))[0] < WIDTH / 10


def test_an_interval_beyond_the_strip_ends_in_an_arrowhead__property():
    drawing = draw(region(between=[9, 11]), 8, 10, 1e6)
    [line] = part(drawing, "line")
    assert line.get("d").count("v6") == 1  # a cap on the left
    assert max(x for x, _ in positions(line)) == pytest.approx(RIGHT + 5)


@pytest.mark.parametrize(
    ("interval", "side", "mark"),
    [((1, 2, 3), "inside", "dot"), ((-1, 0, 1), "across", "ring"), ((-3, -2, -1), "outside", None)],
)
def test_sides_differ_in_shape_and_class__brute_force(interval, side, mark):
    drawing = draw(region(above=0), *interval)
    assert drawing.get("class") == f"sb-strip sb-{side}"
    assert drawing.get("aria-hidden") == "true"
    marks = [name for name in ("dot", "ring") if part(drawing, name)]
    assert marks == ([mark] if mark else [])
    if mark is None:
        assert any("l8 8m0-8l-8 8" in element.get("d") for element in part(drawing, "line"))


def test_bounds_are_labelled_with_all_their_digits__published():
    labels = [e.text for e in draw(region(between=[2.213937, 2.258663]), 2.2, 2.2, 2.2) if e.text]
    assert labels == ["2.213937", "2.258663"]
    assert [e.text for e in draw(region(equals=9, within=0), 10, 10, 10) if e.text] == ["9"]


def test_an_exact_value_has_no_interval__property():
    assert part(draw(region(above=0), 1, 1, 1), "line") == []
