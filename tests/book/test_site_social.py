"""What pages tell those that link to them."""

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from spinebook.book.site import social


def test_a_description_is_whole_sentences__closed_form():
    assert (
        social.description("One $n$ is `x`.  Two\nis *so*. Three?")
        == "One n is x. Two is so. Three?"
    )
    long = "A" + "b" * 150 + ". C" + "d" * 150 + "."
    assert social.description(long) == "A" + "b" * 150 + "."


@pytest.mark.parametrize("word", ["word", "a.b"])
def test_a_long_sentence_is_cut_between_words__property(word):
    text = social.description(f"{word} " * 100)
    assert len(text) <= social.LONGEST
    assert text.endswith(f"{word}…")


def test_the_opening_is_the_first_prose__property():
    others = ".. raw:: html\n\n   <p>A header.</p>\n\n.. note:: Not this.\n\n- Nor this.\n\n"
    page = "Title\n=====\n\n" + others + "The *first* words.\n\nMore.\n"
    assert social.opening(publish_doctree(page)) == "The first words."
    assert social.opening(None) == ""


def test_html_inside_a_sentence_is_left_out__property():
    tree = publish_doctree("Before\n")
    next(iter(tree.findall(nodes.paragraph))).append(nodes.raw("", "<b>1</b>", format="html"))
    assert social.opening(tree) == "Before"


def test_values_are_escaped_and_empty_ones_left_out__property():
    text = social.tags({"title": 'A "b" <c>', "image": ""}, "d & e")
    assert 'content="A &quot;b&quot; &lt;c&gt;"' in text
    assert 'name="description" content="d &amp; e"' in text
    assert "og:image" not in text
