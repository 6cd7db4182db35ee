"""From what a record prints for each arm to the numbers a measure takes, every step noted on the trail.

The order of preference is fixed and documented in `docs/methods.md`: figures as printed come before figures that are
computed from them exactly, and those before estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mscsec.effects.quantiles import mean_sd_of
from mscsec.effects.reading import Gap, Reading
from mscsec.effects.trail import ArmData
from mscsec.records.models import ArmResult, Change
from mscsec.records.nodes import Path
from mscsec.records.quantities import PValue, Quantity
from mscsec.said import num, quoted, said

# --- events ------------------------------------------------------------------------------------------------------

COMPLEMENT = "events are those not counted as event-free, everybody taken as followed up"


def events_of(reading: Reading, name: str) -> ArmData:
    """Events and participants of one arm, reduced to their effective numbers in a cluster trial."""
    printed, path = reading.arm(name)
    n = reading.n(name, printed, path)
    return counted(reading, name, n, printed_events(reading, name, printed, path, n))


def counted(reading: Reading, name: str, n: float, events: float) -> ArmData:
    """One arm by its events: turned round where the result is reversed, reduced in a cluster trial."""
    if reading.chosen.result.reversed:
        reading.trail.flag("E220", "reversed", "the event runs against the outcome's: those without it are counted")
        events = reading.trail.step(
            f"{name}: events", n - events, "n - events", "complement", "cochrane_handbook", n=n, events=events
        )
    return _of_clusters(reading, ArmData(name, n=n, events=events))


def printed_events(reading: Reading, name: str, printed: ArmResult, path: Path, n: float) -> float:
    """Events as printed; else those not counted as event-free; else a percentage that only one whole number gives."""
    trail = reading.trail
    if printed.events is not None:
        return reading.figure(f"{name}: events", printed.events, (*path, "events"))
    if printed.non_events is not None:
        without = reading.figure(f"{name}: without the event", printed.non_events, (*path, "non_events"))
        trail.flag("E204", "complement", COMPLEMENT)
        trail.say("events = n - those without the event")
        return trail.step(
            f"{name}: events", n - without, "n - without", "complement", "cochrane_handbook", n=n, without=without
        )
    for field, quantity in (("percent", printed.percent), ("non_event_percent", printed.non_event_percent)):
        if quantity is not None:
            percent = reading.figure(f"{name}: {field}", quantity, (*path, field))
            decimals = max(quantity.value.decimals, 0)
            try:
                count = reading.run(
                    "events-percent", {"events": f"{name}: people"}, percent=percent, n=n, decimals=decimals
                )["events"]
            except Gap as gap:
                raise Gap(f"{quantity.value.text} % of {n:g} in arm {name}: {gap}") from None
            trail.flag(
                "E205",
                "percentage",
                said(
                    "events of {} from {} % of {:g}, the only whole number that prints so",
                    name,
                    num(quantity.value.text),
                    n,
                ),
            )
            if field == "non_event_percent":
                trail.flag("E204", "complement", COMPLEMENT)
            return (
                count
                if field == "percent"
                else trail.step(
                    f"{name}: events", n - count, "n - people", "complement", "cochrane_handbook", n=n, people=count
                )
            )
    raise Gap(f"arm {name} has neither events nor a percentage")


def rate_of(reading: Reading, name: str) -> ArmData:
    """Events and person-time of one arm."""
    printed, path = reading.arm(name)
    if printed.events is None or printed.time is None:
        raise Gap(f"arm {name} lacks {'events' if printed.events is None else 'person-time (time:)'}")
    if reading.chosen.result.reversed:
        raise Gap("rates of the opposite event (reversed: true) say nothing about those of the event")
    if reading.chosen.study.design.type == "cluster-rct":
        reading.trail.flag("E213", "clusters", UNADJUSTED.replace("no cluster size or ICC", "rates are not reduced"))
    events = reading.figure(f"{name}: events", printed.events, (*path, "events"))
    return ArmData(name, events=events, time=reading.figure(f"{name}: time", printed.time, (*path, "time")))


# --- means -------------------------------------------------------------------------------------------------------


def mean_of(reading: Reading, name: str) -> ArmData:
    """Mean, SD and participants of one arm; SD None where only a comparison of the arms could give it.

    Means as printed come first, then means from a median, then changes from baseline.
    """
    printed, path = reading.arm(name)
    n = reading.n(name, printed, path)
    if printed.mean is not None:
        mean = reading.figure(f"{name}: mean", printed.mean, (*path, "mean"), scaled=True)
        found = ArmData(name, n=n, mean=mean, sd=_sd(reading, name, printed, path, n))
    elif printed.median is None and printed.change is not None:
        found = _change(reading, name, printed, printed.change, (*path, "change"), n)
    else:
        mean, sd = mean_sd_of(reading, name, printed, path, n)
        found = ArmData(name, n=n, mean=mean, sd=sd)
    if reading.chosen.result.reversed and found.mean is not None:
        reading.trail.flag(
            "E220", "reversed", "the scale runs against the outcome's: means are taken with the opposite sign"
        )
        found = replace(found, mean=-found.mean)
    return _of_clusters(reading, found)


def _sd(reading: Reading, name: str, printed: ArmResult | Change, path: Path, n: float) -> float | None:
    """SD as printed; else from SE, from the interval of the mean, from a median's quartiles or range, from quartiles alone."""
    what = f"{name}: SD"
    if n < 2:
        raise Gap(f"arm {name} has one participant, whose mean has no SD")
    if printed.sd is not None:
        return reading.figure(what, printed.sd, (*path, "sd"), scaled=True)
    if printed.se is not None:
        se = reading.figure(f"{name}: SE", printed.se, (*path, "se"), scaled=True)
        return reading.run("sd-se", {"sd": what}, se=se, n=n)["sd"]
    if printed.ci is not None:
        level = float(printed.ci_level or 0.95)
        low, high = (
            reading.bound(f"{name}: {end} limit of the mean", value, (*path, "ci", place), True)
            for place, (end, value) in enumerate(zip(("lower", "upper"), printed.ci, strict=True))
        )
        return reading.run("sd-ci-t", {"sd": what}, ci_low=low, ci_high=high, n=n, level=level)["sd"]
    if isinstance(printed, ArmResult) and printed.median is not None and (printed.iqr or printed.range):
        return mean_sd_of(reading, name, printed, path, n)[1]
    if isinstance(printed, ArmResult) and printed.iqr is not None:
        low, high = (
            reading.bound(f"{name}: {end}", value, (*path, "iqr", place), True)
            for place, (end, value) in enumerate(zip(("q1", "q3"), printed.iqr, strict=True))
        )
        reading.trail.flag(
            "E206", "median", said("SD from the quartiles beside a mean (width / {}, for normal data)", 1.35)
        )
        return reading.run("sd-iqr", {"sd": what}, q1=low, q3=high)["sd"]
    return None


