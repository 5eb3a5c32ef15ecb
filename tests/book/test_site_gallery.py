"""The gallery and the landing page, from chapters that exist on paper only."""

from types import SimpleNamespace

import pytest
from spinebook.book.claims import Paper
from spinebook.book.paths import Book
from spinebook.book.site import figure_html, gallery, landing
from spinebook.book.site.data import SiteData

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 36"></svg>'


def record(name, **changes):
    files = {key: f"figures/{name}{end}" for key, end in
             (("svg", ".svg"), ("svg_dark", "-dark.svg"), ("png", ".png"))}  # fmt: skip
    plain = {"name": name, "title": f"Title of {name}", "caption": "What it shows.", "alt": "Line."}
    return plain | {"files": files, "data": [f"data/{name}.csv"], "interactive": False} | changes


def chapter(folder, profile, figures, slug="toy"):
    (folder / "figures").mkdir(parents=True)
    for figure in figures:
        (folder / figure["files"]["svg"]).write_text(SVG)
    return SimpleNamespace(
        slug=slug,
        title="Toy",
        docname=f"chapters/{slug}/index",
        results_folder=folder,
        results={"profile": profile},
        figures=lambda: figures,
    )


@pytest.fixture
def site(tmp_path):
    shown = chapter(tmp_path / "quick", "quick", [record("one", claims=["TOY-1"]), record("two")])
    other = chapter(tmp_path / "full", "full", [record("two", title="Larger")])
    paper = Paper("T", "A. B, C. D, E. F", 2020, "V", "key", "Less is <more>.", "two")
    return SimpleNamespace(
        profile="quick",
        chapters={"toy": shown},
        compared={"toy": other},
        rows=(),
        ledger=SimpleNamespace(papers={"toy": paper}),
    )


LINKS = gallery.Links(
    page=lambda docname, fragment="": f"{docname}#{fragment}",
    file=lambda slug, path: f"results/{slug}/{path}",
    compared=lambda slug, path: f"compared/{slug}/{path}",
    provenance=lambda chapter, record: f"[made by {record['name']}]",
)


def test_each_figure_has_place_files_and_provenance__property(site):
    text = gallery.gallery(site, LINKS)
    assert 'href="chapters/toy/index#one"' in text
    assert 'href="results/toy/data/one.csv"' in text
    assert "[made by two]" in text
    assert 'data-words="TOY-1"' in text


def test_only_figures_of_both_profiles_are_compared__property(site):
    text = gallery.gallery(site, LINKS)
    assert text.count("Compare profiles") == 1
    assert 'src="compared/toy/figures/two.svg"' in text
    assert "<figcaption>full profile</figcaption>" in text
    assert "compared/toy/figures/one.svg" not in text


def test_results_made_by_hand_are_compared_with_nothing__property(tmp_path):
    book = Book(tmp_path)
    (tmp_path / "chapters").mkdir()
    at_home = SiteData(book, book.results("quick"), "quick", {})
    by_hand = SiteData(book, tmp_path / "elsewhere", "quick", {})
    assert at_home.compared == by_hand.compared == {}


def test_cards_show_claim_and_signature_figure__property(site):
    text = landing.glance(site, LINKS.page, LINKS.file)
    assert "Less is &lt;more&gt;." in text
    assert 'src="results/toy/figures/two.svg"' in text
    assert "B et al. 2020" in text
    site.ledger.papers["toy"] = Paper("T", "A. B", 2020, "V", "key")
    bare = landing.glance(site, LINKS.page, LINKS.file)
    assert "sb-card-claim" not in bare
    assert "<img" not in bare


def test_a_figure_ahead_of_its_place_leads_there_and_has_no_id__property():
    text = figure_html.signature_figure(record("one"), (96, 48), lambda path: path)
    assert 'href="#one"' in text
    assert 'id="' not in text
    assert text.count('alt="Line."') == 2
