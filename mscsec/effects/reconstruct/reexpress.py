"""Effects in words a patient can use: absolute risks, numbers needed to treat, and natural units.

Ratios come in as they are printed, not as logs. Every function is monotone in the ratio, so that the limits of an
interval go through it as they are. The baseline risk is taken as known.
Source throughout: Cochrane Handbook, section 15.4.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, columns, judge, missing, must, safe
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Absolute(Result):
    """What an effect means at a baseline risk; NaN in a refused row.

    risk : risk under the intervention. risk_difference : risk - baseline_risk. risk_ratio, odds_ratio : of the two risks.
    per_1000 : 1000 risk differences. nnt : 1 / |risk_difference|, infinite where there is no difference; whether it is
    a number needed to treat for benefit or for harm is in the sign of risk_difference.
    """

    risk: Array
    risk_difference: Array
    risk_ratio: Array
    odds_ratio: Array
    per_1000: Array
    nnt: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberNeeded(Result):
    """Interval of a number needed to treat.

    fewer_events, more_events : (...) NNT at the limit of the risk difference on either side, infinite where that limit
    does not reach the side; the first is for fewer events, the second for more.
    through_infinity : (...) True where the interval of the risk difference holds 0: the NNT runs from `fewer_events`
    through infinity to `more_events`, and neither end bounds it from above.
    """

    fewer_events: Array
    more_events: Array
    through_infinity: BoolArray
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference(Result):
    """md, se : mean difference and its standard error, natural units."""

    md: Array
    se: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Rescaled(Result):
    """mean, sd : on the new scale."""

    mean: Array
    sd: Array
    refused: tuple[Refusal, ...] = ()


def absolute_from_rr(risk_ratio: ArrayLike, baseline_risk: ArrayLike) -> Absolute:
    """Risk = RR baseline. A risk above 1 is refused (E303): the ratio cannot hold at that baseline.

    risk_ratio : (...) positive. baseline_risk : (...) strictly between 0 and 1.
    """
    ratio, base = columns(risk_ratio=risk_ratio, baseline_risk=baseline_risk)
    rules.not_negative("a risk ratio", risk_ratio=ratio)
    return _absolute(ratio * base, base, missing(risk_ratio=ratio, baseline_risk=base))


def absolute_from_or(odds_ratio: ArrayLike, baseline_risk: ArrayLike) -> Absolute:
    """Risk = OR base / (1 - base + OR base), so that RR = OR / (1 - base (1 - OR)).

    odds_ratio : (...) not its log. baseline_risk : (...) strictly between 0 and 1.
    Source: Zhang & Yu (1998), JAMA 280:1690-1691; Cochrane Handbook 15.4.4.4.
    """
    ratio, base = columns(odds_ratio=odds_ratio, baseline_risk=baseline_risk)
    rules.not_negative("an odds ratio", odds_ratio=ratio)
    return _absolute(ratio * base / (1 - base + ratio * base), base, missing(odds_ratio=ratio, baseline_risk=base))


def absolute_from_hr(hazard_ratio: ArrayLike, baseline_risk: ArrayLike) -> Absolute:
    """Risk = 1 - (1 - base)^HR, base being the risk at the time asked about.

    Source: Cochrane Handbook 15.4.4.5, proportional hazards.
    """
    ratio, base = columns(hazard_ratio=hazard_ratio, baseline_risk=baseline_risk)
    rules.not_negative("a hazard ratio", hazard_ratio=ratio)
    rules.open_proportion(baseline_risk=base)
    return _absolute(-np.expm1(ratio * np.log1p(-base)), base, missing(hazard_ratio=ratio, baseline_risk=base))


def absolute_from_rd(risk_difference: ArrayLike, baseline_risk: ArrayLike) -> Absolute:
    """Risk = base + RD; a risk outside [0, 1] is refused (E303)."""
    difference, base = columns(risk_difference=risk_difference, baseline_risk=baseline_risk)
    must(~(np.abs(difference) > 1), "a risk difference lies in [-1, 1]", {"risk_difference": difference})
    return _absolute(base + difference, base, missing(risk_difference=difference, baseline_risk=base))


def absolute_from_smd(smd: ArrayLike, baseline_risk: ArrayLike) -> Absolute:
    """Risk = Phi(smd + Phi^-1(base)): the share beyond the point that `baseline_risk` of the comparator lie beyond.

    smd : (...) positive where group 1 lies further in the direction of the event.
    Source: Furukawa & Leucht (2011), PLoS One 6:e19070; normal data with one SD.
    """
    d, base = columns(smd=smd, baseline_risk=baseline_risk)
    rules.open_proportion(baseline_risk=base)
    return _absolute(ndtr(d + ndtri(base)), base, missing(smd=d, baseline_risk=base))


def number_needed(rd_low: ArrayLike, rd_high: ArrayLike) -> NumberNeeded:
    """Numbers needed to treat at the limits of a risk difference.

    rd_low, rd_high : (...) limits of group 1 minus group 2, in [-1, 1]; negative is fewer events.
    Source: Altman (1998), BMJ 317:1309-1312.
    """
    low, high = columns(rd_low=rd_low, rd_high=rd_high)
    must(~(low > high), "the lower limit is at most the upper", {"rd_low": low, "rd_high": high})
    must(~((low < -1) | (high > 1)), "a risk difference lies in [-1, 1]", {"rd_low": low, "rd_high": high})
    stands, refused = judge(low.shape, missing(rd_low=low, rd_high=high))
    fewer = np.where(low < 0, 1 / safe(low < 0, -low), np.inf)
    more = np.where(high > 0, 1 / safe(high > 0, high), np.inf)
    return NumberNeeded(blank(stands, fewer), blank(stands, more), stands & (low <= 0) & (high >= 0), refused)


def md_from_smd(smd: ArrayLike, se: ArrayLike, sd: ArrayLike) -> Difference:
    """A standardised mean difference in the units of a familiar scale: SMD times the SD of that scale.

    smd, se : (...) pooled estimate and standard error. sd : (...) SD of the scale in a relevant population, taken as known.
    Source: Cochrane Handbook 15.5.3.2.
    """
    d, error, unit = columns(smd=smd, se=se, sd=sd)
    rules.positive("a standard error", se=error)
    rules.positive("a standard deviation", sd=unit)
    stands, refused = judge(d.shape, missing(smd=d, se=error, sd=unit))
    return Difference(blank(stands, d * unit), blank(stands, error * unit), refused)


def align_direction(md: ArrayLike, se: ArrayLike, direction: ArrayLike) -> Difference:
    """Differences turned so that all scales point one way: md times direction, the standard error as it is.

    direction : (...) 1 where the scale points as wanted, -1 where it points the other way.
    Source: Cochrane Handbook 6.5.1.2.
    """
    d, error, sign = columns(md=md, se=se, direction=direction)
    rules.positive("a standard error", se=error)
    must(np.isnan(sign) | (np.abs(sign) == 1), "a direction is 1 or -1", {"direction": sign})
    stands, refused = judge(d.shape, missing(md=d, se=error, direction=sign))
    return Difference(blank(stands, d * sign), blank(stands, error), refused)


def rescale(
    mean: ArrayLike,
    sd: ArrayLike,
    from_low: ArrayLike,
    from_high: ArrayLike,
    to_low: ArrayLike,
    to_high: ArrayLike,
) -> Rescaled:
    """Mean and SD of a bounded scale moved onto another: 0 to 10 onto 0 to 100, or reversed by giving `to` high to low. Exact.

    from_low, from_high : (...) worst and best, or best and worst, of the scale used; to_low, to_high : where they go.
    A mean outside its own scale is InvalidInput.
    """
    m, s, a, b, c, d = columns(mean=mean, sd=sd, from_low=from_low, from_high=from_high, to_low=to_low, to_high=to_high)
    rules.not_negative("a standard deviation", sd=s)
    must(~(a == b), "the ends of a scale differ", {"from_low": a, "from_high": b})
    must(~(c == d), "the ends of a scale differ", {"to_low": c, "to_high": d})
    outside = (m < np.minimum(a, b)) | (m > np.maximum(a, b))
    must(~outside, "a mean lies on its own scale", {"mean": m, "from_low": a, "from_high": b})
    reasons = missing(mean=m, sd=s, from_low=a, from_high=b, to_low=c, to_high=d)
    stands, refused = judge(m.shape, reasons)
    factor = (d - c) / safe(stands, b - a)
    return Rescaled(blank(stands, c + (m - a) * factor), blank(stands, s * np.abs(factor)), refused)


def _absolute(risk: Array, base: Array, reasons: list[Reason]) -> Absolute:
    rules.open_proportion(baseline_risk=base)
    impossible = (risk < 0) | (risk > 1)
    reasons = [
        *reasons,
        (impossible, "E303", "the risk would lie outside [0, 1]: the effect cannot hold at this baseline"),
    ]
    stands, refused = judge(base.shape, reasons)
    risk, base = safe(stands, risk, 0.5), safe(stands, base, 0.5)
    difference = risk - base
    nnt = np.where(difference == 0, np.inf, 1 / np.abs(safe(difference != 0, difference)))
    odds = np.where(risk < 1, risk / safe(risk < 1, 1 - risk) * (1 - base) / base, np.inf)
    values = (risk, difference, risk / base, odds, 1000 * difference, nnt)
    figures = [blank(stands, value) for value in values]
    return Absolute(figures[0], figures[1], figures[2], figures[3], figures[4], figures[5], refused)