def _change(reading: Reading, name: str, printed: ArmResult, change: Change, path: Path, n: float) -> ArmData:
    """Change from baseline; its SD from the correlation of baseline and final values where only those are printed."""
    mean = reading.figure(f"{name}: mean change", change.mean, (*path, "mean"), scaled=True)
    reading.trail.flag("E224", "change", "changes from baseline stand for final values")
    sd = _sd(reading, f"{name}, change", change, path, n)
    has_baseline = printed.baseline is not None and (printed.baseline.sd is not None or printed.baseline.se is not None)
    if sd is None and has_baseline and printed.sd is not None:
        r = correlation_of(reading, name, change, path)
        ends: dict[str, Any] = {
            "sd_baseline": baseline_sd(reading, name, printed, path[:-1], n),
            "sd_final": reading.figure(f"{name}: final SD", printed.sd, (*path[:-1], "sd"), True),
        }
        sd = reading.run("change-sd", {"sd_change": f"{name}: SD of change"}, **ends, r=r)["sd_change"]
    return ArmData(name, n=n, mean=mean, sd=sd)


def _why(asked: float | None, own: Quantity | None) -> str:
    """Why an assumed value of the protocol is believed, where it is that one and the protocol says so."""
    return said(": {}", quoted(own.assumed)) if asked is None and own is not None and own.assumed else ""


def baseline_sd(reading: Reading, name: str, printed: ArmResult, path: Path, n: float) -> float:
    """SD before treatment, as printed or from its SE; Gap where neither is printed. path : of the arm."""
    before = printed.baseline
    if before is None or (before.sd is None and before.se is None):
        raise Gap(f"arm {name} has no baseline: with mean and sd")
    what = f"{name}: baseline SD"
    if before.sd is not None:
        return reading.figure(what, before.sd, (*path, "baseline", "sd"), True)
    assert before.se is not None
    size = n if before.n is None else reading.figure(f"{name}: baseline n", before.n, (*path, "baseline", "n"))
    se = reading.figure(f"{name}: baseline SE", before.se, (*path, "baseline", "se"), True)
    return reading.run("sd-se", {"sd": what}, se=se, n=size)["sd"]


