"""Two routes to one number: figures by arm against the contrast that the paper prints beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

from mscsec.effects.contrast import matching_effect, turned
from mscsec.effects.measures import FAMILIES, Measure, effect_size
from mscsec.effects.reading import Reading
from mscsec.effects.trail import ArmData
from mscsec.records.models import ReportedEffect
from mscsec.records.number import Number
from mscsec.said import num, said

_ESTIMATED = frozenset({"E206", "E208", "E209", "E212", "E214", "E215", "E224"})  # figures that are not the paper's own
_OTHER_ERROR = frozenset({"E213", "E218"})  # designs whose printed interval is by another analysis than by arm
SE_TOLERANCE = 0.1  # a printed interval is by t, z or a likelihood; they differ by less than this in usable samples
IN_UNITS = frozenset({"MD", "MC", "MN", "GEN"})  # measures that carry the outcome's unit


def cross_check(reading: Reading, row: Measure, values: dict[str, float | None], one: ArmData, two: ArmData) -> None:
    """Marks an effect by arms (E219) that is not the unadjusted contrast printed beside it, beyond what rounding explains.

    values : arguments of the measure. one, two : the arms they come from, whose printed decimals tell the rounding.
    Left alone where the figures by arm are themselves estimates, where zero cells were corrected, and where the printed
    contrast is adjusted: there a difference says nothing.
    """
    codes = {flag.code for flag in reading.trail.flags}
    found = matching_effect(reading.chosen, row.key)
    if codes & _ESTIMATED or found is None or found[1].estimate is None or found[1].adjusted is not None:
        return
    effect, printed = found[1], found[1].estimate.value
    columns: dict[str, Any] = _perturbed(reading, row, values, one, two)
    own = effect_size(row.key, **columns)
    if not own.included[0] or own.notices(0):
        return
    ratio = row.back == "exp" and not effect.log
    turn = turned(effect, reading.chosen) != (reading.chosen.result.reversed and row.back == "identity")
    scale = (-1.0 if turn else 1.0) / (reading.factor if row.key in IN_UNITS else 1.0)
    on_paper = np.exp if ratio else np.asarray
    estimates = on_paper(own.yi * scale)
    slack = printed.half_unit + float(np.abs(estimates[1:] - estimates[0]).sum())
    choices = [float(estimates[0])] + [float(on_paper(yi * scale)) for yi, _ in _other_forms(row, values)]
    off = all(abs(choice - float(printed)) > slack * (1 + 1e-9) for choice in choices)
    errors = [abs(scale) * float(own.sei[0])] + [abs(scale) * sei for _, sei in _other_forms(row, values)]
    bands = [] if codes & _OTHER_ERROR else _printed_errors(effect, ratio, _df(values))
    wide = bool(bands) and not any(
        low * (1 - SE_TOLERANCE) <= error <= high * (1 + SE_TOLERANCE) for error in errors for low, high in bands
    )
    if off or wide:
        low, high = sorted(float(on_paper(limit[0] * scale)) for limit in (own.ci_low, own.ci_high))
        shown = printed.text + (f" ({effect.ci[0].text} to {effect.ci[1].text})" if effect.ci else "")
        reading.trail.flag(
            "E219",
            "differs",
            said(
                "the paper prints {} {}; {}, used here, give {}",
                row.key,
                num(shown),
                "the cells rebuilt from it" if "E228" in codes else "its figures by arm",
                num(f"{choices[0]:.4g} ({low:.4g} to {high:.4g})"),
            ),
        )


def _df(values: dict[str, float | None]) -> float:
    return (values.get("n_1") or 0.0) + (values.get("n_2") or 0.0) - 2


def _other_forms(row: Measure, values: dict[str, float | None]) -> list[tuple[float, float]]:
    """yi and SE as other papers compute the same measure: without the small-sample correction, with one SD for both arms."""
    arrays: dict[str, Any] = {name: [value] for name, value in values.items()}
    ways: list[dict[str, Any]] = [{"correct": False}] if row.corrects else []
    ways += [{"vtype": "HO"}] if "HO" in row.vtypes else []
    forms = [effect_size(row.key, **way, **arrays) for way in ways]
    return [(float(form.yi[0]), float(form.sei[0])) for form in forms if form.included[0]]


def _perturbed(
    reading: Reading, row: Measure, values: dict[str, float | None], one: ArmData, two: ArmData
) -> dict[str, list[float | None]]:
    """The arguments as columns: as they are first, then with one rounded figure after the other moved by half a unit."""
    moves = []
    for side, arm in ((1, one), (2, two)):
        for field in ("mean", "sd"):
            name, value = f"{field}_{side}", values.get(f"{field}_{side}")
            if name in FAMILIES[row.family].names and value is not None:
                moves.append((name, value + _half_unit(reading, arm, field, value)))
    columns = {name: [value] * (1 + len(moves)) for name, value in values.items()}
    for place, (name, value) in enumerate(moves, start=1):
        columns[name][place] = value
    return columns


def _half_unit(reading: Reading, arm: ArmData, field: str, value: float) -> float:
    """How far a mean or SD may lie from the truth by the rounding of the figure it comes from."""
    figures = [figure for figure in reading.trail.figures if figure.name.startswith(f"{arm.label}: ")]
    halves = {
        figure.name.split(": ", 1)[1]: (Number(figure.value, figure.text).half_unit, figure.value) for figure in figures
    }
    if field == "mean":
        return halves["mean"][0] * reading.factor if "mean" in halves else 0.0
    for name in ("SD", "SE"):
        if name in halves:
            half, printed = halves[name]
            return value * half / printed
    limits = [halves[name] for name in halves if name.endswith("limit of the mean")]
    if len(limits) == 2 and limits[1][1] > limits[0][1]:
        return value * (limits[0][0] + limits[1][0]) / (limits[1][1] - limits[0][1])
    return 0.0


def _printed_errors(effect: ReportedEffect, ratio: bool, df: float) -> list[tuple[float, float]]:
    """Smallest and largest standard error that round to what is printed: by a normal and by a t interval, or the SE itself."""
    if effect.se is not None:
        half = effect.se.value.half_unit
        return [(float(effect.se.value) - half, float(effect.se.value) + half)]
    if effect.ci is None:
        return []
    widths = []
    for sign in (-1, 1):
        ends = [float(end) + way * sign * end.half_unit for end, way in zip(effect.ci, (-1, 1), strict=True)]
        if ratio and ends[0] <= 0:
            widths.append(0.0 if sign < 0 or ends[1] <= 0 else np.inf)
        else:
            widths.append(float(np.log(ends[1] / ends[0])) if ratio and ends[1] > 0 else ends[1] - ends[0])
    tail = (1 - float(effect.ci_level or 0.95)) / 2
    quantiles = [-float(ndtri(tail))] + ([-float(stdtrit(df, tail))] if df > 0 else [])
    return [(max(widths[0], 0.0) / (2 * quantile), widths[1] / (2 * quantile)) for quantile in quantiles]
