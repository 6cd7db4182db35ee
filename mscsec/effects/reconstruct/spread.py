"""Standard deviations from what a paper prints instead: SE, confidence interval, t, F or P value.

One group: SD = SE sqrt(n). Two groups compared: SD = SE / sqrt(1/n_1 + 1/n_2), one SD taken for both groups.
Source throughout: Cochrane Handbook, section 6.5.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, columns, judge, missing, must, safe, uninformative
from mscsec.results import Result

# Cochrane Handbook 6.5.2.2: interval widths in standard errors, as printed there for large samples.
HANDBOOK_WIDTHS = {0.90: 3.29, 0.95: 3.92, 0.99: 5.15}
# Cochrane Handbook 6.5.2.5: the interquartile range of a normal distribution in SDs, as printed there.
HANDBOOK_IQR = 1.35
# The rough rule that a range spans four SDs; Handbook 6.5.2.6 advises against it.
RANGE_IN_SDS = 4.0


@dataclass(frozen=True, slots=True)
class GroupSd(Result):
    """sd : standard deviation of one group, units of the outcome; NaN in a refused row."""

    sd: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class CommonSd(Result):
    """se : standard error of the mean difference. sd : one SD taken for both groups. NaN in a refused row."""

    se: Array
    sd: Array
    refused: tuple[Refusal, ...] = ()


def sd_from_se(se: ArrayLike, n: ArrayLike) -> GroupSd:
    """SD of a group from the standard error of its mean: SE sqrt(n). Exact.

    se, n : (...) standard error in units of the outcome, group size of two or more.
    Source: Cochrane Handbook 6.5.2.2.
    """
    se_, n_ = columns(se=se, n=n)
    rules.positive("a standard error", se=se_)
    rules.group_size(n=n_)
    stands, refused = judge(se_.shape, missing(se=se_, n=n_))
    return GroupSd(blank(stands, se_ * np.sqrt(safe(stands, n_))), refused)


def sd_from_ci_t(ci_low: ArrayLike, ci_high: ArrayLike, n: ArrayLike, level: ArrayLike = 0.95) -> GroupSd:
    """SD of a group from the interval of its mean, by t on n - 1 degrees of freedom. Exact where t made the interval.

    ci_low, ci_high : (...) limits of the interval of one group's mean. n : group size. level : 0.95 and the like.
    Source: Cochrane Handbook 6.5.2.2.
    """
    low, high, n_, level_ = _interval_of_mean(ci_low, ci_high, n, level)
    stands, refused = judge(low.shape, missing(ci_low=low, ci_high=high, n=n_, level=level_))
    tail = safe(stands, (1 - level_) / 2, 0.025)
    quantile = -stdtrit(safe(stands, n_, 2.0) - 1, tail)
    return GroupSd(blank(stands, np.sqrt(safe(stands, n_)) * (high - low) / (2 * quantile)), refused)


def sd_from_ci_normal(ci_low: ArrayLike, ci_high: ArrayLike, n: ArrayLike, level: ArrayLike = 0.95) -> GroupSd:
    """The same by the normal quantile, for large groups or where a paper says that it used 1.96.

    Source: Cochrane Handbook 6.5.2.2, with the quantile itself and not the printed 3.92.
    """
    low, high, n_, level_ = _interval_of_mean(ci_low, ci_high, n, level)
    stands, refused = judge(low.shape, missing(ci_low=low, ci_high=high, n=n_, level=level_))
    quantile = -ndtri(safe(stands, (1 - level_) / 2, 0.025))
    return GroupSd(blank(stands, np.sqrt(safe(stands, n_)) * (high - low) / (2 * quantile)), refused)


def sd_from_ci_handbook(ci_low: ArrayLike, ci_high: ArrayLike, n: ArrayLike, level: ArrayLike = 0.95) -> GroupSd:
    """The same by the divisors the Handbook prints (3.29, 3.92, 5.15), to repeat a published calculation.

    A row with another level than 0.90, 0.95 or 0.99 is refused (E302).
    """
    low, high, n_, level_ = _interval_of_mean(ci_low, ci_high, n, level)
    width = np.full(low.shape, np.nan)
    for known, divisor in HANDBOOK_WIDTHS.items():
        width = np.where(np.isclose(level_, known, rtol=0, atol=1e-9), divisor, width)
    reasons: list[Reason] = [
        *missing(ci_low=low, ci_high=high, n=n_, level=level_),
        (np.isnan(width), "E302", "the Handbook prints divisors for the levels 0.90, 0.95 and 0.99 only"),
    ]
    stands, refused = judge(low.shape, reasons)
    return GroupSd(blank(stands, np.sqrt(safe(stands, n_)) * (high - low) / safe(stands, width)), refused)


def sd_from_iqr(q1: ArrayLike, q3: ArrayLike) -> GroupSd:
    """SD from the interquartile range alone, IQR / 1.35: normal data and a large group.

    Source: Cochrane Handbook 6.5.2.5. Where n is known, `five_numbers` corrects for it.
    """
    q1_, q3_ = columns(q1=q1, q3=q3)
    must(~(q1_ > q3_), "the first quartile is at most the third", {"q1": q1_, "q3": q3_})
    stands, refused = judge(q1_.shape, missing(q1=q1_, q3=q3_))
    return GroupSd(blank(stands, (q3_ - q1_) / HANDBOOK_IQR), refused)


def sd_from_range(minimum: ArrayLike, maximum: ArrayLike) -> GroupSd:
    """SD as a quarter of the range: a rough rule, right for normal data near n = 25 and wrong elsewhere.

    Source: Cochrane Handbook 6.5.2.6, which advises against it. Where n is known, `five_numbers` corrects for it.
    """
    low, high = columns(minimum=minimum, maximum=maximum)
    must(~(low > high), "the minimum is at most the maximum", {"minimum": low, "maximum": high})
    stands, refused = judge(low.shape, missing(minimum=low, maximum=high))
    return GroupSd(blank(stands, (high - low) / RANGE_IN_SDS), refused)


def sd_from_md_se(se: ArrayLike, n_1: ArrayLike, n_2: ArrayLike) -> CommonSd:
    """One SD for both groups from the standard error of their mean difference. Exact for the pooled SD of a t test.

    Source: Cochrane Handbook 6.5.2.3.
    """
    se_, n1, n2 = columns(se=se, n_1=n_1, n_2=n_2)
    rules.positive("a standard error", se=se_)
    rules.group_size(1, n_1=n1, n_2=n2)
    return _common(se_, n1, n2, missing(se=se_, n_1=n1, n_2=n2))


def sd_from_t(md: ArrayLike, t: ArrayLike, n_1: ArrayLike, n_2: ArrayLike) -> CommonSd:
    """One SD for both groups from a t statistic: SE = |md / t|. Signs may differ, as papers subtract either way.

    md : (...) mean difference, not zero. t : its t statistic, not zero.
    Source: Cochrane Handbook 6.5.2.3.
    """
    md_, t_, n1, n2 = columns(md=md, t=t, n_1=n_1, n_2=n_2)
    return _from_statistic(md_, t_, n1, n2, missing(md=md_, t=t_))


def sd_from_f(md: ArrayLike, f: ArrayLike, n_1: ArrayLike, n_2: ArrayLike) -> CommonSd:
    """One SD for both groups from the F statistic of their comparison (one numerator degree of freedom): t = sqrt(F).

    Source: Cochrane Handbook 6.5.2.3; F with 1 and df degrees of freedom is the square of t on df.
    """
    md_, f_, n1, n2 = columns(md=md, f=f, n_1=n_1, n_2=n_2)
    rules.not_negative("an F statistic", f=f_)
    return _from_statistic(md_, np.sqrt(f_), n1, n2, missing(md=md_, f=f_))


def sd_from_p(md: ArrayLike, p_value: ArrayLike, n_1: ArrayLike, n_2: ArrayLike) -> CommonSd:
    """One SD for both groups from the two-sided P value of a t test on n_1 + n_2 - 2 degrees of freedom.

    A bound ('P < 0.01') given as its value makes the SD an upper bound, which is the cautious side.
    Source: Cochrane Handbook 6.5.2.3.
    """
    md_, p, n1, n2 = columns(md=md, p_value=p_value, n_1=n_1, n_2=n_2)
    rules.probability(p_value=p)
    rules.group_size(1, n_1=n1, n_2=n2)
    known, _ = judge(p.shape, missing(p_value=p, n_1=n1, n_2=n2))
    must(~known | (n1 + n2 > 2), "a t test has three or more participants", {"n_1": n1, "n_2": n2})
    t = blank(known, -stdtrit(safe(known, n1 + n2 - 2), safe(known, p) / 2))
    return _from_statistic(md_, t, n1, n2, missing(md=md_, p_value=p))


def sd_from_md_ci_t(
    ci_low: ArrayLike, ci_high: ArrayLike, n_1: ArrayLike, n_2: ArrayLike, level: ArrayLike = 0.95
) -> CommonSd:
    """One SD for both groups from the interval of their mean difference, by t on n_1 + n_2 - 2 degrees of freedom.

    Source: Cochrane Handbook 6.5.2.3.
    """
    width, tail, n1, n2, reasons, stands = _interval_of_md(ci_low, ci_high, n_1, n_2, level)
    must(~(n1 + n2 <= 2), "a t test has three or more participants", {"n_1": n1, "n_2": n2})
    quantile = -stdtrit(safe(stands, n1 + n2 - 2), tail)
    return _common(width / (2 * quantile), n1, n2, reasons)


def sd_from_md_ci_normal(
    ci_low: ArrayLike, ci_high: ArrayLike, n_1: ArrayLike, n_2: ArrayLike, level: ArrayLike = 0.95
) -> CommonSd:
    """The same by the normal quantile.

    Source: Cochrane Handbook 6.5.2.3.
    """
    width, tail, n1, n2, reasons, _ = _interval_of_md(ci_low, ci_high, n_1, n_2, level)
    return _common(width / (2 * -ndtri(tail)), n1, n2, reasons)


def _interval_of_md(
    ci_low: ArrayLike, ci_high: ArrayLike, n_1: ArrayLike, n_2: ArrayLike, level: ArrayLike
) -> tuple[Array, Array, Array, Array, list[Reason], BoolArray]:
    """Width, probability below it, sizes, what is missing and where nothing is."""
    low, high, n1, n2, level_ = columns(ci_low=ci_low, ci_high=ci_high, n_1=n_1, n_2=n_2, level=level)
    rules.interval(low, high)
    rules.confidence(level_)
    rules.group_size(1, n_1=n1, n_2=n2)
    reasons = missing(ci_low=low, ci_high=high, n_1=n1, n_2=n2, level=level_)
    stands, _ = judge(low.shape, reasons)
    return high - low, safe(stands, (1 - level_) / 2, 0.025), n1, n2, reasons, stands


def _interval_of_mean(
    ci_low: ArrayLike, ci_high: ArrayLike, n: ArrayLike, level: ArrayLike
) -> tuple[Array, Array, Array, Array]:
    low, high, n_, level_ = columns(ci_low=ci_low, ci_high=ci_high, n=n, level=level)
    rules.interval(low, high)
    rules.confidence(level_)
    rules.group_size(n=n_)
    return low, high, n_, level_


def _from_statistic(md: Array, t: Array, n_1: Array, n_2: Array, reasons: list[Reason]) -> CommonSd:
    rules.group_size(1, n_1=n_1, n_2=n_2)
    reasons = [*reasons, *missing(n_1=n_1, n_2=n_2), *uninformative(md, t)]
    stands, _ = judge(md.shape, reasons)
    return _common(np.abs(md) / safe(stands, np.abs(t)), n_1, n_2, reasons)


def _common(se: Array, n_1: Array, n_2: Array, reasons: list[Reason]) -> CommonSd:
    stands, refused = judge(se.shape, reasons)
    per_sd = np.sqrt(1 / safe(stands, n_1) + 1 / safe(stands, n_2))
    return CommonSd(blank(stands, se), blank(stands, se / per_sd), refused)
