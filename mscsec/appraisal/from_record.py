"""Appraisals of the assessments that stand in a study record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mscsec.appraisal.assessment import Answer, Appraisal
from mscsec.appraisal.engine import appraise, assessment_problems
from mscsec.appraisal.instrument import instrument
from mscsec.errors import InvalidInput, MscsecError, UnknownName

if TYPE_CHECKING:
    from mscsec.records.models import Assessment


class RecordProblem(NamedTuple):
    """Something wrong in an assessment: its path within the assessment, and the error that says what."""

    path: tuple[str, ...]
    error: MscsecError


@dataclass(slots=True)
class Inputs:
    """The inputs of `appraise` as one assessment holds them; `paths` says where in it each stands."""

    answers: dict[str, Answer] = field(default_factory=dict)
    settings: dict[str, Answer] = field(default_factory=dict)
    judgements: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    directions: dict[str, str] = field(default_factory=dict)
    paths: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def put(self, argument: str, key: str, value: Answer | None, path: tuple[str, ...]) -> None:
        """Keeps a value that is there, and where in the assessment it stands."""
        if value:
            getattr(self, argument)[key] = value
            self.paths[argument, key] = path


def inputs_of(assessment: Assessment) -> Inputs:
    """What one assessment of a record says."""
    taken = Inputs()
    taken.put("settings", "aim", assessment.aim, ("aim",))
    taken.put("settings", "deviations_addressed", assessment.deviations_addressed, ("deviations_addressed",))
    for id, domain in assessment.domains.items():
        for question, answer in domain.answers.items():
            taken.put("answers", question, answer, ("domains", id, "answers", question))
        _put_judgement(taken, id, domain.judgement, domain.reason, domain.direction, ("domains", id))
    if assessment.overall is not None:
        item = assessment.overall
        _put_judgement(taken, "overall", item.judgement, item.reason, item.direction, ("overall",))
    return taken


def _put_judgement(
    taken: Inputs, key: str, judgement: str | None, reason: str | None, direction: str | None, path: tuple[str, ...]
) -> None:
    taken.put("judgements", key, judgement, (*path, "judgement"))
    taken.put("reasons", key, reason, (*path, "reason"))
    taken.put("directions", key, direction, (*path, "direction"))


def appraise_record(assessment: Assessment) -> Appraisal:
    """The appraisal of one assessment of a record; raises as `appraise` does."""
    inputs = inputs_of(assessment)
    return appraise(
        assessment.tool,
        inputs.answers,
        settings=inputs.settings,
        judgements=inputs.judgements,
        reasons=inputs.reasons,
        directions=inputs.directions,
    )


def record_problems(assessment: Assessment) -> tuple[RecordProblem, ...]:
    """Everything wrong with one assessment: an instrument that does not exist, or each problem at its place."""
    try:
        form = instrument(assessment.tool)
    except UnknownName as error:
        return (RecordProblem(("tool",), error),)
    inputs = inputs_of(assessment)
    problems = assessment_problems(
        form,
        inputs.answers,
        settings=inputs.settings,
        judgements=inputs.judgements,
        reasons=inputs.reasons,
        directions=inputs.directions,
    )
    found = [
        RecordProblem(inputs.paths[problem.path], problem.error) for problem in problems if problem.path in inputs.paths
    ]
    return (*found, *_misplaced(assessment))


def _misplaced(assessment: Assessment) -> list[RecordProblem]:
    """Domains that the instrument does not have, and answers under a domain that is not theirs."""
    form = instrument(assessment.tool)
    places: dict[str, set[str]] = {}
    for domain in form.all_domains():
        places.setdefault(domain.id, set()).update(question.id for question in domain.questions)
    found = []
    for id, written in assessment.domains.items():
        if id not in places:
            found.append(RecordProblem(("domains", id), UnknownName(f"domain of {form.name}", id, places, code="B002")))
            continue
        for question in written.answers:
            home = [name for name, questions in places.items() if question in questions]
            if home and id not in home:
                error = InvalidInput(
                    f"{question} stands under {id}", f"it belongs to {home[0]}", f"Move it to {home[0]}", code="B002"
                )
                found.append(RecordProblem(("domains", id, "answers", question), error))
    return found
