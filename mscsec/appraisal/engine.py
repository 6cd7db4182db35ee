"""Runs an instrument: answers in, proposed judgements out, with the assessor's own beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from mscsec.appraisal.assessment import (
    Answer,
    Appraisal,
    AssessmentProblem,
    DomainAppraisal,
    OverallAppraisal,
    Taken,
    check,
)
from mscsec.appraisal.decision import Answers, Settled, band, first_rule, holds, settle, totals
from mscsec.appraisal.instrument import ASSESSOR, NOT_ASKED, Band, Domain, Instrument, Overall, Rule, instrument
from mscsec.errors import InvalidInput
from mscsec.results import Notice


def appraise(
    tool: Instrument | str,
    answers: Mapping[str, Answer],
    *,
    settings: Mapping[str, Answer] | None = None,
    judgements: Mapping[str, str] | None = None,
    reasons: Mapping[str, str] | None = None,
    directions: Mapping[str, str] | None = None,
) -> Appraisal:
    """The judgements that `answers` lead to under `tool`, domain by domain and overall.

    tool : an instrument or the key of a shipped one.
    answers : by question id, one option or several where the question allows it; case does not matter and the full
        word ("probably yes") is understood. `NA` says that a question is not asked.
    settings : choices made before the questions, such as `aim` for RoB 2.
    judgements : the assessor's own, by domain id or `overall`; one that departs from the proposal needs a reason.
    reasons : why, by the same keys.
    directions : predicted direction of bias, by the same keys.

    An open question blocks a judgement only where it can still change it, which is settled by trying every answer.
    Raises `UnknownName` (B001, B002) for an instrument, question, setting or domain that does not exist and
    `InvalidInput` (B003, B004) for an answer that is no option and a departure without a reason.
    """
    form = instrument(tool) if isinstance(tool, str) else tool
    taken, problems = check(form, answers, settings, judgements, reasons, directions)
    if problems:
        raise problems[0].error
    result = _run(form, taken)
    missing = _without_reason(result)
    if missing:
        raise missing[0].error
    return result


def assessment_problems(
    tool: Instrument | str,
    answers: Mapping[str, Answer],
    *,
    settings: Mapping[str, Answer] | None = None,
    judgements: Mapping[str, str] | None = None,
    reasons: Mapping[str, str] | None = None,
    directions: Mapping[str, str] | None = None,
) -> tuple[AssessmentProblem, ...]:
    """Every problem for which `appraise` would refuse these inputs, in order; empty where it would not."""
    form = instrument(tool) if isinstance(tool, str) else tool
    taken, problems = check(form, answers, settings, judgements, reasons, directions)
    if all(taken.reasons.get(key) for key in taken.judgements):  # nothing departs without a reason: no need to run
        return problems
    return (*problems, *_without_reason(_run(form, taken)))  # an answer that is no option counts as open


def _without_reason(result: Appraisal) -> tuple[AssessmentProblem, ...]:
    """Judgements that depart from the proposal with no reason given."""
    items: Sequence[DomainAppraisal | OverallAppraisal] = (*result.domains, *result.overall)
    return tuple(
        AssessmentProblem(
            ("judgements", item.id),
            InvalidInput(
                f"{item.id} is judged {item.judgement!r}, the answers give {item.proposed!r}",
                "a judgement that departs from the algorithm's needs a reason",
                "Write the reason beside it, or take the proposed judgement",
                code="B004",
            ),
        )
        for item in items
        if item.overridden and not item.reason
    )


def _run(form: Instrument, taken: Taken) -> Appraisal:
    settings, notices = _settings(form, taken)
    stopped = False
    results: list[DomainAppraisal] = []
    possible: dict[str, tuple[str, ...]] = {}
    scored: list[int] = []
    for domain in form.all_domains():
        if domain.applies_if is not None and not holds(domain.applies_if, settings):
            continue
        result, outcomes, found = _domain(domain, taken, settings, skipped=stopped)
        results.append(result)
        possible[domain.id] = outcomes
        notices += found
        stopped = stopped or (domain is form.screen and result.judgement == domain.judgements[-1])
        if not domain.bands:  # where a total is turned into the domain's judgement, it is no score of the instrument
            scored.append(len(results) - 1)
    overall = tuple(_overall(form, item, results, possible, taken) for item in form.overall)
    active = {question for result in results for question in (*result.answered, *result.unanswered, *result.not_asked)}
    for question in taken.answers:
        if question not in active:
            notices.append(
                Notice("B101", f"{question} belongs to another variant of its domain; its answer has no effect")
            )
    if form.draft:
        notices.append(Notice("B107", f"{form.name} {form.version}: {form.draft}"))
    return Appraisal(
        instrument=form.key,
        name=form.name,
        version=form.version,
        draft=bool(form.draft),
        settings={key: tuple(sorted(value)) for key, value in settings.items()},
        domains=tuple(results),
        overall=overall,
        score_low=_sum(results[place].score_low for place in scored),
        score_high=_sum(results[place].score_high for place in scored),
        warnings=(*notices, *(notice for item in overall for notice in _departure(item))),
    )


def _sum(values: Iterable[int | None]) -> int | None:
    present = [value for value in values if value is not None]
    return sum(present) if present else None


def _settings(form: Instrument, taken: Taken) -> tuple[dict[str, frozenset[str]], list[Notice]]:
    """Settings chosen, inferred from answers of `NA`, or by default; what was assumed is said."""
    settings = dict(taken.settings)
    notices: list[Notice] = []
    for setting in form.settings:
        if setting.id in settings or not holds(setting.applies_if, settings):
            continue
        if setting.inferred_from:
            settings[setting.id] = frozenset(
                option for option, question in setting.inferred_from if question not in taken.not_applicable
            )
            if not settings[setting.id]:
                notices.append(
                    Notice(
                        "B104",
                        f"every question about {setting.id} is answered {NOT_ASKED}; the tool wants at least one",
                    )
                )
        elif setting.default:
            settings[setting.id] = frozenset([setting.default])
            name = dict(setting.options)[setting.default]
            notices.append(Notice("B103", f"{setting.id} is not stated; taken as {setting.default} ({name})"))
    return settings, notices


def _domain(
    domain: Domain, taken: Taken, settings: Answers, *, skipped: bool
) -> tuple[DomainAppraisal, tuple[str, ...], list[Notice]]:
    """One domain's result, the judgements (or totals) it can still have for the overall one, and notices."""
    ids = {question.id for question in domain.questions}
    answers = {id: answer for id, answer in taken.answers.items() if id in ids}
    settled = settle(domain, answers, settings)
    own = taken.judgements.get(domain.id)
    proposed = settled.tree if isinstance(settled.tree, str) and settled.tree != ASSESSOR else None
    judgement = None if skipped else own or proposed
    scores = totals(domain, answers, settings) if any(question.points for question in domain.questions) else None
    not_asked = tuple(id for id, asked in settled.asked.items() if asked is False)
    result = DomainAppraisal(
        id=domain.id,
        name=domain.name,
        variant=domain.variant,
        status=_status(domain, settled, own, skipped),
        proposed=proposed,
        possible=tuple(name for name in settled.possible if name != ASSESSOR),
        rule=settled.rule.name if settled.rule and proposed else "",
        because=_because(settled.rule, settled) if proposed else {},
        parts=dict(settled.parts),
        judgement=judgement,
        overridden=own is not None and proposed is not None and own != proposed,
        reason=taken.reasons.get(domain.id, ""),
        direction=taken.directions.get(domain.id, ""),
        answered={id: tuple(sorted(answer)) for id, answer in answers.items() if settled.asked[id] is not False},
        unanswered=() if skipped else settled.unanswered,
        not_asked=not_asked,
        ignored=tuple(id for id in not_asked if id in answers),
        score_low=min(scores) if scores else None,
        score_high=max(scores) if scores else None,
    )
    return result, _outcomes(domain, settled, judgement, scores), _notices(domain, taken, result, settled.known)


