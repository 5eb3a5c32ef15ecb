"""What a reader does on the site: search, filter, move a figure, by keyboard alone."""

import re

import pytest

pytestmark = pytest.mark.browser

VISIBLE_ROWS = (
    "() => [...document.querySelectorAll('.sb-row')].filter((r) => !r.hidden).map((r) => r.id)"
)


def test_search_finds_a_word__property(visitor):
    window = visitor()
    page = window.open("search.html?q=ledger")
    page.wait_for_selector("#search-results ul.search li a")
    assert page.locator("#search-results ul.search li").count() >= 1
    assert window.collect() == []


def test_search_works_from_a_folder__property(visitor, site):
    window = visitor(base=site.as_uri() + "/")
    page = window.open("search.html?q=ledger")
    page.wait_for_selector("#search-results ul.search li a")
    page.wait_for_function(
        "() => document.querySelector('#search-results').textContent.includes('found')"
    )
    page.wait_for_timeout(300)  # summaries of pages would be fetched now, and refused
    assert window.collect() == []


def test_search_field_leads_to_results__property(visitor):
    window = visitor()
    page = window.open("chapters/index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("ledger")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results ul.search li a")
    assert "search.html" in page.url


def test_claims_filter_by_verdict_and_text__property(visitor):
    window = visitor()
    page = window.open("chapters/claims.html")
    everything = page.evaluate(VISIBLE_ROWS)
    verdict = page.locator(".sb-row").first.get_attribute("data-verdict")
    page.get_by_role("combobox", name="Verdict").select_option(verdict)
    chosen = page.evaluate(VISIBLE_ROWS)
    assert 0 < len(chosen) <= len(everything)
    for row in chosen:
        assert page.locator(f"#{row}").get_attribute("data-verdict") == verdict
    assert "verdict=" in page.url
    assert re.search(r"\d+", page.locator(".sb-count").inner_text())

    page.reload()
    assert page.evaluate(VISIBLE_ROWS) == chosen, "the address keeps the filters"

    page.get_by_role("button", name="Show all").press("Enter")
    page.wait_for_function(
        f"() => document.querySelectorAll('.sb-row:not([hidden])').length == {len(everything)}"
    )
    identity = everything[-1].removeprefix("claim-")
    page.get_by_label("Text").fill(identity)
    assert everything[-1] in page.evaluate(VISIBLE_ROWS)
    page.get_by_label("Text").fill("no such words anywhere")
    assert page.evaluate(VISIBLE_ROWS) == []
    assert window.collect() == []


def test_filters_agree_with_the_rows__brute_force(visitor):
    page = visitor().open("chapters/claims.html")
    rows = page.evaluate(
        "() => [...document.querySelectorAll('.sb-row')].map((r) => [r.id, {...r.dataset}])"
    )
    for key in ("chapter", "kind", "verdict", "profile"):
        field = page.locator(f".sb-filters select[name={key}]")
        choices = field.locator("option").evaluate_all("options => options.map((o) => o.value)")
        assert sorted(filter(None, choices)) == sorted({data[key] for _, data in rows})
        for choice in filter(None, choices):
            field.select_option(choice)
            expected = [row for row, data in rows if data[key] == choice]
            assert page.evaluate(VISIBLE_ROWS) == expected
            assert page.locator(".sb-count").inner_text().startswith((f"{len(expected)} of", "All"))
        field.select_option("")
    assert len(page.evaluate(VISIBLE_ROWS)) == len(rows)


def test_claims_filter_works_from_the_keyboard__property(visitor):
    window = visitor()
    page = window.open("chapters/claims.html")
    page.get_by_role("combobox", name="Kind").focus()
    page.keyboard.press("ArrowDown")
    rows = page.evaluate(VISIBLE_ROWS)
    kinds = {page.locator(f"#{row}").get_attribute("data-kind") for row in rows}
    assert kinds == {"claim"}


def test_a_link_to_a_row_shows_it__property(visitor):
    window = visitor()
    page = window.open("chapters/claims.html#text=nothing-has-this")
    assert page.evaluate(VISIBLE_ROWS) == []
    row = page.locator(".sb-row").last.get_attribute("id")
    page.evaluate(f"location.hash = '{row}'")
    page.wait_for_function(f"() => !document.getElementById('{row}').hidden")
    assert page.locator(f"#{row}").is_visible()


def test_cards_of_the_landing_page_lead_to_their_rows__property(visitor):
    window = visitor()
    page = window.open("chapters/index.html")
    link = page.locator(".sb-tally").first
    expected = int(re.search(r"\d+", link.inner_text()).group())
    link.click()
    page.wait_for_selector(".sb-count:not(:empty)")
    assert len(page.evaluate(VISIBLE_ROWS)) == expected


@pytest.mark.parametrize("width", [1280, 375])
def test_interactive_figures_answer_the_keyboard__property(visitor, width, chapters_with):
    window = visitor(width=width)
    for name in chapters_with("spinebook-explorer-spec"):
        move_every_slider(window.open(name))
    assert window.collect() == []


def drawing_of(figure):
    """What an interactive figure shows now."""
    plot, readout = figure.locator("svg.sbx-plot"), figure.locator(".sbx-readout")
    return plot.inner_html() + readout.inner_text()


def changed(page, figure, before):
    """Tell whether a figure is drawn anew within two seconds; busy machines draw late."""
    for _ in range(40):
        if drawing_of(figure) != before:
            return True
        page.wait_for_timeout(50)
    return False


def move_every_slider(page):
    figures = page.locator(".spinebook-explorer")
    for number in range(figures.count()):
        figure = figures.nth(number)
        sliders = figure.locator("input[type=range]").all()
        assert sliders, "an interactive figure without sliders"
        for slider in sliders:
            field = slider.locator("xpath=following-sibling::input")
            for key in ("ArrowRight", "ArrowLeft"):
                before, drawing = field.input_value(), drawing_of(figure)
                slider.focus()
                page.keyboard.press(key)
                page.wait_for_timeout(60)
                if field.input_value() == before:  # the slider stands at that end of its range
                    continue
                moved = f"{slider.get_attribute('id')} {key}"
                assert changed(page, figure, drawing), f"{moved} changes nothing"
                break
            else:
                pytest.fail(f"{slider.get_attribute('id')} does not answer arrow keys")


def test_number_fields_follow_and_stay_in_range__property(visitor, chapters_with):
    window = visitor()
    page = window.open(chapters_with("spinebook-explorer-spec")[0])
    control = page.locator(".sbx-control").first
    field, slider = control.locator("input[type=number]"), control.locator("input[type=range]")
    highest = float(field.get_attribute("max"))
    field.fill(str(highest * 10))
    field.press("Tab")
    assert float(field.input_value()) <= highest
    assert float(slider.get_attribute("aria-valuetext")) <= highest
    start = field.input_value()
    page.get_by_role("button", name="Reset").first.press("Enter")
    assert field.input_value() != start or float(start) == highest
    assert window.collect() == []


def test_without_scripts_claims_and_figures_can_still_be_read__property(
    chromium, address, chapters_with
):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "chapters/claims.html")
    assert page.locator(".sb-row").first.is_visible()
    assert not page.locator(".sb-filters").is_visible()
    page.goto(address + chapters_with('class="sb-figure"')[0])
    assert page.locator(".sb-figure img.only-light").first.is_visible()
    assert not page.locator(".sb-figure img.only-dark").first.is_visible()
    context.close()
