"""The exact path of a balanced two-layer linear network, in a form that does not overflow."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from jaxtyping import Float

_LARGEST_GAP = 40.0
_LARGEST_RANGE = 1300.0


def exact_gram(
    start: Float[np.ndarray, "side small"],
    s: Float[np.ndarray, "outputs inputs"],
    balance: float,
    times: Float[np.ndarray, " times"],
) -> Float[np.ndarray, "times side side"]:
    """Return Q Q^T at each time, from Q at the start (side: inputs, then outputs)."""
    outputs, inputs = s.shape
    half = np.concatenate([np.full(inputs, -balance / 2), np.full(outputs, balance / 2)])
    flow = np.diag(half)
    flow[:inputs, inputs:], flow[inputs:, :inputs] = s.T, s
    rates, modes = np.linalg.eigh(flow)
    projected = modes.T @ start
    gram = np.empty((len(times), len(rates), len(rates)))
    for i, t in enumerate(times):
        root = modes @ _square_root(rates, projected, t)
        gram[i] = root @ root.T
    return gram


def _square_root(
    rates: Float[np.ndarray, " side"], projected: Float[np.ndarray, "side small"], t: float
) -> Float[np.ndarray, "side small"]:
    """Return X with X X^T = Q Q^T(t) in the eigenbasis of F.

    With I = int e^{2fs} ds and R from the QR factors of [I^(1/2) q; 1], X = e^{ft} q R^{-1} is
    e^{ft} I^(-1/2) times rows of the orthogonal factor: nothing large is ever divided by.
    Sorted rows and pivoted columns keep the factors exact although the rows differ by e^{ft}.
    """
    if t == 0:
        return projected
    exponent = 2 * rates * t
    size = np.maximum(np.abs(exponent), 1e-300)
    length = t * -np.expm1(-size) / size  # the integral up to e^{2ft}, where that is large
    norm = np.linalg.norm(projected, axis=1)
    used = norm > 0
    direction = projected / np.where(used, norm, 1.0)[:, None]
    level = np.log(length) / 2 + np.log(np.where(used, norm, 1.0)) + np.maximum(exponent, 0) / 2
    level = np.append(level, np.zeros(projected.shape[1]))
    order = np.argsort(-level, kind="stable")
    stacked = np.concatenate([direction, np.eye(projected.shape[1])])[order]
    stacked = stacked * np.exp(_capped(level[order]))[:, None]
    factor = scipy.linalg.qr(stacked, mode="economic", pivoting=True)[0]
    rows = np.empty_like(factor)
    rows[order] = factor
    return (
        np.exp(np.minimum(exponent, 0) / 2)[:, None] / np.sqrt(length)[:, None] * rows[: used.size]
    )


def _capped(level: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    """Shorten the gaps between falling logarithms of row sizes, and centre them.

    Once one row is 1e-17 of the one before, its exact size no longer matters to the orthogonal
    factor: only the order in which rows claim their directions does.
    """
    short = np.append(0.0, np.cumsum(np.maximum(np.diff(level), -_LARGEST_GAP)))
    if short[-1] < -_LARGEST_RANGE:
        raise ValueError(
            "the correlation has too many separate growth rates for times as late as these; the "
            'flow has ended earlier, or use method="integrate".'
        )
    return short - short[-1] / 2