def correlation_of(reading: Reading, name: str, change: Change | None, path: Path) -> float:
    """Correlation of baseline and final values: as printed; else as asked for; else as the protocol assumes.

    An assumed one is marked. path : of the change.
    """
    if change is not None and change.correlation is not None:
        return reading.figure(f"{name}: correlation", change.correlation, (*path, "correlation"))
    asked, own = reading.rules.correlation, reading.plan.correlation
    if asked is None and own is None:
        raise Gap(
            f"no correlation between baseline and final values for arm {name} (outcome's correlation:, or --correlation)"
        )
    r = float(own.value) if asked is None and own is not None else float(asked or 0.0)
    reading.trail.flag(
        "E203", "correlation", said("correlation of baseline and final values = {:g} is assumed{}", r, _why(asked, own))
    )
    return r


def common_sd(reading: Reading, one: ArmData, two: ArmData, from_difference: bool) -> tuple[ArmData, ArmData]:
    """Fills SDs that no arm prints, one SD for both: from the printed difference, else from t, F or P of the test between.

    from_difference : False where the mean difference itself is wanted, which then enters as it is printed.
    """
    if one.sd is not None and two.sd is not None:
        return one, two
    reported = reading.chosen.result.reported
    _test_is_between_two_groups(reading)
    sd = _sd_of_difference(reading, float(one.n or 0.0), float(two.n or 0.0)) if from_difference else None
    if sd is not None:
        return replace(one, sd=one.sd or sd), replace(two, sd=two.sd or sd)
    n_1, n_2, mean_1, mean_2 = (float(value or 0.0) for value in (one.n, two.n, one.mean, two.mean))
    ways: tuple[tuple[str, str, Quantity | None], ...] = ()
    if reported is not None:
        ways = (("t", "t", reported.t), ("f", "f", reported.f), ("p", "p_value", reported.p))
    for name, argument, quantity in ways:
        if quantity is not None:
            path: Path = (*reading.base, "reported", name)
            value = (
                reading.p_value(name, quantity, path)
                if isinstance(quantity, PValue)
                else reading.figure(name, quantity, path)
            )
            given: dict[str, Any] = {"md": mean_1 - mean_2, argument: value, "n_1": n_1, "n_2": n_2}
            sd = reading.run(f"common-sd-{name}", {"sd": "both arms: SD"}, **given)["sd"]
            reading.trail.flag(
                "E208",
                "SD",
                said(
                    "one SD for both arms from the reported {} = {}, taken as a t test", name, num(quantity.value.text)
                ),
            )
            return replace(one, sd=one.sd or sd), replace(two, sd=two.sd or sd)
    lacking = ", ".join(arm.label for arm in (one, two) if arm.sd is None)
    raise Gap(f"no SD, SE, CI or test statistic for {lacking}")


def _sd_of_difference(reading: Reading, n_1: float, n_2: float) -> float | None:
    """One SD for both arms from the SE, or the interval by t, of the unadjusted mean difference; None where neither is printed."""
    for index, effect in enumerate(reading.chosen.result.effects):
        if effect.measure.upper() != "MD" or effect.adjusted is not None or effect.estimate is None:
            continue
        at: Path = (*reading.base, "effects", index)
        given: dict[str, Any] = {"n_1": n_1, "n_2": n_2}
        if effect.se is not None:
            kind, given["se"] = "SE", reading.figure("SE of the MD", effect.se, (*at, "se"), True)
        elif effect.ci is not None:
            kind, given["level"] = "interval", float(effect.ci_level or 0.95)
            for place, name in enumerate(("ci_low", "ci_high")):
                given[name] = reading.bound(f"MD: {name}", effect.ci[place], (*at, "ci", place), True)
        else:
            continue
        sd = reading.run("common-sd-se" if kind == "SE" else "common-sd-ci-t", {"sd": "both arms: SD"}, **given)["sd"]
        reading.trail.flag("E208", "SD", f"one SD for both arms from the {kind} of the reported mean difference")
        return sd
    return None


def _test_is_between_two_groups(reading: Reading) -> None:
    """Gap where the reported test cannot be a t test between the two arms that are compared."""
    if len(reading.chosen.result.arms) > 2:
        raise Gap(
            f"no SD in each arm, and a test over {len(reading.chosen.result.arms)} arms gives none for two of them"
        )
    if reading.chosen.study.design.type == "crossover-rct":
        raise Gap("no SD in each arm, and the test of a crossover trial is paired")


