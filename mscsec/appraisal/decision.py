"""From the answers of one domain to its judgement, or to the judgements still possible and the questions that decide.

A domain is a decision tree: its questions in order, each asked or not as the earlier answers say, and rules at the
end. Answered questions are followed, open ones are tried with every answer. Where all answers of an open question
lead to the same tree, the question cannot matter any more and is dropped; what is left names exactly the questions
on which the judgement still depends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mscsec.appraisal.instrument import ASSESSOR, NOT_ASKED, Band, Condition, Domain, Question, Rule

Known = dict[str, frozenset[str]]
Answers = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Open:
    """An open question on which the judgement depends: one subtree for each class of answers."""

    question: str
    branches: tuple[Tree, ...]


Tree = Open | str


@dataclass(frozen=True, slots=True)
class Settled:
    """What the answers of one domain lead to.

    tree : a judgement where the answers settle it, else the open questions and what they lead to.
    possible : judgements that can still result, best first.
    unanswered : open questions on which the judgement depends, in the order of the form; all that are asked, where the
        domain has no algorithm.
    asked : by question, True or False, or None where that hangs on an open question.
    rule : the rule that gave the judgement, where all that it needs is answered.
    """

    tree: Tree
    possible: tuple[str, ...]
    unanswered: tuple[str, ...]
    asked: dict[str, bool | None]
    rule: Rule | None
    parts: tuple[tuple[str, str], ...]
    known: Known


def holds(condition: Condition | None, known: Answers) -> bool | None:
    """Whether the condition holds, None where a name in it that decides is not in `known` (Kleene's logic)."""
    if condition is None:
        return True
    held = _all(condition.when, known)
    if held is False or not condition.any_of:
        return held
    either: bool | None = False
    for group in condition.any_of:
        one = _all(group, known)
        if one:
            return held
        if one is None:
            either = None
    return either  # None or False: with what held before, the same


def _all(clauses: tuple[tuple[str, frozenset[str]], ...], known: Answers) -> bool | None:
    """Whether every clause holds: no where one does not, None where one is not known and none is refused."""
    held: bool | None = True
    for name, answers in clauses:
        answer = known.get(name)
        if answer is None:
            held = None
        elif answer.isdisjoint(answers):
            return False
    return held


def first_rule(rules: tuple[Rule, ...], known: Answers) -> Rule | None:
    """The first rule that holds; None where none does or where that hangs on what is not known."""
    for rule in rules:
        held = holds(rule.condition, known)
        if held:
            return rule
        if held is None:
            return None
    return None


def band(bands: tuple[Band, ...], total: int) -> str:
    """The judgement of the highest band that `total` reaches, the lowest band's below that."""
    reached = [item.then for item in bands if total >= item.at_least]
    return reached[-1] if reached else bands[0].then


def points(domain: Domain, known: Answers) -> int:
    """The sum of the points of the answers known; a question that is not asked adds nothing."""
    return sum(_points(question, known.get(question.id, frozenset())) for question in domain.questions)


def _points(question: Question, answer: frozenset[str]) -> int:
    return sum(value for option, value in question.points if option in answer)


def _judgement(domain: Domain, known: Known) -> str | None:
    """The judgement where what is known settles it; the assessor's own where the domain has no algorithm."""
    if not domain.has_algorithm:
        return ASSESSOR
    if domain.rules:
        rule = first_rule(domain.rules, known)
        return rule.then if rule else None
    if any(question.id not in known for question in reversed(domain.questions)):  # the last ones are open longest
        return None
    if domain.bands:
        return band(domain.bands, points(domain, known))
    parts = _parts(domain, known)
    return max((then for _, then in parts), key=domain.judgements.index)


def _parts(domain: Domain, known: Answers) -> tuple[tuple[str, str], ...]:
    fired = ((part.id, first_rule(part.rules, known)) for part in domain.parts)
    return tuple((id, rule.then) for id, rule in fired if rule)


def settle(domain: Domain, answers: Answers, settings: Answers) -> Settled:
    """What `answers` lead to in `domain`; answers to questions not asked have no effect.

    answers : by question id, only of questions of the domain, without `NA`.
    settings : by setting id.
    """
    tree = _walk(domain, 0, dict(settings), answers)
    known, asked = certain(domain, answers, settings)
    rule = first_rule(domain.rules, known) if isinstance(tree, str) else None
    order = {judgement: place for place, judgement in enumerate(domain.judgements)}
    possible = sorted(set(_leaves(tree)), key=lambda judgement: order.get(judgement, len(order)))
    matter = set(_open(tree))
    if not domain.has_algorithm:  # the assessor, or whoever reads the record, wants every question that is asked
        matter = {id for id, is_asked in asked.items() if is_asked and id not in known}
    unanswered = tuple(question.id for question in domain.questions if question.id in matter)
    return Settled(tree, tuple(possible), unanswered, asked, rule, _parts(domain, known), known)


def _walk(domain: Domain, place: int, known: Known, answers: Answers) -> Tree:
    """The tree from the question at `place` on; `known` holds settings and the answers before it."""
    early = _judgement(domain, known)
    if early is not None:
        return early
    if place == len(domain.questions):
        # No rule matches: a defect of the form, which the exhaustive test of every shipped instrument rules out.
        raise ValueError(
            f"domain {domain.id} has no rule for { ({key: sorted(value) for key, value in known.items()}) }"
        )
    question = domain.questions[place]
    answer = _answer(question, known, answers)
    if answer is not None:
        return _walk(domain, place + 1, known | {question.id: answer}, answers)
    branches = tuple(_walk(domain, place + 1, known | {question.id: option}, answers) for option in question.classes)
    return branches[0] if all(branch == branches[0] for branch in branches) else Open(question.id, branches)


def _answer(question: Question, known: Known, answers: Answers) -> frozenset[str] | None:
    """The answer that counts: `NA` where not asked, the assessor's, or what follows from earlier ones; None if open."""
    if not holds(question.asked_if, known):
        return frozenset([NOT_ASKED])
    if question.id in answers:
        return answers[question.id]
    rule = first_rule(question.derived, known)
    return frozenset([rule.then]) if rule else None


def _leaves(tree: Tree) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    else:
        for branch in tree.branches:
            yield from _leaves(branch)


def _open(tree: Tree) -> Iterator[str]:
    if isinstance(tree, Open):
        yield tree.question
        for branch in tree.branches:
            yield from _open(branch)


def certain(domain: Domain, answers: Answers, settings: Answers) -> tuple[Known, dict[str, bool | None]]:
    """What is known whatever the open questions are answered, and by question whether it is asked (None: it depends)."""
    known: Known = dict(settings)
    asked: dict[str, bool | None] = {}
    for question in domain.questions:
        asked[question.id] = holds(question.asked_if, known)
        if asked[question.id] is not None:
            answer = _answer(question, known, answers)
            if answer is not None:
                known[question.id] = answer
    return known, asked


def totals(domain: Domain, answers: Answers, settings: Answers) -> frozenset[int]:
    """Every total of points that can still result; one value where all scored questions are answered."""
    gates = {name for question in domain.questions if question.asked_if for name, _ in question.asked_if.clauses()}
    return _totals(domain, 0, dict(settings), answers, gates)


def _totals(domain: Domain, place: int, known: Known, answers: Answers, gates: set[str]) -> frozenset[int]:
    if place == len(domain.questions):
        return frozenset([0])
    question = domain.questions[place]
    answer = _answer(question, known, answers)
    options = question.classes if answer is None else (answer,)
    if question.id not in gates:  # no later question hangs on this one: its points add to whatever follows
        rest = _totals(domain, place + 1, known | {question.id: options[0]}, answers, gates)
        return frozenset(_points(question, option) + total for option in options for total in rest)
    return frozenset(
        _points(question, option) + total
        for option in options
        for total in _totals(domain, place + 1, known | {question.id: option}, answers, gates)
    )
