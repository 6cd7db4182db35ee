"""A record as canonical YAML: keys in the model's order, numbers with the text they were read with."""

from __future__ import annotations

from typing import Any

import yaml

from mscsec.records.models import Study
from mscsec.records.number import Number, resolve

SCHEMA_LINE = "# yaml-language-server: $schema={schema}\n"


_RESOLVER: Any = (
    yaml.resolver.Resolver()
)  # YAML 1.1, what other programs read; a number is written so that no tag is needed


class _Dumper(yaml.SafeDumper):
    """Block style, no aliases, lists indented under their key."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


class _Flow(dict[str, Any]):
    """A mapping that is written on one line."""


class _FlowList(list[Any]):
    """A list that is written on one line."""


def _number(dumper: _Dumper, value: Number) -> yaml.Node:
    return dumper.represent_scalar(_RESOLVER.resolve(yaml.ScalarNode, value.text, (True, False)), value.text)


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    """Quoted only where the text would not be read back as text, by this reader or by any other."""
    looks_typed = (
        not isinstance(resolve(value, True), str)
        or _RESOLVER.resolve(yaml.ScalarNode, value, (True, False)) != "tag:yaml.org,2002:str"
    )
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if looks_typed else None)


_Dumper.add_representer(Number, _number)
_Dumper.add_representer(str, _text)
_Dumper.add_representer(
    _Flow, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)
)
_Dumper.add_representer(
    _FlowList, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)


def dump_study(data: dict[str, Any], schema: str | None = None) -> str:
    """`data` (a record as plain data, as the reader gives it) as YAML text; its meaning is unchanged.

    schema : address for the editor's first line; none is written where None.
    """
    ordered = _ordered(data, list(_keys(Study)))
    text = yaml.dump(_shape(ordered), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, indent=2)
    return (SCHEMA_LINE.format(schema=schema) if schema else "") + text


def _keys(model: Any) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _ordered(data: dict[str, Any], order: list[str]) -> dict[str, Any]:
    return {key: data[key] for key in (*order, *data) if key in data}


def _shape(value: Any, key: str = "", depth: int = 0) -> Any:
    """Small figure mappings and pairs on one line, the rest in blocks."""
    if isinstance(value, dict):
        shaped = {name: _shape(item, name, depth + 1) for name, item in value.items()}
        small = all(not isinstance(item, (dict, list)) or isinstance(item, _FlowList) for item in shaped.values())
        length = sum(len(str(name)) + len(getattr(item, "text", str(item))) + 4 for name, item in shaped.items())
        return _Flow(shaped) if depth > 1 and small and length <= 90 else shaped
    if isinstance(value, (list, tuple)):
        items = [_shape(item, "", depth + 1) for item in value]
        plain = all(not isinstance(item, (dict, list)) for item in items)
        return _FlowList(items) if plain and sum(len(str(item)) + 2 for item in items) <= 90 else items
    return value


def scalar_text(value: str | bool | Number | None) -> str:
    """One scalar on one line, quoted only where it must be, also inside brackets."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = yaml.dump([value], Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=10**9)
    return text.strip()[1:-1]
