"""Each study's own effect and sampling variance from its cells, on the analysis scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.pooling.counts.continuity import ZeroCells, has_estimate, incremented, incremented_time, increments
from mscsec.pooling.counts.tables import PersonTime, Tables


@dataclass(frozen=True, slots=True)
class StudyEffects:
    """Effects `yi` with variances `vi`, shape (..., k); 0 and 1 where `included` is False."""

    yi: Array
    vi: Array
    included: BoolArray


def odds_ratio(tables: Tables, rule: ZeroCells) -> StudyEffects:
    """Log odds ratio and Woolf's variance. Source: Woolf (1955), Ann Hum Genet 19:251-253."""
    t = incremented(tables, rule)
    included = has_estimate(tables, "OR", rule)
    return _kept(included, lambda: (np.log(t.a * t.d) - np.log(t.b * t.c), 1 / t.a + 1 / t.b + 1 / t.c + 1 / t.d))


def risk_ratio(tables: Tables, rule: ZeroCells) -> StudyEffects:
    """Log risk ratio, variance by the delta method; increments as `rule.ratio_once` says.

    Source: Katz et al. (1978), Biometrics 34:469-474; Hartung & Knapp (2001), Stat Med 20:3875-3889, equation 18.
    """
    one, two = increments(tables, rule)
    times = 1 if rule.ratio_once else 2
    a, c = tables.a + one, tables.c + two
    n_1, n_2 = tables.n_1 + times * one, tables.n_2 + times * two
    a_var = np.where(tables.b == 0, tables.a, a) if rule.ratio_once else a
    c_var = np.where(tables.d == 0, tables.c, c) if rule.ratio_once else c
    included = has_estimate(tables, "RR", rule)
    return _kept(
        included,
        lambda: (np.log(a / n_1) - np.log(c / n_2), (n_1 - a_var) / (a_var * n_1) + (n_2 - c_var) / (c_var * n_2)),
    )


def risk_difference(tables: Tables, rule: ZeroCells) -> StudyEffects:
    """Risk difference, variance p (1 - p) / n of each arm added up."""
    t = incremented(tables, rule)
    centre = tables if rule.raw_difference else t
    return _kept(
        has_estimate(tables, "RD", rule),
        lambda: (centre.a / centre.n_1 - centre.c / centre.n_2, t.a * t.b / t.n_1**3 + t.c * t.d / t.n_2**3),
    )


def arcsine_difference(tables: Tables, rule: ZeroCells) -> StudyEffects:
    """Difference of arcsine-transformed risks; needs no increment and keeps double-zero studies.

    Source: Ruecker et al. (2009), Stat Med 28:721-738.
    """
    return _kept(
        has_estimate(tables, "AS", rule),
        lambda: (
            np.arcsin(np.sqrt(tables.a / tables.n_1)) - np.arcsin(np.sqrt(tables.c / tables.n_2)),
            1 / (4 * tables.n_1) + 1 / (4 * tables.n_2),
        ),
    )


def rate_ratio(table: PersonTime, rule: ZeroCells) -> StudyEffects:
    """Log incidence rate ratio, variance 1 / x_1 + 1 / x_2."""
    t = incremented_time(table, rule)
    return _kept(
        has_estimate(table, "IRR", rule),
        lambda: (np.log(t.x_1 / t.t_1) - np.log(t.x_2 / t.t_2), 1 / t.x_1 + 1 / t.x_2),
    )


def rate_difference(table: PersonTime, rule: ZeroCells) -> StudyEffects:
    """Incidence rate difference, variance x / t^2 of each arm added up."""
    t = incremented_time(table, rule)
    centre = table if rule.raw_difference else t
    return _kept(
        has_estimate(table, "IRD", rule),
        lambda: (centre.x_1 / t.t_1 - centre.x_2 / t.t_2, t.x_1 / t.t_1**2 + t.x_2 / t.t_2**2),
    )


def peto_odds_ratio(tables: Tables) -> StudyEffects:
    """One-step log odds ratio (O - E) / V with variance 1 / V; studies without information are left out.

    Source: Yusuf et al. (1985), Prog Cardiovasc Dis 27:335-371.
    """
    events, n = tables.a + tables.c, tables.total
    excess = tables.a - tables.n_1 * events / n
    information = hypergeometric_variance(tables)
    included = tables.mask & (information > 0)
    return _kept(included, lambda: (excess / information, 1 / information))


def hypergeometric_variance(tables: Tables) -> Array:
    """Variance of a cell given the margins, n_1 n_2 m (N - m) / (N^2 (N - 1)); 0 where N is 1 or less."""
    events, n = tables.a + tables.c, tables.total
    share, varies = (tables.n_1 / n) * (tables.n_2 / n), tables.mask & (n > 1)
    return np.where(varies, share * events * ((n - events) / np.where(varies, n - 1, 1.0)), 0.0)


def _kept(included: BoolArray, effect: Callable[[], tuple[Array, Array]]) -> StudyEffects:
    """`effect()` where included; what is left out divides by zero without harm and is replaced."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yi, vi = effect()
    # A count that stayed zero (no increment asked for) leaves no finite estimate either.
    finite = included & np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    return StudyEffects(np.where(finite, yi, 0.0), np.where(finite, vi, 1.0), finite)
