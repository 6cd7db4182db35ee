"""The effects of one outcome over an evidence base: one row a study, with its trail, its flags, and who was left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mscsec.arrays import Array
from mscsec.effects.derive import Gap, Reading, attempt, reported_effect
from mscsec.effects.measures import FAMILIES, MEASURES, Measure, effect_size
from mscsec.effects.select import DESIGNS, RANDOMISED_DESIGNS, Chosen, Excluded, choose, comparison_of
from mscsec.effects.trail import ArmData, Derivation, Flag, Trail
from mscsec.errors import UnknownName, UsageError
from mscsec.records.models import Outcome
from mscsec.records.reader import EvidenceBase
from mscsec.registry import choose as choose_row
from mscsec.results import Notice, Result

DEFAULT_MEASURES = {"continuous": "MD", "dichotomous": "RR", "time-to-event": "HR", "count": "IRR", "generic": "GEN"}
RELATIVE = frozenset({"RR", "OR", "PETO"})  # a trial without events in either arm says nothing about a ratio


@dataclass(frozen=True, slots=True)
class StudyEffect(Result):
    """One study's effect on the analysis scale, with where it comes from.

    yi, vi, sei, ci_low, ci_high : analysis scale (ratios as logs). estimate, low, high : natural scale.
    """

    study: str
    label: str
    yi: float
    vi: float
    sei: float
    ci_low: float
    ci_high: float
    estimate: float
    low: float
    high: float
    experimental: ArmData
    comparator: ArmData
    derivation: Derivation
    flags: tuple[Flag, ...] = ()
    result_index: int | None = None
    timepoint: str | None = None


@dataclass(frozen=True, slots=True)
class EffectSizes(Result):
    """Effects of one outcome. `rows` can be pooled; `excluded` says for every other study why it is not here."""

    outcome: str
    outcome_label: str
    measure: str
    measure_name: str
    transform: str
    null: float | None
    unit: str | None
    better: str
    important_difference: float | None
    comparison: str | None
    comparison_label: str | None
    level: float
    rows: tuple[StudyEffect, ...]
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[Notice, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Study labels in the order of `yi`."""
        return tuple(row.label for row in self.rows)

    @property
    def yi(self) -> Array:
        """(k,) effects on the analysis scale."""
        return np.array([row.yi for row in self.rows])

    @property
    def vi(self) -> Array:
        """(k,) sampling variances."""
        return np.array([row.vi for row in self.rows])

    @property
    def flags(self) -> tuple[tuple[Flag, ...], ...]:
        """Flags of each study, in the order of `yi`."""
        return tuple(row.flags for row in self.rows)

    @property
    def derivation(self) -> tuple[Derivation, ...]:
        """Where each effect comes from, in the order of `yi`."""
        return tuple(row.derivation for row in self.rows)

    def without(self, studies: Iterable[str]) -> EffectSizes:
        """The same effects without some studies (by id), which move to `excluded`. Raises UnknownName for a stranger."""
        out = list(studies)
        known = [row.study for row in self.rows] + [study.study for study in self.excluded]
        for study in out:
            if study not in known:
                raise UnknownName("study", study, known)
        moved = tuple(Excluded(row.study, row.label, "excluded on request") for row in self.rows if row.study in out)
        return replace(
            self, rows=tuple(row for row in self.rows if row.study not in out), excluded=(*self.excluded, *moved)
        )


