"""What the templates draw: rows and cells with their texts, places and the trails they lead to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mscsec.appraisal.degree import degree
from mscsec.appraisal.judgements import NOT_ASSESSED, BiasRow, BiasTable
from mscsec.effects.collect import StudyEffect
from mscsec.effects.select import Excluded
from mscsec.effects.sizes import EffectSizes
from mscsec.effects.trail import ArmData
from mscsec.pooling.result import PooledResult
from mscsec.records.models import Study
from mscsec.records.reader import EvidenceBase
from mscsec.report.numbers import beside, in_brackets, level, number, p_value, percent, plain, variance
from mscsec.report.page.axis import OUT_LEFT, OUT_RIGHT, WIDTH, Axis, axis_of
from mscsec.report.page.links import Place, of_outcome, of_rating, of_study
from mscsec.report.page.lookup import lookup, packed
from mscsec.report.page.methods import choice_words
from mscsec.report.page.names import assumed_id, bias_id, grade_id, outcome_id, pooled_id, set_id, study_id
from mscsec.report.page.trails_base import sizes_of, stages
from mscsec.report.words import (
    arm_words,
    benefit_words,
    effect_unit,
    footnotes,
    left_out_words,
    method_words,
    warnings_of,
)
from mscsec.results import Notice
from mscsec.said import PROTOCOL, num, said
from mscsec.synthesis.certainty import Body
from mscsec.synthesis.combinations import Combinations
from mscsec.synthesis.review import OutcomeSynthesis, Sensitivity, choice_name

SYMBOLS = {"low": "+", "some": "–", "high": "×", "critical": "!", "none": "?", "absent": ""}
MARKS = {"contradiction": "!", "question": "?"}
SMALLEST, LARGEST = 5.0, 15.0  # side of the square of a study, in pixels


@dataclass(frozen=True, slots=True)
class Linked:
    """A text that leads to a trail; a plain one where `to` is empty."""

    text: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Light:
    """One judgement: domain, its name, the judgement's word, degree and symbol."""

    domain: str
    name: str
    word: str
    degree: str
    symbol: str
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval on the axis, in steps of its width; `cut_low` and `cut_high` where it goes on beyond the end."""

    at: int
    low: int
    high: int
    cut_low: bool
    cut_high: bool

    @property
    def middle(self) -> float:
        """Place of the estimate within a diamond, in hundredths of its width."""
        return 50.0 if self.high == self.low else 100 * (self.at - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One study of a forest plot."""

    label: str
    to: str
    notes: str
    mark: str
    mark_words: str
    experimental: Linked
    comparator: Linked
    lights: tuple[Light, ...]
    bar: Bar | None
    side: float
    effect: str
    weight: str


@dataclass(frozen=True, slots=True)
class SensitivityRow:
    """One line of the sensitivity table."""

    kind: str
    name: str
    studies: int
    effect: str
    p: str
    prediction: str
    tau2: str
    i2: str
    to: str
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """One outcome with data, ready to be drawn."""

    found: OutcomeSynthesis
    sizes: EffectSizes
    fit: PooledResult
    anchor: str
    to: str
    unit: str
    axis: Axis
    rows: tuple[ForestRow, ...]
    notes: tuple[tuple[str, str, Place], ...]
    domains: tuple[tuple[str, str], ...]
    sides: tuple[str, str]
    favours: tuple[str, str]
    pooled: Bar | None
    prediction: Bar | None
    results: tuple[tuple[str, tuple[Linked, ...]], ...]
    method: str
    warnings: tuple[Notice, ...]
    sensitivity: tuple[SensitivityRow, ...]
    left_out: tuple[Excluded, ...]
    silent: int
    body: Body | None
    data: str
    models: tuple[tuple[str, str], ...]
    intervals: tuple[tuple[str, str], ...]

    @property
    def columns(self) -> int:
        """Columns of group data that hold something: 2, 1 (a single group) or 0 (a contrast as printed)."""
        if any(row.comparator.text for row in self.rows):
            return 2
        return int(any(row.experimental.text for row in self.rows))

    @property
    def grade_to(self) -> str:
        """Trail of the certainty."""
        return grade_id(self.found.outcome)

    @property
    def place(self) -> Place:
        """Where the numbers of sentences about the outcome lead."""
        return of_outcome(self.found.outcome)

    @property
    def rating(self) -> Place:
        """Where the numbers of sentences about its certainty lead."""
        return of_rating(self.found.outcome)

    def bias_to(self, place: int) -> str:
        """Trail of a row of the risk-of-bias table."""
        return bias_id(self.found.outcome, place)

    def assumed_to(self, quantity: str) -> str:
        """Trail of what an assumed quantity decides."""
        return assumed_id(self.found.outcome, quantity)


