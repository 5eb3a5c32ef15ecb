"""Which library functions stand behind a figure, read from the chapter's code without running it.

For the cell that draws a figure we follow the names it uses back through earlier statements (those
that define a name and those that change it in place) and collect every function of
``spinebook.<package>`` met on the way.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_RECORDERS = {"figure", "explorer"}


@dataclass
class Statement:
    """One top-level statement: the names it sets, the names it uses, the helpers it calls."""

    sets: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)
    figures: list[str] = field(default_factory=list)


def helpers_by_figure(cells: Sequence[str]) -> dict[str, list[str]]:
    """Return, for each figure that the cells draw, the library functions it rests on.

    Args:
        cells: source of the code cells of one chapter, in order.

    Returns:
        Figure name to sorted dotted names such as ``spinebook.dendrites.log_false_match``.
    """
    aliases: dict[str, str] = {}
    history: list[Statement] = []
    found: dict[str, list[str]] = {}
    for source in cells:
        here = [_analyse(node, aliases) for node in parse_cell(source).body]
        history += here
        drawn = [name for statement in here for name in statement.figures]
        if drawn:
            helpers = _closure(here, history)
            found.update({name: sorted(helpers) for name in drawn})
    return found


def figures_by_helper(by_figure: dict[str, list[str]]) -> dict[str, list[str]]:
    """Turn the mapping round: helper to the figures that use it."""
    turned: dict[str, list[str]] = {}
    for figure, helpers in by_figure.items():
        for helper in helpers:
            turned.setdefault(helper, []).append(figure)
    return turned


def parse_cell(source: str) -> ast.Module:
    """Parse the code of a cell; lines with magic commands count as empty."""
    lines = (
        "pass" if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n")
    )
    return ast.parse("\n".join(lines))


def _closure(start: list[Statement], history: list[Statement]) -> set[str]:
    helpers: set[str] = set()
    pending, seen = list(start), {id(statement) for statement in start}
    while pending:
        statement = pending.pop()
        helpers |= statement.helpers
        for earlier in history:
            if id(earlier) not in seen and earlier.sets & statement.uses:
                seen.add(id(earlier))
                pending.append(earlier)
    return helpers


def _analyse(node: ast.stmt, aliases: dict[str, str]) -> Statement:
    """Describe one statement; import statements only teach us names of the library."""
    statement = Statement()
    if isinstance(node, ast.Import | ast.ImportFrom):
        aliases.update(_imports(node))
        return statement
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            (statement.uses if isinstance(part.ctx, ast.Load) else statement.sets).add(part.id)
        elif isinstance(part, ast.FunctionDef | ast.ClassDef):
            statement.sets.add(part.name)
        elif isinstance(part, ast.Call):
            statement.figures += _figure_name(part)
            if isinstance(part.func, ast.Attribute) and (name := _root(part.func)):
                statement.sets.add(name)  # a method may change its object in place
        elif (
            isinstance(part, ast.Attribute | ast.Subscript)
            and isinstance(part.ctx, ast.Store)
            and (name := _root(part))
        ):
            statement.sets.add(name)
    statement.helpers = set(_helpers(node, aliases))
    statement.sets -= aliases.keys()
    statement.uses -= aliases.keys()
    return statement


def _imports(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    names = {}
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            full = f"{node.module}.{alias.name}"
        else:
            full = alias.name if alias.asname else alias.name.split(".")[0]
        names[alias.asname or alias.name.split(".")[0]] = full
    return names


def _helpers(node: ast.stmt, aliases: dict[str, str]) -> Iterator[str]:
    """Yield the public dotted name of every library function that a statement mentions."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name | ast.Attribute):
            dotted = _dotted(part)
            if dotted is None:
                continue
            first, _, rest = dotted.partition(".")
            full = aliases.get(first, "") + (f".{rest}" if rest else "")
            if name := _public_name(full):
                yield name


def _public_name(full: str) -> str | None:
    """Return ``spinebook.package.function`` for a name inside a result package, else None.

    Packages export the functions of their modules, so modules in between are left out, and so are
    attributes of a function or class.
    """
    parts = full.split(".")
    if len(parts) < 3 or parts[0] != "spinebook" or parts[1] == "book":
        return None
    rest = [part for part in parts[2:] if not part.startswith("_")]
    if not rest:
        return None
    return ".".join([*parts[:2], rest[0] if len(rest) == 1 else _first_public(rest)])


def _first_public(parts: list[str]) -> str:
    """Choose the function among ``module.function`` or ``Class.method``: modules are lower case."""
    return parts[0] if parts[0][:1].isupper() else parts[1]


def _figure_name(call: ast.Call) -> list[str]:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    first = call.args[0] if call.args else None
    if name in _RECORDERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return [first.value]
    return []


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := _dotted(node.value)):
        return f"{base}.{node.attr}"
    return None
