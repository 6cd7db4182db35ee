"""Assessments as records hold them: run, and every problem at its place."""

from __future__ import annotations

from typing import Any

import pytest

from mscsec.appraisal.from_record import appraise_record, record_problems
from mscsec.errors import InvalidInput, UnknownName
from mscsec.records.models import Assessment


def assessment(**fields: Any) -> Assessment:
    return Assessment.model_validate({"tool": "rob2", "assessor": "A", "aim": "assignment"} | fields)


def test_an_assessment_of_a_record_runs() -> None:
    result = appraise_record(
        assessment(
            domains={
                "D1": {
                    "answers": {"1.2": "N"},
                    "judgement": "Some concerns",
                    "reason": "sealed later",
                    "direction": "Towards null",
                }
            },
            overall={"judgement": "High"},
        )
    )
    domain = result.domain("D1")
    assert (domain.proposed, domain.judgement, domain.reason, domain.direction) == (
        "High",
        "Some concerns",
        "sealed later",
        "Towards null",
    )
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
        ("domains", "D5", "judgement"): "B004",
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
