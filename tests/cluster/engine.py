"""Snakemake as a person calls it, beside this Python or on the PATH."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def find_snakemake():
    """The program, or None where it is not installed."""
    beside = Path(sys.executable).with_name("snakemake")
    return str(beside) if beside.is_file() else shutil.which("snakemake")


def start_snakemake(profile, book, environment, log, *options, workflow=ROOT):
    """Start the workflow for a checkout with one of its profiles; return the process.

    Args:
        profile: name of a folder in ``workflow/profiles``.
        book: the checkout.
        environment: the process's environment.
        log: file that takes what it prints.
        options: more options of snakemake.
        workflow: the checkout whose workflow it is.
    """
    folder = workflow / "workflow"
    command = [find_snakemake(), "--snakefile", folder / "Snakefile", "--directory", book]
    command += ["--workflow-profile", folder / "profiles" / profile, *options]
    command += ["--config", f"book={book}"]
    with log.open("a") as stream:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=workflow,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
