"""What goes into an appraisal and what comes out: inputs checked as a whole, results as frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mscsec.appraisal.decision import holds
from mscsec.appraisal.instrument import NOT_ASKED, Instrument, Question
from mscsec.errors import InvalidInput, MscsecError, UnknownName, nearest
from mscsec.results import Notice, Result

Answer = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class DomainAppraisal(Result):
    """One domain.

    status : "proposed" (the answers give a judgement), "incomplete", "assessor" (waits for the assessor, as the tool
        has no algorithm here), "judged" (by the assessor), "recorded" (answers only) or "skipped" (the screen stopped).
    proposed : the algorithm's judgement, None where there is none yet.
    possible : judgements that the open questions still allow, best first.
    rule : number of the rule that decided; empty where open questions cannot change the judgement but decide the rule.
    because : the answers that rule looked at.
    judgement : what counts, the assessor's where given; `overridden` where it departs from `proposed`.
    unanswered : open questions on which the judgement depends. Others may be open; they cannot change it.
    ignored : questions answered though not asked.
    score_low, score_high : least and greatest total of points; equal where all is answered, None where not scored.
    """

    id: str
    name: str
    variant: str
    status: str
    proposed: str | None
    possible: tuple[str, ...]
    rule: str
    because: dict[str, tuple[str, ...]]
    parts: dict[str, str]
    judgement: str | None
    overridden: bool
    reason: str
    direction: str
    answered: dict[str, tuple[str, ...]]
    unanswered: tuple[str, ...]
    not_asked: tuple[str, ...]
    ignored: tuple[str, ...]
    score_low: int | None
    score_high: int | None

    @property
    def score(self) -> int | None:
        """The total of points, None where answers are missing or nothing is scored."""
        return self.score_low if self.score_low == self.score_high else None


@dataclass(frozen=True, slots=True)
class OverallAppraisal(Result):
    """The judgement over domains; `waiting_for` names the domains that leave it open."""

    id: str
    name: str
    proposed: str | None
    possible: tuple[str, ...]
    judgement: str | None
    overridden: bool
    reason: str
    direction: str
    waiting_for: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Appraisal(Result):
    """What one instrument makes of one set of answers.

    overall : one for each overall judgement the instrument has (QUADAS-2 has two).
    score_low, score_high : least and greatest total score; None where the instrument has no points.
    """

    instrument: str
    name: str
    version: str
    draft: bool
    settings: dict[str, tuple[str, ...]]
    domains: tuple[DomainAppraisal, ...]
    overall: tuple[OverallAppraisal, ...]
    score_low: int | None
    score_high: int | None
    warnings: tuple[Notice, ...] = ()

    @property
    def items(self) -> tuple[DomainAppraisal | OverallAppraisal, ...]:
        """Everything that has a judgement: the domains, then the overall one(s)."""
        return (*self.domains, *self.overall)

    @property
    def judgement(self) -> str | None:
        """The first overall judgement; None while it is open."""
        return self.overall[0].judgement if self.overall else None

    @property
    def score(self) -> int | None:
        """The total score, None where answers are missing or nothing is scored."""
        return self.score_low if self.score_low == self.score_high else None

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Open questions on which a judgement depends, over all domains."""
        return tuple(id for domain in self.domains for id in domain.unanswered)

    def domain(self, id: str) -> DomainAppraisal:
        """The domain called `id`; raises `UnknownName` (B002) where there is none."""
        for domain in self.domains:
            if domain.id == id:
                return domain
        raise UnknownName("domain", id, [domain.id for domain in self.domains], code="B002")

    def __repr__(self) -> str:
        judgements = ", ".join(f"{domain.id} {domain.judgement or domain.status}" for domain in self.domains)
        return f"Appraisal({self.name}: {judgements}; overall {self.judgement or 'open'})"


@dataclass(frozen=True, slots=True)
class AssessmentProblem:
    """One thing wrong with the inputs: where (argument, then key), and the error that says what."""

    path: tuple[str, ...]
    error: MscsecError


@dataclass(slots=True)
class Taken:
    """Inputs in the instrument's own spelling; `not_applicable` are questions answered `NA`."""

    answers: dict[str, frozenset[str]] = field(default_factory=dict)
    not_applicable: set[str] = field(default_factory=set)
    settings: dict[str, frozenset[str]] = field(default_factory=dict)
    judgements: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    directions: dict[str, str] = field(default_factory=dict)


def check(
    form: Instrument,
    answers: Mapping[str, Answer],
    settings: Mapping[str, Answer] | None,
    judgements: Mapping[str, str] | None,
    reasons: Mapping[str, str] | None,
    directions: Mapping[str, str] | None,
) -> tuple[Taken, tuple[AssessmentProblem, ...]]:
    """The inputs in the instrument's own spelling, and everything that is wrong with them."""
    taken = Taken()
    problems = [
        *_take_settings(form, settings or {}, taken),
        *_take_answers(form, answers, taken),
        *_take_judgements(form, judgements or {}, taken),
        *_take_directions(form, directions or {}, taken),
    ]
    for key, text in (reasons or {}).items():
        try:
            taken.reasons[_judged(form, key)[0]] = text.strip()
        except MscsecError as error:
            problems.append(AssessmentProblem(("reasons", key), error))
    return taken, tuple(problems)


