"""From the chosen results to effects: each study by the first route that gives numbers, the measure over all at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mscsec.effects.contrast import UNPAIRED, crossover_difference, matching_effect, reported_effect, turned
from mscsec.effects.crosscheck import IN_UNITS, cross_check
from mscsec.effects.derive import (
    baseline_sd,
    common_sd,
    complete,
    correlation_of,
    events_of,
    mean_of,
    merged,
    rate_of,
    same_kind,
    shared,
)
from mscsec.effects.formula import Formula
from mscsec.effects.measures import FAMILIES, MEASURES, TRANSFORMS, Measure, effect_size
from mscsec.effects.measures.refusals import DOUBLE_ZERO
from mscsec.effects.reading import Gap, Reading, Rules, attempt
from mscsec.effects.rebuilt import rebuilt_cells
from mscsec.effects.select import Chosen, Excluded
from mscsec.effects.trail import ArmData, Derivation, Flag, Trail
from mscsec.errors import InvalidInput, UsageError
from mscsec.records.models import Outcome
from mscsec.results import Notice, Result
from mscsec.said import said

# Ratios that have no value once the means are turned round to negative ones.
_POSITIVE = frozenset({"ROM", "CVR", "MNLN", "CVLN", "SMN", "ROMC", "CVRC"})
_BY_BASELINE = frozenset({"SMCR", "SMCRH"})  # change over one SD: that before treatment (Becker 1988)

LARGEST_LOG = 600.0  # its exponential is still a number, and no ratio is that large

# Families of measures that look at one group, or at none (a correlation); all others compare two.
GROUPS = {
    "proportion": 1, "rate": 1, "mean": 1, "sd": 1, "change": 1, "change_one_sd": 1, "change_sds": 1, "change_d": 1, "correlation": 0,
}  # fmt: skip
_TYPES = {
    "dichotomous": {"dichotomous"}, "proportion": {"dichotomous"},
    "means": {"continuous"}, "smd": {"continuous"}, "sds": {"continuous"}, "glass": {"continuous"}, "superiority": {"continuous"},
    "mean": {"continuous"}, "sd": {"continuous"}, "change": {"continuous"}, "change_one_sd": {"continuous"},
    "change_sds": {"continuous"}, "change_d": {"continuous"},
    "rates": {"count"}, "rate": {"count"}, "correlation": {"correlation"},
    "reported": {"time-to-event", "generic", "continuous", "dichotomous", "count", "correlation"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StudyEffect(Result):
    """One study's effect on the analysis scale, with where it comes from.

    study : id of the record, with the arm behind a colon where a trial of several arms enters more than once.
    yi, vi, sei, ci_low, ci_high : analysis scale (ratios as logs). estimate, low, high : natural scale. All nan for a study
        without an estimate of its own that a method from the cells counts nevertheless.
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

    @property
    def estimable(self) -> bool:
        """Whether the study has an estimate of its own."""
        return not math.isnan(self.yi)

    @property
    def record(self) -> str:
        """Id of the record, also where the trial enters more than once."""
        return self.study.split(":")[0]

    @property
    def part(self) -> str:
        """The arm that this row is about, where the trial enters more than once; else empty."""
        return self.study.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Read:
    """One study's numbers; `reported` holds yi and SE where a contrast is taken instead of the arms.

    values : arguments of the measure by name. part : the arm, where a trial enters more than once.
    """

    chosen: Chosen
    reading: Reading
    experimental: ArmData
    comparator: ArmData
    values: dict[str, float | None]
    reported: tuple[float, float] | None = None
    part: str = ""

    @property
    def id(self) -> str:
        """Id of the row."""
        return f"{self.chosen.study.id}:{self.part}" if self.part else self.chosen.study.id

    @property
    def label(self) -> str:
        """Label of the row."""
        return f"{self.chosen.study.label} ({self.part})" if self.part else self.chosen.study.label


def check_type(row: Measure, plan: Outcome, outcome: str) -> None:
    """A measure fits the outcome's type; raises UsageError with those that do."""
    fits = [key for key, item in MEASURES.items() if plan.type in _TYPES.get(item.family, set())]
    if row.key not in fits:
        raise UsageError(
            f"{row.key} ({row.name}) does not fit {outcome}, which is {plan.type}. Measures that do: {', '.join(fits)}"
        )


