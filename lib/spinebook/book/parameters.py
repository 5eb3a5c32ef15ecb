"""Parameters of a chapter: a cell of literals, and the values that a run puts in their place."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from spinebook.book.documents import YamlFault, parse_yaml, read_text
from spinebook.book.errors import BookError, located

_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    tuple: "a list",
    dict: "a mapping",
}


def read_parameters(page: Path, notebook: Any) -> dict[str, Any]:
    """Return names and quick values of the parameters cell.

    Raises:
        BookError: if there is not exactly one such cell, or it holds more than literals.
    """
    tagged = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", [])
    ]
    lines = [line_of(page, source) for source in tagged]
    if not tagged:
        text = "no code cell is tagged 'parameters'; add `:tags: [parameters]` to one"
        raise BookError(located(page, None, text))
    if len(tagged) > 1:
        text = f"{len(tagged)} cells are tagged 'parameters' (lines {lines}); keep one"
        raise BookError(located(page, lines[1], text))
    first = lines[0] or 1
    rule = "the parameters cell may hold only NAME = literal lines"
    try:
        statements = ast.parse(tagged[0]).body
    except SyntaxError as error:
        line = first - 1 + (error.lineno or 1)
        raise BookError(located(page, line, f"{rule}: {error.msg}")) from None
    values: dict[str, Any] = {}
    for statement in statements:
        try:
            name, value = _literal(statement)
            if name in values:
                raise ValueError(f"{name} stands twice; keep one")
        except ValueError as error:
            line = first - 1 + statement.lineno
            raise BookError(located(page, line, f"{rule}: {error}")) from None
        values[name] = value
    return values


def line_of(page: Path, source: str) -> int | None:
    """Return the line of a page on which a cell's code starts, or None where it is not found."""
    text = read_text(page)
    place = text.find(source) if source.strip() else -1
    return None if place < 0 else text.count("\n", 0, place) + 1


def read_assignment(text: str) -> tuple[str, Any]:
    """Read ``NAME=VALUE`` as typed on a command line; values are written as in the YAML files.

    Raises:
        BookError: if it has another form.
    """
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise BookError(f"-p expects NAME=VALUE, got {text!r}")
    # YAML 1.1 reads 010 as eight and 1:30 as ninety; who types digits means what is typed.
    if value[:1] in {*"+-.0123456789"}:
        for kind in (int, float):
            try:
                return name, kind(value)
            except ValueError:
                continue
        return name, value
    try:
        return name, parse_yaml(value)[0]
    except YamlFault:
        raise BookError(f"-p {name}: cannot read the value {value!r}") from None


def fit(value: Any, default: Any) -> Any:
    """Return a value in the kind of the quick value that it replaces.

    Raises:
        ValueError: if it is of another kind, or not finite; the message says what was expected.

    Examples:
        >>> fit(1, 0.5), fit(1e3, 10)
        (1.0, 1000)
    """
    kind = type(default)
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        raise ValueError(f"must be finite, got {value}") from None
    except TypeError:
        raise ValueError(_expected(value, default)) from None
    if default is None:
        return value
    if isinstance(value, bool) != (kind is bool):
        raise ValueError(_expected(value, default))
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind is float and isinstance(value, int):
        return float(value)
    if kind in (list, tuple):
        if not isinstance(value, list | tuple):
            raise ValueError(_expected(value, default))
        # Elements of one kind stay of that kind; a list may get longer or shorter.
        alike = len({type(item) for item in default}) == 1
        return [fit(item, default[0]) for item in value] if alike else list(value)
    if not isinstance(value, kind):
        raise ValueError(_expected(value, default))
    return value


def _expected(value: Any, default: Any) -> str:
    quotes = "; put it in quotes" if isinstance(default, str) else ""
    kind = _KINDS.get(type(default), "a number, a text, a list or a mapping")
    return f"must be {kind} (quick value {default!r}), got {value!r}{quotes}"


def _literal(statement: ast.stmt) -> tuple[str, Any]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=expression):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as expression):
            pass
        case _:
            raise ValueError(f"got {ast.unparse(statement)!r}")
    try:
        value = ast.literal_eval(expression)
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError):
        kinds = "numbers that are finite, texts, true or false, lists and mappings of these"
        raise ValueError(f"got {ast.unparse(statement)!r}; literals are {kinds}") from None
    return name, value
