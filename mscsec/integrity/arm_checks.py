"""The checks of one arm of one result: percentages, whole steps, orders and spreads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from mscsec.integrity.granularity import possible_denominators, possible_n
from mscsec.integrity.located import Placed, Setting, Verdicts, attempt, with_size
from mscsec.integrity.printed import Figure, printed
from mscsec.integrity.sample_sizes import Size, firm_count, most_patients, size_of
from mscsec.integrity.verdict import Finding, Verdict, listed
from mscsec.records.models import ArmResult
from mscsec.records.nodes import Path
from mscsec.records.quantities import Quantity, SampleSize
from mscsec.results import Notice
from mscsec.said import num, said

_MOST = 400  # sizes tried for an arm of which nothing but a figure is known


def arm_verdicts(setting: Setting) -> Verdicts:
    """Every check that the figures of single arms allow."""
    for name, arm in setting.result.arms.items():
        path = (*setting.path, "arms", name)
        size = size_of(setting.study, setting.result, name)
        for check in (_percentages, _parts_of_arm, _whole_steps, _order, _spreads, _changes):
            yield from check(setting, path, name, arm, size)


def _percentages(setting: Setting, path: Path, name: str, arm: ArmResult, size: Size | None) -> Verdicts:
    if arm.time is not None:
        return  # events per person-time are no share of patients
    for field, count, share in (
        ("percent", arm.events, arm.percent),
        ("non_event_percent", arm.non_events, arm.non_event_percent),
    ):
        if share is None or share.assumed is not None:
            continue
        other = firm_count(arm, size)
        number = int(count.value) if count is not None else None
        if number is None and field == "non_event_percent" and other is not None and size is not None:
            number = size.n - other
        here = (*path, field)
        if size is not None:
            verdict = attempt("I201", share.value, size.n, number, rounding=setting.rounding)
            fits = None
            if verdict.asks and not size.firm:
                fits = possible_denominators(number, share.value, range(1, size.most + 1), rounding=setting.rounding)
            yield here, with_size(verdict, size, fits)
        elif number is not None:
            yield here, _percent_of_any(setting, name, share.value, number)


def _percent_of_any(setting: Setting, name: str, percent: Figure, count: int) -> Verdict:
    """A percentage and its count where no n is recorded: which n they imply."""
    most = most_patients(setting.study, name) or _MOST
    fits = possible_denominators(count, percent, range(1, most + 1), rounding=setting.rounding)
    return Verdict(
        "I201",
        Finding.CONSISTENT if fits else Finding.INCONSISTENT,
        said("{}% for {}, n not recorded", printed(percent), count),
        said("each patient counts once; n is {} at most", most),
        said("possible for n = {}", listed(fits)),
        question="" if fits else "Of how many patients is this percentage, and how many had it?",
        numbers={"denominators": fits},
    )


def _parts_of_arm(_setting: Setting, path: Path, _name: str, arm: ArmResult, size: Size | None) -> Verdicts:
    if size is None or arm.time is not None or arm.events is None or arm.non_events is None:
        return
    parts = [int(arm.events.value), int(arm.non_events.value)]
    verdict = attempt("I101", parts, size.n, what="patients with and without the event")
    yield (*path, "events"), with_size(verdict, size, (sum(parts),) if sum(parts) <= size.most else ())


def _whole_steps(setting: Setting, path: Path, name: str, arm: ArmResult, size: Size | None) -> Verdicts:
    if setting.plan is None or setting.plan.type != "continuous" or not setting.own_unit:
        return
    for place, mean, sd, own, change in _means(arm):
        n = size_of(setting.study, setting.result, name, own) if own is not None else size
        yield from _steps_of_mean(setting, (*path, *place, "mean"), name, mean, sd, n, change)
    if arm.median is not None and setting.plan.granularity is not None and size is not None:
        step, median = setting.plan.granularity.value, arm.median.value

        def check(n: int) -> Verdict:
            return attempt("I202", median, n, granularity=step, rounding=setting.rounding)

        yield (*path, "median"), with_size(check(size.n), size, None if size.firm else fitting(check, size, 1))


def _means(arm: ArmResult) -> Iterator[tuple[Path, Quantity, Quantity | None, SampleSize | None, bool]]:
    """(place below the arm, mean, SD, n of its own, whether it is a change) for every printed mean."""
    before, change = arm.baseline, arm.change
    if arm.mean is not None and arm.mean.assumed is None:
        yield (), arm.mean, _printed(arm.sd), None, False
    if before is not None and before.mean.assumed is None:
        yield ("baseline",), before.mean, _printed(before.sd), before.n, False
    if change is not None and change.mean.assumed is None:
        yield ("change",), change.mean, _printed(change.sd), None, True


def _printed(figure: Quantity | None) -> Quantity | None:
    return figure if figure is not None and figure.assumed is None else None


def _steps_of_mean(
    setting: Setting, path: Path, name: str, mean: Quantity, sd: Quantity | None, size: Size | None, change: bool
) -> Verdicts:
    plan = setting.plan
    assert plan is not None
    if plan.granularity is None:
        if size is not None and plan.range is not None and all(end.is_integer() for end in plan.range):
            yield path, _whole_scale(mean.value, size, setting.rounding)
        return
    scale: dict[str, Any] = {"granularity": plan.granularity.value, "rounding": setting.rounding}
    limits: dict[str, Any] = (
        {} if plan.range is None or change or sd is None else {"low": plan.range[0], "high": plan.range[1]}
    )
    least = 1 if sd is None else 2
    most = size.most if size is not None else most_patients(setting.study, name)
    spread = None if sd is None else sd.value

    def sizes() -> tuple[int, ...]:
        return possible_n(mean.value, spread, range(least, (most or 0) + 1), **scale, **limits)

    if size is None:
        if most is not None:
            yield path, _steps_of_any(mean.value, spread, most, sizes())
        return
    if sd is None:
        verdict = attempt("I204", mean.value, size.n, n_range=range(1, size.most + 1), **scale)
    else:
        verdict = attempt("I205", mean.value, sd.value, size.n, n_range=range(2, size.most + 1), **scale, **limits)
    agrees = size.firm or verdict.finding in (Finding.CONSISTENT, Finding.UNDECIDED)
    yield path, with_size(verdict, size, None if agrees else sizes())


def _steps_of_any(mean: Figure, sd: Figure | None, most: int, fits: tuple[int, ...]) -> Verdict:
    figures = num(printed(mean)) if sd is None else said("{} ± {}", printed(mean), printed(sd))
    return Verdict(
        "I204" if sd is None else "I205",
        Finding.CONSISTENT if fits else Finding.INCONSISTENT,
        said("{}, n not recorded", figures),
        said("each value is a whole step; n is {} at most", most),
        said("possible for n = {}, of up to {}", listed(fits), most),
        question="" if fits else "How many patients are in this figure, and in what steps was it recorded?",
        numbers={"possible_n": fits},
    )


def _whole_scale(mean: Figure, size: Size, rounding: str) -> Verdict:
    """A mean on a scale with whole ends whose step the protocol leaves open: not of whole steps is said, and no more."""
    verdict = with_size(attempt("I204", mean, size.n, rounding=rounding), size)
    if verdict.finding is not Finding.INCONSISTENT:
        return verdict
    finer = attempt("I204", mean, size.n, granularity="0.1", rounding=rounding).finding is Finding.CONSISTENT
    more = said("steps of {} can" if finer else "neither can steps of {}", num("0.1"))
    notice = Notice("I003", said("{} values in whole steps cannot have the mean {}; {}", size.n, printed(mean), more))
    return replace(
        verdict,
        finding=Finding.CONSISTENT,
        assumption=said("the protocol gives no step of one value; {}", size.words),
        question="",
        warnings=(*verdict.warnings, notice),
    )


def fitting(check: Callable[[int], Verdict], size: Size, least: int = 2) -> tuple[int, ...]:
    """The sizes up to `size.most` for which a check passes."""
    return tuple(n for n in range(least, min(size.most, _MOST) + 1) if check(n).finding is Finding.CONSISTENT)


def _order(setting: Setting, path: Path, _name: str, arm: ArmResult, _size: Size | None) -> Verdicts:
    if arm.iqr is None and arm.range is None:
        return
    figures: dict[str, Figure | None] = {
        "minimum": arm.range[0] if arm.range else None,
        "q1": arm.iqr[0] if arm.iqr else None,
        "median": arm.median.value if arm.median else None,
        "q3": arm.iqr[1] if arm.iqr else None,
        "maximum": arm.range[1] if arm.range else None,
        "mean": arm.mean.value if arm.mean else None,
    }
    yield (*path, "iqr" if arm.iqr else "range"), attempt("I103", **figures, rounding=setting.rounding)


def _spreads(setting: Setting, path: Path, _name: str, arm: ArmResult, size: Size | None) -> Verdicts:
    """An SD against the scale, the range, the median and the interval printed beside it."""
    if arm.sd is None or arm.sd.assumed is not None or size is None or size.n < 2:
        return
    rounding, sd, mean, plan = setting.rounding, arm.sd.value, arm.mean, setting.plan

    def placed(key: str, *figures: Figure, after: tuple[Figure, ...] = ()) -> Placed:
        def check(n: int) -> Verdict:
            return attempt(key, *figures, n, *after, rounding=rounding)

        verdict = check(size.n)
        failed = verdict.finding is Finding.INCONSISTENT and not size.firm
        return (*path, "sd"), with_size(verdict, size, fitting(check, size) if failed else None)

    if mean is not None and plan is not None and plan.range is not None and setting.own_unit:
        yield placed("I401", mean.value, sd, after=(plan.range[0], plan.range[1]))
    if arm.range is not None:
        yield placed("I402", sd, after=(arm.range[0], arm.range[1], *((mean.value,) if mean is not None else ())))
    if mean is not None and arm.median is not None:
        yield placed("I403", mean.value, arm.median.value, sd)
    if mean is not None and arm.ci is not None:
        level = float(arm.ci_level or 0.95)
        verdict = attempt("I406", sd, size.n, arm.ci[0], arm.ci[1], level=level, rounding=rounding)
        yield (*path, "ci"), with_size(verdict, size)


def _changes(setting: Setting, path: Path, _name: str, arm: ArmResult, _size: Size | None) -> Verdicts:
    """Change against baseline and final values; a final value is recorded beside them only where it is printed."""
    before, change = arm.baseline, arm.change
    if before is None or change is None:
        return
    if arm.mean is not None:
        figures = (before.mean.value, arm.mean.value, change.mean.value)
        yield (*path, "change", "mean"), attempt("I105", *figures, rounding=setting.rounding)
    if before.sd is not None and arm.sd is not None and change.sd is not None:
        spreads = (before.sd.value, arm.sd.value, change.sd.value)
        yield (*path, "change", "sd"), attempt("I404", *spreads, rounding=setting.rounding)
