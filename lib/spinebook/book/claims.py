"""The claims of a chapter as its ``claims.yml`` states them, before any run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinebook.book.documents import Document, read_document
from spinebook.book.errors import BookError
from spinebook.book.rules import Rule, parse_rule


@dataclass(frozen=True)
class Paper:
    """The paper a chapter is about.

    Attributes:
        cite: key of the paper in ``references.bib``.
        claim: what it claims, in one sentence.
        figure: the chapter's figure that shows this best.
    """

    title: str
    authors: str
    year: int
    venue: str
    cite: str
    claim: str | None = None
    figure: str | None = None


@dataclass(frozen=True)
class Claim:
    """One row of the ledger, without a verdict.

    Attributes:
        kind: ``claim`` (published), ``erratum`` (an error found) or ``finding`` (our own).
        tested: per profile True, or the reason why it is not tested there.
        needs_interval: whether a measurement must come with an interval of its own.
        line: line of ``claims.yml`` on which the row starts.
        source: where an erratum was seen: ``paper``, ``code``, ``data`` or ``image``.
    """

    id: str
    kind: str
    statement: str
    where: str
    published: str
    tested: Mapping[str, bool | str]
    rule: Rule | None
    reason: str | None
    grade: str | None
    evidence: str | None
    figure: str | None
    needs_interval: bool
    line: int
    source: str | None = None


def read_claims(path: Path) -> tuple[Paper, list[Claim]]:
    """Read and check one ``claims.yml``.

    Raises:
        BookError: listing every fault with file, line and remedy.
    """
    document = read_document(path, "claims")
    faults: list[str] = []
    claims: list[Claim] = []
    seen: dict[str, int] = {}
    for index, source in enumerate(document.content["claims"]):
        place = ("claims", index)
        line = document.lines[place]
        if source["id"] in seen:
            message = f"id {source['id']} stands twice (first on line {seen[source['id']]})"
            faults.append(document.at(place, f"{message}; give each row its own id"))
        seen.setdefault(source["id"], line)
        faults += _missing_parts(document, index, source)
        rule = _rule(document, index, source, faults)
        claims.append(_claim(source, rule, line))
    if faults:
        raise BookError("\n".join(faults))
    return Paper(**document.content["paper"]), claims


def _claim(source: Mapping[str, Any], rule: Rule | None, line: int) -> Claim:
    copied = ("id", "kind", "statement", "where", "published", "tested")
    optional = ("reason", "grade", "evidence", "figure", "source")
    fields: dict[str, Any] = {key: source[key] for key in copied}
    fields |= {key: source.get(key) for key in optional}
    needs_interval = source.get("uncertainty") == "required"
    return Claim(**fields, rule=rule, needs_interval=needs_interval, line=line)


def _missing_parts(document: Document, index: int, source: Mapping[str, Any]) -> list[str]:
    place = ("claims", index)
    faults = []
    if source["kind"] == "erratum":
        for key in ("grade", "evidence"):
            if key not in source:
                text = f"{source['id']}: an erratum needs {key!r}; say how sure it is and why"
                faults.append(document.at(place, text))
    if "rule" not in source and True in source["tested"].values():
        text = f"{source['id']}: a row that a profile tests needs a rule with bounds"
        faults.append(document.at(place, text))
    return faults


def _rule(
    document: Document, index: int, source: Mapping[str, Any], faults: list[str]
) -> Rule | None:
    if "rule" not in source:
        return None
    try:
        return parse_rule(source["rule"])
    except ValueError as error:
        faults.append(document.at(("claims", index, "rule"), f"{source['id']}: {error}"))
        return None
