"""The design checklist, contradictions of flags, suggestions, and assessments as records hold them."""

from __future__ import annotations

from typing import Any

import pytest

from mscsec.appraisal.checklist import checklist, contradictions
from mscsec.appraisal.engine import appraise
from mscsec.appraisal.flags import design_flags, numbers
from mscsec.appraisal.from_record import appraise_record, record_problems
from mscsec.appraisal.instrument import instrument, instrument_keys
from mscsec.appraisal.suggestions import BY_DESIGN, suggest
from mscsec.errors import InvalidInput, UnknownName
from mscsec.records.models import Assessment, Outcome, Study

GOOD: dict[str, Any] = {
    "type": "parallel-rct",
    "randomised": True,
    "sequence_generation": "adequate",
    "allocation_concealment": "adequate",
    "open_label": False,
    "blinding": {"participants": "blinded", "personnel": "blinded", "assessors": "blinded"},
    "incomplete_outcome_data": "adequate",
    "selective_reporting": "adequate",
    "registration": "NCT00000001",
}


def study(arms: dict[str, Any] | None = None, population: dict[str, Any] | None = None, results: Any = (), **design: Any) -> Study:
    return Study.model_validate(
        {
            "schema": "mscsec/study/1",
            "id": "roe2021",
            "citation": {},
            "design": GOOD | design,
            "population": population or {},
            "arms": arms or {"a": {"role": "experimental", "n": 210}, "b": {"role": "comparator", "n": 205}},
            "results": results,
        }
    )


def answers(record: Study) -> dict[str, str]:
    return {item.id: item.answer for item in checklist(record).items}


def test_all_practices_in_place() -> None:
    result = checklist(study())
    assert (result.score, result.out_of, result.rating, result.warnings) == (10, 10, "Low", ())


def test_a_report_that_says_nothing_is_unclear() -> None:
    record = Study.model_validate(
        {"schema": "mscsec/study/1", "id": "x", "citation": {}, "design": {"type": "parallel-rct"}, "arms": {"a": {"role": "experimental"}}}
    )
    result = checklist(record)
    assert {item.answer for item in result.items} == {"unclear"}
    assert (result.score, result.rating) == (0, "Unclear")


@pytest.mark.parametrize("flag", ["sequence_generation", "allocation_concealment", "selective_reporting", "incomplete_outcome_data"])
@pytest.mark.parametrize(("value", "rating"), [("inadequate", "High"), ("unclear", "Unclear")])
def test_key_items_decide_the_rating(flag: str, value: str, rating: str) -> None:
    result = checklist(study(**{flag: value}))
    assert (result.rating, result.score) == (rating, 9)


@pytest.mark.parametrize(("value", "rating"), [("no-blinding", "High"), ("unclear", "Unclear")])
def test_blinding_of_assessors_is_a_key_item_and_that_of_participants_is_not(value: str, rating: str) -> None:
    blinded = GOOD["blinding"]
    assert checklist(study(blinding=blinded | {"assessors": value})).rating == rating
    assert checklist(study(blinding=blinded | {"participants": value, "personnel": value})).rating == "Low"


def test_open_label_registration_and_support_in_the_words_of_the_record() -> None:
    record = study(open_label=True, registration=None, support={"open_label": "the title says so"})
    found = {item.id: (item.answer, item.support) for item in checklist(record).items}
    assert found["not_open_label"] == ("no", "the title says so")
    assert found["registration"] == ("unclear", "no registration found")
    assert checklist(record).rating == "Low"
    assert [notice.code for notice in checklist(record).warnings] == ["B010", "B010"]


def test_a_study_that_is_not_randomised_has_no_random_sequence() -> None:
    assert answers(study(type="nonrandomised", randomised=False, sequence_generation="unclear"))["random_sequence"] == "no"


@pytest.mark.parametrize(("analysed", "answer"), [(100, "yes"), (95, "yes"), (94, "unclear"), (85, "unclear"), (84, "no")])
def test_complete_data_by_the_share_analysed_where_the_flag_is_unclear(analysed: int, answer: str) -> None:
    arms = {"a": {"role": "experimental", "randomised": 60, "n": analysed - 50}, "b": {"role": "comparator", "randomised": 40, "n": 50}}
    record = study(arms, incomplete_outcome_data="unclear")
    assert answers(record)["complete_data"] == answer
    assert answers(study(arms, incomplete_outcome_data="adequate"))["complete_data"] == "yes"


@pytest.mark.parametrize(("sizes", "answer"), [((200, 200), "yes"), ((199, 300), "unclear"), ((50, 50), "unclear"), ((49, 300), "no"), ((None, 300), "unclear"), ((None, 12), "no")])  # fmt: skip
def test_size_by_the_smallest_arm(sizes: tuple[int | None, int], answer: str) -> None:
    arms = {"a": {"role": "experimental", "n": sizes[0]}, "b": {"role": "comparator", "n": sizes[1]}}
    assert answers(study(arms))["sample_size"] == answer


def test_size_from_the_total_where_arms_have_none() -> None:
    arms = {"a": {"role": "experimental"}, "b": {"role": "comparator"}}
    assert answers(study(arms, {"randomised": 20}))["sample_size"] == "no"
    assert answers(study(arms, {"randomised": 100}))["sample_size"] == "unclear"


