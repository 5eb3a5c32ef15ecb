"""Printing chapters: what is asked of the machine, what is printed, and the link to it."""

import os
from urllib.request import urlopen

import pytest
from bs4 import BeautifulSoup
from spinebook.book import cli
from spinebook.book.errors import BookError
from spinebook.book.paths import Book
from spinebook.book.site import pdf
from spinebook.book.site.pdf_link import PLACE, with_pdf_link
from spinebook.book.site.printable import printable

PLACE_OF_PAGE = "chapters/toy/index.html"
PAGE = f"""<html><head><meta charset="utf-8"></head><body>{PLACE}<article>
<a href="#here">a place</a> <a href="../other.html#x">a page</a>
<a href="https://example.org/">outside</a>
<a class="reference internal" href="../references.html#id2">Nobody, 2020</a>
<img src="a.svg" loading="lazy"></article></body></html>"""
WORKS = """<div class="citation" id="id1"><p>Somebody.</p></div>
<div class="citation" id="id2"><span class="label">1</span><span class="backrefs">(1)</span>
<p>Nobody. A toy.</p></div>"""


def links(html):
    return {a.get_text(): a.get("href") for a in BeautifulSoup(html, "html.parser").find_all("a")}


def test_links_of_a_print_hold_without_the_site__closed_form():
    found = links(printable(PAGE, PLACE_OF_PAGE, "", WORKS))
    assert found["a place"] == "#here"
    assert found["a page"] is None
    assert found["outside"] == "https://example.org/"
    found = links(printable(PAGE, PLACE_OF_PAGE, "https://example.org/book/", WORKS))
    assert found["a page"] == "https://example.org/book/chapters/other.html#x"


def test_a_print_lists_the_works_it_cites__property():
    soup = BeautifulSoup(printable(PAGE, PLACE_OF_PAGE, "", WORKS), "html.parser")
    (entry,) = soup.select(".sb-works .citation")
    assert entry.get_text(strip=True) == "Nobody. A toy."
    assert links(str(soup))["Nobody, 2020"] == f"#{entry['id']}"
    assert soup.img["loading"] == "eager"
    assert "sb-works" not in printable(PAGE, PLACE_OF_PAGE, "", "")


def test_a_page_has_one_link_to_its_print__property():
    page = with_pdf_link(PAGE, "../../pdf/toy.pdf", 1_240_000)
    assert links(page)["PDF (1.2 MB)"] == "../../pdf/toy.pdf"
    assert with_pdf_link(page, "../../pdf/toy.pdf", 1_240_000) == page
    assert links(with_pdf_link(page, "b.pdf", 0)).get("PDF (1.2 MB)") is None
    with pytest.raises(ValueError, match="place for the link"):
        with_pdf_link("<p>Another page.</p>", "a.pdf", 1)


@pytest.fixture
def book(toy):
    page = toy.root / "_build/site" / PLACE_OF_PAGE
    page.parent.mkdir(parents=True)
    page.write_text(PAGE)
    return Book(toy.root)


def browser(folder, script):
    """Put a program named chromium on a path of its own."""
    path = folder / "bin/chromium"
    path.parent.mkdir()
    path.write_text(f"#!{os.path.realpath('/bin/sh')}\n{script}\n")
    path.chmod(0o755)
    return str(path.parent)


def test_a_missing_browser_is_told__property(book, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["--root", str(book.root), "pdf"]) == 1
    assert "printing needs Chromium or Chrome" in capsys.readouterr().err


def test_a_missing_site_is_told__property(toy):
    with pytest.raises(BookError, match="build the site first"):
        list(pdf.print_chapters(Book(toy.root), ["toy"]))


def test_a_failing_browser_is_quoted__property(book, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", browser(tmp_path, "echo no display >&2; exit 3"))
    with pytest.raises(BookError, match="no display"):
        list(pdf.print_chapters(book, ["toy"]))
    assert list((book.build / "site/pdf").iterdir()) == []
    assert (book.build / "site" / PLACE_OF_PAGE).read_text() == PAGE


def test_a_print_is_put_in_place_and_linked__property(book, monkeypatch, tmp_path):
    fetched = []
    script = 'for a; do case "$a" in --print-to-pdf=*) : > "${a#*=}" ;; esac; done'
    monkeypatch.setenv("PATH", browser(tmp_path, script))
    real = pdf.print_page

    def print_page(program, address, target):
        with urlopen(address, timeout=10) as answer:
            fetched.append(answer.read().decode())
        real(program, address, target)

    monkeypatch.setattr(pdf, "print_page", print_page)
    (path,) = pdf.print_chapters(book, ["toy"])
    assert path == book.build / "site/pdf/toy.pdf"
    assert path.is_file()
    assert "a page</a>" in fetched[0]
    assert "../other.html" not in fetched[0], "the browser gets the page made for printing"
    page = (book.build / "site" / PLACE_OF_PAGE).read_text()
    assert links(page)["PDF (0.0 MB)"] == "../../pdf/toy.pdf"
    assert "../other.html" in page
