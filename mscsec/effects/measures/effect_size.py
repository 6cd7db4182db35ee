"""From argument arrays to effects: checks, zero cells, the measure's formula, and a reason for every gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtri

from mscsec.arrays import Array, BoolArray
from mscsec.effects.measures.arguments import as_arrays
from mscsec.effects.measures.base import Estimate, How, Measure
from mscsec.effects.measures.cells import NO_EVENTS, SPARE_FULL, TACC, TO, Counts, Treated, ZeroRule, treat_zeros
from mscsec.effects.measures.effects import Effects, Flag
from mscsec.effects.measures.families import FAMILIES, Family
from mscsec.effects.measures.refusals import EMPTY
from mscsec.effects.measures.table import MEASURES
from mscsec.effects.measures.transforms import TRANSFORMS
from mscsec.errors import InvalidInput, UnknownMethod, UnknownName, UsageError
from mscsec.registry import choose
from mscsec.results import Notice
from mscsec.said import num, said


@dataclass(frozen=True, slots=True)
class _Work:
    """One call on its way: the row, its checked arrays, the options, and what became of zero cells."""

    row: Measure
    family: Family
    x: dict[str, Array]
    how: How
    numbers: Any
    rule: ZeroRule | None
    treated: Treated | None

    def estimate(self) -> Estimate:
        """The measure's formula; called twice where yi and vi are to be taken from different cells."""
        if self.treated is None:
            return self.row.function(self.numbers, self.how)
        estimate = self.row.function(self.treated.for_yi, self.how)
        if self.treated.for_vi is self.treated.for_yi:
            return estimate
        return Estimate(estimate.yi, self.row.function(self.treated.for_vi, self.how).vi)

    def inputs(self) -> tuple[Any, ...]:
        """What the formula was given, for the reasons to look at."""
        return (self.numbers,) if self.treated is None else (self.treated.for_yi, self.treated.for_vi)


def effect_size(
    measure: str,
    *,
    level: float = 0.95,
    vtype: str | None = None,
    correct: bool | Literal["approximate"] | None = None,
    add: float | Literal["TACC"] | None = None,
    to: str | None = None,
    drop00: bool | str | None = None,
    addyi: bool = True,
    addvi: bool = True,
    onlyo1: bool | str = False,
    flip: bool = False,
    olim: tuple[float, float] | None = None,
    **arrays: Any,
) -> Effects:
    """Effects and sampling variances of studies, from the numbers they report.

    measure : key in MEASURES; upper and lower case alike.
    arrays : by name as the measure's family in FAMILIES says, of any shapes that broadcast (a single number becomes shape
        (1,)); None or nan where missing. 1 is the experimental group, 2 the comparator.
    vtype : variance formula, one of the measure's `vtypes`; the first by default. The means over the studies that some
        formulas need, and `to="if0all"`, run over the last axis.
    correct : remove the small-sample bias, where the measure has a correction; True by default. "approximate" takes
        Hedges' factor 1 - 3/(4 df - 1) as RevMan does, where the measure `approximates`.
    add : constant for zero cells; by default the measure's own (1/2, or 0 where the measure bears a zero). "TACC" adds
        each group's share of the participants (treatment-arm continuity correction).
    to : studies to add it to: "only0" (default) those with a zero cell, "all", "if0all" (all, where one has a zero), "none".
    drop00 : leave out studies in which nobody or everybody had the event; "no-events" those in which nobody had it.
    addyi, addvi : whether the corrected cells are used for yi, and for vi.
    onlyo1 : add to the events alone, so that a group grows by `add` and not by twice that; "spare-full" does so too, but leaves
        the events of a group that all had it as they are in the variance, as meta does (Hartung & Knapp 2001).
    flip : turn the sign of yi.
    olim : limits at which yi and the interval are cut.

    Raises UnknownMethod for a measure, vtype or `to` that does not exist, UnknownName and UsageError for arrays or options
    that the measure does not have, and InvalidInput for numbers no data can have. What cannot be computed is nan with a flag,
    study by study.
    Source: the row's; zero cells: Cochrane Handbook 10.4.4.2.
    """
    row = choose(MEASURES, measure, "measure")
    family = FAMILIES[row.family]
    how = How(_vtype(row, vtype), *_correct(row, correct))
    if not 0 < level < 1:
        raise InvalidInput(f"level is {level:g}", "a level lies between 0 and 1, such as 0.95")
    if olim is not None and not olim[0] < olim[1]:
        raise InvalidInput(f"olim is {olim}", "the lower limit lies below the upper one")
    x = _gather(row, family, arrays)
    # Zeros and gaps run through the formulas as inf and nan; `_flags` then finds the reason for each.
    with np.errstate(all="ignore"):
        numbers = family.build(x)
        rule = _zero_rule(row, numbers, (add, to, drop00), addyi, addvi, onlyo1)
        work = _Work(row, family, x, how, numbers, rule, treat_zeros(numbers, rule) if rule else None)
        return _effects(work, level, flip, olim)


