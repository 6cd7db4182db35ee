"""Effects that a paper prints as contrasts: an estimate with its interval, SE, test or P, hazard ratios in every form."""

from __future__ import annotations

import math
from typing import Any

from mscsec.effects.derive import mean_of
from mscsec.effects.reading import LOWER_BOUNDS, Gap, Reading
from mscsec.effects.select import Chosen
from mscsec.effects.trail import ArmData
from mscsec.records.checks import RATIOS
from mscsec.records.models import ReportedEffect
from mscsec.records.nodes import Path
from mscsec.said import joined, num, quoted, said


def reported_effect(reading: Reading, measure: str, scale: str) -> tuple[float, float]:
    """yi and its standard error from a contrast as printed, or from what a hazard ratio can be rebuilt from.

    measure : key of the measure; "GEN" takes whatever contrast is printed. scale : "log" for ratios, else "identity".
    """
    found = matching_effect(reading.chosen, measure)
    if found is not None:
        return _printed(reading, measure, scale, *found)
    if measure == "HR" and len(reading.chosen.result.arms) <= 2:
        medians = [printed.median is not None for printed in reading.chosen.result.arms.values()]
        return _from_medians(reading) if medians and all(medians) else _from_curves(reading)
    chosen = reading.chosen
    if max(len(chosen.experimental), len(chosen.comparator)) > 1 and any(
        measure in ("GEN", effect.measure.upper()) for effect in chosen.result.effects
    ):
        raise Gap("several arms enter, and no single reported contrast covers them together")
    raise Gap(f"no {measure} is reported as such" if measure != "GEN" else "no contrast is reported as such")


def matching_effect(chosen: Chosen, measure: str) -> tuple[int, ReportedEffect] | None:
    """The first printed contrast of this measure between the chosen arms, either way round, with its place."""
    found = matching_effects(chosen, measure)
    return found[0] if found else None


def matching_effects(chosen: Chosen, measure: str) -> list[tuple[int, ReportedEffect]]:
    """Every printed contrast of this measure between the chosen arms."""
    return [
        (index, effect)
        for index, effect in enumerate(chosen.result.effects)
        if measure in ("GEN", effect.measure.upper()) and (_between(effect, chosen) or turned(effect, chosen))
    ]


def _between(effect: ReportedEffect, chosen: Chosen) -> bool:
    """Whether a contrast is that of the chosen arms. Several arms together are meant only where it names none."""
    if len(chosen.experimental) > 1 or len(chosen.comparator) > 1:
        return effect.experimental is None and effect.comparator is None
    unnamed = (None,) if chosen.parts == 1 else ()  # of a trial with several rows it must say which arm
    return effect.experimental in (*unnamed, *chosen.experimental) and effect.comparator in (None, *chosen.comparator)


def turned(effect: ReportedEffect, chosen: Chosen) -> bool:
    """Whether a contrast sets the comparator against the experimental arm."""
    single = len(chosen.experimental) == len(chosen.comparator) == 1
    return single and (effect.experimental, effect.comparator) == (chosen.comparator[0], chosen.experimental[0])


