"""The content security policy in a browser: the site keeps to it, and the rest is refused."""

import pytest

pytestmark = pytest.mark.browser

# Violations that a page causes before or while it loads; those of one frame are enough.
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
INJECT = """(kind) => {
  window.broken = false;
  const script = document.createElement("script");
  const image = document.createElement("img");
  if (kind === "script") script.textContent = "window.broken = true;";
  if (kind === "address") script.src = "data:text/javascript,window.broken = true;";
  if (kind === "handler") {
    image.setAttribute("onerror", "window.broken = true");
    image.src = "data:,";
  }
  document.body.append(kind === "handler" ? image : script);
  if (kind === "text") {
    try { new Function("window.broken = true")(); } catch (error) { return; }
  }
}"""


def test_no_page_breaks_its_own_policy__property(visitor, site, pages):
    window = visitor()
    window.page.add_init_script(WATCH)
    problems = {}
    for name in pages:
        assert "Content-Security-Policy" in (site / name).read_text("utf-8"), name
        page = window.open(name)
        noted = page.evaluate("() => window.violations || []") + window.collect()
        if noted:
            problems[name] = noted
    assert problems == {}


@pytest.mark.parametrize("kind", ["script", "address", "handler", "text"])
def test_what_is_put_into_a_page_does_not_run__property(visitor, chapters_with, kind):
    window = visitor()
    window.page.add_init_script(WATCH)
    page = window.open(chapters_with("spinebook-explorer-spec")[0])
    # The devtools protocol may evaluate what the policy forbids; a timer of the page may not.
    page.evaluate(f"(kind) => setTimeout({INJECT}, 0, kind)", kind)
    page.wait_for_function("() => window.violations.length > 0")
    page.wait_for_timeout(100)
    assert page.evaluate("() => window.broken") is False
    assert page.evaluate("() => window.violations")[0].startswith("script-src")


def test_nothing_is_fetched_from_or_sent_to_another_host__property(visitor):
    page = visitor().open("chapters/index.html")
    refused = page.evaluate("() => fetch('http://127.0.0.1:9/').then(() => false, () => true)")
    assert refused
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert "http" not in policy
    assert "form-action 'self'" in policy
