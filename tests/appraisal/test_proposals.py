"""What the data speak for in each domain of GRADE."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from mscsec.appraisal.evidence import Evidence

from .bodies import but, logs, proposal

# --- risk of bias ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judgements", "weights", "levels"),
    [
        (("Low", "Low", "Low", "High"), (0.3, 0.3, 0.2, 0.2), 0),
        (("Low", "Low", "Low", "High"), (0.3, 0.2, 0.2, 0.3), 1),
        (("Low", "Some concerns", "Some concerns", "Low"), (0.2, 0.3, 0.3, 0.2), 1),
        (("Low", "Some concerns", "High", "Low"), (0.3, 0.3, 0.2, 0.2), 0),
        (("Low", "High", "High", "Low"), (0.2, 0.3, 0.3, 0.2), 2),
        (("low", "HIGH", "Serious", "Critical"), (0.2, 0.3, 0.3, 0.2), 2),
        ((None, None, "Low", "Low"), (0.3, 0.3, 0.2, 0.2), None),
        ((None, "Low", "Low", "Low"), (0.3, 0.3, 0.2, 0.2), 0),
        (("Low", "Low", "Low", "Include"), (0.25, 0.25, 0.25, 0.25), None),
    ],
)
def test_risk_of_bias_by_weight(
    judgements: tuple[str | None, ...], weights: tuple[float, ...], levels: int | None
) -> None:
    found = proposal(but(judgements=judgements, weights=weights), "risk_of_bias")
    assert found.levels == levels
    assert found.label == (["not serious", "serious", "very serious"][levels] if levels is not None else "not judged")


def test_risk_of_bias_shows_the_shares() -> None:
    found = proposal(
        but(judgements=("Low", "High", "High", "Some concerns"), weights=(0.1, 0.3, 0.32, 0.28)), "risk_of_bias"
    )
    assert found.reason.startswith("62% of the weight is from results at high risk of bias")
    assert found.numbers["high"] == pytest.approx(0.62)


@pytest.mark.parametrize(("without", "levels"), [((math.log(0.8), -0.5, 0.1), 1), ((math.log(1.1), -0.2, 0.4), 2)])
def test_a_result_that_stands_without_the_high_risk_studies_loses_one_level_less(without: Any, levels: int) -> None:
    evidence = but(judgements=("High", "High", "High", "Low"), without_high=without)
    assert proposal(evidence, "risk_of_bias").levels == levels


# --- inconsistency ---------------------------------------------------------------------------------------------


def spread(values: tuple[float, ...], width: float, **changes: Any) -> Evidence:
    return but(
        study_estimates=values,
        study_low=tuple(value - width for value in values),
        study_high=tuple(value + width for value in values),
        **changes,
    )


def test_one_study_is_not_rated_down_for_inconsistency() -> None:
    single = but(
        k=1, study_estimates=(-0.3,), study_low=(-0.5,), study_high=(-0.1,), weights=(1.0,), judgements=("Low",)
    )
    assert (proposal(single, "inconsistency").levels, proposal(single, "inconsistency").reason) == (0, "One study.")


def test_a_large_i2_with_all_studies_on_one_side_is_no_reason() -> None:
    evidence = spread((-0.2, -0.5, -1.0, -1.4), 0.1, i2=0.9, prediction_low=-1.9, prediction_high=-0.01)
    found = proposal(evidence, "inconsistency")
    assert (found.levels, found.numbers["pairs_apart"]) == (0, 1.0)


def test_a_prediction_interval_that_crosses_with_heterogeneity_is_serious() -> None:
    evidence = spread((-0.1, -0.3, -0.5, -0.4), 0.3, i2=0.6, prediction_low=-0.9, prediction_high=0.2)
    assert proposal(evidence, "inconsistency").levels == 1
    assert proposal(dataclasses.replace(evidence, i2=0.2), "inconsistency").levels == 0


def test_studies_on_both_sides_that_do_not_overlap_are_very_serious() -> None:
    evidence = spread((0.5, -0.3, -0.9, -0.4), 0.1, i2=0.9, prediction_low=-1.5, prediction_high=0.9)
    found = proposal(evidence, "inconsistency")
    assert (found.levels, found.numbers["weight_elsewhere"]) == (2, 0.25)


def test_the_important_difference_is_the_line_where_there_is_one() -> None:
    # The best study has 0.2 * (1 - 0.6), 80 per 1000 fewer: with 150 as the line all are trivial, on one side.
    apart = spread((math.log(0.95), math.log(1.05), math.log(0.6), math.log(0.97)), 0.05, i2=0.8, prediction_low=-0.9, prediction_high=0.3)  # fmt: skip
    assert proposal(apart, "inconsistency").levels == 2
    assert proposal(dataclasses.replace(apart, important_difference=0.15), "inconsistency").levels == 0


# --- imprecision -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "levels"),
    [
        (logs(0.75, 0.60, 0.94), 0),
        (logs(0.85, 0.70, 1.03), 1),
        (logs(0.90, 0.60, 1.35), 2),
        (logs(0.90, 0.60, 1.35) | {"important_difference": 0.05}, 2),
        (logs(0.75, 0.60, 0.94) | {"important_difference": 0.05}, 1),
        (logs(0.60, 0.50, 0.72) | {"important_difference": 0.05}, 0),
        (logs(1.00, 0.90, 1.11) | {"important_difference": 0.05}, 0),
        (logs(0.75, 0.60, 0.94) | {"sizes": (0.01, 0.1, 0.2)}, 0),
        (logs(0.75, 0.60, 0.94) | {"sizes": (0.02, 0.1, 0.2)}, 1),
        (logs(0.75, 0.60, 0.94) | {"sizes": (0.02, 0.06, 0.2)}, 2),
        (logs(0.75, 0.60, 0.94) | {"sizes": (0.02, 0.04, 0.06)}, 3),
        (logs(0.90, 0.60, 1.35) | {"sizes": (0.02, 0.2, 0.3)}, 2),
        (logs(0.75, 0.60, 0.94) | {"important_ratio": 0.95}, 0),
        (logs(0.75, 0.60, 0.94) | {"important_ratio": 0.80}, 1),
        (logs(0.75, 0.60, 0.94) | {"participants": 1000}, 1),
        (logs(0.75, 0.60, 0.94) | {"participants": 500}, 2),
        (logs(0.75, 0.60, 0.94) | {"participants": 4100, "baseline_risk": 0.02}, 0),
        (logs(0.75, 0.60, 0.94) | {"participants": 3900, "baseline_risk": 0.02}, 2),
        (logs(0.75, 0.60, 0.94) | {"baseline_risk": None, "events": 250, "participants": 1500}, 1),
        (logs(0.75, 0.60, 0.94) | {"baseline_risk": None, "events": 350, "participants": 1500}, 0),
        (logs(0.90, 0.60, 1.35) | {"baseline_risk": None}, 2),
        (logs(0.95, 0.80, 1.10) | {"baseline_risk": None, "important_ratio": 0.75}, 0),
    ],
)
def test_imprecision_of_a_ratio(changes: dict[str, Any], levels: int) -> None:
    assert proposal(but(**changes), "imprecision").levels == levels


@pytest.mark.parametrize(
    ("changes", "levels"),
    [
        (
            {
                "estimate": -5.0,
                "ci_low": -7.0,
                "ci_high": -3.0,
                "important_difference": 1.0,
                "sd": 3.0,
                "participants": 400,
            },
            0,
        ),
        (
            {
                "estimate": -5.0,
                "ci_low": -7.0,
                "ci_high": -3.0,
                "important_difference": 1.0,
                "sd": 3.0,
                "participants": 200,
            },
            1,
        ),
        (
            {
                "estimate": -5.0,
                "ci_low": -7.0,
                "ci_high": -3.0,
                "important_difference": 1.0,
                "sd": 3.0,
                "participants": 20,
            },
            2,
        ),
        ({"estimate": -5.0, "ci_low": -7.0, "ci_high": -3.0, "participants": 20}, 1),
        ({"estimate": -5.0, "ci_low": -7.0, "ci_high": -3.0, "participants": 500}, 0),
        ({"estimate": -2.0, "ci_low": -4.0, "ci_high": -0.5, "important_difference": 1.0}, 1),
        ({"estimate": 0.5, "ci_low": -2.0, "ci_high": 3.0, "important_difference": 1.0}, 2),
        (
            {
                "estimate": 0.0,
                "ci_low": -0.4,
                "ci_high": 0.4,
                "important_difference": 1.0,
                "sd": 3.0,
                "participants": 400,
            },
            0,
        ),
    ],
)
def test_imprecision_of_a_mean_difference(changes: dict[str, Any], levels: int) -> None:
    evidence = but(measure="MD", baseline_risk=None, events=None, prediction_low=None, prediction_high=None, **changes)
    assert proposal(evidence, "imprecision").levels == levels


def test_imprecision_says_what_it_saw() -> None:
    found = proposal(but(important_difference=0.05), "imprecision")
    assert (
        found.reason
        == "The interval, 50 fewer per 1000 (from 80 fewer to 12 fewer), crosses a difference of 50 per 1000."
    )
    met = proposal(but(), "imprecision")
    assert "5000 participants against an optimal information size of 1812" in met.reason


# --- publication bias, indirectness, rating up -----------------------------------------------------------------


def many(k: int, **changes: Any) -> Evidence:
    return but(k=k, study_estimates=(), study_low=(), study_high=(), weights=(), judgements=(), **changes)


@pytest.mark.parametrize(
    ("evidence", "levels", "said"),
    [
        (many(9, asymmetry_p=0.001), 0, "9 studies: no test of funnel asymmetry is made below 10"),
        (many(10, asymmetry_p=0.02, asymmetry_test="Egger's test"), 1, "Egger's test gives P = 0.02 over 10 studies"),
        (many(10, asymmetry_p=0.3), 0, "P = 0.3"),
        (many(12), 0, "No test"),
        (but(missing_evidence="High"), 1, "ROB-ME"),
        (but(missing_evidence="Some concerns"), 0, "is made below 10"),
        (
            many(12, asymmetry_why="the counts are not at hand"),
            0,
            "No test of asymmetry was made: the counts are not at hand.",
        ),
        (
            many(
                11,
                asymmetry_p=0.3,
                asymmetry_test="Egger",
                asymmetry_statistic=1.1,
                asymmetry_df=9.0,
                small_studies="lower",
            ),
            0,
            "(t = 1.10 on 9 degrees of freedom; effects of small studies lie lower).",
        ),
        (but(suspicions=("a completed trial has no results",)), 1, "a completed trial"),
    ],
)
def test_publication_bias(evidence: Evidence, levels: int, said: str) -> None:
    found = proposal(evidence, "publication_bias")
    assert (found.levels, said in found.reason) == (levels, True)
    assert found.label in ("undetected", "strongly suspected")


def test_indirectness_is_the_panels() -> None:
    assert proposal(but(indirectness=None), "indirectness").levels is None
    found = proposal(
        but(indirectness={"population": (1, "moderate disease"), "outcome": (2, "surrogate")}), "indirectness"
    )
    assert (found.levels, found.reason) == (2, "population: moderate disease; outcome: surrogate.")


@pytest.mark.parametrize(
    ("measure", "effect", "baseline", "levels"),
    [("RR", 2.5, None, 1), ("RR", 0.45, None, 1), ("RR", 5.5, None, 2), ("RR", 0.19, None, 2), ("RR", 1.9, None, 0), ("OR", 2.5, 0.5, 0), ("OR", 2.5, 0.01, 1), ("OR", 6.0, None, 0), ("MD", 6.0, None, 0)],
)  # fmt: skip
def test_large_effect(measure: str, effect: float, baseline: float | None, levels: int) -> None:
    evidence = but(measure=measure, baseline_risk=baseline, **logs(effect, effect * 0.9, effect * 1.1))
    assert proposal(evidence, "large_effect").levels == levels
