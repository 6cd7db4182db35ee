"""Mantel-Haenszel estimates over strata, closed forms on a batch axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.pooling.counts.tables import PersonTime, Tables

# A variance smaller than this share of the two numbers it is the difference of is nothing but their rounding.
ROUNDING = 1e-14


@dataclass(frozen=True, slots=True)
class Stratified:
    """A stratified estimate; `estimate`, `se` and `estimable` have the batch's shape (...), `weights` (..., k).

    estimate, se : on the analysis scale (log for ratios); nan where `estimable` is False.
    weights : share of each table in the estimate, summing to one; 0 for a table without influence.
    """

    estimate: Array
    se: Array
    weights: Array
    estimable: BoolArray


def odds_ratio(t: Tables) -> Stratified:
    """Log odds ratio sum(ad/N) / sum(bc/N), with the variance valid for few large and for many small strata.

    Source: Mantel & Haenszel (1959), J Natl Cancer Inst 22:719-748; Robins, Breslow & Greenland (1986),
    Biometrics 42:311-323.
    """
    n = t.total
    r, s = _kept(t, t.a / n * t.d), _kept(t, t.b / n * t.c)
    p, q = (t.a + t.d) / n, (t.b + t.c) / n
    sum_r, sum_s = r.sum(-1), s.sum(-1)
    ok = (sum_r > 0) & (sum_s > 0)
    variance = (
        _over((p * r).sum(-1), 2 * sum_r**2, ok)
        + _over((p * s + q * r).sum(-1), 2 * sum_r * sum_s, ok)
        + _over((q * s).sum(-1), 2 * sum_s**2, ok)
    )
    return Stratified(_log_ratio(sum_r, sum_s, ok), np.sqrt(variance), _shares(s), ok)


def risk_ratio(t: Tables) -> Stratified:
    """Log risk ratio sum(a n_2/N) / sum(c n_1/N). Source: Greenland & Robins (1985), Biometrics 41:55-68."""
    n = t.total
    r, s = _kept(t, t.a * (t.n_2 / n)), _kept(t, t.c * (t.n_1 / n))
    # n_1 n_2 (a + c) / N^2 - a c / N, written without the difference that cancels when nearly all have the event.
    spread = _kept(t, (t.n_1 / n) * (t.a / n) * t.d + (t.n_2 / n) * (t.c / n) * t.b)
    sum_r, sum_s = r.sum(-1), s.sum(-1)
    ok = (sum_r > 0) & (sum_s > 0)
    variance = _over(spread.sum(-1), sum_r * sum_s, ok)
    return Stratified(_log_ratio(sum_r, sum_s, ok), np.sqrt(variance), _shares(s), ok)


def risk_difference(t: Tables) -> Stratified:
    """Risk difference with weights n_1 n_2 / N; variance valid for sparse and for large strata alike.

    Source: Greenland & Robins (1985), Biometrics 41:55-68; Sato, Greenland & Robins (1989), Biometrics 45:1323-1324.
    """
    n = t.total
    estimate, share, w, ok = _difference(t, t.a / n * t.d - t.b / n * t.c, t.n_1 * (t.n_2 / n))
    f_1, f_2 = t.n_1 / n, t.n_2 / n
    first = _kept(t, t.c * f_1**2 - t.a * f_2**2 + f_1 * f_2 * (t.n_2 - t.n_1) / 2).sum(-1)
    second = _kept(t, (t.a / n * t.d + t.c / n * t.b) / 2).sum(-1)
    numerator = np.where(ok, estimate, 0.0) * first + second
    numerator = np.where((numerator > ROUNDING * second) & (second > 0), numerator, 0.0)
    return Stratified(estimate, np.sqrt(_over(numerator, w**2, ok)), share, ok)


def risk_difference_large_strata(t: Tables) -> Stratified:
    """Risk difference with the binomial variance in each stratum; for strata that are not sparse.

    Source: Greenland & Robins (1985), Biometrics 41:55-68.
    """
    n = t.total
    estimate, share, w, ok = _difference(t, t.a / n * t.d - t.b / n * t.c, t.n_1 * (t.n_2 / n))
    arm_1 = (t.n_2 / n) ** 2 * t.a * (t.b / np.where(t.mask, t.n_1, 1.0))
    arm_2 = (t.n_1 / n) ** 2 * t.c * (t.d / np.where(t.mask, t.n_2, 1.0))
    return Stratified(estimate, np.sqrt(_over(_kept(t, arm_1 + arm_2).sum(-1), w**2, ok)), share, ok)


def rate_ratio(t: PersonTime) -> Stratified:
    """Log incidence rate ratio. Source: Greenland & Robins (1985), Biometrics 41:55-68; Rothman et al. (2008), ch. 15."""
    n = t.total
    r, s = _kept(t, t.x_1 * (t.t_2 / n)), _kept(t, t.x_2 * (t.t_1 / n))
    spread = _kept(t, (t.t_1 / n) * (t.t_2 / n) * (t.x_1 + t.x_2))
    sum_r, sum_s = r.sum(-1), s.sum(-1)
    ok = (sum_r > 0) & (sum_s > 0)
    variance = _over(spread.sum(-1), sum_r * sum_s, ok)
    return Stratified(_log_ratio(sum_r, sum_s, ok), np.sqrt(variance), _shares(s), ok)


def rate_difference(t: PersonTime) -> Stratified:
    """Incidence rate difference with weights t_1 t_2 / T. Source: Greenland & Robins (1985), Biometrics 41:55-68."""
    n = t.total
    estimate, share, w, ok = _difference(t, t.x_1 * (t.t_2 / n) - t.x_2 * (t.t_1 / n), t.t_1 * (t.t_2 / n))
    spread = _kept(t, t.x_1 * (t.t_2 / n) ** 2 + t.x_2 * (t.t_1 / n) ** 2).sum(-1)
    return Stratified(estimate, np.sqrt(_over(spread, w**2, ok)), share, ok)


def _difference(t: Tables | PersonTime, excess: Array, weight: Array) -> tuple[Array, Array, Array, BoolArray]:
    """Weighted difference, shares, sum of weights, and where it exists."""
    w = _kept(t, weight)
    total = w.sum(-1)
    ok = total > 0
    return _over(_kept(t, excess).sum(-1), total, ok), _shares(w), total, ok


def _kept(t: Tables | PersonTime, values: Array) -> Array:
    return np.where(t.mask, values, 0.0)


def _over(numerator: Array, denominator: Array, ok: BoolArray) -> Array:
    """The quotient, nan where not `ok`."""
    quotient: Array = np.divide(numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=ok)
    return quotient


def _log_ratio(numerator: Array, denominator: Array, ok: BoolArray) -> Array:
    return np.log(_over(numerator, denominator, ok), where=ok, out=np.full(np.shape(ok), np.nan))


def _shares(weights: Array) -> Array:
    total = weights.sum(-1, keepdims=True)
    shares: Array = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return shares