def effects(
    base: EvidenceBase,
    outcome: str,
    *,
    measure: str | None = None,
    comparison: str | None = None,
    timepoint: str | None = None,
    designs: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    level: float = 0.95,
    mean_rule: str = "luo2018",
    sd_rule: str = "wan-shi",
    prefer: str = "arms",
    **options: Any,
) -> EffectSizes:
    """Effects of `outcome` in every study of `base` that reports it, each with its derivation.

    measure : key of MEASURES; the outcome's own, or the usual one of its type, where None.
    comparison, timepoint : which contrast and time point; rules of the review where None.
    designs : types of design that enter; the randomised ones where None and the review says nothing.
    mean_rule, sd_rule : rules for a mean and an SD from medians, keys of `five_numbers.MEANS` and `SDS`.
    prefer : "arms" takes figures by arm before a reported contrast, "reported" the other way round.
    options : vtype, correct, add, to, drop00 of `effect_size`.

    Raises UnknownName (outcome, comparison, study), UnknownMethod (measure), UsageError (several comparisons at once).
    """
    if outcome not in base.review.outcomes:
        raise UnknownName("outcome", outcome, base.review.outcomes)
    plan = base.review.outcomes[outcome]
    row = choose_row(MEASURES, measure or plan.measure or DEFAULT_MEASURES.get(plan.type, "GEN"), "measure")
    _check_type(row, plan, outcome)
    key = comparison_of(base.review, base.studies, outcome, comparison)
    allowed = _designs(designs if designs is not None else base.review.analysis.designs)
    picked = [choose(study, base.review, outcome, key, timepoint, allowed) for study in base.studies]
    excluded = [item for item in picked if isinstance(item, Excluded)]
    options["drop00"] = drop_double_zeros(row, options.get("drop00"))
    read: list[_Read] = []
    for chosen in (item for item in picked if isinstance(item, Chosen)):
        try:
            read.append(_read(chosen, plan, row, mean_rule, sd_rule, prefer))
        except Gap as gap:
            excluded.append(Excluded(chosen.study.id, chosen.study.label, str(gap)))
    rows, refused, warnings = _effects(read, row, level, options)
    order = {study.id: place for place, study in enumerate(base.studies)}
    left_out = sorted((*excluded, *refused), key=lambda item: order[item.study])
    label = (base.review.comparisons[key].label or key) if key else None
    sizes = EffectSizes(
        outcome, plan.label, row.key, row.name, row.back, row.null, plan.unit, plan.better,
        float(plan.important_difference.value) if plan.important_difference else None, key, label, level,
        tuple(rows), tuple(left_out), warnings,
    )  # fmt: skip
    return sizes.without(exclude)


def _designs(asked: Iterable[str] | None) -> tuple[str, ...]:
    if asked is None:
        return RANDOMISED_DESIGNS
    names = tuple(asked)
    if names == ("all",):
        return DESIGNS
    for name in names:
        if name not in DESIGNS:
            raise UnknownName("design", name, (*DESIGNS, "all"))
    return names


def drop_double_zeros(row: Measure, asked: bool | None) -> bool | None:
    """Whether trials without events in either arm are left out: as asked, else for relative measures."""
    if asked is None:
        return True if row.key in RELATIVE else None
    return asked if row.family == "dichotomous" else None


_TYPES = {
    "dichotomous": {"dichotomous"}, "means": {"continuous"}, "smd": {"continuous"}, "rates": {"count"},
    "reported": {"time-to-event", "generic", "continuous", "dichotomous", "count", "correlation"},
}  # fmt: skip


