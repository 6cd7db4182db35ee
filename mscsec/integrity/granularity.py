"""Figures of things that come in steps: can n whole numbers have this mean, this SD, this percentage, this median?

`granularity` is the step of one patient's value in the unit of the figure: 1 for whole days, 0.5 for half days. The mean
of a scale of several whole-number items has items > 1: each patient's value then comes in steps of granularity / items.
All answers are exact. A figure that passes is possible, not right; one that fails contradicts an assumption, and the
assumption (n, the step, the rounding) is as likely to be wrong as the figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from mscsec.errors import InvalidInput
from mscsec.integrity import whole_numbers
from mscsec.integrity.printed import Figure, Printed, Span, before_rounding, printed, spread_span
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Grim(Result):
    """possible : whether some sum of whole steps gives the mean.

    sums : the least and the greatest such sum, in steps; None where there is none.
    nearest : the attainable means next to the figure, below and above, in its unit; the same twice for one that hits it.
    can_fail : False where n is so large that every figure with these decimals is attainable: passing then says nothing.
    """

    possible: bool
    sums: tuple[int, int] | None
    nearest: tuple[float, float]
    can_fail: bool


@dataclass(frozen=True, slots=True)
class Grimmer(Result):
    """possible : whether n whole steps have this mean and this SD, both after rounding.

    reason : "possible", or the first condition that fails: "mean", "sum of squares" (none lies in the range that the SD
    allows), "parity" (those that do are odd for an even sum, or even for an odd one), "values" (no n whole numbers have
    the sum and the sum of squares), "limits" (none within the limits of one value).
    sum, sum_of_squares : one pair that fits, in steps and steps squared; None where none does.
    nearest_sd : attainable SDs next to the figure, below and above, for a sum that fits the mean; None where there is
    none, or where they are beyond a step's reach.
    """

    possible: bool
    reason: str
    sum: int | None = None
    sum_of_squares: int | None = None
    nearest_sd: tuple[float | None, float | None] = (None, None)


def grim(
    mean: Figure,
    n: int,
    *,
    granularity: Figure = 1,
    items: int = 1,
    percent: bool = False,
    rounding: str = "up_or_down",
) -> Grim:
    """Whether `n` values in whole steps can have this mean.

    mean : as printed. n : patients, 1 or more. percent : the figure is a percentage of n (or n * items) yes-or-no answers.
    Source: Brown & Heathers (2017), Soc Psychol Personal Sci 8:363-369.
    """
    figure, step = printed(mean), mean_step(n, granularity, items, percent)
    span = before_rounding(figure, rounding)
    sums = span.multiples(step)
    if percent:
        sums = range(max(sums.start, 0), min(sums.stop, n * items + 1))
    below = (figure.value / step).__floor__() * step
    above = below if below == figure.value else below + step
    return Grim(bool(sums), (sums[0], sums[-1]) if sums else None, (float(below), float(above)), _can_fail(span, step))


def _can_fail(span: Span, step: Fraction) -> bool:
    """A span at least one step wide always holds a multiple, or can miss one only where both its ends are open."""
    width = span.high - span.low
    return width < step or (width == step and not (span.low_closed or span.high_closed))


def mean_step(n: int, granularity: Figure = 1, items: int = 1, percent: bool = False) -> Fraction:
    """The distance of neighbouring means of `n` values; raises InvalidInput for n or items below 1, or no step."""
    step = printed(granularity).value
    if n < 1 or items < 1:
        raise InvalidInput(f"n is {n} and items is {items}", "both are whole numbers from 1 on")
    if step <= 0:
        raise InvalidInput(f"granularity is {printed(granularity).text}", "the step of one value is positive")
    return Fraction((100 if percent else 1) * step.numerator, step.denominator * n * items)


def grimmer(
    mean: Figure,
    sd: Figure,
    n: int,
    *,
    granularity: Figure = 1,
    items: int = 1,
    rounding: str = "up_or_down",
    low: Figure | None = None,
    high: Figure | None = None,
    population: bool = False,
) -> Grimmer:
    """Whether `n` values in whole steps can have this mean and this SD, and lie in low ... high where these are given.

    mean, sd : as printed; the SD has the divisor n - 1, or n where `population` is true.
    Exact: every sum that fits the mean is tried with every sum of squares that fits the SD, and whole numbers with both
    must exist (`whole_numbers`). The published shortcut (Allard) stops at parity, which is not enough below n = 5.
    Source: Anaya (2016), PeerJ Preprints 4:e2400v1; Allard (2018), Analytic-GRIMMER.
    """
    if n < 2 and not population:
        raise InvalidInput(f"n is {n}", "an SD needs two values or more")
    step = mean_step(1, granularity, items)
    sums = before_rounding(mean, rounding).multiples(step / n)
    squares = spread_span(sd, rounding).times(1 / step).squared().times(Fraction(n if population else n - 1))
    limits = _in_steps(low, high, step)
    sums = _within_limits(sums, n, limits)
    reason = "mean"
    for total in sums:
        found, failed = _pair(n, total, squares, limits)
        if found is not None:
            return Grimmer(True, "possible", total, found)
        reason = max(reason, failed, key=REASONS.index)
    near = _nearest_sd(n, sums, printed(sd), step, limits, population) if sums else (None, None)
    return Grimmer(False, reason, nearest_sd=near)


REASONS = ("mean", "sum of squares", "parity", "values", "limits")  # in the order in which the conditions are asked


def _in_steps(low: Figure | None, high: Figure | None, step: Fraction) -> tuple[int | None, int | None]:
    """The limits of one value in whole steps, inward where they are no multiple."""
    lowest = None if low is None else (printed(low).value / step).__ceil__()
    highest = None if high is None else (printed(high).value / step).__floor__()
    if lowest is not None and highest is not None and lowest > highest:
        raise InvalidInput(f"no step lies from {low} to {high}", "low is below high, with a possible value between")
    return lowest, highest


def _within_limits(sums: range, n: int, limits: tuple[int | None, int | None]) -> range:
    first = sums.start if limits[0] is None else max(sums.start, n * limits[0])
    last = sums.stop if limits[1] is None else min(sums.stop, n * limits[1] + 1)
    return range(first, max(first, last))


def _pair(n: int, total: int, spread: Span, limits: tuple[int | None, int | None]) -> tuple[int | None, str]:
    """A sum of squares that goes with `total`, or None and the condition that failed.

    spread : span of the sum of squared deviations, in squared steps.
    """
    values = spread.plus(Fraction(total**2, n)).multiples(Fraction(1))
    if not values:
        return None, "sum of squares"
    if len(values) == 1 and (values[0] - total) % 2:
        return None, "parity"
    anywhere = False
    for squares in whole_numbers.candidates(n, total, values):
        anywhere = True
        if _lies_within(n, total, squares, limits):
            return squares, "possible"
    return None, "limits" if anywhere else "values"


def _lies_within(n: int, total: int, squares: int, limits: tuple[int | None, int | None]) -> bool:
    """Whether the whole numbers can keep within the limits; a side without a limit gets one that cannot bind."""
    low, high = limits
    if low is None and high is None:
        return True
    bottom, top = whole_numbers.samuelson(n, total, squares)
    low, high = bottom if low is None else low, top if high is None else high
    moved = squares - 2 * low * total + n * low**2
    return low <= high and whole_numbers.exists_within(n, total - n * low, moved, high - low)


def _nearest_sd(
    n: int, sums: range, sd: Printed, step: Fraction, limits: tuple[int | None, int | None], population: bool
) -> tuple[float | None, float | None]:
    """The attainable SDs next below and above the figure, over the sums that fit the mean."""
    divisor = n if population else n - 1
    below: float | None = None
    above: float | None = None
    aim = (sd.value / step) ** 2 * divisor
    for total in sums[:100]:
        centre = max((aim + Fraction(total**2, n)).__floor__(), whole_numbers.least_squares(n, total))
        reach = 4 if n >= 5 else 8 * math.isqrt(centre) + 8  # from n = 5 on every second sum of squares is attainable
        near = whole_numbers.candidates(n, total, range(max(centre - reach, 0), centre + reach))
        for squares in near:
            if not _lies_within(n, total, squares, limits):
                continue
            found = float(step) * (float(squares - Fraction(total**2, n)) / divisor) ** 0.5
            if found <= float(sd):
                below = found if below is None else max(below, found)
            else:
                above = found if above is None else min(above, found)
    return below, above


@dataclass(frozen=True, slots=True)
class Debit(Result):
    """possible : whether some count of ones among n gives the mean and the SD.

    counts : the counts that give both. sds : the SD that each count fitting the mean has, in the unit of the figures.
    """

    possible: bool
    counts: tuple[int, ...]
    counts_of_mean: tuple[int, ...]
    sds: tuple[float, ...]


def debit(mean: Figure, sd: Figure, n: int, *, rounding: str = "up_or_down", population: bool = False) -> Debit:
    """Whether `n` zeros and ones can have this mean and this SD.

    mean : a proportion in [0, 1], as printed. sd : with divisor n - 1, or n where `population` is true.
    Raises InvalidInput for a mean outside [0, 1] or n below 2. Source: Heathers & Brown (2019), DEBIT.
    """
    if n < 2:
        raise InvalidInput(f"n is {n}", "an SD needs two values or more")
    if not 0 <= printed(mean).value <= 1:
        raise InvalidInput(f"the mean is {printed(mean).text}", "the mean of zeros and ones lies in 0 ... 1")
    spread = spread_span(sd, rounding).squared().times(Fraction(n if population else n - 1))
    sums = before_rounding(mean, rounding).multiples(Fraction(1, n))
    counts = range(max(sums.start, 0), min(sums.stop, n + 1))
    squares = {count: Fraction(count * (n - count), n) for count in counts}
    fits = tuple(count for count in counts if squares[count] in spread)
    divisor = n if population else n - 1
    return Debit(bool(fits), fits, tuple(counts), tuple(float(square / divisor) ** 0.5 for square in squares.values()))


def possible_n(
    mean: Figure,
    sd: Figure | None = None,
    n_range: Iterable[int] = range(2, 101),
    *,
    granularity: Figure = 1,
    items: int = 1,
    rounding: str = "up_or_down",
    low: Figure | None = None,
    high: Figure | None = None,
) -> tuple[int, ...]:
    """The n of `n_range` for which the mean, and the SD where there is one, are possible; for an arm of unknown size.

    Arguments as for `grimmer`; an n of 1 is left out where there is an SD.
    """
    return tuple(_possible_n(mean, sd, n_range, granularity, items, rounding, low, high))


def _possible_n(
    mean: Figure,
    sd: Figure | None,
    n_range: Iterable[int],
    granularity: Figure,
    items: int,
    rounding: str,
    low: Figure | None,
    high: Figure | None,
) -> Iterator[int]:
    for n in n_range:
        if not grim(mean, n, granularity=granularity, items=items, rounding=rounding).possible:
            continue
        if sd is None:
            yield n
        elif n > 1:
            found = grimmer(mean, sd, n, granularity=granularity, items=items, rounding=rounding, low=low, high=high)
            if found.possible:
                yield n


def possible_counts(percent: Figure, n: int, *, rounding: str = "up_or_down") -> tuple[int, ...]:
    """The counts among `n` that are printed as this percentage; empty where none is."""
    return tuple(_counts(before_rounding(percent, rounding), n))


def _counts(span: Span, n: int) -> range:
    sums = span.multiples(mean_step(n, percent=True))
    return range(max(sums.start, 0), min(sums.stop, n + 1))


def possible_denominators(
    count: int | None, percent: Figure, n_range: Iterable[int] = range(1, 201), *, rounding: str = "up_or_down"
) -> tuple[int, ...]:
    """The n of `n_range` of which `count`, or any count where it is None, is this percentage."""
    span = before_rounding(percent, rounding)
    return tuple(n for n in n_range if (fits := _counts(span, n)) and (count is None or count in fits))


def median_possible(median: Figure, n: int, *, granularity: Figure = 1, rounding: str = "up_or_down") -> bool:
    """Whether `n` values in whole steps can have this median: a whole step for odd n, a whole or half step for even n."""
    step = mean_step(1, granularity)
    if n < 1:
        raise InvalidInput(f"n is {n}", "n is a whole number from 1 on")
    return bool(before_rounding(median, rounding).multiples(step if n % 2 else step / 2))
