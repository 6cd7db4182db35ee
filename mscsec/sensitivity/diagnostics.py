"""What the diagnostic pictures of one meta-analysis draw: funnel, radial, normal and P-value curves, the profile of tau2.

Every number of such a picture is a field here; a picture only turns them into places on a page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, chdtri, ndtri, stdtrit

from mscsec.arrays import Array, ArrayLike, BoolArray, floats
from mscsec.errors import NotEstimable, TooFewStudies
from mscsec.pooling.likelihood import (
    log_likelihood,
    maximum_likelihood,
    restricted_maximum_likelihood,
    search_grid,
)
from mscsec.pooling.profile import tau2_profile
from mscsec.pooling.result import PooledResult
from mscsec.pooling.sets import one_set
from mscsec.pooling.tails import critical
from mscsec.results import Result

CURVE = 241  # points of a drawn curve
LEAST_P = 0.0005
SYMMETRIC = 1e-6  # relative tolerance of an interval that is estimate ± quantile times standard error

# --- funnel ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class FunnelRegion(Result):
    """Where effects of one true value fall by chance, as a function of the standard error.

    centre : the true value, on the analysis scale. level : share of the effects inside.
    se : (n,) standard errors, rising from 0. low, high : (n,) centre ∓ z * sqrt(se^2 + tau2).
    """

    centre: float
    level: float
    tau2: float
    se: Array
    low: Array
    high: Array


def funnel_region(centre: float, largest_se: float, *, level: float = 0.95, tau2: float = 0.0) -> FunnelRegion:
    """The region from standard error 0 to `largest_se`; two straight lines at `tau2` 0.

    Source: Sterne & Egger (2001), J Clin Epidemiol 54:1046-1055, doi 10.1016/s0895-4356(01)00377-8; around no effect, as
    contours of significance: Peters, Sutton, Jones, Abrams & Rushton (2008), J Clin Epidemiol 61:991-996,
    doi 10.1016/j.jclinepi.2007.11.010.
    """
    se = np.linspace(0.0, largest_se, CURVE)
    half = float(critical(level, math.inf)) * np.sqrt(se**2 + tau2)
    return FunnelRegion(centre, level, tau2, se, centre - half, centre + half)


# --- radial ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Radial(Result):
    """Coordinates of a radial plot, (k,) each: a line through the origin has the effect as its slope.

    precision : 1 / sqrt(vi + tau2). standardised : yi / sqrt(vi + tau2). half_width : of the band of effects that agree
    with the slope at `level`, in units of `standardised`.
    """

    precision: Array
    standardised: Array
    half_width: float
    level: float


def radial(yi: ArrayLike, vi: ArrayLike, *, tau2: float = 0.0, level: float = 0.95) -> Radial:
    """Source: Galbraith (1988), Technometrics 30:271-281, doi 10.1080/00401706.1988.10488400."""
    precision = 1 / np.sqrt(floats("vi", vi) + tau2)
    return Radial(precision, floats("yi", yi) * precision, float(critical(level, math.inf)), level)


# --- normal quantiles ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class NormalQuantiles(Result):
    """Standardised residuals against what a normal sample of that size has, (k,) each, in the order of the studies.

    theory : the normal quantile that belongs to the residual's rank. low, high : where the residual of that rank lies
    with probability `level`, each rank for itself. outside : residual beyond these limits.
    """

    observed: Array
    theory: Array
    low: Array
    high: Array
    outside: BoolArray
    level: float


def normal_quantiles(z: ArrayLike, *, level: float = 0.95) -> NormalQuantiles:
    """Quantiles for a Q-Q plot of `z` (k,), k at least 2.

    The rank i of k has the quantile at (i - a) / (k + 1 - 2a), a = 3/8 up to 10 values and 1/2 beyond. The limits are those
    of the i-th order statistic of k independent normal values, whose probability is Beta(i, k + 1 - i); residuals of one fit
    are slightly correlated and lie inside a little more often.
    Source: Blom (1958), Statistical Estimates and Transformed Beta-Variables; Aldor-Noiman, Brown, Buja, Rolke & Stine
    (2013), Am Stat 67:249-260, doi 10.1080/00031305.2013.847865.
    """
    observed = np.asarray(z, dtype=float)
    k = observed.size
    if k < 2:
        raise TooFewStudies("a normal Q-Q plot", 2, k)
    rank = np.empty(k)
    rank[np.argsort(observed, kind="stable")] = np.arange(1, k + 1)
    a = 0.375 if k <= 10 else 0.5
    tail = (1 - level) / 2
    low = np.asarray(ndtri(betaincinv(rank, k + 1 - rank, tail)), dtype=float)
    high = -np.asarray(ndtri(betaincinv(k + 1 - rank, rank, tail)), dtype=float)
    outside = (observed < low) | (observed > high)
    return NormalQuantiles(observed, ndtri((rank - a) / (k + 1 - 2 * a)), low, high, outside, level)


# --- P-value curves --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class PValueCurves(Result):
    """For each P value the two effects that a two-sided test rejects at it: the limits of every interval at once.

    p : (n,) from `LEAST_P` to 1. study_low, study_high : (k, n). pooled_low, pooled_high : (n,). prediction_low,
    prediction_high : (n,), the limits of the prediction interval at level 1 - p; None where there is none, and for one
    by bootstrap, whose quantiles are not kept.
    """

    p: Array
    study_low: Array
    study_high: Array
    pooled_low: Array
    pooled_high: Array
    prediction_low: Array | None
    prediction_high: Array | None


def p_value_curves(yi: ArrayLike, vi: ArrayLike, fit: PooledResult) -> PValueCurves:
    """P-value functions of the studies (normal) and of the pooled effect (with the interval's own distribution).

    Raises NotEstimable where the interval of `fit` is not estimate ± quantile * standard error (a profile likelihood, a
    bootstrap), since one interval does not say what the others are.
    Source: Rücker & Schwarzer (2021), Res Synth Methods 12:13-19, doi 10.1002/jrsm.1410; Infanger & Schmidt-Trucksäss
    (2019), Stat Med 38:4189-4197, doi 10.1002/sim.8293.
    """
    y, se = floats("yi", yi)[:, None], np.sqrt(floats("vi", vi))[:, None]
    p = np.geomspace(LEAST_P, 1.0, CURVE)
    half = -ndtri(p / 2)
    times = _quantiles(p, fit.df)
    one_sided = abs((fit.ci_low + fit.ci_high) / 2 - fit.estimate)
    width = (fit.ci_high - fit.ci_low) / 2
    own = fit.se * float(critical(fit.level, math.inf if fit.df is None else fit.df))
    if max(one_sided, abs(width - own)) > SYMMETRIC * width:
        raise NotEstimable(
            f"the {fit.ci_method} interval is not estimate ± quantile * standard error, so that one level does not tell of the others; take another interval, such as wald, t or hksj"
        )
    ahead = _prediction_half(p, fit)
    centre = fit.estimate
    return PValueCurves(
        p, y - se * half, y + se * half, centre - fit.se * times, centre + fit.se * times,
        None if ahead is None else centre - ahead, None if ahead is None else centre + ahead,
    )  # fmt: skip


def _prediction_half(p: Array, fit: PooledResult) -> Array | None:
    """Half the width of the prediction interval at each level 1 - p, from the one at `fit.level`."""
    if fit.prediction_low is None or fit.prediction_high is None or fit.prediction_method == "bootstrap":
        return None
    at_level = float(critical(fit.level, math.inf if fit.prediction_df is None else fit.prediction_df))
    return (fit.prediction_high - fit.prediction_low) / 2 / at_level * _quantiles(p, fit.prediction_df)


def _quantiles(p: Array, df: float | None) -> Array:
    """What a two-sided test at each P value multiplies the standard error with."""
    return -np.asarray(ndtri(p / 2) if df is None else stdtrit(df, p / 2), dtype=float)


# --- likelihood of the between-study variance --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Tau2Profile(Result):
    """The profile log-likelihood of tau2, restricted or full, and what is read from it.

    tau2, log_likelihood : (n,) the curve, from 0 to beyond the upper limit. estimate, top : its maximum. low, high, floor :
    the interval at `level`, and the log-likelihood at its ends. shown : the tau2 of the analysis, which another estimator
    may have given, with its log-likelihood.
    """

    tau2: Array
    log_likelihood: Array
    estimate: float
    top: float
    low: float
    high: float
    floor: float
    level: float
    restricted: bool
    shown: float | None = None
    shown_log_likelihood: float | None = None


def tau2_likelihood(
    yi: ArrayLike, vi: ArrayLike, *, level: float = 0.95, restricted: bool = True, shown: float | None = None
) -> Tau2Profile:
    """The curve with its interval by the likelihood ratio; `yi`, `vi` (k,), k at least 2.

    Source: Hardy & Thompson (1996), Stat Med 15:619-629; Viechtbauer (2007), Stat Med 26:37-52.
    """
    sets = one_set(yi, vi)
    if sets.k < 2:
        raise TooFewStudies("the likelihood of tau2", 2, int(sets.k))
    find = restricted_maximum_likelihood if restricted else maximum_likelihood
    estimate = float(find(sets).value)
    low, high = (float(end) for end in tau2_profile(sets, level, restricted=restricted))
    far = 1.25 * max(high, 1.15 * (shown or 0.0), float(search_grid(sets)[1]))
    curve = np.unique(np.concatenate([far * np.linspace(0.0, 1.0, CURVE) ** 2, [estimate]]))

    def value(at: Sequence[float] | Array) -> Array:
        return np.array([float(log_likelihood(sets, np.asarray(t), restricted=restricted)) for t in at])

    top = float(value([estimate])[0])
    return Tau2Profile(
        curve, value(curve), estimate, top, low, high, top - 0.5 * float(chdtri(1, 1 - level)), level, restricted,
        shown, None if shown is None else float(value([shown])[0]),
    )  # fmt: skip
