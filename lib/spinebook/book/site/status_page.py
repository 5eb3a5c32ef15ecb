"""Where and when the results were made: device, versions, seconds and parameters per chapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from spinebook.book.runner import make_plans
from spinebook.book.site.figure_html import commit_text
from spinebook.book.site.html import inline

if TYPE_CHECKING:
    from spinebook.book.site.data import ChapterData, SiteData


def run_status(site: SiteData, page: Callable[..., str]) -> str:
    """Return a summary of all chapters and the details of each.

    Args:
        site: the book.
        page: gives the address of a page.
    """
    chapters = list(site.chapters.values())
    states = _states(site)
    body = "".join(_summary_row(chapter, states[chapter.slug], page) for chapter in chapters)
    heads = ("Chapter", "State", "Profile", "Seconds", "Device", "Threads", "Run at", "Commit")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    table = (
        '<div class="sb-scroll" role="region" aria-label="Runs of all chapters" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    details = "".join(_details(chapter) for chapter in chapters if chapter.results)
    return f'<div class="sb-wide">{table}{details}</div>'


def _states(site: SiteData) -> dict[str, str]:
    """Say of each chapter whether its results are those its sources would give now."""
    plans = make_plans(site.book, list(site.chapters), site.profile)
    states = {}
    for plan in plans:
        # Results in a folder of their own were made with parameters of their own.
        own_place = plan.results == site.results.resolve()
        reasons = plan.reasons() if own_place else []
        current = "up to date" if own_place else "run by hand"
        states[plan.chapter.slug] = "; ".join(reasons) or current
    return states


def _summary_row(chapter: ChapterData, state: str, page: Callable[..., str]) -> str:
    title = f'<a href="{escape(page(chapter.docname))}">{inline(chapter.title)}</a>'
    results = chapter.results
    if results is None:
        return f'<tr><th scope="row">{title}</th><td colspan="7">not run yet</td></tr>'
    origin = results["provenance"]
    cells = (
        state,
        results["profile"],
        f"{origin['seconds']:.1f}",
        origin.get("device"),
        origin.get("threads"),
        origin.get("started"),
        commit_text(origin),
    )
    tight = ("", *[' class="sb-tight"'] * 4, "", "")  # short ones are not broken into lines
    inner = "".join(
        f"<td{attribute}>{escape(str(cell))}</td>"
        for attribute, cell in zip(tight, cells, strict=True)
    )
    return f'<tr><th scope="row">{title}</th>{inner}</tr>'


def _details(chapter: ChapterData) -> str:
    results = chapter.results or {}
    origin = results["provenance"]
    slowest = sorted(results.get("cells", []), key=lambda cell: -cell["seconds"])[:5]
    parts = [
        _pairs("Machine", {key: origin[key] for key in ("platform", "processor", "python")}),
        _pairs("Versions", origin.get("versions", {})),
        _pairs("Slowest cells", {f"cell {c['cell']}": f"{c['seconds']:.2f} s" for c in slowest}),
        _pairs("Parameters", results.get("parameters", {})),
    ]
    command = escape(str(origin.get("command") or f"spinebook run {chapter.slug}"))
    return (
        f'<section><h2 id="run-{chapter.slug}">{inline(chapter.title)}</h2>'
        f'<p>Run again with <code>{command}</code>.</p><div class="sb-facts">{"".join(parts)}</div>'
        "</section>"
    )


def _pairs(title: str, mapping: Mapping[str, Any]) -> str:
    if not mapping:
        return ""
    items = "".join(
        f"<div><dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd></div>"
        for name, value in mapping.items()
    )
    long = ' class="sb-long"' if len(mapping) > 12 else ""  # may be split between columns
    return f"<details open{long}><summary>{title}</summary><dl>{items}</dl></details>"
