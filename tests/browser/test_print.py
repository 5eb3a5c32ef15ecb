"""Chapters on paper: in the browser's own print, and as PDF."""

import re
import shutil

import pytest
from spinebook.book.site.pdf import print_page

pytestmark = pytest.mark.browser

SCREEN_ONLY = (
    ".bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article, .sb-downloads, .sb-rerun,"
    ".sbx-control input[type=range], .sbx-reset, .headerlink, details.hide:not([open])"
)
SHOWN = "(nodes) => nodes.filter((node) => node.checkVisibility()).map((node) => node.className)"
CUT = """() => [...document.querySelectorAll("figure img, figure svg.sbx-plot, mjx-container")]
  .filter((node) => node.checkVisibility() && node.getBoundingClientRect().right > innerWidth + 1)
  .map((node) => node.outerHTML.slice(0, 100))"""


def printed(window, name):
    """Open a page as it is printed on A4 between its margins."""
    page = window.open(name)
    page.emulate_media(media="print")
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_only_what_paper_can_show_is_printed__property(visitor, chapters_with, theme):
    window = visitor(width=665, height=970, theme=theme)
    for name in chapters_with("spinebook-explorer-spec"):
        page = printed(window, name)
        assert page.locator(SCREEN_ONLY).evaluate_all(SHOWN) == [], name
        assert page.locator(".bd-article h1").is_visible(), name
        assert page.locator(".sb-print-only").is_visible(), name
        assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert not page.locator("img.only-dark:visible").count(), name
        assert page.evaluate(CUT) == [], name


def test_the_theme_comes_back_after_printing__property(visitor, chapters_with):
    page = printed(visitor(theme="dark"), chapters_with('class="sb-figure"')[0])
    assert page.evaluate("() => document.documentElement.dataset.theme") == "light"
    page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"


def test_chromium_prints_a_whole_chapter__property(address, chapters_with, tmp_path):
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    name, target = chapters_with('class="math')[0], tmp_path / "chapter.pdf"
    print_page(browser, address + name, target)
    content = target.read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) > 5
    assert b"/Outlines" in content


def test_links_to_prints_lead_to_prints__property(site):
    for path in site.glob("chapters/*/index.html"):
        text, there = path.read_text("utf-8"), site / "pdf" / f"{path.parent.name}.pdf"
        assert (f"/pdf/{there.name}" in text) == there.is_file(), path
