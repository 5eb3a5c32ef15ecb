"""Run chapters, each in an operating-system process of its own, and keep only whole results."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spinebook.book.chapters import Chapter, load_chapter
from spinebook.book.claims import read_claims
from spinebook.book.errors import BookError
from spinebook.book.fingerprint import reasons_to_run
from spinebook.book.paths import Book
from spinebook.book.progress import Progress, progress
from spinebook.book.provenance import digest
from spinebook.book.publish import only_run, publish, recover, working_folder
from spinebook.book.results import check_against_claims, read_results, write_json


@dataclass(frozen=True)
class Outcome:
    """How a chapter ended: ``reused``, ``ran`` or ``failed`` with the error's text."""

    slug: str
    state: str
    seconds: float = 0.0
    error: str = ""
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """One chapter with what its run overrides and where the results go."""

    book: Book
    chapter: Chapter
    profile: str
    overrides: dict[str, Any]
    results: Path
    command: str

    @property
    def folder(self) -> Path:
        """Folder of this chapter's results."""
        return self.results / self.chapter.slug

    def reasons(self, force: bool = False) -> list[str]:
        """Why the chapter must run, in words; nothing if its results can be used again."""
        if force:
            return ["asked for by --force"]
        return reasons_to_run(self.book, self.chapter, self.overrides, self.folder)


def make_plans(
    book: Book,
    slugs: Sequence[str],
    profile: str,
    given: dict[str, Any] | None = None,
    out: Path | None = None,
) -> list[Plan]:
    """Read the chapters and work out what each run overrides.

    Results of a run with parameters given by hand never replace those of a profile: without
    ``out`` they go to a folder of their own under ``_build/custom``.

    Raises:
        BookError: for an unknown profile or parameter, or a malformed source.
    """
    given = given or {}
    if given and len(slugs) != 1:
        raise BookError("-p sets a parameter of one chapter; name exactly one chapter with it")
    if out is not None:
        results = out
    elif given:
        key = digest(json.dumps([profile, given], sort_keys=True).encode())[:8]
        results = book.build / "custom" / key
    else:
        results = book.results(profile)
    options = "".join(f" -p {shlex.quote(f'{k}={v}')}" for k, v in given.items())
    plans = []
    for slug in slugs:
        chapter = load_chapter(book, slug)
        overrides = chapter.values(profile, given)
        command = f"spinebook run {slug} --profile {profile}{options}"
        plans.append(Plan(book, chapter, profile, overrides, results.resolve(), command))
    return plans


def run_plans(plans: Sequence[Plan], *, jobs: int = 0, force: bool = False) -> list[Outcome]:
    """Run what is stale, reuse the rest; a failing chapter does not stop the others.

    Args:
        plans: what to run.
        jobs: chapters at a time; 0 chooses one on a GPU and one a core otherwise.
        force: run even what could be reused.

    Returns:
        One outcome a plan, in the same order.
    """
    for results in {plan.results for plan in plans}:
        results.mkdir(parents=True, exist_ok=True)
        recover(results)
    with progress() as audience, ThreadPoolExecutor(jobs or default_jobs()) as pool:
        return list(pool.map(lambda plan: _run(plan, force, audience), plans))


def default_jobs() -> int:
    """Return how many chapters run at a time: one on a GPU, whose memory JAX takes for itself."""
    if shutil.which("nvidia-smi") and os.environ.get("JAX_PLATFORMS") != "cpu":
        return 1
    return max(1, os.cpu_count() or 1)


def _run(plan: Plan, force: bool, audience: Progress) -> Outcome:
    slug = plan.chapter.slug
    try:
        if not plan.reasons(force):
            faults = _faults(plan, plan.folder)
            if faults:
                raise BookError("\n".join(faults))
            audience.done(slug, "nothing changed, results used again")
            return Outcome(slug, "reused")
        with only_run(plan.results, slug):
            return _execute(plan, audience)
    except BookError as error:
        audience.done(slug, "failed")
        return Outcome(slug, "failed", error=str(error))


def _execute(plan: Plan, audience: Progress) -> Outcome:
    slug, out = plan.chapter.slug, working_folder(plan.results, plan.chapter.slug)
    request = {
        "root": str(plan.book.root),
        "slug": slug,
        "profile": plan.profile,
        "overrides": plan.overrides,
        "out": str(out),
        "runner": os.getpid(),
        "command": plan.command,
    }
    write_json(out / "request.json", request)
    status, log = _worker(plan, out, lambda n, total: audience.cell(slug, n, total))
    error = ""
    if status != 0:
        text = out / "error.txt"
        error = text.read_text(encoding="utf-8") if text.is_file() else log.strip()
        error = error or f"the process ended with status {status}"
    else:
        error = "\n".join(_faults(plan, out))
    if error:
        return _keep_failure(plan, out, error, audience)
    results = read_results(out) or {}
    (out / "request.json").unlink()
    publish(out, plan.folder)
    shutil.rmtree(_failed(plan), ignore_errors=True)
    seconds = results["provenance"]["seconds"]
    audience.done(slug, f"done in {seconds:.0f} s")
    return Outcome(slug, "ran", seconds, notices=results["stderr"])


def _worker(plan: Plan, out: Path, report: Callable[[int, int], None]) -> tuple[int, str]:
    # The threads of OpenBLAS, which solves JAX's linear systems, wait by spinning: with two chapters
    # on two cores they cost up to thirty times what a small system takes.
    environment = {"OPENBLAS_NUM_THREADS": "1"} | os.environ
    environment |= {
        "JAX_COMPILATION_CACHE_DIR": str(plan.book.build / ".jax-cache"),
        # A chapter has dozens of small programs; by default only slow compilations are kept.
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "MPLBACKEND": "agg",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    with (out / "worker.log").open("w+", encoding="utf-8") as log:
        with subprocess.Popen(
            [sys.executable, "-m", "spinebook.book.execute", str(out / "request.json")],
            cwd=plan.book.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("{"):
                    event = json.loads(line)
                    report(event["cell"], event["total"])
        status = process.returncode
        log.seek(0)
        text = log.read()
    (out / "worker.log").unlink(missing_ok=True)
    return status, text


def _faults(plan: Plan, folder: Path) -> list[str]:
    path = plan.book.chapters / plan.chapter.slug / "claims.yml"
    results = read_results(folder)
    if results is None:
        return [f"{plan.chapter.slug}: the run left no results"]
    return check_against_claims(results, read_claims(path)[1], plan.profile, path)


def _failed(plan: Plan) -> Path:
    return plan.results / f"{plan.chapter.slug}.failed"


def _keep_failure(plan: Plan, out: Path, error: str, audience: Progress) -> Outcome:
    target = _failed(plan)
    publish(out, target)
    audience.done(plan.chapter.slug, "failed")
    partial = target / "notebook.ipynb"
    if partial.is_file():
        error += f"\nThe notebook as far as it got: {partial}"
    if (plan.folder / "results.json").is_file():
        error += f"\nThe previous good results stay in {plan.folder}"
    return Outcome(plan.chapter.slug, "failed", error=error)
