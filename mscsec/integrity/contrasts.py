"""Effects and their confidence intervals: recomputed from counts, and read back into P and symmetry.

Estimates and limits are on their own scale (a risk ratio is 0.82, not its logarithm); ratios are worked on the log scale.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from mscsec.arrays import Array
from mscsec.errors import InvalidInput, NotEstimable
from mscsec.integrity.printed import Figure, before_rounding, printed
from mscsec.integrity.tables import Counts
from mscsec.integrity.tails import Interval, p_from_t, p_from_z
from mscsec.registry import by_key, choose
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Contrast(Result):
    """An effect with its interval, on its own scale.

    adjusted : 1/2 was added to all four cells, because one was 0.
    """

    measure: str
    estimate: float
    ci_low: float
    ci_high: float
    level: float
    adjusted: bool


def log_risk_ratio(a: Array, n_1: Array, c: Array, n_2: Array) -> tuple[Array, Array]:
    """Log risk ratio and its standard error. Source: Katz et al. (1978), Biometrics 34:469-474."""
    return np.log(a / n_1) - np.log(c / n_2), np.sqrt(np.maximum(1 / a - 1 / n_1 + 1 / c - 1 / n_2, 0.0))


def log_odds_ratio(a: Array, n_1: Array, c: Array, n_2: Array) -> tuple[Array, Array]:
    """Log odds ratio and its standard error. Source: Woolf (1955), Ann Hum Genet 19:251-253."""
    b, d = n_1 - a, n_2 - c
    return np.log(a * d) - np.log(b * c), np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def risk_difference(a: Array, n_1: Array, c: Array, n_2: Array) -> tuple[Array, Array]:
    """Risk difference and its standard error (Wald)."""
    p_1, p_2 = a / n_1, c / n_2
    return p_1 - p_2, np.sqrt(p_1 * (1 - p_1) / n_1 + p_2 * (1 - p_2) / n_2)


@dataclass(frozen=True, slots=True)
class RatioOrDifference:
    """An effect measure of two groups. log : worked on the log scale. null : its value of no effect, own scale.

    of_counts : (events_1, n_1, events_2, n_2) -> effect on the working scale and its standard error; None for a measure
    that does not come from counts.
    """

    key: str
    name: str
    log: bool
    null: float
    of_counts: Callable[[Array, Array, Array, Array], tuple[Array, Array]] | None = None


CONTRASTS = by_key(
    RatioOrDifference("RR", "Risk ratio", True, 1.0, log_risk_ratio),
    RatioOrDifference("OR", "Odds ratio", True, 1.0, log_odds_ratio),
    RatioOrDifference("RD", "Risk difference", False, 0.0, risk_difference),
    RatioOrDifference("HR", "Hazard ratio", True, 1.0),
    RatioOrDifference("IRR", "Rate ratio", True, 1.0),
    RatioOrDifference("ROM", "Ratio of means", True, 1.0),
    RatioOrDifference("MD", "Mean difference", False, 0.0),
    RatioOrDifference("SMD", "Standardised mean difference", False, 0.0),
)


def normal_quantile(level: float) -> float:
    """The normal quantile of a two-sided interval; raises InvalidInput for a level outside 0 ... 1."""
    if not 0 < level < 1:
        raise InvalidInput(f"the level is {level:g}", "a level lies between 0 and 1, as 0.95")
    return -float(ndtri((1 - level) / 2))


def contrast_of_counts(measure: str, counts: Counts, level: float = 0.95) -> Contrast:
    """The effect of a 2x2 table with its Wald interval; 1/2 is added to all cells where one is 0 and a log is taken.

    Raises NotEstimable where no one, or everyone, had the event in both groups, for a ratio.
    """
    row = choose(CONTRASTS, measure, "effect measure")
    if row.of_counts is None:
        raise InvalidInput(f"{row.name} does not come from counts", "counts give RR, OR or RD")
    events = counts.events_1 + counts.events_2
    if row.log and events in (0, counts.n_1 + counts.n_2):
        raise NotEstimable(f"{counts}: a {row.name.lower()} needs patients with and without the event")
    a, n_1, c, n_2 = (np.array(float(value)) for value in dataclasses.astuple(counts))
    estimate, low, high, adjusted = contrast_grid(row.key, a, n_1, c, n_2, level)
    return Contrast(row.key, float(estimate), float(low), float(high), level, bool(adjusted))


def contrast_grid(
    measure: str, events_1: Array, n_1: Array, events_2: Array, n_2: Array, level: float = 0.95
) -> tuple[Array, Array, Array, Array]:
    """Estimate, limits and whether 1/2 was added, for arrays of tables of one shape; as `contrast_of_counts`."""
    row = CONTRASTS[measure]
    assert row.of_counts is not None
    if row.log:
        empty = (events_1 == 0) | (events_2 == 0)
        if measure != "RR":  # a risk ratio has its logarithm where everyone in a group had the event
            empty = empty | (events_1 == n_1) | (events_2 == n_2)
    else:
        empty = np.zeros(np.shape(events_1), dtype=bool)
    half = np.where(empty, 0.5, 0.0)
    effect, se = row.of_counts(events_1 + half, n_1 + 2 * half, events_2 + half, n_2 + 2 * half)
    reach = normal_quantile(level) * se
    own = np.exp if row.log else np.asarray
    return own(effect), own(effect - reach), own(effect + reach), np.asarray(empty)


@dataclass(frozen=True, slots=True)
class Fit(Result):
    """Counts that would be printed as the reported figures, and what they give."""

    events_1: int
    n_1: int
    events_2: int
    n_2: int
    estimate: float
    ci_low: float
    ci_high: float


def counts_that_fit(
    measure: str,
    estimate: Figure | None,
    ci: tuple[Figure, Figure] | None,
    events_1: Sequence[int],
    n_1: Sequence[int],
    events_2: Sequence[int],
    n_2: Sequence[int],
    *,
    level: float = 0.95,
    rounding: str = "up_or_down",
) -> tuple[Fit, ...]:
    """Every combination of the given events and sizes whose effect and interval are printed as reported.

    Answers "which denominators would give this risk ratio": give a range for what is in doubt and one value for the rest.
    Combinations that are no table (more events than patients, no events at all) are passed over.
    """
    figures = [printed(figure) for figure in (estimate, *(ci or ())) if figure is not None]
    if not figures:
        raise InvalidInput("neither an estimate nor an interval is given", "there must be a figure to fit")
    axes = [np.asarray(axis, dtype=float) for axis in (events_1, n_1, events_2, n_2)]
    a, m, c, n = (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))
    table = (a >= 0) & (c >= 0) & (a <= m) & (c <= n) & (m >= 1) & (n >= 1) & (a + c > 0) & (a + c < m + n)
    a, m, c, n = a[table], m[table], c[table], n[table]
    found = contrast_grid(choose(CONTRASTS, measure, "effect measure").key, a, m, c, n, level)
    fits = np.ones(a.shape, dtype=bool)
    columns = found[:3] if estimate is not None and ci is not None else found[:1] if ci is None else found[1:3]
    for figure, column in zip(figures, columns, strict=True):
        low, high = before_rounding(figure, rounding).floats()
        fits &= (column >= low) & (column <= high)
    return tuple(
        Fit(int(a[i]), int(m[i]), int(c[i]), int(n[i]), *(float(column[i]) for column in found[:3]))
        for i in np.flatnonzero(fits)
    )


@dataclass(frozen=True, slots=True)
class Middle(Result):
    """Where the middle of an interval lies, on the estimate's own scale.

    middle : from the limits as printed. low, high : what rounding of the limits allows; low is 0, on a log scale, where
    the lower limit may have been 0. agrees : whether the printed estimate can be the middle.
    """

    middle: float
    low: float
    high: float
    agrees: bool


def interval_middle(
    estimate: Figure, ci_low: Figure, ci_high: Figure, *, log: bool, rounding: str = "up_or_down"
) -> Middle:
    """The middle of a confidence interval: the geometric mean of the limits on a log scale, else the arithmetic one.

    Raises InvalidInput where the limits are in the wrong order, or not positive on a log scale.
    """
    low, high = (before_rounding(figure, rounding).floats() for figure in (ci_low, ci_high))
    ends = float(printed(ci_low)), float(printed(ci_high))
    _ordered(ends, log)
    if log:
        middle, least, most = (
            math.sqrt(x * y) for x, y in (ends, (max(low[0], 0.0), max(high[0], 0.0)), (low[1], high[1]))
        )
    else:
        middle, least, most = sum(ends) / 2, (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
    return Middle(middle, least, most, before_rounding(estimate, rounding).meets(least, most))


def _ordered(ends: tuple[float, float], log: bool) -> None:
    if ends[0] > ends[1]:
        raise InvalidInput(f"the interval runs from {ends[0]:g} to {ends[1]:g}", "the lower limit stands first")
    if log and (ends[0] < 0 or ends[1] <= 0):
        raise InvalidInput(f"the interval runs from {ends[0]:g} to {ends[1]:g}", "limits of a ratio are positive")


def p_of_interval(
    estimate: Figure,
    ci_low: Figure,
    ci_high: Figure,
    *,
    log: bool,
    level: float = 0.95,
    df: float = math.inf,
    null: float | None = None,
    rounding: str = "up_or_down",
) -> Interval:
    """Two-sided P of an effect from its confidence interval, with the interval of P that rounding allows.

    se = (upper - lower) / (2 z) on the working scale, z = (estimate - null) / se.
    df : degrees of freedom of t, where the interval was made with it; infinite for the normal distribution.
    null : value of no effect on the estimate's own scale; 1 on a log scale and 0 else, unless given.
    Raises InvalidInput for limits in the wrong order or df of 0 or less; NotEstimable for an interval without width, or, on a log scale, a
    figure printed as 0. Source: Altman & Bland (2011), BMJ 343:d2304.
    """
    ends = float(printed(ci_low)), float(printed(ci_high))
    centre = float(printed(estimate))
    _ordered(ends, log)
    if not df > 0:
        raise InvalidInput(f"df is {df:g}", "degrees of freedom are above 0")
    normal_quantile(level)  # refuses a level outside 0 ... 1
    if ends[0] == ends[1] or (log and min(ends[0], centre) <= 0):
        raise NotEstimable(f"{estimate} ({ci_low} to {ci_high}) has no width, or no logarithm, to take an error from")
    scale = _log_or_minus_infinity if log else float
    zero = scale((1.0 if log else 0.0) if null is None else null)
    width = 2 * (normal_quantile(level) if math.isinf(df) else -float(stdtrit(df, (1 - level) / 2)))
    spans = [tuple(map(scale, before_rounding(figure, rounding).floats())) for figure in (estimate, ci_low, ci_high)]
    distance = [abs(end - zero) for end in spans[0]]
    nearest = 0.0 if spans[0][0] <= zero <= spans[0][1] else min(distance)
    se_high = (spans[2][1] - spans[1][0]) / width
    se_low = max((spans[2][0] - spans[1][1]) / width, 0.0)
    value = (scale(centre) - zero) / ((scale(ends[1]) - scale(ends[0])) / width)
    most = 0.0 if math.isinf(se_high) else nearest / se_high
    least = math.inf if se_low == 0 or math.isinf(max(distance)) else max(distance) / se_low
    statistics = np.array([value, least, most])
    p = p_from_z(statistics) if math.isinf(df) else p_from_t(statistics, df)
    return Interval(float(p[0]), float(p[1]), float(p[2]))


def _log_or_minus_infinity(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def excludes_null(ci_low: Figure, ci_high: Figure, null: float, rounding: str = "up_or_down") -> bool | None:
    """Whether an interval leaves out the null; None where rounding of a limit hides it."""
    low, high = before_rounding(ci_low, rounding).floats(), before_rounding(ci_high, rounding).floats()
    if low[0] > null or high[1] < null:
        return True
    return False if low[1] < null < high[0] else None
