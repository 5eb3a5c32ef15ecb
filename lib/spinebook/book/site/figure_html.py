"""A figure on a page: light and dark drawing, caption, downloads and where it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinebook.book.site.html import inline

if TYPE_CHECKING:
    from spinebook.book.site.data import ChapterData

POINTS_TO_PIXELS = 96 / 72
_VIEW_BOX = re.compile(r'<svg[^>]*?\bviewBox="0 0 ([\d.]+) ([\d.]+)"', re.DOTALL)


def svg_size(path: Path) -> tuple[int, int]:
    """Return width and height of an SVG in pixels, so that the page can leave room for it.

    Raises:
        ValueError: if the file has no viewBox (Matplotlib writes one, in points).
    """
    match = _VIEW_BOX.search(path.read_text("utf-8")[:4000])
    if match is None:
        raise ValueError(f"{path}: expected an SVG with a viewBox that starts at 0 0")
    width, height = (round(float(part) * POINTS_TO_PIXELS) for part in match.groups())
    return width, height


def static_figure(
    record: Mapping[str, Any],
    size: tuple[int, int],
    address: Callable[[str], str],
    claims: str,
    provenance: str,
) -> str:
    """Return the HTML of a drawn figure.

    Args:
        record: the figure's record in ``results.json``.
        size: width and height in pixels.
        address: gives the address of a file of the chapter's results.
        claims: links to the ledger rows it bears on.
        provenance: the folded line that says where it came from.
    """
    images = drawings(record, size, address, record["alt"])
    downloads = download_links(record, address)
    return _figure(record, images, f"Download: {downloads}", claims, provenance)


def download_links(record: Mapping[str, Any], address: Callable[[str], str]) -> str:
    """Return links to the files of a drawn figure: the drawing and what it draws."""
    files = [("SVG", record["files"]["svg"]), ("PNG", record["files"]["png"])]
    files += [(_data_label(path, record), path) for path in record.get("data", [])]
    return " ".join(
        f'<a href="{escape(address(path))}" download>{escape(label)}</a>' for label, path in files
    )


def signature_figure(
    record: Mapping[str, Any], size: tuple[int, int], address: Callable[[str], str]
) -> str:
    """Return a figure ahead of its place: the drawing, its title, and a link to where it is made.

    Args:
        record: the figure's record in ``results.json``.
        size: width and height in pixels.
        address: gives the address of a file of the chapter's results.
    """
    images = drawings(record, size, address, record["alt"])
    link = f'<a href="#{escape(record["name"])}">how it is made, and its data</a>'
    return (
        f'<figure class="sb-figure sb-signature"><div class="sb-drawing">{images}</div>'
        f"<figcaption><p><b>{inline(record['title'])}.</b> {inline(record['caption'])} "
        f"Further down: {link}.</p></figcaption></figure>"
    )


def drawings(
    record: Mapping[str, Any], size: tuple[int, int], address: Callable[[str], str], alt: str
) -> str:
    """Return the images for light and dark pages.

    Args:
        record: the figure's record in ``results.json``.
        size: width and height in pixels, so that the page leaves room.
        address: gives the address of a file of the chapter's results.
        alt: alternative text, empty where a title beside the picture says the same.
    """
    width, height = size
    return "".join(
        f'<img class="{kind} sb-image" src="{escape(address(record["files"][key]))}" '
        f'alt="{escape(alt)}" width="{width}" height="{height}" loading="lazy">'
        for kind, key in (("only-light", "svg"), ("only-dark", "svg_dark"))
    )


def drawings_of(
    chapter: ChapterData, record: Mapping[str, Any], file: Callable[[str, str], str], alt: str
) -> str:
    """Return the images of a chapter's figure, whose size is read from its file.

    Args:
        chapter: the chapter, with its results.
        record: the figure's record in them.
        file: gives the address of a file of a chapter's results.
        alt: alternative text, empty where a title beside the picture says the same.
    """
    size = svg_size(chapter.results_folder / record["files"]["svg"])
    return drawings(record, size, lambda path: file(chapter.slug, path), alt)


def interactive_figure(
    record: Mapping[str, Any], spec: Mapping[str, Any], claims: str, provenance: str
) -> str:
    """Return the HTML of a figure that the reader can move; the page's scripts draw it.

    Args:
        record: the record in ``results.json``.
        spec: controls, script and tables. The script is left out: the page loads it from a file.
        claims: links to the ledger rows it bears on.
        provenance: the folded line that says where it came from.
    """
    shown = {key: value for key, value in spec.items() if key != "script"} | {"framed": True}
    payload = json.dumps(shown, ensure_ascii=False).replace("<", "\\u003c")
    frame = (
        f'<div class="spinebook-explorer" data-name="{escape(record["name"])}">'
        f'<script type="application/json" class="spinebook-explorer-spec">{payload}</script>'
        f'<p class="spinebook-explorer-fallback">{inline(record["alt"])} '
        "(This figure needs JavaScript to move.)</p></div>"
    )
    return _figure(record, frame, "", claims, provenance)


def provenance_line(
    results: Mapping[str, Any], record: Mapping[str, Any], slug: str, helpers: Sequence[str]
) -> str:
    """Return the folded account of the run that made a figure.

    Args:
        results: the chapter's ``results.json``.
        record: the figure's record in it.
        slug: name of the chapter.
        helpers: library functions behind the figure, as HTML links.
    """
    origin = results["provenance"]
    seeds = origin.get("seeds") or {}
    parameters = {k: v for k, v in results["parameters"].items() if k not in seeds}
    versions = origin.get("versions") or {}
    profile = str(results["profile"])
    facts = [
        ("Profile", escape(profile)),
        ("Parameters", escape(_pairs(parameters)) or "none"),
        ("Seeds", escape(_pairs(seeds)) or "none: nothing is random"),
        ("Device", escape(f"{origin.get('device')}, {origin.get('threads')} threads")),
        ("Time", f"{_seconds(record, results)} s for the cell, {origin['seconds']:.1f} s in all"),
        ("Commit", escape(commit_text(origin))),
        ("Versions", escape(_pairs(versions))),
        ("Library", ", ".join(helpers) or "no library function"),
        ("Redraw", f"<code>{escape(run_command(slug, profile))}</code>"),
    ]
    items = "".join(f"<div><dt>{term}</dt><dd>{text}</dd></div>" for term, text in facts)
    summary = f"How this was made: {escape(profile)} profile, {origin['seconds']:.0f} s"
    return f'<details class="sb-provenance"><summary>{summary}</summary><dl>{items}</dl></details>'


def run_command(slug: str, profile: str) -> str:
    """Return the command that runs a chapter with a profile."""
    return f"spinebook run {slug}" + ("" if profile == "quick" else f" --profile {profile}")


def commit_text(origin: Mapping[str, Any]) -> str:
    """Say which commit a run was made from."""
    if not origin.get("commit"):
        return "not under version control"
    return str(origin["commit"])[:12] + (" with local changes" if origin.get("dirty") else "")


def _figure(
    record: Mapping[str, Any], drawing: str, downloads: str, claims: str, provenance: str
) -> str:
    about = f'<div class="sb-figure-claims">Bears on {claims}</div>' if claims else ""
    files = f'<div class="sb-downloads">{downloads}</div>' if downloads else ""
    caption = f"<b>{inline(record['title'])}.</b> {inline(record['caption'])}"
    return (
        f'<figure class="sb-figure" id="{escape(record["name"])}">'
        f'<div class="sb-drawing">{drawing}</div>'
        f"<figcaption><p>{caption}</p>"
        f'<div class="sb-figure-foot">{files}{about}</div>{provenance}</figcaption></figure>'
    )


def _data_label(path: str, record: Mapping[str, Any]) -> str:
    kind = path.rsplit(".", 1)[-1].upper()
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    part = stem.removeprefix(record["name"]).strip("-")
    return f"data ({kind}{', ' + part if part else ''})"


def _seconds(record: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    seconds = {cell["cell"]: cell["seconds"] for cell in results["cells"]}.get(record["cell"])
    return "?" if seconds is None else f"{seconds:.1f}"


def _pairs(mapping: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in mapping.items())
