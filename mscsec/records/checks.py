"""Rules that need more than one value: between the figures of a result, and between a record and its protocol.

Each check takes a valid study and the review and yields what it finds, with the path of the value at fault; the
reader turns the path into a line and a column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mscsec.errors import nearest
from mscsec.records.models import ArmResult, Review, Study, StudyResult
from mscsec.records.nodes import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule at `path` of a record."""

    path: Path
    code: str
    found: str
    rule: str
    instead: str = ""


RATIOS = frozenset({"RR", "OR", "HR", "IRR", "ROM"})  # printed on their own scale unless a record says log: true

Check = Callable[[Study, Review], Iterator[Finding]]


def _suggest(asked: str, known: list[str], what: str) -> str:
    close = nearest(asked, known)
    hint = f"Did you mean {close!r}? " if close else ""
    return f"{hint}{what}: {', '.join(known)}" if known else f"No {what.lower()} are defined"


def _results(study: Study) -> Iterator[tuple[Path, StudyResult]]:
    for index, result in enumerate(study.results):
        yield ("results", index), result


def _arm_results(study: Study) -> Iterator[tuple[Path, str, ArmResult]]:
    for path, result in _results(study):
        for name, arm in result.arms.items():
            yield (*path, "arms", name), name, arm


def known_arms(study: Study, _review: Review) -> Iterator[Finding]:
    """Results and effects speak of arms that the record has."""
    known = list(study.arms)
    for path, name, _ in _arm_results(study):
        if name not in study.arms:
            yield Finding(
                path,
                "R202",
                f"found the arm {name!r}",
                "a result speaks of arms that stand under arms:",
                _suggest(name, known, "Arms"),
            )
    for path, result in _results(study):
        for index, effect in enumerate(result.effects):
            for side in ("experimental", "comparator"):
                name = getattr(effect, side)
                if name is not None and name not in study.arms:
                    yield Finding(
                        (*path, "effects", index, side),
                        "R202",
                        f"found the arm {name!r}",
                        "an effect speaks of arms that stand under arms:",
                        _suggest(name, known, "Arms"),
                    )


def known_outcomes(study: Study, review: Review) -> Iterator[Finding]:
    """Outcomes are those of the protocol."""
    for path, result in _results(study):
        if result.outcome not in review.outcomes:
            yield Finding(
                (*path, "outcome"),
                "R203",
                f"found the outcome {result.outcome!r}",
                "an outcome is defined in review.yaml under outcomes:",
                _suggest(result.outcome, list(review.outcomes), "Outcomes"),
            )


def units(study: Study, review: Review) -> Iterator[Finding]:
    """A reported unit is the protocol's, or one that the protocol converts."""
    for path, result in _results(study):
        outcome = review.outcomes.get(result.outcome)
        if outcome is None or result.unit is None or result.unit == outcome.unit or result.unit in outcome.conversions:
            continue
        yield Finding(
            (*path, "unit"),
            "R204",
            f"found the unit {result.unit!r}",
            f"{result.outcome} is measured in {outcome.unit or 'no unit'}",
            f"Write the figures in {outcome.unit}, or add the factor to review.yaml: outcomes: {result.outcome}: conversions: {{{result.unit}: ...}}",
        )


_FIGURES = {
    "dichotomous": ({"mean", "median", "sd", "se"}, "events: (and n:)"),
    "continuous": ({"events", "non_events"}, "mean: and sd:, or median: and iqr:"),
}


def figures_of_type(study: Study, review: Review) -> Iterator[Finding]:
    """A dichotomous outcome has events, a continuous one means or medians."""
    for path, result in _results(study):
        outcome = review.outcomes.get(result.outcome)
        if outcome is None or outcome.type not in _FIGURES:
            continue
        foreign, advice = _FIGURES[outcome.type]
        for name, arm in result.arms.items():
            for field in sorted(foreign & arm.model_fields_set):
                if getattr(arm, field) is not None:
                    yield Finding(
                        (*path, "arms", name, field),
                        "R214",
                        f"found {field} for {result.outcome}",
                        f"{result.outcome} is {outcome.type} in review.yaml",
                        f"Write {advice}, or correct the outcome's type",
                    )


