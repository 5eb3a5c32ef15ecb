"""Causal diagrams: arrows keep clear of nodes, labels of arrows, and wrong names are refused."""

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spinebook.mediation.diagram import NODE_RADIUS, draw_diagram

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch

PLACES = {"X": (0.0, 0.0), "M": (1.0, 1.0), "Y": (2.0, 0.0), "U": (2.2, 1.4)}
ARROWS = [("X", "M", r"$\alpha$"), ("M", "Y"), ("X", "Y", "$c'$"), ("U", "M"), ("U", "Y")]


@pytest.fixture
def ax():
    fig, ax = plt.subplots(figsize=(3, 3))
    yield ax
    plt.close(fig)


def arrows_of(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def in_points(ax, vertices, transform):
    return transform.transform(vertices) * 72 / ax.figure.dpi


@settings(deadline=None, max_examples=20)
@given(angle=st.floats(0, 2 * np.pi), square=st.booleans(), length=st.floats(0.5, 3.0))
def test_arrows_end_outside_their_nodes__property(angle, square, length):
    fig, ax = plt.subplots(figsize=(3, 3))
    places = {"A": (0.0, 0.0), "B": (length * np.cos(angle), length * np.sin(angle))}
    draw_diagram(ax, places, [("A", "B")], randomised=["A", "B"] if square else ())
    fig.canvas.draw()
    (arrow,) = arrows_of(ax)
    drawn = in_points(ax, arrow.get_path().vertices, arrow.get_transform())
    for place in in_points(ax, list(places.values()), ax.transData):
        away = np.abs(drawn - place)
        distance = away.max(axis=1) if square else np.hypot(*away.T)
        assert distance.min() > NODE_RADIUS
    plt.close(fig)


@settings(deadline=None, max_examples=20)
@given(angle=st.floats(0, 2 * np.pi))
def test_label_lies_beside_its_arrow__property(angle):
    fig, ax = plt.subplots(figsize=(3, 3))
    end = np.array([np.cos(angle), np.sin(angle)])
    draw_diagram(ax, {"A": (0.0, 0.0), "B": tuple(end)}, [("A", "B", r"$\lambda_M$")])
    fig.canvas.draw()
    label = next(text for text in ax.texts if "lambda" in text.get_text())
    corners = label.get_window_extent().corners()
    start, end = ax.transData.transform([(0.0, 0.0), end])
    normal = np.array([start[1] - end[1], end[0] - start[0]])
    sides = (corners - start) @ normal
    assert (sides > 0).all() or (sides < 0).all()
    plt.close(fig)


def test_looks_say_what_is_recorded_and_randomised__property(ax):
    draw_diagram(
        ax,
        PLACES,
        ARROWS,
        unrecorded=["U"],
        randomised=["X"],
        labels={"U": "others"},
        faint=[("X", "M")],
    )
    assert [text.get_text() for text in ax.texts[:4]] == ["$X$", "$M$", "$Y$", "others"]
    solid = [arrow.get_linestyle() == "-" for arrow in arrows_of(ax)]
    assert solid == [True, True, True, False, False]
    assert [arrow.get_alpha() for arrow in arrows_of(ax)] == [0.3, 1, 1, 1, 1]
    outlines = [artist for artist in ax.get_children() if artist not in arrows_of(ax)]
    shapes = [type(artist).__name__ for artist in outlines]
    assert (shapes.count("Circle"), shapes.count("Rectangle")) == (3, 2)  # one is the background
    assert ax.get_aspect() == 1
    assert not ax.axison


def test_nodes_lie_inside_the_axes__property(ax):
    draw_diagram(ax, PLACES, ARROWS)
    ax.figure.canvas.draw()
    low, high = ax.get_window_extent().get_points()
    places = ax.transData.transform(list(PLACES.values()))
    reach = NODE_RADIUS * ax.figure.dpi / 72
    assert (places - reach > low).all()
    assert (places + reach < high).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"arrows": [("X", "Z")]}, "arrows names Z"),
        ({"unrecorded": ["V"]}, "unrecorded names V"),
        ({"randomised": ["P"]}, "randomised names P"),
        ({"labels": {"N": "neuron"}}, "labels names N"),
        ({"faint": [("M", "X")]}, "none of the arrows"),
        ({"arrows": [("X", "X")]}, "to itself"),
        ({"positions": {}}, "at least one node"),
        ({"positions": PLACES | {"X": PLACES["Y"]}}, "share a place"),
    ],
)
def test_wrong_names_are_refused__property(ax, change, says):
    given = {"positions": PLACES, "arrows": ARROWS} | change
    with pytest.raises(ValueError, match=says):
        draw_diagram(ax, **given)
