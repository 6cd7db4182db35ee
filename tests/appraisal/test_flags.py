"""Flags of a design, the numbers behind them, and flags that contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from mscsec.appraisal.flags import contradictions, numbers

from .studies import study


@pytest.mark.parametrize(
    ("design", "path"),
    [
        ({"open_label": True, "blinding": {"participants": "blinded"}}, ("design", "blinding", "participants")),
        ({"open_label": True, "blinding": {"personnel": "blinded"}}, ("design", "blinding", "personnel")),
        (
            {"blinding": dict.fromkeys(("participants", "personnel", "assessors"), "no-blinding")},
            ("design", "open_label"),
        ),
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
ARMS = {
    "a": {"role": "experimental", "n": 95, "randomised": 100},
    "b": {"role": "comparator", "n": 100, "randomised": 100},
}


def test_numbers_of_a_result_are_its_own() -> None:
    record = study(ARMS, results=[RESULT])
    assert numbers(record) == (200, 195)
    assert numbers(record, record.results[0]) == (200, 190)
    assert numbers(record, record.results[0]).share == 0.95


def test_an_assumed_number_is_no_evidence_of_completeness() -> None:
    assumed = {"value": 10, "assumed": "equal split of 20"}
    arms = {"a": {"role": "experimental", "n": assumed}, "b": {"role": "comparator", "n": assumed}}
    assert numbers(study(arms, {"randomised": 20})) == (20, None)


def test_numbers_that_are_missing_or_impossible_give_no_share() -> None:
    assert numbers(study({"a": {"role": "experimental", "n": 5}})).share is None
    assert numbers(study({"a": {"role": "experimental", "n": 5, "randomised": 4}})).share is None
