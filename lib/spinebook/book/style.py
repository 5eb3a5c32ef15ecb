"""One look for every figure: legible in light and dark, and the same bytes on every run."""

from __future__ import annotations

from spinebook.book.palette import COLORS, CYCLE

_INK = COLORS["ink"]


def style() -> None:
    """Set Matplotlib's parameters to the book's style; a chapter calls it once, after its imports.

    The SVG salt is fixed and text is drawn as paths, so the same data give the same bytes on
    machines with different fonts.
    """
    import matplotlib as mpl
    from cycler import cycler

    mpl.rcParams.update(mpl.rcParamsDefault | {"backend": mpl.rcParams["backend"]})
    mpl.rcParams.update(
        {
            "figure.figsize": (7.2, 4.2),
            "figure.dpi": 100,
            "figure.facecolor": "none",
            "figure.constrained_layout.use": True,
            "savefig.dpi": 200,
            "svg.hashsalt": "spinebook",
            "svg.fonttype": "path",
            "font.family": "DejaVu Sans",
            "font.size": 10,
            "mathtext.fontset": "dejavusans",
            "axes.facecolor": "none",
            "axes.edgecolor": _INK,
            "axes.labelcolor": _INK,
            "axes.titlesize": 10,
            "axes.titlecolor": _INK,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.linewidth": 0.8,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=CYCLE),
            "grid.color": COLORS["light"],
            "grid.linewidth": 0.6,
            "text.color": _INK,
            "xtick.color": _INK,
            "ytick.color": _INK,
            "legend.frameon": False,
            "legend.fontsize": 9,
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
            "errorbar.capsize": 2,
            "patch.edgecolor": _INK,
        }
    )
