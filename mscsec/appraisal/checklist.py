"""The design checklist: ten practices that lower the risk of bias, answered from the flags of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mscsec.appraisal.engine import appraise
from mscsec.appraisal.flags import Contradiction, arm_size, contradictions, numbers
from mscsec.appraisal.instrument import instrument
from mscsec.constants import LARGE_ARM, NEARLY_COMPLETE, SMALL_ARM, TOO_INCOMPLETE
from mscsec.results import Notice, Result

if TYPE_CHECKING:
    from mscsec.records.models import Study

__all__ = ["ChecklistItem", "ChecklistResult", "Contradiction", "checklist", "contradictions"]


@dataclass(frozen=True, slots=True)
class ChecklistItem(Result):
    """One practice: "yes" is the low-risk one, "no" its absence, "unclear" where the report does not say.

    support : where the answer comes from, the record's own words where it has them.
    path : the place in the record that decides.
    key : True where the overall rating looks at it.
    """

    id: str
    question: str
    answer: str
    support: str
    path: tuple[str, ...]
    key: bool


@dataclass(frozen=True, slots=True)
class ChecklistResult(Result):
    """The checklist of one study.

    score : number of practices answered yes, of `out_of`.
    rating : Low, Unclear or High, from the key items alone; `rule` says how.
    """

    study: str
    items: tuple[ChecklistItem, ...]
    score: int
    out_of: int
    rating: str
    rule: str
    warnings: tuple[Notice, ...] = ()


Finding = tuple[str, str]  # answer, support
_ADEQUATE = {"adequate": "yes", "inadequate": "no", "unclear": "unclear"}
_BLINDED = {"blinded": "yes", "no-blinding": "no", "unclear": "unclear"}


def checklist(study: Study) -> ChecklistResult:
    """The checklist of one study record, each item from the flags that its `path` names.

    Rating: High where a key item is no, Low where all are yes, Unclear otherwise, as the first Cochrane tool summarises
    over key domains (Higgins et al. 2011, BMJ 343:d5928).
    """
    form = instrument("checklist")
    found = {id: finding(study) for id, (finding, _) in _ITEMS.items()}
    appraisal = appraise(form, {id: answer for id, (answer, _) in found.items()})
    keys = {name for rule in form.domains[0].rules for name, _ in rule.condition.clauses()}
    items = tuple(
        ChecklistItem(q.id, q.text, *found[q.id], path=_ITEMS[q.id][1], key=q.id in keys)
        for q in form.domains[0].questions
    )
    rating, score = appraisal.judgement, appraisal.score
    assert rating is not None  # every item is answered, unclear being an answer
    assert score is not None
    notices = tuple(Notice("B010", message) for _, message in contradictions(study))
    return ChecklistResult(study.id, items, score, len(items), rating, form.scoring, notices)


def _support(study: Study, name: str, otherwise: str) -> str:
    support: Mapping[str, str] = study.design.support
    return support.get(name, otherwise)


def _flag(name: str, said: str) -> Callable[[Study], Finding]:
    """The finding of a flag that is adequate, inadequate or unclear."""

    def finding(study: Study) -> Finding:
        value = getattr(study.design, name)
        return _ADEQUATE[value], _support(study, name, f"{said}: {value}")

    return finding


def _blinded(group: str) -> Callable[[Study], Finding]:
    def finding(study: Study) -> Finding:
        value = getattr(study.design.blinding, group)
        support = _support(study, f"blinding_{group}", _support(study, "blinding", f"{group}: {value}"))
        return _BLINDED[value], support

    return finding


def _random_sequence(study: Study) -> Finding:
    if study.design.randomised is False:
        return "no", _support(study, "sequence_generation", "not randomised")
    return _flag("sequence_generation", "sequence generation")(study)


def _not_open_label(study: Study) -> Finding:
    value = study.design.open_label
    if value is None:
        return "unclear", _support(study, "open_label", "not stated")
    return (
        ("no", _support(study, "open_label", "open label"))
        if value
        else ("yes", _support(study, "open_label", "not open label"))
    )


def _complete_data(study: Study) -> Finding:
    """The reviewers' flag; where that is unclear, the share of the randomised who were analysed."""
    answer, support = _flag("incomplete_outcome_data", "incomplete outcome data")(study)
    count = numbers(study)
    if answer != "unclear" or count.share is None:
        return answer, support
    said = f"{count.analysed} of {count.randomised} randomised were analysed ({100 * count.share:.0f}%)"
    if count.share >= NEARLY_COMPLETE:
        return "yes", said
    return ("no" if count.share < TOO_INCOMPLETE else "unclear"), said


def _registration(study: Study) -> Finding:
    number = study.design.registration
    return (
        ("yes", f"registered: {number}")
        if number
        else ("unclear", _support(study, "registration", "no registration found"))
    )


def _sample_size(study: Study) -> Finding:
    """Size bands of the Cochrane Pain, Palliative and Supportive Care group, by the smallest arm."""
    sizes = [arm_size(arm) for arm in study.arms.values()]
    known = [size for size in sizes if size is not None]
    plan = study.population.planned
    planned = f"; {int(float(plan))} were planned" if plan is not None else ""
    if known and min(known) < SMALL_ARM:
        return "no", f"the smallest arm has {min(known)} participants{planned}"
    if len(known) < len(sizes) or not known:
        total = study.population.randomised
        if total is not None and float(total) < SMALL_ARM * len(sizes):
            return "no", f"{int(float(total))} participants in {len(sizes)} arms{planned}"
        return "unclear", f"the record does not have the size of every arm{planned}"
    return ("yes" if min(known) >= LARGE_ARM else "unclear"), f"the smallest arm has {min(known)} participants{planned}"


_ITEMS: dict[str, tuple[Callable[[Study], Finding], tuple[str, ...]]] = {
    "random_sequence": (_random_sequence, ("design", "sequence_generation")),
    "allocation_concealment": (
        _flag("allocation_concealment", "allocation concealment"),
        ("design", "allocation_concealment"),
    ),
    "blinding_participants": (_blinded("participants"), ("design", "blinding", "participants")),
    "blinding_personnel": (_blinded("personnel"), ("design", "blinding", "personnel")),
    "blinding_assessors": (_blinded("assessors"), ("design", "blinding", "assessors")),
    "not_open_label": (_not_open_label, ("design", "open_label")),
    "complete_data": (_complete_data, ("design", "incomplete_outcome_data")),
    "selective_reporting": (_flag("selective_reporting", "selective reporting"), ("design", "selective_reporting")),
    "registration": (_registration, ("design", "registration")),
    "sample_size": (_sample_size, ("arms",)),
}
