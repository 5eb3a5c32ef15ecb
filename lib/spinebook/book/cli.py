"""The command line ``spinebook``: run chapters, build and serve the site, read the ledger."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from spinebook.book import report
from spinebook.book.agreement import compare_book
from spinebook.book.device_check import FLAG, advice, check_device
from spinebook.book.errors import BookError, system_fault
from spinebook.book.ledger import load_ledger, write_verdicts
from spinebook.book.parameters import read_assignment
from spinebook.book.paths import PROFILES, Book
from spinebook.book.publish import recover
from spinebook.book.reference import write_reference
from spinebook.book.resources import forecast
from spinebook.book.runner import Outcome, make_plans, run_plans

profile_option = click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default="quick",
    show_default=True,
    help="Size of the runs: quick on two processor cores, or the papers' own on a GPU.",
)
out_option = click.option(
    "--out",
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the results, by default _build/PROFILE.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spinebook", prog_name="spinebook")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of the checkout, by default the working folder.",
)
@click.pass_context
def cli(context: click.Context, root: Path | None) -> None:
    """Run the chapters of Spinebook, build its site and read its ledger."""
    context.obj = root


@cli.command()
@click.argument("chapter", nargs=-1)
@profile_option
@click.option("-p", "given", multiple=True, metavar="NAME=VALUE", help="Set a parameter.")
@click.option("--jobs", type=click.IntRange(min=0), default=0, help="Chapters at a time.")
@click.option("--shard", metavar="I/N", help="Only every N-th chapter, starting with the I-th.")
@click.option("--force", is_flag=True, help="Run even what has not changed.")
@click.option("--miniature", is_flag=True, help="The full profile in small, to try its path.")
@out_option
@click.pass_obj
def run(
    root: Path | None,
    chapter: tuple[str, ...],
    profile: str,
    given: tuple[str, ...],
    jobs: int,
    shard: str | None,
    force: bool,
    miniature: bool,
    out: Path | None,
) -> None:
    """Execute chapters with papermill, all of them unless some are named."""
    book = Book.find(root)
    slugs = _shard(book.select(chapter), shard)
    plans = make_plans(book, slugs, profile, _values(given), out, miniature=miniature)
    if profile == "full" and not miniature:
        _forecast(book, [plan.chapter.slug for plan in plans if plan.reasons(force)])
    outcomes = run_plans(plans, jobs=jobs, force=force)
    for outcome in outcomes:
        _tell(outcome)
    if any(outcome.state == "failed" for outcome in outcomes):
        raise SystemExit(1)
    if given or out or miniature:
        for plan in plans:
            click.echo(f"Results: {plan.folder}")


@cli.command()
@click.argument("folder", nargs=-1, required=True, type=click.Path(path_type=Path))
@profile_option
@out_option
@click.pass_obj
def gather(root: Path | None, folder: tuple[Path, ...], profile: str, out: Path | None) -> None:
    """Bring chapters that ran with an --out of their own, as on a cluster, into one folder."""
    from spinebook.book.gather import gather as bring

    book = Book.find(root)
    for slug, text in bring(book, folder, profile, out or book.results(profile)).items():
        click.echo(f"{slug}: {text}")


@cli.command()
@profile_option
@out_option
@click.option("--force", is_flag=True, help="Build even if nothing has changed.")
@click.pass_obj
def build(root: Path | None, profile: str, out: Path | None, force: bool) -> None:
    """Build the site from the results of a profile into _build/site."""
    from spinebook.book.site.build import build_site

    book = Book.find(root)
    _results(book, profile, out)
    site = build_site(book, profile, results=out, force=force)
    click.echo(f"The site: {site / 'index.html'}")


@cli.command()
@profile_option
@out_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--check", is_flag=True, help="Fail when a verdict differs from the recorded one.")
@click.option(
    "--compare", is_flag=True, help="Compare with the book's own numbers; fail if any differ."
)
@click.option("--record", is_flag=True, help="Keep verdicts and numbers in the repository.")
@click.pass_obj
def claims(
    root: Path | None,
    profile: str,
    out: Path | None,
    as_json: bool,
    check: bool,
    compare: bool,
    record: bool,
) -> None:
    """Print the ledger: every claim with what was measured and its verdict."""
    if compare and as_json:
        raise BookError("--json prints the ledger and --compare something else; leave one out")
    book = Book.find(root)
    results = _results(book, profile, out)
    ledger = load_ledger(book, profile, out)
    if record:
        written = write_verdicts(book, ledger, profile)
        for slug in ledger.papers:
            done = slug in written
            if done:
                write_reference(book, profile, slug, results)
            click.echo(f"{slug}: {'recorded' if done else 'not run, nothing recorded'}", err=True)
        ledger = load_ledger(book, profile, out)
    problems = report.check_problems(ledger) if check else []
    if compare:
        text, differing = compare_book(book, profile, results)
        problems += differing
    else:
        text = report.ledger_json(ledger) if as_json else report.ledger_table(ledger)
    click.echo(text)
    if problems:
        raise BookError("\n".join(problems))


@cli.command()
@profile_option
@out_option
@click.pass_obj
def figures(root: Path | None, profile: str, out: Path | None) -> None:
    """List every figure with its files."""
    book = Book.find(root)
    click.echo(report.figure_table(book, _results(book, profile, out)))


@cli.command()
@profile_option
@out_option
@click.pass_obj
def status(root: Path | None, profile: str, out: Path | None) -> None:
    """Say which chapters are up to date, and why the others are not."""
    book = Book.find(root)
    with suppress(BookError):  # a folder that is not there yet has no results to be reused
        _results(book, profile, out)
    for plan in make_plans(book, book.select(()), profile, out=out):
        reasons = plan.reasons()
        click.echo(f"{plan.chapter.slug}: {'; '.join(reasons) if reasons else 'up to date'}")


@cli.command()
def device() -> None:
    """Say what JAX runs on here, and whether it gives the same numbers twice."""
    found = check_device()
    memory = f", {found.memory_GB} GB" if found.memory_GB else ""
    click.echo(f"{found.count} × {found.device}{memory}")
    for work, same in found.repeats.items():
        click.echo(f"{work}: {'the same every time' if same else 'differs from time to time'}")
    flagged = check_device(FLAG) if found.device != "CPU" and not found.same else None
    click.echo(advice(found, flagged))


@cli.command()
@click.argument("chapter", nargs=-1)
@click.pass_obj
def pdf(root: Path | None, chapter: tuple[str, ...]) -> None:
    """Print chapters of the built site to PDF (needs Chromium), all unless some are named."""
    from spinebook.book.site.pdf import print_chapters

    book = Book.find(root)
    for path in print_chapters(book, book.select(chapter)):
        click.echo(f"{path.stem}: {path}")


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.pass_obj
def serve(root: Path | None, port: int) -> None:
    """Serve the built site on this machine."""
    from spinebook.book.site.build import serve as serve_site

    serve_site(Book.find(root), port)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; mistakes that a person can mend print without a traceback."""
    try:
        cli.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        return 130
    except BookError as error:
        click.echo(f"spinebook: {error}", err=True)
        return 1
    except OSError as error:
        click.echo(f"spinebook: {system_fault(error)}", err=True)
        return 1
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def _values(given: tuple[str, ...]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in map(read_assignment, given):
        if name in values:
            raise BookError(f"-p {name} is given twice; keep one")
        values[name] = value
    return values


def _results(book: Book, profile: str, out: Path | None) -> Path:
    """Return the folder to read results from, after undoing what a killed run left half done."""
    if out is not None and not out.is_dir():
        raise BookError(f"--out: no folder {out}; run the chapters into it first")
    results = out or book.results(profile)
    with suppress(OSError):  # a folder that may only be read is read as it is
        recover(results)
    return results


def _shard(slugs: list[str], shard: str | None) -> list[str]:
    if shard is None:
        return slugs
    first, _, count = shard.partition("/")
    if not (first.isdecimal() and count.isdecimal() and 1 <= int(first) <= int(count)):
        raise BookError(f"--shard expects I/N with 1 <= I <= N, got {shard!r}")
    mine = slugs[int(first) - 1 :: int(count)]
    if not mine:
        click.echo(f"Nothing to do: shard {shard} of {len(slugs)} chapters is empty.", err=True)
    return mine


def _forecast(book: Book, slugs: list[str]) -> None:
    """Say before a long run what it is expected to take."""
    for slug in slugs:
        if text := forecast(book, slug, "full"):
            click.echo(f"{slug}, full profile: {text} (an estimate); --miniature tries the path")


def _tell(outcome: Outcome) -> None:
    for notice in outcome.notices:
        click.echo(f"{outcome.slug}: wrote to stderr:\n{notice.rstrip()}", err=True)
    if outcome.state == "failed":
        click.echo(f"spinebook: {outcome.slug} failed:\n{outcome.error}", err=True)


if __name__ == "__main__":
    sys.exit(main())
