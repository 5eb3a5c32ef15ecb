"""A chapter that has been run, made by hand for tests of what the site makes of it."""

import json

import nbformat
from spinebook.book.claims import Paper
from spinebook.book.site.data import ChapterData

PAPER = Paper("A toy", "A. Nobody", 2020, "Toys", "toy2020")
RESULTS = {
    "schema": 1,
    "chapter": "toy",
    "profile": "quick",
    "parameters": {"trials": 400, "seed": 7},
    "measurements": [],
    "figures": [
        {
            "name": "fig-1",
            "title": "Figure 1",
            "caption": "A line.",
            "alt": "A line that rises from left to right.",
            "claims": [],
            "cell": 1,
            "files": {"svg": "figures/fig-1.svg", "png": "figures/fig-1.png"},
            "data": ["data/fig-1.csv"],
        }
    ],
    "explorers": [],
    "numbers": {},
    "cells": [],
    "stderr": [],
    "provenance": {
        "seconds": 12.4,
        "seeds": {"seed": 7},
        "command": "spinebook run toy",
        "platform": "Linux x86_64",
        "python": "3.11.7",
        "device": "CPU",
        "processor": "A <fast> one",
        "threads": 2,
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "dirty": False,
        "started": "2026-01-01 00:00:00 UTC",
        "versions": {"spinebook": "0.1.0"},
    },
    "fingerprint": {"code": "1", "files": "2", "lock": "3", "modules": {}},
}


def toy_chapter(root):
    """Write a chapter and its results below a folder and return it."""
    source, results = root / "chapters/toy", root / "_build/quick/toy"
    for folder in (source, results / "figures", results / "data"):
        folder.mkdir(parents=True)
    (source / "index.md").write_text("# Toy\n\nProse.\n")
    (source / "claims.yml").write_text("schema: 1\n")
    (root / "LICENSE").write_text("Do what you like.\n")
    (results / "results.json").write_text(json.dumps(RESULTS))
    (results / "notebook.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()))
    for name in ("figures/fig-1.svg", "figures/fig-1.png", "data/fig-1.csv"):
        (results / name).write_text(name)
    return ChapterData("toy", source, results)
