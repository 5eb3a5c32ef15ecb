"""The script that makes ``.venv``: what it installs when, and what it says when it cannot."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "environment.py"


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """The script in a small project of its own, with pip and venv replaced by a list of calls."""
    (tmp_path / "tools").mkdir()
    path = tmp_path / "tools" / "environment.py"
    path.write_text(TOOL.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("project 1", encoding="utf-8")
    specification = importlib.util.spec_from_file_location("environment_tool", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    for group in module.GROUPS:
        (tmp_path / f"requirements-{group}.lock").write_text(f"{group} 1", encoding="utf-8")

    module.calls = []

    def create(venv):
        module.calls.append("create")
        Path(venv).mkdir(exist_ok=True)

    def pip(venv, *arguments):
        module.calls.append(Path(arguments[-1]).name if "-r" in arguments else "project")

    def ask(group):
        module.calls.clear()
        monkeypatch.setattr(sys, "argv", ["environment.py", group])
        module.main()
        return list(module.calls)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "create", create)
    monkeypatch.setattr(module, "pip", pip)
    monkeypatch.setattr(module, "usable", lambda venv: Path(venv).is_dir())
    module.ask, module.root = ask, tmp_path
    return module


def test_installs_once__property(tool):
    assert tool.ask("book") == ["create", "requirements-book.lock", "project"]
    assert tool.ask("book") == []


def test_larger_group_serves_the_smaller__property(tool):
    tool.ask("book")
    assert tool.ask("test") == ["requirements-test.lock", "project"]
    assert tool.ask("book") == []
    assert tool.ask("library") == []


def test_changed_lock_is_installed_for_the_larger_group__property(tool):
    tool.ask("test")
    (tool.root / "requirements-book.lock").write_text("book 2", encoding="utf-8")
    assert tool.ask("book") == []
    (tool.root / "requirements-test.lock").write_text("test 2", encoding="utf-8")
    assert tool.ask("book") == ["requirements-test.lock", "project"]


def test_changed_project_is_installed_alone__property(tool):
    tool.ask("book")
    (tool.root / "pyproject.toml").write_text("project 2", encoding="utf-8")
    assert tool.ask("book") == ["project"]


def test_broken_installation_is_done_again__property(tool, monkeypatch):
    working = tool.pip

    def broken(*arguments):
        raise SystemExit("pip failed")

    monkeypatch.setattr(tool, "pip", broken)
    with pytest.raises(SystemExit, match="pip failed"):
        tool.ask("book")
    monkeypatch.setattr(tool, "pip", working)
    assert tool.ask("book") == ["requirements-book.lock", "project"]


def test_killed_installation_is_made_anew__property(tool, monkeypatch):
    """Nothing runs after a kill, so what stands in the stamp is all that the next call has."""
    working = tool.pip

    def killed(*arguments):
        raise KeyboardInterrupt

    tool.ask("book")
    (tool.root / "requirements-book.lock").write_text("book 2", encoding="utf-8")
    monkeypatch.setattr(tool, "pip", killed)
    with pytest.raises(KeyboardInterrupt):
        tool.ask("book")
    monkeypatch.setattr(tool, "pip", working)
    assert tool.ask("book") == ["create", "requirements-book.lock", "project"]
    assert tool.ask("book") == []


def test_unusable_environment_is_made_anew__property(tool, monkeypatch):
    tool.ask("book")
    monkeypatch.setattr(tool, "usable", lambda venv: False)
    assert tool.ask("book") == ["create", "requirements-book.lock", "project"]


def test_old_python_gets_a_message__property(tool, monkeypatch):
    monkeypatch.setattr(tool.sys, "version_info", (3, 10, 4))
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed.*make PYTHON="):
        tool.ask("book")


def test_missing_venv_module_gets_a_message__property(tool, monkeypatch):
    fresh = importlib.util.spec_from_file_location("fresh", TOOL)
    module = importlib.util.module_from_spec(fresh)
    fresh.loader.exec_module(module)
    monkeypatch.setattr(subprocess, "call", lambda command: 1)
    with pytest.raises(SystemExit, match="python3-venv is missing"):
        module.create("anywhere")


def test_moved_environment_is_unusable__property(tmp_path):
    specification = importlib.util.spec_from_file_location("fresh", TOOL)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert module.usable(sys.prefix)
    assert not module.usable(str(tmp_path))
