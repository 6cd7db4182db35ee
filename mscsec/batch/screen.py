"""From rows to effects: a row that no data can have is set aside with its reason, and the others are computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mscsec.arrays import Array, BoolArray, IntArray
from mscsec.batch.options import WEIGHTS
from mscsec.batch.rows import Reject, Rows
from mscsec.effects.measures import FAMILIES, MEASURES, Effects, effect_size
from mscsec.effects.measures.arguments import ARGUMENTS
from mscsec.effects.measures.refusals import EMPTY
from mscsec.effects.zero_cells import zero_options
from mscsec.errors import InvalidInput
from mscsec.pooling.counts.batch import summed
from mscsec.pooling.sets import VARIANCE_MAX, VARIANCE_MIN

_WITHIN = (("events_1", "n_1"), ("events_2", "n_2"), ("events", "n"))


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """data : (n,) each, what is pooled: effects on the analysis scale and their variances, with the weights of generalised Q where a
    column has them; or the cells. used : (n,) False for a reject.
    """

    data: list[Array]
    used: BoolArray
    rejects: list[Reject]


def screen(rows: Rows, measure: str, method: str | None = None, preset: str | None = None) -> Screened:
    """Effects of the rows, with zero cells and double-zero trials treated as `pool --table` treats them.

    With a `method` that sums over the cells: the cells, of every row that the sums run over.
    """
    if method is not None:
        return _cells(rows, measure, method, preset)
    weights = rows.numbers.get(WEIGHTS)
    if weights is not None:
        rows = replace(rows, numbers={name: x for name, x in rows.numbers.items() if name != WEIGHTS})
    n = len(rows)
    yi, vi, used = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=bool)
    reasons = {**_impossible(rows), **rows.wrong}
    rejects = []
    found, at = _effects(rows, measure, reasons, preset)
    if found is not None:
        yi[at], vi[at] = found.yi, found.vi
        used[at] = found.included
        rejects = [_reject(rows, int(at[i]), *_gap(found, int(i))) for i in np.flatnonzero(~found.included)]
    outside = used & ~((vi >= VARIANCE_MIN) & (vi <= VARIANCE_MAX))
    for i in np.flatnonzero(outside):
        reasons[int(i)] = f"the sampling variance is {vi[i]:g}; it lies between {VARIANCE_MIN:g} and {VARIANCE_MAX:g}"
    used[outside] = False
    if weights is not None:
        for row in map(int, np.flatnonzero(used & ~(np.isfinite(weights) & (weights > 0)))):
            used[row] = False
            if np.isnan(weights[row]):
                rejects.append(_reject(rows, row, "E102", "the weight is missing"))
            else:
                reasons[row] = f"the weight is {weights[row]:g}; it is positive and finite"
    rejects += [_reject(rows, i, "E212" if i in rows.wrong else "E222", reason) for i, reason in reasons.items()]
    return Screened([yi, vi] if weights is None else [yi, vi, weights], used, sorted(rejects))


def _cells(rows: Rows, measure: str, method: str, preset: str | None) -> Screened:
    """The cells of the rows. One in which nobody had the event has no effect of its own, but may count in the sums."""
    names = FAMILIES[MEASURES[measure].family].needs
    cells = [rows.numbers[name] for name in names]
    reasons = {**_impossible(rows), **rows.wrong}
    used = np.logical_and.reduce([np.isfinite(cell) for cell in cells])
    rejects = []
    for row in map(int, np.flatnonzero(~used)):
        if row not in reasons:
            lacking = ", ".join(name for name, cell in zip(names, cells, strict=True) if np.isnan(cell[row]))
            rejects.append(_reject(rows, row, "E102", f"left out: {lacking} missing"))
    used[list(reasons)] = False
    rejects += [_reject(rows, i, "E212" if i in rows.wrong else "E222", reason) for i, reason in reasons.items()]
    at = np.flatnonzero(used)
    filled, entered = summed(*(cell[at] for cell in cells), measure=measure, method=method, preset=preset)
    used[at] = entered
    rejects += [_reject(rows, int(i), "E104", EMPTY) for i in at[~filled]]
    out = "left out of the sums: nobody" + (" had an event" if "time_1" in names else ", or everybody, had the event")
    rejects += [_reject(rows, int(i), "E103", out) for i in at[filled & ~entered]]
    return Screened(cells, used, sorted(rejects))


def _reject(rows: Rows, at: int, code: str, reason: str) -> Reject:
    return Reject(int(rows.lines[at]), str(rows.groups[at]), code, reason)


def _gap(found: Effects, at: int) -> tuple[str, str]:
    """Why the measure has no estimate for a row; the correction of a zero cell is no such reason."""
    notices = [notice for notice in found.notices(at) if notice.code != "E101"]
    return (notices[0].code, notices[0].message) if notices else ("E104", "no finite effect")


def _impossible(rows: Rows) -> dict[int, str]:
    """Rows with a value outside its range, or more events than participants, by position."""
    reasons: dict[int, str] = {}

    def note(where: BoolArray, text: Any) -> None:
        for i in np.flatnonzero(where):
            reasons.setdefault(int(i), text(int(i)))

    with np.errstate(invalid="ignore", over="ignore"):
        for name, x in rows.numbers.items():
            note(np.isinf(x), lambda i, name=name, x=x: f"{name} is {x[i]:g}; a reported number is finite")
            rule = ARGUMENTS[name]
            wrong = ~np.isnan(x) & ~rule.valid(x)
            note(wrong, lambda i, name=name, x=x, rule=rule: f"{name} is {x[i]:g}; {rule.rule}")
        for events, n in _WITHIN:
            if events in rows.numbers and n in rows.numbers:
                e, size = rows.numbers[events], rows.numbers[n]
                note(
                    e > size,
                    lambda i, e=e, size=size, name=events: f"{name} is {e[i]:g} among {size[i]:g} participants",
                )
        if "vi" in rows.numbers and "sei" in rows.numbers:
            vi, sei = rows.numbers["vi"], rows.numbers["sei"]
            note(
                _contradict(vi, sei),
                lambda i: f"sei is {sei[i]:g} and vi {vi[i]:g}; vi is the square of sei, here {sei[i] ** 2:.6g}",
            )
    return reasons


def _contradict(vi: Array, sei: Array) -> BoolArray:
    """Where `vi` is not the square of `sei`, with room for the rounding of both; nan contradicts nothing."""
    half_v, half_s = _half_a_digit(vi), _half_a_digit(sei)
    low = np.maximum(sei - half_s, 0.0) ** 2 - half_v
    high = (sei + half_s) ** 2 + half_v
    return np.asarray((vi < low * (1 - 1e-9)) | (vi > high * (1 + 1e-9)))


def _half_a_digit(x: Array) -> Array:
    """Half a unit of the last of the decimals that a number needs, 0.005 for 0.12; of one with more than eight, next to nothing."""
    half = np.full(x.shape, 0.5e-8)
    for decimals in reversed(range(8)):
        half[np.round(x, decimals) == x] = 0.5 * 10.0**-decimals
    return half


def _effects(rows: Rows, measure: str, reasons: dict[int, str], preset: str | None) -> tuple[Effects | None, IntArray]:
    """Effects of the rows without a reason against them, and where these stand; None where there is no such row.

    What the measure itself refuses is added to the reasons.
    """
    options = zero_options(MEASURES[measure], preset, {})

    def compute(at: IntArray) -> Effects | None:
        numbers: dict[str, Any] = {name: values[at] for name, values in rows.numbers.items()}
        return effect_size(measure, **options, **numbers) if len(at) else None

    at = _others(len(rows), reasons)
    try:
        return compute(at), at
    except InvalidInput:
        pass
    # Halves the rows until each one that is refused stands alone. (A function that calls itself would hold on to the rows.)
    pending = [at]
    while pending:
        part = pending.pop()
        try:
            compute(part)
        except InvalidInput as error:
            if len(part) == 1:
                reasons[int(part[0])] = error.message.replace(" (study 1)", "")
            else:
                pending += [part[: len(part) // 2], part[len(part) // 2 :]]
    at = _others(len(rows), reasons)
    return compute(at), at


def _others(n: int, reasons: dict[int, str]) -> IntArray:
    free = np.ones(n, dtype=bool)
    free[list(reasons)] = False
    return np.flatnonzero(free)
