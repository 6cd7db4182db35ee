"""From an evidence base to findings: every recorded figure through every check that applies, with its place.

review       all findings of a base, an outcome or a study
flagged      one mark a study for tables and plots
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mscsec.effects.trail import Flag
from mscsec.errors import UnknownName
from mscsec.integrity.arm_checks import arm_verdicts
from mscsec.integrity.base_checks import base_verdicts, study_verdicts
from mscsec.integrity.located import Placed, Setting
from mscsec.integrity.printed import ROUNDING
from mscsec.integrity.result_checks import result_verdicts
from mscsec.integrity.table import INTEGRITY
from mscsec.integrity.verdict import Finding, Verdict
from mscsec.records.checks import Finding as RecordFinding
from mscsec.records.models import Study
from mscsec.records.nodes import Path
from mscsec.records.reader import EvidenceBase
from mscsec.registry import choose
from mscsec.results import Result

CONTRADICTION = "contradiction"
QUESTION = "question"
NOTE = "note"
PASSED = "passed"
UNDECIDED = "undecided"
# Worst first. A contradiction holds under every reading that was tried; a question has an answer under which the
# figures agree, or is a coincidence; a note is said of figures that agree.
LEVELS = (CONTRADICTION, QUESTION, NOTE, PASSED, UNDECIDED)
_TELLING = frozenset({"I002", "I003"})  # notices that are worth a line although the figures agree


@dataclass(frozen=True, slots=True)
class Located(Result):
    """One verdict at the figure it is about.

    level : one of `LEVELS`. study, label, outcome, timepoint : whose figure it is; outcome is None for a whole record.
    file, line, column, path : where it stands in the record. where, quote : its place and words in the paper.
    others : `file:line:column` in other records of what it is held against.
    """

    level: str
    name: str
    study: str
    label: str
    outcome: str | None
    timepoint: str | None
    file: str
    line: int
    column: int
    path: Path
    where: str | None
    quote: str | None
    verdict: Verdict
    others: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class IntegrityReview(Result):
    """What the checks found.

    findings : contradictions, questions and notes, worst first, then in the order of the records. passed, undecided :
    the other checks that were made. silenced : findings that a record silences where they stand, with a reason.
    rounding : the rule under which figures were compared. counts : number of checks by level.
    """

    outcome: str | None
    study: str | None
    rounding: str
    findings: tuple[Located, ...]
    passed: tuple[Located, ...]
    undecided: tuple[Located, ...]
    silenced: tuple[Located, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Checks by level, every level of `LEVELS` named."""
        found = {level: sum(each.level == level for each in self.findings) for level in (CONTRADICTION, QUESTION, NOTE)}
        return {**found, PASSED: len(self.passed), UNDECIDED: len(self.undecided)}

    @property
    def contradicts(self) -> bool:
        """Whether any figure is impossible or inconsistent."""
        return any(each.level == CONTRADICTION for each in self.findings)


def level_of(verdict: Verdict) -> str:
    """The level that a verdict has in a review."""
    if verdict.finding in (Finding.INCONSISTENT, Finding.DECISION_ERROR):
        return CONTRADICTION
    if verdict.finding in (Finding.ONLY_IF, Finding.UNLIKELY):
        return QUESTION
    if verdict.finding is Finding.UNDECIDED:
        return UNDECIDED
    return NOTE if any(notice.code in _TELLING for notice in verdict.warnings) else PASSED


def review(
    base: EvidenceBase,
    outcome: str | None = None,
    study: str | None = None,
    rounding: str = "up_or_down",
    locate_all: bool = False,
) -> IntegrityReview:
    """Every check that the recorded figures of `base` allow.

    outcome, study : look at one outcome, one study (by id); figures shared with other records are always looked for in
    the whole base. rounding : key of `ROUNDING`, the rule the reports are taken to have followed. locate_all : look up
    the place of figures that passed too, which else is line 1.
    Raises UnknownName for an outcome or study that the base does not have, UnknownMethod for a rounding rule.
    """
    return _review(base, outcome, study, rounding, LEVELS if locate_all else LEVELS[:3])