def _effects(work: _Work, level: float, flip: bool, olim: tuple[float, float] | None) -> Effects:
    """The result, with its interval and flags."""
    row, how, rule = work.row, work.how, work.rule
    yi, vi = _finite(work)
    yi = -yi if flip else yi
    sei = np.sqrt(vi)
    reach = -float(ndtri((1 - level) / 2)) * sei
    low, high = yi - reach, yi + reach
    if olim is not None:
        yi, low, high = (np.clip(part, *olim) for part in (yi, low, high))
    flags = tuple(_flags(work, yi, vi))
    return Effects(
        measure=row.key,
        yi=yi,
        vi=vi,
        sei=sei,
        ci_low=low,
        ci_high=high,
        level=level,
        included=np.isfinite(yi) & np.isfinite(vi) & (vi > 0),
        flags=flags,
        warnings=tuple(_count(flag) for flag in flags),
        size=work.x[work.family.needs[-1]] if TRANSFORMS[row.back].needs else None,
        cells=None if work.treated is None else _cells(work.treated.for_yi),
        vi_cells=None if work.treated is None else _cells(work.treated.for_vi),
        vtype=how.vtype,
        correct=("approximate" if how.approximate else how.correct) if row.corrects else None,
        add=rule.add if rule else None,
        to=rule.to if rule else None,
        drop00=rule.drop00 if rule else None,
    )


def _cells(counts: Counts) -> dict[str, Array]:
    """The cells by name."""
    return {name: getattr(counts, name) for name in counts.counted()}


def _finite(work: _Work) -> tuple[Array, Array]:
    """yi and vi, both nan where either is infinite: that is a zero cell or a zero SD showing through, not a number."""
    shape = next(iter(work.x.values())).shape
    yi, vi = (np.array(np.broadcast_to(part, shape), dtype=float) for part in work.estimate())
    broken = ~np.isfinite(yi) | np.isinf(vi) | (vi < 0)
    yi[broken], vi[broken] = np.nan, np.nan
    return yi, vi


def _flags(work: _Work, yi: Array, vi: Array) -> list[Flag]:
    """Every correction and every gap; the first reason that holds is the one a gap gets."""
    row, rule, treated = work.row, work.rule, work.treated
    found: list[Flag] = []
    gap = ~np.isfinite(yi) | ~np.isfinite(vi)
    over_time = row.family in (
        "rates",
        "rate",
    )  # person-time is no count: nothing is added to it, and it has no upper bound of events

    def explain(code: str, message: str, where: BoolArray) -> None:
        nonlocal gap
        where = np.broadcast_to(where, gap.shape) & gap
        if where.any():
            found.append(Flag(code, message, where))
            gap = gap & ~where

    if treated is not None and rule is not None and treated.added.any():
        cells = "the events" if rule.onlyo1 or over_time else "every cell"
        constant = "the group's share of the participants" if rule.add == TACC else num(f"{rule.add:g}")
        alone = "" if rule.addyi else " for the variance alone" if rule.addvi else ""
        found.append(Flag("E101", said("{} added to {}", constant, cells + alone), treated.added))
    if gap.any():
        for what, where in work.family.missing(work.x):
            explain("E102", what, where)
        explain("E104", EMPTY, work.family.empty(work.x))
        if treated is not None:
            none = "nobody had an event" if over_time else "nobody, or everybody, had the event"
            explain("E103", f"left out: {none}", treated.dropped)
        for refusal in row.refusals:
            explain(
                "E104",
                refusal.why,
                np.logical_or.reduce([refusal.where(numbers, work.how) for numbers in work.inputs()]),
            )
        explain("E104", f"the formula of the {row.name} has no finite value for these numbers", gap)
    zero = vi == 0
    if zero.any():
        found.append(Flag("E105", "the sampling variance is zero, which no weight can be made of", zero))
    return found


