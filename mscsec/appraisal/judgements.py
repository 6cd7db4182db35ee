"""Recorded assessments side by side: one table for an instrument, who assessed what, and shares of each judgement."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from mscsec.appraisal.assessment import Appraisal
from mscsec.appraisal.flags import design_flags
from mscsec.appraisal.from_record import appraise_record
from mscsec.appraisal.instrument import Instrument, instrument
from mscsec.appraisal.suggestions import Suggestion, suggest
from mscsec.results import Notice, Result

if TYPE_CHECKING:
    from mscsec.appraisal.agreement import Agreement
    from mscsec.records.models import Outcome, Study

CONSENSUS = "consensus"  # the assessor under whose name the agreed assessment stands
NOT_ASSESSED = "Not assessed"


@dataclass(frozen=True, slots=True)
class RecordedAppraisal(Result):
    """What one assessor recorded for one result, run through its instrument.

    place : position under risk_of_bias: in the record, from 0.
    support : by domain, and by "domain question" where the record has it for single questions.
    """

    study: str
    label: str
    tool: str
    result: str | None
    timepoint: str | None
    assessor: str
    place: int
    appraisal: Appraisal
    support: dict[str, str]

    @property
    def key(self) -> str:
        """Study, result and time point in one name, by which assessors are paired."""
        return ", ".join(part for part in (self.study, self.result, self.timepoint) if part)


@dataclass(frozen=True, slots=True)
class BiasRow(Result):
    """One line of a table of judgements; `appraisal` is None where nobody has assessed the result.

    counts : True for the one assessment of a result that stands for it: the consensus, else the first on record.
    weight : share of the study in the meta-analysis, in [0, 1]; None where there is none, or the study is not in it.
    suggestions : answers that the design flags speak for, to questions that are open; they count for nothing.
    name : the study's label, with result and time point only where they tell rows of the table apart.
    """

    study: str
    label: str
    result: str | None
    timepoint: str | None
    assessor: str
    counts: bool
    weight: float | None
    appraisal: Appraisal | None
    support: dict[str, str]
    suggestions: tuple[Suggestion, ...]
    name: str = ""

    def judgement(self, place: str) -> str:
        """The judgement of a domain or "overall"; empty while it is open, and where nobody has assessed the result."""
        if self.appraisal is None:
            return ""
        items = self.appraisal.items
        return next((item.judgement or "" for item in items if item.id == place), "")


@dataclass(frozen=True, slots=True)
class BiasTable(Result):
    """The judgements of one instrument.

    outcome, label : the outcome whose results are shown, by name and in words; None and empty for all.
    domains : id and name in order. judgements : words of the instrument, best first.
    shares : by domain and "overall", the share of each judgement in [0, 1]; an open or missing one is "Not assessed". By
        weight in the meta-analysis where `weighted`, else by number of results; empty where there is nothing to share.
    """

    tool: str
    name: str
    version: str
    outcome: str | None
    domains: tuple[tuple[str, str], ...]
    judgements: tuple[str, ...]
    rows: tuple[BiasRow, ...]
    shares: dict[str, dict[str, float]]
    weighted: bool
    warnings: tuple[Notice, ...] = ()
    label: str = ""

    @property
    def standing(self) -> tuple[BiasRow, ...]:
        """The rows that count, one for each result."""
        return tuple(row for row in self.rows if row.counts)


@dataclass(frozen=True, slots=True)
class AssessorPair(Result):
    """Two assessors who used one instrument, and how far they agree: by domain, over all domains, and overall."""

    tool: str
    first: str
    second: str
    results: int
    agreements: tuple[Agreement, ...]


def recorded_appraisals(studies: Iterable[Study], outcome: str | None = None) -> tuple[RecordedAppraisal, ...]:
    """Every assessment on record, or those of `outcome` and of whole studies; raises as `appraise` does."""
    return tuple(
        RecordedAppraisal(
            study.id, study.label, assessment.tool, assessment.result, assessment.timepoint, assessment.assessor, place,
            appraise_record(assessment), _support(assessment.domains),
        )
        for study in studies
        for place, assessment in enumerate(study.risk_of_bias)
        if outcome is None or assessment.result in (None, outcome)
    )  # fmt: skip


def _support(domains: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for id, domain in domains.items():
        support = getattr(domain, "support", None)
        if isinstance(support, str):
            found[id] = support
        elif support:
            found.update({f"{id} {question}": text for question, text in support.items()})
    return found


def tools_of(recorded: Iterable[RecordedAppraisal]) -> tuple[str, ...]:
    """The instruments in use, in order of first use."""
    return tuple(dict.fromkeys(item.tool for item in recorded))


def bias_table(
    studies: Sequence[Study],
    tool: str,
    outcome: str | None = None,
    *,
    plans: Mapping[str, Outcome] | None = None,
    weights: Mapping[str, float] | None = None,
) -> BiasTable:
    """The judgements by `tool` over `studies`: a row for each assessment; for one outcome also for each study without any.

    outcome : only results of this outcome; all where None. plans : outcomes of the protocol, for what they say of an
    outcome's subjectivity. weights : by study, shares of the meta-analysis of `outcome`; a result without judgement
    keeps its share as "Not assessed".
    Raises `UnknownName` (B001) for an instrument that does not exist, else as `appraise` does.
    """
    form = instrument(tool)
    found = [item for item in recorded_appraisals(studies, outcome) if item.tool == form.key]
    standing = {id(item) for item in _standing(found).values()}
    of_study: dict[str, list[RecordedAppraisal]] = {}
    for item in found:
        of_study.setdefault(item.study, []).append(item)
    rows: list[BiasRow] = []
    for study in studies:
        own = of_study.get(study.id, [])
        weight = weights.get(study.id) if weights is not None else None
        rows += [_row(study, item, form, id(item) in standing, weight, plans or {}) for item in own]
        if not own and (outcome is not None or not found) and (weights is None or study.id in weights):
            rows.append(_open_row(study, form, outcome, weight, plans or {}))
    rows = _named(rows, outcome)
    domains = _domains(form, found)
    words = form.overall[0].judgements if form.overall else form.judgements
    known = tuple(dict.fromkeys((*form.judgements, *words)))
    shares = _shares([row for row in rows if row.counts], [id for id, _ in domains], known, weights is not None)
    return BiasTable(
        form.key, form.name, form.version, outcome, domains, known, tuple(rows), shares, weights is not None,
        _notices(found), plans[outcome].label if plans and outcome is not None and outcome in plans else "",
    )  # fmt: skip


def _named(rows: Sequence[BiasRow], outcome: str | None) -> list[BiasRow]:
    """The rows with their names."""
    often = Counter(row.study for row in rows if row.counts)
    named = []
    for row in rows:
        parts = [row.label] if outcome else [row.label, row.result or ""]
        parts += [row.timepoint or ""] if not outcome or often[row.study] > 1 else []
        named.append(replace(row, name=", ".join(part for part in parts if part)))
    return named


def _standing(found: Sequence[RecordedAppraisal]) -> dict[str, RecordedAppraisal]:
    """By result, the assessment that stands for it."""
    standing: dict[str, RecordedAppraisal] = {}
    for item in found:
        known = standing.get(item.key)
        if known is None or (_agreed(item) and not _agreed(known)):
            standing[item.key] = item
    return standing


def _agreed(item: RecordedAppraisal) -> bool:
    return item.assessor.casefold() == CONSENSUS


def _row(
    study: Study,
    item: RecordedAppraisal,
    form: Instrument,
    counts: bool,
    weight: float | None,
    plans: Mapping[str, Outcome],
) -> BiasRow:
    open_now = set(item.appraisal.unanswered)
    spoken = tuple(one for one in _suggestions(study, form, item.result, plans) if one.place in open_now)
    return BiasRow(
        study.id, study.label, item.result, item.timepoint, item.assessor, counts, weight, item.appraisal, item.support,
        spoken,
    )  # fmt: skip


def _open_row(
    study: Study, form: Instrument, outcome: str | None, weight: float | None, plans: Mapping[str, Outcome]
) -> BiasRow:
    spoken = _suggestions(study, form, outcome, plans)
    return BiasRow(study.id, study.label, outcome, None, "", True, weight, None, {}, spoken)


def _suggestions(
    study: Study, form: Instrument, outcome: str | None, plans: Mapping[str, Outcome]
) -> tuple[Suggestion, ...]:
    result = next((one for one in study.results if one.outcome == outcome), None)
    return suggest(form, design_flags(study, result, plans.get(outcome or "")))


def _domains(form: Instrument, found: Sequence[RecordedAppraisal]) -> tuple[tuple[str, str], ...]:
    """Domains that are judged, those of the form first; a variant has the id of its domain."""
    names = {domain.id: domain.name for domain in form.domains if domain.judgements}
    for item in found:
        names |= {d.id: d.name for d in item.appraisal.domains if d.id in names}
    return tuple(names.items())


def _shares(
    rows: Sequence[BiasRow], domains: Sequence[str], words: Sequence[str], weighted: bool
) -> dict[str, dict[str, float]]:
    sizes = [(row.weight or 0.0) if weighted else 1.0 for row in rows]
    total = math.fsum(sizes)
    if total <= 0:
        return {}
    found = {}
    for place in (*domains, "overall"):
        said = [row.judgement(place) or NOT_ASSESSED for row in rows]
        sums = {
            word: math.fsum(size for size, one in zip(sizes, said, strict=True) if one == word) / total
            for word in (*words, NOT_ASSESSED)
            if word in said
        }
        found[place] = {word: share for word, share in sums.items() if share > 0}
    return found


def _notices(found: Sequence[RecordedAppraisal]) -> tuple[Notice, ...]:
    """What each assessment's own notices say, and results on which nobody has settled the differences."""
    notices = [
        replace(notice, message=f"{item.key} by {item.assessor}: {notice.message}")
        for item in found
        for notice in item.appraisal.warnings
        if notice.code not in ("B106", "B107")  # departures stand in the table, a draft is a note on the tool
    ]
    assessors: dict[str, list[str]] = {}
    for item in found:
        assessors.setdefault(item.key, []).append(item.assessor)
    for name, who in assessors.items():
        if len(who) > 1 and CONSENSUS not in (one.casefold() for one in who):
            said = ", ".join(who)
            notices.append(Notice("B007", f"{name} is assessed by {said} without a consensus; the first stands"))
    return tuple(notices)


def agreements(
    recorded: Sequence[RecordedAppraisal], tool: str | None = None, *, weights: str = "linear", level: float = 0.95
) -> tuple[AssessorPair, ...]:
    """Agreement of every two assessors who judged the same results with one instrument; the consensus is no assessor.

    tool : one instrument; all where None. weights, level : as in `agreement`.
    """
    from mscsec.appraisal.agreement import compare  # scipy.special, which a table of judgements does without

    pairs: list[AssessorPair] = []
    for key in tools_of(recorded) if tool is None else (tool,):
        of_tool = [item for item in recorded if item.tool == key and not _agreed(item)]
        by = {who: {item.key: item.appraisal for item in of_tool if item.assessor == who} for who in
              dict.fromkeys(item.assessor for item in of_tool)}  # fmt: skip
        for first, second in combinations(by, 2):
            both = by[first].keys() & by[second].keys()
            if both:
                found = compare(by[first], by[second], weights=weights, level=level)
                pairs.append(AssessorPair(key, first, second, len(both), found))
    return tuple(pairs)
