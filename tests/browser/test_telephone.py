"""The site on a narrow screen: what folds away can be opened, what shrinks stays legible."""

import pytest

pytestmark = pytest.mark.browser


def test_list_of_pages_opens_on_a_telephone__property(visitor):
    window = visitor(width=375, height=740)
    page = window.open("chapters/index.html")
    toggle = page.locator(".primary-toggle:visible")
    toggle.focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("dialog")
    menu.wait_for()
    page.keyboard.press("Escape")
    menu.wait_for(state="hidden")
    toggle.click()
    menu.get_by_role("link", name="The ledger").click()
    page.wait_for_url("**/chapters/claims.html")
    assert window.collect() == []


def test_list_of_contents_opens_on_a_telephone__property(visitor, chapters_with):
    window = visitor(width=375, height=740)
    page = window.open(chapters_with("sb-ledger")[0])
    page.locator(".secondary-toggle:visible").click()
    menu = page.get_by_role("dialog")
    menu.wait_for()
    assert menu.get_by_role("link").count() > 3
    assert window.collect() == []


def test_drawings_keep_their_size_on_a_telephone__property(visitor, chapters_with):
    window = visitor(width=375, height=740)
    for name in chapters_with('class="sb-figure"'):
        page = window.open(name)
        for drawing in page.locator(".sb-drawing:has(img)").all():
            image = drawing.locator("img:visible")
            image.scroll_into_view_if_needed()
            natural = int(image.get_attribute("width"))
            # Labels are drawn at 12 pixels; below three quarters of that nobody reads them.
            assert image.bounding_box()["width"] >= min(natural, 0.75 * 691) - 1
            drawing.focus()
            page.keyboard.press("ArrowRight")
            page.wait_for_function("(node) => node.scrollLeft > 0", arg=drawing.element_handle())
    assert window.collect() == []
