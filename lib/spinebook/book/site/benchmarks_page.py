"""The benchmarks as recorded: ratios with their spread, beside the bars they are held to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes

from spinebook.book.site.facts_table import facts_table
from spinebook.book.site.pages import BookDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_TITLES = {
    "neurons": "Neurons: voltages and gradients",
    "neurons_fit": "Neurons: the published fit",
    "neurons_growth": "Neurons: how cost grows",
    "mediation": "Mediation: bootstraps of an indirect effect",
    "landscape": "Sharpness and sensitivity",
    "regimes": "Rate networks and tangent kernels",
    "polarity": "Training with frozen signs",
    "dendrites": "Log tails and simulated overlaps",
    "geometry": "Steps of mirror descent",
    "book": "The book beside plain Jupyter Book",
    "whole_book": "The whole book",
}
_QUANTITIES = {"wall": "wall time", "cpu": "processor time", "first": "first call"}


def register(app: Sphinx) -> None:
    """Add the directive."""
    app.add_directive("benchmark-results", BenchmarkResults)


class BenchmarkResults(BookDirective):
    """One table for each script whose results the repository holds."""

    def run(self) -> list[nodes.Node]:
        """Draw them."""
        folder = self.site.book.root / "benchmarks" / "results"
        parts = []
        for name, title in _TITLES.items():
            path = folder / f"{name}.json"
            self.env.note_dependency(str(path))  # also of one that is not there yet
            if path.is_file():
                parts.append(benchmark_section(name, title, read_report(path)))
        return self.result_of("".join(parts) or "<p>No benchmark has been recorded.</p>", [])


def read_report(path: Path) -> dict[str, Any]:
    """Return what a benchmark script recorded."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def benchmark_section(name: str, title: str, found: Mapping[str, Any]) -> str:
    """Return a heading, the tables of a report, and what it was run on."""
    tables = ""
    heads: tuple[str, ...]
    if found["bars"]:
        heads = ("Ours", "Peer", "Ratio and range", "Bar")
        tables += facts_table(title, heads, map(_bar_line, found["bars"]))
    if found.get("growth"):
        heads = ("Grows with", "Run", "Time", "Memory", "Longest compilation")
        lines = [line for series in found["growth"] for line in _growth_lines(series)]
        tables += facts_table(title, heads, lines)
    if found.get("times"):
        lines = [
            (escape(one["what"]), f"{one['seconds']:.1f} s", f"{one['at_most']:g} s")
            for one in found["times"]
        ]
        tables += facts_table(title, ("Build", "Took", "At most"), lines)
    return (
        f'<section id="benchmark-{name}"><h2>{escape(title)}'
        f'<a class="headerlink" href="#benchmark-{name}" title="Link to this heading">#</a></h2>'
        f"{tables}{_origin(name, found)}</section>"
    )


def _bar_line(bar: Mapping[str, Any]) -> tuple[str, ...]:
    ratios = [bar["ratios"][key] for key in bar["keys"]]
    names = [_QUANTITIES.get(key, key) for key in bar["keys"]]
    sign = "" if bar["faster"] else " of its time"
    values = "<br>".join(
        f"{ratio['median']:.3g}×{sign} ({ratio['low']:.3g} to {ratio['high']:.3g}), {name}"
        for ratio, name in zip(ratios, names, strict=True)
    )
    return escape(bar["ours"]), escape(bar["peer"]), values, _held_to(bar)


def _held_to(bar: Mapping[str, Any]) -> str:
    if bar["must"] is None:
        return "none, for comparison"
    return f"{escape(bar['name'])}: {escape(bar['verdict'])}"


def _growth_lines(series: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            escape(series["what"]) if run == "forward" else "",
            run,
            f"size<sup>{series[run]['time_exponent']:.2f}</sup>",
            f"size<sup>{series[run]['memory_exponent']:.2f}</sup>",
            f"{series[run]['longest_compile_s']:.1f} s",
        )
        for run in ("forward", "gradient")
    ]


def _origin(name: str, found: Mapping[str, Any]) -> str:
    machine = found["machine"]
    versions = ", ".join(f"{package} {number}" for package, number in found["versions"].items())
    return (
        f'<p class="sb-note"><code>benchmarks/{name}.py</code>, {found["pairs"]} pairs, '
        f"{machine['cores']} cores of {escape(machine['processor'])}, "
        f"Python {escape(machine['python'])}, {escape(versions)}.</p>"
    )
