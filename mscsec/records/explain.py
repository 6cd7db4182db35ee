"""Pydantic's errors in the words of a record: what was found, what the rule is, what to write instead."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from mscsec.errors import nearest
from mscsec.problems import Problem
from mscsec.records.nodes import Node, Path, Source
from mscsec.records.number import describe
from mscsec.records.quantities import known_keys

_ARTICLES = {
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "tuple_type": "a list",
    "list_type": "a list",
}


def problem_of(detail: Mapping[str, Any], root: Node, source: Source, model: type[BaseModel]) -> Problem:
    """One entry of `ValidationError.errors()` as a `Problem` at its place in the file."""
    path: Path = tuple(step for step in detail["loc"] if not _is_tag(step))
    kind = detail["type"]
    node, steps = root.find(path)
    if kind == "extra_forbidden":
        node = root.key(path)
        code, found, rule, instead = _unknown_key(path, model)
    elif kind == "missing" and steps == len(path):  # `key:` with nothing behind it
        code, found, rule, instead = (
            "R103",
            "nothing stands here",
            "this key is required",
            "Write its value behind the colon",
        )
    elif kind == "missing":
        node = root.key(path[:-1]) if len(path) > 1 and steps == len(path) - 1 else node
        code, found, rule, instead = (
            "R103",
            f"{path[-1]!r} is missing",
            "this key is required here",
            f"Write {path[-1]}: ...",
        )
    else:
        if re.fullmatch(r"[A-Z]\d{3}", kind) and isinstance(node.value, dict) and "value" in node.value:
            node = node.value["value"][1]  # a figure in full dress stands at its value
        code, found, rule, instead = value_words(detail, path)
    line = source.lines[node.line - 1] if node.line <= len(source.lines) else ""
    where = _spell(path[:-1] if kind == "extra_forbidden" else path[:steps])
    prefix = f"{where}: " if where else ""
    return Problem(source.file, node.line, node.column, code, prefix + found, rule, instead, excerpt=line)


def value_words(detail: Mapping[str, Any], path: Path) -> tuple[str, str, str, str]:
    """Code, found, rule and advice for a value that breaks the rule of its own field, which is the last of `path`."""
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    if re.fullmatch(r"[A-Z]\d{3}", kind):
        return kind, context["found"], context["rule"], context["instead"]
    if kind == "too_short":
        return "R103", "nothing stands here", "at least one entry is required", ""
    if kind in _ARTICLES:
        return "R104", f"found {describe(value)}", f"{_ARTICLES[kind]} is wanted here", _list_or_mapping(kind)
    if kind.startswith("bool"):
        wanted = "true or false is wanted here"
        return "R104", f"found {describe(value)}", wanted, "Write true, false or null (not yes or no)"
    if kind == "literal_error":
        return _not_allowed(value, context["expected"])
    if kind == "string_pattern_mismatch":
        return _bad_form(path, value)
    if kind in ("string_too_long", "too_long"):
        return "R107", f"found {len(value)} characters", f"an id has at most {context['max_length']}", "Shorten it"
    return "R104", f"found {describe(value)}", str(detail["msg"]).lower(), ""


def _is_tag(step: str | int) -> bool:
    """Whether a step names a branch of a union, which stands in no file."""
    return isinstance(step, str) and step in ("<mapping>", "<text>", "<count>")


def _unknown_key(path: Path, model: type[BaseModel]) -> tuple[str, str, str, str]:
    key = str(path[-1])
    known = list(_keys_at(model, path[:-1]))
    close = nearest(key, known)
    hint = f"Did you mean {close!r}? " if close else ""
    return "R102", f"unknown key {key!r}", "only known keys are read", f"{hint}Known here: {', '.join(known)}"


def _not_allowed(value: Any, expected: str) -> tuple[str, str, str, str]:
    options = re.findall(r"'([^']*)'", expected)
    close = nearest(value, options) if isinstance(value, str) else None
    rule = f"allowed here: {', '.join(options)}"
    if value is True or value is False:
        return "R105", f"found {describe(value)}", rule, "Put the word into quotes only if it is meant as text"
    return "R105", f"found {describe(value)}", rule, f"Write {close}" if close else ""


def _bad_form(path: Path, value: Any) -> tuple[str, str, str, str]:
    text = str(value)
    if path[-1] == "doi":
        bare = re.search(r"10\.\d{4,9}/\S+", text)
        return (
            "R107",
            f"found {describe(value)}",
            "a doi is bare and starts with 10.",
            f"Write {bare[0]}" if bare else "",
        )
    slug = re.sub(r"[^a-z0-9_-]+", "", text.lower()).lstrip("_-")
    return (
        "R107",
        f"found {describe(value)}",
        "an id has lower-case letters, digits, - and _",
        f"Write {slug}" if slug else "",
    )


def _list_or_mapping(kind: str) -> str:
    return (
        "Write [a, b], or one entry a line after a dash"
        if kind in ("tuple_type", "list_type")
        else "Write key: value, indented below"
    )


def _spell(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _keys_at(model: type[BaseModel], path: Path) -> Mapping[str, Any]:
    """Known keys of the model that stands at `path` below `model`."""
    current: type[BaseModel] | None = model
    inside = False  # a mapping by name or a list, whose next step only picks one of its entries
    for step in path:
        if inside or current is None:
            inside = False
            continue
        field = known_keys(current).get(str(step))
        if field is None:
            return {}
        current, inside = _inner_model(field.annotation), _is_container(field.annotation)
    return {} if inside or current is None else known_keys(current)


def _is_container(annotation: Any) -> bool:
    if typing.get_origin(annotation) in (dict, tuple):
        return True
    return any(_is_container(part) for part in typing.get_args(annotation) if part is not type(None))


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The first model inside an annotation such as `dict[str, Arm] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in typing.get_args(annotation):
        found = _inner_model(part)
        if found is not None:
            return found
    return None
