"""Editing a record: the value is there, and no other character has moved."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.errors import UsageError
from mscsec.records.editor import put
from mscsec.records.nodes import Source, parse

from .base import STUDY

RECORD = STUDY.format(id="roe2020", author="Roe", events=10)


def read(text: str) -> Any:
    root = parse(Source("x", text))
    assert root is not None
    return root.plain()


def lost(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(True), after.splitlines(True)) if line.startswith("- ")]


def test_answers_are_added_one_by_one_and_nothing_is_lost() -> None:
    path = ("risk_of_bias", 0)
    text = put("x", RECORD, path, {"tool": "rob2", "assessor": "A"})
    text = put("x", text, (*path, "domains", "D1", "answers", "1.1"), "Y")
    text = put("x", text, (*path, "domains", "D1", "answers", "1.2"), "NI")
    text = put("x", text, (*path, "domains", "D2", "answers", "2.1"), "PN")
    assert text == RECORD + (
        "risk_of_bias:\n  - tool: rob2\n    assessor: A\n    domains:\n"
        '      D1:\n        answers: {"1.1": Y, "1.2": NI}\n      D2:\n        answers: {"2.1": PN}\n'
    )


def test_a_changed_answer_touches_its_own_characters_only() -> None:
    text = put("x", RECORD, ("risk_of_bias", 0, "domains", "D1", "answers"), {"1.1": "Y", "1.2": "NI"})
    assert put("x", text, ("risk_of_bias", 0, "domains", "D1", "answers", "1.1"), "PN") == text.replace(
        '"1.1": Y', '"1.1": PN'
    )


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ("a: 1 # c\nb: 2\n", ("c",), "x", "a: 1 # c\nb: 2\nc: x\n"),
        ("a: 1\nb: 2", ("c",), "x", "a: 1\nb: 2\nc: x"),
        ("a: 1\r\nb: {c: 2}\r\n", ("b", "d"), "x", "a: 1\r\nb: {c: 2, d: x}\r\n"),
        ("a: []  # none yet\nb: 1\n", ("a", 0), {"k": "v"}, "a:  # none yet\n  - k: v\nb: 1\n"),
        ("a:\n  - x\n\n# after\nb: 1\n", ("a", 1), "y", "a:\n  - x\n  - y\n\n# after\nb: 1\n"),
        ("a:\n- x\nb: 1\n", ("a", 1), {"k": "v", "l": "w"}, "a:\n- x\n- k: v\n  l: w\nb: 1\n"),
        ("a:\nb: 1\n", ("a", "k"), "v", "a:\n  k: v\nb: 1\n"),
        ("a: null # why\nb: 1\n", ("a", "k"), "v", "a: # why\n  k: v\nb: 1\n"),
        ("a: |\n  long\n  text\n\nb: 1\n", ("a",), "short", "a: short\n\nb: 1\n"),
        ("a: {k: [1, 2,],}\n", ("a", "k", 2), "x", "a: {k: [1, 2, x,],}\n"),
        ("a: 'it''s' # c\n", ("a",), "no", 'a: "no" # c\n'),
        ("---\na: 1\n...\n", ("b",), "x", "---\na: 1\nb: x\n...\n"),
    ],
)
def test_the_places_that_records_have(text: str, path: tuple[str | int, ...], value: Any, expected: str) -> None:
    assert put("x", text, path, value) == expected


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: &x {k: 1}\nb: *x\n", ("b", "l")),
        ("a: 1\n", ("a", "k")),
        ("a: {\n", ("b",)),
        ("a: 1\na: 2\n", ("b",)),
        ("a: [1]\n", ("a", 4)),
    ],
)
def test_what_cannot_be_edited_is_refused(text: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(UsageError):
        put("x", text, path, "v")


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn", "Zl", "Zp"]), max_size=30
).filter(lambda text: text == text.strip() and "\ufeff" not in text)


@settings(max_examples=60, deadline=None)
@given(support=words, assessor=words, end=st.sampled_from(["\n", "\r\n"]))
def test_any_text_comes_back_as_it_was_given(support: str, assessor: str, end: str) -> None:
    record = RECORD.replace("\n", end)
    text = put("x", record, ("risk_of_bias", 0), {"tool": "rob2", "assessor": assessor})
    text = put("x", text, ("risk_of_bias", 0, "domains", "D1", "support"), support)
    assert text.startswith(record)
    made = read(text)["risk_of_bias"][0]
    assert (made["assessor"], made["domains"]["D1"]["support"]) == (assessor, support)
    assert lost(record, text) == []