# --- one study -----------------------------------------------------------------------------------------------------


def read_study(chosen: Chosen, plan: Outcome, row: Measure, rules: Rules, prefer: str) -> list[Read]:
    """A study's numbers by the first route that gives them; Gap with the reason of the preferred route where none does."""
    if rules.multi_arm in ("split", "separate") and len(chosen.experimental) > 1:
        count = len(chosen.experimental)
        parts = [replace(chosen, experimental=(name,), parts=count) for name in chosen.experimental]
        return [replace(_read(part, plan, row, rules, prefer, len(parts)), part=part.experimental[0]) for part in parts]
    return [_read(chosen, plan, row, rules, prefer, 1)]


def _read(chosen: Chosen, plan: Outcome, row: Measure, rules: Rules, prefer: str, sharing: int) -> Read:
    routes: list[Callable[..., Read]] = (
        [_from_contrast, _from_arms] if prefer == "reported" else [_from_arms, _from_contrast]
    )
    if row.family == "reported":
        routes = [_from_contrast]
    elif row.family == "dichotomous":
        routes.insert(1 if prefer == "cells" else 2, _from_cells)
    elif GROUPS.get(row.family, 2) < 2:
        routes = [_from_one_group]
    gaps: dict[Callable[..., Read], Gap] = {}
    for route in routes:
        try:
            read: Read = attempt(route, chosen, Reading(chosen, plan, rules), row, sharing)
        except Gap as gap:
            gaps[route] = gap
            continue
        if read.reported is None and GROUPS.get(row.family, 2) == 2:
            cross_check(read.reading, row, read.values, read.experimental, read.comparator)
        return read
    # The reason is that of the route the record has figures for, the preferred one where it has some for both.
    material = {_from_arms: bool(chosen.result.arms), _from_contrast: bool(chosen.result.effects)}
    if chosen.result.events is not None and _from_cells in gaps:  # a total of events is recorded for nothing else
        raise gaps[_from_cells]
    route = next((route for route in routes if material.get(route)), routes[0])
    if _from_cells in gaps and chosen.result.effects:
        raise Gap(f"{gaps[route]}, and cells cannot be rebuilt: {gaps[_from_cells]}")
    raise gaps[route]


def _from_arms(chosen: Chosen, reading: Reading, row: Measure, sharing: int) -> Read:
    names = FAMILIES[row.family].names
    if "events_1" in names:
        reader = rate_of if "time_1" in names else events_of
    elif "mean_1" in names:
        reader = mean_of
    else:
        raise Gap(f"{row.key} is not computed from figures by arm")
    if reader is not rate_of and reading.chosen.result.reversed and row.key in _POSITIVE:
        raise Gap(f"the scale is reversed, and a {row.name} cannot be turned round")
    if reader is mean_of:
        same_kind(reading, (*chosen.experimental, *chosen.comparator))
    if reader is mean_of and (paired := crossover_difference(reading, row.key)) is not None:
        if chosen.parts > 1:
            raise Gap(
                "paired differences that share a comparator cannot be divided, and their covariance is not reported"
            )
        return Read(chosen, reading, ArmData(chosen.experimental[0]), ArmData(chosen.comparator[0]), {}, paired)
    if reader is mean_of and len(chosen.experimental) == len(chosen.comparator) == 1:
        first, second = (reader(reading, side[0]) for side in (chosen.experimental, chosen.comparator))
        one, two = common_sd(reading, first, second, from_difference=row.key != "MD")
    else:
        one, two = (
            merged(reading, [complete(reader(reading, name)) for name in side])
            for side in (chosen.experimental, chosen.comparator)
        )
    if reader is not mean_of and chosen.study.design.type == "crossover-rct":
        reading.trail.flag("E218", "crossover", UNPAIRED)
    if sharing > 1 and reading.rules.multi_arm == "separate":
        reading.trail.flag(
            "E226", "correlated", said("set against the same comparator as {} other row(s) of the trial", sharing - 1)
        )
    else:
        two = shared(reading, two, sharing)
    fields = ("events", "n", "mean", "sd", "time")
    values = {f"{field}_{side}": getattr(arm, field) for side, arm in ((1, one), (2, two)) for field in fields}
    return Read(chosen, reading, one, two, {name: value for name, value in values.items() if name in names})


