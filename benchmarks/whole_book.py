"""How long the book itself takes: every chapter (quick profile) and the site, in a copy.

Four runs after one another: cold (nothing compiled, nothing built), warm (all chapters again, with
the compilation cache), with nothing changed, and with one chapter's code changed. There is no peer;
the bars are seconds on two cores: 360, 240, 5, and that chapter's own time plus 10. Start-up is the
time until the first cell of a chapter has ended, with its kernel and imports.

    python benchmarks/whole_book.py [--record]
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import reports

ROOT = Path(__file__).resolve().parents[1]
CHANGED = "sparse-dendrites"
BARS = {"cold": 360.0, "warm": 240.0, "nothing changed": 5.0, "one chapter changed": 10.0}


def copy(target: Path) -> None:
    """Copy what git knows of the checkout, with the changes that are not committed."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def build(root: Path, *options: str) -> float:
    """Run the chapters and build the site; return the seconds it took."""
    start = time.perf_counter()
    for command in (["run", *options], ["build"]):
        subprocess.run(
            [sys.executable, "-m", "spinebook", "--root", str(root), *command],
            check=True,
            capture_output=True,
        )
    return time.perf_counter() - start


def chapter_seconds(root: Path) -> dict[str, dict[str, float]]:
    """Return what each chapter took, and its first cell."""
    found = {}
    for path in sorted(root.glob("_build/quick/*/results.json")):
        results = json.loads(path.read_text(encoding="utf-8"))
        whole = results["provenance"]["seconds"]
        inside = sum(cell["seconds"] for cell in results["cells"])
        start_up = whole - inside + results["cells"][0]["seconds"]
        found[path.parent.name] = {"seconds": whole, "start_up": round(start_up, 2)}
    return found


def main() -> None:
    """Measure the four runs and print them beside their bars."""
    options = reports.options(1)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        copy(root)
        times = {"cold": build(root), "warm": build(root, "--force")}
        chapters = chapter_seconds(root)
        times["nothing changed"] = build(root)
        page = root / "chapters" / CHANGED / "index.md"
        text = page.read_text(encoding="utf-8")
        mark = ":tags: [parameters]\n\n"
        page.write_text(text.replace(mark, f"{mark}# changed\n", 1), encoding="utf-8")
        taken = build(root)
        own = chapter_seconds(root)[CHANGED]["seconds"]
        times["one chapter changed"] = taken - own
    for name, seconds in times.items():
        beyond = f" beyond the {own:.0f} s of the chapter" if "chapter" in name else ""
        verdict = "reached" if seconds <= BARS[name] else "MISSED"
        print(f"{name}: {seconds:.1f} s{beyond}; at most {BARS[name]:g}: {verdict}")
    for slug, one in chapters.items():
        print(f"{slug}: {one['seconds']:.0f} s warm, {one['start_up']:.1f} s to the first result")
    found: dict[str, Any] = reports.origin(["jax", "papermill", "jupyter-book"])
    found |= {"pairs": 1, "cases": {}, "bars": [], "chapters": chapters}
    found["times"] = [
        {"what": name, "seconds": round(seconds, 1), "at_most": BARS[name]}
        for name, seconds in times.items()
    ]
    reports.keep(__file__, found, options)


if __name__ == "__main__":
    main()
