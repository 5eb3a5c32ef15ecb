"""From a Matplotlib figure and its arrays to files: SVG in light and dark, PNG, CSV or NPZ."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spinebook.book.palette import darken


def png_bytes(fig: Any) -> bytes:
    """Draw a figure on white as PNG, without a date or program name, so that bytes repeat."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


def write_images(fig: Any, folder: Path, name: str, png: bytes) -> dict[str, str]:
    """Write ``figures/NAME.svg``, its dark partner and the PNG; return their relative paths."""
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", facecolor="none", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    files = {
        "svg": (f"figures/{name}.svg", svg.encode()),
        "svg_dark": (f"figures/{name}-dark.svg", darken(svg).encode()),
        "png": (f"figures/{name}.png", png),
    }
    (folder / "figures").mkdir(exist_ok=True)
    for path, content in files.values():
        (folder / path).write_bytes(content)
    return {key: path for key, (path, _) in files.items()}


def write_data(data: Mapping[str, Any], folder: Path, name: str) -> list[str]:
    """Write what a figure draws: columns of equal length as CSV, anything else as NPZ."""
    if not data:
        return []
    (folder / "data").mkdir(exist_ok=True)
    if any(isinstance(part, Mapping) for part in data.values()):
        return [
            path for key, part in data.items() for path in write_data(part, folder, f"{name}-{key}")
        ]
    arrays = {key: np.asarray(value) for key, value in data.items()}
    _refuse_non_finite(arrays, name)
    if all(array.ndim == 1 for array in arrays.values()) and len({*map(len, arrays.values())}) == 1:
        return [_write_csv(arrays, folder, f"data/{name}.csv")]
    np.savez_compressed(folder / f"data/{name}.npz", allow_pickle=False, **arrays)
    return [f"data/{name}.npz"]


def show(png: bytes, name: str, alt: str) -> None:
    """Display a PNG in the notebook, marked so that the site can put its own figure there."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    if get_ipython() is None:
        return
    import base64

    bundle = {"image/png": base64.b64encode(png).decode(), "text/plain": alt}
    marks = {"spinebook": {"figure": name}, "image/png": {"alt": alt}}
    display(bundle, raw=True, metadata=marks)


def close(fig: Any) -> None:
    """Close a figure, so that the notebook does not draw it a second time."""
    import matplotlib.pyplot as plt

    plt.close(fig)


def _write_csv(arrays: Mapping[str, np.ndarray], folder: Path, path: str) -> str:
    with (folder / path).open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(arrays)
        writer.writerows(zip(*(array.tolist() for array in arrays.values()), strict=True))
    return path


def _refuse_non_finite(arrays: Mapping[str, np.ndarray], name: str) -> None:
    for key, array in arrays.items():
        if np.issubdtype(array.dtype, np.number) and not np.isfinite(array).all():
            raise ValueError(
                f"figure {name!r}: data column {key!r} holds values that are not finite; "
                "leave the missing points out, or say why they are missing in a column of its own"
            )
