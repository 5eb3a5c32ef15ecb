"""The policy of finished pages, and where their scripts stand."""

import re

import pytest
from spinebook.book.site.finished_pages import finished
from spinebook.book.site.policy import policy_of, with_policy

PAGE = """<!DOCTYPE html>
<html><head>
<meta charset="utf-8" />
<script data-cfasync="false">document.title = "dark";</script>
<script defer src="_static/scripts/fontawesome.js?digest=5"></script>
<script src="_static/first.js"></script>
<script defer="defer" src="_static/site.js"></script>
<script>let second = 2;</script>
<script src="_static/searchtools.js"></script>
<script src="searchindex.js"></script>
</head><body><p>Text</p>
<script type="application/json" class="spec">{"a": 1}</script>
<script type="text/x-thebe-config">{ requestKernel: true }</script>
<script>kernelName = 'python3'</script>
<script defer src="_static/scripts/theme.js"></script>
</body></html>
"""


def scripts_of(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    return next(part for part in policy.split("; ") if part.startswith("script-src")).split()[1:]


def test_a_script_is_named_by_its_hash__published():
    # The example of the Content Security Policy Level 3 recommendation.
    policy = policy_of("<script>alert('Hello, world.');</script>")
    assert "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='" in policy


def test_only_scripts_of_the_page_that_run_are_named__property():
    sources = scripts_of(finished(PAGE, search=False))
    assert sources[0] == "'self'"
    assert len(sources) == 3  # of the colours and of the variable, not of the settings
    assert all(source.startswith("'sha256-") for source in sources[1:])
    assert len(scripts_of(finished(PAGE.replace("second = 2", "second = 3"), search=False))) == 3


def test_nothing_loosens_the_policy_of_scripts__property():
    policy = policy_of(PAGE)
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "http" not in policy


def test_the_policy_stands_before_every_script_and_style__property():
    page = finished(PAGE, search=False)
    assert page.index("Content-Security-Policy") < page.index("<script")


def test_finishing_twice_changes_nothing__property():
    once = finished(PAGE, search=False)
    assert finished(once, search=False) == once
    assert once.count("Content-Security-Policy") == 1


def test_blocking_scripts_come_last_in_their_order__property():
    page = finished(PAGE, search=False)
    head, _, body = page.partition("</head>")
    blocking = [tag for tag in re.findall(r"<script[^>]*src[^>]*>", head) if "defer" not in tag]
    assert blocking == []
    assert "data-cfasync" in head
    assert body.index("first.js") < body.index("let second") < body.index("</body>")
    assert body.index("Text") < body.index("first.js")


def test_scripts_that_no_page_needs_are_left_out__property():
    page = finished(PAGE, search=False)
    for word in ("fontawesome", "thebe", "kernelName", "searchindex", "searchtools"):
        assert word not in page
    assert 'class="spec"' in page
    search = finished(PAGE, search=True)
    assert search.index("searchtools.js") < search.index("searchindex.js")


def test_a_page_without_a_character_set_is_refused__property():
    with pytest.raises(ValueError, match="charset"):
        with_policy("<html><head></head></html>")
