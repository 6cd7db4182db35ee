"""Suggestions from design flags: the answers, their reasons, and that they count for nothing until taken over."""

from __future__ import annotations

import pytest

from mscsec.appraisal.engine import appraise
from mscsec.appraisal.flags import design_flags
from mscsec.appraisal.instrument import instrument, instrument_keys
from mscsec.appraisal.suggestions import BY_DESIGN, suggest, suggest_from_results
from mscsec.errors import InvalidInput
from mscsec.records.models import Outcome

from .studies import study

RESULT = {"outcome": "death", "arms": {"a": {"events": 1, "n": 90}, "b": {"events": 2}}}
ARMS = {
    "a": {"role": "experimental", "n": 95, "randomised": 100},
    "b": {"role": "comparator", "n": 100, "randomised": 100},
}


def test_suggestions_of_an_open_label_trial() -> None:
    record = study(
        ARMS, results=[RESULT], open_label=True, allocation_concealment="unclear", registration=None,
        blinding={"participants": "no-blinding", "personnel": "no-blinding", "assessors": "unclear"},
    )  # fmt: skip
    outcome = Outcome.model_validate({"label": "Death", "type": "dichotomous", "subjective": False})
    flags = design_flags(record, record.results[0], outcome)
    found = {item.place: item.answer for item in suggest("rob2", flags)}
    assert found == {
        "1.1": "Y",
        "1.2": "NI",
        "2.1": "Y",
        "2.2": "Y",
        "3.1": "PY",
        "4.3": "NI",
        "4.4": "N",
        "5.1": "NI",
        "5.2": "PN",
    }
    assert all(item.reason for item in suggest("rob2", flags))


def test_suggestions_are_not_answers_until_taken_over() -> None:
    flags = design_flags(study())
    assert appraise("rob2", {}).domain("D1").judgement is None
    taken = {item.place: item.answer for item in suggest("rob2", flags)}
    assert appraise("rob2", taken | {"1.3": "N"}).domain("D1").judgement == "Low"


@pytest.mark.parametrize("key", [key for key in instrument_keys() if instrument(key).suggestions])
def test_suggestions_can_be_taken_over_as_they_stand(key: str) -> None:
    form = instrument(key)
    ids = set(form.question_ids())
    found = suggest(key, design_flags(study()))
    assert found
    questions = {item.place: item.answer for item in found if item.place in ids}
    judgements = {item.place: item.answer for item in found if item.place not in ids}
    assert appraise(key, questions, judgements=judgements).instrument == key


def test_a_matrix_of_results_answers_two_questions_of_rob_me() -> None:
    found = suggest_from_results({"roe": "✓", "poe": "X", "doe": "~", "moe": "X"})
    assert [(item.place, item.answer) for item in found] == [("4.1", "Yes"), ("4.3", "No")]
    assert found[0].reason.endswith("poe, moe")
    assert appraise("rob-me", {item.place: item.answer for item in found} | {"4.2": "Y"}).judgement == "High"
    with pytest.raises(InvalidInput, match="roe is marked"):
        suggest_from_results({"roe": "yes"})


def test_every_design_has_an_instrument() -> None:
    assert set(BY_DESIGN.values()) <= set(instrument_keys())
    assert set(BY_DESIGN) == {"parallel-rct", "cluster-rct", "crossover-rct", "nonrandomised", "single-arm"}
