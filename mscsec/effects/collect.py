"""From the chosen results to effects: each study by the first route that gives numbers, the measure over all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mscsec.effects.contrast import crossover_difference, matching_effect, reported_effect
from mscsec.effects.derive import common_sd, complete, events_of, mean_of, merged, rate_of, shared
from mscsec.effects.measures import FAMILIES, MEASURES, TRANSFORMS, Measure, effect_size
from mscsec.effects.reading import Gap, Reading, Rules, attempt
from mscsec.effects.select import Chosen, Excluded
from mscsec.effects.trail import ArmData, Derivation, Flag, Trail
from mscsec.errors import UsageError
from mscsec.records.models import Outcome
from mscsec.results import Notice, Result

RELATIVE = frozenset({"RR", "OR", "PETO"})  # a trial without events in either arm says nothing about a ratio

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


def drop_double_zeros(row: Measure, asked: bool | None) -> bool | None:
    """Whether trials without events in either arm are left out: as asked, else for relative measures."""
    if asked is None:
        return True if row.key in RELATIVE else None
    return asked if row.family == "dichotomous" else None


# --- one study -----------------------------------------------------------------------------------------------------


def read_study(chosen: Chosen, plan: Outcome, row: Measure, rules: Rules, prefer: str) -> list[Read]:
    """A study's numbers by the first route that gives them; Gap with the reason of the preferred route where none does."""
    if rules.multi_arm == "split" and len(chosen.experimental) > 1:
        parts = [replace(chosen, experimental=(name,)) for name in chosen.experimental]
        return [replace(_read(part, plan, row, rules, prefer, len(parts)), part=part.experimental[0]) for part in parts]
    return [_read(chosen, plan, row, rules, prefer, 1)]


def _read(chosen: Chosen, plan: Outcome, row: Measure, rules: Rules, prefer: str, sharing: int) -> Read:
    routes: list[Callable[..., Read]] = (
        [_from_arms, _from_contrast] if prefer == "arms" else [_from_contrast, _from_arms]
    )
    if row.family == "reported":
        routes = [_from_contrast]
    elif GROUPS.get(row.family, 2) < 2:
        routes = [_from_one_group]
    first: Gap | None = None
    for route in routes:
        try:
            read: Read = attempt(route, chosen, Reading(chosen, plan, rules), row, sharing)
        except Gap as gap:
            first = first or gap
            continue
        _compare_with_printed(read, plan, row, rules)
        return read
    assert first is not None
    raise first


def _from_arms(chosen: Chosen, reading: Reading, row: Measure, sharing: int) -> Read:
    names = FAMILIES[row.family].names
    if "events_1" in names:
        reader = rate_of if "time_1" in names else events_of
    elif "mean_1" in names:
        reader = mean_of
    else:
        raise Gap(f"{row.key} is not computed from figures by arm")
    if row.key == "MD" and (paired := crossover_difference(reading)) is not None:
        return Read(chosen, reading, ArmData(chosen.experimental[0]), ArmData(chosen.comparator[0]), {}, paired)
    if reader is mean_of and len(chosen.experimental) == len(chosen.comparator) == 1:
        one, two = common_sd(reading, reader(reading, chosen.experimental[0]), reader(reading, chosen.comparator[0]))
    else:
        one, two = (
            merged(reading, [complete(reader(reading, name)) for name in side])
            for side in (chosen.experimental, chosen.comparator)
        )
    two = shared(reading, two, sharing)
    fields = ("events", "n", "mean", "sd", "time")
    values = {f"{field}_{side}": getattr(arm, field) for side, arm in ((1, one), (2, two)) for field in fields}
    return Read(chosen, reading, one, two, {name: value for name, value in values.items() if name in names})


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
        return _from_change(chosen, reading)
    names = FAMILIES[row.family].names
    reader = mean_of if "mean" in names else rate_of if "time" in names else events_of
    one = merged(reading, [complete(reader(reading, name)) for name in chosen.experimental])
    fields = ("events", "n", "mean", "sd", "time")
    values: dict[str, float | None] = {name: getattr(one, name) for name in fields if name in names}
    return Read(chosen, reading, one, ArmData(""), values)


def _from_change(chosen: Chosen, reading: Reading) -> Read:
    """Final (1) and baseline (2) values of one arm, with their correlation."""
    name = chosen.experimental[0]
    printed, path = reading.arm(name)
    final = mean_of(reading, name)
    if printed.baseline is None or printed.baseline.sd is None:
        raise Gap(f"arm {name} has no baseline: with mean and sd")
    before = reading.figure(f"{name}: baseline mean", printed.baseline.mean, (*path, "baseline", "mean"), True)
    sd = reading.figure(f"{name}: baseline SD", printed.baseline.sd, (*path, "baseline", "sd"), True)
    if printed.change is not None and printed.change.correlation is not None:
        r = reading.figure(f"{name}: correlation", printed.change.correlation, (*path, "change", "correlation"))
    elif reading.rules.correlation is not None or reading.plan.correlation is not None:
        own = reading.plan.correlation
        r = (
            reading.rules.correlation
            if reading.rules.correlation is not None
            else float(own.value)
            if own is not None
            else 0.0
        )
        reading.trail.flag("E203", "assumed", f"correlation of baseline and final values = {r:g} is assumed")
    else:
        raise Gap(
            f"no correlation between baseline and final values for arm {name} (outcome's correlation:, or --correlation)"
        )
    values = {"mean_1": final.mean, "sd_1": final.sd, "mean_2": before, "sd_2": sd, "r": r, "n": final.n}
    return Read(chosen, reading, final, ArmData("baseline", n=final.n, mean=before, sd=sd), values)


