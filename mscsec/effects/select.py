"""Which result of which arms of which study enters: decided by rule, said for each, and never silent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mscsec.errors import UnknownName, UsageError
from mscsec.records.models import Arm, Comparison, Review, Study, StudyResult
from mscsec.results import Result
from mscsec.said import joined, quoted, said

RANDOMISED_DESIGNS = ("parallel-rct", "cluster-rct", "crossover-rct")
DESIGNS = (*RANDOMISED_DESIGNS, "nonrandomised", "single-arm")


@dataclass(frozen=True, slots=True)
class Excluded(Result):
    """A study that does not contribute, and why."""

    study: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """One result of one study with the arms on either side; `notes` says what the choice passed over.

    parts : the number of rows that the trial enters as; above 1 only where each experimental arm has its own row.
    """

    study: Study
    index: int
    result: StudyResult
    experimental: tuple[str, ...]
    comparator: tuple[str, ...]
    notes: tuple[str, ...] = ()
    parts: int = 1


def matching_arms(study: Study, comparison: Comparison | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Arm ids on the experimental and the comparator side of `comparison`; without one, by role alone.

    An experimental arm matches by its treatment, or by its id where it names none. A comparator arm that names no
    treatment is whatever the comparison sets against the experimental arm.
    """
    sides: dict[str, list[str]] = {"experimental": [], "comparator": []}
    for name, arm in study.arms.items():
        if arm.role in sides and (comparison is None or _named(name, arm, comparison)):
            sides[arm.role].append(name)
    return tuple(sides["experimental"]), tuple(sides["comparator"])


def _named(name: str, arm: Arm, comparison: Comparison) -> bool:
    wanted = comparison.experimental if arm.role == "experimental" else comparison.comparator
    if arm.treatment is None and arm.role == "comparator":
        return True
    return (arm.treatment or name).casefold() in {word.casefold() for word in wanted}


def comparison_of(review: Review, studies: Sequence[Study], outcome: str, asked: str | None) -> str | None:
    """The key of the comparison to take: the one asked for, the outcome's own, or the only one that has studies.

    Raises UnknownName for one that is not defined, UsageError (with the choices) where several have studies.
    """
    if asked is not None:
        if asked not in review.comparisons:
            raise UnknownName("comparison", asked, review.comparisons)
        return asked
    own = review.outcomes[outcome].comparison
    if own is not None or not review.comparisons:
        return own
    filled = {
        key: sum(1 for study in studies if _reports(study, outcome, item)) for key, item in review.comparisons.items()
    }
    present = {key: count for key, count in filled.items() if count}
    if len(present) > 1:
        choices = ", ".join(f"{key} ({count} {'study' if count == 1 else 'studies'})" for key, count in present.items())
        raise UsageError(
            f"{outcome} is reported for several comparisons, which are not pooled together: {choices}. Choose one: --comparison {next(iter(present))}"
        )
    return next(iter(present or filled))


def _reports(study: Study, outcome: str, comparison: Comparison) -> bool:
    experimental, comparator = matching_arms(study, comparison)
    return bool(experimental and comparator) and any(result.outcome == outcome for result in study.results)


def choose(
    study: Study,
    review: Review,
    outcome: str,
    comparison: str | None,
    timepoint: str | None = None,
    designs: Iterable[str] = RANDOMISED_DESIGNS,
    groups: int = 2,
) -> Chosen | Excluded:
    """The result of `study` that enters, or the reason why none does.

    groups : how many groups the measure looks at: 2 compares, 1 takes the experimental arms alone, 0 needs no arm.
    """
    reported = [(index, result) for index, result in enumerate(study.results) if result.outcome == outcome]
    if not reported:
        return Excluded(study.id, study.label, f"does not report {outcome}")
    if study.design.type not in tuple(designs):
        return Excluded(study.id, study.label, f"design is {study.design.type}; only {', '.join(designs)} enter")
    experimental, comparator = matching_arms(study, review.comparisons[comparison] if comparison else None)
    if (groups == 2 and not comparator) or (groups > 0 and not experimental):
        side = "experimental" if not experimental else "comparator"
        return Excluded(
            study.id,
            study.label,
            f"has no {side} arm of the comparison {comparison}" if comparison else f"has no {side} arm",
        )
    usable = [(index, result) for index, result in reported if result.do_not_pool is None]
    if not usable:
        return Excluded(study.id, study.label, said("marked do_not_pool: {}", quoted(reported[0][1].do_not_pool or "")))
    speaking = [pair for pair in usable if _speaks_of(pair[1], experimental, comparator, groups)]
    picked = _at_timepoint(speaking or usable, review.outcomes[outcome].timepoints, timepoint)
    if picked is None:
        there = quoted(", ".join(sorted({result.timepoint or "no time point" for _, result in usable})))
        return Excluded(
            study.id, study.label, said("reports {} at {}, not at {}", outcome, there, quoted(timepoint or ""))
        )
    (index, result), notes = picked
    sides, silent = _reported_sides(result, experimental, comparator, groups)
    return Chosen(study, index, result, *sides, (*notes, *silent))


def _speaks_of(result: StudyResult, experimental: tuple[str, ...], comparator: tuple[str, ...], groups: int) -> bool:
    """Whether a result has figures or a contrast for the arms that are looked at."""
    sides = (experimental, comparator)[:groups]
    return all(_reported_arms(result, side) for side in sides)


def _reported_arms(result: StudyResult, side: tuple[str, ...]) -> tuple[str, ...]:
    """The arms of one side that a result speaks of; a contrast that names no arms speaks of all."""
    named = {name for effect in result.effects for name in (effect.experimental, effect.comparator)}
    if not result.arms and (None in named or not named):
        return side
    return tuple(name for name in side if name in result.arms or name in named)


def _reported_sides(
    result: StudyResult, experimental: tuple[str, ...], comparator: tuple[str, ...], groups: int
) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]]:
    """Both sides without the arms that this result says nothing about, and a note on each such arm.

    groups : how many sides are looked at; the others stay as they are.
    A side of which the result says nothing at all stays as it is: the reading then says what is lacking.
    """
    sides = (experimental, comparator)
    found = [(_reported_arms(result, side) or side) if place < groups else side for place, side in enumerate(sides)]
    silent = [name for name in (*experimental, *comparator) if name not in found[0] and name not in found[1]]
    notes = tuple(f"nothing is reported for arm {name}, which stays out" for name in silent)
    return (found[0], found[1]), notes


def _at_timepoint(
    usable: list[tuple[int, StudyResult]], preferred: Sequence[str], asked: str | None
) -> tuple[tuple[int, StudyResult], tuple[str, ...]] | None:
    if asked is not None:
        at = [pair for pair in usable if pair[1].timepoint == asked]
        return (at[0], _passed_over(at[0][1], at)) if at else None
    for timepoint in preferred:
        at = [pair for pair in usable if pair[1].timepoint == timepoint]
        if at:
            return at[0], _passed_over(at[0][1], usable)
    return usable[0], _passed_over(usable[0][1], usable)


def _passed_over(taken: StudyResult, candidates: list[tuple[int, StudyResult]]) -> tuple[str, ...]:
    others = [_describe(result) for _, result in candidates if result is not taken]
    return (said("{} taken; also reported: {}", _describe(taken), joined(", ", others)),) if others else ()


def _describe(result: StudyResult) -> str:
    words = [part for part in (result.timepoint, result.analysis) if part]
    return quoted(", ".join(words)) or "the result without a time point"
