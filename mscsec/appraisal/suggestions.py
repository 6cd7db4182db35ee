"""Answers that the design flags of a record speak for: shown with their reason, never counted as judgements.

The rules stand in each instrument's file under `suggest:`. An assessor takes a suggestion over by writing it down as
an answer; `appraise` never sees the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mscsec.appraisal.decision import holds
from mscsec.appraisal.flags import Flags
from mscsec.appraisal.instrument import Instrument, instrument
from mscsec.errors import InvalidInput
from mscsec.results import Result

if TYPE_CHECKING:
    from mscsec.records.models import DesignType

# The instrument for each design of a record; cluster and crossover trials have forms of RoB 2 of their own.
BY_DESIGN: dict[DesignType, str] = {
    "parallel-rct": "rob2",
    "cluster-rct": "rob2-cluster",
    "crossover-rct": "rob2-crossover",
    "nonrandomised": "robins-i-v2",
    "single-arm": "robins-i-v2",
}


@dataclass(frozen=True, slots=True)
class Suggestion(Result):
    """`place` is a question, or a domain where the instrument is judged without questions."""

    place: str
    answer: str
    reason: str


def suggest(tool: Instrument | str, flags: Flags) -> tuple[Suggestion, ...]:
    """What `flags` (see `design_flags`) speak for, at most one answer a question: the first rule that holds.

    Raises `UnknownName` (B001) for an instrument that does not exist.
    """
    form = instrument(tool) if isinstance(tool, str) else tool
    found: dict[str, Suggestion] = {}
    for rule in form.suggestions:
        if rule.question not in found and holds(rule.condition, flags):
            found[rule.question] = Suggestion(rule.question, rule.answer, rule.reason)
    return tuple(found.values())


# The marks of ROB-ME's matrix of results (step 2), with what each says of a study's result.
RESULT_MARKS: dict[str, str] = {
    "✓": "available",
    "~": "missing, for a reason unrelated to its P value, size or direction",
    "?": "not known to have been generated",
    "X": "missing, likely because of its P value, size or direction",
}


def suggest_from_results(marks: Mapping[str, str]) -> tuple[Suggestion, ...]:
    """What a matrix of results says about questions 4.1 and 4.3 of ROB-ME.

    marks : by study, a key of `RESULT_MARKS`. Raises `InvalidInput` (B003) for any other mark.
    Source: Page et al. (2023), BMJ 383:e076754, steps 2 and 4.
    """
    for study, mark in marks.items():
        if mark not in RESULT_MARKS:
            raise InvalidInput(f"{study} is marked {mark!r}", f"the marks are {' '.join(RESULT_MARKS)}", code="B003")
    found = []
    for place, wanted in (("4.1", "X"), ("4.3", "?")):
        studies = [study for study, mark in marks.items() if mark == wanted]
        reason = f"the result is {RESULT_MARKS[wanted]}: {', '.join(studies) or 'no study'}"
        found.append(Suggestion(place, "Yes" if studies else "No", reason))
    return tuple(found)
