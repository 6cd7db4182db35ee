"""What is wrong or unfinished in the assessments and the certainty decisions of a base, each at its line."""

from __future__ import annotations

from collections.abc import Iterator

from mscsec.appraisal.evidence import grade_data
from mscsec.appraisal.from_record import appraise_record, record_problems
from mscsec.appraisal.proposals import GRADE_DOMAINS
from mscsec.errors import MscsecError, UnknownName
from mscsec.problems import Problem, RecordError
from mscsec.records.checks import Finding
from mscsec.records.models import Assessment, Review
from mscsec.records.reader import EvidenceBase


def sound(base: EvidenceBase) -> None:
    """Raises RecordError, with every problem at its line, where an assessment or a decision does not fit its form."""
    problems = assessment_problems(base)
    if problems:
        raise RecordError(problems)


def assessment_problems(base: EvidenceBase) -> list[Problem]:
    """Every problem of the recorded assessments and of the decisions under grade: in the protocol."""
    found: list[Problem | None] = []
    for study in base.studies:
        for place, assessment in enumerate(study.risk_of_bias):
            for problem in record_problems(assessment):
                finding = _finding(("risk_of_bias", place, *problem.path), problem.error)
                found.append(base.documents[study.id].problem(finding))
    found += [base.protocol.problem(finding) for finding in _decisions(base.review)]
    return [problem for problem in found if problem is not None]


def _finding(path: tuple[str | int, ...], error: MscsecError) -> Finding:
    parts = [getattr(error, name, "") for name in ("found", "rule", "instead")]
    return Finding(path, error.code, *(parts if parts[0] else [error.message, "", ""]))


def _decisions(review: Review) -> Iterator[Finding]:
    """Decisions for an outcome, a comparison or a number of levels that does not exist."""
    for name, decision in review.grade.items():
        if name not in review.outcomes:
            yield _finding(("grade", name), UnknownName("outcome", name, review.outcomes))
        if decision.comparison is not None and decision.comparison not in review.comparisons:
            error = UnknownName("comparison", decision.comparison, review.comparisons)
            yield _finding(("grade", name, "comparison"), error)
        for key, domain in GRADE_DOMAINS.items():
            made = getattr(decision, key)
            highest = len(grade_data()["domains"][key]["labels"]) - 1
            if made is not None and not 0 <= (made.levels if domain.up else -made.levels) <= highest:
                rule = f"{domain.name} rates {'up' if domain.up else 'down'}, by {highest} levels at most"
                yield Finding(
                    ("grade", name, key, "levels"), "B409", f"found {made.levels}", rule, "Write 0 for no change"
                )


def unfinished(base: EvidenceBase) -> list[Problem]:
    """A warning for each assessment that waits for answers or judgements, at its place."""
    found: list[Problem | None] = []
    for study in base.studies:
        for place, assessment in enumerate(study.risk_of_bias):
            if record_problems(assessment):
                continue
            result = appraise_record(assessment)
            waiting = list(result.unanswered) or [id for item in result.overall for id in item.waiting_for]
            if not waiting or all(item.judgement for item in result.items):
                continue
            finding = Finding(
                ("risk_of_bias", place), "B006", f"the assessment {named(assessment)} is not finished: {', '.join(waiting)} open",
                "", f"Go on: {resume(study.id, assessment)}",
            )  # fmt: skip
            found.append(base.documents[study.id].problem(finding, severity="warning"))
    return [problem for problem in found if problem is not None]


def named(assessment: Assessment) -> str:
    """Tool, result and assessor of an assessment, in words."""
    parts = [f"by {assessment.assessor} with {assessment.tool}"]
    if assessment.result:
        parts.append(f"of {assessment.result}" + (f" at {assessment.timepoint}" if assessment.timepoint else ""))
    return " ".join(parts)


def resume(study: str, assessment: Assessment) -> str:
    """The command that goes on with an assessment."""
    result = f" --result {assessment.result}" if assessment.result else ""
    who = f'"{assessment.assessor}"' if " " in assessment.assessor else assessment.assessor
    return f"mscsec assess {study} --tool {assessment.tool}{result} --assessor {who}"
