"""The four cells of a trial that does not print them: from a ratio, a difference or a chi-square with the margins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from mscsec.effects.contrast import matching_effects, turned
from mscsec.effects.derive import counted, printed_events
from mscsec.effects.reading import Gap, Reading
from mscsec.effects.trail import ArmData
from mscsec.records.models import ArmResult
from mscsec.records.nodes import Path
from mscsec.records.number import Number
from mscsec.records.quantities import Quantity
from mscsec.said import num, said

NO_DIRECTION = "a chi-square leaves open which arm has fewer events; write direction: fewer (or more) beside it"
SLACK = 1e-9  # in people: absorbs binary error where the end of a rounding interval falls on a whole number
_LEAST_RATIO = 1e-9  # what "0.00" may stand for at the lower end of its rounding

# By measure: the argument, the route from the total of events and the one from the comparator's events ("" where none).
_ROUTES = {
    "RR": ("risk_ratio", "table-rr-total", "table-rr-control"),
    "OR": ("odds_ratio", "table-or", "table-or-control"),
    "RD": ("risk_difference", "table-rd-total", "table-rd-control"),
    "PHI": ("phi", "table-phi", ""),
    "chi-square": ("chi2", "table-chi2", ""),
    "chi-square, corrected": ("chi2", "table-chi2-yates", ""),
}
_BY_N_TOTAL = ("table-or", "table-phi", "table-chi2", "table-chi2-yates")


@dataclass(frozen=True, slots=True)
class _Statistic:
    """What the paper prints of the association, for the experimental arm against the comparator.

    measure : key of `_ROUTES`. printed, path : as in the record. ends : smallest and largest value that print so, after
    `log` and the turning round of a contrast that the paper prints the other way.
    """

    measure: str
    name: str
    printed: Quantity
    path: Path
    value: float
    ends: tuple[float, float]
    words: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Both arms with their events; `measure` is the contrast they come from, None for a test or a difference of totals."""

    experimental: ArmData
    comparator: ArmData
    measure: str | None


def rebuilt_cells(reading: Reading) -> Rebuilt:
    """Events and participants of both arms, where n of each arm and a margin are known and one number fixes the table.

    The margin is the total of events (`events:` of the result) or the events of one arm; the number is an unadjusted RR,
    OR, RD or phi between the arms, or a chi-square. Of several, the one that leaves the fewest tables open is taken.
    Gap where the record does not hold these. Source: Di Pietrantonj (2006), Stat Med 25:2299-2322.
    """
    chosen = reading.chosen
    if len(chosen.experimental) != 1 or len(chosen.comparator) != 1 or chosen.parts > 1:
        raise Gap("several arms enter, and one contrast does not give the cells of each")
    names = chosen.experimental[0], chosen.comparator[0]
    n_1, n_2 = (_size(reading, name) for name in names)
    known = [_known_events(reading, name, n) for name, n in zip(names, (n_1, n_2), strict=True)]
    total = chosen.result.events
    if total is None and known == [None, None]:
        raise Gap("neither the events of an arm nor those of both together (events: of the result) are recorded")
    if total is not None and any(value is not None for value in known):
        events = _rest(reading, names, known, float(total.value))
        return _rebuilt(reading, names, (n_1, n_2), events, None)
    statistics = _contrasts(reading, names) + _tests(reading)
    side = "total" if total is not None else "comparator" if known[1] is not None else "experimental"
    usable = [item for item in statistics if side == "total" or _ROUTES[item.measure][2]]
    if not usable:
        raise Gap(
            NO_DIRECTION
            if _has_test(reading)
            else "no unadjusted RR, OR, RD or chi-square is recorded that would fix the cells"
        )
    margin = float(total.value) if total is not None else float(known[1] if known[1] is not None else known[0] or 0.0)
    spans = [_span(item, side, n_1, n_2, margin) for item in usable]
    place = min(range(len(usable)), key=lambda index: _width(spans[index]))
    if total is not None:
        reading.figure("events, both arms", total, (*reading.base, "events"))
    events = _solve(reading, usable[place], side, names, (n_1, n_2), margin, spans[place])
    measure = usable[place].measure
    return _rebuilt(reading, names, (n_1, n_2), events, measure if measure in ("RR", "OR", "RD", "PHI") else None)


def _size(reading: Reading, name: str) -> float:
    printed = reading.chosen.result.arms.get(name) or ArmResult()
    return reading.n(name, printed, (*reading.base, "arms", name))


