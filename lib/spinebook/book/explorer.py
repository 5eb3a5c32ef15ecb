"""Interactive figures that need no kernel: sliders, a small script and precomputed tables."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

from spinebook.book.record import append_explorer, check_texts


@dataclass(frozen=True)
class Control:
    """One slider: id used by the script, label, range, step and starting value.

    Attributes:
        id: key of the value in the script's ``values``.
        label: what the reader sees, with the unit if there is one.
        min: smallest value.
        max: largest value.
        step: step of the slider.
        value: starting value, inside the range.
        log: whether the slider moves on a logarithmic scale.
    """

    id: str
    label: str
    min: float
    max: float
    step: float
    value: float
    log: bool = False

    def __post_init__(self) -> None:
        """Refuse a range that holds no values."""
        if not (self.min <= self.value <= self.max and self.min < self.max and self.step > 0):
            raise ValueError(
                f"control {self.id!r}: expected min <= value <= max, min < max and step > 0, got "
                f"min={self.min}, value={self.value}, max={self.max}, step={self.step}"
            )
        if self.log and self.min <= 0:
            raise ValueError(f"control {self.id!r}: a logarithmic slider needs min > 0")


def explorer(
    name: str,
    *,
    title: str,
    caption: str,
    alt: str,
    controls: Sequence[Control],
    script: str,
    tables: Any = None,
) -> None:
    """Show an interactive figure that a reader can move without a kernel.

    Args:
        name: id of the figure on its page, lower case with hyphens.
        title: short label shown in bold.
        caption: what to try and what to see.
        alt: description for readers who cannot see it, at least 20 characters.
        controls: the sliders.
        script: body of a JavaScript function of ``values`` and ``tables`` that returns
            ``{readouts, series, xLabel, yLabel, yLog}``.
        tables: precomputed values for the script, anything that JSON can hold.

    Raises:
        ValueError: if there is no control, an id stands twice, or a text is missing.
    """
    check_texts(name, title=title, caption=caption, alt=alt)
    ids = [control.id for control in controls]
    if not ids or len(set(ids)) != len(ids):
        raise ValueError(f"explorer {name!r}: expected controls with different ids, got {ids}")
    texts = {"name": name, "title": title, "caption": caption, "alt": alt}
    spec = texts | {"controls": [asdict(c) for c in controls], "script": script, "tables": tables}
    append_explorer(texts)
    try:
        from IPython.display import display
    except ImportError:
        return
    bundle = {"text/html": frame(spec) + inline_assets(), "text/plain": alt}
    display(bundle, raw=True, metadata={"spinebook": {"explorer": name}})


def frame(spec: dict[str, Any]) -> str:
    """Return the HTML that the script of the site (or the inlined one) brings to life."""
    # "<" is escaped so that no text inside the JSON can close the script element.
    payload = json.dumps(spec, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return (
        f'<div class="spinebook-explorer" data-name="{html.escape(spec["name"])}">'
        f'<script type="application/json" class="spinebook-explorer-spec">{payload}</script>'
        f'<p class="spinebook-explorer-fallback">{html.escape(spec["alt"])} '
        "(This figure needs JavaScript to move.)</p></div>"
    )


def inline_assets() -> str:
    """Return script and style for pages that do not load the site's own, such as JupyterLab."""
    static = files("spinebook.book") / "static"
    parts = []
    for name, tag in (("explorer.css", "style"), ("explorer.js", "script")):
        path = static / name
        if path.is_file():
            parts.append(f"<{tag}>{path.read_text(encoding='utf-8')}</{tag}>")
    return "<!-- spinebook:inline -->" + "".join(parts) + "<!-- /spinebook:inline -->"
