"""Serving the site on this machine."""

import threading
import urllib.request

import pytest
from spinebook.book.errors import BookError
from spinebook.book.paths import Book
from spinebook.book.site import build


def test_no_site_is_told__property(tmp_path):
    with pytest.raises(BookError, match="build it first"):
        build.serve(Book(tmp_path), 0)


def test_an_unknown_profile_is_told__property(tmp_path):
    with pytest.raises(BookError, match="unknown profile 'huge'"):
        build.build_site(Book(tmp_path), "huge")


def test_a_taken_port_is_told_and_a_free_one_serves__property(tmp_path, monkeypatch):
    site = tmp_path / "_build/site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("hello")
    servers = []
    make = build.http.server.ThreadingHTTPServer

    def remember(*arguments):
        servers.append(make(*arguments))
        return servers[-1]

    monkeypatch.setattr(build.http.server, "ThreadingHTTPServer", remember)
    thread = threading.Thread(target=build.serve, args=(Book(tmp_path), 0), daemon=True)
    thread.start()
    while not servers:
        thread.join(0.01)
    port = servers[0].server_port
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=10) as answer:
        assert answer.read() == b"hello"
    with pytest.raises(BookError, match=f"port {port}"):
        build.serve(Book(tmp_path), port)
    servers[0].shutdown()
    thread.join(10)
    assert not thread.is_alive()
