"""The self-test of a device: what it finds, and what it then advises."""

import pytest
from spinebook.book import device_check
from spinebook.book.cli import main
from spinebook.book.device_check import FLAG, Repeatability, advice, check_device
from spinebook.book.errors import BookError


def found(same, seconds=1.0):
    return Repeatability("NVIDIA H100", 1, 80.0, {"sums": same}, seconds)


def test_a_processor_repeats_itself__property(capsys, monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert main(["device"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 × CPU")
    assert said.count("the same every time") == 3
    assert "bit for bit, as it is" in said


def test_an_unknown_flag_is_no_silent_success__property(monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    with pytest.raises(BookError, match="self-test of the device failed"):
        check_device("--xla_no_such_flag=true")


def test_a_flag_is_advised_only_where_it_works__property():
    assert "as it is" in advice(found(True), None)
    assert f"With XLA_FLAGS={FLAG} they do not" in advice(found(False), found(True, 2.5))
    assert "2.5 times as long" in advice(found(False), found(True, 2.5))
    assert "do not trust the flag" in advice(found(False), found(False))
    assert "claims --compare" in advice(found(False), None)


def test_the_flag_is_tried_on_a_gpu_that_does_not_repeat_itself__property(capsys, monkeypatch):
    calls = []

    def check(*flags):
        calls.append(flags)
        return found(bool(flags))

    monkeypatch.setattr("spinebook.book.cli.check_device", check)
    assert main(["device"]) == 0
    assert calls == [(), (FLAG,)]
    assert "1 × NVIDIA H100, 80.0 GB" in capsys.readouterr().out


def test_work_that_differs_is_seen__property(monkeypatch):
    """A program that returns another number each time."""
    numbers = iter(range(100))
    monkeypatch.setattr(device_check, "_work", lambda: {"it": (lambda _: next(numbers), None)})
    assert device_check._report()["repeats"] == {"it": False}
