"""The box that says how to run a chapter again, and how long that takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from spinebook.book.site.figure_html import run_command


def rerun_box(
    slug: str, results: Mapping[str, Any], guide: str, services: Sequence[tuple[str, str]]
) -> str:
    """Return the folded box.

    Args:
        slug: name of the chapter.
        results: its ``results.json``.
        guide: address of the page that says how to set up.
        services: name and address of what runs the chapter without an installation.
    """
    profile = str(results["profile"])
    time = f"{results['provenance']['seconds']:.0f} s"
    device = _device(results["provenance"])
    processor = _processor(results["provenance"])
    rows = [_row("As shown here", run_command(slug, profile), f"{time} on {device}{processor}")]
    example = override(results)
    if example is not None:
        name, value, what = example
        command = f"{run_command(slug, profile)} -p {name}={value}"
        others = ", ".join(f"<code>{escape(key)}</code>" for key in results["parameters"])
        rows.append(_row(what, command, f"{time} or so; the parameters are {others}"))
    if profile != "full":
        note = "meant for a GPU; not run for this page, so not timed here"
        rows.append(_row("At the paper's size", run_command(slug, "full"), note))
    else:
        note = "meant for two processor cores; not run for this page, so not timed here"
        rows.append(_row("Quickly", run_command(slug, "quick"), note))
    return (
        f'<details class="sb-rerun"><summary>Re-run this chapter: {time} on {device}</summary>'
        f"<dl>{''.join(rows)}</dl>"
        f'<p class="sb-note">The commands work in a copy of the repository: '
        f'<a href="{escape(guide)}">how to set one up</a>.{_without(services)}</p></details>'
    )


def override(results: Mapping[str, Any]) -> tuple[str, Any, str] | None:
    """Return name and value of a parameter to change, and in words what that does.

    The seed is the first choice: any other is as good and takes as long. A chapter without one gets
    twice its first number.
    """
    if type(seed := results["parameters"].get("seed")) is int:
        return "seed", seed + 1, "With another seed"
    for name, value in results["parameters"].items():
        if type(value) in (int, float):
            return name, 2 * value, "With another value"
    return None


def _device(origin: Mapping[str, Any]) -> str:
    threads = origin.get("threads")
    count = f", {threads} thread{'' if threads == 1 else 's'}" if threads else ""
    return escape(f"{origin.get('device')}{count}")


def _processor(origin: Mapping[str, Any]) -> str:
    """Name the processor if that is what ran the chapter."""
    name = origin.get("processor") if origin.get("device") == "CPU" else None
    return escape(f" ({name})") if name else ""


def _row(title: str, command: str, note: str) -> str:
    # The classes are those of any block of code, so that the button that copies it comes along.
    code = f'<div class="highlight"><pre>{escape(command)}</pre></div>'
    return f'<div><dt>{title}</dt><dd>{code}<p class="sb-note">{note}</p></dd></div>'


def _without(services: Sequence[tuple[str, str]]) -> str:
    if not services:
        return ""
    links = " or ".join(f'<a href="{escape(address)}">{name}</a>' for name, address in services)
    return f" Without an installation: {links}."
