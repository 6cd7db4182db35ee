"""From arrays of one fit to the result a reader sees: tests, heterogeneity, explained variance, likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import chdtrc

from mscsec.arrays import Array
from mscsec.pooling.regression.inference import (
    Fit,
    Inference,
    IntervalMethod,
    Omnibus,
    critical,
    omnibus,
    ratio,
    two_sided,
    wald_test,
)
from mscsec.pooling.regression.likelihood import score
from mscsec.pooling.regression.moments import Tau2
from mscsec.pooling.regression.problem import Problem
from mscsec.pooling.regression.projection import project
from mscsec.pooling.regression.result import Coefficient, JointTest, ModelData, RegressionResult
from mscsec.pooling.regression.tau2 import ESTIMATORS
from mscsec.pooling.regression.tau2_interval import Tau2Interval
from mscsec.registry import choose
from mscsec.results import Notice


def summarise(
    data: ModelData,
    fit: Fit,
    estimate: Tau2,
    method: IntervalMethod,
    interval: Tau2Interval | None,
    interval_key: str | None,
    warnings: tuple[Notice, ...],
) -> RegressionResult:
    """The result of one fitted row."""
    problem, tau2 = data.problem, float(estimate.value[0])
    inferred = method.infer(fit)
    contrast = np.eye(problem.p)[list(data.tested)]
    qm = joint_test(fit, method, inferred, contrast, tuple(data.names[j] for j in data.tested))
    if qm is None:
        told = "no joint test: the coefficients cannot be told apart, or too few residual degrees of freedom are left"
        warnings = (*warnings, Notice("P410", told))
    few = [name for name, left in zip(data.names, inferred.df[0], strict=True) if left < 1]
    if few:
        told = f"less than one degree of freedom, so that the interval is practically without bounds: {', '.join(few)}"
        warnings = (*warnings, Notice("P210", told))
    random = data.model == "random"
    key = choose(ESTIMATORS, data.tau2, "estimator of tau2").key if random and isinstance(data.tau2, str) else None
    likelihood = _criteria(fit, key == "REML", variances=int(key is not None))
    se = float(estimate.se[0])
    return RegressionResult(
        k=problem.yi.shape[-1],
        p=problem.p,
        coefficients=coefficients(data.names, fit.beta[0], inferred, data.level),
        vcov=as_rows(inferred.vcov[0]),
        qm=qm,
        tau2=tau2,
        tau2_se=se if math.isfinite(se) else None,
        tau=math.sqrt(tau2),
        **_heterogeneity(data, tau2, interval),
        log_likelihood=likelihood.log_likelihood,
        aic=likelihood.aic,
        aicc=likelihood.aicc,
        bic=likelihood.bic,
        level=data.level,
        model=data.model,
        tau2_method=(key or "fixed") if random else None,
        tau2_ci_method=interval_key,
        ci_method=method.key,
        converged=bool(estimate.converged[0]),
        iterations=estimate.iterations,
        warnings=warnings,
        data=data,
    )


def _heterogeneity(data: ModelData, tau2: float, interval: Tau2Interval | None) -> dict[str, Any]:
    """The fields of residual heterogeneity: its test, the interval of tau2, I2 and H2 with theirs, and what was explained."""
    problem = data.problem
    residual = project(problem, problem.precision(0.0))
    qe, df = float(residual.rss[0]), problem.yi.shape[-1] - problem.p
    typical = df / float(residual.trace(residual.weights)[0]) if df > 0 else None
    i2, h2 = _from_tau2(tau2, typical) if data.model == "random" else _from_q(qe, df)
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    (i2_low, h2_low), (i2_high, h2_high) = (_from_tau2(end, typical) for end in (low, high))
    return {
        "qe": qe,
        "qe_df": df,
        "qe_p": float(chdtrc(df, qe)) if df > 0 else 1.0,
        "tau2_ci_low": low,
        "tau2_ci_high": high,
        "i2": i2,
        "i2_ci_low": i2_low,
        "i2_ci_high": i2_high,
        "h2": h2,
        "h2_ci_low": h2_low,
        "h2_ci_high": h2_high,
        "r2": _explained(data, tau2, qe, df),
    }


def coefficients(names: tuple[str, ...], beta: Array, inferred: Inference, level: float) -> dict[str, Coefficient]:
    """Each coefficient with its test and interval, by name; `inferred` has one row."""
    se, df = inferred.se[0], inferred.df[0]
    half = critical(level, df) * se
    statistic = ratio(beta, se)
    p_value = two_sided(statistic, df)
    return {
        name: Coefficient(
            float(beta[j]),
            float(se[j]),
            float(statistic[j]),
            float(df[j]) if math.isfinite(df[j]) else None,
            float(p_value[j]),
            float(beta[j] - half[j]),
            float(beta[j] + half[j]),
        )
        for j, name in enumerate(names)
    }


def as_rows(matrix: Array) -> tuple[tuple[float, ...], ...]:
    """A matrix as a result holds it."""
    return tuple(tuple(float(x) for x in row) for row in matrix)


def wald_joint(estimate: Array, factor: Array, names: tuple[str, ...], where: int | None, df: float) -> JointTest:
    """Joint Wald test of all coefficients but the intercept, which stands at `where`.

    estimate : (p,). factor : (p, q) with factor factor' the covariance. df : of the denominator, infinite for chi-square.
    """
    at = list(tested_positions(names, where))
    found = wald_test(estimate[None, at], factor[None, at], np.array([df]))
    return _joint(found, tuple(names[j] for j in at))


def _joint(found: Omnibus, tested: tuple[str, ...]) -> JointTest:
    df2 = float(found.df2[0])
    return JointTest(
        tested, float(found.statistic[0]), found.df1, df2 if math.isfinite(df2) else None, float(found.p_value[0])
    )


def tested_positions(labels: tuple[str, ...], where: int | None) -> tuple[int, ...]:
    """All coefficients but the intercept; the intercept where there is nothing else."""
    return tuple(j for j in range(len(labels)) if j != where) or (0,)


def joint_test(
    fit: Fit, method: IntervalMethod, inferred: Inference, contrast: Array, tested: tuple[str, ...]
) -> JointTest | None:
    """Joint test of the rows of `contrast` for a fit of one row; None where its distribution does not exist."""
    found = omnibus(fit, method, inferred, contrast)
    if math.isnan(float(found.df2[0])) or math.isnan(float(found.statistic[0])):
        return None
    return _joint(found, tested)


def _from_tau2(tau2: float | None, typical: float | None) -> tuple[float | None, float | None]:
    """I2 and H2 from tau2 and the typical sampling variance (k - p) / tr P of Higgins & Thompson (2002)."""
    if tau2 is None or typical is None:
        return None, None
    return tau2 / (tau2 + typical), tau2 / typical + 1


def _from_q(q: float, df: int) -> tuple[float, float]:
    """I2 and H2 from Q; with no degrees of freedom left there is no residual heterogeneity: 0 and 1."""
    return (max(0.0, (q - df) / q), q / df) if df > 0 and q > 0 else (0.0, 1.0)


def _explained(data: ModelData, tau2: float, qe: float, df: int) -> float | None:
    """Raudenbush's pseudo-R2 against the model with only a constant, tau2 there by the same estimator.

    Source: Raudenbush (2009), Handbook of Research Synthesis, ch. 16; its accuracy, Lopez-Lopez et al. (2014), Br J
    Math Stat Psychol 67:30-48.
    """
    problem = data.problem
    ones = np.ones((1, *problem.yi.shape))
    constant = project(Problem(ones[0], problem.vi, problem.x, problem.mask), np.ones(problem.yi.shape))
    if problem.p == 1 or constant.rss[0] > 1e-16 * problem.yi.shape[-1]:
        return None
    null = replace(problem, x=ones)
    if data.model == "common":
        before = float(project(null, null.precision(0.0)).rss[0]) / (problem.yi.shape[-1] - 1)
        return max(0.0, 1 - qe / df / before) if df > 0 and before > 0 else None
    if not isinstance(data.tau2, str):
        return None
    before = float(choose(ESTIMATORS, data.tau2, "estimator of tau2").estimate(null).value[0])
    return max(0.0, 1 - tau2 / before) if before > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Criteria:
    """Log-likelihood and what is computed from it; smaller criteria are better."""

    log_likelihood: float
    aic: float
    aicc: float
    bic: float


def _criteria(fit: Fit, restricted: bool, variances: int) -> Criteria:
    """At the coefficients reported, which with weights of the user's are not those of the highest likelihood."""
    problem = fit.problem
    value = float(score(problem, fit.tau2, restricted=restricted).log_likelihood[0])
    if problem.weights is not None:
        value -= 0.5 * (_weighted_rss(fit) - float(fit.model.rss[0]))
    return information_criteria(problem, value, restricted, problem.p + variances)


def _weighted_rss(fit: Fit) -> float:
    """Sum of (yi - x'beta)^2 / (vi + tau2) of a fit of one row."""
    raw = fit.used.residual[0] / np.sqrt(fit.used.weights[0])
    return float((fit.model.weights[0] * raw**2).sum())


def information_criteria(problem: Problem, value: float, restricted: bool, parameters: int) -> Criteria:
    """Log-likelihood and AIC, AICc, BIC with the number of parameters given.

    value : log-likelihood, the restricted one without log|X'X| / 2, which is added here so that it does not depend on
    the units of the moderators; its sample size is k - p.
    Source: Harville (1974), Biometrika 61:383-385, for the constant; Hurvich & Tsai (1989), Biometrika 76:297-307.
    """
    n = float(problem.k[0])
    if restricted:
        value += 0.5 * float(project(problem, problem.mask.astype(float)).log_det[0])
        n -= problem.p
    enough = max(n, parameters + 2)
    return Criteria(
        log_likelihood=value,
        aic=-2 * value + 2 * parameters,
        aicc=-2 * value + 2 * parameters * enough / (enough - parameters - 1),
        bic=-2 * value + parameters * math.log(n),
    )
