"""Sentences that know their numbers: a text to whoever prints it, pieces to whoever links them."""

from __future__ import annotations

import json
import pickle

import pytest

from mscsec.said import RULE, Ref, Said, joined, num, parts_of, quoted, said


def test_a_sentence_is_its_text_and_keeps_its_numbers():
    text = said("{} of {:.1f} {} need {}", 3, 4.26, "days", num("10 studies", RULE))
    assert text == "3 of 4.3 days need 10 studies"
    assert text.refs == (Ref("3"), Ref("4.3"), Ref("10 studies", RULE))
    assert "".join(part if isinstance(part, str) else part.text for part in text.parts) == text


def test_sentences_in_sentences_keep_their_pieces():
    inner = said("P = {}", 0.04)
    for outer in (said("({})", inner), "(" + inner + ")", joined("", ["(", inner, ")"])):
        assert outer == "(P = 0.04)"
        assert outer.refs == (Ref("0.04"),)


def test_numbers_of_a_sentence_can_share_what_stands_behind_them():
    assert said("{} or {}", 1, num(2), of=RULE).refs == (Ref("1", RULE), Ref("2"))


def test_a_text_is_no_number_and_braces_are_written_twice():
    text = said("{{{}}} of {}", "7", quoted("8 {mL}"))
    assert text == "{7} of 8 {mL}"
    assert text.refs == (Ref("8 {mL}"),)
    assert quoted("") == ""
    assert quoted("").refs == ()


def test_values_and_places_must_be_as_many():
    with pytest.raises(IndexError):
        said("{} of {}", 1)
    with pytest.raises(ValueError, match="more values"):
        said("{}", 1, 2)


def test_a_plain_text_is_one_piece():
    assert parts_of("as printed 7") == ("as printed 7",)
    assert parts_of("") == ()
    assert parts_of(num(7)) == (Ref("7"),)


def test_it_goes_where_texts_go():
    text = said("n = {}", 12)
    assert json.dumps({"found": text}) == '{"found": "n = 12"}'
    assert {text: 1}["n = 12"] == 1
    again = pickle.loads(pickle.dumps(text))
    assert isinstance(again, Said)
    assert again.parts == text.parts
