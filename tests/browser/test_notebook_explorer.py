"""An interactive figure in a notebook: everything it needs stands in the cell's output."""

import pytest
from spinebook.book.explorer import Control, frame, inline_assets

pytestmark = pytest.mark.browser

SPEC = {
    "name": "line",
    "title": "A line",
    "caption": "Move it.",
    "alt": "A line whose slope the slider sets.",
    "controls": [vars(Control("slope", "slope", 0, 10, 1, 3))],
    "script": "const y = tables.map((x) => values.slope * x);"
    "const series = [{label: 'line', x: tables, y}];"
    "return {readouts: [{label: 'end', text: String(y[2])}], series};",
    "tables": [0, 1, 2],
}


def test_it_works_on_its_own__closed_form(chromium):
    context = chromium.new_context()
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.set_content(frame(SPEC) + inline_assets())
    assert "6" in page.locator(".sbx-readout").inner_text()
    page.get_by_role("slider").press("ArrowRight")
    page.wait_for_function("document.querySelector('.sbx-readout').textContent.includes('8')")
    assert problems == []
    context.close()
