"""The JSON Schemas: up to date, true to the reader on what it takes, and against an independent validator."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mscsec.records.nodes import Source, parse
from mscsec.records.number import Number
from mscsec.records.reader import read_study
from mscsec.records.schema import review_schema, schema_text, study_schema
from mscsec.records.template import template

from .bases import FILES, REVIEW, STUDY, broken
from .test_malformed import CASES

ROOT = Path(__file__).parents[2]
SCHEMAS = {"study": study_schema(), "review": review_schema()}
RECORDS = sorted((ROOT / "studies").glob("*.yaml"))
# What only the reader knows: rules between values, how a number was written, grammar, and the words of a line.
BEYOND = {
    "R101",
    "R108",
    "R202",
    "R203",
    "R204",
    "R205",
    "R206",
    "R207",
    "R210",
    "R211",
    "R212",
    "R213",
    "R214",
    "R217",
}
GRAMMAR = {
    code for case in CASES if (code := case.code) in {"R006", "R008", "R009", "R010", "R011", "R012", "R014", "R016"}
}
ALSO_BEYOND = {"interval reversed", "important difference too wide", "ratio negative"}


def data_of(text: str) -> Any:
    """The data of a YAML text as any other program has it: plain floats."""
    source = Source("f.yaml", text)
    root = parse(source)
    assert root is not None
    return floats(root.plain())


def floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, Number) else value


def faults(name: str, text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMAS[name]).iter_errors(data_of(text))]


@pytest.mark.parametrize("name", SCHEMAS)
def test_file_is_up_to_date(name: str) -> None:
    """After a change to the models: python -m mscsec.records.schema docs/schema"""
    assert (ROOT / "docs" / "schema" / f"{name}.json").read_text(encoding="utf-8") == schema_text(SCHEMAS[name])


def test_the_tool_writes_both_files(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "mscsec.records.schema", str(tmp_path / "a" / "b")], check=True, timeout=60)
    for name, schema in SCHEMAS.items():
        assert json.loads((tmp_path / "a" / "b" / f"{name}.json").read_text(encoding="utf-8")) == schema


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_one(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:mscsec:{name}:1"
    assert schema["title"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("path", RECORDS, ids=[path.stem for path in RECORDS])
def test_shipped_record_is_valid(path: Path) -> None:
    assert faults("review" if path.name == "review.yaml" else "study", path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("study", STUDY), ("review", REVIEW), ("study", template("study")), ("review", template("review"))],
    ids=["study", "review", "study template", "review template"],
)
def test_other_records_are_valid(name: str, text: str) -> None:
    assert faults(name, text) == []


ACCEPTED = {
    "a figure in full dress": ("events: 3}", "events: {value: 3, assumed: why, note: null}}"),
    "null for a key that may be left out": ("  year: 2021\n", "  year: null\n"),
    "null for a part": ("population: {condition: severe, randomised: 42}", "population: null"),
    "null for a list": ("  authors: [Jane Roe]\n", "  authors: null\n"),
    "null for a flag word": ("sequence_generation: adequate", "sequence_generation: null"),
    "a number for text": ("title: A trial", "title: 2021"),
    "one text for a list": ("notes: [first, second]", "notes: first"),
    "a bound of P": ("{p: 0.28}", '{p: "<0.001"}'),
    "a bound of P in full dress": ("{p: 0.28}", '{p: {value: "> 0.05", source: {where: figure}}}'),
    "a bound of P apart": ("{p: 0.28}", '{p: {value: 0.05, bound: "<"}}'),
    "support as text": ("assessor: A}", "assessor: A, domains: {D1: {support: words}}}"),
    "support by question": ("assessor: A}", 'assessor: A, domains: {D1: {support: {"1.1": words}}}}'),
    "a whole number with a point": ("events: 3}", "events: 3.0}"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_the_reader_takes_is_valid(case: str) -> None:
    old, new = ACCEPTED[case]
    assert STUDY.count(old) == 1
    text = STUDY.replace(old, new)
    assert read_study("a.yaml", text)[2] == []
    assert faults("study", text) == []


OF_FORM = [case for case in CASES if case.code not in BEYOND | GRAMMAR and case.name not in ALSO_BEYOND]


@pytest.mark.parametrize("case", OF_FORM, ids=[case.name for case in OF_FORM])
def test_what_the_reader_refuses_for_its_form_is_not_valid(case: Any) -> None:
    assert faults("study" if case.file != "review.yaml" else "review", broken(case.file, case.old, case.new)[0])


def test_most_kinds_of_fault_are_seen() -> None:
    assert {case.code for case in OF_FORM} >= {"R102", "R103", "R104", "R105", "R106", "R107"}
    assert len(OF_FORM) > 50
    assert set(FILES) == {"review.yaml", "roe2021.yaml"}


@pytest.mark.parametrize("path", ["study", "review"])
def test_every_key_of_the_file_is_described_or_typed(path: str) -> None:
    for name, definition in SCHEMAS[path]["$defs"].items():
        assert "description" in definition or "anyOf" in definition, name
        for key, item in definition.get("properties", {}).items():
            assert item, f"{name}.{key}"
