"""Instruments as data: questions with conditions, rules in order, and how they are read from their files.

A shipped instrument is one YAML file in `instruments/`; its name is the key by which it is asked for. Files are read
when first used and kept. Every scalar is kept as text: an answer `N` or `No` and a question `4.10` must stay what
they are, so PyYAML's base loader, which resolves nothing, is the right one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from mscsec.errors import InvalidInput, UnknownName, UsageError

NOT_ASKED = "NA"  # the answer of a question whose condition does not hold
ASSESSOR = "(assessor)"  # the outcome of rules that leave the judgement to the assessor

Clause = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Condition:
    """Every clause of `when` holds, and at least one group of `any_of` holds in full where there are any.

    A clause names a question, setting or flag and the answers that satisfy it; of an answer with several values, one
    is enough.
    """

    when: tuple[Clause, ...] = ()
    any_of: tuple[tuple[Clause, ...], ...] = ()

    def clauses(self) -> Iterator[Clause]:
        """All clauses, wherever they stand."""
        return chain(self.when, *self.any_of)


@dataclass(frozen=True, slots=True)
class Question:
    """One signalling question or item.

    options : answers as written, without `NA`, which any conditional question has besides.
    asked_if : None where it is always asked; refers to settings and to earlier questions of the domain.
    several : True where more than one option may be chosen.
    points : what each option adds to the score; empty where the question is not scored.
    labels : what each option means, where the options are letters.
    good : "yes" or "no", the answer that speaks for low risk; empty where neither does.
    derived : rules that answer the question from earlier ones where it is left open.
    classes : options that no condition or point tells apart are one class; one option stands for each.
    """

    id: str
    text: str
    options: tuple[str, ...]
    asked_if: Condition | None = None
    several: bool = False
    points: tuple[tuple[str, int], ...] = ()
    good: str = ""
    note: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    derived: tuple[Rule, ...] = ()
    classes: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """`then` where the condition holds; `name` is the number by which a report cites it."""

    name: str
    condition: Condition
    then: str


@dataclass(frozen=True, slots=True)
class Part:
    """A list of rules that judges one side of a domain; the domain takes the worst of its parts."""

    id: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A judgement for every total of `at_least` or more, up to the next band."""

    at_least: int
    then: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """Answers for which public readings of a tool lead to different judgements, and how they differ."""

    condition: Condition
    says: str


@dataclass(frozen=True, slots=True)
class Domain:
    """Questions that are judged together, by rules, by parts, by bands of a total, or by the assessor.

    variant : which form of the domain this is, where settings choose between several of one id; else empty.
    applies_if : condition on settings; None where the domain always applies.
    judgements : possible judgements, best first; empty where the domain only records answers.
    disputed : answers for which public readings of the tool differ, in words.
    """

    id: str
    name: str
    questions: tuple[Question, ...]
    judgements: tuple[str, ...]
    variant: str = ""
    applies_if: Condition | None = None
    rules: tuple[Rule, ...] = ()
    parts: tuple[Part, ...] = ()
    bands: tuple[Band, ...] = ()
    disputed: tuple[Dispute, ...] = ()
    note: str = ""

    @property
    def has_algorithm(self) -> bool:
        """True where the answers lead to a proposed judgement."""
        return bool(self.rules or self.parts or self.bands)


