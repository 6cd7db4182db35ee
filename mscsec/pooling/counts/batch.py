"""The closed forms on a batch: any number of meta-analyses in one call."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from mscsec.arrays import Array, ArrayLike, BoolArray, IntArray
from mscsec.errors import InvalidInput, UnknownMethod
from mscsec.pooling.counts import peto, study_effects
from mscsec.pooling.counts.closed import MEASURES, mantel_haenszel_estimate, summed_tables
from mscsec.pooling.counts.continuity import convention
from mscsec.pooling.counts.frame import q_about
from mscsec.pooling.counts.tables import PersonTime, Tables, person_time, two_by_two
from mscsec.pooling.presets import DEFAULT_PRESET
from mscsec.pooling.tails import critical, two_sided_p
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class CountsBatch(Result):
    """One number a meta-analysis, shape (...); `weights` (..., k), 0 in the padding.

    estimate, se, ci_low, ci_high : on the analysis scale (ratios as logs), normal interval at `level`.
    statistic, p_value : of the normal test, two-sided. k : tables with participants in each arm.
    q, q_df, q_p, i2, h2 : Cochran's Q of the studies' own estimates about the pooled one, its degrees of freedom, and what follows
        from it; nan where fewer than two studies have an estimate of their own, but q is 0 where one has.
    estimable : False where the events do not determine the effect; the numbers there are nan.
    """

    estimate: Array
    se: Array
    ci_low: Array
    ci_high: Array
    statistic: Array
    p_value: Array
    q: Array
    q_df: IntArray
    q_p: Array
    i2: Array
    h2: Array
    k: IntArray
    weights: Array
    estimable: BoolArray
    measure: str
    method: str
    level: float


# The measures that each closed form has, of counts of participants and of counts over person-time.
BINARY = {"MH": ("OR", "RR", "RD"), "Peto": ("OR",)}
RATE = {"MH": ("IRR", "IRD")}


def pool_counts_batch(
    events_1: ArrayLike,
    n_1: ArrayLike,
    events_2: ArrayLike,
    n_2: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    measure: str = "OR",
    method: str = "MH",
    level: float = 0.95,
    preset: str | None = None,
) -> CountsBatch:
    """Common-effect MH or Peto estimates of 2x2 tables (..., k), as `pool_counts` has them.

    mask : (..., k) False for padding. preset : the convention for zero cells; by the default the sums are exact.
    Raises InvalidInput for impossible counts, UnknownMethod for another method.
    """
    _check(BINARY, method, measure)
    return _batch(two_by_two(events_1, n_1, events_2, n_2, mask), measure, method, level, preset)


def pool_rates_batch(
    events_1: ArrayLike,
    time_1: ArrayLike,
    events_2: ArrayLike,
    time_2: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    measure: str = "IRR",
    method: str = "MH",
    level: float = 0.95,
    preset: str | None = None,
) -> CountsBatch:
    """Common-effect MH estimates of person-time tables (..., k); otherwise as `pool_counts_batch`."""
    _check(RATE, method, measure)
    return _batch(person_time(events_1, time_1, events_2, time_2, mask), measure, method, level, preset)


def summed(
    one: Array, of_one: Array, two: Array, of_two: Array, *, measure: str, method: str, preset: str | None = None
) -> tuple[BoolArray, BoolArray]:
    """Which studies (k,) have participants or person-time in each arm, and which of these the sums run over.

    Some conventions leave out of the sums a study in which nobody, or everybody, had the event. Nothing is checked here.
    """
    rule, filled = convention(preset or DEFAULT_PRESET), (of_one > 0) & (of_two > 0)
    kind = PersonTime if measure in RATE.get(method, ()) else Tables
    with np.errstate(all="ignore"):  # numbers too large to add up are found where the sums are made
        return filled, summed_tables(kind(one, of_one, two, of_two, filled), measure, rule, method).mask


def _check(known: Mapping[str, tuple[str, ...]], method: str, measure: str) -> None:
    if measure not in known.get(method, ()):
        pairs = [f"{key} {name}" for key, names in known.items() for name in names]
        raise UnknownMethod("closed form", f"{method} {measure}", pairs)


def _batch(counted: Tables | PersonTime, measure: str, method: str, level: float, preset: str | None) -> CountsBatch:
    if not 0 < level < 1:
        raise InvalidInput(f"level is {level}", "a level lies between 0 and 1", "Write 0.95 for 95 percent.")
    rule = convention(preset or DEFAULT_PRESET)
    tables = summed_tables(counted, measure, rule, method)
    if method == "Peto":
        assert isinstance(tables, Tables)
        found, effects = peto.odds_ratio(tables), study_effects.peto_odds_ratio(tables)
    else:
        found, effects = (
            mantel_haenszel_estimate(counted, tables, measure, rule),
            MEASURES[measure].effect(counted, rule),
        )
    half = float(critical(level, math.inf)) * found.se
    tested = found.estimable & (found.se > 0)
    z = np.divide(found.estimate, found.se, out=np.full(np.shape(found.se), np.nan), where=tested)
    own = effects.included.sum(-1)
    df, several = own - 1, found.estimable & (own > 1)
    q = np.where(several, q_about(effects, found.estimate), np.where(found.estimable & (own == 1), 0.0, np.nan))
    at_least = np.maximum(df, 1)
    return CountsBatch(
        found.estimate,
        found.se,
        found.estimate - half,
        found.estimate + half,
        z,
        two_sided_p(z, math.inf),
        q,
        df,
        np.where(several, chdtrc(at_least, np.where(several, q, 0.0)), np.nan),
        np.where(several, np.maximum(0.0, (q - df) / np.where(q > 0, q, 1.0)), np.nan),
        np.where(several, q / at_least, np.nan),
        tables.mask.sum(-1),
        found.weights,
        found.estimable,
        measure,
        method,
        level,
    )
