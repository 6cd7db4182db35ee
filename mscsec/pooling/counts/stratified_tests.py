"""Tests of association and of homogeneity over 2x2 and person-time tables, on a batch axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from mscsec.arrays import Array, BoolArray
from mscsec.pooling.counts.study_effects import hypergeometric_variance
from mscsec.pooling.counts.tables import PersonTime, Tables

CORRECTION = 0.5  # half the step of a count: the continuity correction of Mantel & Haenszel 1959, J Natl Cancer Inst 22


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A chi-square test of shape (...); `statistic` and `p_value` are nan where `exists` is False."""

    statistic: Array
    df: Array
    p_value: Array
    exists: BoolArray


def cochran_mantel_haenszel(t: Tables, *, correct: bool = True) -> ChiSquare:
    """Association across tables with the hypergeometric variance; `correct` takes half an event off the difference.

    Source: Mantel & Haenszel (1959), J Natl Cancer Inst 22:719-748.
    """
    return _association(_excess(t), hypergeometric_variance(t).sum(-1), correct)


def cochran(t: Tables, *, correct: bool = True) -> ChiSquare:
    """Association across tables with the binomial variance (N in place of N - 1).

    Source: Cochran (1954), Biometrics 10:417-451.
    """
    n, events = t.total, t.a + t.c
    variance = np.where(t.mask, (t.n_1 / n) * (t.n_2 / n) * events * ((n - events) / n), 0.0)
    return _association(_excess(t), variance.sum(-1), correct)


def rate_association(t: PersonTime, *, correct: bool = True) -> ChiSquare:
    """Association across person-time tables. Source: Rothman, Greenland & Lash (2008), Modern Epidemiology, ch. 15."""
    events, n = t.x_1 + t.x_2, t.total
    excess = np.where(t.mask, t.x_1 - events * (t.t_1 / n), 0.0).sum(-1)
    variance = np.where(t.mask, events * (t.t_1 / n) * (t.t_2 / n), 0.0).sum(-1)
    return _association(excess, variance, correct)


@dataclass(frozen=True, slots=True)
class Homogeneity:
    """Breslow-Day test and Tarone's corrected form; `k_pos` is the number of tables that carry information, shape (...)."""

    breslow_day: ChiSquare
    tarone: ChiSquare
    k_pos: Array


def homogeneity(t: Tables, log_odds_ratio: Array) -> Homogeneity:
    """Whether the odds ratio is the same in all tables, given the Mantel-Haenszel one.

    log_odds_ratio : (...), finite where the test shall exist.
    Source: Breslow & Day (1980), Statistical Methods in Cancer Research 1, p. 142; Tarone (1985), Biometrika 72:91-95.
    """
    events, n = t.a + t.c, t.total
    informative = t.mask & (events > 0) & (events < n) & (t.n_1 > 0) & (t.n_2 > 0)
    exists = np.isfinite(log_odds_ratio)
    expected = np.where(informative, fitted_count(t, np.where(exists, log_odds_ratio, 0.0)[..., None]), 1.0)
    cells = (expected, t.n_1 - expected, events - expected, t.n_2 - events + expected)
    information = sum(1 / np.where(informative, cell, 1.0) for cell in cells)
    residual = np.where(informative, t.a - expected, 0.0)
    k_pos = informative.sum(-1)
    statistic = (residual**2 * information).sum(-1)
    spread = np.where(informative, 1 / information, 0.0).sum(-1)
    shift = residual.sum(-1) ** 2 / np.where(spread > 0, spread, 1.0)
    exists = exists & (k_pos > 0)
    return Homogeneity(
        _chi_square(np.maximum(statistic, 0.0), k_pos - 1, exists),
        _chi_square(np.maximum(statistic - shift, 0.0), k_pos - 1, exists),
        k_pos,
    )


def fitted_count(t: Tables, log_odds_ratio: Array) -> Array:
    """Events in arm 1 that the margins and an odds ratio fit, the root of (psi - 1) x^2 - B x + psi n_1 m = 0.

    The root is taken in the form that neither cancels near psi = 1 nor overflows: for psi above 1 the arms are swapped.
    """
    m = t.a + t.c
    swap = log_odds_ratio > 0
    psi = np.exp(-np.abs(log_odds_ratio))
    own, other = np.where(swap, t.n_2, t.n_1), np.where(swap, t.n_1, t.n_2)
    linear = (other - m) + psi * (own + m)
    root = np.sqrt(np.maximum(linear**2 + 4 * (1 - psi) * psi * own * m, 0.0))
    # Both forms are the same root; each is used where its sum does not cancel.
    positive = linear >= 0
    stable = np.where(positive, linear + root, 1.0)
    x = np.where(
        positive & (stable > 0),
        2 * psi * own * m / np.where(stable > 0, stable, 1.0),
        (root - linear) / (2 * np.where(psi < 1, 1 - psi, 1.0)),
    )
    return np.where(swap, m - x, x)


def _excess(t: Tables) -> Array:
    """Observed minus expected events in arm 1, summed over tables."""
    expected = (t.a + t.c) * (t.n_1 / t.total)
    excess: Array = np.where(t.mask, t.a - expected, 0.0).sum(-1)
    return excess


def _association(excess: Array, variance: Array, correct: bool) -> ChiSquare:
    # As published, so below half an event the square rises again, up to 1 / (4 V); such a P value is near one either way.
    distance = np.abs(excess) - CORRECTION if correct else excess
    exists = variance > 0
    statistic = np.divide(distance**2, variance, out=np.full(np.shape(variance), np.nan), where=exists)
    return _chi_square(statistic, np.ones(np.shape(variance), dtype=int), exists)


def _chi_square(statistic: Array, df: Array, exists: BoolArray) -> ChiSquare:
    testable = exists & (df > 0)
    p_value = np.where(testable, chdtrc(np.where(testable, df, 1), np.where(testable, statistic, 0.0)), np.nan)
    return ChiSquare(np.where(exists, statistic, np.nan), df, p_value, exists)
