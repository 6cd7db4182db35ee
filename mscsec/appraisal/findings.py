"""Summary-of-findings rows: absolute effects at a baseline risk, certainty, and lettered footnotes."""

from __future__ import annotations

import math
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from mscsec.appraisal.absolute import AbsoluteEffect, absolute_effect
from mscsec.appraisal.evidence import Evidence, grade_data
from mscsec.appraisal.grade import Certainty
from mscsec.errors import InvalidInput
from mscsec.results import Notice, Result


@dataclass(frozen=True, slots=True)
class Finding(Result):
    """One row.

    relative, relative_low, relative_high : a ratio on its own scale; None for a difference.
    difference, difference_low, difference_high : in the outcome's unit, for a mean difference; None otherwise.
    absolute : risks at the baseline; predicted : the same for the prediction interval, the effect in a new setting.
    marks : letters of the footnotes that belong to this row's certainty.
    """

    outcome: str
    followup: str
    measure: str
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    absolute: AbsoluteEffect | None
    predicted: AbsoluteEffect | None
    participants: int | None
    studies: int
    certainty: str
    symbol: str
    marks: tuple[str, ...]
    statement: str


@dataclass(frozen=True, slots=True)
class SummaryOfFindings(Result):
    """The rows, the footnotes by letter, the meaning of the four levels, and what holds for every row."""

    rows: tuple[Finding, ...]
    notes: dict[str, str]
    meanings: dict[str, str]
    remark: str
    warnings: tuple[Notice, ...] = ()


_REMARK = (
    "The risk with the intervention and its interval come from the assumed risk with the comparison and the relative "
    "effect; the uncertainty of the assumed risk is not included."
)


def summary_of_findings(
    items: Sequence[tuple[Evidence, Certainty]], without_data: Sequence[str] = ()
) -> SummaryOfFindings:
    """A table from bodies of evidence and their ratings, in the order given, the most important first.

    without_data : outcomes of the protocol that no study reported; they close the table, as their absence is a finding.
    A reason used twice keeps its letter; letters follow the order of first use. More than seven outcomes are said
    (B407). Raises `InvalidInput` (B403) where there is none, or a rating belongs to another outcome.
    """
    if not items and not without_data:
        raise InvalidInput("there is no outcome", "a summary of findings has one row or more", code="B403")
    letters: dict[str, str] = {}
    supply = _letters()
    rows = []
    for evidence, certainty in items:
        if evidence.outcome != certainty.outcome:
            raise InvalidInput(
                f"the rating of {certainty.outcome!r} stands beside {evidence.outcome!r}",
                "a row is about one outcome",
                code="B403",
            )
        for note in certainty.notes:
            if note not in letters:
                letters[note] = next(supply)
        rows.append(_row(evidence, certainty, tuple(letters[note] for note in certainty.notes)))
    rows += [_empty_row(outcome) for outcome in without_data]
    notices = [notice for row in rows if row.absolute for notice in row.absolute.warnings]
    if len(rows) > 7:
        notices.append(Notice("B407", f"the table has {len(rows)} outcomes; guidance keeps the seven most important"))
    meanings = {item["name"]: item["meaning"] for item in reversed(grade_data()["levels"])}
    return SummaryOfFindings(
        tuple(rows), {mark: note for note, mark in letters.items()}, meanings, _REMARK, tuple(notices)
    )


def _letters() -> Iterator[str]:
    for length in range(1, 4):
        for letters in product(string.ascii_lowercase, repeat=length):
            yield "".join(letters)


def _row(evidence: Evidence, certainty: Certainty, marks: tuple[str, ...]) -> Finding:
    effect = (evidence.estimate, evidence.ci_low, evidence.ci_high)
    ratio = [math.exp(value) if evidence.is_ratio else None for value in effect]
    plain = [value if evidence.is_continuous and not evidence.is_ratio else None for value in effect]
    return Finding(
        outcome=evidence.outcome,
        followup=evidence.followup,
        measure=evidence.measure,
        relative=ratio[0],
        relative_low=ratio[1],
        relative_high=ratio[2],
        difference=plain[0],
        difference_low=plain[1],
        difference_high=plain[2],
        absolute=_absolute(evidence, evidence.ci_low, evidence.ci_high),
        predicted=_absolute(evidence, evidence.prediction_low, evidence.prediction_high),
        participants=evidence.participants,
        studies=evidence.k,
        certainty=certainty.level,
        symbol=certainty.symbol,
        marks=marks,
        statement=certainty.statement,
    )


def _empty_row(outcome: str) -> Finding:
    nothing = dict.fromkeys(
        ("relative", "relative_low", "relative_high", "difference", "difference_low", "difference_high"), None
    )
    return Finding(
        outcome=outcome,
        followup="",
        measure="",
        **nothing,
        absolute=None,
        predicted=None,
        participants=None,
        studies=0,
        certainty="",
        symbol="",
        marks=(),
        statement="No included study reported this outcome.",
    )


def _absolute(evidence: Evidence, low: float | None, high: float | None) -> AbsoluteEffect | None:
    baseline = evidence.baseline_risk
    if low is None or high is None or baseline is None or not evidence.has_absolute:
        return None
    return absolute_effect(evidence.absolute_measure, evidence.estimate, low, high, baseline)
