"""Log hazard ratios from log-rank figures, P values with events, survival proportions, medians and survival curves.

In every result yi is the log hazard ratio of group 1 (experimental) to group 2, sei its standard error, and oe and v the
log-rank O - E and its variance that say the same: yi = oe / v, sei = 1 / sqrt(v). Intervals go through `effect_from_ci`.
Sources: Parmar, Torri & Stewart (1998), Stat Med 17:2815-2834; Tierney et al. (2007), Trials 8:16; Handbook 6.8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, columns, judge, missing, must, safe
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class LogHazardRatio(Result):
    """yi : log hazard ratio. vi, sei : its variance and standard error. oe, v : the log-rank figures that say the same."""

    yi: Array
    vi: Array
    sei: Array
    oe: Array
    v: Array
    refused: tuple[Refusal, ...] = ()


def log_hr_from_oe(oe: ArrayLike, v: ArrayLike) -> LogHazardRatio:
    """Log hazard ratio (O - E) / V with variance 1 / V.

    oe : (...) observed minus expected events of group 1. v : its variance under the null, positive.
    Source: Parmar (1998); Cochrane Handbook 6.8.2.
    """
    oe_, v_ = columns(oe=oe, v=v)
    rules.positive("a log-rank variance", v=v_)
    return _from_oe(oe_, v_, missing(oe=oe_, v=v_))


def log_hr_from_p(
    p_value: ArrayLike, events_total: ArrayLike, n_1: ArrayLike, n_2: ArrayLike, direction: ArrayLike
) -> LogHazardRatio:
    """From the log-rank P value, all events, and the split of the randomised: V = events n_1 n_2 / (n_1 + n_2)^2.

    p_value : (...) two-sided. events_total : of both groups. direction : -1 where group 1 has the lower hazard, else 1.
    Source: Tierney (2007), the indirect methods from a P value; Parmar (1998).
    """
    p, events, n1, n2, sign = columns(p_value=p_value, events_total=events_total, n_1=n_1, n_2=n_2, direction=direction)
    rules.group_size(1, n_1=n1, n_2=n2)
    rules.counts(events, n1 + n2)
    share = n1 / (n1 + n2)
    return _from_p(p, events * share * (1 - share), sign, missing(events_total=events, n_1=n1, n_2=n2))


def log_hr_from_p_arms(
    p_value: ArrayLike, events_1: ArrayLike, events_2: ArrayLike, direction: ArrayLike
) -> LogHazardRatio:
    """From the log-rank P value and the events of each group: V = events_1 events_2 / (events_1 + events_2).

    Source: Tierney (2007), the indirect methods from a P value; Parmar (1998).
    """
    p, first, second, sign = columns(p_value=p_value, events_1=events_1, events_2=events_2, direction=direction)
    rules.not_negative("a number of events", events_1=first, events_2=second)
    total = np.where(first + second > 0, first + second, 1.0)
    return _from_p(
        p,
        np.where(np.isnan(first + second), np.nan, first * second / total),
        sign,
        missing(events_1=first, events_2=second),
    )


def log_hr_from_events(
    hazard_ratio: ArrayLike, events_total: ArrayLike, n_1: ArrayLike, n_2: ArrayLike
) -> LogHazardRatio:
    """From a hazard ratio without interval or P value: V = events n_1 n_2 / (n_1 + n_2)^2 (a quarter of the events at 1:1).

    hazard_ratio : (...) not its log. Source: Tierney (2007), the approximations of V.
    """
    hr, events, n1, n2 = columns(hazard_ratio=hazard_ratio, events_total=events_total, n_1=n_1, n_2=n_2)
    rules.positive("a hazard ratio", hazard_ratio=hr)
    rules.group_size(1, n_1=n1, n_2=n2)
    rules.counts(events, n1 + n2)
    share = n1 / (n1 + n2)
    v = events * share * (1 - share)
    reasons = [*missing(hazard_ratio=hr, events_total=events, n_1=n1, n_2=n2), *_no_events(v)]
    return _from_oe(np.log(hr) * v, v, reasons)


def log_hr_from_survival(
    survival_1: ArrayLike, se_1: ArrayLike, survival_2: ArrayLike, se_2: ArrayLike
) -> LogHazardRatio:
    """From the survival of both groups at one time with standard errors: yi = log(log S_1 / log S_2).

    survival_1, survival_2 : (...) strictly between 0 and 1. se_1, se_2 : Greenwood standard errors.
    The variance is by the delta method, se / (S log S) squared for each group. Proportional hazards are assumed.
    Source: Parmar (1998); the variance of a log(-log) survival is that of Kalbfleisch & Prentice (1980).
    """
    s1, e1, s2, e2 = columns(survival_1=survival_1, se_1=se_1, survival_2=survival_2, se_2=se_2)
    rules.open_proportion(survival_1=s1, survival_2=s2)
    rules.positive("a standard error", se_1=e1, se_2=e2)
    variance = (e1 / (s1 * np.log(s1))) ** 2 + (e2 / (s2 * np.log(s2))) ** 2
    yi = np.log(np.log(s1) / np.log(s2))
    return _from_yi(yi, variance, missing(survival_1=s1, se_1=e1, survival_2=s2, se_2=e2))


def log_hr_from_medians(
    median_1: ArrayLike, events_1: ArrayLike, median_2: ArrayLike, events_2: ArrayLike
) -> LogHazardRatio:
    """From median survival times and events, hazards taken as constant: HR = median_2 / median_1, variance 1/e_1 + 1/e_2.

    Source: maximum likelihood for exponential times, where the log rate has variance 1 / events.
    """
    m1, e1, m2, e2 = columns(median_1=median_1, events_1=events_1, median_2=median_2, events_2=events_2)
    rules.positive("a median survival time", median_1=m1, median_2=m2)
    rules.not_negative("a number of events", events_1=e1, events_2=e2)
    reasons = [*missing(median_1=m1, events_1=e1, median_2=m2, events_2=e2), *_no_events(np.minimum(e1, e2))]
    stands, _ = judge(m1.shape, reasons)
    return _from_yi(np.log(m2 / m1), 1 / safe(stands, e1) + 1 / safe(stands, e2), reasons)


def log_hr_from_curves(
    times: ArrayLike,
    survival_1: ArrayLike,
    survival_2: ArrayLike,
    n_1: ArrayLike,
    n_2: ArrayLike,
    follow_up_min: ArrayLike,
    follow_up_max: ArrayLike,
) -> LogHazardRatio:
    """From two survival curves read at the same times, censoring spread evenly from the shortest to the longest follow-up.

    times : (..., j) rising, the first 0. survival_1, survival_2 : (..., j) read off the curves, 1 at time 0, not rising.
    n_1, n_2 : (...) randomised. follow_up_min, follow_up_max : (...) of those alive, units of `times`.
    In each interval the number exposed is that at risk less half of those whose follow-up ends there; deaths are exposed
    times the fall of the curve; the intervals' log hazard ratios are weighted by the inverse of their variance. An
    interval without deaths in one group gives nothing. Follow-up that ends is taken off in full before the next interval.
    An interval compares risks, so that wide ones pull the answer towards no effect: read the curves closely enough that
    no more than a tenth dies in between.
    Source: Parmar (1998) for the model of censoring and the pooling of intervals; the life-table (actuarial) half.
    """
    t, s1, s2 = columns(times=times, survival_1=survival_1, survival_2=survival_2)
    n1, n2, first, last = columns(n_1=n_1, n_2=n_2, follow_up_min=follow_up_min, follow_up_max=follow_up_max)
    rules.group_size(1, n_1=n1, n_2=n2)
    _curve(t, s1, "survival_1")
    _curve(t, s2, "survival_2")
    must(
        ~(first > last),
        "the shortest follow-up is at most the longest",
        {"follow_up_min": first, "follow_up_max": last},
    )
    must(~(last < t[..., -1]), "no curve is read beyond the longest follow-up", {"follow_up_max": last})
    ended = _follow_up_ended(t, first[..., None], last[..., None])
    at_risk = (_at_risk(s, n[..., None], ended) for s, n in ((s1, n1), (s2, n2)))
    exposed = [risk * (1 - ended / 2) for risk in at_risk]
    return _pooled(exposed, [s1, s2], missing(n_1=n1, n_2=n2, follow_up_min=first, follow_up_max=last))


def log_hr_from_curves_at_risk(
    survival_1: ArrayLike, survival_2: ArrayLike, at_risk_1: ArrayLike, at_risk_2: ArrayLike
) -> LogHazardRatio:
    """From two survival curves read at the times for which numbers at risk are printed below the plot.

    survival_1, survival_2 : (..., j), 1 at the first time. at_risk_1, at_risk_2 : (..., j) numbers at risk at these times.
    With h the fall of the curve over an interval, and those lost counted half: deaths = h (R_start + R_end) / (2 - h).
    Source: Tierney (2007), survival curves with numbers at risk; Parmar (1998) for the pooling of intervals.
    """
    s1, s2, r1, r2 = columns(survival_1=survival_1, survival_2=survival_2, at_risk_1=at_risk_1, at_risk_2=at_risk_2)
    for name, s, r in (("survival_1", s1, r1), ("survival_2", s2, r2)):
        _curve(None, s, name)
        must(
            ~np.any(np.diff(r, axis=-1) > 0, axis=-1),
            "numbers at risk do not rise",
            {f"{name}, numbers at risk": r[..., 0]},
        )
    falls = [1 - s[..., 1:] / s[..., :-1] for s in (s1, s2)]
    exposed = [(r[..., :-1] + r[..., 1:]) / (2 - h) for r, h in zip((r1, r2), falls, strict=True)]
    return _pooled(exposed, [s1, s2], [])


def _from_oe(oe: Array, v: Array, reasons: list[Reason]) -> LogHazardRatio:
    stands, refused = judge(v.shape, reasons)
    variance = 1 / safe(stands, v)
    figures = (blank(stands, x) for x in (oe * variance, variance, np.sqrt(variance), oe, v))
    yi, vi, sei, oe, v = figures
    return LogHazardRatio(yi, vi, sei, oe, v, refused)


def _from_yi(yi: Array, vi: Array, reasons: list[Reason]) -> LogHazardRatio:
    stands, _ = judge(yi.shape, reasons)
    v = 1 / safe(stands, vi)
    return _from_oe(yi * v, v, reasons)


def _from_p(p: Array, v: Array, sign: Array, reasons: list[Reason]) -> LogHazardRatio:
    rules.probability(p_value=p)
    must(
        np.isnan(sign) | (np.abs(sign) == 1),
        "direction is -1 where group 1 has the lower hazard, else 1",
        {"direction": sign},
    )
    oe = -sign * ndtri(p / 2) * np.sqrt(v)
    return _from_oe(oe, v, [*missing(p_value=p, direction=sign), *reasons, *_no_events(v)])


def _no_events(amount: Array) -> list[Reason]:
    return [
        (amount == 0, "E304", "without events (in each group, where they are given by group) there is no hazard ratio")
    ]


def _curve(times: Array | None, survival: Array, name: str) -> None:
    """One survival curve: starts at 1, does not rise, stays above 0."""
    must(~np.isnan(survival), "a curve has no gaps; leave out times that could not be read", {name: survival})
    must(survival[..., 0] == 1, f"{name} is 1 at the first time", {name: survival[..., 0]})
    must(~np.any(np.diff(survival, axis=-1) > 0, axis=-1), f"{name} does not rise", {f"last {name}": survival[..., -1]})
    rules.proportion(**{name: survival})
    must(
        np.all(survival > 0, axis=-1),
        f"{name} is above 0; leave out times at which no one survives",
        {f"last {name}": survival[..., -1]},
    )
    if times is not None:
        must(times[..., 0] == 0, "the first time is 0", {"times": times[..., 0]})
        must(np.all(np.diff(times, axis=-1) > 0, axis=-1), "times rise", {"last time": times[..., -1]})


def _follow_up_ended(times: Array, first: Array, last: Array) -> Array:
    """Share of those at risk at the start of each interval whose follow-up, even over [first, last], ends within it."""
    start = np.maximum(times[..., :-1], first)
    left = np.where(last > start, last - start, 1.0)
    return np.where(last > start, np.clip((times[..., 1:] - start) / left, 0.0, 1.0), (times[..., 1:] >= last) * 1.0)


def _at_risk(survival: Array, n: Array, ended: Array) -> Array:
    """Expected numbers at risk at the start of each interval: neither dead nor at the end of their follow-up."""
    followed = np.concatenate([np.ones_like(ended[..., :1]), np.cumprod(1 - ended, axis=-1)[..., :-1]], axis=-1)
    return np.asarray(n * survival[..., :-1] * followed)


def _pooled(exposed: list[Array], survival: list[Array], reasons: list[Reason]) -> LogHazardRatio:
    """Inverse-variance mean of the intervals' log hazard ratios, log((D_1 / R_1) / (D_2 / R_2))."""
    deaths = [r * (1 - s[..., 1:] / s[..., :-1]) for r, s in zip(exposed, survival, strict=True)]
    counts: BoolArray = np.all([(d > 0) & (r > d) for d, r in zip(deaths, exposed, strict=True)], axis=0)
    d1, d2, r1, r2 = (safe(counts, x, filler) for x, filler in zip((*deaths, *exposed), (1, 1, 2, 2), strict=True))
    yi = np.log(d1 / r1) - np.log(d2 / r2)
    weight = np.where(counts, 1 / (1 / d1 - 1 / r1 + 1 / d2 - 1 / r2), 0.0)
    v = weight.sum(-1)
    none = (v == 0, "E304", "no interval has deaths in both groups")
    return _from_oe((weight * yi).sum(-1), v, [*reasons, none])