def outcome_view(base: EvidenceBase, found: OutcomeSynthesis, body: Body | None) -> OutcomeView:
    """The view of an outcome that has a result."""
    sizes, fit, table = found.sizes, found.fit, found.combinations
    assert sizes is not None
    assert fit is not None
    assert table is not None
    axis = axis_of(sizes, fit)
    notes = footnotes(sizes.rows)
    worth, silent = left_out_words(sizes)
    shown = fit.display
    ahead = shown.prediction_low is not None
    return OutcomeView(
        found, sizes, fit, outcome_id(found.outcome), pooled_id(found.outcome), effect_unit(sizes), axis,
        tuple(_forest_row(found, row, share, axis, notes.marks) for row, share in zip(sizes.rows, fit.weights, strict=True)),
        tuple((mark, text, of_study(found.outcome, notes.of[mark])) for mark, text in notes.notes), found.bias.domains if found.bias else (), _sides(base, sizes), favours(sizes),
        _bar(axis, shown.estimate, shown.ci_low, shown.ci_high),
        _bar(axis, shown.estimate, shown.prediction_low, shown.prediction_high) if ahead else None,
        tuple(_results(sizes, fit)), method_words(sizes, fit), warnings_of(sizes, fit),
        tuple(_sensitivity(found, table, place, one, axis) for place, one in enumerate(found.sensitivity)),
        worth, silent, body,
        packed(lookup(table, axis, sizes.labels)) if len(sizes.rows) > 1 else "",
        *_offered(table),
    )  # fmt: skip


def _offered(table: Combinations) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Models and intervals by key and name, the review's own first."""
    models = dict.fromkeys((choice.model, choice_words(choice)[0]) for choice in table.choices)
    intervals = dict.fromkeys((choice.ci, choice_words(choice)[1]) for choice in table.choices)
    return tuple(models), tuple(intervals)


def _bar(axis: Axis, estimate: float | None, low: float | None, high: float | None) -> Bar | None:
    at, left, right = (axis.at(value) for value in (estimate, low, high))
    if at is None or left is None or right is None:
        return None
    return Bar(_held(at), _held(left), _held(right), left == OUT_LEFT, right == OUT_RIGHT)


def _held(place: int) -> int:
    return min(max(place, 0), WIDTH)


def square(share: float) -> float:
    """Side of a study's square in pixels: its area grows with the share."""
    return round(SMALLEST + (LARGEST - SMALLEST) * math.sqrt(share), 1)


def _forest_row(
    found: OutcomeSynthesis, row: StudyEffect, share: float, axis: Axis, notes: Mapping[str, str]
) -> ForestRow:
    to = study_id(found.outcome, row.study)
    level_found = found.marks.get(row.record, "")
    words = {"contradiction": "figures contradict each other", "question": "figures raise a question"}
    return ForestRow(
        row.label, to, notes.get(row.study, ""), MARKS.get(level_found, ""), words.get(level_found, ""),
        Linked(data_words(row.experimental), to), Linked(data_words(row.comparator), to),
        _lights_of(found.bias, row), _bar(axis, row.estimate, row.low, row.high), square(share),
        in_brackets(row.estimate, row.low, row.high), percent(share),
    )  # fmt: skip


def data_words(arm: ArmData) -> str:
    """What an effect was computed from on one side, as every table has it; the number of people where there is no more."""
    return arm_words(arm) or (f"n = {plain(arm.n)}" if arm.n is not None else "")


def _lights_of(table: BiasTable | None, row: StudyEffect) -> tuple[Light, ...]:
    if table is None:
        return ()
    own = next(
        (one for one in table.standing if one.study == row.record and one.timepoint in (None, row.timepoint)), None
    )
    return lights(table, own)


def lights(table: BiasTable, row: BiasRow | None) -> tuple[Light, ...]:
    """One for each domain and one overall."""
    return tuple(_light(table, row, *place) for place in (*table.domains, ("overall", "Overall")))


def _light(table: BiasTable, row: BiasRow | None, place: str, name: str) -> Light:
    word = (row.judgement(place) if row else "") or NOT_ASSESSED
    items = row.appraisal.items if row is not None and row.appraisal is not None else ()
    kind = degree(word, table.judgements)
    return Light(
        place, name, word, kind, SYMBOLS[kind], any(item.overridden for item in items if item.id == place)
    )  # fmt: skip


def _sides(base: EvidenceBase, sizes: EffectSizes) -> tuple[str, str]:
    plan = base.review.comparisons.get(sizes.comparison or "")
    if plan is None:
        return "Experimental", "Comparator"
    return " or ".join(plan.experimental), " or ".join(plan.comparator)


def favours(sizes: EffectSizes) -> tuple[str, str]:
    """What lies left and right of no effect."""
    sides = ("favours experimental", "favours comparator")
    if sizes.null is None or sizes.better == "neither":
        return "", ""
    return sides if sizes.better == "lower" else (sides[1], sides[0])


