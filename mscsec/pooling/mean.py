"""The pooled mean and its intervals: one function, one row of `CI`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from mscsec.arrays import Array, BoolArray
from mscsec.pooling.henmi_copas import henmi_copas
from mscsec.pooling.moments import dersimonian_laird
from mscsec.pooling.profile import profile_likelihood
from mscsec.pooling.sets import Sets, Weighing, across, anywhere, dot, total, traces, weigh
from mscsec.pooling.tails import critical, two_sided_p
from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Fitted:
    """A set with its between-study variance and the mean that follows from both.

    tau2 : (...) squared units of yi; 0 under a common-effect model.
    by : weighing by inverse variances at `tau2`.
    weights : (..., k) weights of the mean: those of `by`, or the user's.
    estimate, variance : (...) the mean, measured from the set's origin, and its variance under the model.
    null : the value of the mean that is tested, on the analysis scale.
    """

    sets: Sets
    tau2: Array
    by: Weighing
    weights: Array
    estimate: Array
    variance: Array
    null: float = 0.0

    def from_null(self, mean: Array) -> Array:
        """`mean`, measured from the set's origin, as a distance from the null value."""
        return mean + (self.sets.origin - self.null)

    @property
    def hksj_factor(self) -> Array:
        """Residual sum of squares of the inverse-variance fit over k - 1, 1 in expectation."""
        return self.by.q / (self.sets.k - 1)


def fitted(sets: Sets, tau2: Array, weights: Array | None = None, null: float = 0.0) -> Fitted:
    """The mean at `tau2`, weighed by inverse variances or by `weights` (..., k), 0 in the padding.

    With given weights the variance is that of a fixed linear combination, sum a^2 (vi + tau2) / (sum a)^2.
    """
    by = weigh(sets, tau2)
    if weights is None:
        return Fitted(sets, tau2, by, by.wi, by.mean, 1 / by.sum_w, null)
    share = weights / total(weights)[..., None]
    si = sets.finite(sets.vi + np.asarray(tau2)[..., None])
    return Fitted(sets, tau2, by, weights, dot(share, sets.yi), dot(share * share, si), null)


class Interval(NamedTuple):
    """An interval for the mean with the test that belongs to it; every field (...).

    estimate, low, high : measured from the set's origin.
    df : degrees of freedom of the t distribution, infinite for the normal.
    statistic : of the hypothesis that the mean is the null value.
    own_p : the P value, of a test that has another distribution than t on `df`.
    """

    estimate: Array
    se: Array
    df: Array | float
    low: Array
    high: Array
    statistic: Array
    own_p: Array | None = None

    @property
    def p_value(self) -> Array:
        """Two-sided, of the same hypothesis; worked out when asked for, as the tail of t takes longer than DL itself."""
        return two_sided_p(self.statistic, self.df) if self.own_p is None else self.own_p


def interval(fit: Fitted, se: Array, df: Array | float, level: float, estimate: Array | None = None) -> Interval:
    """Estimate plus and minus a quantile of t on `df` times `se`. A standard error of zero gives an infinite statistic."""
    centre = fit.estimate if estimate is None else estimate
    half = critical(level, df) * se
    value = fit.from_null(centre)
    zero = se == 0
    if anywhere(zero):
        statistic = np.where(
            zero, np.where(value == 0, 0.0, np.copysign(np.inf, value)), value / np.where(zero, 1.0, se)
        )
    else:
        statistic = value / se
    return Interval(centre, se, df, centre - half, centre + half, statistic)


# --- the intervals --------------------------------------------------------------------------------------------------


def wald(fit: Fitted, level: float) -> Interval:
    """Normal quantile times the standard error that takes tau2 as known. Source: DerSimonian & Laird (1986)."""
    return interval(fit, np.sqrt(fit.variance), math.inf, level)


def wald_t(fit: Fitted, level: float) -> Interval:
    """As Wald, with t on k - 1 degrees of freedom. Source: Follmann & Proschan (1999), Biometrics 55:732-737."""
    return interval(fit, np.sqrt(fit.variance), fit.sets.k - 1, level)


def hksj(fit: Fitted, level: float) -> Interval:
    """Hartung-Knapp-Sidik-Jonkman: the variance times the weighted residual mean square, t on k - 1.

    Source: Hartung & Knapp (2001), Stat Med 20:3875-3889; Sidik & Jonkman (2002), Stat Med 21:3153-3159.
    """
    return interval(fit, np.sqrt(fit.hksj_factor * fit.variance), fit.sets.k - 1, level)


def hksj_floored(fit: Fitted, level: float) -> Interval:
    """HKSJ, the factor never below 1, so that the standard error is never below Wald's (meta: adhoc.hakn.ci = "se").

    Source: Knapp & Hartung (2003), Stat Med 22:2693-2710; Roever, Knapp & Friede (2015), BMC Med Res Methodol 15:99.
    """
    return interval(fit, np.sqrt(np.maximum(fit.hksj_factor, 1.0) * fit.variance), fit.sets.k - 1, level)


def hksj_or_wald(fit: Fitted, level: float) -> Interval:
    """HKSJ, or Wald where that is wider (meta: adhoc.hakn.ci = "ci").

    Source: Jackson, Law, Ruecker & Schwarzer (2017), Stat Med 36:3923-3934.
    """
    return choose_interval(wider(wald(fit, level), hksj(fit, level)), wald(fit, level), hksj(fit, level))


