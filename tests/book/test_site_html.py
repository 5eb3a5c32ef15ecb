"""Pieces of HTML: nothing that stands in a claim or a caption can break the page."""

import json
from html.parser import HTMLParser

import pytest
from spinebook.book.claims import Claim, Paper
from spinebook.book.ledger import Row
from spinebook.book.rules import Verdict, parse_rule
from spinebook.book.site import badge, figure_html, html, landing, ledger_html, rows

LINKS = ledger_html.Links(chapter=("c.html?a&b", "T < U"), code=("c.html#cell-2", "code"))
HOSTILE = '<script>alert("x")</script> & $a<b$'


class Balance(HTMLParser):
    """Check that every element is closed, and collect names and attributes."""

    void = frozenset({"img", "input", "br", "path", "circle"})

    def __init__(self):
        super().__init__()
        self.open, self.names, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes.append(dict(attrs))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.void:
            assert self.open.pop() == tag


def parse(text):
    parser = Balance()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


def make_row(kind="claim", verdict=Verdict.REPRODUCED, rule=None, measured=(), **changes):
    claim = Claim(
        id="TOY-1",
        kind=kind,
        statement=HOSTILE,
        where=HOSTILE,
        published=HOSTILE,
        tested=changes.pop("tested", {"quick": True, "full": True}),
        rule=parse_rule(rule or {"quantity": HOSTILE, "below": 1e-9}),
        reason=HOSTILE,
        grade=changes.pop("grade", None),
        evidence=changes.pop("evidence", None),
        figure=None,
        needs_interval=False,
        line=1,
    )
    pairs = tuple(zip(claim.rule.regions, measured, strict=False))
    return Row("toy", claim, pairs, verdict, changes.pop("reason_not_tested", None), None)


def record(value, low=None, high=None, n=None, note=None):
    low, high = value if low is None else low, value if high is None else high
    return {"value": value, "low": low, "high": high, "n": n, "unit": None, "note": note}


def table(*ledger_rows):
    return ledger_html.ledger_table(ledger_rows, "A & B", lambda row: LINKS)


def test_text_is_escaped_and_mathematics_is_marked__property():
    text = html.inline(HOSTILE)
    assert "<script" not in text
    assert r'<span class="math notranslate nohighlight">\(a&lt;b\)</span>' in text
    assert html.has_math(text)
    assert html.inline("`a_b` **c**") == "<code>a_b</code> <strong>c</strong>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("below 1e-9", "below 10<sup>−9</sup>"),
        ("2.5e+06 cells", "2.5×10<sup>6</sup> cells"),
        ("one in 10^k", "one in 10<sup>k</sup>"),
        ("10^-12", "10<sup>−12</sup>"),
        ("at a8d8ccac1e5", "at a8d8ccac1e5"),
    ],
)
def test_powers_of_ten_are_raised__closed_form(text, shown):
    assert html.inline(text) == shown


def test_a_lone_dollar_stays__property():
    assert html.inline("costs 5 $") == "costs 5 $"


def test_ledger_rows_are_well_formed_and_escaped__property():
    parser = parse(table(make_row(measured=[record(1.05e-9, 1e-9, 1.1e-9, 4000, HOSTILE)])))
    assert "script" not in parser.names
    assert {"id": "claim-toy-1"}.items() <= parser.attributes[9].items()


def test_rows_lead_to_chapter_and_code__property():
    text = table(make_row())
    assert '<a href="c.html?a&amp;b">T &lt; U</a>' in text
    assert '<a href="c.html#cell-2">code</a>' in text
    bare = ledger_html.ledger_table([make_row()], "A", lambda row: ledger_html.Links())
    assert bare.count("<a ") == 1


@pytest.mark.parametrize(
    ("tested", "profiles"),
    [
        ({"quick": True, "full": True}, "both"),
        ({"quick": "too long for it", "full": True}, "full"),
        ({"quick": True, "full": "said enough"}, "quick"),
        ({"quick": "no such data", "full": "no such data"}, "none"),
    ],
)
def test_rows_name_the_profiles_that_test_them__brute_force(tested, profiles):
    row = make_row(tested=tested)
    assert rows.profiles_of(row) == profiles
    assert f'data-profile="{profiles}"' in table(row)
    assert rows.PROFILE_TITLES[profiles] in table(row)


def test_rule_and_interval_are_in_words__property():
    text = table(make_row(measured=[record(1.05e-9, 1e-9, 1.1e-9, 4000)]))
    assert "below 1×10⁻⁹" in text
    assert "[1×10⁻⁹, 1.1×10⁻⁹]" in text
    assert "n = 4,000" in text


def test_several_quantities_are_listed__property():
    part = {"key": "left", "quantity": "left side", "below": 1}
    rule = {"all_of": [part, part | {"key": "right", "quantity": "right side"}]}
    text = table(make_row(rule=rule, measured=[record(0.1), record(0.2)]))
    assert text.count("left side") == text.count("right side") == 1
    assert text.count("inside the bounds:") == 2
    assert "all of these" in text


