"""The ledger in the browser: order, links, downloads, strips, and the way to the code."""

import csv
import json
import re

import pytest

pytestmark = pytest.mark.browser

CLAIMS = "chapters/claims.html"
ROWS = """() => [...document.querySelectorAll('.sb-row')].filter((row) => !row.hidden)
  .map((row) => ({name: row.querySelector('.sb-id').textContent, ...row.dataset}))"""
# What of a drawing leaves its box, and drawings that are no wider than a line.
OUTSIDE = """() => [...document.querySelectorAll('.sb-strip')].flatMap((strip) => {
  const box = strip.getBoundingClientRect();
  const parts = [...strip.children].filter((part) => {
    const own = part.getBoundingClientRect();
    return own.left < box.left - 2 || own.right > box.right + 2
      || own.top < box.top - 2 || own.bottom > box.bottom + 2;
  });
  const cell = strip.closest('li').getBoundingClientRect();
  const cut = box.width < 60 || box.right > cell.right + 1;
  return parts.length || cut ? [strip.outerHTML.slice(0, 300)] : [];
})"""


def natural(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def options(page, name):
    chosen = page.locator(f".sb-filters select[name={name}] option")
    return chosen.evaluate_all("options => options.map((option) => option.value)")


def test_rows_sort_by_id_and_in_reverse__brute_force(visitor):
    window = visitor()
    page = window.open(CLAIMS)
    start = [row["name"] for row in page.evaluate(ROWS)]
    page.get_by_role("combobox", name="Sort by").select_option("id")
    names = [row["name"] for row in page.evaluate(ROWS)]
    assert names == sorted(start, key=natural) != start
    page.get_by_label("reversed").check()
    assert [row["name"] for row in page.evaluate(ROWS)] == names[::-1]
    page.reload()
    assert [row["name"] for row in page.evaluate(ROWS)] == names[::-1], "the address keeps it"
    page.get_by_role("button", name="Show all").click()
    first = f"() => document.querySelector('.sb-id').textContent == '{start[0]}'"
    page.wait_for_function(first)
    assert [row["name"] for row in page.evaluate(ROWS)] == start
    assert window.collect() == []


@pytest.mark.parametrize(
    ("order", "key"), [("paper", "chapter"), ("verdict", "verdict"), ("profile", "profile")]
)
def test_rows_of_equal_rank_keep_their_order__brute_force(visitor, order, key):
    page = visitor().open(CLAIMS)
    before = page.evaluate(ROWS)
    page.get_by_role("combobox", name="Sort by").select_option(order)
    ranks = options(page, key)
    assert page.evaluate(ROWS) == sorted(before, key=lambda row: ranks.index(row[key]))


def test_column_heads_sort_by_keyboard_and_say_so__property(visitor):
    page = visitor().open(CLAIMS)
    head = page.locator(".sb-ledger th").first
    button = page.get_by_role("button", name="Sort by id")
    button.focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    names = [row["name"] for row in page.evaluate(ROWS)]
    assert names == sorted(names, key=natural)
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert [row["name"] for row in page.evaluate(ROWS)] == names[::-1]
    page.get_by_role("button", name="Sort by verdict").click()
    assert head.get_attribute("aria-sort") is None
    assert "sort=verdict" in page.url
    assert "reverse" not in page.url


def test_order_and_profile_filter_go_together__brute_force(visitor):
    page = visitor().open(CLAIMS)
    rows = page.evaluate(ROWS)
    page = visitor().open(f"{CLAIMS}#profile=full&sort=id")
    expected = [row for row in rows if row["profile"] == "full"]
    assert page.evaluate(ROWS) == sorted(expected, key=lambda row: natural(row["name"]))
    assert page.locator(".sb-count").inner_text() == f"{len(expected)} of {len(rows)} rows"


def test_a_link_to_a_row_stays_in_the_address_and_can_be_copied__property(visitor):
    window = visitor()
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = window.open(CLAIMS)
    row = page.locator(".sb-row").nth(7)
    anchor = row.get_attribute("id")
    name = row.locator(".sb-id").inner_text()
    row.get_by_role("button", name=f"Copy the link to {name}").click()
    page.locator("output", has_text=f"Link to {name} copied").wait_for(state="attached")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{window.address}{CLAIMS}#{anchor}"
    page.goto("about:blank")
    page.goto(copied)
    page.wait_for_selector(f"#{anchor}:target")
    page.wait_for_timeout(100)
    assert page.url == copied
    assert page.locator(f"#{anchor}").is_visible()
    assert window.collect() == []


def test_downloads_hold_the_rows_of_the_page__brute_force(visitor, site):
    page = visitor().open(CLAIMS)
    names = {row["name"] for row in page.evaluate(ROWS)}
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    with started.value.path().open(encoding="utf-8", newline="") as handle:
        lines = list(csv.DictReader(handle))
    assert {line["id"] for line in lines} == names
    with page.expect_download() as started:
        page.get_by_role("link", name="JSON").click()
    content = json.loads(started.value.path().read_text("utf-8"))
    assert [row["id"] for row in content["rows"]] == [line["id"] for line in lines]
    assert content["profile"] in started.value.suggested_filename


@pytest.mark.parametrize("width", [1440, 1280, 1200, 768])
def test_the_table_fits_the_window__property(visitor, width):
    page = visitor(width=width).open(CLAIMS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 375])
