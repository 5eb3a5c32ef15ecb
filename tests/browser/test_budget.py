"""What a page costs before its figures: bytes, own scripts, and what holds up the first paint."""

import gzip
import mimetypes
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

# One process for all tests here, so that every page is opened once.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("budget")]

ROOT = Path(__file__).parents[2]
PAGE_BUDGET = 1_500_000  # bytes as a web server sends them (compressed), without figures
OWN_SCRIPTS = 200_000  # bytes of this book's own scripts on one page, uncompressed
OWN = {path.name for path in (ROOT / "lib/spinebook/book/static").glob("*.js")}
TEXTS = ("text/html", "text/css", "text/javascript", "application/javascript")

FIGURES = """() => [...document.querySelectorAll(".sb-image, .cell_output img")].map((image) => ({
  source: image.src, lazy: image.loading === "lazy",
  sized: image.hasAttribute("width") && image.hasAttribute("height"),
}))"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"


@pytest.fixture(scope="module")
def visits(module_visitor, site, pages):
    """The files that each page loads, and its figures; every page is opened once."""
    window, urls, found = module_visitor(), [], {}
    window.page.on("request", lambda request: urls.append(request.url))
    for name in pages:
        urls.clear()
        figures = window.open(name).evaluate(FIGURES)
        paths = {unquote(urlsplit(url).path).lstrip("/") for url in urls if "data:" not in url}
        found[name] = sorted(site / path for path in paths), figures
    return found


def is_text(path):
    return mimetypes.guess_type(path.name)[0] in TEXTS


def test_pages_stay_within_their_budget__property(visits):
    spent = {}
    for name, (files, _) in visits.items():
        texts = [path for path in files if is_text(path)]
        assert texts, name
        spent[name] = sum(len(gzip.compress(path.read_bytes())) for path in texts)
    assert {name: size for name, size in spent.items() if size > PAGE_BUDGET} == {}


def test_own_scripts_stay_small__property(visits):
    spent = {}
    for name, (files, _) in visits.items():
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


def test_scripts_of_interactive_figures_load_only_where_they_are__property(visits, site):
    for name, (files, _) in visits.items():
        there = any(path.name == "explorer.js" for path in files)
        assert there == ("spinebook-explorer-spec" in (site / name).read_text("utf-8")), name


def test_figures_are_lazy_and_sized__property(visits):
    seen = 0
    for name, (_, figures) in visits.items():
        seen += len(figures)
        eager = [figure for figure in figures if not (figure["lazy"] and figure["sized"])]
        assert eager == [], name
    assert seen > 0
