#!/bin/sh
# Regenerate the lock files: one resolution of everything, then each group held to it, so that
# the groups agree with each other. They carry hashes and no index address.
#
#   make lock              keep the locked versions where pyproject.toml still allows them
#   make lock UPGRADE=1    take the newest versions that pyproject.toml allows
set -eu
cd "$(dirname "$0")/.."
uv=${UV:?set UV to a uv executable (make lock does)}

compile() {
    "$uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
        --group build "$@"
}

everything=requirements-cuda13.lock
[ -n "${UPGRADE:-}" ] && rm -f requirements-*.lock
# The largest group first: benchmarks, tests and book are inside it. It alone says, for each
# package, which other package asked for it.
compile --extra bench --extra cuda13 -o "$everything"
compile --no-annotate --extra bench -c "$everything" -o requirements-bench.lock
compile --no-annotate --extra test -c "$everything" -o requirements-test.lock
compile --no-annotate --extra book -c "$everything" -o requirements-book.lock
compile --no-annotate -c "$everything" -o requirements-library.lock
