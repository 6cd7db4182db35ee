"""What a fitted meta-regression says of each study: residuals, leverage, shrunken effects, influence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtr

from mscsec.arrays import Array, BoolArray, IntArray
from mscsec.errors import NotConverged, TooFewStudies
from mscsec.pooling.regression.fit import estimate_tau2
from mscsec.pooling.regression.inference import INTERVALS, Fit, critical, fit_coefficients
from mscsec.pooling.regression.predict import row_df
from mscsec.pooling.regression.problem import Problem
from mscsec.pooling.regression.projection import project
from mscsec.pooling.regression.result import RegressionResult
from mscsec.results import Notice, Result


@dataclass(frozen=True, slots=True)
class Residuals(Result):
    """Residuals of each study, arrays of shape (k,) in the order given.

    fitted : x'beta; raw : yi - x'beta; pearson : raw over sqrt(vi + tau2).
    se, standardised : standard error of the raw residual and their ratio (internally studentised).
    conditional, conditional_se : about the shrunken effect instead of the mean; their ratio is the same.
    standardised is nan for a study that alone determines its fitted value.
    hat : leverage; weight : share of the study in the fit, summing to one.
    """

    fitted: Array
    raw: Array
    pearson: Array
    se: Array
    standardised: Array
    conditional: Array
    conditional_se: Array
    hat: Array
    weight: Array


def residuals(fit: RegressionResult) -> Residuals:
    """Residuals, leverages and weights. Source: Viechtbauer & Cheung (2010), Res Synth Methods 1:112-125."""
    problem = fit.data.problem
    used = fit_coefficients(problem, np.array([fit.tau2])).used
    total = problem.vi[0] + fit.tau2
    a = used.weights[0]
    raw = used.residual[0] / np.sqrt(a)
    if problem.weights is None:
        variance = total * used.spare()[0]
    else:  # diag((I - H) S (I - H)') with H = A^(-1/2) basis' basis A^(1/2)
        half = used.basis[:, 0, :]
        inner = used.quadratic(a * total)[0]
        variance = total * (1 - 2 * used.hat[0]) + np.einsum("ik,ij,jk->k", half, inner, half) / a
    free = (
        used.spare()[0] > 1e-12
    )  # what is not is fitted exactly; its variance of 0 is a difference that rounding leaves
    se = np.sqrt(np.where(free, np.maximum(variance, 0.0), 0.0))
    share = problem.vi[0] / total
    standardised = np.where(free, raw / np.where(free & (se > 0), se, 1.0), np.nan)
    return Residuals(
        fitted=problem.yi[0] - raw,
        raw=raw,
        pearson=raw / np.sqrt(total),
        se=se,
        standardised=standardised,
        conditional=share * raw,
        conditional_se=share * se,
        hat=used.hat[0],
        weight=a / a.sum(),
    )


@dataclass(frozen=True, slots=True)
class ShrunkenEffects(Result):
    """Empirical Bayes (best linear unbiased) predictions of the true effect of each study, arrays (k,).

    estimate, se, low, high : of the true effect; deviation and its own : of its distance from x'beta.
    """

    estimate: Array
    se: Array
    low: Array
    high: Array
    deviation: Array
    deviation_se: Array
    deviation_low: Array
    deviation_high: Array


def shrunken_effects(fit: RegressionResult) -> ShrunkenEffects:
    """Predictions of the studies' true effects, with the uncertainty of the coefficients but not of tau2.

    Source: Raudenbush & Bryk (1985), J Educ Stat 10:75-98; Robinson (1991), Stat Sci 6:15-32.
    """
    problem, rows = fit.data.problem, fit.data.design
    fitted = rows @ np.array([part.estimate for part in fit.coefficients.values()])
    mean_variance = np.maximum(np.einsum("ki,ij,kj->k", rows, np.array(fit.vcov), rows), 0.0)
    share = fit.tau2 / (fit.tau2 + problem.vi[0])
    own = share * problem.vi[0]
    deviation = share * (problem.yi[0] - fitted)
    se = np.sqrt(own + (1 - share) ** 2 * mean_variance)
    deviation_se = np.sqrt(own + share**2 * mean_variance)
    half = critical(fit.level, row_df(fit, rows))
    estimate = fitted + deviation
    return ShrunkenEffects(
        estimate,
        se,
        estimate - half * se,
        estimate + half * se,
        deviation,
        deviation_se,
        deviation - half * deviation_se,
        deviation + half * deviation_se,
    )


@dataclass(frozen=True, slots=True)
class Influence(Result):
    """What leaving out each study does; arrays (k,), dfbetas (k, p); nan where the rest cannot be fitted, with a notice.

    residual, residual_se, studentised : of the study from the fit without it (externally studentised).
    dffits, cook, covratio : change of its fitted value, of all coefficients, of their covariance determinant.
    tau2, qe : of the fit without it; hat, weight : in the fit with it.
    baujat_x, baujat_y : squared Pearson residual, and squared change of its fitted value over its variance.
    influential : by the usual cut-offs (dffits above 3 sqrt(p / (k - p)), Cook's distance past the median of
        chi-square on p, hat above 3 p / k, any dfbeta above 1).
    """

    residual: Array
    residual_se: Array
    studentised: Array
    dffits: Array
    cook: Array
    covratio: Array
    tau2: Array
    qe: Array
    hat: Array
    weight: Array
    dfbetas: Array
    baujat_x: Array
    baujat_y: Array
    influential: BoolArray
    warnings: tuple[Notice, ...]


def without_each(problem: Problem) -> Problem:
    """The k problems that lack one study each, as one batch: row i is without study i."""
    k = problem.yi.shape[-1]
    mask = ~np.eye(k, dtype=bool)
    weights, of_q = (
        None if w is None else np.where(mask, w, 0.0) for w in (problem.weights, problem.tau2_weights)
    )  # fmt: skip
    return Problem(
        np.where(mask, problem.yi, 0.0),
        np.where(mask, problem.vi, 1.0),
        np.where(mask, problem.x, 0.0),
        mask,
        weights,
        of_q,
    )


def influence(fit: RegressionResult) -> Influence:
    """Deletion diagnostics: every study left out in turn, tau2 estimated again, all in one batch.

    Raises TooFewStudies where the model cannot be fitted with one study fewer.
    Source: Viechtbauer & Cheung (2010), Res Synth Methods 1:112-125, sections 2.2 to 2.5; the plot's axes, Baujat et
    al. (2002), Stat Med 21:2641-2652.
    """
    data, problem = fit.data, fit.data.problem
    estimated = data.model == "random" and isinstance(data.tau2, str)
    needed = fit.p + 1 + (estimated or INTERVALS[fit.ci_method].residual_df)
    if fit.k < needed:
        raise TooFewStudies("leaving out one study", needed, fit.k)
    rest = without_each(problem)
    at = np.nonzero(project(rest, rest.precision(0.0)).full_rank)[0]
    rest = rest.take(at)
    try:
        tau2 = estimate_tau2(rest, data.model, data.tau2).value
    except NotConverged as error:
        raise NotConverged("leaving out each study", error.iterations, error.last) from error
    return _influence(fit, rest, at, tau2)


def _influence(fit: RegressionResult, rest: Problem, at: IntArray, tau2: Array) -> Influence:
    """From the fits without each study of `at`; rest and tau2 have their rows."""
    problem, p, k = fit.data.problem, fit.p, fit.k
    rows, vi = fit.data.design[at], problem.vi[0][at]
    vcov = np.array(fit.vcov)
    deleted = fit_coefficients(rest, tau2)
    mean = np.einsum("kp,kp->k", rows, deleted.beta)
    mean_variance = np.einsum("ki,kij,kj->k", rows, deleted.bread, rows)
    here = residuals(fit)
    residual, shift = problem.yi[0][at] - mean, here.fitted[at] - mean
    factor = _common_factor(fit.ci_method, deleted)
    residual_se = np.sqrt(factor * (vi + tau2 + mean_variance))
    everyone = fit_coefficients(problem.take(np.zeros(at.size, dtype=np.int64)), tau2)
    if problem.weights is None:  # the leverage of the fit shown, the variance of the fit without the study
        fitted_variance = here.hat[at] * (vi + tau2)
    else:
        fitted_variance = np.einsum("ki,kij,kj->k", rows, everyone.bread, rows)
    change = np.array([part.estimate for part in fit.coefficients.values()]) - deleted.beta
    dffits = _over(shift, np.sqrt(factor * fitted_variance))
    dfbetas = _over(change, np.sqrt(factor[:, None] * (everyone.factor**2).sum(-1)))
    cook = _squared_length(change, vcov)
    deleted_vcov = INTERVALS[fit.ci_method].infer(deleted).vcov
    covratio = np.exp(np.linalg.slogdet(deleted_vcov)[1] - _log_det(vcov))
    large = (np.abs(dffits) > 3 * np.sqrt(p / (k - p))) | (chdtr(p, cook) > 0.5) | (here.hat[at] > 3 * p / k)
    influential = np.zeros(k, dtype=bool)
    influential[at] = large | (np.abs(dfbetas) > 1).any(-1)

    def whole(values: Array) -> Array:
        spread = np.full((k, *values.shape[1:]), np.nan)
        spread[at] = values
        return spread

    return Influence(
        residual=whole(residual),
        residual_se=whole(residual_se),
        studentised=whole(_over(residual, residual_se)),
        dffits=whole(dffits),
        cook=whole(cook),
        covratio=whole(covratio),
        tau2=whole(tau2),
        qe=whole(project(rest, rest.precision(0.0)).rss),
        hat=here.hat,
        weight=here.weight,
        dfbetas=whole(dfbetas),
        baujat_x=here.pearson**2,
        baujat_y=whole(_over(shift**2, factor * mean_variance)),
        influential=influential,
        warnings=_influence_notices(k, at, (_over(residual, residual_se), dffits, cook, covratio, dfbetas)),
    )


def _common_factor(ci: str, deleted: Fit) -> Array:
    """What HKSJ multiplies every variance by; one for the other methods."""
    if ci == "hksj":
        return deleted.scale
    return np.maximum(deleted.scale, 1.0) if ci == "hksj-adhoc" else np.ones_like(deleted.scale)


def _over(top: Array, bottom: Array) -> Array:
    """top / bottom, nan where the bottom is zero (a perfect fit under HKSJ); `_influence_notices` says so."""
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)


def _log_det(vcov: Array) -> float:
    """Of a covariance matrix; nan where it is singular."""
    sign, value = np.linalg.slogdet(vcov)
    return float(value) if sign > 0 else np.nan


def _squared_length(change: Array, vcov: Array) -> Array:
    """change' vcov^-1 change of each row, nan where the covariance is singular up to rounding."""
    sd = np.sqrt(np.diagonal(vcov))
    if not (sd > 0).all() or np.linalg.eigvalsh(vcov / np.outer(sd, sd))[0] < 1e-14:
        return np.full(change.shape[0], np.nan)
    z = change / sd
    return np.asarray(np.einsum("ki,ki->k", z, np.linalg.solve(vcov / np.outer(sd, sd), z.T).T))


def _influence_notices(k: int, at: IntArray, parts: tuple[Array, ...]) -> tuple[Notice, ...]:
    notices = []
    lost = sorted(set(range(k)) - set(at.tolist()))
    if lost:
        told = f"without study {lost} (counted from 0) the moderators cannot be told apart; no influence is given"
        notices.append(Notice("P406", told))
    blind = sorted({int(at[row]) for part in parts for row in np.nonzero(~np.isfinite(part))[0]})
    if blind:
        told = f"some measures of influence do not exist for study {blind} (counted from 0): a variance of zero"
        notices.append(Notice("P411", told))
    return tuple(notices)
