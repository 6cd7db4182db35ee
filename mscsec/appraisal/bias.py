"""Risk of bias over the studies of a review: the checklist of each, what assessors recorded, and counts by item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mscsec.appraisal.assessment import Appraisal
from mscsec.appraisal.checklist import ChecklistResult, checklist
from mscsec.appraisal.engine import appraise
from mscsec.appraisal.instrument import instrument
from mscsec.results import Result

if TYPE_CHECKING:
    from mscsec.records.models import Assessment, Study


@dataclass(frozen=True, slots=True)
class RecordedAppraisal(Result):
    """What one assessor recorded for one result, run through its instrument."""

    study: str
    label: str
    tool: str
    result: str | None
    timepoint: str | None
    assessor: str
    appraisal: Appraisal


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

    Raises the errors of `appraise` where a recorded assessment does not fit its instrument.
    """
    chosen = [
        study for study in studies if outcome is None or any(result.outcome == outcome for result in study.results)
    ]
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
    recorded = tuple(
        _recorded(study, assessment)
        for study in chosen
        for assessment in study.risk_of_bias
        if outcome is None or assessment.result in (None, outcome)
    )
    return BiasReport(
        outcome, {study.id: study.label for study in chosen}, lists, items, ratings, form.scoring, recorded
    )


def _recorded(study: Study, assessment: Assessment) -> RecordedAppraisal:
    return RecordedAppraisal(
        study.id, study.label, assessment.tool, assessment.result, assessment.timepoint, assessment.assessor, appraise_recorded(assessment)
    )  # fmt: skip


def appraise_recorded(assessment: Assessment) -> Appraisal:
    """A recorded assessment through the algorithm of its instrument; the assessor's judgements stand beside it."""
    domains = assessment.domains
    settings = {"aim": assessment.aim, "deviations_addressed": list(assessment.deviations_addressed)}
    overall = assessment.overall
    judgements = {name: part.judgement for name, part in domains.items() if part.judgement}
    reasons = {name: part.reason for name, part in domains.items() if part.reason}
    if overall is not None:
        judgements |= {"overall": overall.judgement} if overall.judgement else {}
        reasons |= {"overall": overall.reason} if overall.reason else {}
    return appraise(
        assessment.tool,
        {question: answer for part in domains.values() for question, answer in part.answers.items()},
        settings={name: value for name, value in settings.items() if value},
        judgements=judgements,
        reasons=reasons,
        directions={name: part.direction for name, part in domains.items() if part.direction},
    )