@dataclass(frozen=True, slots=True)
class Overall:
    """How domain judgements or scores become one; the assessor's alone where `kind` is "assessor".

    kind : "worst" (the last of `order` that occurs), "rules" (conditions on domains), "bands" (of the total score)
        or "assessor".
    order : judgements from best to worst for "worst".
    relabel : what a judgement is called overall, where the words differ.
    chosen_by : setting that names the domains which count, where the reviewers choose; empty where all do.
    """

    id: str
    name: str
    kind: str
    domains: tuple[str, ...]
    judgements: tuple[str, ...]
    order: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    bands: tuple[Band, ...] = ()
    relabel: tuple[tuple[str, str], ...] = ()
    chosen_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """A choice made before the questions, such as the aim of a RoB 2 assessment.

    default : used, and said so, where nothing is chosen.
    applies_if : condition on earlier settings; None where it is always chosen.
    inferred_from : for each option the question that answers `NA` where the option is not chosen.
    """

    id: str
    text: str
    options: tuple[tuple[str, str], ...]
    default: str = ""
    several: bool = False
    applies_if: Condition | None = None
    inferred_from: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SuggestionRule:
    """An answer that design flags speak for, with the reason; never counted until an assessor takes it over."""

    question: str
    answer: str
    condition: Condition
    reason: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """One appraisal tool, complete; `source` is a key of `mscsec.sources.SOURCES`."""

    key: str
    name: str
    title: str
    version: str
    source: str
    scope: str
    unit: str
    judgements: tuple[str, ...]
    responses: tuple[tuple[str, str], ...]
    settings: tuple[Setting, ...]
    screen: Domain | None
    domains: tuple[Domain, ...]
    overall: tuple[Overall, ...]
    directions: tuple[str, ...] = ()
    suggestions: tuple[SuggestionRule, ...] = ()
    draft: str = ""
    scoring: str = ""

    def question(self, id: str) -> Question:
        """The question called `id` in any domain; raises `UnknownName` where there is none."""
        for domain in self.all_domains():
            for question in domain.questions:
                if question.id == id:
                    return question
        raise UnknownName("question", id, self.question_ids(), code="B002")

    def all_domains(self) -> tuple[Domain, ...]:
        """The screen, where there is one, and every variant of every domain."""
        return (*((self.screen,) if self.screen else ()), *self.domains)

    def question_ids(self) -> tuple[str, ...]:
        """Ids of all questions in the order of the form, each once."""
        return tuple(dict.fromkeys(q.id for domain in self.all_domains() for q in domain.questions))


def instrument_keys() -> tuple[str, ...]:
    """The instruments shipped, in alphabetical order."""
    folder = resources.files("mscsec.appraisal") / "instruments"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


@cache
def instrument(key: str) -> Instrument:
    """The shipped instrument called `key`; raises `UnknownName` (B001), naming the nearest, where there is none."""
    if key not in instrument_keys():
        raise UnknownName("instrument", key, instrument_keys(), code="B001")
    file = resources.files("mscsec.appraisal") / "instruments" / f"{key}.yaml"
    return parse_instrument(file.read_text(encoding="utf-8"), f"{key}.yaml")


