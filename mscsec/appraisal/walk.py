"""The way through an instrument: which question comes next, and which were asked on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mscsec.appraisal.assessment import Answer, check
from mscsec.appraisal.decision import Answers, certain, holds, settle
from mscsec.appraisal.instrument import ASSESSOR, NOT_ASKED, Domain, Instrument, Question, Setting


@dataclass(frozen=True, slots=True)
class Stop:
    """One place on the way: a question of a domain, with its answer where it has one."""

    domain: Domain
    question: Question
    answer: tuple[str, ...]


def settings_to_choose(form: Instrument, chosen: Mapping[str, Answer]) -> tuple[Setting, ...]:
    """Settings that apply and are not chosen yet, in order."""
    taken, _ = check(form, {}, chosen, None, None, None)
    known = {item.id: frozenset([item.default]) for item in form.settings if item.default} | taken.settings
    return tuple(item for item in form.settings if item.id not in taken.settings and holds(item.applies_if, known))


def way(form: Instrument, answers: Mapping[str, Answer], settings: Mapping[str, Answer]) -> tuple[Stop, ...]:
    """The questions asked so far, in order, and as the last one the first that is open; all of them where none is.

    What does not apply after the earlier answers is left out. A screen that ends the assessment ends the way.
    Raises as `appraise` does for answers and settings that are no options.
    """
    taken, problems = check(form, answers, settings, None, None, None)
    if problems:
        raise problems[0].error
    known: dict[str, frozenset[str]] = {s.id: frozenset([s.default]) for s in form.settings if s.default}
    known |= taken.settings
    stops: list[Stop] = []
    for domain in form.all_domains():
        if domain.applies_if is not None and not holds(domain.applies_if, known):
            continue
        for stop in _through(domain, taken.answers, known):
            stops.append(stop)
            if not stop.answer:
                return tuple(stops)
        if domain is form.screen and _ends(domain, taken.answers, known):
            break
    return tuple(stops)


def _through(domain: Domain, answers: Answers, settings: Answers) -> list[Stop]:
    own = {question.id: answers[question.id] for question in domain.questions if question.id in answers}
    known, asked = certain(domain, own, settings)
    stops = []
    for question in domain.questions:
        if asked[question.id] is False:
            continue
        answer = own.get(question.id, frozenset())
        derived = not answer and question.id in known and known[question.id] != {NOT_ASKED}
        if not derived:  # an answer that follows from earlier ones is not asked for
            stops.append(Stop(domain, question, tuple(sorted(answer))))
        if not answer and not derived:
            break
    return stops


def _ends(screen: Domain, answers: Answers, settings: Answers) -> bool:
    own = {question.id: answers[question.id] for question in screen.questions if question.id in answers}
    tree = settle(screen, own, settings).tree
    return isinstance(tree, str) and tree != ASSESSOR and tree == screen.judgements[-1]
