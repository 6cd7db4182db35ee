"""Absolute effects and information sizes against values worked by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscsec.appraisal.absolute import (
    ABSOLUTE,
    absolute_effect,
    information_size_continuous,
    information_size_dichotomous,
    per_1000,
    round_half_away,
)
from mscsec.errors import InvalidInput, UnknownMethod
from mscsec.sources import SOURCES

CASES = [
    ("RR", [0.75, 0.60, 0.94], 0.200, [0.150, 0.120, 0.188], [-50, -80, -12]),
    ("OR", [0.60, 0.42, 0.85], 0.300, [0.204545, 0.152542, 0.267016], [-95, -147, -33]),
    ("HR", [0.70, 0.55, 0.90], 0.400, [0.300632, 0.244937, 0.368554], [-99, -155, -31]),
    ("HR-event-free", [0.70, 0.55, 0.90], 0.600, [0.699368, 0.631446, 0.755063], [99, 31, 155]),
    ("RD", [-0.05, -0.08, -0.012], 0.200, [0.150, 0.120, 0.188], [-50, -80, -12]),
    ("SMD", [-0.50, -0.80, -0.20], 0.400, [0.212091, 0.135111, 0.316863], [-188, -265, -83]),
]


@pytest.mark.parametrize(("measure", "effect", "baseline", "risks", "thousand"), CASES, ids=[case[0] for case in CASES])
def test_risks_at_a_baseline(
    measure: str, effect: list[float], baseline: float, risks: list[float], thousand: list[int]
) -> None:
    estimate, low, high = [math.log(value) for value in effect] if measure not in ("RD", "SMD") else effect
    found = absolute_effect(measure, estimate, low, high, baseline)
    assert [found.risk, found.risk_low, found.risk_high] == pytest.approx(risks, abs=5e-7)
    differences = (found.difference, found.difference_low, found.difference_high)
    assert [round_half_away(1000 * value) for value in differences] == thousand
    assert found.warnings == ()


def test_every_measure_has_a_case_and_a_source() -> None:
    assert {case[0] for case in CASES} == set(ABSOLUTE)
    assert {row.source for row in ABSOLUTE.values()} <= set(SOURCES)


def test_the_text_is_rounded_from_unrounded_risks() -> None:
    found = absolute_effect("RR", math.log(0.75), math.log(0.60), math.log(0.94), 0.2)
    assert found.text == "50 fewer per 1000 (from 80 fewer to 12 fewer)"
    assert per_1000(0.0004, -0.0105, 0.02) == "0 fewer per 1000 (from 11 fewer to 20 more)"


@pytest.mark.parametrize(
    ("effect", "nnts"),
    [((0.75, 0.60, 0.94), (20, 13, 84)), ((0.9, 0.7, 1.2), (50, None, None)), ((1.5, 1.2, 2.0), (10, 5, 25)), ((1.0, 0.9, 1.1), (None, None, None))],
)  # fmt: skip
def test_number_needed_to_treat(effect: tuple[float, float, float], nnts: tuple[int | None, ...]) -> None:
    found = absolute_effect("RR", *(math.log(value) for value in effect), 0.2)
    assert (found.nnt, found.nnt_low, found.nnt_high) == nnts


def test_a_risk_beyond_one_is_held_and_said() -> None:
    found = absolute_effect("RR", math.log(1.5), math.log(1.1), math.log(2.5), 0.6)
    assert (found.risk_high, [notice.code for notice in found.warnings]) == (1.0, ["B402"])
    assert absolute_effect("OR", math.log(1.5), math.log(1.1), math.log(2.5), 0.6).warnings == ()


@given(
    measure=st.sampled_from(["RR", "OR", "HR", "HR-event-free", "RD", "SMD"]),
    effect=st.lists(st.floats(-2, 2), min_size=3, max_size=3),
    baseline=st.floats(0, 1),
)
def test_risks_are_risks_in_order(measure: str, effect: list[float], baseline: float) -> None:
    low, estimate, high = sorted(effect)
    found = absolute_effect(measure, estimate, low, high, baseline)
    assert 0 <= found.risk_low <= found.risk + 1e-12
    assert found.risk <= found.risk_high + 1e-12 <= 1 + 2e-12
    assert found.difference == pytest.approx(found.risk - baseline, abs=1e-12)


@pytest.mark.parametrize("measure", ["RR", "OR", "HR", "HR-event-free", "RD", "SMD"])
def test_no_effect_leaves_the_baseline(measure: str) -> None:
    assert absolute_effect(measure, 0, 0, 0, 0.3).risk == pytest.approx(0.3, abs=1e-12)


@pytest.mark.parametrize(
    ("baseline", "low"), [(1.2, -1.0), (-0.1, -1.0), (0.2, 0.5), (0.2, -math.inf), (math.nan, -1.0)]
)
def test_impossible_numbers_are_refused(baseline: float, low: float) -> None:
    with pytest.raises(InvalidInput) as caught:
        absolute_effect("RR", 0.0, low, 1.0, baseline)
    assert caught.value.code == "B403"


def test_a_measure_without_risks_is_refused() -> None:
    with pytest.raises(UnknownMethod):
        absolute_effect("MD", 0.0, -1.0, 1.0, 0.2)


@pytest.mark.parametrize(
    ("baseline", "reduction", "per_group"), [(0.2, 0.25, 906), (0.1, 0.25, 2005), (0.05, 0.30, 2838), (0.5, 0.20, 388)]
)
def test_information_size_of_a_risk(baseline: float, reduction: float, per_group: int) -> None:
    size = information_size_dichotomous(baseline, reduction)
    assert (size.per_group, size.total) == (per_group, 2 * per_group)


def test_information_size_of_a_mean() -> None:
    assert information_size_continuous(1.0, 0.2).per_group == 393  # 392.4 by 2 (1.96 + 0.84)^2 / 0.2^2
    assert information_size_continuous(10.0, 2.0).total == information_size_continuous(1.0, 0.2).total


@pytest.mark.parametrize("numbers", [(0.0, 0.2), (1.0, 0.2), (0.2, 0.0), (0.2, 1.0)])
def test_information_size_refuses_what_has_none(numbers: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput):
        information_size_dichotomous(*numbers)
    with pytest.raises(InvalidInput):
        information_size_continuous(0.0, 1.0)
