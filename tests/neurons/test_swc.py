"""SWC files written by hand: sections, soma conventions, and messages that name the line."""

import numpy as np
import pytest
from spinebook.neurons import compartments, read_swc

from tests.tolerances import NEURONS_SHAPE_CLOSED_FORM


@pytest.fixture
def read(tmp_path):
    def from_text(text):
        path = tmp_path / "cell.swc"
        path.write_text(text, encoding="utf-8")
        return read_swc(path)

    return from_text


FORK = """# a soma, a dendrite that forks, an axon
1 1 0 0 0 8 -1
2 3 8 0 0 2 1   # starts on the soma's surface
3 3 18 0 0 1 2
4 3 18 10 0 0.5 3
5 4 18 0 20 0.6 3

6 2 0 -8 0 0.4 1
7 2 0 -38 40 0.3 6
"""


def test_fork_on_a_sphere__published(read):
    """A published convention: the wire from the soma's middle is no cable (NEURON, SWC import)."""
    cell = read(FORK)
    assert cell.parents.tolist() == [-1, 0, 1, 1, 0]
    assert cell.attach.tolist() == [0, 0.5, 1, 1, 0.5]
    assert cell.kinds.tolist() == [1, 3, 3, 4, 2]
    np.testing.assert_allclose(cell.lengths_um, [16, 10, 10, 20, 50])
    assert cell.areas_um2[0] == pytest.approx(4 * np.pi * 8**2, rel=NEURONS_SHAPE_CLOSED_FORM)
    # Daughters run from the fork, with its radius.
    expected = [[[0, 2], [10, 1]], [[0, 1], [10, 0.5]], [[0, 1], [20, 0.6]], [[0, 0.4], [50, 0.3]]]
    for points, rows in zip(cell.points[1:], expected, strict=True):
        np.testing.assert_allclose(points, rows)


def test_order_and_numbers_of_lines_mean_nothing__property(read):
    lines = [line.split("#")[0].split() for line in FORK.splitlines()[1:] if line]
    rename = {"-1": "-1"} | {str(k): str(90 - 7 * k) for k in range(1, 8)}
    moved = [[rename[row[0]], *row[1:6], rename[row[6]]] for row in reversed(lines)]
    cell, other = read(FORK), read("\n".join(" ".join(row) for row in moved))
    key = lambda neuron: sorted(  # noqa: E731
        (kind, place, points.tolist())
        for kind, place, points in zip(neuron.kinds, neuron.attach, neuron.points, strict=True)
    )
    assert key(cell) == key(other)
    assert other.kinds[0] == 1


THREE = (
    "1 1 0 0 0 5.12 -1\n2 1 0 -5.12 0 5.12 1\n3 1 0 5.12 0 5.12 1\n4 3 6 0 0 1 1\n5 3 9 0 0 1 4\n"
)


def test_three_points_mean_a_sphere__published(read):
    """The convention of NeuroMorpho.Org: the area of a sphere of the first point's radius."""
    cell = read(THREE)
    assert cell.n_sections == 2
    assert cell.areas_um2[0] == pytest.approx(4 * np.pi * 5.12**2, rel=NEURONS_SHAPE_CLOSED_FORM)
    assert cell.attach[1] == 0.5
    rounded = THREE.replace("0 -5.12 0 5.12", "0 -5.1 0 5.12")
    assert read(rounded).n_sections == 2


CHAIN = """1 1 0 0 0 4 -1
2 1 6 0 0 6 1
3 1 16 0 0 3 2
4 3 20 0 0 1 3
5 3 30 0 0 1 4
6 3 6 9 0 1 2
7 3 6 19 0 1 6
8 2 0 0 -2 0.5 1
"""


def test_soma_of_frusta__closed_form(read):
    cell = read(CHAIN)
    np.testing.assert_allclose(cell.points[0], [[0, 4], [6, 6], [16, 3]])
    # The axon starts on the first end, the dendrites on the middle point and the last end.
    assert cell.kinds.tolist() == [1, 2, 3, 3]
    np.testing.assert_allclose(cell.attach, [0, 0, 6 / 16, 1])
    np.testing.assert_allclose(cell.points[1], [[0, 0.5], [2, 0.5]])
    np.testing.assert_allclose(cell.points[2], [[0, 1], [10, 1]])  # no cable inside the soma
    np.testing.assert_allclose(cell.points[3], [[0, 1], [4, 1], [14, 1]])


def test_point_on_the_end_of_a_soma__property(read):
    """A dendrite's first point that repeats the soma's last is no step of length 0."""
    cell = read("1 1 0 0 0 4 -1\n2 1 9 0 0 4 1\n3 3 9 0 0 1 2\n4 3 19 0 0 1 3\n")
    np.testing.assert_allclose(cell.points[1], [[0, 1], [10, 1]])
    assert cell.attach[1] == 1


