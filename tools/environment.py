"""Make or refresh the virtual environment that the Makefile's targets run in.

Usage: python3 tools/environment.py GROUP [--venv DIR]

Standard library only, and only syntax that an old Python can parse, so that an old Python gets
the message about its age and no traceback. The environment is left alone when it already holds
what the lock file of GROUP (or of a larger group) asks for.
"""

import argparse
import hashlib
import os
import subprocess
import sys

OLDEST = (3, 11)
# Each group holds everything that the groups before it hold.
GROUPS = ("library", "book", "test", "bench", "cuda13")
STAMP = ".spinebook-environment"
# Stands in the stamp while pip works. An environment found like this was killed half-way, and pip
# takes a package of which only a part was copied for a whole one.
UNFINISHED = "unfinished"


def fail(message):
    """End with a message and no traceback."""
    sys.exit("spinebook: " + message)


def digest(*paths):
    """SHA-256 of some files' bytes, or an empty text where one of them is missing."""
    total = hashlib.sha256()
    for path in paths:
        if not os.path.exists(path):
            return ""
        with open(path, "rb") as stream:
            total.update(stream.read())
    return total.hexdigest()


def lock_of(root, group):
    """Path of a group's lock file."""
    return os.path.join(root, "requirements-%s.lock" % group)


def python_of(venv):
    """Path of the interpreter inside an environment."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(venv, folder, name)


def usable(venv):
    """Whether the environment's interpreter still starts and lives where we look for it.

    A moved checkout or an upgraded system Python leaves an environment behind that does not.
    """
    question = "import pip, sys; print(sys.prefix)"
    try:
        answer = subprocess.check_output(
            [python_of(venv), "-c", question], text=True, stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return os.path.realpath(answer.strip()) == os.path.realpath(venv)


def read_stamp(venv):
    """What was installed last: the group, its lock's digest, the project's digest."""
    try:
        with open(os.path.join(venv, STAMP)) as stream:
            parts = stream.read().split()
    except OSError:
        return None
    return parts if len(parts) == 3 and parts[0] in GROUPS else None


def write_stamp(venv, group, lock, project):
    """Record a finished installation; written last, so that a broken one is done again."""
    with open(os.path.join(venv, STAMP), "w") as stream:
        stream.write("%s %s %s\n" % (group, lock, project))


def unfinished(venv):
    """Whether an installation into the environment was killed half-way."""
    try:
        with open(os.path.join(venv, STAMP)) as stream:
            return stream.read().strip() == UNFINISHED
    except OSError:
        return False


def install(venv, *arguments):
    """Call pip with a stamp that tells of a kill; an orderly failure of pip takes it away again."""
    stamp = os.path.join(venv, STAMP)
    with open(stamp, "w") as stream:
        stream.write(UNFINISHED)
    try:
        pip(venv, "install", "--quiet", *arguments)
    except SystemExit:
        os.remove(stamp)
        raise


def create(venv):
    """Make an empty environment, replacing one that no longer works."""
    print("Making %s with Python %s" % (os.path.basename(venv), sys.version.split()[0]))
    sys.stdout.flush()
    if subprocess.call([sys.executable, "-m", "venv", "--clear", venv]):
        fail(
            "%s cannot make a virtual environment; see the lines above. On Debian and Ubuntu "
            "the package python3-venv is missing." % sys.executable
        )


def pip(venv, *arguments):
    """Run the environment's pip: quiet, but its errors are shown."""
    # A PIP_USER or PYTHONPATH of the caller's must not leak into the environment.
    kept = {k: v for k, v in os.environ.items() if k not in ("PIP_USER", "PYTHONPATH")}
    command = [python_of(venv), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    if subprocess.call(command + list(arguments), env=kept):
        fail(
            "pip could not install the packages; see the lines above. "
            "Run the same make target again to go on from here."
        )


def main():
    """Bring the environment up to date for one group."""
    if sys.version_info < OLDEST:
        fail(
            "Python 3.11 or newer is needed, but %s is Python %s. Install a newer Python, or name "
            "one: make PYTHON=/path/to/python3.11 ..." % (sys.executable, sys.version.split()[0])
        )
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--venv", default=".venv")
    options = parser.parse_args()

    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    venv = os.path.abspath(options.venv)
    group = options.group
    project = digest(os.path.join(root, "pyproject.toml"))

    stamp = read_stamp(venv)
    if stamp and GROUPS.index(stamp[0]) >= GROUPS.index(group):
        group = stamp[0]  # never take packages away from somebody who asked for more before
    lock = digest(lock_of(root, group))
    if not usable(venv) or unfinished(venv):
        create(venv)
        stamp = None
    if not stamp or stamp[:2] != [group, lock]:
        print("Installing requirements-%s.lock (a few minutes the first time)" % group)
        sys.stdout.flush()
        install(venv, "--require-hashes", "-r", lock_of(root, group))
        stamp = None
    if not stamp or stamp[2] != project:
        install(venv, "--no-deps", "--no-build-isolation", "-e", root)
        write_stamp(venv, group, lock, project)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.stderr.write("\nspinebook: stopped; run the same make target again to start anew.\n")
        sys.exit(130)
