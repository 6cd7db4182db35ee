"""Writes docs/fields.md: every field of a study record and of the protocol, from the models themselves.

python docs/fields.py            # writes the page
python docs/fields.py --check    # exit 1 where it is not up to date
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from pathlib import Path

from pydantic import BaseModel

from mscsec.records import models
from mscsec.records.quantities import Quantity, known_keys

PAGE = Path(__file__).parent / "fields.md"


def main(check: bool) -> int:
    """Writes or checks the page."""
    text = page()
    if check:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        print(
            "docs/fields.md is up to date"
            if current == text
            else "docs/fields.md is not up to date: run python docs/fields.py"
        )
        return int(current != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """The whole page: one section a model, in the order in which a reader meets them."""
    parts = [
        "# Fields\n\nEvery key of the two kinds of file, generated from the models by `docs/fields.py`. Where a number stands, "
        "`{value: 10, assumed: why}` or `{value: 10, source: {where: ...}}` may stand too. `null` is the same as leaving a key out.\n"
    ]
    for title, root in (("Study record", models.Study), ("Protocol (review.yaml)", models.Review)):
        parts.append(f"\n# {title}\n")
        for model in _in_order(root):
            parts.append(
                f"\n## {model.__name__}\n\n{_docstring(model)}\n\n| key | value | required |\n| --- | --- | --- |\n"
            )
            for key, field in known_keys(model).items():
                parts.append(
                    f"| `{key}` | {_describe(field.annotation, field.metadata)} | {'yes' if field.is_required() else ''} |\n"
                )
    return "".join(parts)


def _docstring(model: type[BaseModel]) -> str:
    return "\n".join(line.strip() for line in inspect.cleandoc(model.__doc__ or "").splitlines())


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


_NAMES = {"str": "text", "bool": "true or false", "int": "whole number", "Number": "number", "Quantity": "number"}


def _describe(annotation: object, metadata: typing.Sequence[object] = ()) -> str:
    """A type in the words of a record."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _describe(parts[0], parts[1:])
    if origin is typing.Literal:
        return " \\| ".join(f"`{part}`" for part in parts)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_describe(part) for part in parts if part is not type(None)))
    if origin is tuple:
        return "[lower, upper]" if len(parts) == 2 and parts[1] is not Ellipsis else f"list of {_describe(parts[0])}"
    if origin is dict:
        return f"mapping of names to {_describe(parts[1])}"
    name = getattr(annotation, "__name__", str(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Quantity) and annotation is not Quantity:
        return f"number: {annotation.rule}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not Quantity:
        return f"[{name}](#{name.lower()})"
    pattern = next((getattr(item, "pattern", None) for item in metadata if getattr(item, "pattern", None)), None)
    return _NAMES.get(name, name) + (f" matching `{pattern}`".replace("|", "\\|") if pattern else "")


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
