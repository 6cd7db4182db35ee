"""The summary of findings: rows, footnotes, outcomes without data."""

from __future__ import annotations

import dataclasses

import pytest

from mscsec.appraisal.findings import summary_of_findings
from mscsec.appraisal.grade import rate
from mscsec.errors import InvalidInput

from .bodies import BASE, LEVELS, but


def test_a_row_has_the_relative_and_the_absolute_effect_with_prediction() -> None:
    (row,) = summary_of_findings([(BASE, rate(BASE))]).rows
    assert (row.relative, row.relative_low) == pytest.approx((0.75, 0.60))
    assert row.absolute is not None
    assert row.absolute.text == "50 fewer per 1000 (from 80 fewer to 12 fewer)"
    assert row.predicted is not None
    assert row.predicted.text == "50 fewer per 1000 (from 90 fewer to 4 fewer)"
    assert (row.difference, row.participants, row.studies, row.certainty) == (None, 5000, 4, "High")


def test_a_mean_difference_has_no_relative_effect() -> None:
    evidence = but(
        measure="MD", baseline_risk=None, outcome="stay", estimate=-5.0, ci_low=-7.0, ci_high=-3.0, prediction_low=None
    )
    (row,) = summary_of_findings([(evidence, rate(evidence))]).rows
    assert (row.relative, row.difference, row.difference_high, row.absolute) == (None, -5.0, -3.0, None)


def test_footnotes_are_lettered_by_first_use_and_shared() -> None:
    biased = but(judgements=("Some concerns",) * 4)
    other = dataclasses.replace(biased, outcome="intubation", suspicions=("x",))
    table = summary_of_findings([(biased, rate(biased)), (other, rate(other))])
    assert [row.marks for row in table.rows] == [("a",), ("a", "b")]
    assert list(table.notes) == ["a", "b"]
    assert table.notes["b"] == "Rated down one level for publication bias: x."
    assert list(table.meanings) == LEVELS[::-1]


def test_an_outcome_without_data_has_a_row() -> None:
    table = summary_of_findings([(BASE, rate(BASE))], without_data=["quality of life"])
    assert (table.rows[1].outcome, table.rows[1].studies, table.rows[1].certainty) == ("quality of life", 0, "")
    assert summary_of_findings([], without_data=["quality of life"]).rows[0].absolute is None


def test_long_tables_are_said_and_wrong_ones_refused() -> None:
    assert [n.code for n in summary_of_findings([(BASE, rate(BASE))] * 8).warnings] == ["B407"]
    with pytest.raises(InvalidInput):
        summary_of_findings([])
    with pytest.raises(InvalidInput):
        summary_of_findings([(but(outcome="other"), rate(BASE))])
