"""Answers to the checks of INSPECT-SR that figures alone can speak to: suggestions for an assessor, never judgements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mscsec.integrity.review import CONTRADICTION, NOTE, PASSED, QUESTION, IntegrityReview, Located
from mscsec.results import Result

# Question of the instrument to the checks whose findings bear on it. Source: Wilkinson et al., INSPECT-SR, domains 2 and 4.
CHECKS_OF: dict[str, tuple[str, ...]] = {
    "2.2": ("I502",),
    "4.3": ("I503",),
    "4.4": ("I102", "I104", "I307"),
    "4.6": ("I101",),
    "4.7": ("I401", "I402", "I403", "I404", "I405", "I406", "I504"),
    "4.8": ("I201", "I202", "I203", "I204", "I205"),
    "4.9": ("I301", "I302", "I303", "I304", "I305", "I306", "I308", "I309", "I310"),
    "4.10": ("I103", "I105", "I106", "I501"),
}


@dataclass(frozen=True, slots=True)
class Prefilled(Result):
    """A suggested answer to one question for one study: "No" (a contradiction), "Unclear" (a question) or "Yes".

    codes : the checks behind it. reason : what they found, or how many passed.
    """

    study: str
    label: str
    question: str
    answer: str
    reason: str
    codes: tuple[str, ...]


def prefill(found: IntegrityReview) -> tuple[Prefilled, ...]:
    """Suggestions for every study of a review, question by question; nothing where no check applied.

    "Yes" says only that the checks that could be made passed.
    """
    every = [*found.findings, *found.passed]
    studies = {each.study: each.label for each in sorted(every, key=lambda each: each.study)}
    rows = (_answer(study, label, question, every) for study, label in studies.items() for question in CHECKS_OF)
    return tuple(row for row in rows if row is not None)


def _answer(study: str, label: str, question: str, every: Iterable[Located]) -> Prefilled | None:
    made = [each for each in every if each.study == study and each.verdict.check in CHECKS_OF[question]]
    for level, answer in ((CONTRADICTION, "No"), (QUESTION, "Unclear")):
        against = [each for each in made if each.level == level]
        if against:
            reason = "; ".join(f"{each.outcome or 'trial'}: {each.verdict.found}" for each in against)
            return Prefilled(study, label, question, answer, reason, _codes(against))
    fine = [each for each in made if each.level in (NOTE, PASSED)]
    if not fine:
        return None
    return Prefilled(study, label, question, "Yes", f"checks that passed: {len(fine)}", _codes(fine))


def _codes(found: Iterable[Located]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.verdict.check for each in found))