def _from_cells(chosen: Chosen, reading: Reading, row: Measure, _sharing: int) -> Read:
    """The cells worked back from a contrast or a test and the margins; the printed interval is held against them."""
    found = rebuilt_cells(reading)
    if chosen.study.design.type == "crossover-rct":
        reading.trail.flag("E218", "crossover", UNPAIRED)
    one, two = found.experimental, found.comparator
    values = {"events_1": one.events, "n_1": one.n, "events_2": two.events, "n_2": two.n}
    if found.measure is not None and found.measure != row.key and not chosen.result.reversed:
        cross_check(reading, MEASURES[found.measure], values, one, two)
    return Read(chosen, reading, one, two, values)


def _from_one_group(chosen: Chosen, reading: Reading, row: Measure, _sharing: int) -> Read:
    """A proportion, rate, mean, change or correlation of one group; several experimental arms are taken together."""
    if row.family == "correlation":
        result = chosen.result
        if result.r is None or result.n is None:
            raise Gap("the result has no r: with its n:")
        r = reading.figure("r", result.r, (*reading.base, "r"))
        n = reading.figure("n", result.n, (*reading.base, "n"))
        return Read(chosen, reading, ArmData("all", n=n), ArmData(""), {"r": r, "n": n})
    if row.family.startswith("change"):
        return _from_change(chosen, reading, row)
    if chosen.result.reversed and row.key in _POSITIVE:
        raise Gap(f"the scale is reversed, and a {row.name} cannot be turned round")
    names = FAMILIES[row.family].names
    reader = mean_of if "mean" in names else rate_of if "time" in names else events_of
    one = merged(reading, [complete(reader(reading, name)) for name in chosen.experimental])
    fields = ("events", "n", "mean", "sd", "time")
    values: dict[str, float | None] = {name: getattr(one, name) for name in fields if name in names}
    return Read(chosen, reading, one, ArmData(""), values)


def _from_change(chosen: Chosen, reading: Reading, row: Measure) -> Read:
    """Final (1) and baseline (2) values of one arm, with their correlation."""
    if len(chosen.experimental) > 1:
        raise Gap("changes of several arms are not combined; take them one by one (--multi-arm split)")
    if chosen.result.reversed and row.key in _POSITIVE:
        raise Gap(f"the scale is reversed, and a {row.name} cannot be turned round")
    name = chosen.experimental[0]
    printed, path = reading.arm(name)
    if printed.mean is None and printed.median is None:
        raise Gap(f"arm {name} has no final value beside its baseline")
    final = mean_of(reading, name)
    if printed.baseline is None:
        raise Gap(f"arm {name} has no baseline: with mean and sd")
    before = reading.figure(f"{name}: baseline mean", printed.baseline.mean, (*path, "baseline", "mean"), True)
    sd = baseline_sd(reading, name, printed, path, float(final.n or 0.0))
    r = correlation_of(reading, name, printed.change, (*path, "change"))
    sign = -1.0 if chosen.result.reversed else 1.0
    sds = (sd, final.sd) if row.key in _BY_BASELINE else (final.sd, sd)
    values = {"mean_1": final.mean, "sd_1": sds[0], "mean_2": sign * before, "sd_2": sds[1], "r": r, "n": final.n}
    known = {key: value for key, value in values.items() if key in FAMILIES[row.family].names}
    return Read(chosen, reading, final, ArmData("baseline", n=final.n, mean=sign * before, sd=sd), known)


def _from_contrast(chosen: Chosen, reading: Reading, row: Measure, _sharing: int) -> Read:
    if chosen.parts > 1:
        raise Gap(
            "contrasts that share a comparator cannot be divided, and their covariance is not reported; figures by arm are needed"
        )
    yi, sei = reported_effect(reading, row.key, "log" if row.back == "exp" else "identity")
    found = matching_effect(chosen, row.key)
    if chosen.study.design.type == "cluster-rct" and "cluster" not in ((found and found[1].adjusted) or "").casefold():
        reading.trail.flag(
            "E213",
            "clusters",
            "contrast of a cluster trial as printed; whether it allows for the clusters is not recorded (adjusted:)",
        )
    if found is not None and turned(found[1], chosen):
        if not _turns(row):
            raise Gap(
                f"the {row.key} is reported for the comparator against the experimental arm and cannot be turned round"
            )
        reading.trail.say("turned round, as it is reported for the comparator against the experimental arm")
        yi = reading.trail.step("yi", -yi, "- yi", "turned", "cochrane_handbook", yi=yi)
    if row.key in IN_UNITS and reading.factor != 1 and not any(flag.code == "E225" for flag in reading.trail.flags):
        yi = reading.trail.step("yi", yi * reading.factor, f"x {reading.factor:g}", "unit", "record", printed=yi)
        sei = reading.trail.step("SE", sei * reading.factor, f"x {reading.factor:g}", "unit", "record", printed=sei)
    if chosen.result.reversed:
        yi = _reversed(reading, row, yi)
    one, two = (ArmData(" + ".join(side)) for side in (chosen.experimental, chosen.comparator))
    return Read(chosen, reading, one, two, {}, (yi, sei))