def _results(sizes: EffectSizes, fit: PooledResult) -> list[tuple[str, tuple[Linked, ...]]]:
    """Name and value of what is said of the pooled result, each value a link."""
    to, shown = pooled_id(sizes.outcome), fit.display

    def led(*texts: str) -> tuple[Linked, ...]:
        return tuple(Linked(text, to) for text in texts if text)

    test = "" if fit.statistic is None else f"{'z' if fit.df is None else 't'} = {number(fit.statistic)}"
    degrees = "" if fit.df is None else f"df = {fit.df:.4g}"
    people = [arm.n for row in sizes.rows for arm in (row.experimental, row.comparator)]
    patients = "" if None in people else f"{plain(round(float(sum(n or 0 for n in people))))} participants"
    found = [
        ("Studies", led(str(fit.k), patients)),
        (f"Effect ({sizes.measure})", led(number(shown.estimate))),
        (
            said("{} confidence interval", num(level(fit.level), PROTOCOL)),
            led(beside(shown.estimate, shown.ci_low, shown.ci_high)),
        ),
    ]
    if sizes.null is not None:  # a single group has no effect of zero to test
        found.append(("Test", led(test, degrees, p_value(fit.p_value))))
    if shown.prediction_low is not None:
        found.append((said("{} prediction interval", num(level(fit.level), PROTOCOL)), led(beside(shown.estimate, shown.prediction_low, shown.prediction_high))))  # fmt: skip
    if fit.tau2 is not None:
        bounds = "" if fit.tau2_ci_low is None else f"{level(fit.level)} CI {variance(fit.tau2_ci_low)} to {variance(fit.tau2_ci_high)}"  # fmt: skip
        found.append(("Between-study variance (tau²)", led(variance(fit.tau2), bounds)))
    if fit.i2 is not None:
        both = f"{percent(fit.i2_q)} from Q" if fit.i2_q is not None and abs(fit.i2_q - fit.i2) > 0.005 else ""
        found.append(("Share of variance between studies (I²)", led(percent(fit.i2), both)))
    if fit.q is not None:
        found.append(("Cochran's Q", led(number(fit.q), f"df = {fit.q_df:g}", p_value(fit.q_p))))
    if fit.probability_above is not None:
        found.append(("In a new study", (Linked(benefit_words(sizes, fit)),)))
    return found


def _sensitivity(
    found: OutcomeSynthesis, table: Combinations, place: int, one: Sensitivity, axis: Axis
) -> SensitivityRow:
    column, row = table.columns[one.choice], one.row

    def of(name: str) -> float | None:
        value = float(getattr(column, name)[row])
        return None if value != value or not column.converged[row] else value

    ahead = of("prediction_low")
    return SensitivityRow(
        one.kind, one.name, int(table.members[row].sum()),
        in_brackets(of("estimate"), of("ci_low"), of("ci_high")),
        p_value(of("p_value")), "–" if ahead is None else beside(of("estimate"), ahead, of("prediction_high")),
        variance(of("tau2")), percent(of("i2")),
        pooled_id(found.outcome) if one.kind == "own" else set_id(found.outcome, place),
        _bar(axis, of("estimate"), of("ci_low"), of("ci_high")),
    )  # fmt: skip


def sensitivity_methods(found: OutcomeSynthesis) -> list[str]:
    """The method of each row of the sensitivity table, in words."""
    assert found.combinations is not None
    return [choice_name(found.combinations.choices[one.choice]) for one in found.sensitivity]


@dataclass(frozen=True, slots=True)
class StudyView:
    """One row of the characteristics."""

    id: str
    label: str
    design: str
    where: str
    population: str
    people: tuple[tuple[str, str], ...]
    arms: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    registration: str
    outcomes: int


def study_view(study: Study, outcomes: Sequence[OutcomeView]) -> StudyView:
    """What the table of characteristics says of a study."""
    design, people = study.design, study.population
    arms = []
    for key, arm in study.arms.items():
        how = "; ".join(part for part in (arm.dose, arm.route, arm.schedule) if part)
        sizes = tuple((name, value.value.text) for name, value in sizes_of(arm).items())
        arms.append((arm.label or key, how, sizes))
    kind = design.type.replace("-rct", " RCT").replace("nonrandomised", "non-randomised")
    return StudyView(
        study.id, study.label, kind,
        ", ".join(part for part in (design.country, design.centres) if part),
        "; ".join(part for part in (people.condition, people.severity) if part),
        tuple((stage, value.value.text) for stage, value in stages(people).items()),
        tuple(arms), design.registration or "",
        sum(any(row.record == study.id for row in one.sizes.rows) for one in outcomes),
    )  # fmt: skip
