"""Ledger rows as the site shows them, from one chapter or from the whole book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from spinebook.book.ledger import Row
from spinebook.book.paths import PROFILES

KIND_ORDER = ("claim", "erratum", "finding")
KIND_TITLES = {
    "claim": "Published claim",
    "erratum": "Erratum",
    "finding": "Our own experiment",
}
KIND_PLURALS = {"claim": "Claims", "erratum": "Errata", "finding": "Own experiments"}
PROFILE_TITLES = {
    "both": "both profiles",
    "quick": "quick profile only",
    "full": "full profile only",
    "none": "in no profile",
}
"""By which profiles a row is tested."""
VERDICT_ORDER = ("reproduced", "contradicted", "inconclusive", "not tested", "not run")


def select(
    rows: Iterable[Row], chapter: str | None = None, kinds: Sequence[str] | None = None
) -> list[Row]:
    """Return the rows of a chapter and of some kinds: claims first, then errata and findings."""
    chosen = [
        row
        for row in rows
        if chapter in (None, row.chapter) and (kinds is None or row.claim.kind in kinds)
    ]
    return sorted(chosen, key=lambda row: KIND_ORDER.index(row.claim.kind))


def profiles_of(row: Row) -> str:
    """Return which profiles test a row: a key of ``PROFILE_TITLES``."""
    testing = [name for name in PROFILES if row.claim.tested[name] is True]
    return "both" if len(testing) == len(PROFILES) else "".join(testing) or "none"


def count_labels(rows: Iterable[Row]) -> list[tuple[str, str, int]]:
    """Count rows by what their badge says.

    Returns:
        Verdict, label and number, in the fixed order of the verdicts.
    """
    counts = Counter((row.verdict.value, row.label) for row in rows)
    ranked = sorted(counts.items(), key=lambda item: (VERDICT_ORDER.index(item[0][0]), item[0][1]))
    return [(verdict, label, number) for (verdict, label), number in ranked]
