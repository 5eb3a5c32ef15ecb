"""The pages around the chapters: landing page, gallery, glossary, search for claims."""

import re

import pytest

pytestmark = pytest.mark.browser

SHOWN = "() => [...document.querySelectorAll('.sb-gallery > li')].filter((i) => !i.hidden).length"


def test_the_first_screen_says_what_this_is__property(visitor, site):
    """Title, three ways in and all results stand above the fold; no card without a claim."""
    window = visitor(width=1440, height=900)
    page = window.open("chapters/index.html")
    for door in ("Read", "Re-run", "Import"):
        box = page.locator(".sb-ways .sd-card", has_text=door).first.bounding_box()
        assert box["y"] + box["height"] < 450
    cards = page.locator(".sb-card:not(.sb-card-sum)")
    assert cards.count() == len(list(site.glob("chapters/*/index.html"))) - 1  # the library's
    for card in cards.all():
        assert len(card.locator(".sb-card-claim").inner_text().split()) <= 25
        assert card.locator("img:visible").count() == 1
    assert cards.first.bounding_box()["y"] < 450
    for card in page.locator(".sb-card").all():
        box = card.bounding_box()
        assert box["y"] + box["height"] <= 900
    assert window.collect() == []


def test_the_whole_card_leads_to_its_chapter__property(visitor):
    window = visitor()
    page = window.open("chapters/index.html")
    card = page.locator(".sb-card").first
    target = card.locator("h3 a").get_attribute("href")
    box = card.locator("img:visible").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(f"**/{target}")


def test_gallery_filters_by_chapter_form_and_text__property(visitor):
    window = visitor()
    page = window.open("chapters/figures.html")
    everything = page.evaluate(SHOWN)
    chapter = page.locator(".sb-gallery > li").first.get_attribute("data-chapter")
    page.get_by_label("Chapter").select_option(chapter)
    of_chapter = page.locator(f".sb-gallery > li[data-chapter={chapter}]").count()
    assert page.evaluate(SHOWN) == of_chapter < everything
    assert page.locator("section:visible > .sb-gallery").count() == 1
    page.get_by_label("Form").select_option("interactive")
    assert 0 < page.evaluate(SHOWN) < of_chapter
    page.get_by_label("Text").fill("nothing has this")
    assert page.evaluate(SHOWN) == 0
    assert page.locator(".sb-count").inner_text() == f"0 of {everything} figures"
    page.get_by_role("button", name="Show all").press("Enter")
    page.wait_for_function(f"() => ({SHOWN})() === {everything}")
    assert window.collect() == []


def test_gallery_offers_data_and_provenance__property(visitor):
    page = visitor().open("chapters/figures.html")
    first = page.locator(".sb-gallery > li").first
    assert first.get_by_role("link", name="SVG").get_attribute("href").endswith(".svg")
    first.locator(".sb-provenance summary").click()
    assert "spinebook run" in first.locator(".sb-provenance").inner_text()


def test_a_term_is_defined_for_pointer_and_keyboard__property(visitor, chapters_with):
    window = visitor()
    page = window.open(chapters_with('class="sb-term"')[0])
    term, box = page.locator(".sb-term").first, page.get_by_role("tooltip")
    definition = term.get_attribute("data-definition")
    term.hover()
    assert box.inner_text() == definition
    box.hover()  # may be read at leisure
    page.wait_for_timeout(400)
    assert box.is_visible()
    page.keyboard.press("Escape")
    assert not box.is_visible()
    term.focus()
    assert box.is_visible()
    assert term.get_attribute("aria-describedby") == box.get_attribute("id")
    place = box.bounding_box()
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= 1280
    assert window.collect() == []


def test_terms_lead_to_the_glossary__property(visitor, chapters_with):
    page = visitor().open(chapters_with('class="sb-term"')[0])
    term = page.locator(".sb-term").first
    definition = term.get_attribute("data-definition")
    term.click()
    page.wait_for_url("**/chapters/glossary.html#term-*")
    entry = page.locator("dt:target + dd").inner_text()
    assert re.sub(r"\W", "", definition) in re.sub(r"\W", "", entry)


def test_search_finds_claims_and_helpers__property(visitor, site):
    window = visitor()
    row = re.search(r'id="claim-([a-z]+-\d+)"', (site / "chapters/claims.html").read_text("utf-8"))
    page = window.open(f"search.html?q={row[1]}")
    first = page.locator("#search-results ul.search li a").first
    first.wait_for()
    assert first.inner_text().lower().startswith(f"{row[1]}:")
    first.click()
    page.wait_for_url(f"**#claim-{row[1]}")
    page = window.open("search.html?q=log_false_match")
    link = page.locator("#search-results li a", has_text="spinebook.dendrites.log_false_match")
    link.first.wait_for()
    assert window.collect() == []


def test_bibtex_can_be_copied__property(visitor):
    page = visitor().open("chapters/cite.html")
    boxes = page.locator(".sb-cite")
    assert boxes.count() >= 3
    assert boxes.first.locator("button.copybtn").count() == 1
    assert boxes.first.locator("pre").inner_text().startswith("@book{spinebook,")
