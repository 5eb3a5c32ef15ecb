"""A chapter's page made ready for printing to PDF."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

_WORKS = "chapters/references.html"


def printable(page: str, place: str, base: str, works: str) -> str:
    """Return a page whose links hold outside the site, with the list of the works it cites.

    Links within the page stay. A link to another page gets the site's public address; where none is
    known it becomes plain text, because the file or server that was printed is not there for
    readers. Pictures are loaded at once.

    Args:
        page: the built page.
        place: path of the page within the site.
        base: public address of the site, or empty.
        works: the built page of the book's references, or empty.
    """
    soup = BeautifulSoup(page, "html.parser")
    for image in soup.find_all("img"):
        image["loading"] = "eager"
    listed = _cited(soup, place, works)
    for link in soup.find_all("a", href=True):
        _mend(link, place, base)
    article = soup.find("article")
    if listed and isinstance(article, Tag):
        section = soup.new_tag("section", attrs={"class": "sb-works"})
        title = soup.new_tag("h2")
        title.string = "References"
        section.extend([title, *listed])
        article.append(section)
    return str(soup)


def _mend(link: Tag, place: str, base: str) -> None:
    address = str(link["href"])
    if address.startswith("#") or urlsplit(address).scheme:
        return
    if base:
        link["href"] = urljoin(urljoin(base, place), address)
    else:
        del link["href"]


def _cited(soup: BeautifulSoup, place: str, works: str) -> list[Tag]:
    """Find the entries that the page cites, in the order of the list, and link to them there."""
    root = "https://site.invalid/"
    cited: dict[str, list[Tag]] = {}
    for link in soup.find_all("a", href=True):
        parts = urlsplit(urljoin(root + place, str(link["href"])))
        if parts.path == f"/{_WORKS}" and parts.fragment:
            cited.setdefault(parts.fragment, []).append(link)
    entries = BeautifulSoup(works, "html.parser").find_all(class_="citation")
    chosen = [entry for entry in entries if entry.get("id") in cited]
    for entry in chosen:
        for back in entry.find_all(class_=re.compile("backrefs|label")):
            back.decompose()
        links = cited[str(entry["id"])]
        entry["id"] = f"work-{entry['id']}"  # the page has ids of its own
        for link in links:
            link["href"] = f"#{entry['id']}"
    return chosen
