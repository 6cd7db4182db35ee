"""Comparisons of means recomputed from summaries, with the interval of P that rounding of the summaries allows.

`_1` is experimental, `_2` comparator; means and SDs are in the unit of the outcome.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from mscsec.arrays import Array
from mscsec.errors import InvalidInput, NotEstimable
from mscsec.integrity.printed import Figure, before_rounding, printed, spread_span
from mscsec.integrity.tails import Interval, p_from_f, p_from_t, p_from_z
from mscsec.registry import by_key, choose
from mscsec.results import Result

# Points along each SD's span of rounding. P is smooth there and the span narrow; the ends are among the points.
_GRID = 9


@dataclass(frozen=True, slots=True)
class MeanTest(Result):
    """One test of two means: statistic, degrees of freedom and two-sided P, each of the arguments' shape."""

    statistic: Array
    df: Array
    p: Array


def student(difference: Array, sd_1: Array, n_1: Array, sd_2: Array, n_2: Array) -> MeanTest:
    """Student's t with one variance for both groups. Source: Student (1908), Biometrika 6:1-25.

    difference : mean_1 - mean_2. Where both SDs are 0, P is 0 for a difference and 1 for none.
    """
    df = n_1 + n_2 - 2.0
    pooled = ((n_1 - 1) * sd_1**2 + (n_2 - 1) * sd_2**2) / df
    t = _ratio(difference, np.sqrt(pooled * (1 / n_1 + 1 / n_2)))
    return MeanTest(t, df + np.zeros_like(t), p_from_t(t, df))


def welch(difference: Array, sd_1: Array, n_1: Array, sd_2: Array, n_2: Array) -> MeanTest:
    """t with a variance for each group, Satterthwaite's degrees of freedom. Source: Welch (1947), Biometrika 34:28-35."""
    v_1, v_2 = sd_1**2 / n_1, sd_2**2 / n_2
    t = _ratio(difference, np.sqrt(v_1 + v_2))
    df = _ratio((v_1 + v_2) ** 2, v_1**2 / (n_1 - 1) + v_2**2 / (n_2 - 1))
    df = np.where(np.isfinite(df) & (df > 0), df, n_1 + n_2 - 2.0)
    return MeanTest(t, df, p_from_t(t, df))


def large_sample_z(difference: Array, sd_1: Array, n_1: Array, sd_2: Array, n_2: Array) -> MeanTest:
    """The same ratio as Welch's read in the normal distribution; too small a P in small groups, and still printed."""
    z = _ratio(difference, np.sqrt(sd_1**2 / n_1 + sd_2**2 / n_2))
    return MeanTest(z, np.full_like(z, np.inf), p_from_z(z))


def _ratio(top: Array, bottom: Array) -> Array:
    """top / bottom; where the bottom is 0, infinite for a top that is not and 0 for one that is."""
    top, bottom = np.broadcast_arrays(np.asarray(top, float), np.asarray(bottom, float))
    return np.divide(top, bottom, out=np.where(top != 0, np.inf, 0.0), where=bottom > 0)


@dataclass(frozen=True, slots=True)
class MeanMethod:
    """A test of two means from their summaries."""

    key: str
    name: str
    test: Callable[[Array, Array, Array, Array, Array], MeanTest]


MEAN_TESTS = by_key(
    MeanMethod("student", "Student's t test", student),
    MeanMethod("welch", "Welch's t test", welch),
    MeanMethod("z", "z test (normal, for large groups)", large_sample_z),
)


def p_of_means(
    method: str,
    mean_1: Figure,
    sd_1: Figure,
    n_1: int,
    mean_2: Figure,
    sd_2: Figure,
    n_2: int,
    *,
    as_se: bool = False,
    rounding: str = "up_or_down",
) -> Interval:
    """Two-sided P of a comparison of two printed means, and the interval of P that their rounding allows.

    method : a key of `MEAN_TESTS`. as_se : read the spreads as standard errors, so that SD = SE sqrt(n).
    Raises InvalidInput for n below 2, a negative spread, or a spread of 0 printed as such in both groups.
    """
    if min(n_1, n_2) < 2:
        raise InvalidInput(f"n is {n_1} and {n_2}", "each group has two members or more where it has an SD")
    test = choose(MEAN_TESTS, method, "test of means").test
    factors = (float(n_1) ** 0.5, float(n_2) ** 0.5) if as_se else (1.0, 1.0)
    figures = (printed(sd_1), printed(sd_2))
    if figures[0].value == 0 and figures[1].value == 0:
        raise NotEstimable("both spreads are printed as 0, which leaves no error to test the difference against")
    sizes = np.array(float(n_1)), np.array(float(n_2))

    def p(difference: Array, spread_1: Array, spread_2: Array) -> Array:
        return test(difference, spread_1 * factors[0], sizes[0], spread_2 * factors[1], sizes[1]).p

    value = float(
        p(np.array(float(printed(mean_1).value - printed(mean_2).value)), *map(np.array, map(float, figures)))
    )
    low, high = _difference_span(mean_1, mean_2, rounding)
    spreads = [np.linspace(*spread_span(figure, rounding).floats(), _GRID) for figure in figures]
    grid = np.meshgrid(np.array([low, high]), *spreads, indexing="ij")
    over = p(*grid)
    return Interval(value, min(value, float(over.min())), max(value, float(over.max())))


