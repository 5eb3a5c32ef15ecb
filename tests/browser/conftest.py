"""The built site in headless Chromium.

``SPINEBOOK_SITE`` names the site (by default ``_build/site``). Without Chromium or a site the tests
are skipped with the reason, or fail if ``SPINEBOOK_REQUIRE_BROWSER`` is 1.
"""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu"]


def missing(reason):
    if os.environ.get("SPINEBOOK_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def site():
    folder = Path(os.environ.get("SPINEBOOK_SITE") or ROOT / "_build" / "site").resolve()
    if not (folder / "index.html").is_file():
        missing(f"no site at {folder}: build it with `make book`")
    return folder


@pytest.fixture(scope="session")
def pages(site):
    """Addresses of all pages, relative to the site; the theme leaves templates in ``_static``."""
    found = (path.relative_to(site) for path in site.rglob("*.html"))
    return sorted(path.as_posix() for path in found if path.parts[0] != "_static")


@pytest.fixture(scope="session")
def chapters_with(site):
    """A function that returns the chapters whose page holds a text; there must be one."""

    def find(marker):
        paths = sorted(site.glob("chapters/*/index.html"))
        found = [path for path in paths if marker in path.read_text("utf-8")]
        assert found, f"no chapter with {marker}"
        return [path.relative_to(site).as_posix() for path in found]

    return find


@pytest.fixture(scope="session")
def address(site):
    """Serve the site on a free port of this machine."""
    handler = functools.partial(QuietHandler, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def chromium():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed (pip install -r requirements-test.lock)")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe():
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        missing("axe is not installed (pip install -r requirements-test.lock)")
    return Axe()


class Visitor:
    """A browser window that notes errors on the console and requests to other hosts."""

    def __init__(self, chromium, address, **options):
        self.address, self.problems = address, []
        self.context = chromium.new_context(**options)
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("request", self._request)
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._response)

    def _console(self, message):
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def _request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.problems.append(f"outside request: {request.url}")

    def _failed(self, request):
        # Leaving a page ends what it is still loading, which is no fault of the page.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"not loaded: {request.url}")

    def _response(self, response):
        if response.status >= 400:
            self.problems.append(f"status {response.status}: {response.url}")

    def open(self, name):
        """Open a page and wait until its mathematics is set."""
        self.page.goto(self.address + name)
        self.page.wait_for_function(
            "() => !window.MathJax?.startup?.promise"
            " || window.MathJax.startup.promise.then(() => true)"
        )
        return self.page

    def collect(self):
        """Return what was noted since the last call."""
        noted, self.problems = self.problems, []
        return noted


def open_windows(chromium, address):
    """Yield a function that opens windows, and close them in the end."""
    windows = []

    def new(width=1280, height=900, theme="light", base=address):
        options = {"viewport": {"width": width, "height": height}, "color_scheme": theme}
        windows.append(Visitor(chromium, base, **options))
        return windows[-1]

    yield new
    for window in windows:
        window.context.close()


@pytest.fixture
def visitor(chromium, address):
    """A function that opens windows and closes them after the test."""
    yield from open_windows(chromium, address)


@pytest.fixture(scope="module")
def module_visitor(chromium, address):
    """The same, closed after the tests of a module."""
    yield from open_windows(chromium, address)
