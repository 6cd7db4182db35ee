"""The design checklist: each item, the score and the rating."""

from __future__ import annotations

import pytest

from mscsec.appraisal.checklist import checklist
from mscsec.records.models import Study

from .studies import GOOD, study


def answers(record: Study) -> dict[str, str]:
    return {item.id: item.answer for item in checklist(record).items}


def test_all_practices_in_place() -> None:
    result = checklist(study())
    assert (result.score, result.out_of, result.rating, result.warnings) == (10, 10, "Low", ())


def test_a_report_that_says_nothing_is_unclear() -> None:
    record = Study.model_validate(
        {
            "schema": "mscsec/study/1",
            "id": "x",
            "citation": {},
            "design": {"type": "parallel-rct"},
            "arms": {"a": {"role": "experimental"}},
        }
    )
    result = checklist(record)
    assert {item.answer for item in result.items} == {"unclear"}
    assert (result.score, result.rating) == (0, "Unclear")


@pytest.mark.parametrize(
    "flag", ["sequence_generation", "allocation_concealment", "selective_reporting", "incomplete_outcome_data"]
)
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
    assert (
        answers(study(type="nonrandomised", randomised=False, sequence_generation="unclear"))["random_sequence"] == "no"
    )


@pytest.mark.parametrize(
    ("analysed", "answer"), [(100, "yes"), (95, "yes"), (94, "unclear"), (85, "unclear"), (84, "no")]
)
def test_complete_data_by_the_share_analysed_where_the_flag_is_unclear(analysed: int, answer: str) -> None:
    arms = {
        "a": {"role": "experimental", "randomised": 60, "n": analysed - 50},
        "b": {"role": "comparator", "randomised": 40, "n": 50},
    }
    record = study(arms, incomplete_outcome_data="unclear")
    assert answers(record)["complete_data"] == answer
    assert answers(study(arms, incomplete_outcome_data="adequate"))["complete_data"] == "yes"


@pytest.mark.parametrize(("sizes", "answer"), [((200, 200), "yes"), ((199, 300), "unclear"), ((50, 50), "unclear"), ((49, 300), "no"), ((None, 300), "unclear"), ((None, 12), "no")])  # fmt: skip
def test_size_by_the_smallest_arm(sizes: tuple[int | None, int], answer: str) -> None:
    arms = {"a": {"role": "experimental", "n": sizes[0]}, "b": {"role": "comparator", "n": sizes[1]}}
    assert answers(study(arms))["sample_size"] == answer


def test_an_assumed_size_is_not_taken_for_a_reported_one() -> None:
    assumed = {"value": 250, "assumed": "equal split of 500"}
    arms = {"a": {"role": "experimental", "n": assumed}, "b": {"role": "comparator", "n": assumed}}
    record = study(arms, {"randomised": 500}, incomplete_outcome_data="unclear")
    assert (answers(record)["sample_size"], answers(record)["complete_data"]) == ("unclear", "unclear")


def test_size_from_the_total_where_arms_have_none() -> None:
    arms = {"a": {"role": "experimental"}, "b": {"role": "comparator"}}
    assert answers(study(arms, {"randomised": 20}))["sample_size"] == "no"
    assert answers(study(arms, {"randomised": 100}))["sample_size"] == "unclear"
