"""The changelog as a feed."""

import re
from email.utils import parsedate_to_datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from spinebook.book.site import feed

ROOT = Path(__file__).parents[2]
LOG = """# Changelog

Words before, with a list:

- no change

## [Unreleased]

### Added

- Chapter *One* & `code`: more
  words.

  - a part of it

## [0.2.0] - 2026-12-01

### Fixed

- A fault. It was small.
"""


def read(entries, base=""):
    text = feed.feed(entries, "T & T", "What changed.", "en", base)
    return ElementTree.fromstring(text.encode("utf-8")).find("channel")


def test_each_change_is_one_item__brute_force():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found = list(feed.changes(text))
    written = re.findall(r"^- (\S+)", text, flags=re.MULTILINE)
    assert [re.sub(r"[*`]", "", word) for word in written] == [
        change.text.split()[0] for change in found
    ]
    identities = [item.findtext("guid") for item in read(found).findall("item")]
    assert len(set(identities)) == len(written)


def test_versions_kinds_and_dates_are_those_of_the_headings__closed_form():
    one, two = [c for c in feed.changes(LOG) if c.version]
    assert (one.version, one.kind, one.date) == ("Unreleased", "Added", None)
    assert one.text == "Chapter One & code: more words. a part of it"
    assert one.title == "Chapter One & code"
    assert (two.version, two.kind, two.title) == ("0.2.0", "Fixed", "A fault")
    items = read([one, two]).findall("item")
    assert items[0].find("pubDate") is None
    assert parsedate_to_datetime(items[1].findtext("pubDate")) == two.date
    assert (two.date.year, two.date.month, two.date.day) == (2026, 12, 1)


def test_a_release_keeps_the_identity_of_its_changes__property():
    later = LOG.replace("[Unreleased]", "[0.3.0] - 2027-01-31")
    assert [c.identity for c in feed.changes(LOG)] == [c.identity for c in feed.changes(later)]


def test_links_are_absolute_where_an_address_is_known__property():
    entries = [c for c in feed.changes(LOG) if c.version]
    base = "https://example.org/book/"
    links = [e.text for e in read(entries, base).iter("link")]
    assert links == [base + "chapters/changelog.html"] * 3
    assert [e.text for e in read(entries).iter("link")] == ["chapters/changelog.html"]


def test_markup_is_kept_and_escaped_once__property():
    item = read([c for c in feed.changes(LOG) if c.version]).find("item")
    description = item.findtext("description")
    assert "Chapter <em>One</em> &amp; <code>code</code>" in description


def test_a_heading_without_a_version_is_told__property():
    with pytest.raises(ValueError, match="got 'What we did last'"):
        list(feed.changes("## What we did last\n\n- this\n"))