def _known_events(reading: Reading, name: str, n: float) -> float | None:
    """Events of one arm as it prints them, None where it prints none."""
    printed = reading.chosen.result.arms.get(name)
    fields = () if printed is None else (printed.events, printed.non_events, printed.percent, printed.non_event_percent)
    if printed is None or all(field is None for field in fields):
        return None
    return printed_events(reading, name, printed, (*reading.base, "arms", name), n)


def _rest(reading: Reading, names: tuple[str, str], known: list[float | None], total: float) -> tuple[float, float]:
    """Events of the arm that prints none, by subtraction."""
    printed = reading.chosen.result.events
    assert printed is not None
    reading.figure("events, both arms", printed, (*reading.base, "events"))
    place = 0 if known[0] is None else 1
    other = float(known[1 - place] or 0.0)
    if other > total:
        raise Gap(f"arm {names[1 - place]} has {other:g} events, both arms together only {total:g}")
    found = reading.trail.step(
        f"{names[place]}: events", total - other, "all events - those of the other arm", "subtraction",
        "cochrane_handbook", all=total, other=other,
    )  # fmt: skip
    reading.trail.say("events of one arm by subtraction from those of both")
    return (found, other) if place == 0 else (other, found)


# --- what the paper prints of the association -----------------------------------------------------------------------


def _contrasts(reading: Reading, names: tuple[str, str]) -> list[_Statistic]:
    """Unadjusted contrasts between the arms that fix a table; an adjusted one does not."""
    found = []
    for measure in ("RR", "OR", "RD", "PHI"):
        for index, effect in matching_effects(reading.chosen, measure):
            if effect.estimate is None or effect.adjusted is not None:
                continue
            ratio = measure in ("RR", "OR")
            number, half = effect.estimate.value, effect.estimate.value.half_unit
            values = [float(number), float(number) - half, float(number) + half]
            if ratio and effect.log:
                values = [math.exp(value) for value in values]
            words = "its logarithm undone" if ratio and effect.log else ""
            if turned(effect, reading.chosen):
                values = [1 / max(value, _LEAST_RATIO) if ratio else -value for value in values]
                words = f"{words + ', and ' if words else ''}turned round, as it is printed for {names[1]} against {names[0]}"
            if ratio:
                values = [max(value, _LEAST_RATIO) for value in values]
            elif abs(values[0]) <= 1:
                values = [max(-1.0, min(1.0, value)) for value in values]
            path: Path = (*reading.base, "effects", index, "estimate")
            ends = (min(values[1:]), max(values[1:]))
            found.append(_Statistic(measure, measure, effect.estimate, path, values[0], ends, words))
    return found


def _tests(reading: Reading) -> list[_Statistic]:
    """A chi-square between two arms, or z of two proportions, with the direction that it leaves open."""
    reported = reading.chosen.result.reported
    sign = _direction(reading)
    if reported is None or not _has_test(reading) or sign is None:
        return []
    name, quantity = ("chi2", reported.chi2) if reported.chi2 is not None else ("z", reported.z)
    assert quantity is not None
    values = [abs(float(quantity.value)), *_rounding(quantity.value)]
    values = [value**2 for value in values] if name == "z" else values
    words = (
        "square of z, " if name == "z" else ""
    ) + f"{'fewer' if sign < 0 else 'more'} events in the experimental arm"
    ends = (min(sign * value for value in values[1:]), max(sign * value for value in values[1:]))
    measure = "chi-square, corrected" if reported.yates else "chi-square"
    return [_Statistic(measure, name, quantity, (*reading.base, "reported", name), sign * values[0], ends, words)]


def _has_test(reading: Reading) -> bool:
    """Whether the paper prints a chi-square, or z, that can only be between the two arms."""
    result = reading.chosen.result
    reported = result.reported
    return reported is not None and (reported.chi2 or reported.z) is not None and len(result.arms) <= 2


def _rounding(number: Number) -> tuple[float, float]:
    return max(abs(float(number)) - number.half_unit, 0.0), abs(float(number)) + number.half_unit


def _direction(reading: Reading) -> float | None:
    """-1 for fewer events in the experimental arm, 1 for more: as recorded, else as a printed contrast has it."""
    reported = reading.chosen.result.reported
    if reported is not None and reported.direction is not None:
        return -1.0 if reported.direction == "fewer" else 1.0
    for measure, null in (("RR", 1.0), ("OR", 1.0), ("RD", 0.0), ("PHI", 0.0)):
        for _, effect in matching_effects(reading.chosen, measure):
            none = 0.0 if effect.log else null
            if effect.estimate is not None and float(effect.estimate.value) != none:
                above = float(effect.estimate.value) > none
                return 1.0 if above != turned(effect, reading.chosen) else -1.0
    return None