def _check_type(row: Measure, plan: Outcome, outcome: str) -> None:
    """A measure fits the outcome's type; raises UsageError with those that do."""
    fits = [key for key, item in MEASURES.items() if plan.type in _TYPES.get(item.family, set())]
    if row.key not in fits:
        raise UsageError(
            f"{row.key} ({row.name}) does not fit {outcome}, which is {plan.type}. Measures that do: {', '.join(fits)}"
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """One study's numbers, read; `reported` holds yi and SE where a printed contrast is taken instead of the arms."""

    chosen: Chosen
    reading: Reading
    experimental: ArmData
    comparator: ArmData
    reported: tuple[float, float] | None = None


def _read(chosen: Chosen, plan: Outcome, row: Measure, mean_rule: str, sd_rule: str, prefer: str) -> _Read:
    """The first route that gives numbers; Gap with the reason of the preferred one where none does."""
    unit = chosen.result.unit
    factor = float(plan.conversions[unit].value) if unit in plan.conversions else 1.0
    routes = [_from_arms, _from_contrast] if prefer == "arms" else [_from_contrast, _from_arms]
    if row.family == "reported":
        routes = [_from_contrast]
    first: Gap | None = None
    for route in routes:
        try:
            read: _Read = attempt(route, chosen, Reading(chosen, factor, plan.unit, mean_rule, sd_rule), row)
            return read
        except Gap as gap:
            first = first or gap
    assert first is not None
    raise first


def _from_arms(chosen: Chosen, reading: Reading, row: Measure) -> _Read:
    readers = {"dichotomous": reading.events, "means": reading.mean_sd, "smd": reading.mean_sd, "rates": reading.rate}
    if row.family not in readers:
        raise Gap(f"{row.key} is not computed from figures by arm")
    reader = readers[row.family]
    if row.family in ("means", "smd") and len(chosen.experimental) == len(chosen.comparator) == 1:
        one, two = reading.common_sd(reader(chosen.experimental[0]), reader(chosen.comparator[0]))
    else:
        one, two = (
            reading.merged([_complete(reader(name), row) for name in side])
            for side in (chosen.experimental, chosen.comparator)
        )
    return _Read(chosen, reading, one, two)


def _complete(arm: ArmData, row: Measure) -> ArmData:
    if row.family in ("means", "smd") and arm.sd is None:
        raise Gap(f"no SD, SE or CI for {arm.label}")
    return arm


def _from_contrast(chosen: Chosen, reading: Reading, row: Measure) -> _Read:
    if len(chosen.experimental) > 1 or len(chosen.comparator) > 1:
        named = [effect for effect in chosen.result.effects if effect.experimental and effect.comparator]
        if not named or len(named) > 1:
            raise Gap("several arms enter, and no single reported contrast covers them")
    scale = "log" if row.back == "exp" else "identity"
    found = reported_effect(reading, row.key, scale)
    if row.back == "identity" and reading.factor != 1:
        found = (found[0] * reading.factor, found[1] * reading.factor)
    one, two = (ArmData(" + ".join(side)) for side in (chosen.experimental, chosen.comparator))
    return _Read(chosen, reading, one, two, found)


_ARRAYS = ("events", "n", "mean", "sd", "time")


def _effects(
    read: list[_Read], row: Measure, level: float, options: dict[str, Any]
) -> tuple[list[StudyEffect], list[Excluded], tuple[Notice, ...]]:
    """The measure over all studies at once; what it refuses is named study by study."""
    if not read:
        return [], [], ()
    from_arms = [item for item in read if item.reported is None]
    as_given = [item for item in read if item.reported is not None]
    rows: dict[str, StudyEffect] = {}
    refused: list[Excluded] = []
    warnings: tuple[Notice, ...] = ()
    for items, computed in ((from_arms, True), (as_given, False)):
        if not items:
            continue
        if computed:
            names = FAMILIES[row.family].names
            arrays: dict[str, Any] = {
                f"{name}_{side}": [getattr(arm, name) for arm in arms]
                for name in _ARRAYS
                for side, arms in ((1, [item.experimental for item in items]), (2, [item.comparator for item in items]))
                if f"{name}_{side}" in names
            }
            found = effect_size(row.key, level=level, **arrays, **options)
            warnings = tuple(notice for notice in found.warnings)
        else:
            pairs = [item.reported for item in items if item.reported]
            found = effect_size("GEN", level=level, yi=[yi for yi, _ in pairs], sei=[sei for _, sei in pairs])
        for place, item in enumerate(items):
            study = item.chosen.study
            notices = found.notices(place)
            if not found.included[place]:
                why = "; ".join(notice.message for notice in notices) or "no finite effect"
                refused.append(Excluded(study.id, study.label, why))
                continue
            rows[study.id] = _row(item, row, found, place, computed)
    return [rows[item.chosen.study.id] for item in read if item.chosen.study.id in rows], refused, warnings


def _row(item: _Read, row: Measure, found: Any, place: int, computed: bool) -> StudyEffect:
    study, chosen = item.chosen.study, item.chosen
    made = study_effect(
        study.id, study.label, row, found, place, item.reading.trail, item.experimental, item.comparator, computed
    )
    return replace(made, result_index=chosen.index, timepoint=chosen.result.timepoint)


def study_effect(
    study: str,
    label: str,
    row: Measure,
    found: Any,
    place: int,
    trail: Trail,
    experimental: ArmData,
    comparator: ArmData,
    computed: bool,
) -> StudyEffect:
    """Row `place` of `found` (an `Effects`) as a StudyEffect with its trail.

    computed : True where the measure's own formula gave it, False where yi and its standard error were given.
    """
    for notice in found.notices(place):
        trail.flag(notice.code, "correction", notice.message)
    yi, vi, sei, low, high = (float(getattr(found, name)[place]) for name in ("yi", "vi", "sei", "ci_low", "ci_high"))
    if computed:
        trail.step("yi", yi, f"{row.name}{' (log)' if row.back == 'exp' else ''}", row.key, row.source)
        trail.step("vi", vi, f"sampling variance, {found.vtype}", row.key, row.source)
    estimate, natural_low, natural_high = (float(np.exp(x)) if row.back == "exp" else x for x in (yi, low, high))
    return StudyEffect(
        study, label, yi, vi, sei, low, high, estimate, natural_low, natural_high, experimental, comparator,
        trail.derivation(), tuple(trail.flags),
    )  # fmt: skip