def test_a_region_of_one_point_is_exact__closed_form():
    text = table(make_row(rule={"quantity": "threshold", "equals": 9, "within": 0}))
    assert "exactly 9 for threshold" in text
    text = table(make_row(rule={"quantity": "threshold", "equals": 9, "within": 0.5}))
    assert "9 ± 0.5 for threshold" in text


def test_bars_and_badges_share_their_colours__property():
    assert badge.look("reproduced", "open question") == "question"
    assert badge.look("reproduced", "confirmed") == "reproduced"


def test_rows_say_why_they_are_not_tested__property():
    text = table(make_row(verdict=Verdict.NOT_TESTED, reason_not_tested="needs <data>"))
    assert "needs &lt;data&gt;" in text
    assert "nothing measured" in text


def test_errata_show_grade_and_evidence__property():
    text = table(make_row(kind="erratum", grade="certain", evidence="paper text"))
    assert "graded certain; evidence: paper text" in text
    assert "confirmed" in text


@pytest.mark.parametrize("verdict", [v.value for v in Verdict])
def test_badges_differ_in_shape_and_word_not_only_in_colour__property(verdict):
    text = badge.badge(verdict, verdict, 3)
    parse(text)
    assert verdict in text
    others = {badge.icon(v.value) for v in Verdict if v.value not in {verdict, "not run"}}
    assert verdict == "not run" or badge.icon(verdict) not in others


def test_kinds_come_in_order__property():
    chosen = [make_row(kind=kind, grade="likely") for kind in ("finding", "erratum", "claim")]
    assert [row.claim.kind for row in rows.select(chosen)] == ["claim", "erratum", "finding"]
    assert rows.select(chosen, kinds=["erratum"])[0].claim.kind == "erratum"
    assert rows.select(chosen, chapter="other") == []


def test_labels_are_counted_in_a_fixed_order__brute_force():
    verdicts = [Verdict.NOT_TESTED, Verdict.REPRODUCED, Verdict.REPRODUCED]
    counted = rows.count_labels(make_row(verdict=verdict) for verdict in verdicts)
    assert counted == [("reproduced", "reproduced", 2), ("not tested", "not tested", 1)]


def test_paper_line_is_escaped__property():
    text = landing.paper_line(Paper("T & T", "A <b>", 2020, "V", "key"))
    assert "A &lt;b&gt;" in text
    parse(text)


FIGURE = {
    "name": "fig-1",
    "title": "Figure 1",
    "caption": HOSTILE,
    "alt": 'A "line" <rises>',
    "cell": 2,
    "files": {"svg": "figures/fig-1.svg", "svg_dark": "f-dark.svg", "png": "figures/fig-1.png"},
    "data": ["data/fig-1.csv", "data/fig-1-noise.npz"],
}
RESULTS = {
    "profile": "quick",
    "parameters": {"trials": 400, "seed": 7},
    "cells": [{"cell": 2, "seconds": 1.25}],
    "provenance": {
        "seconds": 4.2,
        "seeds": {"seed": 7},
        "device": "CPU",
        "threads": 2,
        "commit": "0123456789abcdef",
        "dirty": True,
        "versions": {"jax": "1"},
    },
}


def test_a_figure_has_two_drawings_with_alt_and_size__property():
    text = figure_html.static_figure(FIGURE, (691, 403), lambda path: f"../{path}", "", "")
    parser = parse(text)
    images = [a for name, a in zip(parser.names, parser.attributes, strict=True) if name == "img"]
    assert [image["alt"] for image in images] == [FIGURE["alt"]] * 2
    assert {image["width"] for image in images} == {"691"}
    assert "data (CSV)" in text
    assert "data (NPZ, noise)" in text


def test_provenance_names_run_and_command__property():
    text = figure_html.provenance_line(RESULTS, FIGURE, "toy", ["<code>stats.mean</code>"])
    parse(text)
    for part in (
        "trials 400",
        "seed 7",
        "1.2 s for the cell",
        "0123456789ab with local changes",
        "jax 1",
    ):
        assert part in text
    assert "<code>spinebook run toy</code>" in text


def test_an_explorer_cannot_close_its_script__property():
    spec = {"tables": ["</script>"], "controls": []}
    record = FIGURE | {"title": "Try", "alt": "A curve that moves with the sliders."}
    text = figure_html.interactive_figure(record, spec, "", "")
    assert text.count("</script>") == 1
    payload = text.split('explorer-spec">')[1].split("</script>")[0]
    assert json.loads(payload)["tables"] == ["</script>"]


def test_size_of_a_drawing_is_read_from_its_view_box__closed_form(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text('<svg width="72pt" viewBox="0 0 72 36" height="36pt"></svg>')
    assert figure_html.svg_size(path) == (96, 48)
    path.write_text("<svg></svg>")
    with pytest.raises(ValueError, match="viewBox"):
        figure_html.svg_size(path)