def _turns(row: Measure) -> bool:
    """Whether a contrast the other way round is the same with the opposite sign."""
    return (row.antisymmetric or row.family == "reported") and row.null == 0


def _reversed(reading: Reading, row: Measure, yi: float) -> float:
    """A contrast on a reversed scale: a difference or an odds ratio changes sign, other ratios cannot be turned round."""
    if not (_turns(row) and (row.back == "identity" or row.key in ("OR", "PETO"))):
        raise Gap(f"the scale is reversed, and a {row.name} cannot be turned round")
    reading.trail.flag(
        "E220", "reversed", "the scale runs against the outcome's: the effect is taken with the opposite sign"
    )
    return reading.trail.step("yi", -yi, "- yi", "reversed", "cochrane_handbook", yi=yi)


# --- all studies -----------------------------------------------------------------------------------------------------


def compute(
    read: list[Read], row: Measure, level: float, options: dict[str, Any], counted: bool = False
) -> tuple[list[StudyEffect], list[Excluded], tuple[Notice, ...]]:
    """The measure over all studies at once; what it refuses is named study by study.

    counted : keep a study whose counts are known and give no estimate, as `without_estimate`.
    """
    rows: dict[str, StudyEffect] = {}
    refused: list[Excluded] = []
    warnings: tuple[Notice, ...] = ()
    for computed in (True, False):
        items = [item for item in read if (item.reported is None) == computed]
        if not items:
            continue
        if computed:
            try:
                found = effect_size(row.key, level=level, **_columns(items), **options)
            except InvalidInput:
                items, impossible = _possible(items, row, level, options)
                refused += impossible
                if not items:
                    continue
                found = effect_size(row.key, level=level, **_columns(items), **options)
            warnings = found.warnings
            formula = Formula(row, found, _columns(items))
        else:
            pairs = [item.reported for item in items if item.reported]
            found = effect_size("GEN", level=level, yi=[yi for yi, _ in pairs], sei=[sei for _, sei in pairs])
            formula = None
        for place, item in enumerate(items):
            if not found.included[place]:
                if counted and uninformative(found, place):
                    made = blank(item.id, item.label, item.reading.trail, item.experimental, item.comparator)
                    rows[item.id] = replace(
                        made, result_index=item.chosen.index, timepoint=item.chosen.result.timepoint
                    )
                    continue
                why = "; ".join(notice.message for notice in found.notices(place)) or "no finite effect"
                refused.append(Excluded(item.id, item.label, why))
                continue
            try:
                made = study_effect(
                    item.id,
                    item.label,
                    row,
                    found,
                    place,
                    item.reading.trail,
                    item.experimental,
                    item.comparator,
                    formula,
                )
            except Gap as gap:
                refused.append(Excluded(item.id, item.label, str(gap)))
                continue
            rows[item.id] = replace(made, result_index=item.chosen.index, timepoint=item.chosen.result.timepoint)
    return [rows[item.id] for item in read if item.id in rows], refused, warnings


def _columns(items: list[Read]) -> dict[str, Any]:
    """The studies' arguments as arrays; None where a study lacks one."""
    names = dict.fromkeys(name for item in items for name in item.values)
    return {name: [item.values.get(name) for item in items] for name in names}


def _possible(
    items: list[Read], row: Measure, level: float, options: dict[str, Any]
) -> tuple[list[Read], list[Excluded]]:
    """The studies whose numbers are possible, and the others with what is wrong; an impossible option is raised."""
    nothing: dict[str, Any] = {name: [np.nan] for name in _columns(items)}
    effect_size(row.key, level=level, **nothing, **options)  # raises where it is an option that is at fault
    found, refused = [], []
    for item in items:
        try:
            effect_size(row.key, level=level, **_columns([item]), **options)
            found.append(item)
        except InvalidInput as error:
            refused.append(Excluded(item.id, item.label, error.message))
    return found, refused


