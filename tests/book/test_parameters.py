"""Values typed on a command line take the kind of the literal that they replace, or are refused."""

import pytest
from spinebook.book.errors import BookError
from spinebook.book.parameters import fit, read_assignment


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-1", -1),
        ("010", 10),  # YAML's octal
        ("1:30", "1:30"),  # YAML's sexagesimal
        ("1_000", 1000),
        ("1e3", 1000.0),
        ("true", True),
        ("mnist", "mnist"),
        ("2020-01-01", "2020-01-01"),
        ("'8'", "8"),
        ("[1, 1e3, a]", [1, 1000.0, "a"]),
        ("a=b", "a=b"),
        ("", None),
    ],
)
def test_values_as_typed__closed_form(text, value):
    assert read_assignment(f"x={text}") == ("x", value)


@pytest.mark.parametrize("text", ["x", "=3", "a b=3", "x=[1", "x={a: 1, a: 2}"])
def test_no_assignment__property(text):
    with pytest.raises(BookError, match="-p"):
        read_assignment(text)


@pytest.mark.parametrize(
    ("value", "default", "fitted"),
    [
        (3, 0.5, 3.0),
        (1e3, 10, 1000),
        ([1.0, 2], [5], [1, 2]),
        ([], [5], []),
        (["a", "b"], [], ["a", "b"]),
        ([1, "a"], [1, "b"], [1, "a"]),
        ("a", None, "a"),
    ],
)
def test_fitted_values__closed_form(value, default, fitted):
    found = fit(value, default)
    assert found == fitted
    assert type(found) is type(fitted)


@pytest.mark.parametrize(
    ("value", "default", "message"),
    [
        (1.5, 10, "a whole number"),
        (True, 1, "a whole number"),
        (1, True, "true or false"),
        ("a", 0.5, "a number"),
        (8, "digits", "quotes"),
        (3, [3], "a list"),
        (["a"], [3], "a whole number"),
        (float("nan"), 0.5, "finite"),
        ([float("inf")], [0.5], "finite"),
        ({"a": float("inf")}, None, "finite"),
    ],
)
def test_unfit_values__property(value, default, message):
    with pytest.raises(ValueError, match=message):
        fit(value, default)