def read_instrument(path: Path) -> Instrument:
    """An instrument from the user's own file, in the form of the shipped ones.

    Raises `UsageError` where the file cannot be read and `InvalidInput` (B005) where it is no instrument.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    return parse_instrument(text, path.name)


def parse_instrument(text: str, file: str) -> Instrument:
    """The instrument written in `text`; `file` is its name in messages. Raises `InvalidInput` (B005)."""
    document = load_text(text, file)
    try:
        return _instrument(document)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        found = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise InvalidInput(
            f"{file}: {found}", "an instrument file has the form of those shipped", code="B005"
        ) from error


def load_text(text: str, file: str) -> Any:
    """YAML as mappings, lists and text, every scalar as written; raises `InvalidInput` (B005) where it is not YAML."""
    import yaml  # PyYAML costs 20 ms, which a program that appraises nothing should not pay

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return yaml.load(text, Loader=loader)  # the base loader builds text, lists and mappings alone
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file}: not YAML, {error}", "an instrument is one YAML file", code="B005") from error


def _instrument(data: Mapping[str, Any]) -> Instrument:
    judgements = tuple(data["judgements"])
    settings = tuple(_setting(item) for item in data.get("settings", ()))
    domains = tuple(_domain(item, data) for item in data["domains"])
    screen = _domain(data["screen"], data) if "screen" in data else None
    return Instrument(
        key=data["key"],
        name=data["name"],
        title=data["title"],
        version=data["version"],
        source=data["source"],
        scope=data["scope"],
        unit=data.get("unit", "one study"),
        judgements=judgements,
        responses=tuple(data.get("responses", {}).items()),
        settings=settings,
        screen=screen,
        domains=domains,
        overall=tuple(_overall(item, data, domains) for item in data["overall"]),
        directions=tuple(data.get("directions", ())),
        suggestions=tuple(_suggestion(item) for item in data.get("suggest", ())),
        draft=data.get("draft", ""),
        scoring=data.get("scoring", ""),
    )


def condition(data: Mapping[str, Any] | None) -> Condition:
    """A condition from its `when` and `any` parts; without either it always holds."""
    data = data or {}
    return Condition(_clauses(data.get("when", {})), tuple(_clauses(group) for group in data.get("any", ())))


def _clauses(data: Mapping[str, Sequence[str]]) -> tuple[Clause, ...]:
    for name, answers in data.items():
        if isinstance(answers, str):
            raise ValueError(f"the answers to {name} in a condition are a list, found {answers!r}")
    return tuple((name, frozenset(answers)) for name, answers in data.items())


def _setting(data: Mapping[str, Any]) -> Setting:
    setting = Setting(
        id=data["id"],
        text=data["text"],
        options=tuple(data["options"].items()),
        default=data.get("default", ""),
        several=data.get("several") == "true",
        applies_if=condition(data["if"]) if "if" in data else None,
        inferred_from=tuple(data.get("inferred_from", {}).items()),
    )
    _known(f"setting {setting.id}", [setting.default] if setting.default else [], dict(setting.options))
    return setting


def _rules(data: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    return tuple(Rule(str(n), condition(item), item["then"]) for n, item in enumerate(data, 1))


def _bands(data: Iterable[Mapping[str, Any]]) -> tuple[Band, ...]:
    bands = tuple(Band(int(item["at_least"]), item["then"]) for item in data)
    if any(first.at_least >= second.at_least for first, second in pairwise(bands)):
        raise ValueError("bands stand in rising order")
    return bands


def _domain(data: Mapping[str, Any], form: Mapping[str, Any]) -> Domain:
    """A domain of a form; `use: rob2/D5` takes over another instrument's, with what is written beside it."""
    if "use" in data:
        data = _taken_over(data["use"]) | {key: value for key, value in data.items() if key != "use"}
    defaults = {**form, **data.get("defaults", {})}
    questions = [_question(item, defaults) for item in data.get("questions", ())]
    judgements = tuple(data["judgements"] if "judgements" in data else defaults["judgements"])
    domain = Domain(
        id=data["id"],
        name=data["name"],
        variant=data.get("variant", ""),
        applies_if=condition(data["if"]) if "if" in data else None,
        questions=tuple(questions),
        judgements=judgements,
        rules=_rules(data.get("rules", ())),
        parts=tuple(Part(item["id"], _rules(item["rules"])) for item in data.get("parts", ())),
        bands=_bands(data.get("bands", ())),
        disputed=tuple(Dispute(condition(item), item["says"]) for item in data.get("disputed", ())),
        note=data.get("note", ""),
    )
    settings = {item["id"]: frozenset(item["options"]) for item in form.get("settings", ())}
    _check_domain(domain, settings)
    return _with_classes(domain)


def _taken_over(place: str) -> dict[str, Any]:
    """The written form of `instrument/domain` or `instrument/domain/variant`, with its instrument's defaults."""
    key, id, *variant = place.split("/")
    _known(f"use: {place}", [key], instrument_keys())
    text = (resources.files("mscsec.appraisal") / "instruments" / f"{key}.yaml").read_text(encoding="utf-8")
    form = load_text(text, f"{key}.yaml")
    defaults = {name: form[name] for name in ("options", "points", "judgements") if name in form}
    for item in form["domains"]:
        if item["id"] == id and item.get("variant", "") == "".join(variant):
            return {"defaults": defaults, **item}
    raise ValueError(f"there is no domain {place!r}")


def _question(data: Mapping[str, Any], form: Mapping[str, Any]) -> Question:
    options = data.get("options", form.get("options", ()))
    points = data.get("points", form.get("points", {}))
    return Question(
        id=data["id"],
        text=data["ask"],
        options=tuple(options),
        asked_if=condition(data["asked_if"]) if "asked_if" in data else None,
        several=data.get("several") == "true",
        points=tuple((option, int(value)) for option, value in points.items()),
        good=data.get("good", ""),
        note=data.get("note", ""),
        labels=tuple(options.items()) if isinstance(options, Mapping) else (),
        derived=_rules(data.get("derived", ())),
    )


