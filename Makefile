# Everything runs in .venv, which each target makes from the lock file when it is needed.
# Only Python 3.11 or newer (with venv) and make are asked of the machine.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -m
SPINEBOOK := $(RUN) spinebook
PYTEST := $(RUN) pytest
# Test processes; two keep both cores of a small machine busy.
JOBS ?= 2
# Where `make serve` listens.
PORT ?= 8000
# `make full ACCELERATOR=cuda13` installs JAX for an NVIDIA GPU first.
ACCELERATOR ?=
BENCHMARKS := book dendrites geometry landscape mediation neurons neurons_fit neurons_growth polarity regimes whole_book
BENCH ?=
# The version of uv that wrote the lock files.
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help book full pdf serve test test-slow test-long browser-test lint ledger format bench links lock clean distclean \
	environment-book environment-test environment-bench environment-full

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1 — \2/p' Makefile

book: environment-book ## run every chapter (quick profile), build the site, print the claims
	$(SPINEBOOK) run
	$(SPINEBOOK) build
	$(SPINEBOOK) claims

full: environment-full ## the same at the papers' own sizes, for a GPU (ACCELERATOR=cuda13)
	$(SPINEBOOK) run --profile full
	$(SPINEBOOK) build --profile full
	$(SPINEBOOK) claims --profile full

pdf: environment-book ## print each chapter of the built site to PDF through Chromium (after make book)
	$(SPINEBOOK) pdf

serve: environment-book ## show the built site in a browser (PORT=8000)
	$(SPINEBOOK) serve --port $(PORT)

# Compiling is most of the fast tests' time, so XLA is asked to optimise nothing. The slow tests and the
# chapters run what readers run.
test: export XLA_FLAGS ?= --xla_backend_optimization_level=0
test: environment-test ## the fast tests
	$(PYTEST) -n $(JOBS) -m "not slow and not browser and not long"

test-slow: environment-test ## the tests that take longer
	$(PYTEST) -n $(JOBS) -m "slow and not browser and not long"

test-long: environment-test ## kills, hostile arguments, every chapter's full profile in small: an hour
	$(PYTEST) -n $(JOBS) -rA -m long

browser-test: environment-test ## open the built site in headless Chromium (after make book)
	$(PYTEST) -n $(JOBS) --dist loadgroup -m browser

lint: environment-test ## style, types and the ledger's files
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	@$(MAKE) --no-print-directory ledger

ledger: environment-test ## check every chapter's parameters, profiles and claims without a run
	$(SPINEBOOK) status
	$(SPINEBOOK) claims > /dev/null

format: environment-test ## put the code into the house style
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

bench: environment-bench ## benchmarks beside other packages (BENCH=--check holds them to the record, BENCH=--record writes it)
	for name in $(BENCHMARKS); do $(VENV)/bin/python benchmarks/$$name.py $(BENCH) || exit 1; done

links: environment-book ## try every external link of the site (after make book)
	SPINEBOOK_NO_RUN=1 $(VENV)/bin/jupyter-book build . --builder linkcheck

lock: ## resolve the lock files anew (UPGRADE=1 takes newer versions)
	@$(PYTHON) -m venv .cache/lock
	@.cache/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	UV=.cache/lock/bin/uv UPGRADE=$(UPGRADE) tools/lock.sh

clean: ## remove everything that make book and make test wrote, but keep .venv
	rm -rf _build build .cache .snakemake .pytest_cache .mypy_cache .ruff_cache .hypothesis .jupyter_cache
	find chapters lib tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv as well
	rm -rf $(VENV)

environment-book:
	@$(PYTHON) tools/environment.py book

environment-test:
	@$(PYTHON) tools/environment.py test

environment-bench:
	@$(PYTHON) tools/environment.py bench

environment-full:
	@$(PYTHON) tools/environment.py $(or $(ACCELERATOR),book)
