"""Run chapters, each in an operating-system process of its own, and keep only whole results."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from spinebook.book.chapters import Chapter, load_chapter
from spinebook.book.claims import read_claims
from spinebook.book.errors import BookError, system_fault
from spinebook.book.fingerprint import reasons_to_run
from spinebook.book.jsonfile import write_json
from spinebook.book.paths import Book
from spinebook.book.progress import Progress, progress
from spinebook.book.provenance import digest
from spinebook.book.publish import only_run, publish, recover, working_folder
from spinebook.book.results import check_against_claims, read_results
from spinebook.book.worker import Stopped, Workers


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
    by_hand: bool = False

    @property
    def folder(self) -> Path:
        """Folder of this chapter's results."""
        return self.results / self.chapter.slug

    def reasons(self, force: bool = False) -> list[str]:
        """Why the chapter must run, in words; nothing if its results can be used again."""
        if force:
            return ["asked for by --force"]
        return reasons_to_run(self.book, self.chapter, self.profile, self.overrides, self.folder)


def make_plans(
    book: Book,
    slugs: Sequence[str],
    profile: str,
    given: dict[str, Any] | None = None,
    out: Path | None = None,
    *,
    miniature: bool = False,
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
    elif miniature and not given:
        results = book.build / "miniature"
    elif given:
        key = digest(json.dumps([profile, miniature, given], sort_keys=True).encode())[:8]
        results = book.build / "custom" / key
    else:
        results = book.results(profile)
    options = " --miniature" * miniature
    options += "".join(f" -p {shlex.quote(f'{k}={v}')}" for k, v in given.items())
    plans = []
    for slug in slugs:
        chapter = load_chapter(book, slug)
        read_claims(book.chapters / slug / "claims.yml")  # a faulty ledger is told before the run
        overrides = chapter.values(profile, given, miniature=miniature)
        command = f"spinebook run {slug} --profile {profile}{options}"
        by_hand = bool(given) or miniature
        plan = Plan(book, chapter, profile, overrides, results.resolve(), command, by_hand)
        plans.append(plan)
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
    workers = Workers()
    with progress() as audience, ThreadPoolExecutor(jobs or default_jobs()) as pool:
        runs = [pool.submit(_run, plan, force, audience, workers) for plan in plans]
        try:
            return [run.result() for run in runs]
        except BaseException:  # above all Ctrl-C, at which nothing may work on unseen
            pool.shutdown(wait=False, cancel_futures=True)
            workers.stop()
            raise


def default_jobs() -> int:
    """Return how many chapters run at a time: one on a GPU, whose memory JAX takes for itself."""
    if shutil.which("nvidia-smi") and os.environ.get("JAX_PLATFORMS") != "cpu":
        return 1
    return max(1, os.cpu_count() or 1)


def _run(plan: Plan, force: bool, audience: Progress, workers: Workers) -> Outcome:
    slug = plan.chapter.slug
    try:
        if not plan.reasons(force):
            faults = _faults(plan, plan.folder)
            if faults:
                raise BookError("\n".join(faults))
            audience.done(slug, "nothing changed, results used again")
            return Outcome(slug, "reused")
        with only_run(plan.results, slug):
            return _execute(plan, audience, workers)
    except Stopped:
        return Outcome(slug, "stopped")
    except (BookError, OSError) as error:
        audience.done(slug, "failed")
        text = system_fault(error) if isinstance(error, OSError) else str(error)
        return Outcome(slug, "failed", error=text)


def _execute(plan: Plan, audience: Progress, workers: Workers) -> Outcome:
    slug, out = plan.chapter.slug, working_folder(plan.results, plan.chapter.slug)
    try:
        error = _attempt(plan, out, audience, workers)
        if error:
            return _keep_failure(plan, out, error, audience)
        results = read_results(out) or {}
        publish(out, plan.folder)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise
    shutil.rmtree(_failed(plan), ignore_errors=True)
    shutil.rmtree(_checkpoints(plan), ignore_errors=True)
    seconds = results["provenance"]["seconds"]
    audience.done(slug, f"done in {seconds:.0f} s")
    return Outcome(slug, "ran", seconds, notices=results["stderr"])


def _attempt(plan: Plan, out: Path, audience: Progress, workers: Workers) -> str:
    """Execute a plan into a folder; return what went wrong, if anything did."""
    slug, path = plan.chapter.slug, out / "request.json"
    request = {
        "root": str(plan.book.root),
        "slug": slug,
        "profile": plan.profile,
        "overrides": plan.overrides,
        "out": str(out),
        "checkpoints": str(_checkpoints(plan)),
        "runner": os.getpid(),
        "command": plan.command,
    }
    write_json(path, request)
    status, log = workers.execute(
        path, plan.book.root, plan.book.build, partial(_tell, audience, slug)
    )
    path.unlink()
    if status == 0:
        return "\n".join(_faults(plan, out))
    text = out / "error.txt"
    told = text.read_text(encoding="utf-8").strip() if text.is_file() else ""
    return told or (log if status == 1 else "\n".join(filter(None, (_end(status), log))))


def _tell(audience: Progress, slug: str, event: dict[str, Any]) -> None:
    """Pass on what a chapter's process says of itself."""
    if "note" in event:
        audience.note(slug, event["note"])
    else:
        audience.cell(slug, event["cell"], event["total"])


def _end(status: int) -> str:
    """Say how a process ended that could not say it itself."""
    if status == -getattr(signal, "SIGKILL", 9):
        return (
            "the process that runs the chapter was killed; the usual reason is that the machine "
            "ran out of memory: run fewer chapters at a time (--jobs 1)"
        )
    return f"the process that runs the chapter ended with status {status}"


def _faults(plan: Plan, folder: Path) -> list[str]:
    path = plan.book.chapters / plan.chapter.slug / "claims.yml"
    results = read_results(folder)
    if results is None:
        return [f"{plan.chapter.slug}: the run left no results"]
    claims = read_claims(path)[1]
    return check_against_claims(results, claims, plan.profile, path, whole=not plan.by_hand)


def _checkpoints(plan: Plan) -> Path:
    """Return where long trainings of a chapter keep their state until a run has ended well."""
    return plan.results / f".{plan.chapter.slug}.checkpoints"


def _failed(plan: Plan) -> Path:
    return plan.results / f"{plan.chapter.slug}.failed"


def _keep_failure(plan: Plan, out: Path, error: str, audience: Progress) -> Outcome:
    target = _failed(plan)
    publish(out, target)
    audience.done(plan.chapter.slug, "failed")
    partial = target / "notebook.ipynb"
    if partial.is_file() and partial.stat().st_size:
        error += f"\nThe notebook as far as it got: {partial}"
    if (plan.folder / "results.json").is_file():
        error += f"\nThe previous good results stay in {plan.folder}"
    return Outcome(plan.chapter.slug, "failed", error=error)
