"""Checks of sums, orders and spreads between the figures of one table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mscsec.constants import SD_PEER_FACTOR
from mscsec.errors import InvalidInput
from mscsec.integrity.arithmetic import (
    Bounds,
    adds_up,
    change_sd,
    difference_of,
    in_order,
    mean_and_median,
    mean_of_groups,
    sd_by_range,
    sd_on_scale,
)
from mscsec.integrity.means import sd_from_mean_interval
from mscsec.integrity.printed import Figure, before_rounding, printed, spread_span
from mscsec.integrity.verdict import Finding, Reading, Verdict
from mscsec.said import joined, num, said

_SPREAD = "Is the figure after the mean a standard deviation or a standard error, and of how many patients?"


def _agreed(agrees: bool) -> Finding:
    return Finding.CONSISTENT if agrees else Finding.INCONSISTENT


def check_sum(parts: Sequence[int], total: int, what: str = "parts") -> Verdict:
    """Whether counts add up to their printed total; `what` names them: arms, subgroups, causes."""
    result = adds_up(parts, total)
    return Verdict(
        "I101",
        _agreed(result.agrees),
        said("{} and total {}", num(" + ".join(map(str, parts))), total),
        f"the {what} exclude each other and are all there are",
        said("the {} add up to {}", what, result.total)
        + ("" if result.agrees else said(", {:+d} to the total", result.difference)),
        question="" if result.agrees else f"Which {what} are missing or counted twice?",
        numbers={"sum": result.total, "difference": result.difference},
    )


def check_events(events: int, n: int) -> Verdict:
    """Whether no more patients had the event than there are."""
    if events < 0 or n < 0:
        raise InvalidInput(f"found {events} events in {n}", "counts are whole numbers from 0 on")
    return Verdict(
        "I102",
        _agreed(events <= n),
        said("{} of {}", events, n),
        "patients with an event are counted, not events",
        said("{} is {} {}", events, "at most" if events <= n else "more than", n),
        question="" if events <= n else "Are these patients or events, and of how many patients?",
        numbers={"excess": max(events - n, 0)},
    )


def check_order(
    *,
    minimum: Figure | None = None,
    q1: Figure | None = None,
    median: Figure | None = None,
    q3: Figure | None = None,
    maximum: Figure | None = None,
    mean: Figure | None = None,
    rounding: str = "up_or_down",
) -> Verdict:
    """Whether minimum, quartiles, median and maximum stand in order, and the mean between minimum and maximum."""
    named = {"minimum": minimum, "lower quartile": q1, "median": median, "upper quartile": q3, "maximum": maximum}
    present = {name: figure for name, figure in named.items() if figure is not None}
    names = list(present)
    if len(present) + (mean is not None) < 2:
        raise InvalidInput("fewer than two figures are given", "an order takes two figures or more")
    wrong = [f"{names[i]} above {names[i + 1]}" for i in in_order(list(present.values()), rounding)]
    if mean is not None and minimum is not None and in_order([minimum, mean], rounding):
        wrong.append("mean below minimum")
    if mean is not None and maximum is not None and in_order([mean, maximum], rounding):
        wrong.append("mean above maximum")
    shown = present | ({"mean": mean} if mean is not None else {})
    return Verdict(
        "I103",
        _agreed(not wrong),
        joined(", ", (said("{} {}", name, printed(figure)) for name, figure in shown.items())),
        "all figures are of the same patients and in the same unit",
        "; ".join(wrong) or "in order",
        question="Which of these figures is misprinted?" if wrong else "",
        numbers={"wrong": wrong},
    )


def check_estimate_in_ci(estimate: Figure, ci_low: Figure, ci_high: Figure, *, rounding: str = "up_or_down") -> Verdict:
    """Whether an estimate lies in its own confidence interval."""
    inside = not in_order([ci_low, estimate, ci_high], rounding)
    return Verdict(
        "I104",
        _agreed(inside),
        said("{} ({} to {})", printed(estimate), printed(ci_low), printed(ci_high)),
        "the interval is that of the estimate, on the same scale",
        "the estimate lies " + ("in" if inside else "outside") + " its interval",
        question="" if inside else "Which of the three figures is misprinted?",
    )


def _bounded(
    check: str, result: Bounds, tested: str, assumption: str, question: str, readings: tuple[Reading, ...] = ()
) -> Verdict:
    other = next((each for each in readings if each.fits), None)
    finding = _agreed(result.agrees) if other is None or result.agrees else Finding.ONLY_IF
    return Verdict(
        check,
        finding,
        tested,
        assumption,
        said("possible from {:.6g} to {:.6g}", result.low, result.high),
        condition=other.label if finding is Finding.ONLY_IF and other is not None else "",
        question="" if result.agrees else question,
        numbers={"low": result.low, "high": result.high},
        readings=readings,
    )


def check_change(baseline: Figure, final: Figure, change: Figure, *, rounding: str = "up_or_down") -> Verdict:
    """Whether a mean change is the final mean less the baseline mean; the sign may be that of a reduction."""
    result = difference_of(final, baseline, change, rounding)
    reversed_ = difference_of(baseline, final, change, rounding).agrees
    return _bounded(
        "I105",
        result,
        said("{} to {}, change {}", printed(baseline), printed(final), printed(change)),
        "change is final less baseline in the same patients",
        "How many patients have both values, and is a fall printed as a positive change?",
        (Reading("a fall is printed as a positive change", False, reversed_),),
    )


def check_overall_mean(
    means: Sequence[Figure], ns: Sequence[int], overall: Figure, *, rounding: str = "up_or_down"
) -> Verdict:
    """Whether an overall mean is that of its groups."""
    groups = joined(", ", (said("{} (n = {})", printed(mean), n) for mean, n in zip(means, ns, strict=False)))
    return _bounded(
        "I106",
        mean_of_groups(means, ns, overall, rounding),
        said("groups {}; overall {}", groups, printed(overall)),
        "the groups exclude each other and are all there are",
        "How many patients are in each of these means?",
    )


def check_sd_on_scale(
    mean: Figure, sd: Figure, n: int, low: Figure, high: Figure, *, rounding: str = "up_or_down"
) -> Verdict:
    """Whether an SD is possible for a mean on a scale with ends."""
    return _bounded(
        "I401",
        sd_on_scale(mean, low, high, sd, n, rounding),
        said("{} ± {}, n = {}, scale {} to {}", printed(mean), printed(sd), n, printed(low), printed(high)),
        "every value lies on the scale; ± is an SD",
        "Which scale was used, and " + _SPREAD[0].lower() + _SPREAD[1:],
    )


def check_sd_by_range(
    sd: Figure,
    n: int,
    minimum: Figure,
    maximum: Figure,
    mean: Figure | None = None,
    *,
    rounding: str = "up_or_down",
) -> Verdict:
    """Whether an SD is possible for values with this minimum and maximum; if not, whether it is as a standard error."""
    result = sd_by_range(minimum, maximum, sd, n, mean, rounding)
    low, high = (end * math.sqrt(n) for end in spread_span(sd, rounding).floats())
    as_se = low <= result.high and high >= result.low
    return _bounded(
        "I402",
        result,
        said("SD {}, n = {}, range {} to {}", printed(sd), n, printed(minimum), printed(maximum)),
        "the range is that of the same patients; ± is an SD",
        _SPREAD,
        (Reading("± is a standard error", False, as_se, float(printed(sd)) * math.sqrt(n), low, high),),
    )


def check_mean_and_median(mean: Figure, median: Figure, sd: Figure, n: int, *, rounding: str = "up_or_down") -> Verdict:
    """Whether mean and median are within one SD of each other, as they always are; if not, whether ± can be an SE."""
    result = mean_and_median(mean, median, sd, n, rounding)
    centre, half = before_rounding(mean, rounding).floats(), spread_span(sd, rounding).floats()[1] * math.sqrt(n - 1)
    as_se = before_rounding(median, rounding).meets(centre[0] - half, centre[1] + half)
    return _bounded(
        "I403",
        result,
        said("{} ± {}, median {}, n = {}", printed(mean), printed(sd), printed(median), n),
        "mean and median are of the same patients; ± is an SD",
        _SPREAD,
        (Reading("± is a standard error", False, as_se),),
    )


def check_change_sd(
    sd_baseline: Figure, sd_final: Figure, sd_change: Figure, *, rounding: str = "up_or_down"
) -> Verdict:
    """Whether the SD of a change is possible beside those of baseline and final values."""
    result = change_sd(sd_baseline, sd_final, sd_change, rounding)
    implied = (
        "no correlation can be computed"
        if result.correlation is None
        else said("correlation {:.2f}", result.correlation)
    )
    return Verdict(
        "I404",
        _agreed(result.agrees),
        said("SDs {} and {}, of the change {}", printed(sd_baseline), printed(sd_final), printed(sd_change)),
        "the same patients at both times; all three are SDs",
        implied
        + (" is possible" if result.agrees else said(" lies outside {}, whatever the rounding", num("-1 to 1"))),
        question="" if result.agrees else "Is each of these an SD, and how many patients have both values?",
        numbers={"correlation": result.correlation, "low": result.low, "high": result.high},
    )


def check_sd_against_peers(sd: Figure, n: int, peers: Sequence[Figure]) -> Verdict:
    """Whether an SD is so much below those of comparable groups that it may be a standard error.

    peers : SDs of the same outcome in other groups or trials, two or more. It is called unlikely where it is below the
    least of them by `SD_PEER_FACTOR`, and SD = SE sqrt(n) would bring it nearer to their geometric mean.
    """
    if len(peers) < 2 or n < 2 or min(float(printed(peer)) for peer in (*peers, sd)) <= 0:
        raise InvalidInput(
            f"found {len(peers)} peers and n {n}", "two SDs above 0 or more to compare with, and n of 2 or more"
        )
    value, others = float(printed(sd)), [float(printed(peer)) for peer in peers]
    centre = math.exp(math.fsum(math.log(peer) for peer in others) / len(others))
    nearer = abs(math.log(value * math.sqrt(n) / centre)) < abs(math.log(value / centre))
    odd = value * SD_PEER_FACTOR < min(others) and nearer
    return Verdict(
        "I405",
        Finding.UNLIKELY if odd else Finding.CONSISTENT,
        said("SD {}, n = {}, against {}", printed(sd), n, num(", ".join(str(printed(peer)) for peer in peers))),
        "comparable patients vary about as much",
        said(
            "{:.2g} times the others' geometric mean; as a standard error {:.2g} times",
            value / centre,
            value * math.sqrt(n) / centre,
        ),
        question=_SPREAD if odd else "",
        numbers={"ratio": value / centre, "ratio_as_se": value * math.sqrt(n) / centre, "peers_mean": centre},
    )


def check_ci_of_mean(
    sd: Figure, n: int, ci_low: Figure, ci_high: Figure, *, level: float = 0.95, rounding: str = "up_or_down"
) -> Verdict:
    """Whether the interval of one mean and its SD belong together, by t on n - 1 degrees of freedom."""
    interval = sd_from_mean_interval(ci_low, ci_high, n, level, rounding)
    span = spread_span(sd, rounding)
    low, high = (end * math.sqrt(n) for end in span.floats())
    as_se = low <= interval.high and high >= interval.low
    as_sd = span.meets(interval.low, interval.high)
    result = Bounds(interval.low, interval.high, as_sd)
    return _bounded(
        "I406",
        result,
        said("SD {}, n = {}, interval {} to {}", printed(sd), n, printed(ci_low), printed(ci_high)),
        said("the interval is that of the same mean, by t on {} degrees of freedom", num("n - 1")),
        _SPREAD,
        (Reading("the SD is a standard error", False, as_se, float(printed(sd)) * math.sqrt(n), low, high),),
    )
