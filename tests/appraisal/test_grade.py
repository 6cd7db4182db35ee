"""Certainty of evidence: the arithmetic, the panel's word beside the proposals, and the statement."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscsec.appraisal.evidence import grade_data
from mscsec.appraisal.grade import Certainty, Override, propose, rate
from mscsec.appraisal.proposals import GRADE_DOMAINS
from mscsec.errors import InvalidInput, MscsecError, UnknownName
from mscsec.sources import SOURCES

from .bodies import BASE, LEVELS, but, logs


def step(certainty: Certainty, domain: str) -> Any:
    return next(item for item in certainty.steps if item.domain == domain)


def test_clean_randomised_evidence_is_high() -> None:
    result = rate(BASE)
    assert (result.level, result.symbol, result.start, result.notes) == ("High", "⊕⊕⊕⊕", "High", ())
    assert [item.after for item in result.steps] == ["High"] * 8
    assert result.statement == "Secretome reduces death by day 28."
    assert [notice.code for notice in result.warnings] == ["B405"]


@pytest.mark.parametrize(
    ("judgement", "levels", "after"),
    [("Critical", 3, "Very low"), ("Serious", 2, "Low"), ("Moderate", 1, "Moderate"), ("Low", 0, "High")],
)
def test_robins_i_starts_high_and_rates_by_its_judgements(judgement: str, levels: int, after: str) -> None:
    evidence = but(design="nonrandomised-robins-i", judgements=(judgement,) * 3 + ("Low",))
    certainty = rate(evidence)
    assert certainty.start == "High"
    assert (step(certainty, "risk_of_bias").levels, step(certainty, "risk_of_bias").after) == (levels, after)


def test_a_domain_nobody_judged_counts_as_none_and_is_named() -> None:
    result = rate(but(indirectness=None))
    assert (result.level, step(result, "indirectness").label) == ("High", "not judged")
    assert "B404" in [notice.code for notice in result.warnings]


def test_rating_up_is_for_clean_nonrandomised_evidence() -> None:
    effect = logs(3.0, 2.5, 3.6) | {
        "prediction_low": None,
        "prediction_high": None,
        "study_estimates": (),
        "study_low": (),
        "study_high": (),
    }
    clean = but(design="nonrandomised", **effect)
    assert (rate(clean).level, rate(clean).start) == ("Moderate", "Low")
    assert rate(dataclasses.replace(clean, dose_response=True)).level == "High"
    trial = dataclasses.replace(clean, design="randomised")
    assert step(rate(trial), "large_effect").change == 0
    assert "Not rated up" in step(rate(trial), "large_effect").reason
    biased = dataclasses.replace(clean, judgements=("High",) * 4)
    assert (rate(biased).level, step(rate(biased), "large_effect").change) == ("Very low", 0)


def test_an_override_stands_beside_the_proposal() -> None:
    result = rate(
        but(indirectness=None),
        {"indirectness": Override(1, "moderate disease"), "imprecision": Override(1, "few trials")},
    )
    one = step(result, "imprecision")
    assert (one.proposed, one.levels, one.overridden, one.reason) == (0, 1, True, "few trials")
    assert one.proposed_reason.startswith("The interval")
    assert result.level == "Low"
    assert result.notes == (
        "Rated down one level for indirectness: moderate disease.",
        "Rated down one level for imprecision: few trials.",
    )
    assert "B404" not in [notice.code for notice in result.warnings]


def test_a_panel_that_agrees_overrides_nothing() -> None:
    assert not step(rate(BASE, {"imprecision": Override(0, "we agree")}), "imprecision").overridden


@pytest.mark.parametrize(
    ("overrides", "error"),
    [({"imprecison": Override(1, "x")}, UnknownName), ({"imprecision": Override(4, "x")}, InvalidInput), ({"imprecision": Override(-1, "x")}, InvalidInput), ({"publication_bias": Override(2, "x")}, InvalidInput), ({"imprecision": Override(1, " ")}, InvalidInput)],
)  # fmt: skip
def test_overrides_that_cannot_be_used(overrides: dict[str, Override], error: type[MscsecError]) -> None:
    with pytest.raises(error) as caught:
        rate(BASE, overrides)
    assert caught.value.code == "B401"


@given(levels=st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3), st.integers(0, 1)))
def test_certainty_is_the_start_less_the_levels_down(levels: tuple[int, ...]) -> None:
    down = [key for key, row in GRADE_DOMAINS.items() if not row.up]
    result = rate(BASE, {key: Override(level, "panel") for key, level in zip(down, levels, strict=True)})
    assert result.level == LEVELS[max(0, 3 - sum(levels))]
    assert len(result.notes) == sum(level > 0 for level in levels)
    assert result.statement


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sizes": (0.01, 0.03, 0.045)}, "Secretome results in a large reduction in death by day 28."),
        ({"sizes": (0.01, 0.03, 0.06)}, "Secretome reduces death by day 28."),
        ({"sizes": (0.01, 0.06, 0.09)}, "Secretome reduces death by day 28 slightly."),
        ({"sizes": (0.06, 0.07, 0.09)}, "Secretome results in little to no difference in death by day 28."),
        ({"important_difference": 0.01}, "Secretome reduces death by day 28."),
        ({"suspicions": ("x",)}, "Secretome probably reduces death by day 28."),
        ({"suspicions": ("x",), "judgements": ("Some concerns",) * 4}, "Secretome may reduce death by day 28."),
        (
            {"suspicions": ("x",), "judgements": ("High",) * 4},
            "Secretome may reduce death by day 28, but the evidence is very uncertain.",
        ),
        (
            logs(1.3, 1.2, 1.4) | {"intervention": "iNO", "prediction_low": None, "study_estimates": ()},
            "iNO increases death by day 28.",
        ),
        ({"intervention": "a {drug}"}, "A {drug} reduces death by day 28."),
    ],
)
def test_statements(changes: dict[str, Any], said: str) -> None:
    sized = "sizes" in changes or "important_difference" in changes
    precise = {"imprecision": Override(0, "the statement is looked at here")} if sized else {}
    assert rate(but(**changes), precise).statement == said


def test_the_target_is_stated() -> None:
    assert rate(BASE).target.startswith("non-contextualized")
    assert (
        rate(but(important_difference=0.05)).target == "minimally contextualized: an important difference (50 per 1000)"
    )
    assert rate(but(sizes=(0.01, 0.02, 0.03))).target.startswith("partially")


def test_every_domain_has_its_words_a_source_and_a_proposal() -> None:
    data = grade_data()
    assert list(data["domains"]) == list(GRADE_DOMAINS)
    assert [item.domain for item in propose(BASE)] == list(GRADE_DOMAINS)
    assert {row.source for row in GRADE_DOMAINS.values()} <= set(SOURCES)
    assert {item["source"] for item in data["numbers"].values()} - {"convention"} <= set(SOURCES)
    assert [item["name"] for item in data["levels"]] == LEVELS
    assert set(data["statements"]) == set(LEVELS)
    assert set(data["sources"].values()) <= set(SOURCES)


def test_results_are_plain_data() -> None:
    document = rate(BASE).to_dict()
    assert document["steps"][0]["domain"] == "risk_of_bias"
    assert BASE.to_dict()["indirectness"] == {"population": [0, ""], "outcome": [0, ""]}
    assert repr(rate(but(suspicions=("x",)))) == "Certainty(death by day 28: Moderate; start High, publication_bias -1)"
