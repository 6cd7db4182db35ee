"""Two-by-two tables from what a paper prints instead of the four cells.

Group 1 is experimental, group 2 comparator. With margins known (group sizes and the total of events) one number more
fixes the table: an odds ratio, a risk ratio, phi or a chi-square. The answer is rounded to whole people; the unrounded
number stands beside it, for a figure far from whole speaks against the report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, columns, judge, missing, must, safe
from mscsec.results import Result

ROUNDING_SLACK = (
    1e-9  # in people: absorbs binary error at the ends of a rounding interval, 12.5 percent of 8 and the like
)


@dataclass(frozen=True, slots=True)
class Table(Result):
    """Events and group sizes, whole numbers; NaN in a refused row.

    unrounded_1, unrounded_2 : events before rounding.
    """

    events_1: Array
    n_1: Array
    events_2: Array
    n_2: Array
    unrounded_1: Array
    unrounded_2: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Events(Result):
    """Events of one group from a printed percentage.

    events : (...) the one whole number that prints as this percentage; NaN where there is none or more than one.
    lowest, highest : (...) the smallest and largest that do; NaN where none does.
    """

    events: Array
    lowest: Array
    highest: Array
    refused: tuple[Refusal, ...] = ()


def events_from_percent(percent: ArrayLike, n: ArrayLike, decimals: ArrayLike = 0) -> Events:
    """Events from a percentage, only where exactly one whole number of `n` rounds to it.

    percent : (...) as printed, 0 to 100. n : whole group size. decimals : places printed, so that 12.5 is 12.45 to 12.55.
    Both ends of the interval count, as halves are rounded up by some and to even by others.
    A percentage that no whole number gives is refused (E303), one that several give likewise (E305).
    """
    percent_, n_, decimals_ = columns(percent=percent, n=n, decimals=decimals)
    must(~((percent_ < 0) | (percent_ > 100)), "a percentage lies in 0 to 100", {"percent": percent_})
    must(~(decimals_ < 0), "decimals are counted from 0", {"decimals": decimals_})
    rules.group_size(1, n=n_)
    rules.whole(n=n_, decimals=decimals_)
    known, _ = judge(n_.shape, missing(percent=percent_, n=n_, decimals=decimals_))
    half = 0.5 * 10.0 ** -safe(known, decimals_, 0.0)
    low = np.ceil((percent_ - half) * n_ / 100 - ROUNDING_SLACK)
    high = np.floor((percent_ + half) * n_ / 100 + ROUNDING_SLACK)
    low, high = np.maximum(low, 0.0), np.minimum(high, n_)
    reasons: list[Reason] = [
        *missing(percent=percent_, n=n_, decimals=decimals_),
        (low > high, "E303", "no whole number of events gives this percentage of this group size"),
        (low < high, "E305", "several numbers of events round to this percentage; lowest and highest bound them"),
    ]
    stands, refused = judge(n_.shape, reasons)
    possible = low <= high
    return Events(blank(stands, low), blank(possible, low), blank(possible, high), refused)


def table_from_or(odds_ratio: ArrayLike, n_total: ArrayLike, n_1: ArrayLike, events_total: ArrayLike) -> Table:
    """The table with these margins and this odds ratio.

    odds_ratio : (...) positive, not its log. n_total, n_1, events_total : everyone, group 1, everyone with the event.
    The root of (OR - 1) a^2 - (n_total + (OR - 1)(n_1 + events_total)) a + OR n_1 events_total = 0 that fits the margins,
    in the form that stands at OR = 1.
    Source: Di Pietrantonj (2006), Stat Med 25:2299-2322.
    """
    ratio, n, n1, events = _margins(n_total, n_1, events_total, odds_ratio=odds_ratio)
    rules.positive("an odds ratio", odds_ratio=ratio)
    linear = n + (ratio - 1) * (n1 + events)
    root = np.sqrt(np.maximum(linear**2 - 4 * ratio * (ratio - 1) * n1 * events, 0.0))
    return _table(2 * ratio * n1 * events / (linear + root), n, n1, events, missing(odds_ratio=ratio))


def table_from_phi(phi: ArrayLike, n_total: ArrayLike, n_1: ArrayLike, events_total: ArrayLike) -> Table:
    """The table with these margins and this phi coefficient, positive where group 1 has the more events.

    a = (n_1 events + phi sqrt(n_1 n_2 events non-events)) / n_total.
    """
    r, n, n1, events = _margins(n_total, n_1, events_total, phi=phi)
    rules.correlation(phi=r)
    spread = np.sqrt(n1 * (n - n1) * events * (n - events))
    return _table((n1 * events + r * spread) / n, n, n1, events, missing(phi=r))


def table_from_chi2(chi2: ArrayLike, n_total: ArrayLike, n_1: ArrayLike, events_total: ArrayLike) -> Table:
    """The table with these margins and this chi-square without continuity correction.

    chi2 : (...) with the sign of the association, positive where group 1 has the more events: phi = +-sqrt(chi2 / n_total).
    """
    return _table_from_chi2(chi2, n_total, n_1, events_total, shrink=0.0)


def table_from_chi2_yates(chi2: ArrayLike, n_total: ArrayLike, n_1: ArrayLike, events_total: ArrayLike) -> Table:
    """The same for a chi-square with Yates' correction, which takes n_total / 2 from |ad - bc|.

    A corrected chi-square of zero says only that |ad - bc| is at most n_total / 2; the expected count is returned.
    """
    return _table_from_chi2(chi2, n_total, n_1, events_total, shrink=0.5)


def table_from_rr_total(risk_ratio: ArrayLike, n_1: ArrayLike, n_2: ArrayLike, events_total: ArrayLike) -> Table:
    """The table with these group sizes, this total of events and this risk ratio: a = RR n_1 events / (RR n_1 + n_2)."""
    ratio, n1, n2, events = columns(risk_ratio=risk_ratio, n_1=n_1, n_2=n_2, events_total=events_total)
    rules.positive("a risk ratio", risk_ratio=ratio)
    rules.group_size(1, n_1=n1, n_2=n2)
    rules.counts(events, n1 + n2)
    first = ratio * n1 * events / (ratio * n1 + n2)
    return _table(first, n1 + n2, n1, events, missing(risk_ratio=ratio, n_1=n1, n_2=n2))


def table_from_rr_control(risk_ratio: ArrayLike, n_1: ArrayLike, n_2: ArrayLike, events_2: ArrayLike) -> Table:
    """The table with these group sizes, the comparator's events and this risk ratio: a = RR n_1 events_2 / n_2."""
    ratio, n1, n2, second = columns(risk_ratio=risk_ratio, n_1=n_1, n_2=n_2, events_2=events_2)
    rules.positive("a risk ratio", risk_ratio=ratio)
    return _table_from_control(ratio * n1 * second / n2, n1, n2, second, missing(risk_ratio=ratio))


