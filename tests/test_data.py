"""Image sets: what they hold, where they come from, and what is refused."""

import functools
import hashlib
import http.server
import os
import threading

import numpy as np
import pytest
from spinebook import data
from spinebook.data import FOLDER_VARIABLE, load_images, read_image_file

from tests.shared_data import shared_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def write(path, **changes):
    """Write a small, valid image file with some arrays replaced (or, with None, left out)."""
    arrays = {
        "x_train": np.zeros((4, 5, 5), np.uint8),
        "y_train": np.arange(4),
        "x_test": np.zeros((2, 5, 5), np.uint8),
        "y_test": np.arange(2),
    } | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def test_embedded_sets_mix_their_classes__published():
    """Class counts as their packages state them; any 100 images in a row hold all classes."""
    digits = load_images("digits")
    labels = np.concatenate([digits.train_labels, digits.test_labels])
    assert np.all(np.bincount(labels) == 500)
    assert digits.train_images.shape == (4000, 28, 28)
    assert set(labels[1000:1100]) == set(range(10))
    small = load_images("digits8")
    assert len(small.train_labels) + len(small.test_labels) == 1797
    assert small.full_scale == small.train_images.max() == 16


def test_embedded_digits_are_mnist__independent_package():
    whole = read_image_file(shared_file("mnist.npz"))
    known = {
        image.tobytes(): int(label)
        for image, label in zip(whole.train_images, whole.train_labels, strict=True)
    }
    part = load_images("digits")
    assert all(
        known.get(image.tobytes()) == label
        for image, label in zip(part.train_images, part.train_labels, strict=True)
    )


def test_folder_comes_before_the_network__property(folder):
    write(folder / "mnist.npz", y_train=np.array([[3], [1], [4], [1]]))
    assert data.available("mnist")
    assert list(load_images("mnist", download=False).train_labels) == [3, 1, 4, 1]
    write(folder / "cifar10_5k.npz", x_train=np.zeros((4, 5, 5, 3), np.uint8))
    assert load_images("cifar10", download=False).train_images.shape == (4, 5, 5, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_test": None}, "lacks the arrays x_test"),
        ({"x_train": np.zeros((4, 5, 5))}, "expected uint8 train images"),
        ({"x_train": np.zeros((4, 25), np.uint8)}, "expected uint8 train images"),
        ({"y_test": np.arange(3)}, "3 labels"),
    ],
)
def test_bad_image_files_are_refused__property(folder, changes, message):
    write(folder / "mnist.npz", **changes)
    with pytest.raises(ValueError, match=message):
        load_images("mnist")


def test_damaged_file_is_refused__property(folder):
    write(folder / "mnist.npz")
    whole = (folder / "mnist.npz").read_bytes()
    (folder / "mnist.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"damaged .* fetch it again"):
        load_images("mnist")


def test_missing_data_are_told__property(folder, monkeypatch):
    with pytest.raises(ValueError, match=r"unknown image set 'mnits'; the known ones are digits"):
        load_images("mnits")
    with pytest.raises(FileNotFoundError, match=FOLDER_VARIABLE):
        load_images("mnist", download=False)
    with pytest.raises(FileNotFoundError, match="no image file"):
        read_image_file(folder / "none.npz")
    monkeypatch.setenv(FOLDER_VARIABLE, os.fspath(folder / "nowhere"))
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        load_images("mnist")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A server on this machine that stands in for a data set's public home."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)  # the pause before another try
    (tmp_path / "public").mkdir()
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "public")
    )
    monkeypatch.setattr(handler.func, "log_message", lambda *_: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield tmp_path / "public", f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


class BrokenLine(http.server.BaseHTTPRequestHandler):
    """Promises a whole file and hangs up in the middle, as often as ``breaks`` says."""

    content = b"as published" * 20_000
    breaks = 0
    asked = 0

    def do_GET(self):
        """Send a part, or the whole from the last attempt on."""
        cls = type(self)
        cls.asked += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(cls.content)))
        self.end_headers()
        whole = cls.asked > cls.breaks
        self.wfile.write(cls.content if whole else cls.content[: len(cls.content) // 2])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def broken_line(tmp_path, monkeypatch):
    """A server whose line breaks; returns its class, its address and the file's checksum."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)  # the pause before another try
    handler = type("Line", (BrokenLine,), {})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    checksum = "sha256:" + hashlib.sha256(handler.content).hexdigest()
    yield handler, f"http://127.0.0.1:{server.server_port}/file", checksum
    server.shutdown()
    server.server_close()
    thread.join()


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_broken_line_is_tried_again__property(broken_line, tmp_path):
    line, address, checksum = broken_line
    line.breaks = 2
    assert data._fetch(address, checksum).read_bytes() == line.content
    assert line.asked == 3
    assert len(files_in(tmp_path / "cache")) == 1


def test_line_that_stays_broken_leaves_no_half_file__property(broken_line, tmp_path):
    line, address, checksum = broken_line
    line.breaks = 100
    with pytest.raises(RuntimeError, match=rf"could not fetch .*{FOLDER_VARIABLE}"):
        data._fetch(address, checksum)
    assert not files_in(tmp_path / "cache")
    line.breaks = 0
    assert data._fetch(address, checksum).read_bytes() == line.content


def test_file_cut_short_at_its_home_is_refused__property(broken_line, tmp_path):
    """The server says that half is all there is: only the checksum can tell."""
    line, address, checksum = broken_line
    line.content = line.content[: len(line.content) // 2]
    with pytest.raises(RuntimeError, match=r"does not have its published checksum"):
        data._fetch(address, checksum)
    assert not files_in(tmp_path / "cache")


def test_kept_file_that_was_damaged_is_fetched_again__property(broken_line):
    line, address, checksum = broken_line
    kept = data._fetch(address, checksum)
    kept.write_bytes(line.content[:100])
    assert data._fetch(address, checksum).read_bytes() == line.content


def test_corrupt_download_is_refused_and_not_kept__property(home, tmp_path):
    public, address = home
    (public / "file").write_bytes(b"not what was published")
    with pytest.raises(RuntimeError, match=r"does not have its published checksum .* try again"):
        data._fetch(address + "file", "md5:" + "0" * 32)
    assert not files_in(tmp_path / "cache")


def test_download_is_kept__property(home):
    public, address = home
    (public / "file").write_bytes(b"as published")
    checksum = "sha256:" + hashlib.sha256(b"as published").hexdigest()
    first = data._fetch(address + "file", checksum)
    (public / "file").unlink()
    assert data._fetch(address + "file", checksum) == first
    assert first.read_bytes() == b"as published"


def test_unreachable_home_says_what_to_do__property(home):
    _, address = home
    with pytest.raises(RuntimeError, match=FOLDER_VARIABLE):
        data._fetch(address + "missing", "md5:" + "0" * 32)