def events_within_n(study: Study, _review: Review) -> Iterator[Finding]:
    """No more events, and no more patients without one, than participants."""
    for path, name, arm in _arm_results(study):
        n = arm.n or (study.arms[name].n if name in study.arms else None)
        for field, count in (("events", arm.events), ("non_events", arm.non_events)):
            if count is not None and n is not None and arm.time is None and count.value > n.value:
                yield Finding(
                    (*path, field),
                    "R205",
                    f"found {count.value.text} {field} in {n.value.text} participants",
                    f"a participant counts once, so {field} cannot exceed n",
                    "Where events and not patients were counted, give the person-time under time:",
                )


def events_of_both(study: Study, _review: Review) -> Iterator[Finding]:
    """Events of the arms together are no fewer than those of an arm, and no more than participants."""
    for path, result in _results(study):
        if result.events is None:
            continue
        total = result.events.value
        for name, arm in result.arms.items():
            if arm.events is not None and arm.events.value > total:
                yield Finding(
                    (*path, "events"),
                    "R205",
                    f"found {total.text} events in all arms and {arm.events.value.text} in {name}",
                    "events: of a result counts those of the compared arms together",
                    "Check both against the paper",
                )
        sizes = [result.arms[name].n if name in result.arms else None for name in study.arms]
        known = [own or arm.n for own, arm in zip(sizes, study.arms.values(), strict=True)]
        if all(n is not None for n in known) and total > sum(float(n.value) for n in known if n is not None):
            yield Finding(
                (*path, "events"),
                "R205",
                f"found {total.text} events in {sum(float(n.value) for n in known if n is not None):g} participants",
                "a participant counts once, so events cannot exceed n",
                "Check both against the paper",
            )


def order_within_arm(study: Study, _review: Review) -> Iterator[Finding]:
    """Range encloses quartiles, quartiles enclose the median, an interval its mean."""
    for path, _, arm in _arm_results(study):
        inner = [
            ("median", arm.median, "iqr", arm.iqr),
            ("median", arm.median, "range", arm.range),
            ("mean", arm.mean, "ci", arm.ci),
            ("mean", arm.mean, "range", arm.range),
        ]
        for name, value, field, interval in inner:
            if value is not None and interval is not None and not interval[0] <= value.value <= interval[1]:
                yield Finding(
                    (*path, field),
                    "R207",
                    f"found [{interval[0].text}, {interval[1].text}] around a {name} of {value.value.text}",
                    f"the {name} lies inside its {field}",
                    "Check the figures against the paper",
                )
        if arm.iqr and arm.range and not (arm.range[0] <= arm.iqr[0] and arm.iqr[1] <= arm.range[1]):
            yield Finding(
                (*path, "range"),
                "R207",
                f"found [{arm.range[0].text}, {arm.range[1].text}] around quartiles [{arm.iqr[0].text}, {arm.iqr[1].text}]",
                "the range encloses the quartiles",
                "Check the figures against the paper",
            )


def intervals_of_effects(study: Study, _review: Review) -> Iterator[Finding]:
    """A confidence interval contains its estimate, and that of a ratio is positive."""
    for path, result in _results(study):
        for index, effect in enumerate(result.effects):
            here = (*path, "effects", index)
            if effect.ci and effect.estimate and not effect.ci[0] <= effect.estimate.value <= effect.ci[1]:
                yield Finding(
                    (*here, "ci"),
                    "R206",
                    f"found [{effect.ci[0].text}, {effect.ci[1].text}] around an estimate of {effect.estimate.value.text}",
                    "a confidence interval contains its estimate",
                    "Check both against the paper; a minus sign or a decimal point may be lost",
                )
            lowest = [("estimate", effect.estimate.value)] if effect.estimate else []
            lowest += [("ci", effect.ci[0])] if effect.ci else []
            for name, number in lowest:
                if effect.measure.upper() in RATIOS and not effect.log and number <= 0:
                    yield Finding(
                        (*here, name),
                        "R106",
                        f"found {number.text} for {effect.measure}",
                        "a ratio is positive",
                        "Where the paper prints the logarithm, add log: true",
                    )