def table_from_or_control(odds_ratio: ArrayLike, n_1: ArrayLike, n_2: ArrayLike, events_2: ArrayLike) -> Table:
    """The table with these group sizes, the comparator's events and this odds ratio."""
    ratio, n1, n2, second = columns(odds_ratio=odds_ratio, n_1=n_1, n_2=n_2, events_2=events_2)
    rules.positive("an odds ratio", odds_ratio=ratio)
    weighted = ratio * second
    first = n1 * weighted / np.where(n2 - second + weighted == 0, 1.0, n2 - second + weighted)
    return _table_from_control(first, n1, n2, second, missing(odds_ratio=ratio))


def table_from_rd_total(risk_difference: ArrayLike, n_1: ArrayLike, n_2: ArrayLike, events_total: ArrayLike) -> Table:
    """The table with these group sizes, this total of events and this risk difference, p_1 - p_2 as a proportion.

    a = n_1 (events + RD n_2) / (n_1 + n_2), from a/n_1 - (events - a)/n_2 = RD.
    """
    rd, n1, n2, events = columns(risk_difference=risk_difference, n_1=n_1, n_2=n_2, events_total=events_total)
    _difference(rd)
    rules.group_size(1, n_1=n1, n_2=n2)
    rules.counts(events, n1 + n2)
    first = n1 * (events + rd * n2) / (n1 + n2)
    return _table(first, n1 + n2, n1, events, missing(risk_difference=rd, n_1=n1, n_2=n2))


def table_from_rd_control(risk_difference: ArrayLike, n_1: ArrayLike, n_2: ArrayLike, events_2: ArrayLike) -> Table:
    """The table with these group sizes, the comparator's events and this risk difference: a = n_1 (events_2/n_2 + RD)."""
    rd, n1, n2, second = columns(risk_difference=risk_difference, n_1=n_1, n_2=n_2, events_2=events_2)
    _difference(rd)
    rules.group_size(1, n_1=n1, n_2=n2)
    rules.counts(second, n2)
    return _finish(
        n1 * (second / n2 + rd), n1, second, n2, missing(risk_difference=rd, n_1=n1, n_2=n2, events_2=second)
    )


def _difference(rd: Array) -> None:
    must(
        ~(np.abs(rd) > 1),
        "a risk difference lies in [-1, 1]",
        {"risk_difference": rd},
        "Divide percentage points by 100",
    )


