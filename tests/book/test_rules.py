"""Verdicts follow from regions and intervals alone."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spinebook.book.rules import Verdict, parse_rule

YES, NO, OPEN = Verdict.REPRODUCED, Verdict.CONTRADICTED, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("source", "interval", "verdict"),
    [
        ({"below": 1e-9}, (1.0492e-9, 1.0492e-9), NO),
        ({"below": 1.0}, (1.0, 1.0), NO),
        ({"below": 1.0}, (0.2, 0.9), YES),
        ({"above": 1.0}, (0.9, 1.1), OPEN),
        ({"above": 1.0}, (1.0, 1.0), NO),
        ({"between": [9, 11]}, (9, 11), YES),
        ({"between": [9, 11]}, (11.5, 12), NO),
        ({"between": [9, 11]}, (8, 12), OPEN),
        ({"equals": 2.0, "within": 0.1}, (2.05, 2.05), YES),
        ({"equals": -2.0, "within_relative": 0.1}, (-2.1, -1.9), YES),
        ({"equals": 0.0, "within": 0.0}, (0.0, 0.0), YES),
    ],
)
def test_single_region__closed_form(source, interval, verdict):
    assert parse_rule({"quantity": "q"} | source).judge([interval]) is verdict


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"above": 0.99999}, "above 0.99999"),
        ({"between": [1e-6, 0.123456]}, "between 1×10⁻⁶ and 0.123456"),
        ({"equals": 1413120, "within": 0}, "1,413,120 ± 0"),
    ],
)
def test_bounds_are_not_rounded__property(source, text):
    assert parse_rule({"quantity": "q"} | source).text == text


@pytest.mark.parametrize(
    ("needed", "verdicts", "expected"),
    [
        (2, (YES, YES), YES),
        (2, (YES, NO), NO),
        (2, (YES, OPEN), OPEN),
        (1, (NO, OPEN), OPEN),
        (1, (NO, YES), YES),
        (2, (YES, YES, NO), YES),
        (2, (YES, NO, NO), NO),
        (2, (YES, OPEN, NO), OPEN),
    ],
)
def test_combined_regions__brute_force(needed, verdicts, expected):
    intervals = {YES: (2.0, 2.0), NO: (0.0, 0.0), OPEN: (0.0, 2.0)}
    parts = [{"key": f"k{i}", "quantity": "q", "above": 1.0} for i in range(len(verdicts))]
    rule = parse_rule({"at_least": needed, "of": parts})
    assert rule.judge([intervals[verdict] for verdict in verdicts]) is expected


@given(
    bounds=st.tuples(*[st.floats(-1e6, 1e6)] * 2).map(sorted),
    interval=st.tuples(*[st.floats(-1e6, 1e6)] * 2).map(sorted),
)
def test_wider_intervals_never_decide_more__property(bounds, interval):
    rule = parse_rule({"quantity": "q", "between": list(bounds)})
    narrow = rule.judge([tuple(interval)])
    wide = rule.judge([(interval[0] - 1.0, interval[1] + 1.0)])
    assert wide in (narrow, OPEN)


@pytest.mark.parametrize(
    "source",
    [
        {"quantity": "q", "between": [2, 1]},
        {"quantity": "q", "above": math.inf},
        {"quantity": "q", "below": math.nan},
        {"all_of": [{"key": "a", "quantity": "q", "above": 1}] * 2},
        {"at_least": 2, "of": [{"key": "a", "quantity": "q", "above": 1}]},
    ],
)
def test_senseless_rules_are_refused__property(source):
    with pytest.raises(ValueError, match=r"bounds|keys|never hold"):
        parse_rule(source)