# --- the table ------------------------------------------------------------------------------------------------------


def _arguments(
    item: _Statistic, side: str, n_1: float, n_2: float, margin: float, value: Any
) -> tuple[str, dict[str, Any]]:
    """The route and what it takes. From the experimental arm's events the table is solved with the arms exchanged."""
    name, by_total, by_arm = _ROUTES[item.measure]
    if side == "total":
        sizes = {"n_total": n_1 + n_2, "n_1": n_1} if by_total in _BY_N_TOTAL else {"n_1": n_1, "n_2": n_2}
        return by_total, {name: value, **sizes, "events_total": margin}
    if side == "comparator":
        return by_arm, {name: value, "n_1": n_1, "n_2": n_2, "events_2": margin}
    return by_arm, {
        name: 1 / value if item.measure in ("RR", "OR") else -value,
        "n_1": n_2,
        "n_2": n_1,
        "events_2": margin,
    }


def _span(item: _Statistic, side: str, n_1: float, n_2: float, margin: float) -> tuple[float, float]:
    """Smallest and largest whole number of events, in the arm that is solved for, that print as this figure.

    The first is above the second where none does; both are 0 where the figure cannot be solved at all.
    """
    from mscsec.effects.reconstruct import RECONSTRUCT  # with the other reconstructions, only where one is needed

    ends = []
    size, other = (n_2, n_1) if side == "experimental" else (n_1, n_2)
    for value in item.ends:
        key, given = _arguments(item, side, n_1, n_2, margin, value)
        found = float(RECONSTRUCT[key].function(**given).unrounded_1)
        low = max(0.0, margin - other) if side == "total" else 0.0
        ends.append(found if math.isfinite(found) else low if value == item.ends[0] else size)
    return math.ceil(min(ends) - SLACK), math.floor(max(ends) + SLACK)


def _width(span: tuple[float, float]) -> float:
    """How many whole numbers a span leaves; none is as bad as many."""
    return span[1] - span[0] if span[1] >= span[0] else math.inf


def _solve(
    reading: Reading,
    item: _Statistic,
    side: str,
    names: tuple[str, str],
    sizes: tuple[float, float],
    margin: float,
    span: tuple[float, float],
) -> tuple[float, float]:
    """Events of both arms, each step on the trail, with what rounding leaves open marked."""
    trail = reading.trail
    printed = reading.figure(item.name, item.printed, item.path)
    if item.words and item.value != printed:
        trail.step(item.measure, item.value, item.words, "turned", "dipietrantonj2006", printed=printed)
    solved, other = (names[1], names[0]) if side == "experimental" else names
    key, given = _arguments(item, side, *sizes, margin, item.value)
    found = reading.run(key, {"unrounded_1": f"{solved}: events, not rounded"}, **given)["unrounded_1"]
    events = trail.step(f"{solved}: events", round(found), "nearest whole number", "rounding", "dipietrantonj2006")
    rest = margin
    if side == "total":
        rest = trail.step(
            f"{other}: events", margin - events, "all events - those of the other arm", "subtraction",
            "dipietrantonj2006", all=margin, other=events,
        )  # fmt: skip
    trail.flag("E228", "rebuilt", _words(item, solved, events, span))
    return (rest, events) if side == "experimental" else (events, rest)


def _words(item: _Statistic, solved: str, events: float, span: tuple[float, float]) -> str:
    name = item.measure.split(",")[0]
    text = said("cells rebuilt from {} {} and the margins", name, num(item.printed.value.text))
    if span[0] > span[1]:
        return said(
            "{}; no table with these margins prints so, and the nearest is taken: {:g} events in {}",
            text,
            events,
            solved,
        )
    if span[0] == span[1]:
        return said("{}; only {:g} events in {} print so", text, events, solved)
    return said("{}; {:g} to {:g} events in {} print so, and {:g} is nearest", text, *span, solved, events)


def _rebuilt(
    reading: Reading,
    names: tuple[str, str],
    sizes: tuple[float, float],
    events: tuple[float, float],
    measure: str | None,
) -> Rebuilt:
    one, two = (counted(reading, *arm) for arm in zip(names, sizes, events, strict=True))
    return Rebuilt(one, two, measure)
