"""Build the site and put it in place in one step; serve it on this machine."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from spinebook.book.errors import BookError
from spinebook.book.paths import PROFILES, Book
from spinebook.book.publish import only_run, publish, recover
from spinebook.book.site.data import PROFILE_VARIABLE, RESULTS_VARIABLE
from spinebook.book.site.version import source_version

STAMP = ".spinebook-site"


def build_site(
    book: Book, profile: str, *, results: Path | None = None, force: bool = False
) -> Path:
    """Build the site from the results of a profile; chapters are not run.

    Sphinx works in ``_build/.site``, which it reuses, so that only changed pages are drawn again.
    The finished site replaces ``_build/site`` at once. If nothing it is made from has changed, the
    site at hand is kept.

    Args:
        book: the checkout.
        profile: ``quick`` or ``full``.
        results: folder of the results, by default the profile's own.
        force: draw every page again.

    Returns:
        Folder of the site.

    Raises:
        BookError: if the profile is unknown or Sphinx reports an error or a warning.
    """
    if profile not in PROFILES:
        raise BookError(f"unknown profile {profile!r}; there are: {', '.join(PROFILES)}")
    if not (book.root / "_toc.yml").is_file():
        raise BookError(f"{book.root / '_toc.yml'}: file not found; it lists the pages of the site")
    results = (results or book.results(profile)).resolve()
    site = book.build / "site"
    book.build.mkdir(exist_ok=True)
    recover(book.build)  # puts back the site that a killed build had moved aside
    stamp = _fingerprint(book, profile, results)
    if not force and _read(site / STAMP) == stamp:
        return site
    work, fresh = book.build / ".site", book.build / ".site.new"
    with only_run(book.build, "site"):
        if force:
            shutil.rmtree(work, ignore_errors=True)
        _run_sphinx(book, profile, results, work)
        shutil.rmtree(fresh, ignore_errors=True)  # of a build that was killed
        shutil.copytree(work / "html", fresh, ignore=shutil.ignore_patterns(".buildinfo"))
        (fresh / ".nojekyll").touch()  # GitHub Pages would leave out folders that start with "_"
        (fresh / STAMP).write_text(stamp, "utf-8")
        publish(fresh, site)
    return site


def serve(book: Book, port: int = 8000) -> None:
    """Serve the built site on this machine until interrupted.

    Raises:
        BookError: if no site has been built, or the port is taken.
    """
    site = book.build / "site"
    with suppress(OSError):  # a folder that may only be read is served as it is
        recover(book.build)
    if not (site / "index.html").is_file():
        raise BookError(f"no site at {site}; build it first with `spinebook build`")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise BookError(f"port {port}: {error.strerror}; choose another with --port") from None
    with server:
        print(f"Serving {site} at http://127.0.0.1:{server.server_port}/ (stop with Ctrl-C)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Stopped.")


def _run_sphinx(book: Book, profile: str, results: Path, work: Path) -> None:
    from jupyter_book.sphinx import build_sphinx

    from spinebook.book.site.prepare import NO_RUN_VARIABLE

    os.environ |= {
        RESULTS_VARIABLE: str(results),
        PROFILE_VARIABLE: profile,
        NO_RUN_VARIABLE: "1",
    }
    status = build_sphinx(
        book.root,
        work / "html",
        path_config=book.root / "_config.yml",
        noconfig=True,
        confoverrides={
            "external_toc_path": (book.root / "_toc.yml").as_posix(),
            "latex_individualpages": False,
            "nitpicky": True,
        },
        warningiserror=True,
        keep_going=True,
        quiet=True,
    )
    sys.stderr.flush()
    if status:
        # Sphinx warns about a page only when it reads it; keeping what it has read would let the
        # next build pass without the page being mended.
        shutil.rmtree(work, ignore_errors=True)
        raise BookError(
            "the site could not be built, and the one in _build/site stays as it was; "
            "mend what is listed above"
        )


def _fingerprint(book: Book, profile: str, results: Path) -> str:
    digest = hashlib.sha256(f"{source_version()} {profile} {results}".encode())
    for path in sorted(_inputs(book, results)):
        digest.update(str(path).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _inputs(book: Book, results: Path) -> Iterator[Path]:
    """Yield every file whose content can show on the site."""
    for name in ("_config.yml", "_toc.yml", "CHANGELOG.md", "LICENSE", "LICENSE-TEXT"):
        if (book.root / name).is_file():
            yield book.root / name
    yield from (book.root / "benchmarks" / "results").glob("*.json")
    package = Path(__file__).parents[2]
    for folder in (book.chapters, package):
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
    for folder in {results, *(book.results(profile) for profile in PROFILES)}:
        for slug in book.slugs():
            yield from (path for path in (folder / slug).rglob("*") if path.is_file())


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""
