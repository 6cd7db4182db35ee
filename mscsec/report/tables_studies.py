"""Tables of the studies: who they are, and their effects on each outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mscsec.effects.collect import StudyEffect
from mscsec.pooling.result import PooledResult
from mscsec.records.models import Arm, Study
from mscsec.records.quantities import Quantity
from mscsec.report.manuscript.blocks import Column, Row, Run, Table, Words, make_table, marked
from mscsec.report.material import Listed, Material, fitted
from mscsec.report.numbers import beside, level, percent, with_limits
from mscsec.report.words import arm_words, footnotes, letter
from mscsec.synthesis.review import OutcomeSynthesis

MARKS = {"contradiction": "!", "question": "?"}
MARK_NOTES = {
    "!": "Recorded figures contradict each other; see the findings of integrity",
    "?": "Recorded figures raise a question; see the findings of integrity",
}
STAGES = ("planned", "screened", "enrolled", "randomised", "analysed")


class Letters:
    """Letters for notes, in order of first use; the same note keeps its letter."""

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}

    def of(self, note: str) -> str:
        """The letter of a note."""
        return self.notes.setdefault(note, letter(len(self.notes)))

    def listed(self) -> list[tuple[str, str]]:
        """(letter, note) in order."""
        return [(letter, note) for note, letter in self.notes.items()]


# --- characteristics ---------------------------------------------------------------------------------------------


def characteristics(found: Material) -> list[Table]:
    """One table: the studies in a meta-analysis of the report, then the other records."""
    inside = {row.record for one in found.synthesis.with_data for row in fitted(one)[0].rows}
    letters = Letters()
    groups = (
        ("In a meta-analysis", [study for study in found.synthesis.base.studies if study.id in inside]),
        ("Other records", [study for study in found.synthesis.base.studies if study.id not in inside]),
    )
    rows: list[Row] = []
    for name, studies in groups:
        if studies:
            rows.append(Row((f"{name} ({len(studies)})",), "group"))
            rows += [_characteristic(study, letters) for study in studies]
    heads = ("Study", "Design and setting", "Population", "People", "Intervention", "Comparator")
    return [make_table("characteristics", "Characteristics of the studies", heads, rows, letters.listed(), wide=True)]


def _characteristic(study: Study, letters: Letters) -> Row:
    design, people = study.design, study.population
    kind = design_words(design.type)
    where = ", ".join(part for part in (design.country, design.centres) if part)
    stages = [(stage, getattr(people, stage)) for stage in STAGES]
    counted: list[Run] = []
    for stage, value in stages:
        if value is not None:
            counted += [Run("; ")] if counted else []
            counted += [*_figure(value, letters), Run(f" {stage}")]
    return Row(
        (
            study.label,
            "; ".join(part for part in (kind, where, design.registration or "") if part),
            "; ".join(part for part in (people.condition, people.severity, people.age) if part) or "not reported",
            tuple(counted) or "not reported",
            _arms(study, ("experimental", "other"), letters),
            _arms(study, ("comparator",), letters),
        )
    )


def design_words(kind: str) -> str:
    """A type of design as a table has it."""
    return {
        "parallel-rct": "randomised, parallel groups", "cluster-rct": "cluster-randomised", "crossover-rct": "randomised crossover",
        "nonrandomised": "not randomised", "single-arm": "single arm",
    }[kind]  # fmt: skip


def _figure(value: Quantity, letters: Letters) -> list[Run]:
    """A figure as it is written, with the letter of its assumption."""
    found = [Run(value.value.text)]
    return [*found, Run(letters.of(f"Assumed: {value.assumed}"), "mark")] if value.assumed else found


def _arms(study: Study, roles: Sequence[str], letters: Letters) -> Words:
    parts: list[Run] = []
    for key, arm in study.arms.items():
        if arm.role not in roles:
            continue
        how = ", ".join(part for part in (arm.dose, arm.route, arm.schedule) if part)
        parts += [Run("; ")] if parts else []
        parts.append(Run(f"{arm.label or key}{f' ({how})' if how else ''}"))
        size = arm.n or arm.randomised
        if size is not None:
            parts += [Run(", n = "), *_figure(size, letters)]
    return tuple(parts) or "–"


def characteristics_data(found: Material) -> Listed:
    """A row an arm, with what is recorded of its study beside it."""
    head = (
        "study", "label", "title", "year", "design", "country", "centres", "period", "registration", "funding", "condition", "severity",
        "age", "sex", *STAGES, "arm", "role", "arm_label", "treatment", "dose", "route", "schedule", "n", "n_assumed", "arm_randomised",
    )  # fmt: skip
    rows = [
        (*_study_cells(study), key, arm.role, arm.label, arm.treatment, arm.dose, arm.route, arm.schedule, *_sizes(arm))
        for study in found.synthesis.base.studies
        for key, arm in study.arms.items()
    ]
    return Listed(head, tuple(rows))


def _study_cells(study: Study) -> tuple[Any, ...]:
    cited, design, people = study.citation, study.design, study.population
    return (
        study.id, study.label, cited.title, cited.year, design.type, design.country, design.centres, design.period, design.registration,
        design.funding, people.condition, people.severity, people.age, people.sex, *(_text(getattr(people, stage)) for stage in STAGES),
    )  # fmt: skip


def _sizes(arm: Arm) -> tuple[str | None, str | None, str | None]:
    return _text(arm.n), arm.n.assumed if arm.n is not None else None, _text(arm.randomised)


def _text(value: Quantity | None) -> str | None:
    return None if value is None else value.value.text


# --- effects -----------------------------------------------------------------------------------------------------


def effect_tables(found: Material) -> list[Table]:
    """A table an outcome."""
    return [effect_table(one) for one in found.synthesis.with_data]


def effect_table(one: OutcomeSynthesis) -> Table:
    """The studies of one outcome with the figures of each group, their effects and weights, and what is pooled."""
    sizes, fit = fitted(one)
    notes = footnotes(sizes.rows)
    rows = [
        Row((
            marked(row.label, ",".join(part for part in (notes.marks[row.study], MARKS.get(one.marks.get(row.record, ""), "")) if part)),
            arm_words(row.experimental), arm_words(row.comparator),
            _estimate(row.estimate, row.low, row.high), percent(share),
        ))
        for row, share in zip(sizes.rows, _shares(fit), strict=True)
    ]  # fmt: skip
    shown = fit.display
    if fit.k > 1:
        whole = percent(sum(fit.weights)) if fit.weights else ""
        rows.append(Row(("Pooled", "", "", _estimate(shown.estimate, shown.ci_low, shown.ci_high), whole), "total"))
    if shown.prediction_low is not None:
        ahead = beside(shown.estimate, shown.prediction_low, shown.prediction_high)
        rows.append(Row((f"{level(fit.level)} prediction interval", "", "", ahead, "")))
    heads = ("Study", "Experimental", "Comparator", Column(f"{sizes.measure} ({level(fit.level)} CI)", True), Column("Weight", True))  # fmt: skip
    kind = _group_note(sizes.rows)
    said = [*notes.notes, *((mark, MARK_NOTES[mark]) for mark in dict.fromkeys(MARKS[level] for level in one.marks.values() if _seen(one, level)))]  # fmt: skip
    unit = f" ({sizes.unit})" if sizes.unit else ""
    where = f": {sizes.comparison_label}" if sizes.comparison_label else ""
    return make_table(f"effects-{one.outcome}", f"{one.label}{unit}{where}", heads, rows, [*said, *([("", kind)] if kind else [])])  # fmt: skip


def _seen(one: OutcomeSynthesis, mark: str) -> bool:
    """Whether a study of the analysis bears the mark."""
    sizes, _ = fitted(one)
    return any(one.marks.get(row.record) == mark for row in sizes.rows)


def _group_note(rows: Sequence[StudyEffect]) -> str:
    """What the figures of a group are."""
    arms = [arm for row in rows for arm in (row.experimental, row.comparator)]
    if any(arm.events is not None for arm in arms):
        return "Groups: patients with the event / patients." if any(arm.n is not None for arm in arms) else "Groups: events / person-time."  # fmt: skip
    return "Groups: mean ± standard deviation (patients)." if any(arm.mean is not None for arm in arms) else ""


def _estimate(estimate: float, low: float, high: float) -> str:
    return with_limits(estimate, low, high)


def _shares(fit: PooledResult) -> tuple[float | None, ...]:
    return fit.weights or (None,) * fit.k


def effects_data(found: Material) -> Listed:
    """A row a study and outcome; estimates on the natural scale, yi on the analysis scale, weights as shares."""
    head = (
        "outcome", "study", "label", "timepoint", "measure", "estimate", "ci_low", "ci_high", "level", "yi", "vi", "sei", "weight",
        "n_1", "events_1", "mean_1", "sd_1", "time_1", "n_2", "events_2", "mean_2", "sd_2", "time_2", "derivation", "notes", "integrity",
    )  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for one in found.synthesis.with_data:
        sizes, fit = fitted(one)
        for row, share in zip(sizes.rows, _shares(fit), strict=True):
            arms = [
                getattr(arm, name)
                for arm in (row.experimental, row.comparator)
                for name in ("n", "events", "mean", "sd", "time")
            ]
            rows.append((
                one.outcome, row.study, row.label, row.timepoint, sizes.measure, row.estimate, row.low, row.high, sizes.level, row.yi,
                row.vi, row.sei, share, *arms, row.derivation.words, "; ".join(flag.text for flag in row.flags),
                one.marks.get(row.record),
            ))  # fmt: skip
    return Listed(head, tuple(rows))


def participants(rows: Sequence[StudyEffect]) -> float | None:
    """Everyone in both groups of all studies; None where one does not say."""
    sizes = [arm.n for row in rows for arm in (row.experimental, row.comparator)]
    return None if None in sizes else sum(size or 0.0 for size in sizes)
