"""Sums, shares and orders: what must hold between the figures of one table, once their rounding is allowed for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from mscsec.errors import InvalidInput
from mscsec.integrity.printed import Figure, before_rounding, printed, spread_span
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Sum(Result):
    """total : what the parts add up to. difference : the printed total less that. agrees : whether they are equal."""

    total: int
    difference: int
    agrees: bool


def adds_up(parts: Sequence[int], total: int) -> Sum:
    """Whether counts add up to their printed total: arms to the trial, subgroups to the arm, events to all events."""
    if not parts or min(*parts, total, 0) < 0:
        raise InvalidInput(f"parts are {list(parts)} and total {total}", "counts are whole numbers from 0 on")
    found = sum(parts)
    return Sum(found, total - found, found == total)


@dataclass(frozen=True, slots=True)
class Bounds(Result):
    """The values that a figure can have by the others. agrees : whether the printed one can be among them."""

    low: float
    high: float
    agrees: bool


def _sd_bounds(low: float, high: float, sd: Figure, rounding: str) -> Bounds:
    slack = 1e-12 * high  # the bounds are square roots
    return Bounds(low, high, spread_span(sd, rounding).meets(low - slack, high + slack))


def _bounds(low: float, high: float, figure: Figure, rounding: str) -> Bounds:
    return Bounds(low, high, before_rounding(figure, rounding).meets(low, high))


def difference_of(final: Figure, baseline: Figure, change: Figure, rounding: str = "up_or_down") -> Bounds:
    """Whether a mean change is final less baseline; it need not be where not all patients have both."""
    after, before = before_rounding(final, rounding), before_rounding(baseline, rounding)
    return _bounds(float(after.low - before.high), float(after.high - before.low), change, rounding)


@dataclass(frozen=True, slots=True)
class ChangeSd(Result):
    """The SD of a change against those of baseline and final values.

    correlation : what the three figures imply; outside -1 ... 1 they cannot belong to the same patients. low, high : the
    values that rounding allows, None where an SD may be 0. agrees : whether one of them lies in -1 ... 1.
    """

    correlation: float | None
    low: float | None
    high: float | None
    agrees: bool


def change_sd(sd_baseline: Figure, sd_final: Figure, sd_of_change: Figure, rounding: str = "up_or_down") -> ChangeSd:
    """The correlation r in sd_change^2 = sd_b^2 + sd_f^2 - 2 r sd_b sd_f. Source: Cochrane Handbook 6.5.2.8."""
    b, f, c = (spread_span(figure, rounding).floats() for figure in (sd_baseline, sd_final, sd_of_change))
    agrees = c[1] >= max(b[0] - f[1], f[0] - b[1], 0.0) and c[0] <= b[1] + f[1]
    value = tuple(float(printed(figure)) for figure in (sd_baseline, sd_final, sd_of_change))
    if min(b[0], f[0]) <= 0 or min(value[:2]) <= 0:
        return ChangeSd(None, None, None, agrees)
    corners = [_correlation(x, y, z) for x in (*b, value[0]) for y in (*f, value[1]) for z in c]
    # In one SD, r is least at sd_b^2 = sd_f^2 - sd_change^2, which may lie between the corners.
    for one, other in ((b, f), (f, b)):
        for y in other:
            root = math.sqrt(max(y**2 - c[1] ** 2, 0.0))
            if one[0] < root < one[1]:
                corners.append(_correlation(root, y, c[1]))
    return ChangeSd(_correlation(*value), min(corners), max(corners), agrees)


def _correlation(sd_baseline: float, sd_final: float, sd_of_change: float) -> float:
    return (sd_baseline**2 + sd_final**2 - sd_of_change**2) / (2 * sd_baseline * sd_final)


def in_order(figures: Sequence[Figure], rounding: str = "up_or_down") -> tuple[int, ...]:
    """Places i where figure i is above figure i + 1 by more than rounding allows: minimum, quartile, median and so on."""
    spans = [before_rounding(figure, rounding) for figure in figures]
    return tuple(i for i in range(len(spans) - 1) if spans[i].low > spans[i + 1].high)


def mean_and_median(mean: Figure, median: Figure, sd: Figure, n: int, rounding: str = "up_or_down") -> Bounds:
    """The medians possible with this mean and SD: no further from the mean than the SD with divisor n.

    Source: Hotelling & Solomons (1932), Ann Math Stat 3:141-142.
    """
    if n < 1:
        raise InvalidInput(f"n is {n}", "n is a whole number from 1 on")
    centre = before_rounding(mean, rounding).floats()
    reach = spread_span(sd, rounding).floats()[1] * math.sqrt((n - 1) / n)
    return _bounds(centre[0] - reach, centre[1] + reach, median, rounding)


def sd_on_scale(mean: Figure, low: Figure, high: Figure, sd: Figure, n: int, rounding: str = "up_or_down") -> Bounds:
    """The SDs (divisor n - 1) possible for n values between `low` and `high` with this mean.

    At most sqrt((mean - low)(high - mean) n / (n - 1)), which all values at an end reach. Raises InvalidInput for n below
    2 or a scale without width; a mean outside the scale leaves no SD: bounds of 0 and 0 that do not agree.
    Source: Bhatia & Davis (2000), Am Math Mon 107:353-357.
    """
    bottom, top = printed(low).value, printed(high).value
    if n < 2 or bottom >= top:
        raise InvalidInput(f"n is {n} and the scale {low} to {high}", "n is 2 or more and low is below high")
    centre = before_rounding(mean, rounding)
    first, last = max(centre.low, bottom), min(centre.high, top)
    if first > last:
        return Bounds(0.0, 0.0, False)
    best = min(max((bottom + top) / 2, first), last)  # the product is greatest at the middle of the scale
    most = math.sqrt(float((best - bottom) * (top - best) * Fraction(n, n - 1)))
    return _sd_bounds(0.0, most, sd, rounding)


def sd_by_range(
    minimum: Figure, maximum: Figure, sd: Figure, n: int, mean: Figure | None = None, rounding: str = "up_or_down"
) -> Bounds:
    """The SDs (divisor n - 1) possible for n values of which the least and the greatest are printed.

    Least range / sqrt(2 (n - 1)): all others in the middle. Most: half at each end, or by the mean where that is given.
    Source: Thomson (1955), Biometrika 42:268-269.
    """
    if n < 2:
        raise InvalidInput(f"n is {n}", "an SD needs two values or more")
    first, last = before_rounding(minimum, rounding).floats(), before_rounding(maximum, rounding).floats()
    if last[1] < first[0]:
        raise InvalidInput(f"the range runs from {minimum} to {maximum}", "the least value stands first")
    least = max(last[0] - first[1], 0.0) / math.sqrt(2 * (n - 1))
    most = (last[1] - first[0]) / 2 * math.sqrt((n - n % 2 / n) / (n - 1))
    if mean is not None:
        centre = before_rounding(mean, rounding).floats()
        best = min(max((first[0] + last[1]) / 2, centre[0]), centre[1])
        most = min(most, math.sqrt(max((best - first[0]) * (last[1] - best), 0.0) * n / (n - 1)))
    return _sd_bounds(least, most, sd, rounding)


def mean_of_groups(means: Sequence[Figure], ns: Sequence[int], overall: Figure, rounding: str = "up_or_down") -> Bounds:
    """The overall means that groups of these sizes and means can have."""
    if not means or len(means) != len(ns) or min(ns) < 1:
        raise InvalidInput(f"found {len(means)} means and n {list(ns)}", "each group has a mean and an n of 1 or more")
    spans = [before_rounding(mean, rounding) for mean in means]
    size = sum(ns)
    low = sum((span.low * n for span, n in zip(spans, ns, strict=True)), Fraction(0)) / size
    high = sum((span.high * n for span, n in zip(spans, ns, strict=True)), Fraction(0)) / size
    return _bounds(float(low), float(high), overall, rounding)
