"""Reports of benchmarks: ratios, verdicts on bars, losses against a record, and their page."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from spinebook.book.site.benchmarks_page import benchmark_section

from benchmarks import reports

FAST = reports.Bar("PF-0", "peer", "ours", 2.0, 5.0)
SLOW = reports.Bar("PF-0", "peer", "ours", 2.0, 1.5, faster=False)
SMALL = reports.Bar("PF-0", "peer", "ours", 2.0, 1.0, faster=False, quantity="memory")


def runs(peer, ours, **more):
    """One case of each side, with wall and processor time alike."""
    return {
        name: [{"first": t, "wall": t, "cpu": t, "peak": 1.0, "check": "ok"} | more for t in times]
        for name, times in (("peer", peer), ("ours", ours))
    }


def found(bar, peer, ours, **more):
    return reports.report(runs(peer, ours, **more), [bar], ["numpy"])


def test_ratios_are_taken_pair_by_pair__closed_form():
    bar = found(FAST, [6.0, 8.0, 20.0], [2.0, 2.0, 4.0])["bars"][0]
    assert bar["ratios"]["wall"] == {"median": 4.0, "low": 3.0, "high": 5.0}
    assert bar["verdict"] == "must 2: reached; stretch 5: not reached"
    assert found(SLOW, [2.0], [3.0])["bars"][0]["ratios"]["cpu"]["median"] == 1.5
    assert found(SLOW, [2.0], [3.0])["bars"][0]["verdict"].endswith("stretch 1.5: reached")


@pytest.mark.parametrize(
    ("wall", "cpu", "verdict"),
    [
        (2.0, 1.0, "reached"),
        (1.75, 1.0, "within tolerance"),
        (1.0, 1.75, "within tolerance"),
        (1.69, 1.69, "MISSED"),
    ],
)
def test_a_bar_is_missed_only_in_both_times__closed_form(wall, cpu, verdict):
    assert FAST.verdict(wall, cpu).startswith(f"must 2: {verdict}")


def test_memory_is_a_quantity_of_its_own__property():
    sides = runs([1.0], [1.0])
    sides["peer"][0]["memory"], sides["ours"][0]["memory"] = 10.0, 15.0
    bar = reports.report(sides, [SMALL], ["numpy"])["bars"][0]
    assert bar["ratios"]["memory"]["median"] == 1.5
    assert bar["verdict"] == "must 2: reached; stretch 1: not reached"


@pytest.mark.parametrize(
    ("bar", "before", "kept", "lost"), [(FAST, 1.0, 1.4, 1.5), (SLOW, 1.0, 1.4, 1.5)]
)
def test_a_loss_of_30_percent_is_told__closed_form(bar, before, kept, lost):
    recorded = found(bar, [10.0], [before])
    assert reports.losses(found(bar, [10.0], [kept]), recorded) == []
    worse = reports.losses(found(bar, [10.0], [lost]), recorded)
    assert len(worse) == 1
    assert worse[0].startswith("PF-0: ours against peer")
    one_time = found(bar, [10.0], [lost])
    one_time["bars"][0]["ratios"]["cpu"] = recorded["bars"][0]["ratios"]["cpu"]
    assert reports.losses(one_time, recorded) == []
    unknown = json.loads(json.dumps(recorded).replace('"peer": "peer"', '"peer": "other"'))
    assert reports.losses(found(bar, [10.0], [lost]), unknown) == []


def test_records_are_written_and_held_to__property(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reports, "RESULTS", tmp_path / "results")
    good, bad = found(FAST, [10.0], [1.0]), found(FAST, [10.0], [2.0])
    script = "benchmarks/sample.py"
    reports.finish(script, good, SimpleNamespace(record=True, check=False, least=1))
    assert json.loads((tmp_path / "results/sample.json").read_text()) == good
    reports.finish(script, good, SimpleNamespace(record=False, check=True, least=1))
    assert "no ratio got worse" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        reports.finish(script, bad, SimpleNamespace(record=False, check=True, least=1))
    assert "ours against peer: 5, was 10" in capsys.readouterr().out


def test_the_page_shows_ratio_range_and_bar__property():
    html = benchmark_section("sample", "A <sample>", found(FAST, [6.0, 8.0], [2.0, 2.0]))
    assert "A &lt;sample&gt;" in html
    assert "3.5× (3 to 4), wall time" in html
    assert "PF-0: must 2: reached" in html
    growth = {"time_exponent": 1.07, "memory_exponent": 0.5, "longest_compile_s": 2.44}
    series = {"what": "steps", "forward": growth, "gradient": growth}
    report = found(FAST, [6.0], [2.0]) | {"bars": [], "growth": [series]}
    html = benchmark_section("growth", "Growth", report)
    assert "size<sup>1.07</sup>" in html
    assert "2.4 s" in html
    times = [{"what": "cold", "seconds": 300.4, "at_most": 360.0}]
    html = benchmark_section("book", "Book", report | {"growth": [], "times": times})
    assert "<td>300.4 s</td><td>360 s</td>" in html


def test_recorded_results_are_of_scripts_that_exist__property():
    """Each file belongs to a script, is complete, and no bar of it is missed."""
    folder = Path(reports.__file__).parent
    for path in (folder / "results").glob("*.json"):
        assert (folder / path.name).with_suffix(".py").is_file()
        report = json.loads(path.read_text())
        assert report["schema"] == 1
        assert report["pairs"] >= 5 or not report["bars"]
        assert all(bar["ours"] in report["cases"] for bar in report["bars"])