def study_effect(
    study: str,
    label: str,
    row: Measure,
    found: Any,
    place: int,
    trail: Trail,
    experimental: ArmData,
    comparator: ArmData,
    formula: Formula | None,
) -> StudyEffect:
    """Row `place` of `found` (an `Effects`) as a StudyEffect with its trail.

    formula : of the measure, with its numbers; None where yi and its standard error were given.
    Raises Gap for a logarithm that no ratio has.
    """
    for notice in found.notices(place):
        trail.flag(notice.code, "correction", notice.message)
    yi, vi, sei, low, high = (float(getattr(found, name)[place]) for name in ("yi", "vi", "sei", "ci_low", "ci_high"))
    if formula is not None:
        sides = {"_1": f"{experimental.label}: ", "_2": f"{comparator.label}: "}
        for name, after, before in formula.added(place):
            said = sides.get(name[-2:], "") + name.split("_")[0]
            how = f"{name.split('_')[0]} + {after - before:g}"
            trail.step(said, after, how, "zero-cells", "cochrane_handbook", **{name.split("_")[0]: before})
        trail.step("yi", yi, row.formula, row.key, row.source, **formula.inputs(place, row.formula))
        trail.step("vi", vi, formula.variance(), row.key, row.source, **formula.inputs(place, formula.variance(), yi))
    else:
        trail.step("vi", vi, "SE^2", "reported", row.source, SE=sei)
    if row.back == "exp" and abs(yi) > LARGEST_LOG:
        raise Gap(
            f"the log of the {row.name} is {yi:g}, and exp({yi:g}) is beyond any ratio"
            + (" (a ratio where its logarithm is wanted?)" if formula is None else "")
        )
    with np.errstate(over="ignore"):  # the end of a very wide interval may lie beyond any number, and is shown as inf
        shown = (
            found.natural()
            if formula is not None
            else tuple(natural(row.back, part) for part in (found.yi, found.ci_low, found.ci_high))
        )
    estimate, natural_low, natural_high = (float(np.asarray(part)[place]) for part in shown)
    return StudyEffect(
        study, label, yi, vi, sei, low, high, estimate, natural_low, natural_high, experimental, comparator,
        trail.derivation(), tuple(trail.flags),
    )  # fmt: skip


NOTHING = (math.nan,) * 8  # the eight numbers of a StudyEffect where there are none
NO_EVENT, ALL_EVENTS = (
    Flag("E104", "not estimable", f"not estimable: {who} had the event") for who in ("nobody", "everybody")
)


def uninformative(found: Any, place: int) -> bool:
    """Whether row `place` of `found` (an `Effects`) has no effect because nobody, or everybody, had the event."""
    return any(notice.message == DOUBLE_ZERO.why for notice in found.notices(place))


def blank(study: str, label: str, trail: Trail, experimental: ArmData, comparator: ArmData) -> StudyEffect:
    """A study that is counted without an estimate of its own."""
    why = ALL_EVENTS if experimental.events else NO_EVENT
    return StudyEffect(study, label, *NOTHING, experimental, comparator, trail.derivation(), (*trail.flags, why))


def without_estimate(row: StudyEffect) -> StudyEffect:
    """The study as one that is counted without an estimate of its own: no number was added to its counts."""
    kept = tuple(flag for flag in row.flags if flag.code not in ("E101", NO_EVENT.code))
    why = ALL_EVENTS if row.experimental.events else NO_EVENT
    return StudyEffect(
        row.study, row.label, *NOTHING, row.experimental, row.comparator, replace(row.derivation, steps=()),
        (*kept, why), row.result_index, row.timepoint,
    )  # fmt: skip


def natural(back: str, value: Any, size: float | None = None) -> Any:
    """A value on the analysis scale, on the scale a reader knows.

    back : key in TRANSFORMS. size : what the transformations that need one take: a sample size (double arcsine), or
        person-time (double square root).
    """
    row = TRANSFORMS[back]
    return row.function(np.asarray(value, dtype=float), **{name: size for name in row.needs if name in ("n", "t")})
