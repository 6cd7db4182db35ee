"""From argument arrays to effects: checks, zero cells, the measure's formula, and a reason for every gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from mscsec.arrays import Array, BoolArray
from mscsec.effects.measures.arguments import as_arrays
from mscsec.effects.measures.base import Estimate, How, Measure
from mscsec.effects.measures.cells import TO, Counts, Treated, ZeroRule, treat_zeros
from mscsec.effects.measures.families import FAMILIES, Family
from mscsec.effects.measures.table import MEASURES
from mscsec.errors import InvalidInput, UnknownMethod, UnknownName, UsageError
from mscsec.registry import choose
from mscsec.results import Notice, Result


@dataclass(frozen=True, slots=True, eq=False)
class Flag:
    """Something to know about some of the studies: a stable code, a sentence, and the studies it is true of."""

    code: str
    message: str
    where: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Effects(Result):
    """Effects of studies on the analysis scale (ratios as logs); arrays have the shape of the input, (..., k).

    measure : key in MEASURES.
    yi, vi, sei : effect, sampling variance and its square root; nan where a flag says why.
    ci_low, ci_high : Wald interval at `level`.
    level : 0.95 and the like.
    included : True where the study can be pooled: yi is finite, vi is finite and positive.
    flags : corrections made, gaps and their reasons.
    vtype, correct, add, to, drop00 : the options as they were used; None where the measure has no such option.
    """

    measure: str
    yi: Array
    vi: Array
    sei: Array
    ci_low: Array
    ci_high: Array
    level: float
    included: BoolArray
    flags: tuple[Flag, ...]
    vtype: str
    correct: bool | None
    add: float | None
    to: str | None
    drop00: bool | None

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """The flags, each with the number of studies it is true of."""
        total = self.included.size
        return tuple(Notice(flag.code, f"{flag.message} ({int(flag.where.sum())} of {total})") for flag in self.flags)

    def notices(self, index: int | tuple[int, ...]) -> tuple[Notice, ...]:
        """What there is to know about the study at `index`."""
        return tuple(Notice(flag.code, flag.message) for flag in self.flags if flag.where[index])


def effect_size(
    measure: str,
    *,
    level: float = 0.95,
    vtype: str | None = None,
    correct: bool | None = None,
    add: float | None = None,
    to: str | None = None,
    drop00: bool | None = None,
    addyi: bool = True,
    addvi: bool = True,
    onlyo1: bool = False,
    flip: bool = False,
    olim: tuple[float, float] | None = None,
    **arrays: Any,
) -> Effects:
    """Effects and sampling variances of studies, from the numbers they report.

    measure : key in MEASURES; upper and lower case alike.
    arrays : by name as the measure's family in FAMILIES says, of any shapes that broadcast; None or nan where missing.
        1 is the experimental group, 2 the comparator.
    vtype : variance formula, one of the measure's `vtypes`; the first by default.
    correct : remove the small-sample bias, where the measure has a correction; True by default.
    add : constant for zero cells; by default the measure's own (1/2, or 0 where the measure bears a zero).
    to : studies to add it to: "only0" (default) those with a zero cell, "all", "if0all" (all, where one of the last axis
        has a zero), or "none".
    drop00 : leave out studies in which nobody or everybody had the event.
    addyi, addvi : whether the corrected cells are used for yi, and for vi.
    onlyo1 : add to the events alone, so that a group grows by `add` and not by twice that.
    flip : turn the sign of yi.
    olim : limits at which yi and the interval are cut.

    Raises UnknownMethod for a measure, vtype or `to` that does not exist, UsageError for arrays or options that the measure
    does not have, and InvalidInput for numbers no data can have. What cannot be computed is nan with a flag, study by study.
    """
    row = choose(MEASURES, measure, "measure")
    family = FAMILIES[row.family]
    how = How(_vtype(row, vtype), _correct(row, correct))
    if not 0 < level < 1:
        raise InvalidInput(f"level is {level:g}", "a level lies between 0 and 1, such as 0.95")
    x = _gather(row, family, arrays)
    with np.errstate(all="ignore"):
        numbers = family.build(x)
        rule = _zero_rule(row, numbers, (add, to, drop00), addyi, addvi, onlyo1)
        if rule is None:
            treated = None
            estimate = row.function(numbers, how)
        else:
            treated = treat_zeros(numbers, rule)
            estimate = _estimate(row, treated, how)
            numbers = treated.for_yi
        return _finish(row, family, x, numbers, how, rule, treated, estimate, level, flip, olim)


def _estimate(row: Measure, treated: Treated, how: How) -> Estimate:
    """The measure from the treated cells; one call where yi and vi use the same."""
    estimate = row.function(treated.for_yi, how)
    if treated.for_vi is treated.for_yi:
        return estimate
    return Estimate(estimate.yi, row.function(treated.for_vi, how).vi)


def _finish(
    row: Measure,
    family: Family,
    x: dict[str, Array],
    numbers: Any,
    how: How,
    rule: ZeroRule | None,
    treated: Treated | None,
    estimate: Estimate,
    level: float,
    flip: bool,
    olim: tuple[float, float] | None,
) -> Effects:
    shape = next(iter(x.values())).shape
    yi, vi = (np.array(np.broadcast_to(part, shape), dtype=float) for part in estimate)
    # An infinite effect or variance is a zero cell or a zero SD showing through; neither half of such a pair is a number.
    broken = ~np.isfinite(yi) | np.isinf(vi) | (vi < 0)
    yi[broken], vi[broken] = np.nan, np.nan
    if flip:
        yi = -yi
    sei = np.sqrt(vi)
    reach = -float(ndtri((1 - level) / 2)) * sei
    low, high = yi - reach, yi + reach
    if olim is not None:
        yi, low, high = (np.clip(part, *olim) for part in (yi, low, high))
    return Effects(
        row.key, yi, vi, sei, low, high, level,
        included=np.isfinite(vi) & (vi > 0),
        flags=tuple(_flags(row, family, x, numbers, rule, treated, yi, vi)),
        vtype=how.vtype,
        correct=how.correct if row.corrects else None,
        add=rule.add if rule else None,
        to=rule.to if rule else None,
        drop00=rule.drop00 if rule else None,
    )  # fmt: skip


def _flags(
    row: Measure,
    family: Family,
    x: dict[str, Array],
    numbers: Any,
    rule: ZeroRule | None,
    treated: Treated | None,
    yi: Array,
    vi: Array,
) -> list[Flag]:
    """Every correction and every gap; the first reason that holds is the one a gap gets."""
    found: list[Flag] = []
    gap = ~np.isfinite(yi) | ~np.isfinite(vi)

    def explain(code: str, message: str, where: BoolArray) -> None:
        nonlocal gap
        where = np.broadcast_to(where, gap.shape) & gap
        if where.any():
            found.append(Flag(code, message, where))
            gap = gap & ~where

    if treated is not None and rule is not None:
        if treated.added.any():
            found.append(Flag("E101", f"{rule.add:g} added to {'the events' if rule.onlyo1 else 'every cell'}", treated.added))
        explain("E103", "left out: nobody or everybody had the event", treated.dropped)
    explain("E102", f"{row.key} needs {_needs(family)}", family.missing(x))
    for refusal in row.refusals:
        explain("E104", refusal.why, refusal.where(numbers))
    explain("E104", f"the formula of the {row.name} has no finite value for these numbers", gap)
    zero = vi == 0
    if zero.any():
        found.append(Flag("E105", "the sampling variance is zero, so the study has no weight", zero))
    return found


def _needs(family: Family) -> str:
    """The arrays a study needs, in words."""
    ways = [" ".join(names) for names in family.any_of]
    return " ".join(family.needs) + (f" and one of: {'; '.join(ways)}" if ways else "")


def _gather(row: Measure, family: Family, given: dict[str, Any]) -> dict[str, Array]:
    """The family's arrays in one shape, nan throughout where an optional one was not given."""
    for name in given:
        if name not in family.names:
            raise UnknownName(f"array for {row.key}", name, family.names)
    complete = all(name in given for name in family.needs)
    if not complete or (family.any_of and not any(all(name in given for name in names) for names in family.any_of)):
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


def _correct(row: Measure, asked: bool | None) -> bool:
    if asked and not row.corrects:
        raise UsageError(f"{row.key} ({row.name}) has no bias correction; leave out correct")
    return row.corrects if asked is None else asked


def _zero_rule(
    row: Measure, numbers: Any, asked: tuple[float | None, str | None, bool | None], addyi: bool, addvi: bool, onlyo1: bool
) -> ZeroRule | None:
    add, to, drop00 = asked
    if not isinstance(numbers, Counts):
        if asked != (None, None, None) or not (addyi and addvi) or onlyo1:
            raise UsageError(f"{row.key} ({row.name}) has no cells to correct; leave out add, to, drop00, addyi, addvi, onlyo1")
        return None
    if to is not None and to not in TO:
        raise UnknownMethod("rule for zero cells (to)", to, TO)
    if add is not None and not (np.isfinite(add) and add >= 0):
        raise InvalidInput(f"add is {add:g}", "the constant added to zero cells is 0 or more")
    return ZeroRule(row.add if add is None else add, to or "only0", bool(drop00), addyi, addvi, onlyo1)