def _printed(reading: Reading, measure: str, scale: str, index: int, effect: ReportedEffect) -> tuple[float, float]:
    at: Path = (*reading.base, "effects", index)
    others = [other for place, other in matching_effects(reading.chosen, measure) if place != index]
    if others:
        listed = joined("; ", (said("{} {}", other.measure, _words(other)) for other in others))
        reading.trail.flag(
            "E201",
            "choice",
            said("the first printed {} is taken ({}); also printed: {}", effect.measure, _words(effect), listed),
        )
    if effect.adjusted is not None:
        reading.trail.flag("E210", "adjusted", said("adjusted estimate: {}", quoted(effect.adjusted)))
    if effect.o_minus_e is not None and effect.variance is not None:
        oe = reading.figure("O - E", effect.o_minus_e, (*at, "o_minus_e"))
        found = reading.run(
            "hr-oe", {"yi": "yi", "sei": "SE"}, oe=oe, v=reading.figure("V", effect.variance, (*at, "variance"))
        )
        return found["yi"], found["sei"]
    if effect.estimate is None:
        if measure == "HR" and effect.p is not None:
            return _from_p(reading, effect, at)
        raise Gap(f"the reported {measure} has no estimate")
    on = "identity" if effect.log else scale
    if measure == "GEN" and effect.measure.upper() in RATIOS and not effect.log:
        on = "log"
        reading.trail.flag("E225", "log", f"the printed {effect.measure} is a ratio; its logarithm is taken")
    estimate = reading.figure(measure, effect.estimate, (*at, "estimate"))
    if effect.se is not None:
        sei = reading.figure("SE", effect.se, (*at, "se"))
        reading.trail.say(f"{measure} as reported with its SE")
        if on == "log" and estimate <= 0:
            raise Gap(f"the reported {measure} is {estimate:g}, which has no logarithm")
        yi = math.log(estimate) if on == "log" else estimate
        return reading.trail.step(
            "yi", yi, "log(estimate)" if on == "log" else "estimate", "reported", "cochrane_handbook", estimate=estimate
        ), sei
    given: dict[str, Any] = _uncertainty(reading, effect, at)
    if measure == "HR" and effect.events is not None and not given:
        return _from_events(reading, effect, at, estimate)
    route = "ci" if "ci_low" in given else "z" if "z" in given else "p" if "p_value" in given else "report"
    used = {name: given[name] for name in {"ci": ("ci_low", "ci_high"), "z": ("z",), "p": ("p_value",)}.get(route, ())}
    if route in ("ci", "report"):
        used["level"] = float(effect.ci_level or 0.95)
    found = reading.run(f"effect-{route}", {"yi": "yi", "sei": "SE"}, estimate=estimate, **used, scale=on)
    reading.trail.flag(
        "E227",
        "printed",
        said("{} as printed ({}), its interval here made again from the standard error", measure, _words(effect)),
    )
    return found["yi"], found["sei"]


def _uncertainty(reading: Reading, effect: ReportedEffect, at: Path) -> dict[str, float]:
    """Interval, z (also from t or chi-square) and P, as far as they are printed."""
    given: dict[str, float] = {}
    if effect.ci is not None:
        for place, (name, value) in enumerate(zip(("ci_low", "ci_high"), effect.ci, strict=True)):
            given[name] = reading.bound(name, value, (*at, "ci", place))
    if effect.z is not None:
        given["z"] = reading.figure("z", effect.z, (*at, "z"))
    elif effect.t is not None:
        given["z"] = reading.figure("t", effect.t, (*at, "t"))
    elif effect.chi2 is not None:
        given["z"] = math.sqrt(reading.figure("chi-square", effect.chi2, (*at, "chi2")))
    if effect.p is not None and not given and (effect.events is None or effect.p.bound not in LOWER_BOUNDS):
        given["p_value"] = reading.p_value("P", effect.p, (*at, "p"))
    return given


def _words(effect: ReportedEffect) -> str:
    """A printed contrast in a few words."""
    value = effect.estimate.value.text if effect.estimate is not None else "O - E"
    adjusted = "unadjusted" if effect.adjusted is None else said("adjusted for {}", quoted(effect.adjusted))
    return said("{}, {}", num(value), adjusted)


def _from_events(reading: Reading, effect: ReportedEffect, at: Path, estimate: float) -> tuple[float, float]:
    """A hazard ratio whose variance comes from the number of events (Parmar 1998)."""
    sizes = []
    for side in (reading.chosen.experimental, reading.chosen.comparator):
        sizes.append(sum(_size(reading, name) for name in side))
    assert effect.events is not None
    events = reading.figure("events, both arms", effect.events, (*at, "events"))
    found = reading.run(
        "hr-events", {"yi": "yi", "sei": "SE"}, hazard_ratio=estimate, events_total=events, n_1=sizes[0], n_2=sizes[1]
    )
    return found["yi"], found["sei"]


