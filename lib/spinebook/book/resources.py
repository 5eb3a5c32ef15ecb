"""What the run of a chapter asks of the machine, read from ``profiles.yml`` for a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from spinebook.book.documents import Document, read_document
from spinebook.book.errors import BookError
from spinebook.book.paths import PROFILES, Book


@dataclass(frozen=True)
class Resources:
    """What an engine reserves for one chapter.

    Attributes:
        memory_GB: main memory in gigabytes of 1000 megabytes.
        minutes: time after which the engine may end the job.
        cores: processor cores.
        gpus: graphics processors, 0 for none.
    """

    memory_GB: float
    minutes: int
    cores: int
    gpus: int

    @property
    def memory_MB(self) -> int:
        """Memory in whole megabytes, the unit of SLURM and of Snakemake."""
        return round(1000 * self.memory_GB)


def read_resources(book: Book, slug: str, profile: str) -> Resources:
    """Return what a chapter's ``profiles.yml`` reserves for a profile.

    The block is optional, for a run on one machine never reads it; a cluster cannot do without,
    and a guess of ours would end jobs that somebody waited for.

    Args:
        book: the checkout.
        slug: the chapter.
        profile: ``quick`` or ``full``.

    Raises:
        BookError: for an unknown profile, and if the block is missing or malformed, naming file,
            line and remedy.
    """
    if profile not in PROFILES:
        raise BookError(f"unknown profile {profile!r}; there are: {', '.join(PROFILES)}")
    document, found = _stated(book, slug, profile)
    if found is None:
        example = "{memory_GB: 4, minutes: 30, cores: 2, gpus: 0}"
        text = f"resources: missing {profile!r}, which a cluster needs; add {profile}: {example}"
        raise BookError(document.at(("resources",), text))
    return found


def _stated(book: Book, slug: str, profile: str) -> tuple[Document, Resources | None]:
    document = read_document(book.chapters / slug / "profiles.yml", "profiles")
    found = document.content.get("resources", {}).get(profile)
    return document, None if found is None else Resources(**found)


def forecast(book: Book, slug: str, profile: str) -> str | None:
    """Say what a run will ask of the machine, or None where ``profiles.yml`` does not say.

    Examples:
        >>> print(in_words(Resources(memory_GB=32, minutes=240, cores=8, gpus=1)))
        up to 32 GB of memory and 4 h on a GPU with 8 cores
    """
    _, found = _stated(book, slug, profile)
    return None if found is None else in_words(found)


def in_words(asked: Resources) -> str:
    """Return resources as a person says them."""
    hours = asked.minutes / 60
    time = f"{hours:.3g} h" if hours >= 1 else f"{asked.minutes} min"
    device = "a GPU with " if asked.gpus == 1 else f"{asked.gpus} GPUs with " if asked.gpus else ""
    cores = f"{asked.cores} core{'' if asked.cores == 1 else 's'}"
    return f"up to {asked.memory_GB:g} GB of memory and {time} on {device}{cores}"
