r"""What an estimate of mediation holds, and its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float


class PathEstimate(NamedTuple):
    """A coefficient or effect: numbers, or one entry a mediator."""

    value: Float[np.ndarray, "*mediators"] | float
    standard_error: Float[np.ndarray, "*mediators"] | float
    low: Float[np.ndarray, "*mediators"] | float
    high: Float[np.ndarray, "*mediators"] | float
    p_value: Float[np.ndarray, "*mediators"] | float


@dataclass(frozen=True)
class MediationEstimate:
    """Path coefficients and effects of one unit of the stimulus.

    ``a`` leads from the stimulus to each mediator, ``b`` from each mediator to the outcome;
    ``specific`` holds the products, ``indirect`` their sum; ``direct + indirect = total`` exactly.
    ``draws`` are the bootstrap draws of ``indirect``, if there are any.
    """

    a: PathEstimate
    b: PathEstimate
    specific: PathEstimate
    direct: PathEstimate
    total: PathEstimate
    indirect: PathEstimate
    method: str
    confidence: float
    observations: int
    mediators: tuple[str, ...]
    draws: Float[np.ndarray, " resamples"] | None

    def rows(self) -> dict[str, tuple[float, ...]]:
        """Return value, standard error, low, high and p value of every effect by name."""
        table = {}
        for label in ("a", "b", "specific"):
            columns = [np.atleast_1d(column) for column in getattr(self, label)]
            title = "indirect" if label == "specific" else label
            for name, *cells in zip(self.mediators, *columns, strict=True):
                table[f"{title} ({name})"] = tuple(float(cell) for cell in cells)
        for label in ("indirect", "direct", "total"):
            table[label] = tuple(float(cell) for cell in getattr(self, label))
        if len(self.mediators) == 1:
            del table[f"indirect ({self.mediators[0]})"]
        return table

    def __str__(self) -> str:
        """Return a table with one row an effect."""
        rows = self.rows()
        width = max(map(len, rows))
        level = f"{100 * self.confidence:g}%"
        head = f"{'effect':<{width}}  {'estimate':>9}  {'s.e.':>9}  {level + ' interval':^22}  p"
        lines = [f"{self.observations} observations, {self.method} intervals", head]
        for name, (value, error, low, high, p) in rows.items():
            ends = f"[{low:9.4f}, {high:9.4f}]" if np.isfinite(low) else f"{'none':^22}"
            least = 10.0**-4
            shown = f"{p:.4f}" if p >= least else ("" if np.isnan(p) else "<0.0001")
            lines.append(f"{name:<{width}}  {value:9.4f}  {error:9.4f}  {ends}  {shown}".rstrip())
        return "\n".join(lines)

    def to_frame(self) -> Any:
        """Return the table as a pandas DataFrame, one row an effect (needs pandas)."""
        import pandas

        columns = ["estimate", "standard_error", "low", "high", "p_value"]
        return pandas.DataFrame.from_dict(self.rows(), orient="index", columns=columns)
