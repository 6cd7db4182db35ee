"""Agreement of two assessors against statsmodels and irrCAC, its properties, and where it does not exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscsec.appraisal.agreement import STATISTICS, WEIGHTS, Agreement, agreement, compare
from mscsec.appraisal.engine import appraise
from mscsec.errors import InvalidInput, MscsecError, NotEstimable, UnknownMethod
from mscsec.sources import SOURCES

REFERENCE = json.loads((Path(__file__).parent.parent / "reference" / "agreement.json").read_text(encoding="utf-8"))
CASES = REFERENCE["cases"]


def of_table(table: list[list[int]], **options: Any) -> Agreement:
    scale = [str(place) for place in range(len(table))]
    pairs = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    first = {f"s{n}": str(i) for n, (i, _) in enumerate(pairs)}
    second = {f"s{n}": str(j) for n, (_, j) in enumerate(pairs)}
    return agreement(first, second, scale, **options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_reference(case: dict[str, Any]) -> None:
    found = of_table(case["table"], weights=case["weights"]).coefficients
    checked = 0
    for key in STATISTICS:
        expected = case["expected"]
        one = found[key]
        for name, value in ((key, one.estimate), (f"{key}_se", one.se)):
            if name in expected:
                assert value == pytest.approx(expected[name], rel=case["tolerance"], abs=1e-8)
                checked += 1
        if f"{key}_ci" in expected:
            low, high = expected[f"{key}_ci"]
            assert one.ci_low == pytest.approx(max(-1, low), abs=1e-8)
            assert one.ci_high == pytest.approx(min(1, high), abs=1e-8)
    assert checked >= 3


def test_every_coefficient_and_kind_of_weight_has_a_case() -> None:
    named = {key for case in CASES for key in case["expected"]}
    assert set(STATISTICS) - {"agreement"} <= named
    assert {case["weights"] for case in CASES} | {"identity"} == set(WEIGHTS)
    assert {row.source for row in (*STATISTICS.values(), *WEIGHTS.values())} <= set(SOURCES)
    assert {row.interval for row in STATISTICS.values()} <= set(SOURCES)


def test_observed_agreement_has_wilsons_interval() -> None:
    one = of_table([[8, 1], [1, 0]]).coefficients["agreement"]
    # Newcombe (1998), Stat Med 17:857-872, gives the score interval's closed form; 8 of 10 by hand: 0.4902 to 0.9433.
    assert (one.estimate, round(one.ci_low or 0, 4), round(one.ci_high or 0, 4)) == (0.8, 0.4902, 0.9433)


tables = (
    st.integers(2, 4)
    .flatmap(lambda q: st.lists(st.lists(st.integers(0, 6), min_size=q, max_size=q), min_size=q, max_size=q))
    .filter(lambda table: sum(map(sum, table)) > 1)
)


@given(table=tables, weights=st.sampled_from(list(WEIGHTS)))
def test_assessors_are_interchangeable_and_limits_hold(table: list[list[int]], weights: str) -> None:
    one = of_table(table, weights=weights)
    other = of_table(np.transpose(table).tolist(), weights=weights)
    for key in STATISTICS:
        a, b = one.coefficients[key], other.coefficients[key]
        assert (a.estimate is None) == (b.estimate is None)
        if a.estimate is not None and b.estimate is not None:
            assert a.estimate == pytest.approx(b.estimate, abs=1e-12)
            assert a.estimate <= 1 + 1e-12
            assert a.ci_low is not None
            assert a.ci_high is not None
            assert -1 <= a.ci_low <= a.estimate + 1e-9
            assert a.estimate - 1e-9 <= a.ci_high <= 1


@given(table=tables)
def test_two_categories_have_one_kind_of_disagreement(table: list[list[int]]) -> None:
    small = [row[:2] for row in table[:2]]
    if sum(map(sum, small)) > 1:
        found = of_table(small, weights="quadratic").coefficients
        assert found["kappa"].estimate == pytest.approx(found["weighted_kappa"].estimate, abs=1e-12)
        assert found["ac1"].estimate == pytest.approx(found["ac2"].estimate, abs=1e-12)


def test_identity_weights_are_the_plain_coefficients() -> None:
    found = of_table([[4, 1, 0], [2, 5, 1], [0, 0, 3]], weights="identity").coefficients
    assert found["weighted_kappa"].estimate == found["kappa"].estimate
    assert found["ac2"].estimate == found["ac1"].estimate


def test_kappa_does_not_exist_where_all_ratings_are_one() -> None:
    result = of_table([[7, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert (result.coefficients["kappa"].estimate, result.coefficients["weighted_kappa"].estimate) == (None, None)
    assert (result.coefficients["ac1"].estimate, result.coefficients["agreement"].estimate) == (1.0, 1.0)
    assert [notice.code for notice in result.warnings] == ["B203", "B204"]


def test_complete_agreement_says_that_its_interval_is_a_point() -> None:
    result = of_table([[3, 0], [0, 4]])
    kappa = result.coefficients["kappa"]
    assert (kappa.estimate, kappa.ci_low, kappa.ci_high) == (1.0, 1.0, 1.0)
    assert [notice.code for notice in result.warnings] == ["B204"]


def test_one_item_has_no_interval() -> None:
    result = of_table([[0, 1], [0, 0]])
    assert (result.n, result.coefficients["ac1"].se, result.coefficients["ac1"].ci_low) == (1, None, None)
    assert [notice.code for notice in result.warnings] == ["B204"]


def test_disagreements_come_furthest_first_and_single_ratings_are_named() -> None:
    scale = ["Low", "Some concerns", "High"]
    first = {"a": "Low", "b": "Low", "c": "High", "d": "Low"}
    second = {"a": "Some concerns", "b": "High", "c": "High", "e": "Low"}
    result = agreement(first, second, scale)
    assert [(one.item, one.steps) for one in result.disagreements] == [("b", 2), ("a", 1)]
    assert (result.n, result.unpaired) == (3, ("d", "e"))
    assert result.table == ((0, 1, 1), (0, 0, 0), (0, 0, 1))


@pytest.mark.parametrize(
    ("first", "second", "scale", "options", "error", "code"),
    [
        ({"a": "Low"}, {"b": "Low"}, ["Low", "High"], {}, NotEstimable, "B202"),
        ({"a": "Medium"}, {"a": "Low"}, ["Low", "High"], {}, InvalidInput, "B201"),
        ({"a": "Low"}, {"a": "Low"}, ["Low"], {}, InvalidInput, "B201"),
        ({"a": "Low"}, {"a": "Low"}, ["Low", "Low"], {}, InvalidInput, "B201"),
        ({"a": "Low"}, {"a": "Low"}, ["Low", "High"], {"level": 95}, InvalidInput, "B201"),
        ({"a": "Low"}, {"a": "Low"}, ["Low", "High"], {"weights": "cubic"}, UnknownMethod, "U003"),
    ],
)
def test_what_is_refused(
    first: Any, second: Any, scale: Any, options: Any, error: type[MscsecError], code: str
) -> None:
    with pytest.raises(error) as caught:
        agreement(first, second, scale, **options)
    assert caught.value.code == code


def appraisals(rated: dict[str, dict[str, str]], tool: str = "rob2") -> dict[str, Any]:
    return {name: appraise(tool, answers, settings={"aim": "assignment"}) for name, answers in rated.items()}


def test_two_assessors_by_domain_together_and_overall() -> None:
    first = appraisals({"a": {"1.2": "N", "3.1": "Y"}, "b": {"1.2": "N"}, "c": {"5.2": "Y"}})
    second = appraisals({"a": {"1.2": "NI", "1.3": "N", "3.1": "Y"}, "b": {"1.2": "N"}, "c": {"5.2": "Y", "3.1": "Y"}})
    found = {one.place: one for one in compare(first, second)}
    assert {place: one.n for place, one in found.items()} == {"D1": 2, "D3": 1, "D5": 1, "all domains": 4, "overall": 2}
    assert [one.item for one in found["all domains"].disagreements] == ["a, D1"]
    assert found["D3"].unpaired == ("c",)
    assert found["D1"].categories == ("Low", "Some concerns", "High")


def test_domains_with_different_scales_go_on_one() -> None:
    first = {"a": appraise("robins-i-v2", {"5.1": "Y", "1.1": "SN", "1.4": "Y"}, settings={"aim": "assignment"})}
    found = {one.place: one for one in compare(first, first)}
    assert found["all domains"].categories == (
        "Low", "Low (except for concerns about uncontrolled confounding)", "Moderate", "Serious", "Critical",
    )  # fmt: skip
    assert found["D5"].categories == ("Low", "Moderate", "Serious")


def test_no_information_ranks_between_moderate_and_serious() -> None:
    one = {"a": appraise("robins-i", {}, judgements={"D1": "No information"})}
    assert compare(one, one)[0].categories == ("Low", "Moderate", "No information", "Serious", "Critical")


def test_different_instruments_are_not_compared() -> None:
    with pytest.raises(InvalidInput, match="one instrument"):
        compare(appraisals({"a": {}}), {"a": appraise("rob1", {})})
    with pytest.raises(NotEstimable):
        compare({}, {})
