"""Columns of printed numbers come out of their code as they went in, and are shorter there."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscsec.report.numbers import number, p_value, percent, variance
from mscsec.report.page.digits import SIGNS, coded

from .test_lookup import lines

SHOWN = st.one_of(
    st.floats(allow_nan=True).map(number),
    st.floats(-50, 50).map(number),
    st.floats(0, 1).map(p_value),
    st.floats(0, 1).map(percent),
    st.floats(0, 1e7).map(variance),
    st.sampled_from(["–", "P not available", "P < 0.0001", "inf", "-inf", "-0.00", "007", "1e-05", "0.00000000012"]),
)


@given(st.integers(1, 6).flatmap(lambda k: st.lists(SHOWN, min_size=2**k - 1, max_size=2**k - 1)))
def test_every_text_comes_back(texts: list[str]) -> None:
    assert lines(coded(texts)) == texts


@pytest.mark.parametrize("text", ["987654321.12345679", "-987654321.1234567", "999999999.99"])
def test_digits_beyond_a_float_come_back(text: str) -> None:
    assert lines(coded(["0.10", text, "0.30"])) == ["0.10", text, "0.30"]


def test_a_column_of_many_shapes_is_kept_as_it_is() -> None:
    texts = [f"text {chr(65 + place % 26)}{place}" for place in range(127)]
    assert coded(texts) == "|".join(texts)
    assert lines(coded(texts)) == texts


@pytest.mark.parametrize("letter", SIGNS)
def test_its_letters_are_one_byte_in_json(letter: str) -> None:
    assert len(json.dumps(letter)) == 3


def test_means_of_every_set_take_half_the_room() -> None:
    k = 10
    yi = np.random.default_rng(3).normal(1.0, 0.8, k)
    inside = (np.arange(1, 2**k)[:, None] >> np.arange(k)) & 1
    texts = [number(float(mean)) for mean in (inside * yi).sum(1) / inside.sum(1)]
    plain = zlib.compress("|".join(texts).encode(), 9)
    assert len(zlib.compress(json.dumps(coded(texts)).encode(), 9)) < 0.5 * len(plain)