def _take_answers(form: Instrument, answers: Mapping[str, Answer], taken: Taken) -> Iterable[AssessmentProblem]:
    here = _questions(form, taken)
    for id, answer in answers.items():
        try:
            question = here.get(id) or form.question(id)
            values = _options(f"the answer to {id}", answer, _accepted(question), form, question.several)
        except MscsecError as error:
            yield AssessmentProblem(("answers", id), error)
            continue
        if NOT_ASKED in values and NOT_ASKED not in question.options:
            taken.not_applicable.add(id)
        else:
            taken.answers[id] = values


def _questions(form: Instrument, taken: Taken) -> dict[str, Question]:
    """The questions by id, in the variant that the settings choose where one stands in several."""
    settings = {item.id: frozenset([item.default]) for item in form.settings if item.default} | taken.settings
    found: dict[str, Question] = {}
    for domain in form.all_domains():
        if domain.applies_if is None or holds(domain.applies_if, settings):
            for question in domain.questions:
                found.setdefault(question.id, question)
    return found


def _accepted(question: Question) -> tuple[str, ...]:
    return (
        (*question.options, NOT_ASKED) if question.asked_if and NOT_ASKED not in question.options else question.options
    )


def _take_settings(form: Instrument, settings: Mapping[str, Answer], taken: Taken) -> Iterable[AssessmentProblem]:
    known = {setting.id: setting for setting in form.settings}
    for id, value in settings.items():
        try:
            if id not in known:
                raise UnknownName(f"setting of {form.name}", id, known, code="B002")
            options = tuple(option for option, _ in known[id].options)
            values = _options(id, value, options, form, known[id].several)
            if not values:
                raise InvalidInput(
                    f"{id} is empty", "at least one option is chosen", f"Options: {', '.join(options)}", code="B003"
                )
            taken.settings[id] = values
        except MscsecError as error:
            yield AssessmentProblem(("settings", id), error)


def _take_judgements(form: Instrument, judgements: Mapping[str, str], taken: Taken) -> Iterable[AssessmentProblem]:
    for key, value in judgements.items():
        try:
            id, known = _judged(form, key)
            if not known:
                raise InvalidInput(
                    f"{key} is judged {value!r}", f"{form.name} records answers there and no judgement", code="B003"
                )
            (taken.judgements[id],) = _options(f"the judgement of {key}", value, known, form, several=False)
        except MscsecError as error:
            yield AssessmentProblem(("judgements", key), error)


def _take_directions(form: Instrument, directions: Mapping[str, str], taken: Taken) -> Iterable[AssessmentProblem]:
    for key, value in directions.items():
        try:
            id, _ = _judged(form, key)
            if not form.directions:
                raise InvalidInput(
                    f"{key} has the direction {value!r}", f"{form.name} asks for no direction of bias", code="B003"
                )
            (taken.directions[id],) = _options(f"the direction of {key}", value, form.directions, form, several=False)
        except MscsecError as error:
            yield AssessmentProblem(("directions", key), error)


def _judged(form: Instrument, key: str) -> tuple[str, tuple[str, ...]]:
    """The domain or overall judgement called `key`, and what it can be."""
    places = {domain.id: domain.judgements for domain in form.all_domains()}
    places |= {overall.id: overall.judgements for overall in form.overall}
    folded = {id.casefold(): id for id in places}
    if key.casefold() not in folded:
        raise UnknownName(f"domain of {form.name}", key, places, code="B002")
    id = folded[key.casefold()]
    return id, places[id]


def _options(what: str, value: Answer, options: Sequence[str], form: Instrument, several: bool) -> frozenset[str]:
    """`value` as options; raises `InvalidInput` (B003), naming the nearest option, where it is none."""
    values = ([*value.split(",")] if several else [value]) if isinstance(value, str) else list(value)
    values = [item for item in values if item.strip()] if several else values
    if not several and len(values) != 1:
        raise InvalidInput(
            f"{what} has {len(values)} values", "one option is chosen", f"Options: {', '.join(options)}", code="B003"
        )
    return frozenset(_option(what, item, options, form) for item in values)


def _option(what: str, value: object, options: Sequence[str], form: Instrument) -> str:
    if value in options:
        return str(value)
    if not isinstance(value, str):
        kind = type(value).__name__
        raise InvalidInput(
            f"{what} is {value!r} ({kind})",
            f"the options are {', '.join(options)}",
            'Write it in quotes, "N"',
            code="B003",
        )
    spelled = {word.casefold(): key for key, word in form.responses if key in options}
    spelled |= {option.casefold(): option for option in options}
    folded = " ".join(value.split()).casefold()
    if folded in spelled:
        return spelled[folded]
    close = nearest(value, tuple(spelled))
    hint = f"Did you mean {spelled[close]!r}? " if close else ""
    raise InvalidInput(f"{what} is {value!r}", f"the options are {', '.join(options)}", hint.strip(), code="B003")