def _overall(data: Mapping[str, Any], form: Mapping[str, Any], domains: Sequence[Domain]) -> Overall:
    kind = data["kind"]
    if kind not in ("worst", "rules", "bands", "assessor"):
        raise ValueError(f"the overall judgement is of kind worst, rules, bands or assessor, found {kind!r}")
    every = tuple(dict.fromkeys(domain.id for domain in domains))
    overall = Overall(
        id=data.get("id", "overall"),
        name=data.get("name", "Overall"),
        kind=kind,
        domains=tuple(data.get("domains", every)),
        judgements=tuple(data.get("judgements", form["judgements"])),
        order=tuple(data.get("order", form["judgements"])),
        rules=_rules(data.get("rules", ())),
        bands=_bands(data.get("bands", ())),
        relabel=tuple(data.get("relabel", {}).items()),
        chosen_by=data.get("chosen_by", ""),
        note=data.get("note", ""),
    )
    _known("overall", overall.domains, every)
    results = [rule.then for rule in overall.rules] + [band.then for band in overall.bands]
    _known("overall", results, overall.judgements)
    _known("overall", (name for rule in overall.rules for name, _ in rule.condition.clauses()), overall.domains)
    return overall


def _suggestion(data: Mapping[str, Any]) -> SuggestionRule:
    return SuggestionRule(data["question"], data["answer"], condition(data), data["reason"])


def _known(where: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raises ValueError where one of `names` is not among `known`."""
    known = tuple(known)
    for name in names:
        if name not in known:
            raise ValueError(f"{where}: {name!r} is not one of {', '.join(known)}")


def _check_domain(domain: Domain, settings: Mapping[str, frozenset[str]]) -> None:
    """Conditions refer to settings and earlier questions, with answers that exist; rules give judgements that exist."""
    where = f"domain {domain.id}"
    seen: dict[str, frozenset[str]] = dict(settings)
    for question in domain.questions:
        if question.id in seen:
            raise ValueError(f"{where}: the question {question.id} stands twice")
        _check_clauses(f"{where}, question {question.id}", _conditions_before(question), seen)
        _known(f"{where}, question {question.id}", (rule.then for rule in question.derived), question.options)
        _known(f"{where}, points of {question.id}", (option for option, _ in question.points), question.options)
        extra = [NOT_ASKED] if question.asked_if else []
        seen[question.id] = frozenset([*question.options, *extra])
    rules = [*domain.rules, *chain.from_iterable(part.rules for part in domain.parts)]
    conditions = [*(rule.condition for rule in rules), *(dispute.condition for dispute in domain.disputed)]
    _check_clauses(where, conditions, seen)
    results = [rule.then for rule in rules] + [band.then for band in domain.bands]
    _known(where, results, (*domain.judgements, ASSESSOR))


def _conditions_before(question: Question) -> Iterator[Condition]:
    if question.asked_if:
        yield question.asked_if
    yield from (rule.condition for rule in question.derived)


def _check_clauses(where: str, conditions: Iterable[Condition], seen: Mapping[str, frozenset[str]]) -> None:
    for item in conditions:
        for name, answers in item.clauses():
            _known(f"{where}: a condition", [name], seen)
            _known(f"{where}: a condition on {name}", sorted(answers), sorted(seen[name]))


def _with_classes(domain: Domain) -> Domain:
    """The domain with each question's options grouped into classes that nothing in it tells apart."""
    rules = [*domain.rules, *chain.from_iterable(part.rules for part in domain.parts)]
    conditions = [rule.condition for rule in rules]
    for question in domain.questions:
        conditions.extend(_conditions_before(question))
    clauses = [clause for item in conditions for clause in item.clauses()]
    questions = tuple(_replace_classes(question, clauses) for question in domain.questions)
    return replace(domain, questions=questions)


def _replace_classes(question: Question, clauses: Sequence[Clause]) -> Question:
    points = dict(question.points)
    groups: dict[tuple[Any, ...], list[str]] = {}
    for option in question.options:
        mark = (points.get(option, 0), *(option in answers for name, answers in clauses if name == question.id))
        groups.setdefault(mark, []).append(option)
    single = [frozenset([options[0]]) for options in groups.values()]
    return replace(question, classes=tuple(_subsets(question.options) if question.several else single))


def _subsets(options: Sequence[str]) -> list[frozenset[str]]:
    found = [frozenset[str]()]
    for option in options:
        found += [chosen | {option} for chosen in found]
    return found