def _from_p(reading: Reading, effect: ReportedEffect, at: Path) -> tuple[float, float]:
    """A hazard ratio of which only the P value, the events and the direction are printed (Parmar 1998, Tierney 2007)."""
    if effect.direction is None:
        raise Gap("the HR has no estimate, and its P value leaves its direction open (direction: fewer, or more)")
    assert effect.p is not None
    sign = -1.0 if effect.direction == "fewer" else 1.0
    p = reading.p_value("P", effect.p, (*at, "p"))
    if effect.events is not None:
        n_1, n_2 = (
            sum(_size(reading, name) for name in side)
            for side in (reading.chosen.experimental, reading.chosen.comparator)
        )
        events = reading.figure("events, both arms", effect.events, (*at, "events"))
        given: dict[str, Any] = {"events_total": events, "n_1": n_1, "n_2": n_2}
        route = "hr-p"
    else:
        given = {f"events_{side}": events for side, events in _events_by_arm(reading).items()}
        route = "hr-p-arms"
    found = reading.run(route, {"yi": "yi", "sei": "SE"}, p_value=p, **given, direction=sign)
    reading.trail.flag(
        "E229", "indirect", f"hazard ratio from P and the events ({effect.direction} events in the experimental arm)"
    )
    return found["yi"], found["sei"]


def _events_by_arm(reading: Reading) -> dict[int, float]:
    """Events of both arms as printed; Gap where one is not."""
    found = {}
    for side, arms in ((1, reading.chosen.experimental), (2, reading.chosen.comparator)):
        found[side] = 0.0
        for name in arms:
            printed, path = reading.arm(name)
            if printed.events is None:
                raise Gap(f"the events of arm {name} are not recorded, and no events: of both arms stands with the HR")
            found[side] += reading.figure(f"{name}: events", printed.events, (*path, "events"))
    return found


def _from_medians(reading: Reading) -> tuple[float, float]:
    """A hazard ratio from median survival times and events, hazards taken as constant."""
    given: dict[str, Any] = {f"events_{side}": events for side, events in _events_by_arm(reading).items()}
    for side, arms in ((1, reading.chosen.experimental), (2, reading.chosen.comparator)):
        if len(arms) != 1:
            raise Gap("no hazard ratio is reported, and median times of several arms cannot be combined")
        printed, path = reading.arm(arms[0])
        if printed.median is None:
            raise Gap(f"no hazard ratio is reported, and arm {arms[0]} has no median time")
        given[f"median_{side}"] = reading.figure(f"{arms[0]}: median time", printed.median, (*path, "median"))
    found = reading.run("hr-medians", {"yi": "yi", "sei": "SE"}, **given)
    reading.trail.flag("E229", "indirect", "hazard ratio from median times and events, hazards taken as constant")
    return found["yi"], found["sei"]


def _size(reading: Reading, name: str) -> float:
    arm = reading.chosen.study.arms[name]
    quantity, field = (arm.randomised, "randomised") if arm.randomised is not None else (arm.n, "n")
    if quantity is None:
        raise Gap(f"n of arm {name} is not reported")
    return reading.figure(f"{name}: n", quantity, ("arms", name, field))


def _from_curves(reading: Reading) -> tuple[float, float]:
    """A hazard ratio from Kaplan-Meier proportions at landmarks with numbers at risk (Parmar 1998, Tierney 2007)."""
    given: dict[str, Any] = {}
    for side, arms in (("1", reading.chosen.experimental), ("2", reading.chosen.comparator)):
        if len(arms) != 1:
            raise Gap("no hazard ratio is reported, and curves of several arms cannot be combined")
        printed, path = reading.arm(arms[0])
        if printed.survival is None or printed.at_risk is None:
            raise Gap(
                f"no hazard ratio is reported, and arm {arms[0]} has no survival: with at_risk: to rebuild it from"
            )
        for name in ("survival", "at_risk"):
            values = getattr(printed, name)
            given[f"{name}_{side}"] = [
                reading.bound(f"{arms[0]}: {name} {place + 1}", value, (*path, name, place))
                for place, value in enumerate(values)
            ]
    found = reading.run("hr-curves-at-risk", {"yi": "yi", "sei": "SE"}, **given)
    reading.trail.flag("E217", "curves", "hazard ratio rebuilt from survival curves and numbers at risk")
    return found["yi"], found["sei"]


