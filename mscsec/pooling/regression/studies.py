"""What a fitted meta-regression says of each study: residuals, leverage, shrunken effects, influence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtr

from mscsec.arrays import Array, BoolArray
from mscsec.errors import NotConverged, TooFewStudies
from mscsec.pooling.regression.fit import estimate_tau2
from mscsec.pooling.regression.inference import INTERVALS, critical, fit_coefficients
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
    half, root = used.basis[:, 0, :], np.sqrt(a)
    # diag((I - H) S (I - H)') with H = A^(-1/2) basis' basis A^(1/2)
    inner = used.quadratic(a * total)[0]
    variance = total * (1 - 2 * used.hat[0]) + np.einsum("ik,ij,jk->k", half, inner, half) / root**2
    se = np.sqrt(np.maximum(variance, 0.0))
    share = problem.vi[0] / total
    with np.errstate(divide="ignore", invalid="ignore"):
        standardised = np.where(used.hat[0] < 1 - 1e-12, raw / se, np.nan)
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
    mean_variance = np.einsum("ki,ij,kj->k", rows, np.array(fit.vcov), rows)
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
    weights = None if problem.weights is None else np.where(mask, problem.weights, 0.0)
    return Problem(
        np.where(mask, problem.yi, 0.0),
        np.where(mask, problem.vi, 1.0),
        np.where(mask, problem.x, 0.0),
        mask,
        weights,
    )


def influence(fit: RegressionResult) -> Influence:
    """Deletion diagnostics: every study left out in turn, tau2 estimated again, all in one batch.

    Raises TooFewStudies where the model cannot be fitted with one study fewer.
    Source: Viechtbauer & Cheung (2010), Res Synth Methods 1:112-125, sections 2.2 to 2.5; the plot's axes, Baujat et
    al. (2002), Stat Med 21:2641-2652.
    """
    data, problem = fit.data, fit.data.problem
    estimated = data.model == "random" and isinstance(data.tau2, str)
    if fit.k - 1 < fit.p + estimated:
        raise TooFewStudies("leaving out one study", fit.p + 1 + estimated, fit.k)
    rest = without_each(problem)
    possible = project(rest, rest.precision(0.0)).full_rank
    tau2 = np.full(fit.k, np.nan)
    try:
        tau2[possible] = estimate_tau2(rest.take(np.nonzero(possible)[0]), data.model, data.tau2).value
    except NotConverged as error:
        raise NotConverged("leaving out each study", error.iterations, error.last) from error
    return _influence(fit, rest, possible, tau2)


def _influence(fit: RegressionResult, rest: Problem, possible: BoolArray, tau2: Array) -> Influence:
    problem, p, k = fit.data.problem, fit.p, fit.k
    rows, method = fit.data.design, INTERVALS[fit.ci_method]
    beta = np.array([part.estimate for part in fit.coefficients.values()])
    vcov = np.array(fit.vcov)
    deleted = fit_coefficients(rest, np.where(possible, tau2, 0.0))
    deleted_vcov = method.infer(deleted).vcov
    mean = np.einsum("kp,kp->k", rows, deleted.beta)
    mean_variance = np.einsum("ki,kij,kj->k", rows, deleted.bread, rows)
    residual = problem.yi[0] - mean
    here = residuals(fit)
    shift = here.fitted - mean
    change = beta - deleted.beta
    factor = deleted_vcov[:, 0, 0] / deleted.bread[:, 0, 0]  # of HKSJ, which scales every variance alike; else 1
    residual_se = np.sqrt(factor * (problem.vi[0] + tau2 + mean_variance))
    everyone = fit_coefficients(problem.take(np.zeros(k, dtype=np.int64)), np.where(possible, tau2, 0.0))
    spread = np.sqrt(factor[:, None] * np.diagonal(everyone.bread, axis1=-2, axis2=-1))
    cook = np.einsum("ki,ki->k", change, np.linalg.solve(vcov, change.T).T)
    if problem.weights is None:  # the leverage of the fit shown, the variance of the fit without the study
        fitted_variance = here.hat * (problem.vi[0] + tau2)
    else:
        fitted_variance = np.einsum("ki,kij,kj->k", rows, everyone.bread, rows)
    dffits = shift / np.sqrt(factor * fitted_variance)
    dfbetas = change / spread
    covratio = np.exp(np.linalg.slogdet(deleted_vcov)[1] - np.linalg.slogdet(vcov)[1])
    qe = project(rest, rest.precision(0.0)).rss
    influential = (
        (np.abs(dffits) > 3 * np.sqrt(p / (k - p)))
        | (chdtr(p, cook) > 0.5)
        | (here.hat > 3 * p / k)
        | (np.abs(dfbetas) > 1).any(-1)
    )
    lost = np.nonzero(~possible)[0].tolist()
    notice = Notice(
        "P406", f"without study {lost} (counted from 0) the moderators cannot be told apart; no influence is given"
    )

    def known(values: Array) -> Array:
        return np.where(possible.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)

    return Influence(
        known(residual),
        residual_se,
        known(residual / residual_se),
        known(dffits),
        known(cook),
        known(covratio),
        tau2,
        known(qe),
        here.hat,
        here.weight,
        known(dfbetas),
        here.pearson**2,
        known(shift**2 / (factor * mean_variance)),
        influential & possible,
        (notice,) if lost else (),
    )