def one_result_once(study: Study, _review: Review) -> Iterator[Finding]:
    """One outcome, one time point, one set of arms stands once."""
    seen: dict[tuple[object, ...], int] = {}
    for index, result in enumerate(study.results):
        contrasts = tuple(
            (effect.measure, effect.experimental, effect.comparator, effect.adjusted) for effect in result.effects
        )
        key = (result.outcome, result.timepoint, result.analysis, tuple(sorted(result.arms)), contrasts)
        if key in seen:
            yield Finding(
                ("results", index, "outcome"),
                "R210",
                f"found {result.outcome}{' at ' + result.timepoint if result.timepoint else ''} for the second time",
                f"one result is one outcome, one time point, one comparison; results[{seen[key]}] is the same",
                "Give each its timepoint: (or analysis:), or delete one",
            )
        seen.setdefault(key, index)


def roles(study: Study, _review: Review) -> Iterator[Finding]:
    """A trial of two groups has an experimental arm and a comparator."""
    present = {arm.role for arm in study.arms.values()}
    if study.design.type != "single-arm" and not {"experimental", "comparator"} <= present:
        missing = "comparator" if "experimental" in present else "experimental"
        yield Finding(
            ("arms",),
            "R211",
            f"found no arm with role: {missing}",
            f"a {study.design.type} sets an experimental arm against a comparator",
            f"Give one arm role: {missing}, or write design: type: single-arm",
        )


def assessed_results_exist(study: Study, _review: Review) -> Iterator[Finding]:
    """A risk-of-bias assessment belongs to a result that the record has."""
    outcomes = [result.outcome for result in study.results]
    for index, assessment in enumerate(study.risk_of_bias):
        if assessment.result is not None and assessment.result not in outcomes:
            yield Finding(
                ("risk_of_bias", index, "result"),
                "R212",
                f"found an assessment of {assessment.result!r}",
                "an assessment names an outcome under results:",
                _suggest(assessment.result, sorted(set(outcomes)), "Results"),
            )


STUDY_CHECKS: tuple[Check, ...] = (
    known_arms, known_outcomes, units, figures_of_type, events_within_n, events_of_both, order_within_arm, intervals_of_effects,
    one_result_once, roles, assessed_results_exist,
)  # fmt: skip


def review_checks(review: Review) -> Iterator[Finding]:
    """What must hold inside the protocol itself."""
    known = list(review.comparisons)
    for name, outcome in review.outcomes.items():
        if outcome.comparison is not None and outcome.comparison not in review.comparisons:
            yield Finding(
                ("outcomes", name, "comparison"),
                "R213",
                f"found the comparison {outcome.comparison!r}",
                "a comparison is defined under comparisons:",
                _suggest(outcome.comparison, known, "Comparisons"),
            )
        if outcome.range is not None and outcome.important_difference is not None and outcome.type == "continuous":
            width = outcome.range[1] - outcome.range[0]
            if outcome.important_difference.value > width:
                yield Finding(
                    ("outcomes", name, "important_difference"),
                    "R106",
                    f"found {outcome.important_difference.value.text}",
                    f"an important difference fits into the outcome's range, which is {width:g} wide",
                    "Check the unit",
                )
    for box, have, words, left in review.flow.mismatches():
        yield Finding(
            ("flow", *box.split(".")),
            "R217",
            f"found {have}, but {words} is {left}",
            "each box of the flow is what is left of the box before",
            "Check these numbers against the search",
        )
