"""YAML files read with their line numbers and checked against a JSON schema."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from spinebook.book.errors import BookError, located

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A YAML file's content with the line on which each part of it starts."""

    path: Path
    content: Any
    lines: dict[Place, int]

    def at(self, place: Place, message: str) -> str:
        """Return a message that names the line of a part, or of the nearest part around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return located(self.path, self.lines.get(place), message)


def read_document(path: Path, schema: str) -> Document:
    """Read a YAML file and check it against ``schemas/SCHEMA.json``.

    Raises:
        BookError: if the file is missing, is no YAML, repeats a key, or breaks the schema; every
            fault is listed with its line and what was expected.
    """
    if not path.is_file():
        raise BookError(located(path, None, "file not found; every chapter folder needs one"))
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        problem = getattr(error, "problem", None) or "not readable"
        raise BookError(located(path, line, f"not valid YAML: {problem}")) from None
    lines: dict[Place, int] = {}
    content = _build(node, (), lines, path) if node is not None else {}
    document = Document(path, content, lines)
    faults = sorted(_validator(schema).iter_errors(content), key=lambda e: list(map(str, e.path)))
    if faults:
        raise BookError("\n".join(_explain(document, fault) for fault in faults))
    return document


def _build(node: yaml.Node, place: Place, lines: dict[Place, int], path: Path) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = yaml.SafeLoader("").construct_object(key_node)
            if key in result:
                line = key_node.start_mark.line + 1
                raise BookError(located(path, line, f"key {key!r} stands twice; keep one"))
            result[key] = _build(value_node, (*place, key), lines, path)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*place, i), lines, path) for i, item in enumerate(node.value)]
    value = yaml.SafeLoader("").construct_object(node)
    # YAML 1.1 reads 1e-9 (no dot) as text; the authors of rules mean the number.
    if isinstance(value, str) and getattr(node, "style", None) is None:
        value = _number(value)
    return value


def _number(text: str) -> str | float:
    try:
        return float(text) if text[:1] in "+-.0123456789" and "e" in text.lower() else text
    except ValueError:
        return text


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    source = files("spinebook.book") / "schemas" / f"{schema}.json"
    return jsonschema.Draft202012Validator(json.loads(source.read_text(encoding="utf-8")))


def _explain(document: Document, fault: jsonschema.ValidationError) -> str:
    # Of an anyOf, the branch that got furthest tells most.
    if fault.context:
        fault = max(fault.context, key=lambda e: (len(e.absolute_path), e.validator != "required"))
    place = tuple(fault.absolute_path)
    name = ".".join(map(str, place)) or "the file"
    remedy = fault.schema.get("description") if isinstance(fault.schema, dict) else None
    text = f"{name}: {fault.message}" + (f" (expected: {remedy})" if remedy else "")
    return document.at(place, text)
