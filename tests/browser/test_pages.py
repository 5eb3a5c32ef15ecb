"""Every page of the site loads, offline, for every reader."""

from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = pytest.mark.browser

IMAGES = """() => [...document.images].map((image) => ({
  source: image.currentSrc || image.src, alt: image.getAttribute("alt"),
  hidden: getComputedStyle(image).display === "none",
  lazy: image.loading === "lazy",
}))"""
LOAD_IMAGES = """async () => {
  const broken = [];
  for (const image of document.images) {
    image.loading = "eager";
    await image.decode().catch(() => broken.push(image.src));
  }
  return broken;
}"""
WIDER_THAN_WINDOW = """() => {
  window.scrollTo(100000, 0);
  const moved = window.scrollX;
  window.scrollTo(0, 0);
  return moved;
}"""
# What is cut off: it reaches beyond the window, and nothing around it scrolls.
CUT_OFF = """() => {
  const scrolls = (node) => node && node !== document.body &&
    (["auto", "scroll"].includes(getComputedStyle(node).overflowX) || scrolls(node.parentElement));
  return [...document.querySelectorAll("main *")].filter((node) => {
    const box = node.getBoundingClientRect();
    const hidden = node.closest(".sb-hidden, thead, mjx-assistive-mml, .headerlink, .tooltip");
    const beyond = box.width > 1 && box.height > 1 && box.right > innerWidth + 1;
    return beyond && !hidden && !scrolls(node);
  }).map((node) => node.outerHTML.slice(0, 120)).slice(0, 3);
}"""


class Links(HTMLParser):
    """Collect ids and addresses of one page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.targets = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            elif name in {"href", "src"} and value:
                self.targets.append(value)


def test_every_page_loads_without_errors_or_outside_requests__property(visitor, pages):
    window = visitor()
    problems = {}
    for name in pages:
        page = window.open(name)
        broken = page.evaluate(LOAD_IMAGES)
        noted = window.collect() + [f"broken image: {source}" for source in broken]
        without_alt = [i["source"] for i in page.evaluate(IMAGES) if i["alt"] is None]
        noted += [f"image without alternative text: {source}" for source in without_alt]
        if noted:
            problems[name] = noted
    assert problems == {}


def test_pages_open_from_a_folder_without_a_server__property(visitor, site, pages):
    window = visitor(base=site.as_uri() + "/")
    problems = {}
    for name in pages:
        window.open(name)
        if noted := window.collect():
            problems[name] = noted
    assert problems == {}


def test_links_inside_the_site_lead_somewhere__property(site, pages):
    parsed = {name: Links((site / name).read_text("utf-8")) for name in pages}
    problems = []
    for name, links in parsed.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            path = (site / name).parent / unquote(parts.path) if parts.path else site / name
            key = path.resolve()
            if not key.is_file():
                problems.append(f"{name}: {target} leads nowhere")
                continue
            page = key.relative_to(site).as_posix()
            fragment = unquote(parts.fragment)
            # Addresses with "=" hold the filters of the claims page.
            known = parsed[page].ids if page in parsed else [fragment]
            if fragment and "=" not in fragment and fragment not in known:
                problems.append(f"{name}: {target} names no place on {page}")
    assert problems == []


def test_ids_are_unique_on_each_page__property(site, pages):
    for name in pages:
        ids = Links((site / name).read_text("utf-8")).ids
        assert sorted(ids) == sorted(set(ids)), name


# Most of axe's time goes into each page's tree, so a page is given to it once. Themes differ in
# colours only, and pages of one kind share them; what scrolls and what is a card depends on the
# width. Rows of the ledger are made alike.
EVERYTHING = {"resultTypes": ["violations"]}
CONTRAST = {"runOnly": ["color-contrast"]}
ALL_BUT_CONTRAST = {"rules": {"color-contrast": {"enabled": False}}}
CONTEXT = {"exclude": [[".sb-ledger tr:nth-child(n+16)"]]}


def each_kind(pages):
    """One chapter, one page of the library, and every page that is neither."""
    chapters = [name for name in pages if name.count("/") == 2 and name.endswith("/index.html")]
    library = [name for name in pages if "/library/" in name]
    return [n for n in pages if n not in {*chapters, *library}] + [chapters[-1], library[-1]]


@pytest.mark.parametrize(
    ("theme", "width", "options"),
    [
        ("light", 1280, EVERYTHING),
        ("dark", 1280, CONTRAST),
        ("light", 375, ALL_BUT_CONTRAST),
    ],
)
def test_axe_finds_nothing__independent_package(visitor, axe, pages, theme, width, options):
    window = visitor(theme=theme, width=width)
    problems = {}
    for name in pages if options is EVERYTHING else each_kind(pages):
        page = window.open(name)
        found = axe.run(page, context=CONTEXT, options=options).response["violations"]
        if found:
            problems[name] = [
                f"{rule['id']}: {node['target']} {node['html'][:120]}"
                for rule in found
                for node in rule["nodes"][:3]
            ]
    assert problems == {}


def test_nothing_is_wider_than_a_telephone__property(visitor, pages):
    window = visitor(width=375, height=740)
    too_wide = {}
    for name in pages:
        page = window.open(name)
        moved, cut_off = page.evaluate(WIDER_THAN_WINDOW), page.evaluate(CUT_OFF)
        if moved or cut_off:
            too_wide[name] = moved, cut_off
    assert too_wide == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_theme_shows_its_own_drawings__property(visitor, site, pages, theme):
    window = visitor(theme=theme)
    names = [n for n in pages if 'class="sb-figure"' in (site / n).read_text("utf-8")]
    assert names, "no page with a figure"
    for name in names:
        shown = [i for i in window.open(name).evaluate(IMAGES) if "/results/" in i["source"]]
        for image in shown:
            dark = "-dark.svg" in image["source"]
            assert image["hidden"] == (dark != (theme == "dark")), image
