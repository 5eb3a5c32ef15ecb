"""``python -m spinebook`` and the command ``spinebook``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line, or say which packages it needs."""
    try:
        from spinebook.book.cli import main as run
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("spinebook"):
            raise
        print(
            f"spinebook: the package {error.name!r} is missing; the command line needs the book's "
            "packages: in a checkout of the book, pip install '.[book]' or make book",
            file=sys.stderr,
        )
        return 1
    return run()


if __name__ == "__main__":
    sys.exit(main())
