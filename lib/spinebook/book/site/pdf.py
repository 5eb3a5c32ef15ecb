"""Chapters of the built site as PDF, printed by the reader's own Chromium."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from spinebook.book.errors import BookError
from spinebook.book.jsonfile import write_whole
from spinebook.book.paths import Book
from spinebook.book.publish import only_run
from spinebook.book.site.pdf_link import with_pdf_link
from spinebook.book.site.printable import printable

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FOLDER = "pdf"
# Of the page's own clock, which stands still while something loads: what its scripts may take,
# foremost MathJax. A page that is done earlier is printed at once.
SCRIPT_TIME = 120_000  # milliseconds
PATIENCE = 300  # seconds for one chapter


def print_chapters(book: Book, slugs: Sequence[str]) -> Iterator[Path]:
    """Print chapters into ``_build/site/pdf`` and link each from the head of its page.

    Args:
        book: the checkout, with a built site.
        slugs: names of chapters.

    Yields:
        The path of each PDF, as soon as it is there.

    Raises:
        BookError: if there is no Chromium, no site, no page of a chapter, or printing fails.
    """
    site = book.build / "site"
    places = {slug: f"chapters/{slug}/index.html" for slug in slugs}
    for slug, place in places.items():
        if not (site / place).is_file():
            text = f"no page of {slug} in {site}; build the site first with `spinebook build`"
            raise BookError(text)
    browser = find_browser()
    works, base = _read(site / "chapters/references.html"), _public_address(book)
    with only_run(book.build, "site"):
        pages = {
            f"/{place}": printable(_read(site / place), place, base, works).encode("utf-8")
            for place in places.values()
        }
        (site / FOLDER).mkdir(exist_ok=True)
        with _served(site, pages) as address:
            for slug, place in places.items():
                target = site / FOLDER / f"{slug}.pdf"
                print_page(browser, f"{address}/{place}", target)
                link = f"../../{FOLDER}/{target.name}"
                page = with_pdf_link(_read(site / place), link, target.stat().st_size)
                write_whole(site / place, page)
                yield target


def find_browser() -> str:
    """Return the path of Chromium or Chrome.

    Raises:
        BookError: if none is on the path.
    """
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise BookError(
        f"printing needs Chromium or Chrome, and none of {', '.join(BROWSERS)} is on the PATH; "
        "install one (Debian: apt-get install chromium)"
    )


def print_page(browser: str, address: str, target: Path) -> None:
    """Print one page to PDF.

    Args:
        browser: path of Chromium.
        address: of the page.
        target: where the PDF goes; it is there whole or not at all.

    Raises:
        BookError: if Chromium fails, with the end of what it said.
    """
    with tempfile.TemporaryDirectory(prefix="spinebook-pdf-") as folder:
        printed = Path(folder) / target.name
        command = [
            browser,
            "--headless",
            # Chromium's sandbox refuses to start for root, as whom containers usually run.
            *(["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),
            "--disable-gpu",
            f"--user-data-dir={folder}/profile",
            f"--virtual-time-budget={SCRIPT_TIME}",
            "--no-pdf-header-footer",
            "--generate-pdf-document-outline",
            f"--print-to-pdf={printed}",
            address,
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise BookError(f"{target.stem}: Chromium took over {PATIENCE} s to print") from None
        if done.returncode != 0 or not printed.is_file():
            said = "\n".join(done.stderr.strip().splitlines()[-5:])
            raise BookError(f"{target.stem}: Chromium printed nothing; it said:\n{said}")
        moved = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.move(printed, moved)
        moved.replace(target)


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the site's files, with some pages replaced."""

    def __init__(self, *arguments: Any, pages: Mapping[str, bytes], **options: Any) -> None:
        self.pages = pages
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        content = self.pages.get(self.path)
        if content is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _served(site: Path, pages: Mapping[str, bytes]) -> Iterator[str]:
    handler = functools.partial(_Handler, directory=str(site), pages=pages)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _public_address(book: Book) -> str:
    settings = yaml.safe_load(_read(book.root / "_config.yml")) or {}
    return str((settings.get("html") or {}).get("baseurl") or "")


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""
