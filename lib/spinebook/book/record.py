"""What a chapter says about its own run: measured quantities, figures and numbers for the prose.

Outside the runner (in JupyterLab, under plain papermill) figures are shown and nothing is written.
Under the runner, the environment variable ``SPINEBOOK_RUN`` names a folder; each record is appended
to ``records.jsonl`` there as soon as it is made, so that a failing chapter keeps what it had found.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spinebook.book import artwork
from spinebook.book.axis_labels import unlabelled_axes
from spinebook.book.numerals import scientific

RUN_VARIABLE = "SPINEBOOK_RUN"
CHECKPOINT_VARIABLE = "SPINEBOOK_CHECKPOINTS"
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MINIMUM_ALT = 20


@dataclass(frozen=True)
class Measurement:
    """One measured quantity with the interval the ledger judges."""

    claim: str
    value: float
    low: float
    high: float
    quantity: str | None = None
    n: int | None = None
    unit: str | None = None
    note: str | None = None


def measure(
    claim: str,
    value: Any,
    low: Any = None,
    high: Any = None,
    *,
    quantity: str | None = None,
    n: int | None = None,
    unit: str | None = None,
    note: str | None = None,
) -> Measurement:
    """Record what this run measured for a claim; the ledger joins it with the claim's rule.

    Args:
        claim: id of the row in ``claims.yml``.
        value: the measured quantity, a finite number.
        low: lower end of its interval; ``value`` itself for an exact result.
        high: upper end of its interval; ``value`` itself for an exact result.
        quantity: key of the quantity, for a rule that combines several.
        n: number of independent samples or seeds behind it.
        unit: unit of the value, none for counts and probabilities.
        note: one short sentence shown beside the value.

    Returns:
        The record.

    Raises:
        ValueError: if a number is not finite, or the interval does not hold the value.

    Examples:
        >>> measure("DEN-4", 10.64).low
        10.64
    """
    centre = _finite(value, claim)
    bottom = centre if low is None else _finite(low, claim)
    top = centre if high is None else _finite(high, claim)
    if not bottom <= centre <= top:
        raise ValueError(
            f"{claim}: expected low <= value <= high, got low={bottom}, value={centre}, "
            f"high={top}; pass the ends of the interval that holds the value"
        )
    if n is not None and int(n) < 1:
        raise ValueError(f"{claim}: expected n >= 1 independent samples, got n={n}")
    samples = None if n is None else int(n)
    record = Measurement(claim, centre, bottom, top, quantity, samples, unit, note)
    _append("measurement", asdict(record))
    return record


def figure(
    name: str,
    fig: Any,
    *,
    title: str,
    caption: str,
    alt: str,
    data: Mapping[str, Any] | None = None,
    claims: Sequence[str] = (),
) -> None:
    """Show a figure and, under the runner, keep it as SVG (light and dark) and PNG with its data.

    Args:
        name: id of the figure on its page, lower case with hyphens, such as ``"fig-4a"``.
        fig: a Matplotlib figure; it is closed afterwards.
        title: short label, such as ``"Figure 4A"``.
        caption: one to three sentences that say what to see.
        alt: description for readers who cannot see the figure, at least 20 characters.
        data: what is drawn, as arrays by name. Columns of equal length become one CSV file,
            other arrays one NPZ file; a mapping of mappings becomes several files.
        claims: ids of the ledger rows that the figure bears on.

    Raises:
        ValueError: if the name is malformed, title, caption or alternative text is missing, or an
            axis shows numbers without a label.
    """
    check_texts(name, title=title, caption=caption, alt=alt)
    record: dict[str, Any] = {"name": name, "title": title, "caption": caption, "alt": alt}
    record["claims"] = list(claims)
    png = artwork.png_bytes(fig)
    if bare := unlabelled_axes(fig):
        artwork.close(fig)
        raise ValueError(
            f"figure {name!r}: {', '.join(bare)} shows numbers and has no label; say what they are "
            "and in which unit"
        )
    folder = run_folder()
    if folder is not None:
        record["files"] = artwork.write_images(fig, folder, name, png)
        record["data"] = artwork.write_data(data or {}, folder, name)
    artwork.show(png, name, alt)
    artwork.close(fig)
    _append("figure", record)


def number(name: str, value: Any, fmt: str | Callable[[Any], str] = ".3g") -> str:
    """Record a number for the page's prose, where the role ``{number}`` inserts it by name.

    Args:
        name: id of the number on its page, lower case with hyphens.
        value: the number.
        fmt: a format specification, or a function from the value to text.

    Returns:
        The text, with powers of ten written out: ``1.5×10⁻⁹``.

    Raises:
        ValueError: if the name is malformed or the value is not finite.

    Examples:
        >>> number("rate", 1.5e-9)
        '1.5×10⁻⁹'
    """
    _check_name(name)
    finite = _finite(value, f"number {name!r}")
    text = fmt(value) if callable(fmt) else scientific(format(value, fmt))
    _append("number", {"name": name, "value": finite, "text": text})
    return text


def check_texts(name: str, *, title: str, caption: str, alt: str) -> None:
    """Raise unless a figure has a well-formed name, a title, a caption and a real description."""
    _check_name(name)
    for what, text in (("title", title), ("caption", caption)):
        if not text.strip():
            raise ValueError(f"figure {name!r} has no {what}: say in words what the reader sees")
    if len(alt.strip()) < MINIMUM_ALT:
        raise ValueError(
            f"figure {name!r} needs alternative text of at least {MINIMUM_ALT} characters, "
            f"got {alt!r}: describe what is seen"
        )


def run_folder() -> Path | None:
    """Return the folder that the runner gave to this run, or None outside the runner."""
    value = os.environ.get(RUN_VARIABLE)
    return Path(value) if value else None


def checkpoint(name: str) -> Path | None:
    """Return where a long training of this run may keep its state, for ``spinebook.training``.

    The folder belongs to this very run: the same page, library, parameters and lock file. An
    interrupted ``spinebook run`` finds it again, a finished one removes it.

    Args:
        name: id of the training on its page, lower case with hyphens.

    Returns:
        The folder, or None outside the runner, where nothing is kept.

    Raises:
        ValueError: if the name is malformed.

    Examples:
        >>> checkpoint("readers") is None
        True
    """
    _check_name(name)
    value = os.environ.get(CHECKPOINT_VARIABLE)
    return Path(value) / name if value else None


def append_explorer(record: Mapping[str, Any]) -> None:
    """Record an interactive figure."""
    _append("explorer", record)


def _append(kind: str, record: Mapping[str, Any]) -> None:
    folder = run_folder()
    if folder is None:
        return
    line = json.dumps({"kind": kind, **record}, ensure_ascii=False)
    with (folder / "records.jsonl").open("a", encoding="utf-8") as handle:
        handle.write(line + "\n")


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ValueError(f"expected a name like 'fig-4a' (lower case, hyphens), got {name!r}")


def _finite(value: Any, what: str) -> float:
    array = np.asarray(value, dtype=np.float64)
    if array.size != 1:
        raise ValueError(f"{what}: expected one number, got an array of shape {array.shape}")
    result = float(array.reshape(()))
    if not math.isfinite(result):
        raise ValueError(f"{what}: expected a finite number, got {result}; find where it came from")
    return result
