"""A failing call names the argument at fault; what works, or says it better, is untouched."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Float
from spinebook.misuse import explains_misuse
from spinebook.neurons import Morphology
from spinebook.types import AnyArray, Numbers


class Pair(NamedTuple):
    left: Float[AnyArray, " n"]
    right: Float[AnyArray, " n"]


X, Y = np.ones((3, 2)), np.ones(3)
STICK = np.array([[0.0, 1.0], [9.0, 1.0]])


@explains_misuse
def helper(
    x: Float[AnyArray, "samples inputs"] = X,
    y: Float[AnyArray, " samples"] = Y,
    *,
    count: int = 1,
    rate: Numbers = 0.5,
    how: Literal["sum", "mean"] = "sum",
    after: Callable[[Any], Any] = jnp.sum,
    pair: Pair = Pair(np.ones(2), np.ones(2)),  # noqa: B008  (never changed)
    names: Sequence[str] = ("a",),
):
    weights = pair.left + pair.right
    wanted = {"sum": 1.0, "mean": 1.0 / len(x)}[how]
    return after((x @ weights + y) * rate * wanted) + (count + 1) + len("".join(names))


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        (
            {"x": None},
            TypeError,
            r"x must be an array \(float\) with axes \(samples inputs\), got N",
        ),
        ({"x": X[:, :, None], "y": Y}, ValueError, r"x must be .* \(3, 2, 1\) beside y \(3,\)"),
        ({"x": X, "y": Y[:2]}, ValueError, r"y must be .* of shape \(2,\) beside x \(3, 2\)"),
        ({"count": "two"}, TypeError, "count must be a whole number, got the text 'two'"),
        ({"rate": {"a": 1}}, TypeError, "rate must be a number or an array of numbers, got dict"),
        ({"rate": [[1.0], [1.0, 2.0]]}, ValueError, "rate is no array: its rows differ in length"),
        ({"rate": np.zeros((0, 7))}, ValueError, r"rate is empty \(shape \(0, 7\)\)"),
        ({"how": "most"}, TypeError, "how must be one of 'sum', 'mean', got the text 'most'"),
        ({"after": 3}, TypeError, "after must be a function, got int 3"),
        ({"names": [1]}, TypeError, r"names must be a sequence \(a text\), got list \[1\]"),
        ({"pair": Pair(np.ones(2), None)}, ValueError, "pair has a right that must be .* got None"),
        (
            {"pair": Pair(np.ones(2), np.ones(3))},
            ValueError,
            r"pair has a right .* of shape \(3,\)",
        ),
    ],
)
def test_argument_at_fault_is_named__property(changes, kind, message):
    with pytest.raises(kind, match=message) as caught:
        helper(**changes)
    assert caught.value.__cause__ is not None  # what broke is still told


def test_other_errors_stay_as_they_are__property():
    def own(_):
        return {}["missing"]

    with pytest.raises(KeyError, match="missing"):
        helper(after=own)
    with pytest.raises(ValueError, match="one entry for each of the 3 sections"):
        Morphology(np.array([-1, 0]), np.ones(3), (STICK,) * 3, np.full(3, 3))
    with pytest.raises(TypeError, match="unexpected keyword argument 'rat'"):
        helper(rat=1)


def test_working_calls_are_untouched__property():
    expected = 3 * 5 * 0.5 + 2 + 1
    assert helper() == expected
    assert jax.jit(helper)(jnp.ones((3, 2)), jnp.ones(3)) == expected
    assert jax.grad(lambda rate: helper(rate=rate))(0.5) == 15.0
    assert helper.__name__ == "helper"


def test_fields_of_a_class_are_arguments__property():
    @explains_misuse
    @dataclasses.dataclass(frozen=True)
    class Cell:
        radius: float
        length: float = 1.0

        def __post_init__(self):
            self.radius * 2.0 - self.length

    assert Cell(1.0) == Cell(1.0, 1.0)
    with pytest.raises(TypeError, match="radius must be a number, got the text 'thin'"):
        Cell("thin")