def _status(domain: Domain, settled: Settled, own: str | None, skipped: bool) -> str:
    if skipped:
        return "skipped"
    if not domain.judgements:
        return "recorded"
    if settled.tree == ASSESSOR:
        return "judged" if own else "assessor"
    return "proposed" if isinstance(settled.tree, str) else "incomplete"


def _because(rule: Rule | None, settled: Settled) -> dict[str, tuple[str, ...]]:
    """The answers that the deciding rule looked at."""
    if rule is None:
        return {}
    names = dict.fromkeys(name for name, _ in rule.condition.clauses() if name in settled.known)
    return {name: tuple(sorted(settled.known[name])) for name in names}


def _outcomes(
    domain: Domain, settled: Settled, judgement: str | None, scores: frozenset[int] | None
) -> tuple[str, ...]:
    """What the overall judgement has to reckon with: one judgement, all still possible, or every total."""
    if not domain.judgements:
        return tuple(str(total) for total in sorted(scores)) if scores else ()
    if judgement is not None:
        return (judgement,)
    return domain.judgements if ASSESSOR in settled.possible else settled.possible


def _notices(domain: Domain, taken: Taken, result: DomainAppraisal, known: Answers) -> list[Notice]:
    notices = [
        Notice("B101", f"{id} is not asked after the other answers; its answer has no effect") for id in result.ignored
    ]
    asked = {*result.answered, *result.unanswered} - set(result.not_asked)
    notices += [
        Notice("B102", f"{question.id} is asked here, so {NOT_ASKED} is no answer to it")
        for question in domain.questions
        if question.id in taken.not_applicable and question.id in asked and question.id not in taken.answers
    ]
    if result.status == "incomplete" and result.judgement:
        open_now = ", ".join(result.unanswered)
        notices.append(Notice("B105", f"{domain.id} is judged {result.judgement} while {open_now} are open"))
    if result.proposed:
        disputes = [dispute for dispute in domain.disputed if holds(dispute.condition, known)]
        notices += [
            Notice("B108", f"{domain.id}: public readings of the tool differ; {dispute.says}") for dispute in disputes
        ]
    return notices + list(_departure(result))


