"""Runs are compared with the book's own: rounding and chance are told from what differs."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from spinebook.book.cli import main
from spinebook.book.comparison import (
    CHANCE,
    ROUNDING_OTHER_DEVICE,
    ROUNDING_SAME_DEVICE,
    Agreement,
    compare,
)
from spinebook.book.rules import Region

from tests import tolerances


def content(*values, device="CPU", platform="Linux x86_64"):
    """Results with measurements (claim, value, low, high)."""
    return {
        "measurements": [
            {"claim": claim, "quantity": None, "value": value, "low": low, "high": high}
            for claim, value, low, high in values
        ],
        "parameters": {"seed": 1},
        "provenance": {"device": device, "platform": platform},
    }


def agreement(found, reference, **where):
    rows = compare(content(("A", *found), **where), content(("A", *reference)), [])
    assert len(rows) == 1
    return rows[0].agreement


def exact(value):
    return value, value, value


@pytest.mark.parametrize("value", [1e-20, -3.0, 5e7])
def test_rounding_is_relative_and_larger_on_another_device__closed_form(value):
    for factor, expected in ((0.9, Agreement.SAME), (1.1, Agreement.DIFFERS)):
        near = value * (1 + factor * ROUNDING_SAME_DEVICE)
        assert agreement(exact(near), exact(value)) is expected
        far = value * (1 + factor * ROUNDING_OTHER_DEVICE)
        assert agreement(exact(far), exact(value), device="NVIDIA H100") is expected
        assert agreement(exact(far), exact(value)) is Agreement.DIFFERS
        arm = agreement(exact(far), exact(value), platform="Darwin arm64")
        assert arm is expected
    assert agreement(exact(0.0), exact(0.0)) is Agreement.SAME


def test_the_sides_that_face_each_other_count__closed_form():
    reference = (1.0, 0.9, 5.0)  # up to 1.8 of the way to 9 count, to the left 0.1
    assert agreement((8.0, 5.0, 8.1), reference) is Agreement.CHANCE  # 2 hypot(4, 3) = 10
    assert agreement((0.7, 0.6, 0.71), reference) is Agreement.DIFFERS
    assert agreement((0.8, 0.6, 0.9), reference) is Agreement.CHANCE


def test_chance_brings_alarms_once_in_ten_thousand__brute_force():
    """Means of samples from one normal law: few are told apart, of laws two deviations off all."""
    rng = np.random.default_rng(1)
    means = rng.normal(size=(2, 100_000))
    half = 1.959964

    def differ(shift):
        apart = np.abs(means[0] + shift - means[1])
        return (apart > CHANCE * np.hypot(half, half)).mean()

    expected = 8.8e-5  # 2 Phi(-2 x 1.96)
    assert differ(0) == pytest.approx(expected, abs=tolerances.FALSE_ALARMS)
    assert differ(20) > 0.999
    row = compare(content(("A", 3.0, 1.0, 5.0)), content(("A", 8.9, 6.9, 10.9)), [])[0]
    assert row.allowed == pytest.approx(CHANCE * np.hypot(2, 2))


def claim(**rule):
    region = {"low": -np.inf, "high": np.inf, "closed": False} | rule
    return SimpleNamespace(
        id="A", rule=SimpleNamespace(regions=[Region(quantity="it", text="", **region)])
    )


def test_errors_far_below_their_bound_are_roundings__closed_form():
    for value, expected in ((9e-10, Agreement.SAME), (2e-9, Agreement.DIFFERS)):
        pair = content(("A", *exact(value))), content(("A", *exact(1e-12)))
        assert compare(*pair, [claim(high=1e-6)])[0].agreement is expected
        between = compare(*pair, [claim(low=0.0, high=1e-6)])
        assert between[0].agreement is Agreement.DIFFERS
    near = content(("A", *exact(0.5e-6))), content(("A", *exact(0.51e-6)))
    assert compare(*near, [claim(high=1e-6)])[0].agreement is Agreement.DIFFERS


def test_with_another_seed_values_without_interval_keep_their_side__closed_form():
    """A p value of .3 for one of .6 under the rule above .001; one of .0001 is another verdict."""
    rule = [claim(low=0.001)]
    for value, expected in ((0.3, Agreement.SIDE), (0.0001, Agreement.DIFFERS)):
        run, reference = content(("A", *exact(value))), content(("A", *exact(0.6)))
        assert compare(run, reference, rule)[0].agreement is Agreement.DIFFERS
        run["parameters"] = {"seed": 2}
        assert compare(run, reference, rule)[0].agreement is expected
        assert compare(run, reference, [])[0].agreement is Agreement.DIFFERS
    # With an interval, chance decides, not the side.
    run, reference = content(("A", 0.3, 0.29, 0.31)), content(("A", 0.6, 0.59, 0.61))
    run["parameters"] = {"seed": 2}
    assert compare(run, reference, rule)[0].agreement is Agreement.DIFFERS


def test_what_stands_on_one_side_only_is_told__property():
    rows = compare(content(("A", *exact(1.0))), content(("B", *exact(1.0))), [])
    assert [(row.claim, row.agreement) for row in rows] == [
        ("B", Agreement.MISSING),
        ("A", Agreement.NEW),
    ]


def test_a_run_is_compared_with_what_was_recorded__property(toy, capfd):
    root = ["--root", str(toy.root)]
    assert main([*root, "claims", "--compare"]) == 1
    assert "nothing to compare: run chapters first" in capfd.readouterr().err
    assert main([*root, "claims", "--compare", "--json"]) == 1
    assert "leave one out" in capfd.readouterr().err
    assert main([*root, "run"]) == 0
    assert main([*root, "claims", "--record"]) == 0
    capfd.readouterr()
    assert main([*root, "claims", "--compare"]) == 0
    assert "toy: 3 measurements, 3 the same" in capfd.readouterr().out

    # Fewer trials: one number moves, and the parameter is named.
    out = ["--out", str(toy.root / "out")]
    assert main([*root, "run", "-p", "trials=7", *out]) == 0
    capfd.readouterr()
    assert main([*root, "claims", "--compare", *out]) == 0
    said = capfd.readouterr().out
    assert "2 the same, 1 on the same side of the rule" in said
    assert "other parameters: trials 7 for 10" in said

    # A code that counts wrongly.
    toy.replace(toy.page, 'book.measure("TOY-1", trials)', 'book.measure("TOY-1", trials + 1)')
    assert main([*root, "run"]) == 0
    capfd.readouterr()
    assert main([*root, "claims", "--compare"]) == 1
    said = capfd.readouterr()
    assert "2 the same, 1 differs" in said.out
    assert "TOY-1: 11, but the book's run has 10; 0.0011 apart" in said.err

    # Both checks at once tell of both.
    toy.replace(toy.claims, "above: 5", "above: 50")
    assert main([*root, "claims", "--compare", "--check"]) == 1
    said = capfd.readouterr().err
    assert "TOY-1: contradicted, but the repository records reproduced" in said
    assert "TOY-1: 11, but the book's run has 10" in said


def test_another_machine_is_named__property(toy, capfd):
    root = ["--root", str(toy.root)]
    assert main([*root, "run"]) == 0
    assert main([*root, "claims", "--record"]) == 0
    path = toy.root / "results/quick/toy.json"
    reference = json.loads(path.read_text())
    reference["provenance"] |= {"device": "NVIDIA H100", "threads": 64}
    path.write_text(json.dumps(reference))
    capfd.readouterr()
    assert main([*root, "claims", "--compare"]) == 0
    assert "the book's run NVIDIA H100, 64 threads" in capfd.readouterr().out


@pytest.mark.parametrize("text", ["{", "{}", '{"schema": 2}'])
def test_a_damaged_reference_is_refused__property(toy, capfd, text):
    root = ["--root", str(toy.root)]
    assert main([*root, "run"]) == 0
    path = toy.root / "results/quick/toy.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert main([*root, "claims", "--compare"]) == 1
    err = capfd.readouterr().err
    assert "toy.json" in err
    assert "restore it with `git checkout`" in err