def table_from_percents(
    percent_1: ArrayLike,
    n_1: ArrayLike,
    percent_2: ArrayLike,
    n_2: ArrayLike,
    decimals_1: ArrayLike = 0,
    decimals_2: ArrayLike = 0,
) -> Table:
    """Both groups from their percentages; a row stands where each gives one whole number (`events_from_percent`)."""
    pct1, n1, pct2, n2, places1, places2 = columns(
        percent_1=percent_1, n_1=n_1, percent_2=percent_2, n_2=n_2, decimals_1=decimals_1, decimals_2=decimals_2
    )
    first, second = events_from_percent(pct1, n1, places1), events_from_percent(pct2, n2, places2)
    stands, refusals = judge(n1.shape, missing(percent_1=pct1, n_1=n1, percent_2=pct2, n_2=n2))
    refused = list(refusals)
    for group, events in ((1, first), (2, second)):
        said = {refusal.row for refusal in refused}
        refused += [
            Refusal(refusal.row, refusal.code, f"group {group}: {refusal.message}")
            for refusal in events.refused
            if refusal.row not in said
        ]
        stands = stands & ~np.isnan(events.events)
    figures = first.events, n1, second.events, n2, pct1 * n1 / 100, pct2 * n2 / 100
    return _blanked(stands, figures, tuple(sorted(refused, key=lambda refusal: refusal.row)))


def _margins(
    n_total: ArrayLike, n_1: ArrayLike, events_total: ArrayLike, **statistic: ArrayLike
) -> tuple[Array, Array, Array, Array]:
    value, n, n1, events = columns(**statistic, n_total=n_total, n_1=n_1, events_total=events_total)
    rules.group_size(1, n_total=n)
    rules.whole(n_total=n, n_1=n1, events_total=events)
    must(~((n1 < 0) | (n1 > n)), "a group is no larger than the whole", {"n_1": n1, "n_total": n})
    must(~((events < 0) | (events > n)), "no more events than participants", {"events_total": events, "n_total": n})
    return value, n, n1, events


def _table_from_chi2(
    chi2: ArrayLike, n_total: ArrayLike, n_1: ArrayLike, events_total: ArrayLike, shrink: float
) -> Table:
    x2, n, n1, events = _margins(n_total, n_1, events_total, chi2=chi2)
    cross = np.sqrt(np.abs(x2) * n1 * (n - n1) * events * (n - events) / n) + shrink * n
    return _table((n1 * events + np.sign(x2) * cross) / n, n, n1, events, missing(chi2=x2))


def _table_from_control(first: Array, n_1: Array, n_2: Array, events_2: Array, reasons: list[Reason]) -> Table:
    rules.group_size(1, n_1=n_1, n_2=n_2)
    rules.counts(events_2, n_2)
    reasons = [
        *reasons,
        *missing(n_1=n_1, n_2=n_2, events_2=events_2),
        (events_2 == 0, "E304", "no events in the comparator group: the ratio leaves those of the other open"),
    ]
    return _finish(first, n_1, events_2, n_2, reasons)


def _table(first: Array, n: Array, n_1: Array, events: Array, reasons: list[Reason]) -> Table:
    """The table from the events of group 1 and the margins; the other cells follow by subtraction."""
    reasons = [
        *reasons,
        *missing(n_total=n, n_1=n_1, events_total=events),
        ((n_1 == 0) | (n_1 == n), "E304", "one of the groups is empty"),
        ((events == 0) | (events == n), "E304", "everyone or no one had the event: no statistic can be inverted"),
    ]
    return _finish(first, n_1, events - first, n - n_1, reasons, total=events)


def _finish(
    first: Array, n_1: Array, second: Array, n_2: Array, reasons: list[Reason], total: Array | None = None
) -> Table:
    events_1 = np.round(first)
    events_2 = np.round(second) if total is None else total - events_1
    impossible = (events_1 < 0) | (events_1 > n_1) | (events_2 < 0) | (events_2 > n_2)
    reasons = [*reasons, (impossible, "E303", "these margins do not allow that figure: a cell would be negative")]
    stands, refused = judge(first.shape, reasons)
    return _blanked(stands, (events_1, n_1, events_2, n_2, first, second), refused)


def _blanked(stands: BoolArray, figures: tuple[Array, ...], refused: tuple[Refusal, ...]) -> Table:
    events_1, n_1, events_2, n_2, first, second = (blank(stands, figure) for figure in figures)
    return Table(events_1, n_1, events_2, n_2, first, second, refused)
