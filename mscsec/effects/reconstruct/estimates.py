"""Standard error of an effect from its confidence interval, z, t, chi-square or P value.

Everything is on the analysis scale: `scale="log"` takes ratios as printed and gives logs. The estimate is kept as it
stands and never replaced by the middle of its interval.
Source throughout: Cochrane Handbook, sections 6.3.1 and 6.3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, columns, judge, missing, must, safe, uninformative
from mscsec.effects.reconstruct.scales import Forward, to_scale
from mscsec.results import Result

# An interval whose middle lies further from its estimate than this share of the standard error is remarked on: rounding
# to two figures moves it by less, a wrong scale (an odds ratio taken as a difference) by more.
OFF_CENTRE = 0.2


@dataclass(frozen=True, slots=True)
class Estimate(Result):
    """An effect on the analysis scale, ratios as logs.

    yi, vi, sei : (...) estimate, sampling variance, standard error; NaN where refused, yi and sei each for itself.
    route : (...) what gave the standard error: "ci", "upper", "lower", "z", "t", "p", or "" where nothing did.
    noted : remarks on rows that stand. refused : rows without an estimate or without a standard error.
    """

    yi: Array
    vi: Array
    sei: Array
    route: np.ndarray[tuple[int, ...], np.dtype[np.str_]]
    noted: tuple[Refusal, ...] = ()
    refused: tuple[Refusal, ...] = ()


def effect_from_ci(
    estimate: ArrayLike,
    ci_low: ArrayLike,
    ci_high: ArrayLike,
    level: ArrayLike = 0.95,
    scale: str | Forward = "identity",
) -> Estimate:
    """SE = (upper - lower) / (2 z), all on the analysis scale.

    estimate, ci_low, ci_high : (...) as printed. level : 0.95 and the like. scale : key of SCALES, or a function.
    An interval that is not centred on its estimate is remarked on (E307).
    Raises InvalidInput for limits in the wrong order and for an estimate outside its interval.
    """
    return _effect(scale, ("ci_low", "ci_high"), estimate=estimate, ci_low=ci_low, ci_high=ci_high, level=level)


def effect_from_upper(
    estimate: ArrayLike, ci_high: ArrayLike, level: ArrayLike = 0.95, scale: str | Forward = "identity"
) -> Estimate:
    """SE = (upper - estimate) / z, where the paper prints the upper limit alone. `level` is that of the two-sided interval."""
    return _effect(scale, ("ci_high",), estimate=estimate, ci_high=ci_high, level=level)


def effect_from_lower(
    estimate: ArrayLike, ci_low: ArrayLike, level: ArrayLike = 0.95, scale: str | Forward = "identity"
) -> Estimate:
    """SE = (estimate - lower) / z, where the paper prints the lower limit alone. `level` is that of the two-sided interval."""
    y, low, level_ = columns(estimate=estimate, ci_low=ci_low, level=level)
    rules.confidence(level_)
    must(~(low >= y), "the lower limit lies below the estimate", {"estimate": y, "ci_low": low})
    yi, bound = to_scale(scale, estimate=y, ci_low=low)
    stands, _ = judge(y.shape, missing(estimate=y, ci_low=low, level=level_))
    sei = blank(stands, (yi - bound) / -ndtri(safe(stands, (1 - level_) / 2, 0.025)))
    return _result(yi, sei, np.where(stands, "lower", ""), missing(estimate=y, ci_low=low, level=level_))


def effect_from_z(estimate: ArrayLike, z: ArrayLike, scale: str | Forward = "identity") -> Estimate:
    """SE = |estimate / z|."""
    return _effect(scale, ("z",), estimate=estimate, z=z)


def effect_from_p(estimate: ArrayLike, p_value: ArrayLike, scale: str | Forward = "identity") -> Estimate:
    """SE = |estimate| / z, z from the two-sided P value of a Wald test. A bound given as P makes the SE an upper bound."""
    return _effect(scale, ("p_value",), estimate=estimate, p_value=p_value)


def effect_from_chi2(estimate: ArrayLike, chi2: ArrayLike, scale: str | Forward = "identity") -> Estimate:
    """SE = |estimate| / sqrt(chi-square), one degree of freedom."""
    (statistic,) = columns(chi2=chi2)
    rules.not_negative("a chi-square", chi2=statistic)
    return _renamed(_effect(scale, ("z",), estimate=estimate, z=np.sqrt(statistic)), "chi2")


def effect_from_t(estimate: ArrayLike, t: ArrayLike, scale: str | Forward = "identity") -> Estimate:
    """SE = |estimate / t|: the t statistic is the same quotient, only its distribution differs."""
    return _renamed(_effect(scale, ("z",), estimate=estimate, z=t), "t")


def effect_from_t_p(
    estimate: ArrayLike, p_value: ArrayLike, df: ArrayLike, scale: str | Forward = "identity"
) -> Estimate:
    """SE = |estimate| / t, t from the two-sided P value of a t test on `df` degrees of freedom."""
    p, df_ = columns(p_value=p_value, df=df)
    rules.probability(p_value=p)
    rules.positive("a number of degrees of freedom", df=df_)
    known, _ = judge(p.shape, missing(p_value=p, df=df_))
    t = blank(known, -stdtrit(safe(known, df_), safe(known, p, 0.5) / 2))
    y, p, df_, t = columns(estimate=estimate, p_value=p, df=df_, t=t)
    fit = effect_from_t(y, t, scale=scale)
    _, refused = judge(y.shape, [*missing(estimate=y, p_value=p, df=df_), *uninformative(fit.yi, t)])
    return Estimate(fit.yi, fit.vi, fit.sei, fit.route, fit.noted, refused)


def effect_from_report(
    estimate: ArrayLike,
    ci_low: ArrayLike | None = None,
    ci_high: ArrayLike | None = None,
    *,
    level: ArrayLike = 0.95,
    z: ArrayLike | None = None,
    p_value: ArrayLike | None = None,
    scale: str | Forward = "identity",
) -> Estimate:
    """An effect from whatever stands beside it, row by row: the interval, else the upper limit, else z, else P.

    A lower limit alone is not used here, as in `conv.wald` of metafor; `effect_from_lower` uses it.
    Arguments and errors as for `effect_from_ci`; None or NaN where not reported.
    """
    return _effect(scale, (), estimate=estimate, ci_low=ci_low, ci_high=ci_high, level=level, z=z, p_value=p_value)


# The figures that may stand beside an estimate, in the order `_effect` takes them, with what stands for "not reported".
_REPORTED = {"estimate": None, "ci_low": None, "ci_high": None, "level": 0.95, "z": None, "p_value": None}


def _effect(scale: str | Forward, needed: tuple[str, ...], **reported: ArrayLike | None) -> Estimate:
    """The effect from what is reported; a row that lacks one of the `needed` figures gets no standard error."""
    figures = dict(zip(_REPORTED, columns(**{**_REPORTED, **reported}), strict=True))
    y, low, high, level, z, p = figures.values()
    rules.confidence(level)
    rules.probability(p_value=p)
    rules.interval(low, high)
    rules.inside(y, low, high)
    yi, lower, upper = to_scale(scale, estimate=y, ci_low=low, ci_high=high)
    routes = _routes(yi, lower, upper, level, z, p)
    stands, _ = judge(y.shape, missing(**{name: figures[name] for name in needed}))
    sei = blank(stands, np.select([where for where, _, _ in routes], [value for _, _, value in routes], np.nan))
    route = np.select([where & stands for where, _, _ in routes], [name for _, name, _ in routes], default="")
    vague = (z == 0) | (p == 1) | ((yi == 0) & ~np.isnan(np.where(np.isnan(z), p, z)))
    reasons: list[Reason] = [
        *missing(**{name: figures[name] for name in ("estimate", *needed)}),
        (np.isnan(sei) & vague, "E304", "an estimate or test statistic of zero (P = 1) leaves the standard error open"),
        (np.isnan(sei), "E301", "neither interval, test statistic nor P value is reported"),
    ]
    return _result(yi, sei, route, reasons, _off_centre(yi, lower, upper, sei))


def _routes(
    yi: Array, lower: Array, upper: Array, level: Array, z: Array, p: Array
) -> list[tuple[BoolArray, str, Array]]:
    """Where each way to a standard error is open, its name, and its answer; the first that is open is taken."""
    quantile = -ndtri(np.where(np.isnan(level), 0.025, (1 - level) / 2))
    by_z = ~np.isnan(z) & (z != 0) & (np.abs(yi) > 0)
    by_p = np.isnan(z) & (p < 1) & (np.abs(yi) > 0)
    return [
        (~np.isnan(lower + upper + level), "ci", np.abs(upper - lower) / (2 * quantile)),
        (~np.isnan(upper + yi + level) & (upper != yi), "upper", np.abs(upper - yi) / quantile),
        (by_z, "z", np.abs(yi) / safe(by_z, np.abs(z))),
        (by_p, "p", np.abs(yi) / safe(by_p, -ndtri(p / 2))),
    ]


def _renamed(fit: Estimate, statistic: str) -> Estimate:
    """The same effect, its test statistic called by its own name."""
    refused = tuple(
        Refusal(refusal.row, refusal.code, refusal.message.replace("z is not", f"{statistic} is not"))
        for refusal in fit.refused
    )
    route = np.where(fit.route == "z", statistic, fit.route)
    return Estimate(fit.yi, fit.vi, fit.sei, route, fit.noted, refused)


def _off_centre(yi: Array, lower: Array, upper: Array, sei: Array) -> tuple[Refusal, ...]:
    far = np.abs((lower + upper) / 2 - yi) > OFF_CENTRE * sei
    remark = "the interval is not centred on its estimate; check the figures and the scale"
    return judge(yi.shape, [(far, "E307", remark)])[1]


def _result(yi: Array, sei: Array, route: Array, reasons: list[Reason], noted: tuple[Refusal, ...] = ()) -> Estimate:
    _, refused = judge(yi.shape, reasons)
    return Estimate(yi, sei**2, sei, np.asarray(route), noted, refused)