def _from_contrast(chosen: Chosen, reading: Reading, row: Measure, _sharing: int) -> Read:
    if len(chosen.experimental) > 1 or len(chosen.comparator) > 1:
        named = [effect for effect in chosen.result.effects if effect.experimental and effect.comparator]
        if len(named) != 1:
            raise Gap("several arms enter, and no single reported contrast covers them")
    yi, sei = reported_effect(reading, row.key, "log" if row.back == "exp" else "identity")
    if row.back == "identity" and reading.factor != 1:
        yi, sei = yi * reading.factor, sei * reading.factor
    if chosen.result.reversed and row.null == 0 and row.back == "identity":
        reading.trail.flag(
            "E211", "reversed", "the scale runs against the outcome's: the effect is taken with the opposite sign"
        )
        yi = -yi
    one, two = (ArmData(" + ".join(side)) for side in (chosen.experimental, chosen.comparator))
    return Read(chosen, reading, one, two, {}, (yi, sei))


# --- two routes to one number ----------------------------------------------------------------------------------------

_ESTIMATED = frozenset({"E206", "E208", "E209", "E212", "E214", "E215"})  # figures that are not the paper's own
SE_TOLERANCE = 0.1  # a printed interval is by t, z or a likelihood; they differ by less than this in usable samples


def _compare_with_printed(read: Read, plan: Outcome, row: Measure, rules: Rules) -> None:
    """Marks an effect by arms that differs from the printed contrast by more than rounding can explain."""
    if read.reported is not None or {flag.code for flag in read.reading.trail.flags} & _ESTIMATED:
        return
    found = matching_effect(read.chosen, row.key)
    if found is None or found[1].estimate is None or found[1].adjusted is not None:
        return
    printed = found[1].estimate.value
    try:
        _, sei = reported_effect(Reading(read.chosen, plan, rules), row.key, "log" if row.back == "exp" else "identity")
    except Gap:
        return
    own = effect_size(row.key, **{name: [value] for name, value in read.values.items()})  # type: ignore[arg-type]
    if not own.included[0]:
        return
    slack = printed.half_unit + sum(
        10.0 ** -len(figure.text.partition(".")[2]) / 2
        for figure in read.reading.trail.figures
        if figure.name.endswith("mean")
    )
    back = np.exp if row.back == "exp" and not found[1].log else np.asarray
    estimate = float(back(own.yi[0]))
    off = abs(estimate - float(printed) * (read.reading.factor if row.back == "identity" else 1)) > slack * (1 + 1e-9)
    wide = abs(float(own.sei[0]) / (sei * (read.reading.factor if row.back == "identity" else 1)) - 1) > SE_TOLERANCE
    if off or wide:
        low, high = float(back(own.ci_low[0])), float(back(own.ci_high[0]))
        shown = f"{printed.text}" + (f" ({found[1].ci[0].text} to {found[1].ci[1].text})" if found[1].ci else "")
        read.reading.trail.flag(
            "E219",
            "differs",
            f"the paper prints {row.key} {shown}; its figures by arm, used here, give {estimate:.4g} ({low:.4g} to {high:.4g})",
        )


# --- all studies -----------------------------------------------------------------------------------------------------


def compute(
    read: list[Read], row: Measure, level: float, options: dict[str, Any]
) -> tuple[list[StudyEffect], list[Excluded], tuple[Notice, ...]]:
    """The measure over all studies at once; what it refuses is named study by study."""
    rows: dict[str, StudyEffect] = {}
    refused: list[Excluded] = []
    warnings: tuple[Notice, ...] = ()
    for computed in (True, False):
        items = [item for item in read if (item.reported is None) == computed]
        if not items:
            continue
        if computed:
            arrays: dict[str, Any] = {
                name: [item.values.get(name) for item in items]
                for name in dict.fromkeys(name for item in items for name in item.values)
            }
            found = effect_size(row.key, level=level, **arrays, **options)
            warnings = found.warnings
        else:
            pairs = [item.reported for item in items if item.reported]
            found = effect_size("GEN", level=level, yi=[yi for yi, _ in pairs], sei=[sei for _, sei in pairs])
        for place, item in enumerate(items):
            if not found.included[place]:
                why = "; ".join(notice.message for notice in found.notices(place)) or "no finite effect"
                refused.append(Excluded(item.id, item.label, why))
                continue
            made = study_effect(
                item.id, item.label, row, found, place, item.reading.trail, item.experimental, item.comparator, computed
            )
            rows[item.id] = replace(made, result_index=item.chosen.index, timepoint=item.chosen.result.timepoint)
    return [rows[item.id] for item in read if item.id in rows], refused, warnings


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
        trail.step("yi", yi, row.formula, row.key, row.source)
        trail.step(
            "vi",
            vi,
            row.variance if found.vtype == row.vtypes[0] else f"variance formula {found.vtype}",
            row.key,
            row.source,
        )
    shown = (
        found.natural()
        if computed
        else tuple(np.asarray(natural(row.back, part)) for part in (found.yi, found.ci_low, found.ci_high))
    )
    estimate, natural_low, natural_high = (float(np.asarray(part)[place]) for part in shown)
    return StudyEffect(
        study, label, yi, vi, sei, low, high, estimate, natural_low, natural_high, experimental, comparator,
        trail.derivation(), tuple(trail.flags),
    )  # fmt: skip


def natural(back: str, value: Any, n: float | None = None) -> Any:
    """A value on the analysis scale, on the scale a reader knows.

    back : key in TRANSFORMS. n : sample size for the transformations that need one (the double arcsine).
    """
    row = TRANSFORMS[back]
    return row.function(np.asarray(value, dtype=float), **({"n": n} if "n" in row.needs else {}))
