"""The ledger: every claim beside what was measured, with the verdict its rule gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinebook.book.claims import Claim, Paper, read_claims
from spinebook.book.documents import read_document
from spinebook.book.errors import BookError, located
from spinebook.book.jsonfile import write_whole
from spinebook.book.paths import Book
from spinebook.book.results import read_results
from spinebook.book.rules import Region, Verdict

LABELS: dict[str, dict[Verdict, str]] = {
    "claim": {verdict: verdict.value for verdict in Verdict},
    "erratum": {
        Verdict.REPRODUCED: "confirmed",
        Verdict.CONTRADICTED: "not confirmed",
        Verdict.INCONCLUSIVE: "inconclusive",
        Verdict.NOT_TESTED: "not tested",
        Verdict.NOT_RUN: "not run",
    },
    "finding": {
        Verdict.REPRODUCED: "as predicted",
        Verdict.CONTRADICTED: "not as predicted",
        Verdict.INCONCLUSIVE: "inconclusive",
        Verdict.NOT_TESTED: "not tested",
        Verdict.NOT_RUN: "not run",
    },
}
"""What a verdict is called for each kind of row."""


@dataclass(frozen=True)
class Row:
    """A claim, what was measured for it, and the verdict.

    Attributes:
        measurements: pairs of the rule's region and the record measured for it.
        label: the verdict in the words of the row's kind.
        recorded: the verdict that the repository records, if any.
    """

    chapter: str
    claim: Claim
    measurements: tuple[tuple[Region, dict[str, Any]], ...]
    verdict: Verdict
    reason_not_tested: str | None
    recorded: str | None

    @property
    def label(self) -> str:
        """The verdict in the words of the row's kind."""
        question = self.claim.kind == "erratum" and self.claim.grade == "uncertain"
        if question and self.verdict is Verdict.REPRODUCED:
            return "open question"
        return LABELS[self.claim.kind][self.verdict]


@dataclass(frozen=True)
class Ledger:
    """All rows of the chosen chapters, in the order of their files."""

    papers: dict[str, Paper]
    rows: tuple[Row, ...]
    strays: tuple[str, ...] = ()
    """What the repository records for ids that no ledger lists, one line each."""

    def counts(self, slug: str | None = None, kind: str = "claim") -> Counter[Verdict]:
        """Count the verdicts of one kind of row, for one chapter or all."""
        return Counter(
            row.verdict
            for row in self.rows
            if row.claim.kind == kind and slug in (None, row.chapter)
        )

    def changed(self) -> list[Row]:
        """Return the rows whose verdict differs from the one the repository records."""
        return [
            r for r in self.rows if r.verdict is not Verdict.NOT_RUN and r.recorded != r.verdict
        ]


def load_ledger(
    book: Book, profile: str, results: Path | None = None, chapters: list[str] | None = None
) -> Ledger:
    """Join the claims of all chapters with the results of a profile.

    Args:
        book: the checkout.
        profile: ``quick`` or ``full``.
        results: folder of the results, by default the profile's own.
        chapters: names of the chapters, by default all.

    Raises:
        BookError: if a file is malformed, or one id stands in two chapters.
    """
    folder = results or book.results(profile)
    papers: dict[str, Paper] = {}
    rows: list[Row] = []
    strays: list[str] = []
    owners: dict[str, str] = {}
    for slug in chapters or book.slugs():
        path = book.chapters / slug / "claims.yml"
        papers[slug], claims = read_claims(path)
        recorded = recorded_verdicts(book, slug).get(profile, {})
        found = read_results(folder / slug)
        for claim in claims:
            if owners.setdefault(claim.id, slug) != slug:
                text = f"id {claim.id} already stands in {owners[claim.id]}; choose another"
                raise BookError(located(path, claim.line, text))
            rows.append(_row(slug, claim, found, profile, recorded.pop(claim.id, None)))
        record = book.chapters / slug / "verdicts.yml"
        strays += [
            f"{record}: {name} is recorded, but claims.yml does not list it; remove it"
            for name in recorded
        ]
    return Ledger(papers, tuple(rows), tuple(strays))


def recorded_verdicts(book: Book, slug: str) -> dict[str, dict[str, str]]:
    """Return the verdicts that the repository records for a chapter, by profile."""
    path = book.chapters / slug / "verdicts.yml"
    if not path.is_file():
        return {}
    content = read_document(path, "verdicts").content
    return {key: value for key, value in content.items() if key != "schema"}


def write_verdicts(book: Book, ledger: Ledger, profile: str) -> list[str]:
    """Record the verdicts of a profile in each chapter's ``verdicts.yml``.

    Returns:
        Names of the chapters recorded; one that has not wholly run keeps what it had.
    """
    import yaml

    written = []
    for slug in ledger.papers:
        rows = {r.claim.id: r.verdict.value for r in ledger.rows if r.chapter == slug}
        if Verdict.NOT_RUN.value in rows.values():
            continue
        content = {"schema": 1} | recorded_verdicts(book, slug) | {profile: rows}
        path = book.chapters / slug / "verdicts.yml"
        write_whole(path, yaml.safe_dump(content, sort_keys=False))
        written.append(slug)
    return written


def _row(
    slug: str, claim: Claim, results: dict[str, Any] | None, profile: str, recorded: str | None
) -> Row:
    tested = claim.tested[profile]
    if tested is not True or claim.rule is None:
        return Row(slug, claim, (), Verdict.NOT_TESTED, str(tested), recorded)
    records = [] if results is None else results["measurements"]
    found = {r["quantity"]: r for r in records if r["claim"] == claim.id}
    regions = claim.rule.regions
    if any(region.key not in found for region in regions):
        return Row(slug, claim, (), Verdict.NOT_RUN, None, recorded)
    pairs = tuple((region, found[region.key]) for region in regions)
    verdict = claim.rule.judge([(record["low"], record["high"]) for _, record in pairs])
    return Row(slug, claim, pairs, verdict, None, recorded)
