"""From what a record prints for each arm to the numbers a measure takes, every step noted on the trail.

The order of preference is fixed and documented in `docs/methods.md`: figures as printed come before figures that are
computed from them exactly, and those before estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mscsec.effects.reconstruct import arms as groups
from mscsec.effects.reconstruct import estimates, five_numbers, spread, tables
from mscsec.effects.select import Chosen
from mscsec.effects.trail import ArmData, Figure, Trail
from mscsec.errors import MscsecError
from mscsec.records.models import ArmResult, ReportedEffect
from mscsec.records.quantities import Quantity


class Gap(Exception):
    """The figures do not determine what is wanted; the text says what is lacking."""


class Reading:
    """Reads the figures of one chosen result onto a trail."""

    def __init__(self, chosen: Chosen, factor: float, unit: str | None, mean_rule: str, sd_rule: str) -> None:
        self.chosen, self.factor, self.unit = chosen, factor, unit
        self.rules = {"mean": mean_rule, "sd": sd_rule}
        self.trail = Trail()
        self.base: tuple[str | int, ...] = ("results", chosen.index)
        for note in chosen.notes:
            self.trail.flag("E201", "choice", note)
        if factor != 1:
            self.trail.flag("E202", "unit", f"converted from {chosen.result.unit} to {unit} by {factor:g}")

    # --- figures -----------------------------------------------------------------------------------------------

    def figure(self, name: str, quantity: Quantity, path: tuple[str | int, ...], scaled: bool = False) -> float:
        """Notes a printed figure and gives its value, in the protocol's unit where `scaled`."""
        source = quantity.source or self.chosen.result.source
        self.trail.figures.append(
            Figure(
                name, float(quantity.value), quantity.value.text, path, quantity.assumed,
                source.where if source else None, source.text if source else None,
            )
        )  # fmt: skip
        if quantity.assumed is not None:
            self.trail.flag("E203", "assumed", f"{name} = {quantity.value.text} is assumed: {quantity.assumed}")
        return self.scale(name, float(quantity.value)) if scaled else float(quantity.value)

    def scale(self, name: str, value: float) -> float:
        """The value in the protocol's unit."""
        if self.factor == 1:
            return value
        return self.trail.step(
            name, value * self.factor, f"x {self.factor:g} to {self.unit}", "unit", "record", printed=value
        )

    def arm(self, name: str) -> tuple[ArmResult, tuple[str | int, ...]]:
        """What the result prints for one arm, and where."""
        printed = self.chosen.result.arms.get(name)
        if printed is None:
            raise Gap(
                f"the result gives nothing for arm {name}"
                if self.chosen.result.arms
                else "no figures by arm are recorded"
            )
        return printed, (*self.base, "arms", name)

    def n(self, name: str, printed: ArmResult, path: tuple[str | int, ...]) -> float:
        """Participants behind the figures of one arm: the result's own n, else the arm's."""
        if printed.n is not None:
            return self.figure(f"{name}: n", printed.n, (*path, "n"))
        of_arm = self.chosen.study.arms[name].n
        if of_arm is None:
            raise Gap(f"n of arm {name} is not reported")
        return self.figure(f"{name}: n", of_arm, ("arms", name, "n"))

    # --- events ------------------------------------------------------------------------------------------------

    def events(self, name: str) -> ArmData:
        """Events and participants of one arm."""
        printed, path = self.arm(name)
        n = self.n(name, printed, path)
        return ArmData(name, n=n, events=self._events(name, printed, path, n))

    def _events(self, name: str, printed: ArmResult, path: tuple[str | int, ...], n: float) -> float:
        step = self.trail.step
        if printed.events is not None:
            return self.figure(f"{name}: events", printed.events, (*path, "events"))
        if printed.non_events is not None:
            without = self.figure(f"{name}: without the event", printed.non_events, (*path, "non_events"))
            self.trail.flag(
                "E204", "complement", "events are those not counted as event-free, everybody taken as followed up"
            )
            self.trail.say("events = n - those without the event")
            return step(
                f"{name}: events",
                n - without,
                "n - without",
                "events_from_complement",
                "cochrane_handbook",
                n=n,
                without=without,
            )
        for field, quantity in (("percent", printed.percent), ("non_event_percent", printed.non_event_percent)):
            if quantity is None:
                continue
            percent = self.figure(f"{name}: {field}", quantity, (*path, field))
            found = tables.events_from_percent(percent, n, max(quantity.value.decimals, 0))
            if found.refused:
                raise Gap(f"{quantity.value.text} % of {n:g} in arm {name}: {found.refused[0].message}")
            count = float(found.events)
            self.trail.flag(
                "E205",
                "percentage",
                f"events of {name} from {quantity.value.text} % of {n:g}, the only whole number that prints so",
            )
            self.trail.say("events from a percentage")
            whole = count if field == "percent" else n - count
            return step(
                f"{name}: events",
                whole,
                "percent x n / 100, whole",
                "events_from_percent",
                "cochrane_handbook",
                percent=percent,
                n=n,
            )
        raise Gap(f"arm {name} has neither events nor a percentage")

    def rate(self, name: str) -> ArmData:
        """Events and person-time of one arm."""
        printed, path = self.arm(name)
        if printed.events is None or printed.time is None:
            raise Gap(f"arm {name} lacks {'events' if printed.events is None else 'person-time (time:)'}")
        events = self.figure(f"{name}: events", printed.events, (*path, "events"))
        return ArmData(name, events=events, time=self.figure(f"{name}: time", printed.time, (*path, "time")))

    # --- means -------------------------------------------------------------------------------------------------

    def mean_sd(self, name: str) -> ArmData:
        """Mean, SD and participants of one arm; SD None where only a comparison of the arms could give it."""
        printed, path = self.arm(name)
        n = self.n(name, printed, path)
        if printed.mean is None:
            mean, sd = self._from_quantiles(name, printed, path, n)
            return ArmData(name, n=n, mean=mean, sd=sd)
        mean = self.figure(f"{name}: mean", printed.mean, (*path, "mean"), scaled=True)
        return ArmData(name, n=n, mean=mean, sd=self._sd(name, printed, path, n))

    def _sd(self, name: str, printed: ArmResult, path: tuple[str | int, ...], n: float) -> float | None:
        what, step = f"{name}: SD", self.trail.step
        if printed.sd is not None:
            return self.figure(what, printed.sd, (*path, "sd"), scaled=True)
        if printed.se is not None:
            se = self.figure(f"{name}: SE", printed.se, (*path, "se"), scaled=True)
            self.trail.say("SD from SE")
            return step(
                what,
                _one(spread.sd_from_se(se, n), "sd"),
                "SE x sqrt(n)",
                "sd_from_se",
                "cochrane_handbook",
                se=se,
                n=n,
            )
        if printed.ci is not None:
            level = float(printed.ci_level or 0.95)
            low, high = (
                self._bound(f"{name}: {end} limit of the mean", value, (*path, "ci", place))
                for place, (end, value) in enumerate(zip(("lower", "upper"), printed.ci, strict=True))
            )
            self.trail.say("SD from the CI of the mean")
            sd = _one(spread.sd_from_ci_t(low, high, n, level), "sd")
            return step(
                what,
                sd,
                "sqrt(n) (upper - lower) / (2 t)",
                "sd_from_ci_t",
                "cochrane_handbook",
                lower=low,
                upper=high,
                n=n,
            )
        if printed.median is not None and (printed.iqr or printed.range):
            return self._from_quantiles(name, printed, path, n)[1]
        return None

    def _from_quantiles(
        self, name: str, printed: ArmResult, path: tuple[str | int, ...], n: float
    ) -> tuple[float, float]:
        if printed.median is None or not (printed.iqr or printed.range):
            has = (
                "a median without its quartiles or range"
                if printed.median is not None
                else "neither a mean nor a median"
            )
            raise Gap(f"arm {name} has {has}")
        median = self.figure(f"{name}: median", printed.median, (*path, "median"), scaled=True)
        ends: dict[str, float] = {}
        for field, interval, names in (
            ("iqr", printed.iqr, ("q1", "q3")),
            ("range", printed.range, ("minimum", "maximum")),
        ):
            for place, (end, value) in enumerate(zip(names, interval or (), strict=False)):
                ends[end] = self._bound(f"{name}: {end}", value, (*path, field, place))
        found = five_numbers.mean_sd_from_five_numbers(
            n, median, **ends, mean=self.rules["mean"], sd=self.rules["sd"], refuse_skewed=False
        )
        if found.refused:
            raise Gap(f"arm {name}: {found.refused[0].message}")
        mean_rule, sd_rule = five_numbers.MEANS[self.rules["mean"]], five_numbers.SDS[self.rules["sd"]]
        given = "median and quartiles" if printed.iqr else "median and range"
        self.trail.flag("E206", "median", f"mean and SD from {given} ({mean_rule.name}; {sd_rule.name})")
        self.trail.say(f"mean and SD from {given}")
        if bool(found.skewed):
            self.trail.flag(
                "E207",
                "skewed",
                f"the figures of {name} are skewed (test of Shi 2023, 5 %): the conversion to a mean is doubtful",
            )
        mean = self.trail.step(
            f"{name}: mean",
            float(found.mean),
            mean_rule.name,
            mean_rule.key,
            mean_rule.source,
            median=median,
            n=n,
            **ends,
        )
        sd = self.trail.step(
            f"{name}: SD", float(found.sd), sd_rule.name, sd_rule.key, sd_rule.source, median=median, n=n, **ends
        )
        return mean, sd

    def _bound(self, name: str, value: Any, path: tuple[str | int, ...]) -> float:
        return self.figure(name, Quantity(value=value), path, scaled=True)

    def common_sd(self, one: ArmData, two: ArmData) -> tuple[ArmData, ArmData]:
        """Fills SDs that no arm prints from the test between the arms: t, F or P, one SD for both."""
        if one.sd is not None and two.sd is not None:
            return one, two
        reported = self.chosen.result.reported
        n_1, n_2, mean_1, mean_2 = (float(value or 0.0) for value in (one.n, two.n, one.mean, two.mean))
        md, at = mean_1 - mean_2, (*self.base, "reported")
        ways: list[tuple[str, Quantity | None, Any]] = [] if reported is None else [
            ("t", reported.t, spread.sd_from_t), ("f", reported.f, spread.sd_from_f), ("p", reported.p, spread.sd_from_p),
        ]  # fmt: skip
        for name, quantity, function in ways:
            if quantity is None:
                continue
            value = self.figure(name, quantity, (*at, name))
            sd = self.trail.step(
                "both arms: SD",
                _one(function(md, value, n_1, n_2), "sd"),
                f"from the {name} of the difference",
                f"sd_from_{name}",
                "cochrane_handbook",
                md=md,
                **{name: value},
            )
            self.trail.flag(
                "E208",
                "SD",
                f"one SD for both arms from the reported {name} = {quantity.value.text}, taken as a t test",
            )
            self.trail.say(f"SD from {name}")
            return (
                ArmData(one.label, one.n, mean=one.mean, sd=one.sd or sd),
                ArmData(two.label, two.n, mean=two.mean, sd=two.sd or sd),
            )
        lacking = ", ".join(arm.label for arm in (one, two) if arm.sd is None)
        raise Gap(f"no SD, SE, CI or test statistic for {lacking}")

    # --- several arms on one side --------------------------------------------------------------------------------

    def merged(self, sides: Sequence[ArmData]) -> ArmData:
        """One arm out of several (Cochrane Handbook 6.5.2.10 and 23.3.4)."""
        if len(sides) == 1:
            return sides[0]
        label = " + ".join(side.label for side in sides)
        self.trail.flag("E209", "combined", f"{label} are combined into one group")
        total = {
            name: sum(getattr(side, name) for side in sides)
            for name in ("n", "events", "time")
            if getattr(sides[0], name) is not None
        }
        if sides[0].mean is None:
            return ArmData(label, **total)
        n, mean, sd = ([float(getattr(side, name)) for side in sides] for name in ("n", "mean", "sd"))
        found = groups.combine_groups(n, mean, sd)
        if found.refused:
            raise Gap(found.refused[0].message)
        for name, value in (("mean", found.mean), ("SD", found.sd)):
            self.trail.step(
                f"{label}: {name}", float(value), "of the groups taken together", "combine_groups", "cochrane_handbook"
            )
        return ArmData(label, n=float(found.n), mean=float(found.mean), sd=float(found.sd))


