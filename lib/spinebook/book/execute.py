"""Run one chapter with papermill; the runner starts this module as a process of its own.

The only argument is a JSON file with the request. Progress goes to standard output, one JSON
object a line; everything else lies in the folder that the request names.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spinebook.book.chapters import Chapter, load_chapter
from spinebook.book.errors import BookError
from spinebook.book.fingerprint import library_digests, source_parts
from spinebook.book.jsonfile import write_json
from spinebook.book.mishaps import describe, stopped_early
from spinebook.book.paths import Book
from spinebook.book.provenance import commit, digest
from spinebook.book.record import CHECKPOINT_VARIABLE, RUN_VARIABLE
from spinebook.book.results import SCHEMA
from spinebook.progress import PREFIX

_DEATH_SIGNAL_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux
FINAL_CELL = "from spinebook.book.finish import finish\nfinish()"


def main(request_path: str) -> int:
    """Execute the request; return 0, or 1 with the error in ``error.txt``."""
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    _die_with(request["runner"])
    out = Path(request["out"])
    at_work = [""]
    try:
        book = Book(Path(request["root"]))
        chapter = load_chapter(book, request["slug"])
        write_json(out / "results.json", _results(book, chapter, request, at_work))
    except Exception as error:
        # Papermill has kept the partial notebook; the text holds the cell's traceback.
        page = Path(request["root"]) / "chapters" / request["slug"] / "index.md"
        text = describe(error, page, at_work[-1])
        try:
            (out / "error.txt").write_text(text, encoding="utf-8")
        except OSError:  # a full disk; the runner keeps what is said here elsewhere
            print(text, file=sys.stderr)
        return 1
    return 0


def _results(
    book: Book, chapter: Chapter, request: dict[str, Any], at_work: list[str]
) -> dict[str, Any]:
    out = Path(request["out"])
    # What the run starts from is noted before it starts: a source may be edited meanwhile.
    parts, library, head = source_parts(book, chapter), library_digests(), commit(book.root)
    started = time.time()
    origin = json.dumps([parts, library, request["overrides"]], sort_keys=True)
    os.environ[CHECKPOINT_VARIABLE] = str(Path(request["checkpoints"]) / digest(origin.encode()))
    notebook = _execute(chapter, request["overrides"], out, at_work)
    seconds = time.time() - started
    if not (out / "final.json").is_file():
        raise BookError(stopped_early(notebook, chapter.page))
    cells, complaints = _tidy(notebook, out / "notebook.ipynb")
    results = _assemble(chapter, request, out, head)
    where = _cells_of_figures(notebook)
    for record in (*results["figures"], *results["explorers"]):
        record["cell"] = where.get(record["name"])
    results["cells"] = cells
    results["stderr"] = complaints
    results["provenance"] |= {"started": _utc(started), "seconds": round(seconds, 2)}
    modules = {
        name: found if library.get(name) == found else "changed during the run"
        for name, found in results.pop("modules").items()
    }
    results["fingerprint"] = parts | {"modules": modules}
    return results


def _die_with(runner: int) -> None:
    """Have Linux kill this process when its runner dies, so that nothing works on unseen.

    The kernel of the notebook ends with this process. Set here and not between fork and exec,
    where a caller that has threads (JAX has) may not run Python code.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL_OF_PARENT, signal.SIGKILL)
    if os.getppid() != runner:  # it died before the line above
        os.kill(os.getpid(), signal.SIGKILL)


def _kernel_options() -> list[str]:
    """Have the kernel end with this process.

    By itself it looks for its parent once a second, and not while a cell holds the interpreter.
    """
    if sys.platform != "linux":
        return []
    call = f"prctl({_DEATH_SIGNAL_OF_PARENT}, {int(signal.SIGKILL)})"
    return [f"--IPKernelApp.exec_lines=__import__('ctypes').CDLL(None).{call}"]