def test_each_measured_quantity_has_a_strip_in_its_box__property(visitor, site, width):
    page = visitor(width=width).open(CLAIMS)
    listed = page.locator(".sb-measured li").count()
    assert page.locator(".sb-strip").count() == listed > 0
    assert page.evaluate(OUTSIDE) == []


def test_strips_stand_in_the_ledgers_of_chapters__property(visitor, chapters_with):
    for name in chapters_with("sb-ledger"):
        page = visitor().open(name)
        assert page.locator(".sb-strip").count() == page.locator(".sb-measured li").count()
        assert page.evaluate(OUTSIDE) == []


def test_the_page_of_the_ledger_stays_small__property(site):
    assert (site / CLAIMS).stat().st_size < 1.3e6


def test_the_way_to_the_code_unfolds_it__property(visitor):
    window = visitor()
    page = window.open(CLAIMS)
    row = page.locator(".sb-row", has_text="code, index.md line").first
    name = row.locator(".sb-id").inner_text()
    link = row.get_by_role("link", name="code, index.md line")
    link.click()
    page.wait_for_selector(".cell:target")
    cell = page.locator(".cell:target")
    code = cell.locator("pre").first
    assert code.is_visible()
    assert name in code.inner_text()
    assert cell.locator("details").count() > 0
    page.wait_for_function(
        "() => document.querySelector('.cell:target').getBoundingClientRect().top < 200"
    )
    assert window.collect() == []


def test_rows_lead_to_code_on_their_own_page__property(visitor, chapters_with):
    window = visitor()
    page = window.open(chapters_with("sb-ledger")[0])
    link = page.locator(".sb-row").get_by_role("link", name="code, index.md line").last
    address = link.get_attribute("href")
    assert address.startswith("#cell-")
    cell = page.locator(address)
    assert not cell.locator("pre").first.is_visible()
    link.focus()
    page.keyboard.press("Enter")
    cell.locator("pre").first.wait_for(state="visible")
    assert window.collect() == []


def test_findings_lead_to_their_rows__property(visitor):
    window = visitor()
    page = window.open("chapters/findings.html")
    entries = page.locator(".sb-found")
    words = entries.locator(".sb-found-word").all_inner_texts()
    assert set(words) <= {"Error", "Question"}
    told = page.locator("p", has_text="Entries:").inner_text()
    counts = [int(number) for number in re.findall(r"\d+", told)]
    assert counts == [len(words), words.count("Error"), words.count("Question")]
    link = entries.first.locator(".sb-id")
    name = link.inner_text()
    link.click()
    page.wait_for_selector(f"#claim-{name.lower()}:target")
    assert window.collect() == []