def reported_effect(reading: Reading, measure: str, scale: str) -> tuple[float, float]:
    """yi and its standard error from a contrast as the paper prints it (estimate with CI, SE, z or P; O - E and V)."""
    chosen = reading.chosen
    index, effect = _matching_effect(chosen, measure)
    at = (*reading.base, "effects", index)
    if effect.o_minus_e is not None and effect.variance is not None:
        observed = reading.figure("O - E", effect.o_minus_e, (*at, "o_minus_e"))
        variance = reading.figure("V", effect.variance, (*at, "variance"))
        reading.trail.say("log hazard ratio from O - E and V")
        step = reading.trail.step
        yi = step(
            "yi", observed / variance, "(O - E) / V", "hr_from_oev", "yusuf1985", o_minus_e=observed, variance=variance
        )
        return yi, step("SE", variance**-0.5, "1 / sqrt(V)", "hr_from_oev", "yusuf1985", variance=variance)
    if effect.estimate is None:
        raise Gap(f"the reported {measure} has no estimate")
    given: dict[str, float] = {"estimate": reading.figure(measure, effect.estimate, (*at, "estimate"))}
    on = "identity" if effect.log else scale
    if effect.se is not None:
        sei = reading.figure("SE", effect.se, (*at, "se"))
        found = estimates.effect_from_z(given["estimate"], 1.0, on) if given["estimate"] else None
        reading.trail.say(f"{measure} as reported with its SE")
        return (float(found.yi) if found else 0.0), sei
    _read_uncertainty(reading, effect, at, given)
    level = float(effect.ci_level or 0.95)
    found = estimates.effect_from_report(**given, level=level, scale=on)
    if found.refused:
        raise Gap(f"reported {measure}: {found.refused[0].message}")
    for note in found.noted:
        reading.trail.flag(note.code, "check", f"reported {measure}: {note.message}")
    route = str(found.route)
    reading.trail.say(f"{measure} as reported, SE from its {route.upper()}")
    reading.trail.step(
        "yi",
        float(found.yi),
        "log(estimate)" if on == "log" else "estimate",
        "effect_from_report",
        "cochrane_handbook",
        **given,
    )
    formula = {"ci": "(upper - lower) / (2 z)", "upper": "(upper - estimate) / z"}.get(route, "|yi| / z")
    return float(found.yi), reading.trail.step(
        "SE", float(found.sei), formula, f"effect_from_{route}", "cochrane_handbook"
    )


