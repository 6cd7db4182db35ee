"""The canonical form: written and read again, a record says the same to the last digit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.records.nodes import Source, parse
from mscsec.records.number import Number, resolve
from mscsec.records.reader import plain_types, read_study
from mscsec.records.template import template
from mscsec.records.writer import dump_study

from .bases import STUDY

SHIPPED = sorted(path for path in (Path(__file__).parents[2] / "studies").glob("*.yaml") if path.name != "review.yaml")
AWKWARD = (
    "NO", "yes", "on", "null", "~", "", " ", "true", "010", "1_000", "0x1F", "1:30", "2020-01-02", "5.50", "1e3", ".5", "- a", "a: b", "# c", "a #b", "[x]", "{x}", "&a", "*a",
    "!t", "|", ">", "%", "@", "`", "'", '"', "it's", 'say "x"', "a\\b", "tab\there", "line\nbreak", "line\n", "\n", " lead", "trail ", "é", "漢字", "😀", "x" * 300, "a  b " * 60,
    "?", "? a", ":", ": a", ",", "...", "---", "<<", "=", "5,50 ± 1.64", "P < 0.001", ".nan", "-.inf", "1e999", "−5", "a\n\n b\n  c\n\n",
)  # fmt: skip


def exact(value: Any) -> Any:
    """`value` with each number as its kind and text, so that 5.5 and 5.50 differ."""
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [exact(item) for item in value]
    return ("number", value.text) if isinstance(value, Number) else value


def reread(text: str) -> Any:
    source = Source("again.yaml", text)
    root = parse(source)
    assert source.problems == [], text
    assert root is not None
    return root.plain()


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_record_survives(path: Path) -> None:
    study, document, problems = read_study(str(path), path.read_text(encoding="utf-8"))
    assert problems == []
    assert document is not None
    canonical = dump_study(document.root.plain())
    again, twin, problems = read_study("again.yaml", canonical)
    assert problems == []
    assert again == study
    assert twin is not None
    assert exact(twin.root.plain()) == exact(document.root.plain())
    assert dump_study(twin.root.plain()) == canonical


@pytest.mark.parametrize("text", [STUDY, template("study")], ids=["small", "template"])
def test_other_records_survive(text: str) -> None:
    study, document, problems = read_study("a.yaml", text)
    assert (problems, study is None) == ([], False)
    assert document is not None
    canonical = dump_study(document.root.plain(), schema="../study.json")
    assert canonical.startswith("# yaml-language-server: $schema=../study.json\nschema: mscsec/study/1\nid: ")
    assert read_study("b.yaml", canonical)[0] == study


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_survives_everywhere(text: str) -> None:
    data = {"id": text, "notes": [text, text], "support": {"a": {"b": text}}}
    assert reread(dump_study(data)) == data
    assert yaml.safe_load(dump_study(data)) == data


@pytest.mark.parametrize(
    "text", ["5.50", "5.", ".5", "+3", "1e3", "1E-5", "-0", "0.0", "1.0e+2", "12345678901234567890"]
)
def test_numbers_keep_their_text_and_are_numbers_to_others(text: str) -> None:
    number = resolve(text, plain=True)
    written = dump_study({"a": number, "b": [number]})
    assert exact(reread(written)) == {"a": ("number", text), "b": [("number", text)]}


WORDS = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co", "Zl", "Zp")), max_size=30),
)
FIGURES = st.decimals(-1000, 1000, places=2).map(lambda value: Number(str(value), str(value)))
KEYS = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=8)
DATA = st.recursive(
    st.one_of(WORDS, FIGURES, st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=15,
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.dictionaries(KEYS, DATA, min_size=1, max_size=4))
def test_any_plain_data_survives(data: dict[str, Any]) -> None:
    canonical = dump_study(data)
    assert exact(reread(canonical)) == exact(data)
    assert dump_study(reread(canonical)) == canonical


def test_keys_stand_in_the_order_of_the_model() -> None:
    lines = dump_study({"notes": ["x"], "zeta": 1, "id": "a", "schema": "s"}).splitlines()
    assert [line.split(":")[0] for line in lines] == ["schema", "id", "notes", "zeta"]


def test_validated_data_is_plain_again() -> None:
    study, document, _ = read_study("a.yaml", STUDY)
    assert study is not None
    assert document is not None
    plain = plain_types(study)
    assert plain["schema"] == "mscsec/study/1"
    assert plain["results"][1]["arms"]["active"]["sd"]["value"].text == "3.1"
