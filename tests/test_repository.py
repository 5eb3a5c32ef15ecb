"""The repository's own promises: locks, versions, licences, targets, nothing of one machine."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
GROUPS = ("library", "book", "test", "bench", "cuda13")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LIGHT = {"jax", "flax", "optax", "orbax-checkpoint", "numpy", "scipy", "jaxtyping"}
SUFFIXES = {".lock", ".toml", ".yml", ".yaml", ".md", ".cff", ".py", ".sh", ".js", ".css", ".json"}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def pins(group):
    """The lock's lines ``name==version ; marker``, without hashes."""
    return set(re.findall(r"^(\S+==\S+(?: ; .*?)?) \\$", read(f"requirements-{group}.lock"), re.M))


def sources():
    """Text files of the repository: the tracked ones, or all where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        hidden = {"_build", ".venv", ".git", "__pycache__"}
        paths = [p for p in ROOT.rglob("*") if not hidden & set(p.relative_to(ROOT).parts)]
    extra = {"Makefile", "run", "postBuild"}
    return [p for p in paths if p.is_file() and (p.suffix in SUFFIXES or p.name in extra)]


@pytest.mark.parametrize("group", GROUPS)
def test_lock_has_hashes_and_no_address__property(group):
    text = read(f"requirements-{group}.lock")
    assert not re.search(r"://|--(extra-)?index-url|--find-links| @ ", text)
    for entry in re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.M).strip()):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_locks_are_nested__property():
    for smaller, larger in pairwise(GROUPS):
        assert pins(smaller) <= pins(larger)


def test_lock_has_one_jax_for_311_and_a_newer_one_above__property():
    versions = dict(
        reversed(pin.removeprefix("jax==").split(" ; "))
        for pin in pins("library")
        if pin.startswith("jax==")
    )
    old = versions["python_full_version < '3.12'"]
    new = versions["python_full_version >= '3.12'"]
    assert tuple(map(int, old.split("."))) < tuple(map(int, new.split(".")))


def test_lock_satisfies_the_project__property():
    for group in GROUPS:
        wanted = [*PROJECT["dependencies"], "setuptools"]
        if group != "library":
            wanted += PROJECT["optional-dependencies"]["book"]
        locked = {canonicalize_name(re.split(r"==", pin)[0]) for pin in pins(group)}
        names = {canonicalize_name(Requirement(text).name) for text in wanted}
        assert names <= locked


def test_base_install_is_light__property():
    assert {Requirement(text).name for text in PROJECT["dependencies"]} == LIGHT
    extras = {"book", "test", "bench", "cuda13", "cluster"}
    assert set(PROJECT["optional-dependencies"]) == extras


def test_wheel_holds_the_library_alone__property(tmp_path):
    checkout = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "lib", checkout / "lib", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT"):
        shutil.copy(ROOT / name, checkout)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    subprocess.run(
        [*command, "--no-build-isolation", "--wheel-dir", str(tmp_path), str(checkout)], check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    package = ROOT / "lib" / "spinebook"
    data = [p for p in package.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert {p.relative_to(ROOT / "lib").as_posix() for p in data} <= held
    assert "spinebook/py.typed" in held
    folders = {name.split("/")[0] for name in held}
    assert folders == {"spinebook", f"spinebook-{PROJECT['version']}.dist-info"}


def test_versions_agree__property():
    from importlib.metadata import version

    assert version("spinebook") == PROJECT["version"]
    assert yaml.safe_load(read("CITATION.cff"))["version"] == PROJECT["version"]
    headings = re.findall(r"^## \[(.+?)\]", read("CHANGELOG.md"), re.M)
    assert headings[:2] == ["Unreleased", PROJECT["version"]]


def test_licences_are_whole__property():
    assert "Redistribution and use in source and binary forms" in read("LICENSE")
    text = read("LICENSE-TEXT")
    assert text.startswith("Attribution 4.0 International")
    assert [f"Section {n} -- " in text for n in range(1, 9)] == [True] * 8


def test_help_lists_every_target__property():
    makefile = read("Makefile")
    (declared,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, re.M)
    targets = {name for name in declared.replace("\\", " ").split() if "environment" not in name}
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert set(re.findall(r"make ([a-z-]+) —", shown)) == targets


def test_targets_named_in_the_texts_exist__property():
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    texts = [p for p in sources() if p.suffix in {".md", ".yml"} or p.name == "run"]
    for path in texts:
        named = re.findall(r"(?:^|`|run: )make (?!-)([a-z][a-z-]*)", path.read_text("utf-8"), re.M)
        assert set(named) <= targets, path


def test_nothing_of_one_machine_is_tracked__property():
    # Spelled so that this file does not hold what it looks for.
    home, index = "/" + "root/", "py" + "pi.org/simple"
    unwanted = re.compile(rf"{home}|/home/\w+/|/Users/\w+/|{index}|file:/{{2,3}}[a-z]")
    found = [str(p.relative_to(ROOT)) for p in sources() if unwanted.search(p.read_text("utf-8"))]
    assert not found


def test_conda_and_binder_install_the_lock__property():
    for name in ("environment.yml", ".binder/environment.yml"):
        content = yaml.safe_load(read(name))
        (nested,) = [part["pip"] for part in content["dependencies"] if isinstance(part, dict)]
        # pip accepts no editable or unhashed line among hashed requirements.
        (line,) = nested
        lock = (ROOT / name).parent / line.removeprefix("-r ")
        assert lock.resolve() == ROOT / "requirements-book.lock"


def test_actions_are_pinned_by_commit__property():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        used = re.findall(r"uses: (\S+)(.*)", text)
        assert used
        for action, comment in used:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {}
        assert all("timeout-minutes" in job for job in workflow["jobs"].values())
        assert "concurrency" in workflow