def _count(flag: Flag) -> Notice:
    return Notice(flag.code, f"{flag.message} ({int(flag.where.sum())} of {flag.where.size} studies)")


def _needs(family: Family) -> str:
    """The arrays a study needs, in words."""
    ways = "; ".join(" ".join(names) for names in family.any_of)
    return " ".join(family.needs) + (f" and one of: {ways}" if ways else "")


def _gather(row: Measure, family: Family, given: dict[str, Any]) -> dict[str, Array]:
    """The family's arrays in one shape, nan throughout where an optional one was not given."""
    given = {name: values for name, values in given.items() if values is not None}
    for name in given:
        if name not in family.names:
            raise UnknownName(f"array for {row.key}", name, family.names)
    ways = family.any_of or ((),)
    if not set(family.needs) <= set(given) or not any(set(names) <= set(given) for names in ways):
        raise UsageError(f"{row.key} ({row.name}) needs {_needs(family)}; given: {' '.join(given) or 'nothing'}")
    x = as_arrays(given)
    shape = next(iter(x.values())).shape
    return {name: x[name] if name in x else np.full(shape, np.nan) for name in family.names}


def _vtype(row: Measure, asked: str | None) -> str:
    if asked is None:
        return row.vtypes[0]
    if asked not in row.vtypes:
        raise UnknownMethod(f"variance formula (vtype) of {row.key}", asked, row.vtypes)
    return asked


def _correct(row: Measure, asked: bool | str | None) -> tuple[bool, bool]:
    """Whether to correct, and whether with the approximate factor."""
    if asked and not row.corrects:
        raise UsageError(f"{row.key} ({row.name}) has no bias correction; leave out correct")
    if isinstance(asked, str):
        if asked != "approximate":
            raise UnknownMethod("bias correction (correct)", asked, ("approximate", "True", "False"))
        if not row.approximates:
            raise UsageError(f"{row.key} ({row.name}) has no approximate bias correction; write correct=True")
        return True, True
    return row.corrects if asked is None else asked, False


def _zero_rule(
    row: Measure,
    numbers: Any,
    asked: tuple[float | str | None, str | None, bool | str | None],
    addyi: bool,
    addvi: bool,
    onlyo1: bool | str,
) -> ZeroRule | None:
    """The rule for zero cells, None for a measure without counts; raises `UsageError` where one is asked of such a measure."""
    add, to, drop00 = asked
    if not isinstance(numbers, Counts):
        if asked != (None, None, None) or not (addyi and addvi) or onlyo1:
            raise UsageError(
                f"{row.key} ({row.name}) has no cells to correct; leave out add, to, drop00, addyi, addvi and onlyo1"
            )
        return None
    if to is not None and to not in TO:
        raise UnknownMethod("rule for zero cells (to)", to, TO)
    if isinstance(drop00, str) and drop00 != NO_EVENTS:
        raise UnknownMethod("rule for studies without events (drop00)", drop00, (NO_EVENTS,))
    if isinstance(onlyo1, str) and onlyo1 != SPARE_FULL:
        raise UnknownMethod("rule for what is added (onlyo1)", onlyo1, (SPARE_FULL,))
    return ZeroRule(_constant(row, numbers, add), to or "only0", drop00 or False, addyi, addvi, onlyo1)


def _constant(row: Measure, counts: Counts, add: float | str | None) -> float | str:
    """The constant for zero cells: the measure's own where none is asked for."""
    if add is None:
        return row.add
    if isinstance(add, str):
        if add != TACC:
            raise UnknownMethod("constant for zero cells (add)", add, (TACC,))
        if not counts.arm_shares():
            raise UsageError(f"{row.key} ({row.name}) has no two groups of participants; {TACC} needs their sizes")
        return add
    if not (np.isfinite(add) and add >= 0):
        raise InvalidInput(f"add is {add:g}", "the constant added to zero cells is 0 or more")
    return float(add)