def same_kind(reading: Reading, names: Sequence[str]) -> None:
    """Gap where one arm prints final values and another only changes from baseline, which cannot be set side by side."""
    kinds = set()
    for name in names:
        printed, _ = reading.arm(name)
        final = printed.mean is not None or printed.median is not None
        kinds |= {"final values"} if final else {"changes"} if printed.change is not None else set()
    if len(kinds) > 1:
        raise Gap("one arm prints final values and another only changes from baseline; they cannot be compared")


def complete(arm: ArmData) -> ArmData:
    """The arm, if its SD is known."""
    if arm.mean is not None and arm.sd is None:
        raise Gap(f"no SD, SE or CI for {arm.label}")
    return arm


# --- designs -----------------------------------------------------------------------------------------------------


UNADJUSTED = (
    "a cluster trial taken as if individuals were randomised: no cluster size or ICC, so its interval is too narrow"
)


def _of_clusters(reading: Reading, arm: ArmData) -> ArmData:
    """Effective numbers of a cluster trial (Cochrane Handbook 23.1.4); marked where the figures do not allow it."""
    design = reading.chosen.study.design
    if design.type != "cluster-rct":
        return arm
    icc, size = design.icc, design.cluster_size
    asked, own = reading.rules.icc, reading.plan.icc
    if size is None or (icc is None and asked is None and own is None):
        reading.trail.flag(
            "E213",
            "clusters",
            UNADJUSTED,
        )
        return arm
    if icc is not None:
        rho = reading.figure("ICC", icc, ("design", "icc"))
    else:
        rho = float(own.value) if asked is None and own is not None else float(asked or 0.0)
        reading.trail.flag("E203", "icc", said("ICC = {:g} is assumed{}", rho, _why(asked, own)))
    given: dict[str, Any] = {
        "n": arm.n,
        "cluster_size": reading.figure("cluster size", size, ("design", "cluster_size")),
        "icc": rho,
    }
    reading.trail.flag("E214", "clusters", "numbers reduced by the design effect of cluster randomisation")
    if arm.events is not None:
        found = reading.run(
            "cluster-counts",
            {"events": f"{arm.label}: effective events", "n": f"{arm.label}: effective n"},
            events=arm.events,
            **given,
        )
        return replace(arm, events=found["events"], n=found["n"])
    return replace(arm, n=reading.run("cluster-size", {"n": f"{arm.label}: effective n"}, **given)["n"])


# --- several arms on one side --------------------------------------------------------------------------------------


def merged(reading: Reading, sides: Sequence[ArmData]) -> ArmData:
    """One group out of several arms (Cochrane Handbook 6.5.2.10 and 23.3.4)."""
    if len(sides) == 1:
        return sides[0]
    label = " + ".join(side.label for side in sides)
    reading.trail.flag("E209", "combined", f"{label} are combined into one group")
    if sides[0].mean is None:
        totals = {}
        for name in (name for name in ("n", "events", "time") if getattr(sides[0], name) is not None):
            parts = {side.label: float(getattr(side, name)) for side in sides}
            totals[name] = reading.trail.step(
                f"{label}: {name}",
                sum(parts.values()),
                "sum over the arms",
                "combine-counts",
                "cochrane_handbook",
                **parts,
            )
        return ArmData(label, **totals)
    n, mean, sd = ([float(getattr(side, name)) for side in sides] for name in ("n", "mean", "sd"))
    found = reading.run(
        "combine-groups", {"n": f"{label}: n", "mean": f"{label}: mean", "sd": f"{label}: SD"}, n=n, mean=mean, sd=sd
    )
    return ArmData(label, **found)


def shared(reading: Reading, arm: ArmData, comparisons: int) -> ArmData:
    """A comparator spread over the comparisons that use it (Cochrane Handbook 23.3.4)."""
    if comparisons == 1:
        return arm
    reading.trail.flag(
        "E215", "shared", said("the comparator is divided by {}, the number of comparisons that share it", comparisons)
    )
    if arm.time is not None:
        return replace(arm, events=float(arm.events or 0) / comparisons, time=arm.time / comparisons)
    if arm.events is not None:
        found = reading.run(
            "split-events",
            {"events": f"{arm.label}: events", "n": f"{arm.label}: n"},
            events=arm.events,
            n=arm.n,
            comparisons=comparisons,
        )
        return replace(arm, events=found["events"], n=found["n"])
    given: dict[str, Any] = {"n": arm.n, "mean": arm.mean, "sd": arm.sd, "comparisons": comparisons}
    return replace(arm, n=reading.run("split-group", {"n": f"{arm.label}: n"}, **given)["n"])
