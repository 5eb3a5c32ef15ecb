"""Make the picture of the site for the README: a figure of a chapter beside its ledger rows.

Unlike its neighbours this needs the test environment (Playwright) and Chromium, and a built site:

    .venv/bin/python tools/picture.py            # writes chapters/_static/site.png
"""

from __future__ import annotations

import argparse
import base64
import shutil
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT = 680, 820  # of one half, in the pixels that the page sees
SCALE = 1  # legible when shown at half its size, and a small file
FRAME = """<!doctype html><style>
body { margin: 0; padding: 20px; display: flex; gap: 20px; background: #e3e9ee; }
img { width: %dpx; border-radius: 10px; box-shadow: 0 1px 4px rgb(20 40 60 / 30%%); }
</style><img src="data:image/png;base64,%s"><img src="data:image/png;base64,%s">"""


def photograph(browser: Browser, address: str, top: str, above: int) -> str:
    """Return a picture of a page, scrolled so that an element stands near its upper edge.

    Args:
        browser: a running Chromium.
        address: the page, with filters if it is the ledger.
        top: selector of the element.
        above: room above the element, in pixels.
    """
    size = ViewportSize(width=WIDTH, height=HEIGHT)
    page = browser.new_page(viewport=size, device_scale_factor=SCALE, color_scheme="light")
    page.goto(address)
    page.wait_for_function(
        "!window.MathJax?.startup?.promise || window.MathJax.startup.promise.then(() => true)"
    )
    # Pictures load only when they are near, and would move what stands below them.
    page.evaluate(
        """async ([top, above]) => {
          for (const image of document.images) {
            image.loading = "eager";
            await image.decode().catch(() => {});
          }
          const box = document.querySelector(top).getBoundingClientRect();
          window.scrollTo({top: scrollY + box.top - above, behavior: "instant"});
        }""",
        [top, above],
    )
    page.wait_for_timeout(300)
    picture = page.screenshot()
    page.close()
    return base64.b64encode(picture).decode()


def main() -> None:
    """Take both halves and put them side by side."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "site")
    parser.add_argument("--out", type=Path, default=ROOT / "chapters" / "_static" / "site.png")
    parser.add_argument("--chapter", default="sparse-dendrites")
    parser.add_argument("--figure", default="fig-5a")
    parser.add_argument("--rows", default="figure 5a", help="words that choose the ledger's rows")
    options = parser.parse_args()
    pages = options.site.resolve().as_uri() + "/chapters"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        figure = f"section:has(#{options.figure}):not(:has(section #{options.figure}))"
        left = photograph(browser, f"{pages}/{options.chapter}/index.html", figure, 85)
        rows = f"chapter={options.chapter}&text={options.rows.replace(' ', '+')}"
        right = photograph(browser, f"{pages}/claims.html#{rows}", ".sb-row:not([hidden])", 85)
        size = ViewportSize(width=2 * WIDTH + 60, height=HEIGHT + 40)
        page = browser.new_page(viewport=size, device_scale_factor=SCALE)
        page.set_content(FRAME % (WIDTH, left, right))
        page.screenshot(path=options.out)
        browser.close()
    print(f"{options.out}: {options.out.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
