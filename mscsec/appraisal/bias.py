"""Risk of bias over the studies of a review: the design checklist of each, and counts by item and rating."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mscsec.appraisal.checklist import ChecklistResult, checklist
from mscsec.appraisal.instrument import instrument
from mscsec.appraisal.judgements import RecordedAppraisal, recorded_appraisals
from mscsec.errors import TooFewStudies
from mscsec.results import Result

if TYPE_CHECKING:
    from mscsec.records.models import Study


@dataclass(frozen=True, slots=True)
class ItemCount(Result):
    """How many studies answer an item of the checklist with yes, unclear and no."""

    id: str
    question: str
    key: bool
    yes: int
    unclear: int
    no: int


@dataclass(frozen=True, slots=True)
class BiasReport(Result):
    """The checklist by study, counts by item and rating, and the recorded assessments.

    outcome : the outcome whose studies are reported on; None for all studies.
    ratings : number of studies rated Low, Unclear, High. rule : how the rating is made.
    """

    outcome: str | None
    labels: Mapping[str, str]
    checklists: tuple[ChecklistResult, ...]
    items: tuple[ItemCount, ...]
    ratings: Mapping[str, int]
    rule: str
    recorded: tuple[RecordedAppraisal, ...]


def bias_report(studies: Iterable[Study], outcome: str | None = None) -> BiasReport:
    """The report over `studies`, or over those of them that have a result for `outcome`.

    Raises TooFewStudies where no study reports the outcome, and the errors of `appraise` where a recorded assessment does not fit its instrument.
    """
    chosen = reporting(studies, outcome)
    lists = tuple(checklist(study) for study in chosen)
    form = instrument("checklist")
    counts = {question.id: Counter[str]() for question in form.domains[0].questions}
    keys: dict[str, bool] = {}
    for one in lists:
        for item in one.items:
            counts[item.id][item.answer] += 1
            keys[item.id] = item.key
    items = tuple(
        ItemCount(
            question.id,
            question.text,
            keys.get(question.id, False),
            *(counts[question.id][answer] for answer in ("yes", "unclear", "no")),
        )
        for question in form.domains[0].questions
    )
    ratings = {rating: sum(one.rating == rating for one in lists) for rating in ("Low", "Unclear", "High")}
    labels = {study.id: study.label for study in chosen}
    return BiasReport(outcome, labels, lists, items, ratings, form.scoring, recorded_appraisals(chosen, outcome))


def reporting(studies: Iterable[Study], outcome: str | None) -> list[Study]:
    """The studies that have a result for `outcome`; all where it is None. Raises TooFewStudies where none has."""
    everyone = list(studies)
    found = [study for study in everyone if outcome is None or any(each.outcome == outcome for each in study.results)]
    if outcome is not None and not found:
        known = ", ".join(dict.fromkeys(each.outcome for study in everyone for each in study.results)) or "none"
        why = f"No study reports {outcome}; outcomes with results: {known}"
        raise TooFewStudies("a report on risk of bias", 1, 0, why)
    return found
