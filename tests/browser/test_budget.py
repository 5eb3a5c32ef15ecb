"""What a page costs before its figures: bytes, own scripts, and what holds up the first paint."""

import gzip
import mimetypes
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = pytest.mark.browser

PAGE_BUDGET = 1_500_000  # bytes as a web server sends them (compressed), without figures
OWN_SCRIPTS = 200_000  # bytes of this book's own scripts on one page, uncompressed
OWN = ("site.js", "print.js", "claims.js", "explorer.js")
TEXTS = ("text/html", "text/css", "text/javascript", "application/javascript")

FIGURES = """() => [...document.querySelectorAll(".sb-image, .cell_output img")].map((image) => ({
  source: image.src, lazy: image.loading === "lazy",
  sized: image.hasAttribute("width") && image.hasAttribute("height"),
}))"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"


@pytest.fixture
def loaded(visitor, site):
    """A function that opens a page and returns the files that it loaded."""
    window, files = visitor(), []
    window.page.on("request", lambda request: files.append(request.url))

    def load(name):
        files.clear()
        page = window.open(name)
        paths = {unquote(urlsplit(url).path).lstrip("/") for url in files if "data:" not in url}
        return page, sorted(site / path for path in paths)

    return load


def is_text(path):
    return mimetypes.guess_type(path.name)[0] in TEXTS


def test_pages_stay_within_their_budget__property(loaded, pages):
    spent = {}
    for name in pages:
        _, files = loaded(name)
        texts = [path for path in files if is_text(path)]
        assert texts, name
        spent[name] = sum(len(gzip.compress(path.read_bytes())) for path in texts)
    assert {name: size for name, size in spent.items() if size > PAGE_BUDGET} == {}


def test_own_scripts_stay_small__property(loaded, pages):
    spent = {}
    for name in pages:
        _, files = loaded(name)
        own = [path for path in files if path.name in OWN or path.parent.name == "explorers"]
        assert own, name
        spent[name] = sum(path.stat().st_size for path in own)
    assert {name: size for name, size in spent.items() if size > OWN_SCRIPTS} == {}


def test_pages_are_painted_before_any_script_arrives__property(visitor, address, pages):
    page, held = visitor().page, []

    def hold(route):  # no answer until the page has been looked at
        held.append(route)

    page.route("**/*.js*", hold)
    for name in [name for name in pages if name != "index.html"]:  # which only leads on
        page.goto(address + name, wait_until="commit")
        page.wait_for_function(PAINTED)
        assert held, name
        assert page.locator("main h1:visible").count(), name
        while held:
            held.pop().abort()


def test_scripts_of_interactive_figures_load_only_where_they_are__property(loaded, site, pages):
    for name in pages:
        _, files = loaded(name)
        there = any(path.name == "explorer.js" for path in files)
        assert there == ("spinebook-explorer-spec" in (site / name).read_text("utf-8")), name


def test_figures_are_lazy_and_sized__property(loaded, pages):
    seen = 0
    for name in pages:
        page, _ = loaded(name)
        figures = page.evaluate(FIGURES)
        seen += len(figures)
        eager = [figure for figure in figures if not (figure["lazy"] and figure["sized"])]
        assert eager == [], name
    assert seen > 0
