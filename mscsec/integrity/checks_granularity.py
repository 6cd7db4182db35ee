"""Checks of figures that come in steps: percentages, medians, means and SDs of whole things."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from mscsec.integrity.granularity import (
    debit,
    grim,
    grimmer,
    median_possible,
    possible_counts,
    possible_denominators,
    possible_n,
)
from mscsec.integrity.printed import ROUNDING, Figure, printed
from mscsec.integrity.verdict import Finding, Reading, Verdict, listed
from mscsec.registry import choose
from mscsec.results import Notice
from mscsec.said import joined, num, said

_CUT = "cut off instead of rounded"
_REACH = 500  # sizes further than this from the printed n are not looked at


def _nearby(n: int, n_range: Iterable[int] | None, least: int = 1) -> tuple[int, ...]:
    """Sizes to name as those that would fit: `n_range`, or all up to twice the printed n."""
    if n_range is not None:
        return tuple(n_range)
    return tuple(range(max(least, n - _REACH), min(2 * n, n + _REACH) + 1))


def _fitting(fits: Sequence[int], sizes: Sequence[int]) -> str:
    """ "6, 20, of 2 to 20"."""
    return said("{}, of {} to {}", listed(fits), min(sizes), max(sizes)) if sizes else "none was tried"


def check_percent(
    percent: Figure,
    n: int,
    count: int | None = None,
    *,
    rounding: str = "up_or_down",
    n_range: Iterable[int] | None = None,
) -> Verdict:
    """Whether a percentage can be that of whole people among `n`, and of `count` where the count is printed too.

    n_range : denominators tried where it cannot, from 1 to 2n unless given; those that fit are named.
    """
    tested = said("{}%", printed(percent)) + (said(" for {}", count) if count is not None else "") + said(" of {}", n)
    words = choose(ROUNDING, rounding, "rounding rule").name
    rules = {f"rounded ({words[:1].lower()}{words[1:]})": rounding, _CUT: "trunc"}
    fits = {label: possible_counts(percent, n, rounding=rule) for label, rule in rules.items()}
    readings = tuple(
        Reading(label, label != _CUT, bool(found) and (count is None or count in found))
        for label, found in fits.items()
    )
    finding = _by_reading(readings)
    others: dict[str, tuple[int, ...]] = {}
    found = said("counts of {} printed so: {}", n, listed(next(iter(fits.values()))))
    if finding is not Finding.CONSISTENT:
        sizes = _nearby(n, n_range)
        others = {label: possible_denominators(count, percent, sizes, rounding=rule) for label, rule in rules.items()}
        share = said("{} of {} is {:.2f}%; ", count, n, 100 * count / n) if count is not None else ""
        found = said("{}{}; denominators that fit: ", share, found) + joined(
            "; ", (said("{}, {}", label, _fitting(fit, sizes)) for label, fit in others.items())
        )
    return Verdict(
        "I201",
        finding,
        tested,
        "each patient counts once and the percentage is of n",
        found,
        condition=f"the figure was {_CUT}" if finding is Finding.ONLY_IF else "",
        question=""
        if finding is Finding.CONSISTENT
        else "Of how many patients is this percentage, and how many had it?",
        numbers={"counts": fits, "denominators": others},
        readings=readings,
        warnings=_no_power(grim(percent, n, percent=True, rounding=rounding).can_fail or count is not None),
    )


def _by_reading(readings: Iterable[Reading]) -> Finding:
    fitting = [each for each in readings if each.fits]
    if any(each.usual for each in fitting):
        return Finding.CONSISTENT
    return Finding.ONLY_IF if fitting else Finding.INCONSISTENT


def _no_power(can_fail: bool) -> tuple[Notice, ...]:
    if can_fail:
        return ()
    return (Notice("I001", "every figure with these decimals is possible at this n, so that passing says nothing"),)


def check_median(median: Figure, n: int, *, granularity: Figure = 1, rounding: str = "up_or_down") -> Verdict:
    """Whether `n` values in whole steps can have this median."""
    possible = median_possible(median, n, granularity=granularity, rounding=rounding)
    other = median_possible(median, n + 1, granularity=granularity, rounding=rounding)
    finding = Finding.CONSISTENT if possible else Finding.ONLY_IF if other else Finding.INCONSISTENT
    kind = "odd" if n % 2 else "even"
    found = {
        Finding.CONSISTENT: "such a median is possible",
        Finding.ONLY_IF: f"n is {kind}; a median halfway between two steps takes an even n",
        Finding.INCONSISTENT: "a median is a step or halfway between two steps",
    }[finding]
    return Verdict(
        "I202",
        finding,
        said("median {}, n = {}", printed(median), n),
        said("each value is a multiple of {}", printed(granularity)),
        found,
        condition="n is even" if finding is Finding.ONLY_IF else "",
        question="" if possible else "How many patients is the median of, and how was it computed?",
        numbers={"possible": possible},
    )


def check_debit(mean: Figure, sd: Figure, n: int, *, rounding: str = "up_or_down") -> Verdict:
    """Whether `n` zeros and ones can have this mean and SD."""
    result = debit(mean, sd, n, rounding=rounding)
    divisor_n = debit(mean, sd, n, rounding=rounding, population=True)
    sds = joined(", ", (said("{:.4g}", value) for value in result.sds[:6])) or "none: no count gives the mean"
    finding = _divisor(result.possible, divisor_n.possible)
    return Verdict(
        "I203",
        finding,
        said("{} ± {}, n = {}", printed(mean), printed(sd), n),
        said("each value is {}; SD with divisor {}", num("0 or 1"), num("n - 1")),
        said("SDs that the counts with this mean have: {}", sds),
        condition="the SD has the divisor n" if finding is Finding.ONLY_IF else "",
        question="" if finding is Finding.CONSISTENT else "How many patients had the event, and of how many?",
        numbers={"counts": result.counts, "counts_of_mean": result.counts_of_mean, "sds": result.sds},
    )


def _divisor(usual: bool, population: bool) -> Finding:
    return Finding.CONSISTENT if usual else Finding.ONLY_IF if population else Finding.INCONSISTENT


def check_grim(
    mean: Figure,
    n: int,
    *,
    granularity: Figure = 1,
    items: int = 1,
    rounding: str = "up_or_down",
    n_range: Iterable[int] | None = None,
) -> Verdict:
    """Whether `n` values in whole steps can have this mean.

    n_range : sizes tried where they cannot, from 1 to 2n unless given; those that fit are named.
    """
    result = grim(mean, n, granularity=granularity, items=items, rounding=rounding)
    cut = grim(mean, n, granularity=granularity, items=items, rounding="trunc").possible
    found, fits = "such a mean is possible", None
    if not result.possible:
        sizes = _nearby(n, n_range)
        fits = possible_n(mean, None, sizes, granularity=granularity, items=items, rounding=rounding)
        low, high = result.nearest
        found = said("nearest possible means {:.6g} and {:.6g}; possible for n = {}", low, high, _fitting(fits, sizes))
        found += _IF_CUT if cut else ""
    return Verdict(
        "I204",
        Finding.CONSISTENT if result.possible else Finding.INCONSISTENT,
        said("mean {}, n = {}", printed(mean), n),
        _steps(granularity, items),
        found,
        question="" if result.possible else _WHO,
        numbers={
            "sums": result.sums,
            "nearest": result.nearest,
            "possible_n": fits,
            "possible_if_cut_off": cut,
        },
        warnings=_no_power(result.can_fail),
    )


# Programs round means and SDs, so this is said but makes no figure consistent; percentages are often cut by hand.
_IF_CUT = f"; possible were the figures {_CUT}"
_WHO = "How many patients are in this figure, who is missing from it, and in what steps was it recorded?"


def _steps(granularity: Figure, items: int) -> str:
    scale = said(", mean of {} items", items) if items > 1 else ""
    return said("each value is a multiple of {}{}", printed(granularity), scale)


def check_grimmer(
    mean: Figure,
    sd: Figure,
    n: int,
    *,
    granularity: Figure = 1,
    items: int = 1,
    rounding: str = "up_or_down",
    low: Figure | None = None,
    high: Figure | None = None,
    n_range: Iterable[int] | None = None,
) -> Verdict:
    """Whether `n` values in whole steps, within low ... high where given, can have this mean and SD.

    n_range : sizes tried where they cannot, from 2 to 2n unless given; those that fit are named.
    """
    scale: _Scale = {"granularity": granularity, "items": items, "low": low, "high": high}
    result = grimmer(mean, sd, n, rounding=rounding, **scale)
    readings = (
        Reading("SD with divisor n - 1", True, result.possible),
        Reading(
            "the SD has the divisor n",
            False,
            grimmer(mean, sd, n, rounding=rounding, population=True, **scale).possible,
        ),
    )
    cut = grimmer(mean, sd, n, rounding="trunc", **scale).possible
    finding = _by_reading(readings)
    found, fits = "such a mean and SD are possible", None
    if not result.possible:
        sizes = _nearby(n, n_range, least=2)
        fits = possible_n(mean, sd, sizes, rounding=rounding, **scale)
        near = [said("{:.4g}", value) for value in result.nearest_sd if value is not None]
        nearest = said("nearest possible SDs {}; ", joined(" and ", near)) if near else ""
        found = said("{}; {}possible for n = {}", _FAILED[result.reason], nearest, _fitting(fits, sizes))
        found += _IF_CUT if cut else ""
    return Verdict(
        "I205",
        finding,
        said("{} ± {}, n = {}", printed(mean), printed(sd), n),
        _steps(granularity, items) + said("; ± is an SD with divisor {}", num("n - 1")),
        found,
        condition=" or ".join(each.label for each in readings if each.fits) if finding is Finding.ONLY_IF else "",
        question="" if finding is Finding.CONSISTENT else _WHO,
        numbers={
            "reason": result.reason,
            "nearest_sd": result.nearest_sd,
            "possible_n": fits,
            "possible_if_cut_off": cut,
        },
        readings=readings,
    )


class _Scale(TypedDict):
    granularity: Figure
    items: int
    low: Figure | None
    high: Figure | None


_FAILED = {
    "mean": "no sum of whole steps gives the mean",
    "sum of squares": "no whole sum of squares gives the SD",
    "parity": "the one sum of squares that gives the SD is odd where the sum is even, or even where it is odd",
    "values": "no whole numbers have both the sum and the sum of squares",
    "limits": "no whole numbers within the limits have both the sum and the sum of squares",
}