def hksj_iqwig(fit: Fitted, level: float) -> Interval:
    """HKSJ, floored at Wald's standard error where it is narrower than the Wald interval with DL (meta: "IQWiG6").

    Source: IQWiG (2022), General Methods, version 6.1.
    """
    laird = wald(fitted(fit.sets, dersimonian_laird(fit.sets).value), level)
    plain = hksj(fit, level)
    return choose_interval(wider(laird, plain), hksj_floored(fit, level), plain)


def wider(a: Interval, b: Interval) -> BoolArray:
    """Is `a` wider than `b`?"""
    return a.high - a.low > b.high - b.low


def choose_interval(first: BoolArray, a: Interval, b: Interval) -> Interval:
    """`a` where `first` (...) is true, else `b`, which both have t or normal tests."""
    return Interval(*(np.where(first, one, other) for one, other in zip(a[:-1], b[:-1], strict=True)))


def kenward_roger(fit: Fitted, level: float) -> Interval:
    """Variance inflated for the uncertainty of tau2, t on Satterthwaite degrees of freedom from the inflated variance.

    With one variance parameter and W = 2 / tr(PP) its asymptotic variance, the inflation of 1 / sum w is
    2 W (sum w^3 - (sum w^2)^2 / sum w) / (sum w)^2 and df = 2 / (W (var sum w^2)^2).
    Source: Kenward & Roger (1997), Biometrics 53:983-997; Partlett & Riley (2017), Stat Med 36:301-317.
    """
    by = fit.by
    sums = traces(by.wi, by.sum_w)
    spread = 2 / sums.pp
    uneven = by.wi - across(sums.sum_w2 / by.sum_w)
    variance = 1 / by.sum_w + 2 * spread * dot(by.wi, uneven * uneven) / by.sum_w**2
    df = 2 / (spread * (variance * sums.sum_w2) ** 2)
    return interval(fit, np.sqrt(variance), df, level, by.mean)


def ivhet(fit: Fitted, level: float) -> Interval:
    """Common-effect weights with the variance that heterogeneity gives them (inverse variance heterogeneity model).

    At the fit's tau2; the authors' own choice is DL. Source: Doi, Barendregt, Khan, Thalib & Williams (2015), Contemp Clin Trials 45:130-138.
    """
    by = fit.sets.common
    share = by.wi / across(by.sum_w)
    variance = 1 / by.sum_w + fit.tau2 * dot(share, share)
    return interval(fit, np.sqrt(variance), math.inf, level, by.mean)


def henmi_copas_interval(fit: Fitted, level: float) -> Interval:
    """Common-effect estimate with an interval robust to small-study effects, tau2 by DL.

    The statistic is the normal deviate of its P value, since the pivot follows a law of its own.
    Source: Henmi & Copas (2010), Stat Med 29:2969-2983.
    """
    found = henmi_copas(fit.sets, level, fit.null)
    distance = fit.from_null(found.estimate)
    deviate = np.where(found.p_value > 0, -ndtri(found.p_value / 2), abs(distance) / found.se)
    return Interval(
        found.estimate,
        found.se,
        np.full_like(found.se, np.inf),
        found.estimate - found.half_width,
        found.estimate + found.half_width,
        np.copysign(deviate, distance),
        found.p_value,
    )


def profile_interval(fit: Fitted, level: float) -> Interval:
    """All means that the likelihood-ratio test does not reject, tau2 maximised at each; the estimate is that of ML.

    The statistic is the signed root of the likelihood ratio at zero. Source: Hardy & Thompson (1996), Stat Med 15:619-629.
    """
    found = profile_likelihood(fit.sets, level, fit.null)
    return Interval(
        found.estimate,
        found.se,
        np.full_like(found.se, np.inf),
        found.low,
        found.high,
        found.root,
    )


@dataclass(frozen=True, slots=True)
class CiMethod:
    """A row of `CI`.

    compute : the interval from a fitted set.
    needs : studies it needs at least.
    scaled : True where the standard error is scaled by the residual mean square (the HKSJ family).
    mean : whose weights the estimate has: "model", or "common" where the method always takes the common-effect ones.
    common : True where it means something without a between-study variance too.
    own_p : True where the P value has a distribution of its own.
    refuses_one : True where a single study is refused, as metafor's `hc()` does, instead of being shown with its Wald interval.
    """

    key: str
    name: str
    compute: Callable[[Fitted, float], Interval]
    needs: int
    source: str
    scaled: bool = False
    mean: str = "model"
    common: bool = False
    own_p: bool = False
    refuses_one: bool = False


CI = by_key(
    CiMethod("wald", "Wald, normal quantile", wald, 1, "dersimonian1986", common=True),
    CiMethod("t", "t on k - 1 with the Wald standard error", wald_t, 2, "follmann1999", common=True),
    CiMethod("hksj", "Hartung-Knapp-Sidik-Jonkman", hksj, 2, "hartung2001", scaled=True, common=True),
    CiMethod(
        "hksj-adhoc", "HKSJ, standard error at least Wald's", hksj_floored, 2, "roever2015", scaled=True, common=True
    ),
    CiMethod("hksj-wider", "HKSJ, or Wald where that is wider", hksj_or_wald, 2, "jackson2017", scaled=True),
    CiMethod("hksj-iqwig", "HKSJ, floored where narrower than Wald with DL", hksj_iqwig, 2, "iqwig2022", scaled=True),
    CiMethod("kr", "Kenward-Roger", kenward_roger, 2, "kenward1997"),
    CiMethod("hc", "Henmi-Copas", henmi_copas_interval, 2, "henmi2010", mean="common", own_p=True, refuses_one=True),
    CiMethod("profile", "profile likelihood (ML)", profile_interval, 2, "hardy1996"),
    CiMethod("ivhet", "inverse variance heterogeneity", ivhet, 2, "doi2015", mean="common"),
)
