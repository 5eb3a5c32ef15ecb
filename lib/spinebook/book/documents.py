"""YAML files read with their line numbers and checked against a JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
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


def read_text(path: Path) -> str:
    """Read a UTF-8 file.

    Raises:
        BookError: if it is none, naming the line.
    """
    content = path.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BookError(located(path, line, "not UTF-8 text; save the file as UTF-8")) from None


def read_document(path: Path, schema: str) -> Document:
    """Read a YAML file and check it against ``schemas/SCHEMA.json``.

    Raises:
        BookError: if the file is missing, is no YAML, repeats a key, or breaks the schema; every
            fault is listed with its line and what was expected.
    """
    if not path.is_file():
        raise BookError(located(path, None, "file not found; every chapter folder needs one"))
    text = read_text(path)
    try:
        content, lines = parse_yaml(text)
    except YamlFault as fault:
        raise BookError(located(path, fault.line, str(fault))) from None
    document = Document(path, {} if content is None else content, lines)
    faults = [document.at(place, text) for place, text in schema_faults(document.content, schema)]
    if faults:
        raise BookError("\n".join(dict.fromkeys(faults)))
    return document


class YamlFault(ValueError):
    """A text that is no plain YAML, with the line at fault."""

    def __init__(self, line: int | None, message: str) -> None:
        """Keep the line beside the message."""
        super().__init__(message)
        self.line = line


def parse_yaml(text: str) -> tuple[Any, dict[Place, int]]:
    """Read YAML; return its content and the line on which each part of it starts.

    Raises:
        YamlFault: if it is no YAML, repeats a key, or has a key that is no plain word.
    """
    lines: dict[Place, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return (None if node is None else _build(node, (), lines)), lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not readable"
        raise YamlFault(mark.line + 1 if mark else None, f"not valid YAML: {problem}") from None
    except RecursionError:
        raise YamlFault(None, "not valid YAML: an alias stands inside what it names") from None


def schema_faults(content: Any, schema: str) -> Iterator[tuple[Place, str]]:
    """Yield place and description of everything in which content breaks a schema."""
    faults = _validator(schema).iter_errors(content)
    for fault in sorted(faults, key=lambda e: list(map(str, e.absolute_path))):
        yield _explain(content, fault)


def _build(node: yaml.Node, place: Place, lines: dict[Place, int]) -> Any:
    line = node.start_mark.line + 1
    lines[place] = line
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            where = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlFault(where, "a key must be a plain word")
            key = yaml.SafeLoader("").construct_object(key_node)
            if key in result:
                raise YamlFault(where, f"key {key!r} stands twice; keep one")
            result[key] = _build(value_node, (*place, key), lines)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*place, i), lines) for i, item in enumerate(node.value)]
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except ValueError as error:  # a date that is none, such as 2020-13-45
        raise YamlFault(line, f"not valid YAML: {error}; put it in quotes") from None
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


def _explain(content: Any, fault: jsonschema.ValidationError) -> tuple[Place, str]:
    # Of several alternatives, the one that got further than the choice itself tells most.
    deeper = [e for e in fault.context or () if len(e.path) > 0 or "additional" in e.validator]
    if deeper:
        fault = max(deeper, key=lambda e: (len(e.absolute_path), e.validator != "required"))
    place = tuple(fault.absolute_path)
    name = _name(content, place)
    remedy = fault.schema.get("description") if isinstance(fault.schema, dict) else None
    if fault.validator == "additionalProperties":
        known = fault.schema.get("properties", {})
        unknown = [key for key in fault.instance if key not in known]
        text = f"unknown key {unknown[0]!r}; known: {', '.join(known)}"
        return (*place, unknown[0]), f"{name}: {text}"
    if fault.validator == "required":
        missing = [repr(key) for key in fault.validator_value if key not in fault.instance]
        expected = f" (expected: {remedy})" if remedy else ""
        return place, f"{name}: missing {', '.join(missing)}; add it{expected}"
    if not remedy and fault.validator == "type":
        kinds = {"object": "a mapping", "array": "a list", "string": "a text"}
        remedy = kinds.get(fault.validator_value)
    if remedy:
        return place, f"{name}: expected {remedy}, got {fault.instance!r}"
    return place, f"{name}: {fault.message}"


def _name(content: Any, place: Place) -> str:
    """Name a part as its author does: rows by their id, everything else by its keys."""
    words: list[str] = []
    for key in place:
        content = content[key]
        named = isinstance(content, dict) and isinstance(content.get("id"), str)
        words = [content["id"]] if named else [*words, str(key)]
    return ".".join(words) or "the file"