def _departure(item: DomainAppraisal | OverallAppraisal) -> tuple[Notice, ...]:
    if not item.overridden:
        return ()
    return (Notice("B106", f"{item.id} is judged {item.judgement}, the answers give {item.proposed}: {item.reason}"),)


def _overall(
    form: Instrument,
    overall: Overall,
    results: Sequence[DomainAppraisal],
    possible: Mapping[str, tuple[str, ...]],
    taken: Taken,
) -> OverallAppraisal:
    screen = results[0] if form.screen else None
    stops = form.screen.judgements[-1] if form.screen else ""
    if screen and screen.judgement == stops:
        outcomes: tuple[str, ...] = (overall.judgements[-1],)
    else:
        chosen = taken.settings.get(overall.chosen_by, frozenset(overall.domains))
        outcomes = _overall_outcomes(
            overall, [r for r in results if r.id in chosen and r.id in overall.domains], possible
        )
        if screen and screen.judgement is None:  # the screen may yet stop the assessment
            outcomes = tuple(dict.fromkeys((*outcomes, overall.judgements[-1])))
    proposed = outcomes[0] if len(outcomes) == 1 else None
    own = taken.judgements.get(overall.id)
    waiting = [r.id for r in results if r.status in ("incomplete", "assessor") and not r.judgement]
    return OverallAppraisal(
        id=overall.id,
        name=overall.name,
        proposed=proposed,
        possible=tuple(name for name in overall.judgements if name in outcomes),
        judgement=own or proposed,
        overridden=own is not None and proposed is not None and own != proposed,
        reason=taken.reasons.get(overall.id, ""),
        direction=taken.directions.get(overall.id, ""),
        waiting_for=() if proposed or own else tuple(id for id in waiting if id in overall.domains or screen),
        note=overall.note,
    )


def _overall_outcomes(
    overall: Overall, domains: Sequence[DomainAppraisal], possible: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Every overall judgement that can still result from `domains`, in the words of the overall scale."""
    if overall.kind == "assessor":
        return overall.judgements
    if overall.kind == "bands":
        return _banded(overall.bands, domains)
    if overall.kind == "rules":
        found = _by_rules(overall, {result.id: possible[result.id] for result in domains})
    else:
        found = _worst(overall.order, [possible[result.id] for result in domains])
    words = dict(overall.relabel)
    return tuple(dict.fromkeys(words.get(name, name) for name in found))


def _worst(order: Sequence[str], domains: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Every judgement that can be the worst of the domains, each of which has one of its possible ones."""
    rank = {judgement: place for place, judgement in enumerate(order)}
    reached = {0}
    for judgements in domains:
        reached = {max(place, rank[judgement]) for place in reached for judgement in judgements}
    return tuple(order[place] for place in sorted(reached))


def _by_rules(overall: Overall, possible: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for choice in product(*possible.values()):
        rule = first_rule(overall.rules, {id: frozenset([value]) for id, value in zip(possible, choice, strict=True)})
        if rule is not None:
            found[rule.then] = None
    return tuple(found)


def _banded(bands: tuple[Band, ...], domains: Sequence[DomainAppraisal]) -> tuple[str, ...]:
    """Bands between the lowest and the highest total still possible."""
    low = sum(result.score_low or 0 for result in domains)
    high = sum(result.score_high or 0 for result in domains)
    return tuple(dict.fromkeys(band(bands, total) for total in range(low, high + 1)))