def _review(
    base: EvidenceBase, outcome: str | None, study: str | None, rounding: str, levels: tuple[str, ...]
) -> IntegrityReview:
    """As `review`, looking up the places of findings of `levels` alone."""
    choose(ROUNDING, rounding, "rounding rule")
    if outcome is not None and outcome not in base.review.outcomes:
        raise UnknownName("outcome", outcome, base.review.outcomes)
    if study is not None:
        base.study(study)
    found: dict[str, list[Located]] = {level: [] for level in LEVELS}
    silenced: list[Located] = []
    for located in _all(base, study, outcome, rounding, levels):
        if located.level in (CONTRADICTION, QUESTION, NOTE) and _is_silenced(base, located):
            silenced.append(located)
        else:
            found[located.level].append(located)
    findings = tuple(located for level in (CONTRADICTION, QUESTION, NOTE) for located in found[level])
    return IntegrityReview(
        outcome, study, rounding, findings, tuple(found[PASSED]), tuple(found[UNDECIDED]), tuple(silenced)
    )


def _all(
    base: EvidenceBase, wanted: str | None, outcome: str | None, rounding: str, levels: tuple[str, ...]
) -> Iterator[Located]:
    for study in base.studies:
        if wanted in (None, study.id):
            for path, verdict in _of_study(base, study, outcome, rounding):
                yield _locate(base, study, path, verdict, levels)
    for between in base_verdicts(base.studies, base.review, outcome):
        names = {between.study, *(name for name, _ in between.others)}
        located = _locate(base, base.study(between.study), between.path, between.verdict, levels, between.others)
        if (wanted is None or wanted in names) and outcome in (None, located.outcome):
            yield located


def _of_study(base: EvidenceBase, study: Study, outcome: str | None, rounding: str) -> Iterator[Placed]:
    for index, result in enumerate(study.results):
        if outcome in (None, result.outcome):
            setting = Setting(study, result, base.review.outcomes.get(result.outcome), ("results", index), rounding)
            yield from arm_verdicts(setting)
            yield from result_verdicts(setting)
    for path, verdict in study_verdicts(study, rounding):
        of = study.results[int(path[1])].outcome if path[0] == "results" else None
        if outcome is None or outcome == of:
            yield path, verdict


def _locate(
    base: EvidenceBase,
    study: Study,
    path: Path,
    verdict: Verdict,
    levels: tuple[str, ...],
    others: tuple[tuple[str, Path], ...] = (),
) -> Located:
    """`levels` : those whose place is looked up, by reading the file once more."""
    result = study.results[int(path[1])] if path[0] == "results" else None
    level = level_of(verdict)
    document = base.documents[study.id]
    origin = document.origin(path) if level in levels else None
    source = result.source if result is not None else study.population.source
    return Located(
        level,
        INTEGRITY[verdict.check].name,
        study.id,
        study.label,
        result.outcome if result is not None else None,
        result.timepoint if result is not None else None,
        document.file,
        origin.line if origin else 1,
        origin.column if origin else 1,
        path,
        source.where if source is not None else None,
        source.text if source is not None else None,
        verdict,
        tuple(str(base.origin(name, place)) for name, place in others if origin is not None),
    )


def _is_silenced(base: EvidenceBase, located: Located) -> bool:
    if "mscsec:" not in base.documents[located.study].text:  # no comment that could silence anything
        return False
    finding = RecordFinding(located.path, located.verdict.check, located.verdict.found, located.verdict.assumption)
    return base.documents[located.study].problem(finding) is None


def flagged(base: EvidenceBase, outcome: str | None = None, rounding: str = "up_or_down") -> dict[str, Flag]:
    """A mark for each study whose figures of `outcome`, or of any, contradict each other ("!") or raise a question ("?").

    Raises as `review` does.
    """
    marks: dict[str, Flag] = {}
    for study, found in by_study(_review(base, outcome, None, rounding, ())).items():
        worst = found[0].level
        if worst == NOTE:
            continue
        codes = ", ".join(dict.fromkeys(each.verdict.check for each in found if each.level == worst))
        what = "figures contradict each other" if worst == CONTRADICTION else "figures raise a question"
        marks[study] = Flag(
            "I000", "!" if worst == CONTRADICTION else "?", f"{found[0].label}: {what} ({codes}; mscsec integrity)"
        )
    return marks


def contradicted_results(found: IntegrityReview) -> frozenset[tuple[str, int]]:
    """(study, place under `results:`) of every result with a contradiction."""
    return frozenset(
        (each.study, int(each.path[1]))
        for each in found.findings
        if each.level == CONTRADICTION and each.path[0] == "results"
    )


def by_study(found: IntegrityReview) -> dict[str, list[Located]]:
    """Findings of each study that has any, worst first."""
    groups: dict[str, list[Located]] = {}
    for each in found.findings:
        groups.setdefault(each.study, []).append(each)
    return groups
