"""The flow of records: boxes and parts, sums, and what does not add up."""

from __future__ import annotations

from typing import Any

import pytest

from mscsec.records.flow import Flow

WHOLE: dict[str, Any] = {
    "identified": {"MEDLINE": 600, "Embase": 500, "registers": 100},
    "removed": {"duplicates": 300, "automation": 0},
    "screened": 900, "excluded": 800, "sought": 100, "not_retrieved": 5, "assessed": 95,
    "ineligible": {"population": 40, "design": 20},
    "other_identified": {"citations": 12}, "other_sought": 12, "other_not_retrieved": 0, "other_assessed": 12,
    "other_ineligible": 7,
    "included": {"studies": 34, "reports": 40}, "previous": {"studies": 6, "reports": 8}, "total": {"studies": 40, "reports": 48},
}  # fmt: skip


def made(**changed: Any) -> Flow:
    return Flow.model_validate({name: value for name, value in (WHOLE | changed).items() if value is not None})


def test_a_flow_that_adds_up_says_nothing():
    assert list(made().mismatches()) == []


def test_parts_are_added():
    flow = made()
    assert flow.sum_of("identified") == 1200
    assert flow.parts("ineligible") == (("population", 40), ("design", 20))
    assert flow.parts("screened") == ()
    assert Flow().sum_of("screened") is None


@pytest.mark.parametrize(
    ("changed", "box", "gives"),
    [
        ({"screened": 901, "excluded": 801}, "screened", 900),
        ({"sought": 99, "not_retrieved": 4}, "sought", 100),
        ({"assessed": 96, "ineligible": 61}, "assessed", 95),
        ({"other_assessed": 11, "other_ineligible": 6}, "other_assessed", 12),
        ({"included": {"studies": 34, "reports": 41}, "total": {"studies": 40, "reports": 49}}, "included.reports", 40),
        ({"total": {"studies": 41, "reports": 48}}, "total.studies", 40),
    ],
)
def test_each_subtraction_is_checked(changed, box, gives):
    found = list(made(**changed).mismatches())
    assert [(name, left) for name, _, _, left in found] == [(box, gives)]


@pytest.mark.parametrize(
    ("missing", "left"),
    [("removed", {"included.reports"}), ("ineligible", {"screened"}), ("other_ineligible", {"screened"}), ("excluded", {"screened", "included.reports"})],
)  # fmt: skip
def test_a_number_that_is_not_recorded_is_not_taken_for_zero(missing, left):
    off = {"screened": 880, "excluded": 780, "included": {"studies": 30, "reports": 30}, "total": None}
    assert {name for name, *_ in made(**off).mismatches()} == {"screened", "included.reports"}
    assert {name for name, *_ in made(**(off | {missing: None})).mismatches()} == left


def test_reports_of_the_main_way_alone():
    only = {name: None for name in WHOLE if name.startswith("other_")}
    assert list(made(**only, included={"studies": 30, "reports": 35}, total=None).mismatches()) == []
    assert [box for box, *_ in made(**only, included={"studies": 30, "reports": 36}, total=None).mismatches()] == [
        "included.reports"
    ]
