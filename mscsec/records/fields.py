"""Every key of the two kinds of file, read off the models: for the page of fields and for `mscsec explain study`."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from mscsec.records import models
from mscsec.records.quantities import Quantity, known_keys
from mscsec.results import Result

ROOTS: dict[str, type[BaseModel]] = {"study": models.Study, "review": models.Review}
_NAMES = {"str": "text", "bool": "true or false", "int": "whole number", "Number": "number", "Quantity": "number"}


@dataclass(frozen=True, slots=True)
class FieldRow(Result):
    """One key: what may stand behind it, and whether it must be there."""

    key: str
    value: str
    required: bool


@dataclass(frozen=True, slots=True)
class Section(Result):
    """One model: its name, what it is, its keys."""

    name: str
    text: str
    rows: tuple[FieldRow, ...]


def sections(
    root: type[BaseModel], link: Callable[[str], str] = str, code: Callable[[str], str] = str
) -> tuple[Section, ...]:
    """The models below `root` in the order in which a reader meets them.

    link : how the name of another section is written. code : how a word to be written as it stands is.
    """
    found = []
    for model in _in_order(root):
        text = "\n".join(line.strip() for line in inspect.cleandoc(model.__doc__ or "").splitlines())
        rows = tuple(
            FieldRow(key, _describe(field.annotation, field.metadata, link, code), field.is_required())
            for key, field in known_keys(model).items()
        )
        found.append(Section(model.__name__, text, rows))
    return tuple(found)


def _in_order(root: type[BaseModel]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []

    def visit(model: type[BaseModel]) -> None:
        if model in found or issubclass(model, Quantity):
            return
        found.append(model)
        for field in model.model_fields.values():
            for inner in _models_in(field.annotation):
                visit(inner)

    visit(root)
    return found


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]


def _describe(
    annotation: object, metadata: Sequence[object], link: Callable[[str], str], code: Callable[[str], str]
) -> str:
    """A type in the words of a record."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _describe(parts[0], parts[1:], link, code)
    if origin is typing.Literal:
        return " | ".join(code(str(part)) for part in parts)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_describe(part, (), link, code) for part in parts if part is not type(None)))
    if origin is tuple:
        pair = len(parts) == 2 and parts[1] is not Ellipsis
        return "[lower, upper]" if pair else f"list of {_describe(parts[0], (), link, code)}"
    if origin is dict:
        return f"mapping of names to {_describe(parts[1], (), link, code)}"
    name = getattr(annotation, "__name__", str(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Quantity) and annotation is not Quantity:
        return f"number: {annotation.rule}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not Quantity:
        return link(name)
    pattern = next((getattr(item, "pattern", None) for item in metadata if getattr(item, "pattern", None)), None)
    return _NAMES.get(name, name) + (f" matching {code(str(pattern))}" if pattern else "")
