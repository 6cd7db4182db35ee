"""The closed forms on a batch: any number of meta-analyses in one call."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array, ArrayLike, BoolArray, IntArray
from mscsec.errors import InvalidInput, UnknownMethod
from mscsec.pooling.counts import mantel_haenszel, peto
from mscsec.pooling.counts.mantel_haenszel import Stratified
from mscsec.pooling.counts.tables import person_time, two_by_two
from mscsec.pooling.tails import critical, two_sided_p
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class CountsBatch(Result):
    """One number a meta-analysis, shape (...); `weights` (..., k), 0 in the padding.

    estimate, se, ci_low, ci_high : on the analysis scale (ratios as logs), normal interval at `level`.
    p_value : two-sided. k : tables with participants in each arm.
    estimable : False where the events do not determine the effect; the numbers there are nan.
    """

    estimate: Array
    se: Array
    ci_low: Array
    ci_high: Array
    p_value: Array
    k: IntArray
    weights: Array
    estimable: BoolArray
    measure: str
    method: str
    level: float


BINARY: dict[tuple[str, str], Callable[[Any], Stratified]] = {
    ("MH", "OR"): mantel_haenszel.odds_ratio,
    ("MH", "RR"): mantel_haenszel.risk_ratio,
    ("MH", "RD"): mantel_haenszel.risk_difference,
    ("Peto", "OR"): peto.odds_ratio,
}
RATE: dict[tuple[str, str], Callable[[Any], Stratified]] = {
    ("MH", "IRR"): mantel_haenszel.rate_ratio,
    ("MH", "IRD"): mantel_haenszel.rate_difference,
}


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
) -> CountsBatch:
    """Common-effect MH or Peto estimates of 2x2 tables (..., k), exact sums without continuity correction.

    mask : (..., k) False for padding. Raises InvalidInput for impossible counts, UnknownMethod for another method.
    """
    tables = two_by_two(events_1, n_1, events_2, n_2, mask)
    return _batch(_chosen(BINARY, method, measure)(tables), tables.mask, measure, method, level)


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
) -> CountsBatch:
    """Common-effect MH estimates of person-time tables (..., k); otherwise as `pool_counts_batch`."""
    tables = person_time(events_1, time_1, events_2, time_2, mask)
    return _batch(_chosen(RATE, method, measure)(tables), tables.mask, measure, method, level)


def _chosen(
    table: dict[tuple[str, str], Callable[[Any], Stratified]], method: str, measure: str
) -> Callable[[Any], Stratified]:
    if (method, measure) not in table:
        raise UnknownMethod("closed form", f"{method} {measure}", [" ".join(pair) for pair in table])
    return table[method, measure]


def _batch(found: Stratified, mask: BoolArray, measure: str, method: str, level: float) -> CountsBatch:
    if not 0 < level < 1:
        raise InvalidInput(f"level is {level}", "a level lies between 0 and 1", "Write 0.95 for 95 percent.")
    half = float(critical(level, math.inf)) * found.se
    tested = found.estimable & (found.se > 0)
    z = np.divide(found.estimate, found.se, out=np.full(np.shape(found.se), np.nan), where=tested)
    return CountsBatch(
        found.estimate,
        found.se,
        found.estimate - half,
        found.estimate + half,
        two_sided_p(z, math.inf),
        mask.sum(-1),
        found.weights,
        found.estimable,
        measure,
        method,
        level,
    )