@pytest.mark.parametrize(
    ("design", "path"),
    [
        ({"open_label": True, "blinding": {"participants": "blinded"}}, ("design", "blinding", "participants")),
        ({"open_label": True, "blinding": {"personnel": "blinded"}}, ("design", "blinding", "personnel")),
        ({"blinding": dict.fromkeys(("participants", "personnel", "assessors"), "no-blinding")}, ("design", "open_label")),
        ({"randomised": False, "sequence_generation": "unclear"}, ("design", "randomised")),
        ({"type": "single-arm"}, ("design", "randomised")),
        ({"type": "nonrandomised", "randomised": False}, ("design", "sequence_generation")),
    ],
)
def test_flags_that_cannot_both_hold(design: dict[str, Any], path: tuple[str, ...]) -> None:
    found = contradictions(study(**design))
    assert [place for place, _ in found] == [path]


@pytest.mark.parametrize("design", [{}, {"open_label": True, "blinding": {"assessors": "blinded"}}, {"open_label": None, "blinding": {"participants": "blinded"}}])  # fmt: skip
def test_flags_that_go_together(design: dict[str, Any]) -> None:
    assert contradictions(study(**design)) == ()


RESULT = {"outcome": "death", "arms": {"a": {"events": 1, "n": 90}, "b": {"events": 2}}}
ARMS = {"a": {"role": "experimental", "n": 95, "randomised": 100}, "b": {"role": "comparator", "n": 100, "randomised": 100}}


def test_numbers_of_a_result_are_its_own() -> None:
    record = study(ARMS, results=[RESULT])
    assert numbers(record) == (200, 195)
    assert numbers(record, record.results[0]) == (200, 190)
    assert numbers(record, record.results[0]).share == 0.95


def test_numbers_that_are_missing_or_impossible_give_no_share() -> None:
    assert numbers(study({"a": {"role": "experimental", "n": 5}})).share is None
    assert numbers(study({"a": {"role": "experimental", "n": 5, "randomised": 4}})).share is None


def test_suggestions_of_an_open_label_trial() -> None:
    record = study(
        ARMS, results=[RESULT], open_label=True, allocation_concealment="unclear", registration=None,
        blinding={"participants": "no-blinding", "personnel": "no-blinding", "assessors": "unclear"},
    )  # fmt: skip
    outcome = Outcome.model_validate({"label": "Death", "type": "dichotomous", "subjective": False})
    flags = design_flags(record, record.results[0], outcome)
    found = {item.place: item.answer for item in suggest("rob2", flags)}
    assert found == {"1.1": "Y", "1.2": "NI", "2.1": "Y", "2.2": "Y", "3.1": "PY", "4.3": "NI", "4.4": "N", "5.1": "NI", "5.2": "PN"}
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


def test_every_design_has_an_instrument() -> None:
    assert set(BY_DESIGN.values()) <= set(instrument_keys())
    assert set(BY_DESIGN) == {"parallel-rct", "cluster-rct", "crossover-rct", "nonrandomised", "single-arm"}


# --- assessments of records ------------------------------------------------------------------------------------


def assessment(**fields: Any) -> Assessment:
    return Assessment.model_validate({"tool": "rob2", "assessor": "A", "aim": "assignment"} | fields)


def test_an_assessment_of_a_record_runs() -> None:
    result = appraise_record(
        assessment(
            domains={"D1": {"answers": {"1.2": "N"}, "judgement": "Some concerns", "reason": "sealed later", "direction": "Towards null"}},
            overall={"judgement": "High"},
        )
    )
    domain = result.domain("D1")
    assert (domain.proposed, domain.judgement, domain.reason, domain.direction) == ("High", "Some concerns", "sealed later", "Towards null")
    assert (result.judgement, result.settings["aim"]) == ("High", ("assignment",))


def test_matters_addressed_are_taken_from_the_record() -> None:
    done = assessment(
        aim="adherence",
        deviations_addressed=["implementation"],
        domains={"D2": {"answers": {"2.1": "Y", "2.2": "Y", "2.4": "N"}}},
    )
    assert appraise_record(done).domain("D2").judgement == "Low"


def test_problems_stand_at_their_place_in_the_record() -> None:
    wrong = assessment(
        domains={
            "D1": {"answers": {"1.1": "perhaps", "2.1": "Y"}, "judgement": "Medium"},
            "D9": {"answers": {}},
            "D5": {"answers": {"5.2": "Y"}, "judgement": "Low"},
        },
        overall={"direction": "up"},
    )
    found = {problem.path: problem.error.code for problem in record_problems(wrong)}
    assert found == {
        ("domains", "D1", "answers", "1.1"): "B003",
        ("domains", "D1", "judgement"): "B003",
        ("overall", "direction"): "B003",
        ("domains", "D1", "answers", "2.1"): "B002",
        ("domains", "D9"): "B002",
    }
    with pytest.raises(InvalidInput):
        appraise_record(wrong)


def test_a_departure_without_reason_stands_at_the_judgement() -> None:
    wrong = assessment(domains={"D5": {"answers": {"5.2": "Y"}, "judgement": "Low"}})
    assert [(p.path, p.error.code) for p in record_problems(wrong)] == [(("domains", "D5", "judgement"), "B004")]


def test_an_unknown_tool_stands_at_tool() -> None:
    (problem,) = record_problems(assessment(tool="rob3"))
    assert (problem.path, problem.error.code) == (("tool",), "B001")
    assert isinstance(problem.error, UnknownName)
