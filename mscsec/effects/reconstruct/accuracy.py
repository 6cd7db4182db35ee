"""The four cells of a diagnostic table from sensitivity, specificity and predictive values.

With D diseased, the four are tied by logit(ppv) + logit(npv) = logit(sensitivity) + logit(specificity): any three fix the
table of a study of n people. Where all four are given, rounding breaks the tie, and the nearest four that keep it (least
squares) are taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, columns, judge, missing
from mscsec.results import Result

ITERATIONS = 100


@dataclass(frozen=True, slots=True)
class Accuracy(Result):
    """true_positive, false_positive, false_negative, true_negative : whole numbers that add up to n; NaN where refused.

    sensitivity, specificity, ppv, npv : before rounding to people, as reported or nearest to what was reported.
    """

    true_positive: Array
    false_positive: Array
    false_negative: Array
    true_negative: Array
    sensitivity: Array
    specificity: Array
    ppv: Array
    npv: Array
    refused: tuple[Refusal, ...] = ()


def cells_from_accuracy(
    n: ArrayLike,
    sensitivity: ArrayLike | None = None,
    specificity: ArrayLike | None = None,
    ppv: ArrayLike | None = None,
    npv: ArrayLike | None = None,
) -> Accuracy:
    """The table from three or four of the statistics; cells by the method of largest remainders, which keeps their sum.

    n : (...) everyone tested, whole. The statistics : (...) proportions, None or NaN where not reported. Three must be
    strictly between 0 and 1, or such that the cells follow all the same (a sensitivity of 1, say); else refused.
    """
    n_, sens, spec, ppv_, npv_ = columns(n=n, sensitivity=sensitivity, specificity=specificity, ppv=ppv, npv=npv)
    rules.group_size(1, n=n_)
    rules.whole(n=n_)
    rules.proportion(sensitivity=sens, specificity=spec, ppv=ppv_, npv=npv_)
    stats = np.stack([sens, spec, ppv_, npv_])
    given = ~np.isnan(stats)
    inner = np.all((stats > 0) & (stats < 1), axis=0)
    fitted, settled = _nearest(np.where(inner, stats, 0.5))
    stats = np.where(inner & (given.sum(0) == 4), fitted, stats)
    shares = _shares(stats)
    reasons: list[Reason] = [
        *missing(n=n_),
        (given.sum(0) < 3, "E301", "three of sensitivity, specificity, ppv and npv are needed"),
        (inner & ~settled, "E304", "the search for the nearest consistent statistics did not settle"),
        (~np.all(np.isfinite(shares), axis=0), "E304", "values of 0 or 1 among the statistics leave the table open"),
    ]
    stands, refused = judge(n_.shape, reasons)
    cells = _largest_remainders(np.where(stands, shares, 0.25), np.where(stands, n_, 4.0))
    tp, fp, fn, tn = (blank(stands, cell) for cell in cells)
    sens, spec, ppv_, npv_ = (blank(stands, figure) for figure in _statistics(shares))
    return Accuracy(tp, fp, fn, tn, sens, spec, ppv_, npv_, refused)


def _shares(stats: Array) -> Array:
    """Shares of the four cells (true positive, false positive, false negative, true negative), from three statistics.

    The first of four ways that gives an answer is used; each leaves one statistic out.
    """
    sens, spec, ppv, npv = stats
    with np.errstate(divide="ignore", invalid="ignore"):  # 0/0 shows as NaN, and the next way is tried
        odds_ppv = sens * (1 - ppv), ppv * (1 - spec)  # healthy : diseased, up to a factor
        odds_npv = (1 - sens) * npv, spec * (1 - npv)
        ways = [
            _from_prevalence(sens, spec, odds_ppv[1] / (odds_ppv[0] + odds_ppv[1])),
            _from_prevalence(sens, spec, odds_npv[1] / (odds_npv[0] + odds_npv[1])),
            _normed(np.ones_like(sens), (1 - ppv) / ppv, (1 - sens) / sens, (1 - sens) / sens * npv / (1 - npv)),
            _normed((1 - spec) / spec * ppv / (1 - ppv), (1 - spec) / spec, (1 - npv) / npv, np.ones_like(spec)),
        ]
    shares = ways[0]
    for way in ways[1:]:
        shares = np.where(np.all(np.isfinite(shares), axis=0), shares, way)
    return shares


def _from_prevalence(sens: Array, spec: Array, prevalence: Array) -> Array:
    return np.stack(
        [prevalence * sens, (1 - prevalence) * (1 - spec), prevalence * (1 - sens), (1 - prevalence) * spec]
    )


def _normed(*cells: Array) -> Array:
    stacked = np.stack(cells)
    return np.asarray(stacked / stacked.sum(0))


def _statistics(shares: Array) -> tuple[Array, Array, Array, Array]:
    tp, fp, fn, tn = shares
    with np.errstate(divide="ignore", invalid="ignore"):  # a refused row, or an empty margin
        return tp / (tp + fn), tn / (tn + fp), tp / (tp + fp), tn / (tn + fn)


def _nearest(reported: Array) -> tuple[Array, BoolArray]:
    """The nearest statistics that can hold together, by Newton's method on the Lagrangian; and whether it settled.

    reported : (4, ...) strictly between 0 and 1. Minimise |x - reported|^2 subject to
    logit x_1 + logit x_2 - logit x_3 - logit x_4 = 0. Steps are halved while they would leave (0, 1).
    """
    sign = np.array([1.0, 1.0, -1.0, -1.0]).reshape(4, *(1,) * (reported.ndim - 1))
    x, multiplier = reported.copy(), np.zeros(reported.shape[1:])
    change = np.full(reported.shape[1:], np.inf)
    for _ in range(ITERATIONS):
        tie = (sign * logit(x)).sum(0)
        gradient = sign / (x * (1 - x))
        bend = 1 + multiplier * sign * (2 * x - 1) / (x * (1 - x)) ** 2
        bend = np.where(bend > 0.1, bend, 1.0)  # keep the step one of descent where the Lagrangian is not convex
        slope = x - reported + multiplier * gradient
        rise = (tie - (gradient * slope / bend).sum(0)) / (gradient**2 / bend).sum(0)
        step = -(slope + rise * gradient) / bend
        room = np.where(step > 0, (1 - x) / np.where(step > 0, step, 1.0), x / np.where(step < 0, -step, 1.0))
        length = np.minimum(1.0, 0.5 * np.where(step == 0, np.inf, room).min(0))
        x, multiplier = x + length * step, multiplier + length * rise
        change = np.abs(step).max(0)
        if np.all(change < 1e-13):
            break
    return x, change < 1e-10


def _largest_remainders(shares: Array, n: Array) -> Array:
    """Whole numbers nearest the shares of n that add up to n: floors, and the rest to the largest fractions."""
    exact = shares * n
    whole = np.floor(exact + 1e-9)
    left = n - whole.sum(0)
    rank = np.argsort(np.argsort(-(exact - whole), axis=0, kind="stable"), axis=0, kind="stable")
    return np.asarray(whole + (rank < left))