def _read_uncertainty(
    reading: Reading, effect: ReportedEffect, at: tuple[str | int, ...], given: dict[str, float]
) -> None:
    if effect.ci is not None:
        for place, (name, value) in enumerate(zip(("ci_low", "ci_high"), effect.ci, strict=True)):
            given[name] = reading.figure(name, Quantity(value=value), (*at, "ci", place))
    if effect.z is not None:
        given["z"] = reading.figure("z", effect.z, (*at, "z"))
    if effect.p is not None:
        given["p_value"] = reading.figure("P", effect.p, (*at, "p"))
    if effect.adjusted is not None:
        reading.trail.flag("E210", "adjusted", f"adjusted estimate: {effect.adjusted}")


def _matching_effect(chosen: Chosen, measure: str) -> tuple[int, ReportedEffect]:
    for index, effect in enumerate(chosen.result.effects):
        sides = (effect.experimental, effect.comparator)
        named = sides[0] in (None, *chosen.experimental) and sides[1] in (None, *chosen.comparator)
        if named and measure in ("GEN", effect.measure.upper()):
            return index, effect
    raise Gap(f"no {measure} is reported as such" if measure != "GEN" else "no contrast is reported as such")


def _one(found: Any, name: str) -> float:
    """The value of a single-row reconstruction; raises Gap with its refusal where there is none."""
    if found.refused:
        raise Gap(found.refused[0].message)
    return float(getattr(found, name))


def attempt(function: Any, *arguments: Any) -> Any:
    """The function's value, with any refusal of the reconstruction as a Gap."""
    try:
        return function(*arguments)
    except MscsecError as error:
        raise Gap(error.message) from error
