"""The delta method: an estimate and its variance carried through a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, ArrayLike
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.rows import Refusal, blank, columns, judge, missing
from mscsec.results import Result

Function = Callable[[Array], Array]

LEVELS = 10  # halvings of the step; rounding error overtakes the gain well before
SHRINK = 2.0


@dataclass(frozen=True, slots=True)
class Transformed(Result):
    """yi : function of the estimate. vi : its variance, first order. derivative : of the function there."""

    yi: Array
    vi: Array
    derivative: Array
    refused: tuple[Refusal, ...] = ()


def delta_method(yi: ArrayLike, vi: ArrayLike, function: Function, derivative: Function | None = None) -> Transformed:
    """function(yi) with variance vi f'(yi)^2.

    yi, vi : (...) estimates and sampling variances. function : elementwise, smooth near yi; what else it needs (a
    baseline risk, group sizes) it brings along. derivative : its derivative; found numerically where not given.
    A row where the function or its derivative is not finite is refused (E302).
    """
    y, v = columns(yi=yi, vi=vi)
    rules.not_negative("a variance", vi=v)
    with np.errstate(all="ignore"):  # a point outside the function's domain shows as NaN and is refused below
        value = np.asarray(function(y), dtype=np.float64)
        slope = np.asarray(derivative(y), dtype=np.float64) if derivative else numerical_derivative(function, y)
    reasons = [
        *missing(yi=y, vi=v),
        (~np.isfinite(value), "E302", "the function has no value at this estimate"),
        (~np.isfinite(slope), "E302", "the function has no derivative at this estimate"),
    ]
    stands, refused = judge(y.shape, reasons)
    return Transformed(blank(stands, value), blank(stands, v * slope**2), blank(stands, slope), refused)


def numerical_derivative(function: Function, x: Array) -> Array:
    """Derivative by central differences, extrapolated to step zero; good to about 1e-11 for a smooth function.

    x : (...) points. Of the entries of the extrapolation table each point takes the one with the smallest error
    estimate; steps that leave the function's domain count as infinitely bad.
    Source: Ridders (1982), Adv Eng Softw 4:75-76.
    """
    step = np.maximum(0.02 * np.abs(x), 1e-3)
    best, error = np.full(x.shape, np.nan), np.full(x.shape, np.inf)
    previous: list[Array] = []
    for level in range(LEVELS):
        row = [_central(function, x, step / SHRINK**level)]
        for order in range(level):
            factor = SHRINK ** (2 * (order + 1))
            row.append((factor * row[order] - previous[order]) / (factor - 1))
            gap = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - previous[order]))
            better = gap < error  # False for NaN
            best, error = np.where(better, row[-1], best), np.where(better, gap, error)
        previous = row
    return best


def _central(function: Function, x: Array, step: Array) -> Array:
    above, below = x + step, x - step  # divided by the step that rounding made of it
    return (np.asarray(function(above)) - np.asarray(function(below))) / (above - below)