def _difference_span(mean_1: Figure, mean_2: Figure, rounding: str) -> tuple[float, float]:
    """The least and greatest size of the difference that rounding of the means allows; P depends on its size alone."""
    first, second = before_rounding(mean_1, rounding), before_rounding(mean_2, rounding)
    low, high = float(first.low - second.high), float(first.high - second.low)
    return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


@dataclass(frozen=True, slots=True)
class Split(Result):
    """One way to divide a total over two arms, and the P it would give."""

    n_1: int
    n_2: int
    p: Interval


def p_over_splits(
    method: str,
    mean_1: Figure,
    sd_1: Figure,
    mean_2: Figure,
    sd_2: Figure,
    splits: Sequence[tuple[int, int]],
    *,
    as_se: bool = False,
    rounding: str = "up_or_down",
) -> tuple[Split, ...]:
    """P for each (n_1, n_2) of `splits`, for a report that gives the total but not the arms."""
    return tuple(
        Split(n_1, n_2, p_of_means(method, mean_1, sd_1, n_1, mean_2, sd_2, n_2, as_se=as_se, rounding=rounding))
        for n_1, n_2 in splits
    )


def splits_of(total: int, smallest: int = 2) -> tuple[tuple[int, int], ...]:
    """Every division of `total` in two arms of `smallest` or more."""
    return tuple((n_1, total - n_1) for n_1 in range(smallest, total - smallest + 1))


def anova(means: Array, sds: Array, ns: Array) -> MeanTest:
    """One-way analysis of variance from summaries; arrays of shape (..., groups), two groups or more, each n 2 or more.

    For two groups F is the square of Student's t and P is the same.
    """
    grand = (ns * means).sum(-1) / ns.sum(-1)
    groups = means.shape[-1]
    between = (ns * (means - grand[..., None]) ** 2).sum(-1) / (groups - 1)
    df = (ns - 1).sum(-1)
    within = ((ns - 1) * sds**2).sum(-1) / df
    f = _ratio(between, within)
    return MeanTest(f, df + np.zeros_like(f), p_from_f(f, groups - 1.0, df))


def p_of_anova(
    means: Sequence[Figure],
    sds: Sequence[Figure],
    ns: Sequence[int],
    *,
    as_se: bool = False,
    rounding: str = "up_or_down",
) -> Interval:
    """P of equal means in two groups or more from printed summaries, with the interval that rounding allows.

    The greatest F has each mean at an end of its span; the least has all of them as near each other as the spans let them.
    as_se : read the spreads as standard errors. Raises InvalidInput for unequal lengths, fewer than two groups, more than
    twelve, or n below 2; NotEstimable where every spread is printed as 0.
    """
    if not 2 <= len(means) <= 12 or not len(means) == len(sds) == len(ns) or min(ns) < 2:
        raise InvalidInput(
            f"found {len(means)} means, {len(sds)} SDs and n {tuple(ns)}",
            "analysis of variance takes 2 to 12 groups, each with a mean, an SD and n of 2 or more",
        )
    n = np.asarray(ns, float)
    if all(printed(sd).value == 0 for sd in sds):
        raise NotEstimable("every spread is printed as 0, which leaves no error to test the differences against")
    factor = np.sqrt(n) if as_se else np.ones_like(n)
    value = _anova_p([float(printed(mean)) for mean in means], factor * [float(printed(sd)) for sd in sds], n)
    spans = [before_rounding(mean, rounding).floats() for mean in means]
    sd_low, sd_high = factor * np.array([spread_span(sd, rounding).floats() for sd in sds]).T
    corners = np.array(list(itertools.product(*spans)))
    least = float(anova(corners, np.broadcast_to(sd_low, corners.shape), np.broadcast_to(n, corners.shape)).p.min())
    return Interval(value, min(value, least), max(value, _anova_p(_nearest_means(np.array(spans), n), sd_high, n)))


def _anova_p(means: Sequence[float] | Array, sds: Array, n: Array) -> float:
    return float(anova(np.asarray(means, float), sds, n).p)


def _nearest_means(spans: Array, n: Array) -> Array:
    """The means within their spans with the least sum of squares between: each as near the common mean as it can be.

    The condition is a fixed point, mean_i = clip(grand mean); its excess is monotone, so bisection finds it.
    """
    low, high = float(spans.min()), float(spans.max())
    for _ in range(200):
        middle = (low + high) / 2
        grand = float((n * np.clip(middle, spans[:, 0], spans[:, 1])).sum() / n.sum())
        low, high = (middle, high) if grand > middle else (low, middle)
    nearest: Array = np.clip((low + high) / 2, spans[:, 0], spans[:, 1])
    return nearest


def sd_from_mean_interval(
    low: Figure, high: Figure, n: int, level: float = 0.95, rounding: str = "up_or_down"
) -> Interval:
    """The SD that a printed confidence interval of one mean stands for, by t on n - 1 degrees of freedom."""
    if n < 2 or not 0 < level < 1:
        raise InvalidInput(f"n is {n} and level {level}", "n is 2 or more and the level lies between 0 and 1")
    factor = n**0.5 / (-2 * float(stdtrit(n - 1, (1 - level) / 2)))
    first, second = before_rounding(low, rounding), before_rounding(high, rounding)
    width = float(second.low - first.high), float(second.high - first.low)
    value = float(printed(high).value - printed(low).value)
    if value < 0:
        raise InvalidInput(f"the interval runs from {low} to {high}", "the lower limit stands first")
    return Interval(value * factor, max(width[0], 0.0) * factor, width[1] * factor)
