"""JSON Schemas of the two files of an evidence base, made from the models, for editors and other programs.

`python -m mscsec.records.schema DIR` writes `study.json` and `review.json`. A schema knows the form of each value; the
rules between values (`checks.py`) are beyond it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mscsec.records.models import REVIEW_SCHEMA, STUDY_SCHEMA, Review, Study

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def study_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a study record."""
    return _schema(Study, STUDY_SCHEMA, "mscsec study record")


def review_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a protocol, `review.yaml`."""
    return _schema(Review, REVIEW_SCHEMA, "mscsec review protocol")


def schema_text(schema: dict[str, Any]) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(model: type[BaseModel], name: str, title: str) -> dict[str, Any]:
    made: dict[str, Any] = _as_read(model.model_json_schema(by_alias=True))
    return {"$schema": DIALECT, "$id": f"urn:{name.replace('/', ':')}"} | made | {"title": title}


def _as_read(node: Any) -> Any:
    """The schema with what the reader allows everywhere: null for a key that may be left out.

    A union that the reader tells apart by shape becomes anyOf, as its branches may overlap. Titles made from key names
    and Python's docstrings with their line ends are tidied.
    """
    if isinstance(node, list):
        return [_as_read(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {
        "anyOf" if key == "oneOf" else key: _as_read(item)
        for key, item in node.items()
        if not (key == "title" and isinstance(item, str)) and key != "discriminator"
    }
    if isinstance(made.get("description"), str):
        made["description"] = " ".join(made["description"].split())
    if isinstance(made.get("properties"), dict):
        required = made.get("required", [])
        made["properties"] = {
            key: item if key in required else _or_null(item) for key, item in made["properties"].items()
        }
    return made


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema`, or null. A default is what the program takes, and is no use to an editor where it is null or empty."""
    rest = {key: item for key, item in schema.items() if key != "default" or item not in (None, [], {})}
    branches = rest.get("anyOf", [])
    if {"type": "null"} in branches:
        return rest
    if set(rest) == {"anyOf"}:
        return {"anyOf": [*branches, {"type": "null"}]}
    outer: dict[str, Any] = {key: rest.pop(key) for key in ("default", "description") if key in rest}
    return {"anyOf": [rest, {"type": "null"}], **outer}


def write_schemas(folder: Path) -> None:
    """Writes both schemas into `folder`, which is made where it does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in (("study", study_schema()), ("review", review_schema())):
        (folder / f"{name}.json").write_text(schema_text(schema), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