def test_single_point_neurite__published(read):
    """As in NEURON: it runs from the soma's middle, with its own radius."""
    cell = read("1 1 0 0 0 4 -1\n2 3 9 0 0 1 1\n")
    np.testing.assert_allclose(cell.points[1], [[0, 1], [9, 1]])


def test_fork_on_the_surface_of_the_soma__closed_form(read):
    cell = read("1 1 0 0 0 4 -1\n2 3 4 0 0 1 1\n3 3 14 0 0 1 2\n4 3 4 20 0 0.5 2\n")
    assert cell.parents.tolist() == [-1, 0, 0]
    assert cell.attach.tolist() == [0, 0.5, 0.5]
    np.testing.assert_allclose(cell.points[2], [[0, 1], [20, 0.5]])


def test_file_without_a_soma__closed_form(read):
    cell = read("1 3 0 0 0 1 -1\n2 3 10 0 0 1 1\n3 2 -20 0 0 1 1\n4 4 0 30 0 1 1\n")
    assert cell.parents.tolist() == [-1, 0, 0]
    assert cell.attach.tolist() == [0, 0, 0]
    np.testing.assert_allclose(cell.lengths_um, [10, 20, 30])
    line = read("1 3 0 0 0 1 -1\n2 3 10 0 0 1 1\n3 4 30 0 0 1 2\n")
    assert line.kinds.tolist() == [3, 4]
    np.testing.assert_allclose(line.lengths_um, [10, 20])


def test_soma_alone_and_foreign_comments__property(tmp_path):
    path = tmp_path / "cell.swc"
    path.write_bytes(b"# 5 \xb5m, M\xfcller\r\n1 1 0 0 0 5 -1\r\n")
    assert read_swc(str(path)).n_sections == 1


def test_area_survives_cutting__property(read):
    for text in (FORK, THREE, CHAIN):
        cell = read(text)
        graph = compartments(cell, counts=3)
        np.testing.assert_allclose(graph.areas_um2.sum(), cell.areas_um2.sum())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no points"),
        ("# nothing\n", "no points"),
        ("1 1 0 0 0 5 -1\n\n2 3 9 0 0 1\n", r"cell\.swc line 3: expected 7 numbers"),
        ("1 1 0 0 0 5 -1 9\n", "line 1: expected 7 numbers"),
        ("1 1 0 0 0 5 -1\n2 3 9 zero 0 1 1\n", "line 2: expected 7 numbers .* '2 3 9 zero"),
        ("1 1 0 0 0 5 -1\n2 3 nan 0 0 1 1\n", "line 2: expected 7 numbers"),
        ("1 1 0 0 0 5 -1\n2 3.5 9 0 0 1 1\n", "line 2: type must be a whole number"),
        ("1 1 0 0 0 5 -1\n2 -3 9 0 0 1 1\n", "line 2: id and type must be at least 0"),
        ("1 1 0 0 0 5 -1\n2 3 9 0 0 0 1\n", "line 2: radius .* it must be positive"),
        ("1 1 0 0 0 5e-6 -1\n", "line 1: radius .* convert it to micrometres"),
        ("1 1 0 0 0 5 -1\n1 3 9 0 0 1 1\n", "line 2: id 1 is that of line 1"),
        ("1 1 0 0 0 5 -1\n2 3 9 0 0 1 7\n", "line 2: no line has the parent's id, 7"),
        ("1 1 0 0 0 5 -1\n2 3 9 0 0 1 -1\n", "line 2: a second root, after .* line 1"),
        ("1 1 0 0 0 5 -1\n2 3 9 0 0 1 3\n3 3 8 0 0 1 2\n", "line 2: following parents .* never"),
        ("1 3 0 0 0 1 2\n2 3 9 0 0 1 1\n", "line 1: following parents"),
        ("1 1 0 0 0 5 -1\n2 3 9 0 0 1 1\n3 3 9 0 0 1 2\n", "line 3: .* lies on its parent, line 2"),
        ("1 3 0 0 0 5 -1\n", "line 1: a neuron needs more than one point"),
        ("1 3 0 0 0 1 -1\n2 1 9 0 0 5 1\n", "line 2: a soma point .* type 3; .* as the root"),
        (
            "1 1 0 0 0 5 -1\n2 1 5 0 0 5 1\n3 1 0 5 0 5 1\n",
            "line 1: the soma forks here, .* write it as one point",
        ),
        (
            "1 1 5 0 0 1 -1\n2 1 0 5 0 1 1\n3 1 -5 0 0 1 2\n4 1 0 -5 0 1 3\n5 3 9 0 0 1 1\n",
            "line 4: the soma's 4 points turn back, as a contour",
        ),
        (THREE + "6 3 0 9 0 1 3\n", "the soma forks here"),
    ],
)
def test_bad_files_are_refused__property(read, text, message):
    with pytest.raises(ValueError, match=message):
        read(text)


def test_missing_file__property(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_swc(tmp_path / "none.swc")
