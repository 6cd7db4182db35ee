"""Scalars: what is a number, what is text, and that a number keeps how it was written."""

from __future__ import annotations

import copy
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscsec.records.number import Number, describe, resolve

NUMBERS = {
    "0": (0.0, 0), "-0": (0.0, 0), "7": (7.0, 0), "5.50": (5.5, 2), "5.": (5.0, 0), ".5": (0.5, 1), "+3": (3.0, 0), "-1.20": (-1.2, 2),
    "1e3": (1000.0, -3), "1E3": (1000.0, -3), "1.50e-3": (0.0015, 5), "2.5e+1": (25.0, 0), "0.0": (0.0, 1), "0e999": (0.0, -999),
    "12345678901234567890": (12345678901234567890.0, 0), "1e-400": (0.0, 400),
}  # fmt: skip
TEXTS = (
    "NO", "no", "yes", "Yes", "on", "off", "y", "1:1", "12:30:45", "2020-01-02", "2020-01-02T10:00:00Z", "010", "-010", "00", "1_000",
    "1,000", "0x1F", "0o17", "0b1", ".nan", ".NaN", ".inf", "-.inf", "nan", "inf", "infinity", ".", "-", "+", "e3", "1e", "1e+", "1 000",
    "1.2.3", "--1", "1-", "1e999", "-1e999", "0e1000", "½", "٣", "１", "5,50", "5.50 ", "5%", "<0.001", "tRuE", "nULL", "NULLS", "truely", "−1", "–1",
)  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_number_keeps_its_text(text: str) -> None:
    value, decimals = NUMBERS[text]
    number = resolve(text, plain=True)
    assert isinstance(number, Number)
    assert (float(number), number.text, number.decimals) == (value, text, decimals)
    assert describe(number) == text


@pytest.mark.parametrize("text", TEXTS)
def test_text_stays_text(text: str) -> None:
    assert resolve(text, plain=True) == text
    assert not isinstance(resolve(text, plain=True), Number)


@pytest.mark.parametrize(
    ("words", "value"),
    [(("", "~", "null", "Null", "NULL"), None), (("true", "True", "TRUE"), True), (("false", "False", "FALSE"), False)],
)
def test_words_of_the_core_schema(words: tuple[str, ...], value: object) -> None:
    for word in words:
        assert resolve(word, plain=True) is value
        assert resolve(word, plain=False) == word


@pytest.mark.parametrize("text", [*NUMBERS, *TEXTS])
def test_quoted_is_always_text(text: str) -> None:
    quoted = resolve(text, plain=False)
    assert quoted == text
    assert type(quoted) is str


@pytest.mark.parametrize(
    ("text", "half"), [("5.50", 0.005), ("5", 0.5), ("1e3", 500.0), ("0.0", 0.05), ("1e-400", 0.0), ("0e308", 5e307)]
)
def test_half_unit_of_the_last_place(text: str, half: float) -> None:
    assert Number(text, text).half_unit == half


@given(st.decimals(min_value=-10_000, max_value=10_000, places=3))
def test_every_decimal_is_a_number_with_its_decimals(value: object) -> None:
    number = resolve(str(value), plain=True)
    assert isinstance(number, Number)
    assert (str(value), 3) == (number.text, number.decimals)
    assert abs(float(number) - float(str(value))) <= number.half_unit


@given(st.text(max_size=20))
def test_no_text_breaks_the_resolver_and_numbers_are_finite(text: str) -> None:
    value = resolve(text, plain=True)
    assert value is None or isinstance(value, (str, bool, Number))
    if isinstance(value, Number):
        assert math.isfinite(value)
        assert float(text) == value
        assert value.half_unit >= 0
    elif isinstance(value, str):
        assert value == text


def test_copies_keep_the_text() -> None:
    number = resolve("5.50", plain=True)
    for twin in (pickle.loads(pickle.dumps(number)), copy.copy(number), copy.deepcopy(number)):
        assert (twin, twin.text) == (5.5, "5.50")
    assert hash(number) == hash(5.5)
    assert number == 5.5


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "nothing (null)"), (True, "true"), ({}, "a mapping (key: value)"), ((1,), "a list"), ("x" * 70, "the text '" + "x" * 60 + "…'"), ("a\x1b", r"the text 'a\x1b'")],
)  # fmt: skip
def test_described_in_words(value: object, words: str) -> None:
    assert describe(value) == words