UNPAIRED = "a crossover trial taken as if its periods were two groups: its interval is too wide"


def crossover_difference(reading: Reading, measure: str) -> tuple[float, float] | None:
    """The paired difference (MD, or SMD) of a crossover trial with its SE, where the figures allow it; else None.

    By the correlation of the periods, or for MD by the printed difference with its SE or interval, or by the paired t test
    or its P value. Cochrane Handbook 23.2.7.
    """
    chosen = reading.chosen
    design = chosen.study.design
    if design.type != "crossover-rct" or len(chosen.experimental) != 1 or len(chosen.comparator) != 1:
        return None
    one, two = (mean_of(reading, side[0]) for side in (chosen.experimental, chosen.comparator))
    n = min(one.n or 0.0, two.n or 0.0)  # no more pairs than the smaller group
    found = None
    if one.mean is not None and two.mean is not None and measure in ("MD", "SMD"):
        if design.period_correlation is not None and one.sd is not None and two.sd is not None:
            found = _by_correlation(reading, measure, one, two, n)
        elif measure == "MD":
            found = _by_paired_test(reading, one.mean - two.mean, n)
    if found is None:
        reading.trail.flag("E218", "crossover", UNPAIRED)
        return None
    reading.trail.flag("E218", "crossover", "paired analysis of a crossover trial")
    return found


def _by_correlation(reading: Reading, measure: str, one: ArmData, two: ArmData, n: float) -> tuple[float, float]:
    correlation = reading.chosen.study.design.period_correlation
    assert correlation is not None
    r = reading.figure("correlation of the periods", correlation, ("design", "period_correlation"))
    given: dict[str, Any] = {"mean_1": one.mean, "sd_1": one.sd, "mean_2": two.mean, "sd_2": two.sd, "n": n, "r": r}
    yi, sei = ("md", "se_md") if measure == "MD" else ("smd", "se_smd")
    found = reading.run("crossover", {yi: "yi", sei: "SE"}, **given)
    return found[yi], found[sei]


def _by_paired_test(reading: Reading, md: float, n: float) -> tuple[float, float] | None:
    printed = _paired_difference(reading, n)
    if printed is not None:
        return printed
    reported = reading.chosen.result.reported
    if reported is None or (reported.t is None and reported.p is None):
        return None
    at: Path = (*reading.base, "reported")
    if reported.t is not None:
        found = reading.run("paired-t", {"se": "SE"}, md=md, t=reading.figure("t", reported.t, (*at, "t")), n=n)
    else:
        assert reported.p is not None
        found = reading.run("paired-p", {"se": "SE"}, md=md, p_value=reading.p_value("P", reported.p, (*at, "p")), n=n)
    return md, found["se"]


def _paired_difference(reading: Reading, n: float) -> tuple[float, float] | None:
    """The mean difference as a crossover trial prints it with its SE, or with its interval by t on n - 1; else None."""
    found = matching_effect(reading.chosen, "MD")
    if found is None or found[1].estimate is None or (found[1].se is None and found[1].ci is None):
        return None
    index, effect = found
    assert effect.estimate is not None
    at: Path = (*reading.base, "effects", index)
    md = reading.figure("MD", effect.estimate, (*at, "estimate"), True)
    if effect.se is not None:
        se = reading.figure("SE", effect.se, (*at, "se"), True)
    else:
        assert effect.ci is not None
        low, high = (
            reading.bound(name, value, (*at, "ci", place), True)
            for place, (name, value) in enumerate(zip(("ci_low", "ci_high"), effect.ci, strict=True))
        )
        level = float(effect.ci_level or 0.95)
        se = reading.run("paired-ci", {"se": "SE"}, ci_low=low, ci_high=high, n=n, level=level)["se"]
    if effect.adjusted is not None:
        reading.trail.flag("E210", "adjusted", said("adjusted estimate: {}", quoted(effect.adjusted)))
    return (-md if turned(effect, reading.chosen) != reading.chosen.result.reversed else md), se