def _execute(chapter: Chapter, overrides: dict[str, Any], out: Path, at_work: list[str]) -> Any:
    import nbformat
    import papermill
    from papermill.engines import NBClientEngine, papermill_engines

    class ReportingEngine(NBClientEngine):
        """Papermill's own engine, telling the runner which cell is at work."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            nb_man.cell_start = _reporting(nb_man, at_work)
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("spinebook", ReportingEngine)
    notebook = nbformat.from_dict(chapter.notebook)
    notebook.cells.append(nbformat.v4.new_code_cell(FINAL_CELL, metadata={"tags": ["final"]}))
    source = out / "input.ipynb"
    nbformat.write(notebook, source)
    os.environ[RUN_VARIABLE] = str(out)
    try:
        return papermill.execute_notebook(
            source,
            out / "notebook.ipynb",
            parameters=overrides,
            engine_name="spinebook",
            kernel_name="python3",
            progress_bar=False,
            cwd=chapter.page.parent,
            extra_arguments=_kernel_options(),
            stderr_file=_Notes(),
        )
    finally:
        source.unlink(missing_ok=True)


class _Notes:
    """Hears what a kernel writes to standard error, and passes on how far it says it is."""

    def write(self, text: str) -> None:
        """Tell the runner of each line of progress."""
        for line in text.splitlines():
            if line.startswith(PREFIX):
                print(json.dumps({"note": line.removeprefix(PREFIX)}), flush=True)

    def flush(self) -> None:
        """Nothing waits."""


def _reporting(manager: Any, at_work: list[str]) -> Callable[..., Any]:
    """Wrap the manager's ``cell_start``; keep the code of the cell that is at work."""
    cell_start, total = manager.cell_start, len(manager.nb.cells)

    def start(cell: Any, cell_index: int | None = None, **options: Any) -> Any:
        at_work.append(cell.source)
        print(json.dumps({"cell": (cell_index or 0) + 1, "total": total}), flush=True)
        return cell_start(cell, cell_index, **options)

    return start


def _tidy(notebook: Any, path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Drop what papermill adds and what no reader wants; return seconds per cell and stderr."""
    import nbformat

    complaints: list[str] = []
    seconds, kept = [], []
    for cell in notebook.cells:
        timing = cell.metadata.pop("papermill", {})
        tags = cell.metadata.get("tags", [])
        if "final" in tags:
            continue
        if "injected-parameters" in tags:
            tags.append("remove-cell")
        if cell.cell_type == "code":
            streams = [o for o in cell.outputs if o.get("name") == "stderr"]
            complaints += filter(None, (_complaint(output.text) for output in streams))
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
            number = cell.execution_count
            seconds.append({"cell": number, "seconds": round(timing.get("duration") or 0, 3)})
        kept.append(cell)
    notebook.cells = kept
    notebook.metadata.pop("papermill", None)
    nbformat.write(notebook, path)
    return seconds, complaints


def _complaint(text: str) -> str:
    """Return what a kernel wrote to standard error, without its lines of progress."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(PREFIX))


def _cells_of_figures(notebook: Any) -> dict[str, int]:
    """Return the execution number of the cell that shows each figure or explorer, by name."""
    return {
        name: cell.execution_count
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for name in output.get("metadata", {}).get("spinebook", {}).values()
    }


def _assemble(
    chapter: Chapter, request: dict[str, Any], out: Path, head: tuple[str | None, bool]
) -> dict[str, Any]:
    records: dict[str, list[dict[str, Any]]] = {
        "measurement": [],
        "figure": [],
        "explorer": [],
        "number": [],
    }
    lines = out / "records.jsonl"
    if lines.is_file():
        # Not splitlines(): a text may hold one of the other separators that Unicode knows.
        for line in lines.read_text(encoding="utf-8").rstrip("\n").split("\n"):
            record = json.loads(line)
            records[record.pop("kind")].append(record)
        lines.unlink()
    final = out / "final.json"
    end = json.loads(final.read_text(encoding="utf-8"))
    final.unlink()
    parameters = chapter.parameters | request["overrides"]
    return {
        "schema": SCHEMA,
        "chapter": chapter.slug,
        "profile": request["profile"],
        "parameters": parameters,
        "measurements": records["measurement"],
        "figures": records["figure"],
        "explorers": records["explorer"],
        "numbers": {r["name"]: {"value": r["value"], "text": r["text"]} for r in records["number"]},
        "provenance": end["environment"]
        | {
            "commit": head[0],
            "dirty": head[1],
            "command": request["command"],
            "seeds": {k: v for k, v in parameters.items() if "seed" in k},
        },
        "modules": end["modules"],
    }


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
